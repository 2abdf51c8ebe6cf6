//! Semi-joins and anti-joins.

use super::Binder;
use super::filter::{Conditions, Place};
use super::path::{Found, Scope};
use super::restricted::refusal;
use super::select::full_name;
use crate::emit::sql;
use crate::emit::{RecordSql, Sql};
use orglet_base::ApiError;
use orglet_schema::{CellKind, FieldType};
use orglet_syntax::ast::{Expr, Query, SelectItem};

/// Objects that no semi-join may select from.
const NOT_INNER: &[&str] = &["ActivityHistory", "Attachment", "Event", "EventAttendee", "Note", "OpenActivity", "Task"];

impl Binder<'_> {
    /// `left [NOT] IN (SELECT …)`.
    pub(super) fn semi_join(
        &mut self,
        scope: &mut Scope,
        left: &Expr,
        negated: bool,
        query: &Query,
        place: Place,
    ) -> Result<Sql, ApiError> {
        let cx = self.cx;
        if scope.prefix() != 't' {
            return Err(cx.malformed(left.span(), "Nesting of semi join sub-selects is not supported"));
        }
        if place.nested || !place.main {
            let text = "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.";
            return Err(cx.malformed(left.span(), text));
        }
        if place.or {
            return Err(cx.malformed(left.span(), "Semi join sub-selects are not allowed with the 'OR' operator"));
        }
        self.semi_joins += 1;
        if self.semi_joins > 2 {
            return Err(cx.malformed(left.span(), "Maximum 2 semi join sub-selects are allowed"));
        }
        let Expr::Path(path) = left else {
            return Err(cx.malformed(left.span(), "The left operand of a semi join must be an id field"));
        };
        let outer = self.resolve(scope, path)?;
        self.check_filterable(&outer, path.span)?;
        if !outer.steps.is_empty() {
            let text = format!("The left operand '{}' cannot have more than one level of relationships", full_name(&outer));
            return Err(cx.malformed(path.span, text));
        }
        if outer.kind != CellKind::Id {
            let text = format!("The left operand of a semi join must be an id field of the queried object, cannot use: '{}'", outer.name);
            return Err(cx.malformed(path.span, text));
        }

        let from = query.from.first();
        let (Some(from), 1) = (from, query.from.len()) else {
            return Err(cx.malformed(query.span, "A semi join sub-select has exactly one object"));
        };
        let name = super::dotted(&from.path.segments);
        let root = self.object(&name, from.path.span, query)?;
        if root.name == scope.root.name {
            return Err(cx.malformed(left.span(), "The inner and outer selects should not be on the same object type"));
        }
        if NOT_INNER.contains(&root.name.as_str()) {
            let text = format!("Entity '{}' is not supported for semi join inner selects", root.name);
            return Err(cx.malformed(from.path.span, text));
        }
        let illegal = [
            (query.group_by.is_some(), "GROUP"),
            (!query.order_by.is_empty(), "ORDER"),
            (query.limit.is_some(), "LIMIT"),
            (query.offset.is_some(), "OFFSET"),
            (query.having.is_some(), "HAVING"),
            (query.for_clause.is_some(), "FOR"),
            (query.scope.is_some(), "USING"),
            (!query.with.is_empty(), "WITH"),
            (!query.update.is_empty(), "UPDATE"),
        ];
        if let Some((_, word)) = illegal.iter().find(|(there, _)| *there) {
            return Err(cx.malformed(query.span, format!("missing value at '{word}'")));
        }
        let [SelectItem::Expr { expr, alias: None }] = query.select.as_slice() else {
            return Err(cx.malformed(query.span, "semi join sub selects can only query one id field"));
        };
        let Expr::Path(selected) = expr else {
            return Err(cx.malformed(expr.span(), "semi join sub selects can only query id fields"));
        };
        let prefix = if self.semi_joins == 1 { 's' } else { 'u' };
        let mut inner = self.open(root, prefix, from.alias.as_ref(), None)?;
        let column = self.resolve(&mut inner, selected)?;
        if !column.steps.is_empty() {
            let text = format!("The inner select field '{}' cannot have more than one level of relationships", full_name(&column));
            return Err(cx.malformed(selected.span, text));
        }
        if column.kind != CellKind::Id {
            let text = format!("semi join sub selects can only query id fields, cannot use: '{}'", column.name);
            return Err(cx.malformed(selected.span, text));
        }
        let (ours, theirs) = (self.points_to(&outer), self.points_to(&column));
        if !ours.iter().any(|o| theirs.contains(o)) {
            let text = format!(
                "The selected field '{}' in the subquery and the left operand field in the where expression in the outer query '{}' should \
                 point to the same object type",
                column.name, outer.name
            );
            return Err(cx.malformed(left.span(), text));
        }
        let mut filter: Vec<Sql> = self.row_filter(&inner).into_iter().collect();
        if let Some(condition) = &query.filter {
            let place = Place { main: false, nested: false, or: false };
            filter.push(Conditions { binder: self, scope: &mut inner, group: None }.bind(condition, place)?);
        }
        self.reify(&inner, query)?;
        if let Some(refused) = refusal(&inner.root.name, query) {
            return Err(refused);
        }
        let filter = if filter.is_empty() { None } else { Some(self.emit.all(filter, true)) };
        let mut select = RecordSql {
            dialect: cx.dialect,
            joins: inner.joins,
            key: column.sql.clone(),
            columns: vec![column.sql],
            filter,
            order: Vec::new(),
        }
        .unordered();
        // The tables of the sub-select are its own.
        select.tables = 0;
        let found = sql![outer.sql, " IN (", select, ")"];
        Ok(if negated { self.emit.negate(&found) } else { found })
    }

    /// The objects that an id or reference names.
    fn points_to(&self, found: &Found) -> Vec<String> {
        match (&found.field, found.ty) {
            (Some((object, _)), FieldType::Id) => vec![object.name.clone()],
            _ => found.field().map(|f| f.reference_to.clone()).unwrap_or_default(),
        }
    }
}
