//! `id`: the record's own id. Never written by users.

use super::{CellKind, FieldKind, Input, ParseFailure, parse_text};
use crate::field::Field;
use orglet_base::Value;

pub(super) struct Kind;

impl FieldKind for Kind {
    fn name(&self) -> &'static str {
        "id"
    }

    fn soap_type(&self) -> &'static str {
        "tns:ID"
    }

    fn cell_kind(&self, _field: &Field) -> CellKind {
        CellKind::Id
    }

    fn parse(&self, _field: &Field, input: Input<'_>) -> Result<Value, ParseFailure> {
        parse_text("id", input)
    }
}
