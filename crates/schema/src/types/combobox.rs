//! `combobox`: a line of text with suggested values.

use super::{FieldKind, Input, ParseFailure, parse_text, validate_line};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "combobox"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("combobox", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        validate_line(field, value)
    }
}
