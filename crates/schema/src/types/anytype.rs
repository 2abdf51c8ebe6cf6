//! `anyType`: a value whose type varies by row (old and new values of histories); never written.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::Value;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "anyType"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:anyType"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Text
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        Err(ParseFailure::new("anyType", input))
    }
}
