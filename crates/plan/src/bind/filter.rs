//! WHERE and HAVING.

use super::Binder;
use super::compare::{Form, Operand};
use super::group::Group;
use super::path::{Found, Scope};
use crate::emit::Sql;
use orglet_base::{ApiError, ErrorCode};
use orglet_schema::{CellKind, FieldType};
use orglet_syntax::ast::{Call, Condition, Expr, InSet, Span};

/// Where a condition stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// In the WHERE of the main query.
    pub main: bool,
    /// Inside parentheses or NOT.
    pub nested: bool,
    /// Under OR.
    pub or: bool,
}

/// Binds the conditions of a WHERE, or of a HAVING where `group` is given.
pub(super) struct Conditions<'b, 'a, 's> {
    pub binder: &'b mut Binder<'a>,
    pub scope: &'s mut Scope,
    pub group: Option<&'s mut Group>,
}

impl Conditions<'_, '_, '_> {
    pub(super) fn bind(&mut self, condition: &Condition, place: Place) -> Result<Sql, ApiError> {
        match condition {
            Condition::And(all) => self.several(all, true, place),
            Condition::Or(all) => self.several(all, false, Place { or: true, ..place }),
            Condition::Not(inner, _) => {
                let inner = self.bind(inner, Place { nested: true, ..place })?;
                Ok(self.binder.emit.negate(&inner))
            }
            // Parentheses around a semi-join alone change nothing.
            Condition::Group(inner) => {
                let alone = matches!(**inner, Condition::In { .. } | Condition::Group(_));
                self.bind(inner, Place { nested: place.nested || !alone, ..place })
            }
            Condition::Compare { left, op, right, right_span, .. } => {
                let operand = self.operand(left)?;
                self.binder.compare(&operand, *op, right, *right_span)
            }
            Condition::In { left, negated, set: InSet::Literals(literals), .. } => {
                let operand = self.operand(left)?;
                self.binder.in_literals(&operand, *negated, literals)
            }
            Condition::In { left, negated, set: InSet::Query(query), .. } => {
                self.binder.semi_join(self.scope, left, *negated, query, place)
            }
            Condition::Includes { left, negated, values, .. } => {
                let operand = self.operand(left)?;
                self.binder.includes(&operand, *negated, values)
            }
        }
    }

    fn several(&mut self, all: &[Condition], and: bool, place: Place) -> Result<Sql, ApiError> {
        let bound = all.iter().map(|c| self.bind(c, place)).collect::<Result<Vec<_>, _>>()?;
        Ok(self.binder.emit.all(bound, and))
    }

    fn operand(&mut self, expr: &Expr) -> Result<Operand, ApiError> {
        if let Some(group) = self.group.as_deref_mut() {
            return self.binder.group_operand(self.scope, group, expr);
        }
        match expr {
            Expr::Path(path) => {
                let found = self.binder.resolve(self.scope, path)?;
                self.binder.check_filterable(&found, path.span)?;
                Ok(plain(&found, path.span))
            }
            Expr::Call(call) => self.call(call),
        }
    }

    fn call(&mut self, call: &Call) -> Result<Operand, ApiError> {
        let binder = &mut *self.binder;
        if let Some(date) = binder.date_call(self.scope, call)? {
            binder.check_filterable(&date.found, call.span)?;
            let (kind, ty) = date.kind();
            let sql = binder.emit.date_part(date.part, &date.value, date.found.kind);
            let name = date.found.name.clone();
            return Ok(Operand { sql, kind, ty, fold: false, name, span: call.span, field: None, computed: true, form: Form::Plain });
        }
        match call.name.text.to_ascii_uppercase().as_str() {
            "DISTANCE" => {
                let sql = binder.distance(self.scope, call)?;
                let (kind, ty) = (CellKind::Decimal(0), FieldType::Double);
                let name = "DISTANCE".to_owned();
                Ok(Operand { sql, kind, ty, fold: false, name, span: call.span, field: None, computed: true, form: Form::Real })
            }
            "TOLABEL" => {
                let path = binder.only_path(call)?;
                let found = binder.resolve(self.scope, path)?;
                binder.check_filterable(&found, path.span)?;
                binder.check_label(&found, call.span)?;
                if let Some(text) = found.text_of_state(path) {
                    let label = binder.resolve(self.scope, &text)?;
                    return Ok(Operand { name: found.name, ..plain(&label, call.span) });
                }
                let listed = found.field().is_some_and(|f| f.ty == FieldType::Picklist);
                let form = if listed { Form::Label } else { Form::Plain };
                Ok(Operand { form, ..plain(&found, call.span) })
            }
            _ if super::functions::Aggregate::named(&call.name.text).is_some() => {
                Err(binder.cx.malformed(call.span, "aggregate functions are not allowed in the WHERE clause"))
            }
            _ => Err(binder.cx.malformed(call.span, format!("function '{}' can not be used in a filter", call.name.text))),
        }
    }
}

/// A field as an operand.
pub(super) fn plain(found: &Found, span: Span) -> Operand {
    Operand {
        sql: found.sql.clone(),
        kind: found.kind,
        ty: found.ty,
        fold: found.folds(),
        name: found.name.clone(),
        span,
        field: found.field.clone(),
        computed: false,
        form: Form::Plain,
    }
}

impl Binder<'_> {
    /// Whether a field may be filtered by.
    pub(super) fn check_filterable(&self, found: &Found, span: Span) -> Result<(), ApiError> {
        let Some(field) = found.field() else { return Ok(()) };
        let text = match field.ty {
            FieldType::Address => "Address fields can only be filtered using Distance expressions".to_owned(),
            FieldType::Location => "Geolocation fields can only be filtered using Distance expressions".to_owned(),
            _ if field.filterable && field.has_column() && found.kind != CellKind::Blob => return Ok(()),
            _ => format!("field '{}' can not be filtered in a query call", field.name),
        };
        Err(self.cx.at(ErrorCode::InvalidField, span, text))
    }

    /// Whether toLabel() knows a field.
    pub(super) fn check_label(&self, found: &Found, span: Span) -> Result<(), ApiError> {
        let fits = found.kind == CellKind::Text && found.field().is_none_or(|f| f.has_column());
        if fits { Ok(()) } else { Err(self.cx.malformed(span, format!("field {} does not support function toLabel", found.name))) }
    }
}
