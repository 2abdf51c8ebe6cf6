//! The SELECT list of queries of records.

use super::path::{Base, Found, Scope, Step};
use super::{Binder, dotted};
use crate::emit::{RecordSql, Sql, sql};
use crate::plan::{ChildPlan, Node, OutKind, ParentKind, RecordPlan};
use crate::shape::{field_node, key_field};
use orglet_base::{ApiError, ErrorCode, Name};
use orglet_schema::{CellKind, Field, FieldType};
use orglet_syntax::ast::{Arg, Call, Expr, Ident, Query, SelectItem, Span};

/// What has been selected so far.
pub(super) struct Selection {
    pub columns: Vec<Sql>,
    pub shape: Vec<Node>,
    pub children: Vec<ChildPlan>,
    /// Functions without an alias so far.
    unnamed: usize,
}

impl Selection {
    /// The column of a value: the one that is there, or a new one.
    pub(super) fn column(&mut self, value: &Sql) -> usize {
        self.columns.iter().position(|c| c == value).unwrap_or_else(|| {
            self.columns.push(value.clone());
            self.columns.len() - 1
        })
    }

    fn steps(&mut self, steps: &[Step]) -> Vec<(String, ParentKind, usize)> {
        steps.iter().map(|s| (s.name.clone(), s.kind.clone(), self.column(&s.id))).collect()
    }
}

/// Puts a node under its parents; `false` if its name is taken.
fn place(nodes: &mut Vec<Node>, steps: &[(String, ParentKind, usize)], leaf: Node) -> bool {
    let Some(((name, kind, id_column), rest)) = steps.split_first() else {
        if nodes.iter().any(|n| n.name().eq_ignore_ascii_case(leaf.name())) {
            return false;
        }
        nodes.push(leaf);
        return true;
    };
    let at = nodes.iter().position(|n| n.name().as_str() == name).unwrap_or_else(|| {
        nodes.push(Node::Parent { name: Name::new(name), object: kind.clone(), id_column: *id_column, nodes: Vec::new() });
        nodes.len() - 1
    });
    match &mut nodes[at] {
        Node::Parent { nodes, .. } => place(nodes, rest, leaf),
        _ => false,
    }
}

impl Binder<'_> {
    /// A query of records; `level` is 1 for the main query.
    pub(super) fn records(&mut self, mut scope: Scope, query: &Query, level: usize) -> Result<RecordPlan, ApiError> {
        let key = scope.column(0, key_field(&scope.root).map_or("Id", |f| f.name.as_str()));
        let mut selection = Selection { columns: vec![key.clone()], shape: Vec::new(), children: Vec::new(), unnamed: 0 };
        for item in &query.select {
            self.item(&mut scope, &mut selection, query, item, level)?;
        }
        let filter = self.filter(&mut scope, query, level == 1)?;
        let order = self.order(&mut scope, &query.order_by)?;
        let Selection { columns, shape, children, .. } = selection;
        let sql = RecordSql { dialect: self.cx.dialect, joins: scope.joins, key, columns, filter, order };
        let (limit, offset) = (query.limit.map(|l| l.value), query.offset.map_or(0, |o| o.value));
        Ok(RecordPlan { object: scope.root, shape, children, limit, offset, sql })
    }

    fn item(
        &mut self,
        scope: &mut Scope,
        selection: &mut Selection,
        query: &Query,
        item: &SelectItem,
        level: usize,
    ) -> Result<(), ApiError> {
        match item {
            SelectItem::Expr { expr, alias: Some(_) } if matches!(expr, Expr::Path(_)) => {
                Err(self.cx.malformed(expr.span(), "only aggregate expressions use field aliasing"))
            }
            SelectItem::Expr { expr: Expr::Path(path), .. } => {
                let found = self.resolve(scope, path)?;
                self.add(scope, selection, found, path.span)
            }
            SelectItem::Expr { expr: Expr::Call(call), alias } => self.function(scope, selection, call, alias.as_ref()),
            SelectItem::Fields(set, span) => {
                for found in self.expand(scope, query, *set, *span)? {
                    self.add(scope, selection, found, *span)?;
                }
                Ok(())
            }
            SelectItem::Child(child, alias) => {
                if let Some(alias) = alias {
                    return Err(self.cx.malformed(alias.span, "only aggregate expressions use field aliasing"));
                }
                let plan = self.child(scope, query, child, level, selection.children.len())?;
                let (name, child_number) = (plan.name.clone(), selection.children.len());
                if selection.children.iter().any(|c| c.name == name) {
                    let text = format!("Cannot follow the same aggregate relationship twice: {name}");
                    return Err(self.cx.malformed(child.span, text));
                }
                selection.children.push(plan);
                selection.shape.push(Node::Child { name: Name::new(&name), child: child_number });
                Ok(())
            }
            SelectItem::TypeOf { path, when, otherwise, span } => self.type_of(scope, selection, path, when, otherwise, *span),
            SelectItem::Count(span) => Err(self.cx.malformed(*span, "only root queries support aggregate expressions")),
        }
    }

    /// Selects a field under its parents.
    pub(super) fn add(&mut self, scope: &Scope, selection: &mut Selection, found: Found, span: Span) -> Result<(), ApiError> {
        let full = full_name(&found);
        let steps = selection.steps(&found.steps);
        let node = self.node(scope, selection, &found, steps.last().map_or(0, |s| s.2), span)?;
        self.place(selection, &steps, node, &full, span)
    }

    fn place(
        &self,
        selection: &mut Selection,
        steps: &[(String, ParentKind, usize)],
        node: Node,
        full: &str,
        span: Span,
    ) -> Result<(), ApiError> {
        if place(&mut selection.shape, steps, node) { Ok(()) } else { Err(self.duplicate(full, span)) }
    }

    fn duplicate(&self, full: &str, span: Span) -> ApiError {
        self.cx.at(ErrorCode::InvalidField, span, format!("duplicate field selected: {full}"))
    }

    /// The node of a field; `id_column` is that of its record's Id.
    fn node(&self, scope: &Scope, selection: &mut Selection, found: &Found, id_column: usize, span: Span) -> Result<Node, ApiError> {
        let (Some((object, index)), Base::Table(table, _)) = (&found.field, &found.base) else {
            let column = selection.column(&found.sql);
            return Ok(Node::Value { name: Name::new(&found.name), column, kind: OutKind::Cell(found.kind), source: None });
        };
        let mut column = |field: &Field| {
            let cell = if field.is_personal() { found.sql.clone() } else { scope.column(*table, &field.name) };
            // Bytes are not read: an address stands in their stead.
            let there = field.cell_kind() == CellKind::Blob;
            selection.column(&if there { sql!["CASE WHEN ", cell, " IS NOT NULL THEN 1 END"] } else { cell })
        };
        let node = field_node(object, &object.fields()[*index], id_column, &mut column);
        node.ok_or_else(|| self.unknown_field(&found.name, &object.name, span))
    }

    /// Fields of a branch of TYPEOF.
    pub(super) fn branch(
        &mut self,
        scope: &Scope,
        selection: &mut Selection,
        nodes: &mut Vec<Node>,
        found: Found,
        id_column: usize,
        span: Span,
    ) -> Result<(), ApiError> {
        let full = full_name(&found);
        let steps = selection.steps(&found.steps);
        let node = self.node(scope, selection, &found, steps.last().map_or(id_column, |s| s.2), span)?;
        if place(nodes, &steps, node) { Ok(()) } else { Err(self.duplicate(&full, span)) }
    }

    /// Selects a node under parents.
    pub(super) fn add_node(
        &mut self,
        selection: &mut Selection,
        steps: &[Step],
        node: Node,
        full: &str,
        span: Span,
    ) -> Result<(), ApiError> {
        let steps = selection.steps(steps);
        self.place(selection, &steps, node, full, span)
    }

    /// A function of one row.
    fn function(&mut self, scope: &mut Scope, selection: &mut Selection, call: &Call, alias: Option<&Ident>) -> Result<(), ApiError> {
        if call.name.text.eq_ignore_ascii_case("DISTANCE") {
            let value = self.distance(scope, call)?;
            let column = selection.column(&self.emit.decimal_text(&value));
            let name = alias.map_or_else(
                || {
                    selection.unnamed += 1;
                    format!("expr{}", selection.unnamed - 1)
                },
                |a| a.text.clone(),
            );
            let node = Node::Value { name: Name::new(&name), column, kind: OutKind::DecimalText, source: None };
            return self.named(selection, node, alias, call.span);
        }
        if let Some(date) = self.date_call(scope, call)? {
            let text = format!("Field must be grouped or aggregated: {}", date.found.name);
            return Err(self.cx.malformed(call.span, text));
        }
        let (found, kind) = self.dressed(scope, call)?;
        let column = selection.column(&found.sql);
        let node = |name: &str| Node::Value { name: Name::new(name), column, kind: kind.clone(), source: found.field.clone() };
        match alias {
            Some(alias) => self.named(selection, node(&alias.text), Some(alias), call.span),
            None => {
                let full = full_name(&found);
                self.add_node(selection, &found.steps, node(&found.name), &full, call.span)
            }
        }
    }

    fn named(&self, selection: &mut Selection, node: Node, alias: Option<&Ident>, span: Span) -> Result<(), ApiError> {
        let name = node.name().clone();
        if place(&mut selection.shape, &[], node) {
            return Ok(());
        }
        Err(self.cx.malformed(alias.map_or(span, |a| a.span), format!("duplicate alias: {name}")))
    }

    /// toLabel, convertCurrency or FORMAT of a field.
    fn dressed(&mut self, scope: &mut Scope, call: &Call) -> Result<(Found, OutKind), ApiError> {
        match call.name.text.to_ascii_uppercase().as_str() {
            "TOLABEL" => {
                let path = self.only_path(call)?;
                let found = self.resolve(scope, path)?;
                self.check_label(&found, call.span)?;
                if let Some(text) = found.text_of_state(path) {
                    let label = self.resolve(scope, &text)?;
                    let kind = OutKind::Cell(label.kind);
                    return Ok((Found { name: found.name, ..label }, kind));
                }
                let kind = OutKind::Label(found.kind);
                Ok((found, kind))
            }
            "CONVERTCURRENCY" => {
                // Orgs have one currency: the amount is what it is.
                let path = self.only_path(call)?;
                let found = self.resolve(scope, path)?;
                if found.ty != FieldType::Currency {
                    let text = format!("field {} does not support function convertCurrency", found.name);
                    return Err(self.cx.malformed(call.span, text));
                }
                let kind = OutKind::Cell(found.kind);
                Ok((found, kind))
            }
            "FORMAT" => {
                let (found, kind) = match call.args.as_slice() {
                    [Arg::Expr(Expr::Call(inner))] if inner.name.text.eq_ignore_ascii_case("convertCurrency") => {
                        self.dressed(scope, inner)?
                    }
                    _ => {
                        let path = self.only_path(call)?;
                        let found = self.resolve(scope, path)?;
                        let kind = OutKind::Cell(found.kind);
                        (found, kind)
                    }
                };
                let formats =
                    matches!(found.kind, CellKind::Int | CellKind::Decimal(_) | CellKind::Date | CellKind::DateTime | CellKind::Time);
                if !formats {
                    return Err(self.cx.malformed(call.span, format!("field {} does not support function FORMAT", found.name)));
                }
                let kind = OutKind::Formatted(Box::new(kind), found.ty);
                Ok((found, kind))
            }
            _ => Err(self.cx.malformed(call.span, format!("function '{}' is not known", call.name.text))),
        }
    }
}

/// The path to a field in the schema's spelling.
pub(super) fn full_name(found: &Found) -> String {
    let parents = found.steps.iter().map(|s| s.name.as_str());
    parents.chain([found.name.as_str()]).collect::<Vec<_>>().join(".")
}

/// The path as it was written.
pub(super) fn written(segments: &[Ident]) -> String {
    dotted(segments)
}
