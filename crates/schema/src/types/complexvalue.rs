//! `complexvalue`: a structure of the platform's own (event headers); never written.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::Value;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "complexvalue"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:anyType"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Compound
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        Err(ParseFailure::new("complexvalue", input))
    }
}
