//! What the platform's query optimizer would make of a query: which of its filters lie on indexed fields, and the counts by
//! which it would choose among them.

use super::Binder;
use super::filter::{Conditions, Place};
use super::path::Scope;
use crate::BindContext;
use crate::emit::{self, Sql};
use orglet_base::{ApiError, Statement};
use orglet_schema::{Field, FieldType, Object};
use orglet_syntax::ast::{CompareOp, Condition, Expr, InSet, Literal, Path, Query};
use std::sync::Arc;

/// A query as its optimizer sees it. Each statement gives one row of one whole number.
#[derive(Debug)]
pub struct Explain {
    /// The object that is queried.
    pub object: Arc<Object>,
    /// Counts the object's rows.
    pub total: Statement,
    /// Counts the rows that all filters on indexed fields let pass; `None` where there is no such filter.
    pub matching: Option<Statement>,
    /// The filters on indexed fields, by field.
    pub indexes: Vec<IndexUse>,
    /// Fields that are filtered by and have no index.
    pub unindexed: Vec<String>,
    /// LIMIT, where nothing else decides which rows come.
    pub limit: Option<u64>,
}

/// Filters on an indexed field.
#[derive(Debug)]
pub struct IndexUse {
    /// The field.
    pub field: String,
    /// Whether the index is a custom one, of which the optimizer wants more.
    pub custom: bool,
    /// Counts the rows that they let pass.
    pub rows: Statement,
}

/// Looks at a query that can be planned, the way the optimizer would.
///
/// # Errors
/// Those of [`crate::plan`].
pub fn explain(query: &Query, cx: &BindContext<'_>) -> Result<Explain, ApiError> {
    super::plan(query, cx)?;
    let mut binder = Binder::new(cx);
    let Some(first) = query.from.first() else { return Err(cx.unexpected(query.span, "'FROM'")) };
    let name = first.path.segments.last().map_or("", |s| s.text.as_str());
    let root = binder.object(name, first.path.span, query)?;
    let mut scope = binder.open(root.clone(), 't', first.alias.as_ref(), None)?;
    binder.alias_paths(&mut scope, query)?;

    let mut indexed: Vec<(usize, Vec<&Condition>)> = Vec::new();
    let mut unindexed = Vec::new();
    if let Some(condition) = &query.filter {
        optimizable(condition, &scope, &mut indexed);
        without_index(condition, &scope, &mut unindexed);
    }
    let live = binder.row_filter(&scope);
    if live.is_some() {
        unindexed.insert(0, "IsDeleted".to_owned());
    }
    let count = |binder: &Binder<'_>, scope: &Scope, conditions: Vec<Sql>| {
        let all: Vec<Sql> = live.iter().cloned().chain(conditions).collect();
        let filter = if all.is_empty() { None } else { Some(binder.emit.all(all, true)) };
        emit::count(&scope.joins, &filter, None, 0, cx.dialect)
    };
    let mut indexes = Vec::new();
    let mut every = Vec::new();
    for (index, conditions) in indexed {
        let mut bound = Vec::new();
        for condition in conditions {
            let place = Place { main: true, nested: false, or: false };
            bound.push(Conditions { binder: &mut binder, scope: &mut scope, group: None }.bind(condition, place)?);
        }
        every.extend(bound.iter().cloned());
        let field = &root.fields()[index];
        indexes.push(IndexUse { field: field.name.clone(), custom: is_custom_index(field), rows: count(&binder, &scope, bound) });
    }
    let matching = (!every.is_empty()).then(|| count(&binder, &scope, every));
    let bare = query.filter.is_none() && query.order_by.is_empty() && query.group_by.is_none();
    let limit = query.limit.map(|l| l.value).filter(|_| bare);
    let total = count(&binder, &scope, Vec::new());
    Ok(Explain { object: root, total, matching, indexes, unindexed, limit })
}

/// Whether the platform indexes a field: keys, names, lookups, the audit dates, and what is unique or an external ID.
fn is_indexed(field: &Field) -> bool {
    let looked_up = field.name_field || field.id_lookup || field.unique || field.external_id;
    let audit = matches!(field.name.as_str(), "CreatedDate" | "SystemModstamp");
    matches!(field.ty, FieldType::Id | FieldType::Reference) || looked_up || audit
}

fn is_custom_index(field: &Field) -> bool {
    field.custom && field.ty != FieldType::Reference
}

/// The index in the root's fields of the field that a path leads to, if it leads over no relationship.
fn own_field(path: &Path, scope: &Scope) -> Option<usize> {
    let skip = usize::from(path.segments.len() > 1 && scope.is_anchor(&path.segments[0].text));
    let [field] = &path.segments[skip..] else { return None };
    scope.root.field_index(&field.text)
}

/// The conditions that all rows meet and that an index can serve, by the field that they are on.
fn optimizable<'q>(condition: &'q Condition, scope: &Scope, out: &mut Vec<(usize, Vec<&'q Condition>)>) {
    let path = match condition {
        Condition::And(all) => return all.iter().for_each(|c| optimizable(c, scope, out)),
        Condition::Group(inner) => return optimizable(inner, scope, out),
        Condition::Compare { right: Literal::Null, .. } | Condition::Compare { op: CompareOp::Ne, .. } => return,
        // A pattern that begins with a wildcard leads nowhere in an index.
        Condition::Compare { op: CompareOp::Like, right: Literal::String { text, .. }, .. } if text.starts_with(['%', '_']) => return,
        Condition::Compare { left: Expr::Path(path), .. }
        | Condition::In { left: Expr::Path(path), negated: false, set: InSet::Literals(_), .. } => path,
        _ => return,
    };
    let Some(index) = own_field(path, scope).filter(|i| is_indexed(&scope.root.fields()[*i])) else { return };
    match out.iter_mut().find(|(i, _)| *i == index) {
        Some((_, conditions)) => conditions.push(condition),
        None => out.push((index, vec![condition])),
    }
}

/// The fields without an index that a filter is on.
fn without_index(condition: &Condition, scope: &Scope, out: &mut Vec<String>) {
    let left = match condition {
        Condition::And(all) | Condition::Or(all) => return all.iter().for_each(|c| without_index(c, scope, out)),
        Condition::Group(inner) | Condition::Not(inner, _) => return without_index(inner, scope, out),
        Condition::Compare { left, .. } | Condition::In { left, .. } | Condition::Includes { left, .. } => left,
    };
    let Expr::Path(path) = left else { return };
    let Some(field) = own_field(path, scope).map(|i| &scope.root.fields()[i]) else { return };
    if !is_indexed(field) && !out.contains(&field.name) && field.name != "IsDeleted" {
        out.push(field.name.clone());
    }
}
