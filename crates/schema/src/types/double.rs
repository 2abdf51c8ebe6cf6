//! `double`: a number, exact to its precision and scale.

use super::{CellKind, FieldKind, Input, ParseFailure, number};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "double"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:double"
    }

    fn cell_kind(&self, field: &Field) -> CellKind {
        CellKind::Decimal(field.scale)
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        number::parse("double", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        number::validate(field, value)
    }
}
