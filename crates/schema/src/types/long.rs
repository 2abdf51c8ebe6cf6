//! `long`: a whole number of up to 18 digits.

use super::{CellKind, FieldKind, Input, ParseFailure, number};
use crate::field::Field;
use orglet_base::{ApiError, Value};
use rust_decimal::prelude::ToPrimitive;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "long"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:long"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Int
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        match number::parse("long", input)? {
            Value::Decimal(d) if d.fract().is_zero() => Ok(d.to_i64().map_or_else(|| Value::Text(d.to_string()), Value::Int)),
            Value::Decimal(_) => Err(ParseFailure::new("long", input)),
            other => Ok(other),
        }
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        let digits = if field.digits == 0 { 18 } else { u32::from(field.digits) };
        match &value {
            Value::Int(n) if n.unsigned_abs() >= 10u64.pow(digits.min(18)) => Err(number::out_of_range(field, &n.to_string())),
            Value::Text(t) => Err(number::out_of_range(field, t)),
            _ => Ok(value),
        }
    }
}
