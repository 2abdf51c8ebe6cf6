//! Requests of scripts from other origins: which may read answers.
//!
//! An org keeps the list in `CorsWhitelistEntry` records; beside them the server has one for all its orgs. A preflight names
//! no org here, so that it is answered for those that any org lets in; the answers themselves are shared by the org's own list.

use crate::request::Call;
use crate::{Reply, rest};
use http::header::{self, HeaderName};
use orglet_base::Id;

/// Whether an origin may read answers of an org; where none is known, of any.
pub(crate) type Allows<'a> = dyn Fn(Option<Id>, &str) -> bool + 'a;

/// Methods that a preflight is told, as recorded (jsforce issue 189).
const METHODS: &str = "HEAD, GET, POST, PUT, PATCH, DELETE";
/// The most of a preflight's list of headers that is told back, in bytes.
const MOST_HEADERS: usize = 1024;

/// Whether scripts of other origins may ask below a path: the REST APIs, not logins.
fn covers(path: &str) -> bool {
    rest::is_below_root(path) || path.starts_with("/services/apexrest/")
}

/// The answer to a preflight; `None` for what is none. An origin that is not on the list is refused with 403, as
/// documented; the preflight asks neither for a session nor for a resource.
pub(crate) fn preflight(allows: &Allows<'_>, call: &Call) -> Option<Reply> {
    let asked = call.header(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let origin = call.header(header::ORIGIN)?;
    if call.method != http::Method::OPTIONS || asked.is_empty() || !covers(&call.path) {
        return None;
    }
    if !allows(None, origin) {
        return Some(Reply::empty(403));
    }
    let mut reply = Reply::empty(200)
        .with(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)
        .with(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
        .with(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "false")
        .with(header::VARY, "Origin");
    if let Some(headers) = call.header(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|h| h.len() <= MOST_HEADERS) {
        reply = reply.with(header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
    }
    Some(reply)
}

/// An answer with what lets a script of an allowed origin read it. Others get the answer without: browsers keep it from
/// their scripts. With `always` answers to requests without an origin say as well that they would differ.
pub(crate) fn share(allows: &Allows<'_>, always: bool, call: &Call, reply: Reply) -> Reply {
    const EXPOSED: &str = "ETag, Last-Modified, Location, Sforce-Limit-Info, Warning";
    let origin = call.header(header::ORIGIN);
    if (origin.is_none() && !always) || !covers(&call.path) {
        return reply;
    }
    let reply = reply.with(header::VARY, "Origin");
    match origin.filter(|origin| allows(call.who.get().map(|(org, _)| *org), origin)) {
        Some(origin) => {
            reply.with(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin).with(HeaderName::from_static("access-control-expose-headers"), EXPOSED)
        }
        None => reply,
    }
}
