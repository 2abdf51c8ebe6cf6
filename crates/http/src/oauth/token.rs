//! The token endpoint.

use super::params::Params;
use super::{failed, identity_url, post_only, refuse};
use crate::error::{self, OAuthFormat};
use crate::{Call, Reply, Server};
use orglet_engine::auth::{Grant, LoginError};

/// The scope of a session: what the development app has.
pub(super) const SCOPE: &str = "api id";

/// The parameters of the grants that are served.
const PARAMETERS: &[&str] = &["grant_type", "client_id", "client_secret", "username", "password", "format"];

/// What a grant asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Password,
    ClientCredentials,
}

/// `POST /services/oauth2/token`.
pub(super) fn answer(server: &Server, call: &Call) -> Reply {
    let params = Params::read(call);
    if let Some(refusal) = post_only(call, &params) {
        return refusal;
    }
    let Ok(format) = params.format() else { return refuse("invalid_request", "format not supported", OAuthFormat::Json) };
    if let Some(name) = params.ambiguous(PARAMETERS) {
        return refuse("invalid_request", &format!("duplicate parameter: {name}"), format);
    }
    let kind = match params.get("grant_type") {
        Some("password") => Kind::Password,
        Some("client_credentials") => Kind::ClientCredentials,
        // Grants that the platform knows and this server does not give, names that are none, and no name (oauth-020).
        _ => return refuse("unsupported_grant_type", "grant type not supported", format),
    };
    // Neither grant takes scopes: the app's own are in force (oauth-027).
    if params.get("scope").is_some() {
        return refuse("invalid_request", "scope parameter not supported", format);
    }
    let Ok(client) = params.client() else { return login_refused(&LoginError::ClientSecret, kind, format) };
    // A request without a consumer key is told the same as one with a wrong key (realdoug/omniauth-salesforce issue 27).
    let Some(id) = client.id else { return login_refused(&LoginError::ClientId, kind, format) };
    let granted = match kind {
        Kind::Password => {
            let named = |name: &str| params.get(name).ok_or_else(|| missing(name, format));
            let username = match named("username") {
                Ok(username) => username,
                Err(reply) => return reply,
            };
            let password = match named("password") {
                Ok(password) => password,
                Err(reply) => return reply,
            };
            server.engine.password_grant(&id, client.secret.as_deref(), username, password)
        }
        Kind::ClientCredentials => match &client.secret {
            Some(secret) => server.engine.client_credentials_grant(&id, secret),
            None => server.engine.check_client(&id, None).and(Err(LoginError::ClientSecret)),
        },
    };
    match granted {
        Ok(grant) => success(call, &grant, kind, client.secret.as_deref().unwrap_or_default(), format),
        Err(LoginError::Failure(failure)) => failed(server, call, failure),
        Err(e) => login_refused(&e, kind, format),
    }
}

/// The refusal of a request that lacks a parameter. The code is the standard's; the sentence is ours, no recording of
/// it is known.
pub(super) fn missing(name: &str, format: OAuthFormat) -> Reply {
    refuse("invalid_request", &format!("missing required parameter: {name}"), format)
}

fn login_refused(e: &LoginError, kind: Kind, format: OAuthFormat) -> Reply {
    match e {
        LoginError::ClientId | LoginError::ClientSecret => client_refused(e, format),
        LoginError::Inactive => refuse("invalid_grant", "inactive user", format),
        // The app names a user that is not there (oauth-015).
        _ if kind == Kind::ClientCredentials => refuse("invalid_grant", "no client credentials user enabled", format),
        _ => refuse("invalid_grant", "authentication failure", format),
    }
}

/// The refusal of a connected app: oauth-017, oauth-018.
pub(super) fn client_refused(e: &LoginError, format: OAuthFormat) -> Reply {
    match e {
        LoginError::ClientId => refuse("invalid_client_id", "client identifier invalid", format),
        _ => refuse("invalid_client", "invalid client credentials", format),
    }
}

fn success(call: &Call, grant: &Grant, kind: Kind, secret: &str, format: OAuthFormat) -> Reply {
    let identity = &grant.identity;
    call.by(identity);
    let id = identity_url(call, identity.org.id, identity.user.id);
    let signature = grant.signature(secret, &id);
    let issued_at = grant.issued_at.to_string();
    let token = ("access_token", &*identity.token);
    let instance = call.instance();
    let place = [("instance_url", &*instance), ("id", id.as_str()), ("token_type", "Bearer"), ("issued_at", issued_at.as_str())];
    let signature = ("signature", signature.as_str());
    // The orders of recorded answers: the password grant's names no scope and ends with the signature (omniphx/forrest
    // issue 213); the newer grants put both behind the token.
    let members = match kind {
        Kind::Password => [&[token], &place[..], &[signature]].concat(),
        Kind::ClientCredentials => [&[token, signature, ("scope", SCOPE)], &place[..]].concat(),
    };
    error::oauth(200, &members, format).into()
}
