//! FIELDS().

use super::path::{Base, Found, Scope};
use super::{Binder, FIELDS_ROWS};
use crate::compat;
use orglet_base::{ApiError, ErrorCode};
use orglet_schema::FieldType;
use orglet_syntax::ast::{CompareOp, Condition, Expr, FieldSet, InSet, Literal, Query, Span};

impl Binder<'_> {
    /// The fields that FIELDS() stands for.
    pub(super) fn expand(&mut self, scope: &mut Scope, query: &Query, set: FieldSet, span: Span) -> Result<Vec<Found>, ApiError> {
        let cx = self.cx;
        if !compat::has_fields_function(cx.version) {
            let text = "The SOQL FIELDS function is not supported in this version of the API";
            return Err(cx.at(ErrorCode::UnsupportedApiVersion, span, text).with_status(400));
        }
        let bounded = set == FieldSet::Standard
            || query.limit.is_some_and(|l| l.value <= FIELDS_ROWS)
            || query.filter.as_ref().is_some_and(|f| ids(f).is_some_and(|n| n as u64 <= FIELDS_ROWS));
        if !bounded {
            let text = "The SOQL FIELDS function must have a LIMIT of at most 200";
            return Err(ApiError::new(ErrorCode::MalformedQuery, text));
        }
        self.unbounded_fields |= set != FieldSet::Standard;
        let root = scope.root.clone();
        let wanted = root.fields().iter().enumerate().filter(|(_, f)| {
            let in_set = match set {
                FieldSet::All => true,
                FieldSet::Standard => !f.custom,
                FieldSet::Custom => f.custom,
            };
            in_set && f.ty != FieldType::ComplexValue && cx.access.reads_field(&root, f)
        });
        let mut found = Vec::new();
        for (i, f) in wanted {
            found.push(Found {
                sql: self.value(scope, 0, &root, f),
                kind: f.cell_kind(),
                ty: f.ty,
                name: f.name.clone(),
                base: Base::Table(0, root.clone()),
                steps: Vec::new(),
                field: Some((root.clone(), i)),
            });
        }
        if found.is_empty() {
            let text = "'FIELDS(...)' expansion function must result in at least one field being selected.";
            return Err(ApiError::new(ErrorCode::MalformedQuery, text));
        }
        Ok(found)
    }
}

/// How many Ids a condition allows, if it names them.
fn ids(condition: &Condition) -> Option<usize> {
    let is_id = |expr: &Expr| matches!(expr, Expr::Path(p) if p.segments.last().is_some_and(|s| s.text.eq_ignore_ascii_case("Id")) && p.segments.len() == 1);
    match condition {
        Condition::Group(inner) => ids(inner),
        Condition::Compare { left, op: CompareOp::Eq, right: Literal::String { .. }, .. } if is_id(left) => Some(1),
        Condition::In { left, negated: false, set: InSet::Literals(list), .. } if is_id(left) => Some(list.len()),
        Condition::Or(all) => all.iter().map(ids).sum(),
        Condition::And(all) => all.iter().filter_map(ids).min(),
        _ => None,
    }
}
