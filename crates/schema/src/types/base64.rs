//! `base64`: bytes. Requests carry them as base64 text; answers show an address in their stead.

use super::{CellKind, FieldKind, Input, ParseFailure};
use crate::field::Field;
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use orglet_base::Value;

pub(super) struct Kind;

/// Padding may be missing: encoders differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "base64"
    }

    fn soap_type(&self) -> &'static str {
        "xsd:base64Binary"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Blob
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        match input {
            Input::Null | Input::Text("") => Ok(Value::Null),
            Input::Text(t) => {
                let compact: String = t.chars().filter(|c| !c.is_ascii_whitespace()).collect();
                LENIENT
                    .decode(compact)
                    .map(Value::Blob)
                    .map_err(|_| ParseFailure { value: "…".into(), ..ParseFailure::new("base64", input) })
            }
            _ => Err(ParseFailure::new("base64", input)),
        }
    }
}
