//! Requests of scripts from other origins: which may read answers (rest.md 3.10).
//!
//! A real org keeps the list in `CorsWhitelistEntry` records; here it is the server's, as a preflight names no org.

use crate::request::Call;
use crate::{Reply, rest};
use http::header::{self, HeaderName};
use std::str::FromStr;

/// Methods that a preflight is told, as recorded (jsforce issue 189).
const METHODS: &str = "HEAD, GET, POST, PUT, PATCH, DELETE";
/// The most of a preflight's list of headers that is told back, in bytes.
const MOST_HEADERS: usize = 1024;

/// A pattern of origins: `https://app.example.com`, `https://*.example.com`, with a port where it is not the scheme's own;
/// `http` for this machine alone; and extensions of browsers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    scheme: String,
    /// The host, or what follows the `*`, with its port.
    host: String,
    any_subdomain: bool,
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let (scheme, rest) = lower.split_once("://").ok_or_else(|| format!("'{text}' has no scheme: https://HOST"))?;
        let any_subdomain = rest.starts_with("*.");
        let host = if any_subdomain { &rest[1..] } else { rest };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let port = host.rsplit_once(':').map(|(_, port)| port);
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':');
        if name.is_empty() || !name.bytes().all(fits) || port.is_some_and(|p| p.parse::<u16>().is_err()) {
            return Err(format!("'{text}' is no origin: https://HOST or https://*.DOMAIN, with a port where there is one"));
        }
        // The wildcard stands before a second-level domain, not before a top-level one.
        if any_subdomain && !name[1..].contains('.') {
            return Err(format!("'{text}' would allow a whole top-level domain"));
        }
        let local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        match scheme {
            "https" | "chrome-extension" | "moz-extension" => {}
            "http" if local => {}
            "http" => return Err(format!("'{text}' must begin with https:// (http is for localhost)")),
            _ => return Err(format!("'{text}' has a scheme that no origin here has")),
        }
        Ok(Self { scheme: scheme.to_owned(), host: host.to_owned(), any_subdomain })
    }
}

impl Origins {
    fn takes(&self, origin: &str) -> bool {
        let Some((scheme, host)) = origin.split_once("://") else { return false };
        if !scheme.eq_ignore_ascii_case(&self.scheme) {
            return false;
        }
        if !self.any_subdomain {
            return host.eq_ignore_ascii_case(&self.host);
        }
        let Some(cut) = host.len().checked_sub(self.host.len()) else { return false };
        cut > 0 && host.is_char_boundary(cut) && host[cut..].eq_ignore_ascii_case(&self.host)
    }
}

/// Whether scripts of other origins may ask below a path: the REST APIs, not logins.
fn covers(path: &str) -> bool {
    rest::is_below_root(path) || path.starts_with("/services/apexrest/")
}

/// The answer to a preflight; `None` for what is none. An origin that is not on the list is refused with 403, as
/// documented; the preflight asks neither for a session nor for a resource.
pub(crate) fn preflight(allowed: &[Origins], call: &Call) -> Option<Reply> {
    let asked = call.header(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let origin = call.header(header::ORIGIN)?;
    if call.method != http::Method::OPTIONS || asked.is_empty() || !covers(&call.path) {
        return None;
    }
    if !allowed.iter().any(|pattern| pattern.takes(origin)) {
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
/// their scripts.
pub(crate) fn share(allowed: &[Origins], call: &Call, reply: Reply) -> Reply {
    const EXPOSED: &str = "ETag, Last-Modified, Location, Sforce-Limit-Info, Warning";
    if allowed.is_empty() || !covers(&call.path) {
        return reply;
    }
    let reply = reply.with(header::VARY, "Origin");
    match call.header(header::ORIGIN).filter(|origin| allowed.iter().any(|pattern| pattern.takes(origin))) {
        Some(origin) => {
            reply.with(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin).with(HeaderName::from_static("access-control-expose-headers"), EXPOSED)
        }
        None => reply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_their_origins_alone() {
        for (pattern, origin, takes) in [
            ("https://app.example.com", "https://app.example.com", true),
            ("https://app.example.com", "https://APP.example.com", true),
            ("https://app.example.com", "https://app.example.com:8443", false),
            ("https://app.example.com", "http://app.example.com", false),
            ("https://app.example.com", "https://app.example.com.evil.net", false),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com:8443", "https://a.example.com:8443", true),
            ("http://localhost:5173", "http://localhost:5173", true),
            ("http://localhost:5173", "http://localhost:5174", false),
            ("https://app.example.com", "null", false),
            ("https://*.example.com", "https://ééé", false),
        ] {
            assert_eq!(pattern.parse::<Origins>().unwrap().takes(origin), takes, "{pattern} {origin}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in
            ["", "*", "app.example.com", "http://app.example.com", "https://", "https://*.com", "https://a/b", "https://a:x", "ftp://a"]
        {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
    }
}
