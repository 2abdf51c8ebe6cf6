//! `currency`: an amount of money in the org's currency.

use super::{CellKind, FieldKind, Input, ParseFailure, number};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "currency"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:double"
    }

    fn cell_kind(&self, field: &Field) -> CellKind {
        CellKind::Decimal(field.scale)
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        number::parse("currency", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        number::validate(field, value)
    }
}
