//! Child sub-queries.

use super::path::Scope;
use super::{Binder, MAX_CHILDREN, is_aggregate};
use crate::compat;
use crate::plan::ChildPlan;
use orglet_base::ApiError;
use orglet_syntax::ast::Query;

impl Binder<'_> {
    /// A sub-query of a SELECT list; `level` is the parent's, `before` the number of those that stand before it.
    pub(super) fn child(
        &mut self,
        parent: &Scope,
        parent_query: &Query,
        query: &Query,
        level: usize,
        before: usize,
    ) -> Result<ChildPlan, ApiError> {
        let cx = self.cx;
        if before == MAX_CHILDREN {
            return Err(cx.malformed(query.span, format!("A query may have {MAX_CHILDREN} child sub-queries at most")));
        }
        let levels = compat::child_levels(cx.version);
        if level + 1 > levels {
            let text = format!(
                "SOQL statements cannot query aggregate relationships more than {} level{} away from the root entity object.",
                levels - 1,
                if levels == 2 { "" } else { "s" }
            );
            return Err(cx.malformed(query.span, text));
        }
        self.check_clauses(query)?;
        if query.group_by.is_some() || query.select.iter().any(is_aggregate) {
            return Err(cx.malformed(query.span, "only root queries support aggregate expressions"));
        }
        if let Some(word) = &query.scope {
            return Err(cx.malformed(word.span, "USING SCOPE is not allowed in a child sub-query"));
        }
        if let Some((_, span)) = query.for_clause {
            return Err(cx.malformed(span, "FOR VIEW and FOR REFERENCE are not allowed in a child sub-query"));
        }
        if let (Some(offset), false) = (&query.offset, parent_query.limit.is_some_and(|l| l.value == 1)) {
            return Err(cx.malformed(offset.span, "OFFSET in a child sub-query needs LIMIT 1 in the parent query"));
        }
        let Some(from) = query.from.first() else { return Err(cx.unexpected(query.span, "'FROM'")) };
        let skip = usize::from(from.path.segments.len() > 1 && parent.is_anchor(&from.path.segments[0].text));
        let [relationship] = &from.path.segments[skip..] else {
            return Err(cx.malformed(from.path.span, "First SObject of a nested query must be a child of its outer query."));
        };
        let found = parent.root.child(&relationship.text);
        let Some((child, name)) = found.and_then(|c| Some((c, c.name.clone()?))) else {
            return Err(self.unknown_from(&relationship.text, from.path.span));
        };
        let object = cx.catalog.object(&child.child).filter(|o| cx.access.sees_object(o)).cloned();
        let Some(object) = object else { return Err(self.unknown_from(&relationship.text, from.path.span)) };
        let object = if is_only_below_others(&object.name) { object } else { self.object(&object.name, from.path.span, query)? };
        let Some(field) = object.field(&child.field).filter(|f| f.has_column()).map(|f| f.name.clone()) else {
            return Err(self.unknown_from(&relationship.text, from.path.span));
        };
        let mut scope = self.open(object, 't', from.alias.as_ref(), Some(&name))?;
        self.alias_paths(&mut scope, query)?;
        let plan = self.records(scope, query, level + 1)?;
        Ok(ChildPlan { name, field, plan })
    }
}

/// Whether the rows of an object are read by sub-queries although no query begins with them.
fn is_only_below_others(object: &str) -> bool {
    object == "ProcessInstanceHistory"
}
