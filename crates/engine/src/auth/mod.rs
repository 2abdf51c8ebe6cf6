//! Who is asking: users, sessions, logins and grants.

mod login;
mod passwords;
mod sessions;
mod user;

pub use login::{Grant, LoginError};
pub use sessions::{SESSION_SECONDS, Session};
pub(crate) use sessions::{Sessions, random_text};
pub use user::User;
pub(crate) use user::Users;

use crate::Org;
use orglet_schema::AccessSet;
use std::sync::Arc;

/// A token that nobody can guess.
pub fn random_token() -> Result<String, crate::Failure> {
    random_text(43)
}

/// The user, org and rights behind a request.
#[derive(Clone)]
pub struct Identity {
    /// The org that the token names.
    pub org: Arc<Org>,
    /// The user.
    pub user: Arc<User>,
    /// What the user may do.
    pub access: Arc<AccessSet>,
    /// The access token itself.
    pub token: Arc<str>,
}
