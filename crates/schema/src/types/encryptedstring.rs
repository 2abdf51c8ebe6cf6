//! `encryptedstring`: text that answers show masked to users without the right to see it.

use super::{FieldKind, Input, ParseFailure, parse_text, validate_line};
use crate::field::Field;
use orglet_base::{ApiError, Value};

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "encryptedstring"
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("encryptedstring", input)
    }

    fn validate(&self, field: &Field, value: Value) -> Result<Value, ApiError> {
        validate_line(field, value)
    }
}
