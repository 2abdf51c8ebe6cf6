//! `address`: a compound of street, city, state, postal code, country, latitude, longitude and accuracy; read-only as a whole.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use orglet_base::Value;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "address"
    }

    fn soap_type(&self) -> &'static str {
        "urn:address"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Compound
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        Err(ParseFailure::new("address", input))
    }
}
