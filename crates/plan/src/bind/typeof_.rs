//! TYPEOF.

use super::Binder;
use super::path::{Anchor, Base, Scope};
use super::select::{Selection, written};
use crate::compat;
use crate::plan::Node;
use orglet_base::{ApiError, Name};
use orglet_syntax::ast::{Ident, Path, Span};

impl Binder<'_> {
    /// `TYPEOF path WHEN T THEN a, b … ELSE c END`.
    pub(super) fn type_of(
        &mut self,
        scope: &mut Scope,
        selection: &mut Selection,
        path: &Path,
        when: &[(Ident, Vec<Path>)],
        otherwise: &[Path],
        span: Span,
    ) -> Result<(), ApiError> {
        let cx = self.cx;
        if !compat::has_typeof(cx.version) {
            return Err(cx.malformed(span, "TYPEOF is available from API version 46.0 on"));
        }
        let anchor = self.anchor(scope, path)?;
        let (Base::Name { id, targets }, Some((last, parents))) = (&anchor.base, anchor.steps.split_last()) else {
            return Err(
                cx.malformed(path.span, format!("TYPEOF needs a polymorphic relationship, cannot use: '{}'", written(&path.segments)))
            );
        };
        let (id, targets, name, parents) = (id.clone(), targets.clone(), last.name.clone(), parents.to_vec());
        let id_column = selection.column(&id);
        let mut branches = Vec::new();
        for (ty, paths) in when {
            let object = targets.iter().find(|o| o.name.eq_ignore_ascii_case(&ty.text)).cloned();
            let Some(object) = object else {
                let text = format!("'{}' is no type of relationship '{name}'", ty.text);
                return Err(cx.malformed(ty.span, text));
            };
            if branches.iter().any(|(o, _): &(std::sync::Arc<orglet_schema::Object>, _)| o.name == object.name) {
                return Err(cx.malformed(ty.span, format!("type '{}' stands in more than one WHEN of TYPEOF", object.name)));
            }
            self.count_relationship(scope, format!("{} {}", id.text, object.name), span)?;
            let table = self.join(scope, id.clone(), &object);
            let mut nodes = Vec::new();
            for path in paths {
                let anchor = Anchor { base: Base::Table(table, object.clone()), steps: Vec::new() };
                let found = self.resolve_from(scope, anchor, &path.segments, path.span)?;
                self.branch(scope, selection, &mut nodes, found, id_column, path.span)?;
            }
            branches.push((object, nodes));
        }
        let mut rest = Vec::new();
        for path in otherwise {
            let anchor = Anchor { base: Base::Name { id: id.clone(), targets: targets.clone() }, steps: Vec::new() };
            let found = self.resolve_from(scope, anchor, &path.segments, path.span)?;
            self.branch(scope, selection, &mut rest, found, id_column, path.span)?;
        }
        let node = Node::TypeOf { name: Name::new(&name), id_column, branches, otherwise: rest };
        self.add_node(selection, &parents, node, &name, span)
    }
}
