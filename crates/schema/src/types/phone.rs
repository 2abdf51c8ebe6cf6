//! `phone`: a phone number; kept as typed.

use super::{FieldKind, Input, ParseFailure, parse_text, validate_line};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "phone"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("phone", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        validate_line(field, value)
    }
}
