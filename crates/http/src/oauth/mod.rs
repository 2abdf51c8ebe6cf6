//! OAuth, identity and discovery.
//!
//! Built: the password and client-credentials grants, revocation, introspection, userinfo, the identity URL, and a
//! discovery document that names just these. What needs a login page, or keys that this server has not, is refused.

mod discovery;
mod identity;
mod params;
mod token;
mod tokens;

#[cfg(test)]
mod tests;

use crate::codec::Format;
use crate::error::{self, OAuthFormat};
use crate::{Call, Reply, Server};
use http::{Method, header};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::Failure;
use params::Params;

/// Answers a request below `/services/oauth2/`, `/id/` or `/.well-known/`.
pub(crate) fn answer(server: &Server, call: &Call) -> Reply {
    let path = call.path.strip_suffix('/').unwrap_or(&call.path);
    if let Some(endpoint) = path.strip_prefix("/services/oauth2/") {
        return match endpoint {
            "token" => token::answer(server, call),
            "revoke" => tokens::revoke(server, call),
            "introspect" => tokens::introspect(server, call),
            "userinfo" => identity::userinfo(server, call),
            // A user has no page to approve an app on, so no response type is supported. Real orgs answer failures
            // that they can't redirect with just this text (forcedotcom/postman-salesforce-apis issue 42).
            "authorize" => escaped(refuse("unsupported_response_type", "response type is not supported", OAuthFormat::UrlEncoded)),
            _ => platform(&ApiError::not_found(), call),
        };
    }
    match path {
        "/.well-known/openid-configuration" => discovery::answer(call),
        // The key set of ID tokens, of which there are none.
        "/id/keys" => platform(&ApiError::not_found(), call),
        _ => match path.strip_prefix("/id/") {
            Some(who) => identity::answer(server, call, who),
            None => platform(&ApiError::not_found(), call),
        },
    }
}

/// An OAuth failure, always 400: the platform uses no 401 here (oauth-017, oauth-018).
fn refuse(error: &str, description: &str, format: OAuthFormat) -> Reply {
    error::oauth_error(400, error, description, format).into()
}

/// URL-encoded failures as `/authorize` and `/revoke` print them: blanks are `%20` (omniphx/forrest issue 213). A plus
/// sign of the text itself has become `%2B` already.
fn escaped(mut reply: Reply) -> Reply {
    reply.body = String::from_utf8_lossy(&reply.body).replace('+', "%20").into_bytes();
    reply
}

/// A platform error, for paths and verbs that are none of OAuth's.
fn platform(e: &ApiError, call: &Call) -> Reply {
    let format = Format::from_accept(call.header(header::ACCEPT)).unwrap_or(Format::Json);
    error::render(std::slice::from_ref(e), format, call.pretty()).into()
}

/// 405 in the words of the REST API.
fn not_allowed(call: &Call, allowed: &str) -> Reply {
    let text = format!("HTTP Method '{}' not allowed. Allowed are {allowed}", call.method);
    platform(&ApiError::routing(ErrorCode::MethodNotAllowed, text), call).with(header::ALLOW, allowed)
}

/// An internal failure.
fn failed(server: &Server, call: &Call, failure: Failure) -> Reply {
    let format = Format::from_accept(call.header(header::ACCEPT)).unwrap_or(Format::Json);
    server.failed(failure, format, call.pretty(), "")
}

/// Why an endpoint that takes POST alone refuses another verb; `None` for POST.
fn post_only(call: &Call, params: &Params) -> Option<Reply> {
    match call.method {
        Method::POST => None,
        Method::GET => Some(refuse("invalid_request", "must use HTTP POST", params.format().unwrap_or_default())),
        _ => Some(not_allowed(call, "POST")),
    }
}

/// The identity URL of a user, as this client reaches it.
pub(crate) fn identity_url(call: &Call, org: Id, user: Id) -> String {
    format!("{}/id/{org}/{user}", call.origin)
}
