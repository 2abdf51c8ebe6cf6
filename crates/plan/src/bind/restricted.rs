//! Objects that want certain filters, or cannot be queried at all (query-054 to query-062).

use orglet_base::ApiError;
use orglet_schema::standard::{self, Wanted};
use orglet_syntax::ast::{CompareOp, Condition, Expr, Literal, Path, Query, SelectItem};

/// What a query of an object is refused with, if it is, by the object's name in any case.
pub(super) fn refusal(object: &str, query: &Query) -> Option<ApiError> {
    let restriction = standard::restriction(object)?;
    let lifted = match restriction.selects() {
        Some(fields) => {
            let fields: Vec<&str> = fields.collect();
            query.select.iter().all(|item| is_one_of(item, &fields))
        }
        None if restriction.takes_any_filter() => query.filter.is_some(),
        None => {
            let mut found = Vec::new();
            if let Some(condition) = &query.filter {
                filters(condition, &mut found);
            }
            restriction.filters().any(|(wanted, field)| {
                found.iter().any(|(how, path)| (*how == Wanted::Equal || *how == wanted) && is_named(path, field, query))
            })
        }
    };
    (!lifted).then(|| ApiError::new(restriction.code, restriction.sentence))
}

/// The filters that all rows of the result pass, as far as they fix a field's value.
fn filters<'q>(condition: &'q Condition, out: &mut Vec<(Wanted, &'q Path)>) {
    match condition {
        Condition::And(all) => all.iter().for_each(|c| filters(c, out)),
        Condition::Group(inner) => filters(inner, out),
        Condition::Compare { right: Literal::Null, .. } => {}
        Condition::Compare { left: Expr::Path(path), op: CompareOp::Eq, .. } => out.push((Wanted::Equal, path)),
        Condition::In { left: Expr::Path(path), negated: false, .. } => out.push((Wanted::Listed, path)),
        _ => {}
    }
}

/// Whether a path leads to a field, the object's own name or alias before it passed over.
fn is_named(path: &Path, field: &str, query: &Query) -> bool {
    let mut segments = path.segments.iter().map(|s| s.text.as_str()).peekable();
    let own = |name: &str| {
        query.from.first().is_some_and(|from| {
            let alias = from.alias.as_ref().is_some_and(|a| a.text.eq_ignore_ascii_case(name));
            alias || from.path.segments.last().is_some_and(|s| s.text.eq_ignore_ascii_case(name))
        })
    };
    if path.segments.len() > 1 && segments.peek().is_some_and(|s| own(s)) {
        segments.next();
    }
    segments.collect::<Vec<_>>().join(".").eq_ignore_ascii_case(field)
}

fn is_one_of(item: &SelectItem, fields: &[&str]) -> bool {
    match item {
        SelectItem::Expr { expr: Expr::Path(path), .. } => {
            path.segments.last().is_some_and(|s| fields.iter().any(|f| s.text.eq_ignore_ascii_case(f)))
        }
        _ => false,
    }
}
