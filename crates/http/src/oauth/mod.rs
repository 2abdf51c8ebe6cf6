//! OAuth, identity and discovery.

use crate::{Call, Reply, Server};

/// Answers a request below `/services/oauth2/`, `/id/` or `/.well-known/`.
pub(crate) fn answer(_server: &Server, _call: &Call) -> Reply {
    Reply::empty(404)
}
