//! Ending and inspecting tokens.

use super::params::Params;
use super::token::{SCOPE, client_refused, missing};
use super::{escaped, failed, identity_url, not_allowed, post_only, refuse};
use crate::codec::{Doc, Format, XmlOrder};
use crate::error::OAuthFormat;
use crate::{Call, Reply, Server};
use http::Method;
use orglet_engine::auth::LoginError;

/// `POST|GET /services/oauth2/revoke`: 200 without a body, and the session is dead.
///
/// Text that no session could have as its token is `unsupported_token_type`, a session that is not there (any more)
/// `invalid_token`. The standing access token of a server is not a session and can't be ended while the server runs, so
/// that it is refused as a type that is not supported rather than said to be gone.
pub(super) fn revoke(server: &Server, call: &Call) -> Reply {
    if call.method != Method::POST && call.method != Method::GET {
        return not_allowed(call, "GET,POST");
    }
    let params = Params::read(call);
    // The endpoint answers failures URL-encoded unless another format is asked for; clients parse them so.
    let format = params.named_format().ok().flatten().unwrap_or(OAuthFormat::UrlEncoded);
    let refuse = |error: &str, description: &str| {
        let reply = refuse(error, description, format);
        if format == OAuthFormat::UrlEncoded { escaped(reply) } else { reply }
    };
    if params.named_format().is_err() {
        return refuse("invalid_request", "format not supported");
    }
    if params.get("callback").is_some() {
        return refuse("invalid_request", "callback parameter not supported");
    }
    let Some(token) = params.get("token") else { return refuse("invalid_request", "missing required parameter: token") };
    if params.ambiguous(&["token"]).is_some() {
        return refuse("invalid_request", "duplicate parameter: token");
    }
    let unsupported = || refuse("unsupported_token_type", "this token type is not supported");
    if !token.contains('!') {
        return unsupported();
    }
    match server.engine.revoke(token) {
        Ok(true) => Reply::empty(200),
        Ok(false) => match server.engine.authenticate_for(token, true) {
            Ok(Some(_)) => unsupported(),
            Ok(None) => refuse("invalid_token", "invalid token"),
            Err(failure) => failed(server, call, failure),
        },
        Err(failure) => failed(server, call, failure),
    }
}

/// `POST /services/oauth2/introspect`, for a connected app that names itself. Answers JSON alone, the documented form.
pub(super) fn introspect(server: &Server, call: &Call) -> Reply {
    let params = Params::read(call);
    if let Some(refusal) = post_only(call, &params) {
        return refusal;
    }
    let format = OAuthFormat::Json;
    let Ok(client) = params.client() else { return client_refused(&LoginError::ClientSecret, format) };
    let Some(id) = client.id else { return client_refused(&LoginError::ClientId, format) };
    match server.engine.check_client(&id, client.secret.as_deref()) {
        Ok(()) => {}
        Err(LoginError::Failure(failure)) => return failed(server, call, failure),
        Err(e) => return client_refused(&e, format),
    }
    let Some(token) = params.get("token") else { return missing("token", format) };
    let found = server.engine.authenticate_for(token, true).and_then(|who| Ok((who, server.engine.session_times(token)?)));
    let (identity, times) = match found {
        Ok((Some(identity), times)) => (identity, times),
        Ok((None, _)) => return json(call, &Doc::obj([("active", false.into())])),
        Err(failure) => return failed(server, call, failure),
    };
    let mut doc = Doc::obj([
        ("active", true.into()),
        ("scope", SCOPE.into()),
        ("client_id", id.into()),
        ("username", identity.user.username.clone().into()),
        ("sub", identity_url(call, identity.org.id, identity.user.id).into()),
        ("token_type", "access_token".into()),
    ]);
    // The standing token has no begin and no end.
    if let Some((began, ends)) = times {
        doc.push("exp", ends.div_euclid(1000));
        doc.push("iat", began.div_euclid(1000));
        doc.push("nbf", began.div_euclid(1000));
    }
    json(call, &doc)
}

fn json(call: &Call, doc: &Doc) -> Reply {
    Reply::doc(200, doc, Format::Json, call.pretty(), "", XmlOrder::Kept)
}
