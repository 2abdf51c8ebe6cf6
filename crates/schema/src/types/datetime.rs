//! `datetime`: an instant, stored in UTC and cut to whole seconds.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::{ApiError, DateTime, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "datetime"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:dateTime"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::DateTime
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        match input {
            Input::Null | Input::Text("") => Ok(Value::Null),
            Input::Text(t) => DateTime::parse(t).map(Value::DateTime).ok_or_else(|| ParseFailure::new("datetime", input)),
            _ => Err(ParseFailure::new("datetime", input)),
        }
    }

    fn validate(&self, _field: &Field, value: Value) -> Result<Value, ApiError> {
        Ok(match value {
            Value::DateTime(t) => Value::DateTime(t.truncate_to_second()),
            other => other,
        })
    }
}
