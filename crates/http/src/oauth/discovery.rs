//! The discovery document: what is served, and nothing else. The authorization endpoint and the key set that OpenID
//! Connect wants are absent because they are not there.

use super::not_allowed;
use crate::codec::{Doc, Format, XmlOrder};
use crate::{Call, Reply};
use http::Method;

/// `GET /.well-known/openid-configuration`.
pub(super) fn answer(call: &Call) -> Reply {
    if call.method != Method::GET {
        return not_allowed(call, "GET");
    }
    let at = |endpoint: &str| Doc::from(format!("{}/services/oauth2/{endpoint}", call.origin));
    let doc = Doc::obj([
        ("issuer", call.origin.clone().into()),
        ("token_endpoint", at("token")),
        ("revocation_endpoint", at("revoke")),
        ("userinfo_endpoint", at("userinfo")),
        ("introspection_endpoint", at("introspect")),
        ("scopes_supported", Doc::list(["api", "id"])),
        ("response_types_supported", Doc::List(Vec::new())),
        ("grant_types_supported", Doc::list(["password", "client_credentials"])),
        ("subject_types_supported", Doc::list(["public"])),
        ("token_endpoint_auth_methods_supported", Doc::list(["client_secret_post", "client_secret_basic"])),
    ]);
    Reply::doc(200, &doc, Format::Json, call.pretty(), "", XmlOrder::Kept)
}
