//! The request's head: bounded, and its target brought to origin form.

use crate::fault;
use crate::listen::Conn;
use crate::names::{is_local_name, is_vendor_host};
use bytes::Bytes;
use http::header::HOST;
use http::request::Parts;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Response, StatusCode, Uri, Version};
use std::net::IpAddr;

/// Why a request goes no further than its head.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The target alone is over the bound.
    LongTarget,
    /// Target and headers together are over the bound.
    LongHead,
    /// HTTP/1.1 without `Host`.
    NoHost,
    /// A request to a proxy, for a host that is not ours: answering for it would be a lie.
    ForeignHost(String),
}

impl Refusal {
    /// The answer to it.
    pub(crate) fn answer(&self) -> Response<Bytes> {
        match self {
            Self::LongTarget => fault::bad_message(StatusCode::URI_TOO_LONG, "URI Too Long"),
            Self::LongHead => fault::bad_message(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"),
            Self::NoHost => fault::bad_message(StatusCode::BAD_REQUEST, "No Host"),
            Self::ForeignHost(host) => {
                let text = format!("orglet answers for salesforce.com and force.com hosts only, not for {host}\n");
                fault::text(StatusCode::FORBIDDEN, text)
            }
        }
    }
}

/// Checks the head against its bounds and moves an authority in the target to `Host`.
pub(crate) fn admit(parts: &mut Parts, conn: &Conn) -> Result<(), Refusal> {
    let bound = conn.shell.limits.head_bytes;
    let target = parts.uri.path_and_query().map_or(0, |pq| pq.as_str().len());
    if target > bound {
        return Err(Refusal::LongTarget);
    }
    // Each header costs its colon, space and line end too.
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if target + headers > bound {
        return Err(Refusal::LongHead);
    }
    let Some(authority) = parts.uri.authority() else {
        return match (parts.version, parts.headers.contains_key(HOST)) {
            (Version::HTTP_11, false) => Err(Refusal::NoHost),
            _ => Ok(()),
        };
    };
    // An absolute target in HTTP/1 is a request to a proxy; in HTTP/2 every target is absolute.
    if parts.version <= Version::HTTP_11 && !is_ours(authority, conn) {
        return Err(Refusal::ForeignHost(authority.host().to_owned()));
    }
    if let Ok(host) = HeaderValue::from_str(without_user(authority)) {
        parts.headers.insert(HOST, host);
    }
    parts.uri = Uri::from(parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")));
    Ok(())
}

fn is_ours(authority: &Authority, conn: &Conn) -> bool {
    let host = authority.host();
    let loopback = || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback());
    let port = authority.port_u16().unwrap_or(80);
    (is_vendor_host(host) && conn.peer.trusted) || port == conn.shell.port && (is_local_name(host) || loopback() || !conn.shell.loopback)
}

fn without_user(authority: &Authority) -> &str {
    let text = authority.as_str();
    text.rsplit_once('@').map_or(text, |(_, host)| host)
}
