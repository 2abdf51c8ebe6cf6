//! `reference`: the id of another record: lookup, master-detail, or polymorphic. That the record exists and is of a
//! listed object is checked by the save, which knows the catalog and the rows.

use super::{CellKind, FieldKind, Input, ParseFailure, parse_text};
use crate::field::Field;
use orglet_base::{ApiError, ErrorCode, Id, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn soap_type(&self) -> &'static str {
        "tns:ID"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Id
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("reference", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        match value {
            // What the platform writes for no record is none.
            Value::Text(t) if matches!(t.trim(), "000000000000000" | "000000000000000AAA") => Ok(Value::Null),
            Value::Text(t) => match Id::parse(t.trim()) {
                Ok(id) => Ok(Value::Id(id)),
                Err(_) => {
                    let text = format!("{}: id value of incorrect type: {t}", field.label);
                    Err(ApiError::new(ErrorCode::MalformedId, text).with_fields([&field.name]))
                }
            },
            other => Ok(other),
        }
    }
}
