//! `textarea`: text of several lines: plain, long, or rich (`htmlFormatted`). Line ends and blanks are kept.

use super::{FieldKind, Input, ParseFailure, parse_text, validate_length};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "textarea"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("textarea", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        validate_length(field, value)
    }
}
