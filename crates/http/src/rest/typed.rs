//! Request bodies of a fixed shape: what every resource that has one asks of its members.

use crate::codec::Node;
use orglet_base::{ApiError, ErrorCode, Id};

/// Refuses members of an object that its resource does not know (crud-016), and what is no object at all.
pub(super) fn object<'n, 'a>(node: &'n Node<'a>, known: &[&str]) -> Result<&'n Node<'a>, ApiError> {
    if !node.is_object() {
        let at = node.position();
        let text = format!(
            "Can not deserialize instance of object out of {} token at [line:{}, column:{}]",
            node.as_input().token(),
            at.line,
            at.column
        );
        return Err(ApiError::routing(ErrorCode::JsonParserError, text));
    }
    match node.members().iter().find(|(name, _)| !known.contains(&name.as_ref())) {
        None => Ok(node),
        Some((name, value)) => {
            let text = format!("Unrecognized field \"{name}\" at [line:{}, column:{}]", value.read.line, value.read.column);
            Err(ApiError::routing(ErrorCode::JsonParserError, text))
        }
    }
}

/// A member that is an id, if it is given: MALFORMED_ID where it is none.
pub(super) fn id(node: &Node<'_>, name: &str) -> Result<Option<Id>, ApiError> {
    node.get(name).filter(|value| !value.is_null()).map(|value| an_id(value, name)).transpose()
}

/// Members of a list that are ids.
pub(super) fn ids(node: &Node<'_>, name: &str) -> Result<Vec<Id>, ApiError> {
    node.list(name).into_iter().map(|value| an_id(value, name)).collect()
}

fn an_id(value: &Node<'_>, name: &str) -> Result<Id, ApiError> {
    let text = value.as_str().unwrap_or_default();
    Id::parse(text)
        .map_err(|_| ApiError::new(ErrorCode::MalformedId, format!("{name}: id value of incorrect type: {text}")).with_fields([name]))
}

/// A member that is `true` or `false`; false where it is not given.
pub(super) fn flag(node: &Node<'_>, name: &str) -> Result<bool, ApiError> {
    let Some(value) = node.get(name).filter(|value| !value.is_null()) else { return Ok(false) };
    value.as_bool().ok_or_else(|| wrong(value, "boolean"))
}

/// A member that is text, if it is given.
pub(super) fn text<'n>(node: &'n Node<'_>, name: &str) -> Result<Option<&'n str>, ApiError> {
    node.get(name).filter(|value| !value.is_null()).map(|value| value.as_str().ok_or_else(|| wrong(value, "string"))).transpose()
}

/// A value of the wrong kind (crud-009).
fn wrong(value: &Node<'_>, kind: &str) -> ApiError {
    let (token, at) = (value.as_input().token(), value.position());
    let text = format!("Cannot deserialize instance of {kind} from {token} value at [line:{}, column:{}]", at.line, at.column);
    ApiError::routing(ErrorCode::JsonParserError, text)
}

/// What a member that must be given answers when it is not.
pub(super) fn missing(name: &str) -> ApiError {
    ApiError::new(ErrorCode::MissingArgument, format!("Missing required input parameter: {name}"))
}
