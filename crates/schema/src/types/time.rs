//! `time`: a time of day in milliseconds.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::{Time, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "time"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:time"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Time
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        match input {
            Input::Null | Input::Text("") => Ok(Value::Null),
            Input::Text(t) => Time::parse(t).map(Value::Time).ok_or_else(|| ParseFailure::new("time", input)),
            _ => Err(ParseFailure::new("time", input)),
        }
    }
}
