//! Aggregates and GROUP BY.

use super::Binder;
use super::compare::{Form, Operand};
use super::filter::{Conditions, Place};
use super::functions::Aggregate;
use super::path::{Found, Scope};
use super::select::full_name;
use crate::emit::{AggregateSql, OrderKey, Sql, all_sets, rollup_sets, sql};
use crate::plan::{AggregatePlan, Node, OutKind};
use orglet_base::{ApiError, Name};
use orglet_schema::{CellKind, FieldType, Object};
use orglet_syntax::ast::{Arg, Call, Expr, GroupKind, Ident, Query, SelectItem, Span};
use std::sync::Arc;

/// The grouping of a query: what it groups by and aggregates.
pub(super) struct Group {
    keys: Vec<Key>,
    args: Vec<Sql>,
    /// ROLLUP or CUBE.
    sets: bool,
}

struct Key {
    sql: Sql,
    fold: bool,
    kind: CellKind,
    ty: FieldType,
    /// The field itself, or a function of it.
    plain: bool,
    found: Found,
}

/// A value of a group, in terms of the grouped query.
struct Value {
    /// As it is selected.
    select: Sql,
    /// As it is compared and ordered.
    compare: Sql,
    out: OutKind,
    kind: CellKind,
    ty: FieldType,
    fold: bool,
    form: Form,
    name: String,
    source: Option<(Arc<Object>, usize)>,
    /// A function: named `exprN` unless it has an alias.
    computed: bool,
    /// Values of a picklist by whose order it is ordered.
    rank: Option<Vec<String>>,
}

impl Group {
    fn arg(&mut self, value: Sql) -> String {
        let at = self.args.iter().position(|a| *a == value).unwrap_or_else(|| {
            self.args.push(value);
            self.args.len() - 1
        });
        format!("s.a{at}")
    }

    fn plain(&self, value: &Sql) -> Option<usize> {
        self.keys.iter().position(|k| k.plain && k.sql == *value)
    }
}

impl Binder<'_> {
    /// A query with aggregates or GROUP BY.
    pub(super) fn aggregate_plan(&mut self, scope: &mut Scope, query: &Query) -> Result<AggregatePlan, ApiError> {
        let cx = self.cx;
        let mut group = self.keys(scope, query)?;
        if group.keys.is_empty() {
            if let Some(limit) = &query.limit {
                let text = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT";
                return Err(cx.malformed(limit.span, text));
            }
            if let Some(offset) = &query.offset {
                let text = "Non-grouped query that uses overall aggregate functions cannot also use OFFSET";
                return Err(cx.malformed(offset.span, text));
            }
        }
        if let Some((_, span)) = query.for_clause {
            return Err(cx.malformed(span, "FOR VIEW and FOR REFERENCE are not allowed in an aggregate query"));
        }
        let (mut outs, mut shape): (Vec<Sql>, Vec<Node>) = (Vec::new(), Vec::new());
        let mut unnamed = 0;
        for item in &query.select {
            let (value, alias, span) = self.grouped_item(scope, &mut group, query, item)?;
            let name = match alias {
                Some(alias) => alias.text.clone(),
                None if value.computed => {
                    unnamed += 1;
                    format!("expr{}", unnamed - 1)
                }
                None => value.name,
            };
            if shape.iter().any(|n| n.name().eq_ignore_ascii_case(&name)) {
                return Err(cx.malformed(alias.map_or(span, |a| a.span), format!("duplicate alias: {name}")));
            }
            shape.push(Node::Value { name: Name::new(&name), column: outs.len(), kind: value.out, source: value.source });
            outs.push(value.select);
        }
        let filter = self.filter(scope, query, true)?;
        let having = match &query.having {
            Some(condition) => {
                let place = Place { main: false, nested: false, or: false };
                Some(Conditions { binder: self, scope, group: Some(&mut group) }.bind(condition, place)?)
            }
            None => None,
        };
        let order = self.grouped_order(scope, &mut group, query)?;
        let kind = query.group_by.as_ref().map_or(GroupKind::Plain, |g| g.kind);
        let sets = match kind {
            GroupKind::Plain => Vec::new(),
            GroupKind::Rollup => rollup_sets(group.keys.len()),
            GroupKind::Cube => all_sets(group.keys.len()),
        };
        let keys = group.keys.into_iter().map(|k| (k.sql, k.fold)).collect();
        let joins = std::mem::take(&mut scope.joins);
        let sql = AggregateSql { dialect: cx.dialect, joins, filter, keys, args: group.args, outs, having, order, sets };
        Ok(AggregatePlan { shape, limit: query.limit.map(|l| l.value), offset: query.offset.map_or(0, |o| o.value), sql })
    }

    fn keys(&mut self, scope: &mut Scope, query: &Query) -> Result<Group, ApiError> {
        let mut group = Group { keys: Vec::new(), args: Vec::new(), sets: false };
        let Some(by) = &query.group_by else { return Ok(group) };
        group.sets = by.kind != GroupKind::Plain;
        if group.sets && by.items.len() > 3 {
            return Err(self.cx.malformed(query.span, "GROUP BY ROLLUP and CUBE take three fields at most"));
        }
        for item in &by.items {
            let key = match item {
                Expr::Path(path) => {
                    let found = self.resolve(scope, path)?;
                    if !found.groupable() {
                        let text = format!("field '{}' can not be grouped in a query call", found.name);
                        return Err(self.cx.malformed(path.span, text));
                    }
                    Key { sql: found.sql.clone(), fold: found.folds(), kind: found.kind, ty: found.ty, plain: true, found }
                }
                Expr::Call(call) => {
                    let Some(date) = self.date_call(scope, call)? else {
                        let text = format!("function '{}' can not be used in GROUP BY", call.name.text);
                        return Err(self.cx.malformed(call.span, text));
                    };
                    let (kind, ty) = date.kind();
                    let sql = self.emit.date_part(date.part, &date.value, date.found.kind);
                    Key { sql, fold: false, kind, ty, plain: false, found: date.found }
                }
            };
            if group.keys.iter().any(|k| k.sql == key.sql) {
                return Err(self.cx.malformed(item.span(), format!("duplicate grouping expression: {}", full_name(&key.found))));
            }
            group.keys.push(key);
        }
        Ok(group)
    }

    fn grouped_item<'q>(
        &mut self,
        scope: &mut Scope,
        group: &mut Group,
        query: &Query,
        item: &'q SelectItem,
    ) -> Result<(Value, Option<&'q Ident>, Span), ApiError> {
        let cx = self.cx;
        match item {
            SelectItem::Expr { expr, alias } => {
                let value = self.group_value(scope, group, expr)?;
                Ok((value.map_err(|field| self.not_grouped(&field, expr.span()))?, alias.as_ref(), expr.span()))
            }
            SelectItem::Fields(set, span) => {
                let fields = self.expand(scope, query, *set, *span)?;
                let first = fields.iter().find(|f| group.plain(&f.sql).is_none()).or(fields.first());
                Err(self.not_grouped(first.map_or("FIELDS", |f| &f.name), *span))
            }
            SelectItem::Count(span) => Err(cx.malformed(*span, "COUNT() must be the only element of the SELECT list")),
            SelectItem::Child(child, _) => Err(cx.malformed(child.span, "A grouped or aggregate query can not have child sub-queries")),
            SelectItem::TypeOf { span, .. } => Err(cx.malformed(*span, "TYPEOF can not be used in a grouped or aggregate query")),
        }
    }

    fn not_grouped(&self, field: &str, span: Span) -> ApiError {
        self.cx.malformed(span, format!("Field must be grouped or aggregated: {field}"))
    }

    fn grouped_order(&mut self, scope: &mut Scope, group: &mut Group, query: &Query) -> Result<Vec<OrderKey>, ApiError> {
        let mut keys = Vec::new();
        for item in &query.order_by {
            let value = self
                .group_value(scope, group, &item.expr)?
                .map_err(|field| self.cx.malformed(item.expr.span(), format!("Ordered field must be grouped or aggregated: {field}")))?;
            let key = |sql, fold| OrderKey { sql, fold, descending: item.descending, nulls_first: item.nulls_first };
            if let Some(list) = value.rank {
                keys.push(key(self.emit.rank(&value.compare, list), false));
            }
            let compare = match &value.form {
                Form::Average(count) => self.emit.average_order(&value.compare, count),
                _ => value.compare,
            };
            keys.push(key(compare, value.fold));
        }
        Ok(keys)
    }

    /// The left side of a condition of HAVING.
    pub(super) fn group_operand(&mut self, scope: &mut Scope, group: &mut Group, expr: &Expr) -> Result<Operand, ApiError> {
        let value = self.group_value(scope, group, expr)?;
        let value = value.map_err(|field| self.not_grouped(&field, expr.span()))?;
        Ok(Operand {
            sql: value.compare,
            kind: value.kind,
            ty: value.ty,
            fold: value.fold,
            name: value.name,
            span: expr.span(),
            field: None,
            computed: value.computed,
            form: value.form,
        })
    }

    /// A value of a group; the name of the field if it is not grouped.
    fn group_value(&mut self, scope: &mut Scope, group: &mut Group, expr: &Expr) -> Result<Result<Value, String>, ApiError> {
        let call = match expr {
            Expr::Path(path) => {
                let found = self.resolve(scope, path)?;
                return Ok(match group.plain(&found.sql) {
                    Some(at) => Ok(self.key_value(group, at)),
                    None => Err(full_name(&found)),
                });
            }
            Expr::Call(call) => call,
        };
        if let Some(function) = Aggregate::named(&call.name.text) {
            return self.aggregate(scope, group, function, call).map(Ok);
        }
        match call.name.text.to_ascii_uppercase().as_str() {
            "GROUPING" => {
                let path = self.only_path(call)?;
                let found = self.resolve(scope, path)?;
                let Some(at) = group.plain(&found.sql) else { return Ok(Err(full_name(&found))) };
                if !group.sets {
                    return Err(self.cx.malformed(call.span, "GROUPING() needs GROUP BY ROLLUP or GROUP BY CUBE"));
                }
                let flag = sql![format!("MIN(s.r{at})")];
                return Ok(Ok(Value::computed(
                    flag.clone(),
                    flag,
                    OutKind::Cell(CellKind::Int),
                    CellKind::Int,
                    FieldType::Int,
                    "GROUPING",
                )));
            }
            "TOLABEL" => {
                let path = self.only_path(call)?;
                let found = self.resolve(scope, path)?;
                self.check_label(&found, call.span)?;
                if found.text_of_state(path).is_some() {
                    // What a group of codes is called takes the country, which may not be grouped by.
                    return Err(self.cx.malformed(call.span, format!("field {} does not support function toLabel in a group", found.name)));
                }
                let Some(at) = group.plain(&found.sql) else { return Ok(Err(full_name(&found))) };
                let value = self.key_value(group, at);
                return Ok(Ok(Value { out: OutKind::Label(found.kind), ..value }));
            }
            "FORMAT" => {
                let [Arg::Expr(inner)] = call.args.as_slice() else {
                    return Err(self.cx.malformed(call.span, "FORMAT takes one field or aggregate"));
                };
                let value = self.group_value(scope, group, inner)?;
                return Ok(value.map(|v| Value { out: OutKind::Formatted(Box::new(v.out), v.ty), computed: true, ..v }));
            }
            "CONVERTCURRENCY" => {
                return Err(self.cx.malformed(call.span, "convertCurrency() can not be combined with aggregate functions"));
            }
            _ => {}
        }
        let Some(date) = self.date_call(scope, call)? else {
            return Err(self.cx.malformed(call.span, format!("function '{}' is not known", call.name.text)));
        };
        let (kind, ty) = date.kind();
        let whole = self.emit.date_part(date.part, &date.value, date.found.kind);
        let of_group = match group.keys.iter().position(|k| !k.plain && k.sql == whole) {
            Some(at) => sql![format!("s.g{at}")],
            // A date that is grouped by itself determines its parts.
            None => match group.plain(&date.value).filter(|_| date.found.kind == CellKind::Date) {
                Some(at) => self.emit.date_part(date.part, &sql![format!("s.g{at}")], date.found.kind),
                None => return Ok(Err(full_name(&date.found))),
            },
        };
        Ok(Ok(Value::computed(of_group.clone(), of_group, OutKind::Cell(kind), kind, ty, &date.found.name)))
    }

    fn key_value(&self, group: &Group, at: usize) -> Value {
        let key = &group.keys[at];
        let shown = sql![format!("s.g{at}")];
        // Of several spellings that fold to the same, one is shown, always the same.
        let select = if key.fold { sql!["MIN(", shown, ")"] } else { shown.clone() };
        let compare = self.emit.group_key(at, key.fold);
        Value {
            select,
            compare,
            out: OutKind::Cell(key.kind),
            kind: key.kind,
            ty: key.ty,
            fold: key.fold,
            form: Form::Plain,
            name: key.found.name.clone(),
            source: key.found.field.clone(),
            computed: false,
            rank: key.found.picklist(),
        }
    }

    fn aggregate(&mut self, scope: &mut Scope, group: &mut Group, function: Aggregate, call: &Call) -> Result<Value, ApiError> {
        let path = self.only_path(call)?;
        let found = self.resolve(scope, path)?;
        let numeric = matches!(found.kind, CellKind::Int | CellKind::Decimal(_));
        let fits = found.field().is_none_or(|f| f.aggregatable && f.has_column())
            && found.kind != CellKind::Bool
            && (numeric || !matches!(function, Aggregate::Sum | Aggregate::Avg));
        if !fits {
            let text = format!("field {} does not support aggregate operator {}", found.name, function.name());
            return Err(self.cx.malformed(call.span, text));
        }
        // Ids alone are refused: counting the field that is grouped by is how people look for duplicates.
        if found.ty == FieldType::Id && group.plain(&found.sql).is_some() {
            let text = format!("Grouped field should not be aggregated: {}", full_name(&found));
            return Err(self.cx.malformed(call.span, text));
        }
        let scale = if let CellKind::Decimal(scale) = found.kind { scale } else { 0 };
        let whole = |sql: Sql| Value::computed(sql.clone(), sql, OutKind::Cell(CellKind::Int), CellKind::Int, FieldType::Int, &found.name);
        Ok(match function {
            Aggregate::Count => whole(sql!["COUNT(", group.arg(found.sql.clone()), ")"]),
            Aggregate::CountDistinct => {
                let arg = self.emit.folded(&sql![group.arg(found.sql.clone())], found.folds());
                whole(sql!["COUNT(DISTINCT ", arg, ")"])
            }
            Aggregate::Sum if scale == 0 && found.kind == CellKind::Int => whole(sql!["SUM(", group.arg(found.sql.clone()), ")"]),
            Aggregate::Sum => {
                let arg = group.arg(found.sql.clone());
                let shown = self.emit.sum_text(&arg, scale);
                Value::computed(shown, sql![format!("SUM({arg})")], OutKind::DecimalText, found.kind, found.ty, &found.name)
            }
            Aggregate::Avg => {
                let arg = group.arg(found.sql.clone());
                let shown = self.emit.average_text(&arg, scale);
                let value = Value::computed(shown, sql![format!("SUM({arg})")], OutKind::DecimalText, found.kind, found.ty, &found.name);
                Value { form: Form::Average(sql![format!("COUNT({arg})")]), ..value }
            }
            Aggregate::Min | Aggregate::Max => {
                let name = function.name();
                let sql = match found.picklist() {
                    Some(list) => self.emit.first_ranked(name, &group.arg(self.emit.ranked(&found.sql, list))),
                    None => self.emit.extreme(name, &group.arg(found.sql.clone()), found.folds()),
                };
                let value = Value::computed(sql.clone(), sql, OutKind::Cell(found.kind), found.kind, found.ty, &found.name);
                Value { fold: found.folds(), rank: found.picklist(), ..value }
            }
        })
    }
}

impl Value {
    fn computed(select: Sql, compare: Sql, out: OutKind, kind: CellKind, ty: FieldType, name: &str) -> Self {
        Value {
            select,
            compare,
            out,
            kind,
            ty,
            fold: false,
            form: Form::Plain,
            name: name.to_owned(),
            source: None,
            computed: true,
            rank: None,
        }
    }
}
