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

/// The text as users without the right to see it read it: characters masked by the field's mask character and type
/// (`all`, `lastFour`, `creditCard`, `ssn`, `sin`, `nino`). Separators of the fixed forms stay.
pub fn masked(field: &Field, text: &str) -> String {
    let mask = match field.mask.as_deref() {
        Some(m) if m.eq_ignore_ascii_case("x") => 'X',
        _ => '*',
    };
    let count = text.chars().count();
    let shown = match field.mask_type.as_deref() {
        Some("creditCard" | "ssn" | "lastFour") => 4,
        Some("sin") => 3,
        // Of a national insurance number the first two and the last letter are shown.
        Some("nino") => {
            return text.chars().enumerate().map(|(i, c)| if i < 2 || i + 1 == count || !c.is_alphanumeric() { c } else { mask }).collect();
        }
        _ => 0,
    };
    let separators = shown > 0;
    text.chars().enumerate().map(|(i, c)| if i + shown >= count || (separators && !c.is_alphanumeric()) { c } else { mask }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldType;

    #[test]
    fn masks() {
        let mut field = Field::new("Secret__c", "Secret", FieldType::EncryptedString);
        assert_eq!(masked(&field, "abc"), "***");
        (field.mask, field.mask_type) = (Some("X".into()), Some("creditCard".into()));
        assert_eq!(masked(&field, "1234-5678-9012-3456"), "XXXX-XXXX-XXXX-3456");
        field.mask_type = Some("lastFour".into());
        assert_eq!(masked(&field, "äöü12"), "Xöü12");
    }
}
