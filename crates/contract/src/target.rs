//! What the contract is run against: an org that answers requests, in this process or elsewhere.

use bytes::Bytes;
use orglet_engine::{OrgFacts, SettingChange};

/// How an org for one run is to be made.
#[derive(Clone, Debug, Default)]
pub struct OrgSetup {
    /// The clock, fixed, in RFC 3339; `None` is the machine's.
    pub now: Option<String>,
    /// What is to be set in the org.
    pub settings: Vec<SettingChange>,
    /// Files of an SFDX project that is to be loaded into it, by their paths.
    pub project: Vec<(String, String)>,
}

/// An org that answers requests.
pub trait Target: Send + Sync {
    /// Answers one request. The request's URI is a path with its query; the host is in its `Host` header.
    fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes>;
    /// What a server does every second or so.
    fn tick(&self) {}
    /// Where clients find it, as addresses in its answers have it.
    fn origin(&self) -> String {
        "http://orglet.example".to_owned()
    }
    /// Who to log in as.
    fn facts(&self) -> OrgFacts;
}
