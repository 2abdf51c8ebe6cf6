//! `boolean`: a checkbox. There is no null: it reads as false.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::Value;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "boolean"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:boolean"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Bool
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        match input {
            Input::Null | Input::Text("") => Ok(Value::Bool(false)),
            Input::Bool(b) => Ok(Value::Bool(b)),
            // XML has only text, and clients that read CSV files send it in JSON too.
            Input::Text(t) if t.eq_ignore_ascii_case("true") || t == "1" => Ok(Value::Bool(true)),
            Input::Text(t) if t.eq_ignore_ascii_case("false") || t == "0" => Ok(Value::Bool(false)),
            _ => Err(ParseFailure::new("boolean", input)),
        }
    }
}
