//! `picklist`: one of a list of values. Unrestricted lists take any text; restricted ones only what they list (crud-038).

use super::{FieldKind, Input, ParseFailure, parse_text, validate_line};
use crate::field::{Field, PicklistValue};
use orglet_base::{ApiError, ErrorCode, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "picklist"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("picklist", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        let value = match value {
            // The code of a place, of which the save tells with the whole address; no text is too long for it but too wrong.
            Value::Text(t) if field.place.is_some() => Value::from(t.trim()),
            value => validate_line(field, value)?,
        };
        match &value {
            Value::Text(t) => match find(field, t) {
                Some(known) => Ok(Value::Text(known.value.clone())),
                None if field.place.is_some() => Ok(value),
                None if field.restricted_picklist && !field.picklist.is_empty() => Err(bad_value(field, t)),
                None => Ok(value),
            },
            _ => Ok(value),
        }
    }
}

/// An active value by its API name, in any case.
pub(super) fn find<'a>(field: &'a Field, text: &str) -> Option<&'a PicklistValue> {
    field.picklist.iter().find(|v| v.active && (v.value == text || orglet_base::fold(&v.value) == orglet_base::fold(text)))
}

/// The refusal of a restricted list.
pub(super) fn bad_value(field: &Field, shown: &str) -> ApiError {
    let text = format!("{}: bad value for restricted picklist field: {shown}", field.label);
    ApiError::new(ErrorCode::InvalidOrNullForRestrictedPicklist, text).with_fields([&field.name])
}
