//! SOAP login.

use crate::{Call, Reply, Server};

/// Answers a request below `/services/Soap/`.
pub(crate) fn answer(_server: &Server, _call: &Call) -> Reply {
    Reply::empty(404)
}
