//! What a query says about the rows of virtual objects: the values that their fields must have.

use super::Binder;
use super::path::Scope;
use orglet_base::{ApiError, ErrorCode};
use orglet_syntax::ast::{CompareOp, Condition, Expr, InSet, Literal, Path, Query};

/// Field paths that must equal one of some texts, from the conditions that all must hold.
fn equalities<'q>(condition: &'q Condition, out: &mut Vec<(&'q Path, Vec<String>)>) {
    match condition {
        Condition::And(all) => all.iter().for_each(|c| equalities(c, out)),
        Condition::Group(inner) => equalities(inner, out),
        Condition::Compare { left: Expr::Path(path), op: CompareOp::Eq, right: Literal::String { text, .. }, .. } => {
            out.push((path, vec![text.clone()]));
        }
        Condition::In { left: Expr::Path(path), negated: false, set: InSet::Literals(literals), .. } => {
            let texts = literals.iter().map(|(literal, _)| match literal {
                Literal::String { text, .. } => Some(text.clone()),
                _ => None,
            });
            if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
                out.push((path, texts));
            }
        }
        _ => {}
    }
}

impl Binder<'_> {
    /// Notes the values that rows of the scope's virtual objects must have, and refuses a query that does not say
    /// enough (query-057).
    pub(super) fn reify(&mut self, scope: &Scope, query: &Query) -> Result<(), ApiError> {
        if scope.virtuals.iter().all(Option::is_none) {
            return Ok(());
        }
        let mut found = Vec::new();
        if let Some(condition) = &query.filter {
            equalities(condition, &mut found);
        }
        let mut named = Vec::new();
        for (path, values) in found {
            let skip = usize::from(path.segments.len() > 1 && scope.is_anchor(&path.segments[0].text));
            let (first, rest) = match &path.segments[skip..] {
                [field] => (field, None),
                [parent, field] => (parent, Some(field)),
                _ => continue,
            };
            match rest {
                None => {
                    if let Some(field) = scope.root.field(&first.text) {
                        named.push((field.name.clone(), field.name.clone(), values));
                    }
                }
                Some(field) => {
                    let Some(reference) = scope.root.parent_field(&first.text) else { continue };
                    let parent = reference.reference_to.first().and_then(|name| self.cx.catalog.object(name));
                    let Some(target) = parent.and_then(|p| p.field(&field.text)) else { continue };
                    let relationship = reference.relationship_name.as_deref().unwrap_or_default();
                    named.push((format!("{relationship}.{}", target.name), reference.name.clone(), values.clone()));
                    // The parent's own rows need not hold more than those that are asked for.
                    let parents = parent.map(|p| p.name.clone()).unwrap_or_default();
                    for number in scope.virtuals.iter().skip(1).flatten() {
                        let need = &mut self.virtuals[*number];
                        if need.object.name == parents && scope.hangs_on(*number, &reference.name) {
                            need.filters.push((target.name.clone(), values.clone()));
                        }
                    }
                }
            }
        }
        let Some(number) = scope.virtuals[0] else { return Ok(()) };
        let reified = scope.root.reified;
        if !reified.is_empty() && !named.iter().any(|(full, column, _)| reified.iter().any(|r| r == full || r == column)) {
            let text = format!("{}: a filter on a reified column is required [{}]", scope.root.name, reified.join(","));
            return Err(ApiError::new(ErrorCode::MalformedQuery, text));
        }
        self.virtuals[number].filters.extend(named.into_iter().map(|(full, _, values)| (full, values)));
        Ok(())
    }
}
