//! The development credentials: fixed, documented, and therefore good for nothing but a server that listens on
//! loopback. They are in force until a password is set.

/// Login name of the System Administrator of the default org.
pub const USERNAME: &str = "admin@orglet.example";
/// Its password.
pub const PASSWORD: &str = "orglet-dev-1";
/// Its security token; may be appended to the password.
pub const SECURITY_TOKEN: &str = "DevSecurityToken";
/// Consumer key of the connected app that every development org has.
pub const CLIENT_ID: &str = "orglet.development.client";
/// Its consumer secret.
pub const CLIENT_SECRET: &str = "orglet.development.secret";
/// What follows the org id and `!` in the access token that always works.
pub const TOKEN_TAIL: &str = "AQ.orglet.development.access.token";
