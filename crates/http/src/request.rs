//! A request as the protocols see it.

use crate::metrics::Noted;
use bytes::Bytes;
use http::header::{AUTHORIZATION, AsHeaderName, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, Method, Uri};
use orglet_base::Id;
use orglet_engine::Identity;
use orglet_engine::auth::User;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-proto");
const PRETTY_PRINT: HeaderName = HeaderName::from_static("x-prettyprint");

/// The vendor's hosts for logging in: no org's data is there.
const LOGIN_HOSTS: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];

/// Where the org of who logged in at a login host is: any other name of the vendor's would do as well.
const INSTANCE_HOST: &str = "orglet.my.salesforce.com";

/// How the client reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// How it reached us.
    pub scheme: Scheme,
    /// Whether its `X-Forwarded-Proto` is believed.
    pub trusted: bool,
}

/// A request, taken apart.
#[derive(Debug)]
pub struct Call {
    /// The method; overridden ones (`_HttpMethod`) already in place.
    pub method: Method,
    /// The path as sent, still encoded; of several slashes at its begin one is left.
    pub path: String,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, inflated.
    pub body: Bytes,
    /// `http://host` or `https://host`, as the client sees us; addresses in answers begin with it.
    pub origin: String,
    /// Whether it comes from this machine.
    pub trusted: bool,
    /// What it turned out to be for.
    pub(crate) place: Noted,
    /// The target as sent.
    pub(crate) uri: Uri,
    /// Who turned out to call, and of which org.
    pub(crate) who: OnceCell<(Id, Arc<User>)>,
}

/// Whether a Content-Type is that of a form.
fn is_form(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

impl Call {
    /// Notes who calls.
    pub(crate) fn by(&self, identity: &Identity) {
        // Who was noted first stays: a request is one caller's.
        let _ = self.who.set((identity.org.id, identity.user.clone()));
    }

    pub(crate) fn new(request: http::Request<Bytes>, peer: Peer) -> Self {
        let (parts, body) = request.into_parts();
        let text = |name: &HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let forwarded = text(&FORWARDED).filter(|_| peer.trusted).map(|p| p.eq_ignore_ascii_case("https"));
        let https = forwarded.unwrap_or(peer.scheme == Scheme::Https);
        let host = text(&HOST).or_else(|| parts.uri.authority().map(|a| a.as_str())).unwrap_or("localhost");
        let origin = [if https { "https://" } else { "http://" }, host].concat();
        let mut query: Vec<(String, String)> =
            parts.uri.query().map(|q| form_urlencoded::parse(q.as_bytes()).into_owned().collect()).unwrap_or_default();
        let mut method = parts.method;
        // Name and value are case-sensitive, and only POST may be overridden.
        if method == Method::POST
            && let Some((_, value)) = query.iter().find(|(name, _)| name == "_HttpMethod")
            && let Ok(other) = Method::from_bytes(value.as_bytes())
        {
            method = other;
            // A GET in a form's clothes: what an address has no room for.
            if method == Method::GET && text(&CONTENT_TYPE).is_some_and(is_form) {
                query.extend(form_urlencoded::parse(&body).into_owned());
            }
        }
        // The sf CLI keeps the slash of its instance URL and asks for `//services/data/…`.
        let path = ["/", parts.uri.path().trim_start_matches('/')].concat();
        let (place, who) = (Noted::default(), OnceCell::new());
        Self { method, path, query, headers: parts.headers, body, origin, trusted: peer.trusted, place, uri: parts.uri, who }
    }

    /// A header's text.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// A query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Whether the answer should be indented.
    pub fn pretty(&self) -> bool {
        self.header(PRETTY_PRINT).is_some_and(|v| v == "1" || v.eq_ignore_ascii_case("true"))
    }

    /// The host part of [`Call::origin`].
    pub fn host(&self) -> &str {
        self.origin.split_once("://").map_or("localhost", |(_, host)| host)
    }

    /// Whether the request came to a host that is for logging in alone.
    pub fn at_login_host(&self) -> bool {
        let (name, _) = split_port(self.host());
        let name = name.strip_suffix('.').unwrap_or(name);
        LOGIN_HOSTS.iter().any(|host| name.eq_ignore_ascii_case(host))
    }

    /// Where the data of an org is for this client: [`Call::origin`], but for logins at a login host, which lead to the
    /// instance, by the same port.
    pub fn instance(&self) -> Cow<'_, str> {
        if !self.at_login_host() {
            return Cow::Borrowed(&self.origin);
        }
        let scheme = self.origin.split_once("://").map_or("https", |(scheme, _)| scheme);
        Cow::Owned([scheme, "://", INSTANCE_HOST, split_port(self.host()).1].concat())
    }

    /// The body's media type without its parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header(CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or(value).trim().to_ascii_lowercase())
    }

    /// The access token of `Authorization: Bearer …` or `OAuth …`.
    pub fn token(&self) -> Token<'_> {
        let Some(value) = self.header(AUTHORIZATION) else { return Token::None };
        let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
        let token = token.trim();
        let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("oauth");
        if known && !token.is_empty() { Token::Given(token) } else { Token::Unreadable }
    }
}

/// A host without its port, and the port with its colon.
fn split_port(host: &str) -> (&str, &str) {
    host.rfind(':').map_or((host, ""), |at| host.split_at(at))
}

/// What an `Authorization` header holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// There is no header.
    None,
    /// A header of another scheme, or without a token.
    Unreadable,
    /// The token.
    Given(&'a str),
}

/// A path segment, percent-decoded. Bytes that are no UTF-8 are replaced: no name or value has them.
pub(crate) fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_begin_of_a_path_are_one() {
        for (target, path) in [("//services/data", "/services/data"), ("/id/a//b/", "/id/a//b/"), ("/", "/")] {
            let request = http::Request::builder().uri(target).body(Bytes::new()).unwrap();
            assert_eq!(Call::new(request, Peer { scheme: Scheme::Http, trusted: true }).path, path, "{target}");
        }
    }
}
