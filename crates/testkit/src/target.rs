//! What the contract is run against: an org that answers requests, in-process or elsewhere.

use bytes::Bytes;

/// What a test needs to know of an org to log in to it and to name its own rows.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The org's id, 18 characters.
    pub org_id: String,
    /// The administrator's id, 18 characters.
    pub user_id: String,
    /// The administrator's login name.
    pub username: String,
    /// The administrator's password.
    pub password: String,
    /// The security token, appended to the password by clients outside trusted networks.
    pub security_token: String,
    /// The connected app's consumer key.
    pub client_id: String,
    /// The connected app's consumer secret.
    pub client_secret: String,
    /// A session of the administrator.
    pub access_token: String,
}

/// How an org for one run is to be made.
#[derive(Clone, Debug, Default)]
pub struct OrgSetup {
    /// The clock, fixed, in RFC 3339; `None` is the machine's.
    pub now: Option<String>,
}

/// An org that answers requests.
pub trait Target {
    /// Answers one request. The request's URI is a path with its query; the host is in its `Host` header.
    fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes>;
    /// Who to log in as.
    fn facts(&self) -> Facts;
}

/// A fresh org in this process, in memory, with the documented development credentials and no sample data.
pub fn in_process(_setup: &OrgSetup) -> Result<Box<dyn Target>, String> {
    Err("the in-process server is not there yet".into())
}
