//! How a server is opened, and what it tells of an org.

use orglet_base::DateTime;
use orglet_store::sqlite::Durability;
use std::path::PathBuf;

/// How a server and its default org are opened.
#[derive(Clone, Debug, Default)]
pub struct OrgOptions {
    /// The data directory; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// The address of a PostgreSQL database, which then takes the data directory's place.
    pub store: Option<String>,
    /// How much an answered write survives, where there is a data directory.
    pub durability: Durability,
    /// Fill a new org with a small made-up CRM.
    pub sample_data: bool,
    /// Where the clock stands; `None` for the machine's.
    pub now: Option<DateTime>,
    /// Where the counting of ids starts; `None` for anywhere.
    pub id_seed: Option<u64>,
    /// What the administrator's login name is to be; `None` leaves it as it is.
    pub admin_username: Option<String>,
    /// What the administrator's password is to be, from now on; `None` leaves it as it is.
    pub admin_password: Option<String>,
    /// The administrator's security token. Without a password here it can't be set once a password of one's own is.
    pub admin_security_token: Option<String>,
    /// An access token that always works while the server runs: the org's id, `!`, and letters, digits, `_` and `.`; or
    /// what follows the `!` alone.
    pub access_token: Option<String>,
    /// SFDX projects that are loaded into the default org by whoever opens the server; a reset loads them again.
    pub projects: Vec<PathBuf>,
    /// Orgs that stay open at most while nobody uses them; 0 for [`crate::orgs::MOST_OPEN`].
    pub open_orgs: usize,
    /// Consumer key and secret of the connected app, where they are not the development ones.
    pub client: Option<(String, String)>,
}

/// What a client needs to know to use an org: the members of the ready file, and the banner's.
#[derive(Clone, Default)]
pub struct OrgFacts {
    /// Organization id, 18 characters.
    pub org_id: String,
    /// User id of the administrator, 18 characters.
    pub user_id: String,
    /// Login name of the administrator.
    pub username: String,
    /// Password of the administrator, without the security token; empty where only its hash is known.
    pub password: String,
    /// Security token, which clients append to the password; empty where only its hash is known.
    pub security_token: String,
    /// Consumer key of the default connected app.
    pub client_id: String,
    /// Consumer secret of the default connected app.
    pub client_secret: String,
    /// A session id of the administrator that is valid from the start.
    pub access_token: String,
    /// Newest API version served, without `v`: `68.0`.
    pub api_version: String,
}
