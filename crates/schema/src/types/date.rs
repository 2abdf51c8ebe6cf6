//! `date`: a calendar date, without a zone.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::{Value, time};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "date"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:date"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Date
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        match input {
            Input::Null | Input::Text("") => Ok(Value::Null),
            Input::Text(t) => time::parse_date(t).map(Value::Date).ok_or_else(|| ParseFailure::new("date", input)),
            _ => Err(ParseFailure::new("date", input)),
        }
    }
}
