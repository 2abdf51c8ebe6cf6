//! `email`: an address of the shape `local@host.domain` (crud-036).

use super::{FieldKind, Input, ParseFailure, parse_text, validate_line};
use crate::field::Field;
use orglet_base::{ApiError, ErrorCode, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "email"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("email", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        let value = validate_line(field, value)?;
        match &value {
            Value::Text(t) if !is_address(t) => {
                let text = format!("{}: invalid email address: {t}", field.label);
                Err(ApiError::new(ErrorCode::InvalidEmailAddress, text).with_fields([&field.name]))
            }
            _ => Ok(value),
        }
    }
}

/// One `@`, a local part of the characters that the vendor's help lists, and a host with a dot.
fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.rsplit_once('@') else { return false };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*/=?^_+-`{|}~.".contains(c));
    let labels: Vec<&str> = host.split('.').collect();
    let host_ok = labels.len() >= 2
        && labels
            .iter()
            .all(|l| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-') && l.chars().all(|c| c.is_alphanumeric() || c == '-'));
    local_ok && host_ok
}
