//! `string`: a line of text.

use super::{FieldKind, Input, ParseFailure, parse_text, validate_line};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "string"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("string", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        validate_line(field, value)
    }
}
