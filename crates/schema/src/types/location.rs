//! `location`: a compound of latitude and longitude; read-only as a whole.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::Value;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "location"
    }

    fn soap_type(&self) -> &'static str {
        "urn:location"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Compound
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        Err(ParseFailure::new("location", input))
    }
}
