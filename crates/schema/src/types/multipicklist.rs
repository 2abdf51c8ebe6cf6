//! `multipicklist`: several of a list of values, joined by `;`, kept in the list's order.

use super::{FieldKind, Input, ParseFailure, parse_text, picklist, validate_length};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "multipicklist"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("multipicklist", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        let Value::Text(text) = value else { return Ok(value) };
        let mut chosen: Vec<(usize, String)> = Vec::new();
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let known = field.picklist.iter().position(|v| v.active && orglet_base::fold(&v.value) == orglet_base::fold(part));
            let entry = match known {
                Some(at) => (at, field.picklist[at].value.clone()),
                None if field.restricted_picklist && !field.picklist.is_empty() => return Err(picklist::bad_value(field, part)),
                None => (field.picklist.len(), part.to_owned()),
            };
            if !chosen.iter().any(|(_, have)| *have == entry.1) {
                chosen.push(entry);
            }
        }
        chosen.sort_by_key(|(at, _)| *at);
        let joined = chosen.iter().map(|(_, v)| v.as_str()).collect::<Vec<_>>().join(";");
        validate_length(field, Value::from(joined))
    }
}
