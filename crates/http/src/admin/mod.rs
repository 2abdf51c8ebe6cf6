//! The admin API below `/orglet/v1`: orgs, snapshots, comparisons, faults, journals, metrics. It is ours, not the platform's: JSON alone,
//! and errors of its own shape. `docs/admin-api.yaml` describes it.
//!
//! It answers who has its token, from this machine, under a name of this machine; where it was allowed, from elsewhere
//! too. It never answers for the vendor's hosts, to which clients may be led by a proxy.

mod body;
mod calls;
mod diff;
mod faults;
mod journal;
mod places;
mod settings;

use crate::metrics::Place;
use crate::request::{Token, decode};
use crate::{Call, Reply, Server};
use body::{Body, known_parameters};
use http::header;
use orglet_engine::orgs::AdminError;
use serde_json::{Value, json};
use std::net::IpAddr;

/// Where the API begins.
pub const ROOT: &str = "/orglet/v1";
/// Its description.
pub const DESCRIPTION: &str = include_str!("../../../../docs/admin-api.yaml");

/// Who may use the admin API.
#[derive(Clone, Debug)]
pub struct AdminAccess {
    /// The token that callers have to name.
    pub token: String,
    /// Whether it answers other machines too.
    pub anywhere: bool,
}

/// A route: verb, path below the root, what answers it, the parameters of the URL that it takes (a list with `*` behind). `{x}` takes one segment.
type Route = (&'static str, &'static str, Answerer, &'static [&'static str]);
type Answerer = fn(&Asked<'_>) -> Result<Reply, AdminError>;

/// The routes.
pub(crate) const ROUTES: &[Route] = &[
    ("GET", "/openapi.yaml", calls::description, &[]),
    ("GET", "/metrics", calls::metrics, &[]),
    ("POST", "/backup", calls::backup, &[]),
    ("GET", "/orgs", calls::list_orgs, &["after"]),
    ("POST", "/orgs", calls::create_org, &[]),
    ("GET", "/orgs/{org}", calls::show_org, &[]),
    ("DELETE", "/orgs/{org}", calls::delete_org, &[]),
    ("POST", "/orgs/{org}/session", calls::log_into, &[]),
    ("GET", "/orgs/{org}/move", places::progress, &[]),
    ("POST", "/orgs/{org}/move", places::move_org, &[]),
    ("POST", "/orgs/{org}/reset", calls::reset_org, &[]),
    ("POST", "/orgs/{org}/restore", calls::restore_org, &[]),
    ("POST", "/orgs/{org}/snapshots", calls::snapshot_org, &[]),
    ("GET", "/orgs/{org}/diff", diff::answer, &["since", "until", "object*", "system_fields", "after", "limit"]),
    ("GET", "/orgs/{org}/faults", faults::list, &[]),
    ("POST", "/orgs/{org}/faults", faults::add, &[]),
    ("DELETE", "/orgs/{org}/faults", faults::clear, &[]),
    ("GET", "/orgs/{org}/faults/{fault}", faults::show, &[]),
    ("DELETE", "/orgs/{org}/faults/{fault}", faults::remove, &[]),
    ("GET", "/orgs/{org}/log", journal::page, &["after", "limit", "status", "method", "path", "object", "since", "errors", "wait"]),
    ("PUT", "/orgs/{org}/log", journal::set, &[]),
    ("DELETE", "/orgs/{org}/log", journal::clear, &[]),
    ("GET", "/errors", faults::catalogue, &["area"]),
    ("GET", "/errors/{error}", faults::error, &[]),
    ("GET", "/orgs/{org}/settings", settings::show, &[]),
    ("PATCH", "/orgs/{org}/settings", settings::change, &[]),
    ("GET", "/databases", places::list, &[]),
    ("PUT", "/databases/{database}", places::add, &[]),
    ("DELETE", "/databases/{database}", places::remove, &[]),
    ("GET", "/snapshots", calls::list_snapshots, &["after"]),
    ("GET", "/snapshots/{snapshot}", calls::show_snapshot, &[]),
    ("DELETE", "/snapshots/{snapshot}", calls::delete_snapshot, &[]),
];

/// A request to a route.
pub(crate) struct Asked<'a> {
    pub(crate) server: &'a Server,
    pub(crate) call: &'a Call,
    /// What stands in the place of the path's first parameter.
    pub(crate) named: String,
    /// What stands in the place of its second one.
    pub(crate) more: String,
}

/// Whether a path is one of the API's.
pub(crate) fn is_ours(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a request below the root; `None` where there is no such API for this caller.
pub(crate) fn answer(server: &Server, call: &Call) -> Option<Reply> {
    let access = server.admin.as_ref()?;
    if is_vendor_host(host_of(call)) {
        return None;
    }
    call.place.set(Place::Admin);
    let local = call.trusted && is_local_host(host_of(call));
    if !local && !access.anywhere {
        return Some(error(403, "forbidden", "the admin API answers this machine alone, by its address or as localhost"));
    }
    let given = match call.token() {
        Token::Given(token) => token,
        _ => "",
    };
    if !equal(given, &access.token) {
        let refusal = error(401, "unauthorized", "the admin API wants its token: Authorization: Bearer TOKEN");
        return Some(refusal.with(header::WWW_AUTHENTICATE, "Bearer"));
    }
    Some(route(server, call))
}

fn route(server: &Server, call: &Call) -> Reply {
    let path = call.path.strip_prefix(ROOT).unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut allowed = Vec::new();
    for (verb, pattern, answerer, parameters) in ROUTES {
        let Some((named, more)) = fit(pattern, path) else { continue };
        if call.method.as_str() != *verb {
            allowed.push(*verb);
            continue;
        }
        let known = known(call, verb, parameters);
        return match known.and_then(|()| answerer(&Asked { server, call, named, more })) {
            Ok(reply) => reply,
            Err(AdminError::NotFound(text)) => error(404, "not_found", &text),
            Err(AdminError::Conflict(text)) => error(409, "conflict", &text),
            Err(AdminError::Invalid(text)) => error(400, "invalid", &text),
            Err(AdminError::Failure(failure)) => error(500, "internal", &format!("{failure} ({})", server.internal(&failure).message())),
        };
    }
    if allowed.is_empty() {
        return error(404, "not_found", &format!("there is no {ROOT}{path}"));
    }
    let allowed = allowed.join(", ");
    error(405, "method_not_allowed", &format!("{} is not for {ROOT}{path}; there is {allowed}", call.method)).with(header::ALLOW, allowed)
}

/// Refuses what a route would pass over: other parameters than it takes, one given twice, members where it takes no body.
fn known(call: &Call, verb: &str, parameters: &[&str]) -> Result<(), AdminError> {
    known_parameters(call, parameters)?;
    if ["GET", "DELETE"].contains(&verb) { Body::read(call)?.end() } else { Ok(()) }
}

/// The values of a pattern's two parameters, empty where it has none; `None` where the path does not fit.
fn fit(pattern: &str, path: &str) -> Option<(String, String)> {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    let mut named = Vec::new();
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => {
                let mut named = named.into_iter();
                return Some((named.next().unwrap_or_default(), named.next().unwrap_or_default()));
            }
            (Some(parameter), Some(segment)) if parameter.starts_with('{') && !segment.is_empty() => {
                named.push(decode(segment).into_owned())
            }
            (Some(fixed), Some(segment)) if fixed == segment => {}
            _ => return None,
        }
    }
}

/// An answer in JSON.
pub(crate) fn json(status: u16, value: &Value) -> Reply {
    Reply::new(status, "application/json", format!("{value}\n").into_bytes())
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    json(status, &json!({"error": {"code": code, "message": message}}))
}

/// Compares in a time that does not tell how much is equal.
fn equal(given: &str, wanted: &str) -> bool {
    let differing = given.bytes().zip(wanted.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == wanted.len() && differing == 0 && !wanted.is_empty()
}

/// The host that the request names, without its port.
fn host_of(call: &Call) -> &str {
    let host = call.host();
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// A name of this machine that no web page of another can be made to stand for.
fn is_local_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    name.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn is_vendor_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    ["salesforce.com", "force.com"].iter().any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|h| h.ends_with('.')))
}

#[cfg(test)]
mod tests;
