//! `sobjects/User/{id}/password`: whether a password has expired, a new one, a made-up one.

use super::Rest;
use crate::Reply;
use crate::codec::{NodeValue, Writer};
use http::Method;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, record};
use orglet_schema::Object;
use std::sync::Arc;

/// The one member of a body.
const NEW_PASSWORD: &str = "NewPassword";

/// Whether a path is that of a user's password.
pub(super) fn is_path(path: &str) -> bool {
    // Asked of every request: most paths don't end so.
    let end = path.trim_end_matches('/').as_bytes();
    if !end.last_chunk::<9>().is_some_and(|end| end.eq_ignore_ascii_case(b"/password")) {
        return false;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["services", "data", _, resource, object, _, last] => {
            resource.eq_ignore_ascii_case("sobjects") && object.eq_ignore_ascii_case("User") && last.eq_ignore_ascii_case("password")
        }
        _ => false,
    }
}

/// Answers a request to a user's password.
pub(super) fn password(cx: &Rest<'_>, object: &Arc<Object>, segment: &str) -> Result<Reply, Failure> {
    let id = record::parse_target(object, segment)?;
    let (org, engine) = (&cx.identity.org, &cx.server.engine);
    if id != cx.identity.user.id {
        // Whose own password has expired sets that one alone.
        engine.authenticate(&cx.identity.token)?;
    }
    let user = org.user(id)?.ok_or_else(ApiError::not_found)?;
    let mut w = Writer::new(cx.format, cx.pretty);
    match cx.call.method {
        Method::POST => {
            engine.change_password(org, &user, &new_password(cx)?)?;
            return Ok(Reply::empty(204));
        }
        Method::DELETE => {
            w.begin_object("Result");
            w.text(NEW_PASSWORD, &engine.reset_password(org, &user)?);
        }
        _ => {
            w.begin_object("Password");
            w.bool("isExpired", engine.password_expired(org.id, id)?);
        }
    }
    w.end_object();
    Ok(Reply::new(200, cx.format.content_type(), w.finish()))
}

/// The password in the body; none is one without characters.
fn new_password(cx: &Rest<'_>) -> Result<String, ApiError> {
    let body = cx.body()?;
    let mut password = String::new();
    for (name, node) in body.members() {
        if name == "attributes" && cx.sent_xml.get() {
            continue;
        }
        if name != NEW_PASSWORD {
            // crud-016
            let text = format!("Unrecognized field \"{name}\" at [line:{}, column:{}]", node.read.line, node.read.column);
            return Err(ApiError::routing(ErrorCode::JsonParserError, text));
        }
        password = match &node.value {
            NodeValue::Text(text) | NodeValue::Number(text) => text.to_string(),
            NodeValue::Bool(value) => value.to_string(),
            NodeValue::Null => String::new(),
            NodeValue::Array(_) | NodeValue::Object(_) => return Err(not_text(node.as_input().token(), node.line, node.column)),
        };
    }
    if !body.is_object() {
        return Err(not_text(body.as_input().token(), body.line, body.column));
    }
    Ok(password)
}

fn not_text(token: &str, line: u32, column: u32) -> ApiError {
    ApiError::new(
        ErrorCode::JsonParserError,
        format!("Can not deserialize password out of {token} token at [line:{line}, column:{column}]"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_passwords() {
        for path in ["/services/data/v62.0/sobjects/User/005/password", "/services/data/v62.0/sobjects/user/005/Password/"] {
            assert!(is_path(path), "{path}");
        }
        for path in
            ["/services/data/v62.0/sobjects/User/005", "/services/data/v62.0/sobjects/Lead/00Q/password", "/sobjects/User/1/password"]
        {
            assert!(!is_path(path), "{path}");
        }
    }
}
