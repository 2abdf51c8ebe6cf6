//! Prints records: the parts of a plan's shape, filled from rows.

use super::tooling;
use crate::codec::{RecordUrl, Writer, XmlOrder};
use crate::values::{decimal, formatted, label, scaled_text};
use orglet_base::{Cell, DateTime, Id};
use orglet_engine::Org;
use orglet_engine::metadata;
use orglet_engine::plan::{ChildPlan, Node, OutKind, ParentKind};
use orglet_engine::query::{Children, RecordSet, RowSet};
use orglet_schema::types::masked;
use orglet_schema::{Catalog, CellKind, FieldType, Object};
use std::sync::Arc;

/// What printing needs to know.
pub(crate) struct Printer<'a> {
    pub(crate) catalog: &'a Catalog,
    /// `/services/data/vNN.0`, with `/tooling` for the Tooling API.
    pub(crate) base: &'a str,
    /// The org, for values that are made when they are printed.
    pub(crate) org: &'a Org,
}

/// The children of a record, where it may have any.
#[derive(Clone, Copy)]
pub(crate) struct Below<'a> {
    pub(crate) plans: &'a [ChildPlan],
    pub(crate) set: &'a RecordSet,
}

impl Printer<'_> {
    /// Prints the records of a set, as items of the list that is open.
    pub(crate) fn records(
        &self,
        w: &mut Writer,
        name: &str,
        object: &Arc<Object>,
        shape: &[Node],
        below: Below<'_>,
        which: impl Iterator<Item = usize>,
    ) {
        for row in which {
            let id = below.set.rows.cell(row, 0).text().unwrap_or_default();
            w.begin_record(name, &object.name, RecordUrl::Row(self.base, &object.name, id));
            self.nodes(w, object, id, shape, &below.set.rows, row, Some(below));
            w.end_object();
        }
    }

    /// Prints the parts of a record.
    #[allow(clippy::too_many_arguments, reason = "a row, its place and what hangs below it")]
    pub(crate) fn nodes(
        &self,
        w: &mut Writer,
        object: &Arc<Object>,
        id: &str,
        nodes: &[Node],
        rows: &RowSet,
        row: usize,
        below: Option<Below<'_>>,
    ) {
        for node in nodes {
            w.name(node.name());
            match node {
                Node::Value { name, column, kind, source } => {
                    self.value(w, name, kind, source.as_ref(), rows.cell(row, *column), object, id)
                }
                Node::Parent { name, object, id_column, nodes } => self.parent(w, name, object, *id_column, nodes, rows, row),
                Node::Address { name, parts } => address(w, name, parts, rows, row),
                Node::Location { name, latitude, longitude, kind } => {
                    location(w, name, *kind, rows.cell(row, *latitude), rows.cell(row, *longitude));
                }
                Node::Child { name, child } => match below {
                    Some(below) => self.children(w, name, id, below, *child),
                    None => w.null(name),
                },
                Node::TypeOf { name, id_column, branches, otherwise } => {
                    let target = rows.cell(row, *id_column).text().and_then(|t| Id::parse(t).ok());
                    let real = target.and_then(|id| self.catalog.object_of(id));
                    let branch =
                        real.and_then(|real| branches.iter().find(|(o, _)| o.name == real.name)).map(|(_, nodes)| nodes.as_slice());
                    match (target, real, branch.unwrap_or(otherwise)) {
                        (Some(id), Some(real), parts) if !parts.is_empty() => {
                            let id = id.to_string();
                            w.begin_record(name, &real.name, RecordUrl::Row(self.base, &real.name, &id));
                            self.nodes(w, real, &id, parts, rows, row, None);
                            w.end_object();
                        }
                        _ => w.null(name),
                    }
                }
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a cell with where it comes from")]
    fn value(
        &self,
        w: &mut Writer,
        name: &str,
        kind: &OutKind,
        source: Option<&(Arc<Object>, usize)>,
        cell: Cell<'_>,
        object: &Object,
        id: &str,
    ) {
        if cell == Cell::Null {
            return w.null(name);
        }
        match kind {
            OutKind::Cell(CellKind::Blob) => {
                let owner = source.map_or(object, |(o, _)| o);
                w.text(name, &format!("{}/sobjects/{}/{id}/{name}", self.base, owner.name));
            }
            // Queries let only definitions through, whose whole is made here.
            OutKind::Cell(CellKind::Compound) => {
                let custom = Id::parse(id).ok().and_then(|id| metadata::find(self.org, id).ok().flatten());
                match custom {
                    Some(custom) => tooling::doc(&custom.to_metadata()).write(w, name, XmlOrder::Kept),
                    None => w.null(name),
                }
            }
            OutKind::Cell(CellKind::Text) if source.is_some_and(|(o, i)| o.fields()[*i].ty == FieldType::EncryptedString) => {
                // Nobody has the right to view encrypted data until rights are granted one by one.
                let (owner, field) = source.map_or((object, 0), |(o, i)| (&**o, *i));
                w.text(name, &masked(&owner.fields()[field], cell.text().unwrap_or_default()));
            }
            OutKind::Cell(kind) => w.cell(name, *kind, cell),
            OutKind::DecimalText => w.raw_number(name, &decimal(cell.text().unwrap_or("0"))),
            OutKind::Label(kind) => match (cell, source) {
                (Cell::Text(value), Some((object, field))) => w.text(name, &label(&object.fields()[*field], value)),
                (cell, _) => w.cell(name, *kind, cell),
            },
            OutKind::Formatted(inner, ty) => w.text(name, &formatted(inner, *ty, cell)),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a parent with where its columns are")]
    fn parent(&self, w: &mut Writer, name: &str, kind: &ParentKind, id_column: usize, nodes: &[Node], rows: &RowSet, row: usize) {
        let Some(id) = rows.cell(row, id_column).text() else { return w.null(name) };
        let real = match kind {
            ParentKind::Fixed(object) => Some(object),
            ParentKind::ById => Id::parse(id).ok().and_then(|id| self.catalog.object_of(id)),
        };
        let Some(real) = real else { return w.null(name) };
        let shown = match kind {
            ParentKind::Fixed(object) => object.name.as_str(),
            ParentKind::ById => "Name",
        };
        w.begin_record(name, shown, RecordUrl::Row(self.base, &real.name, id));
        self.nodes(w, real, id, nodes, rows, row, None);
        w.end_object();
    }

    /// A child sub-query of one record: null where it has no rows.
    fn children(&self, w: &mut Writer, name: &str, id: &str, below: Below<'_>, child: usize) {
        let (Some(plan), Some(found)) = (below.plans.get(child), below.set.children.get(child)) else { return w.null(name) };
        let Some(group) = found.by_parent.get(id).filter(|g| !g.rows.is_empty()) else { return w.null(name) };
        let Children { rows, total, next, .. } = group;
        w.begin_object(name);
        let head = |w: &mut Writer| {
            w.bool("done", next.is_none());
            if let Some(locator) = next {
                w.text("nextRecordsUrl", &format!("{}/query/{locator}", self.base));
            }
        };
        if !w.is_xml() {
            w.int("totalSize", *total as i64);
        }
        head(w);
        w.begin_list("records");
        let inner = Below { plans: &plan.plan.children, set: &found.set };
        self.records(w, "records", &plan.plan.object, &plan.plan.shape, inner, rows.iter().copied());
        w.end_list();
        if w.is_xml() {
            w.int("totalSize", *total as i64);
        }
        w.end_object();
    }
}

fn address(w: &mut Writer, name: &str, parts: &[(&'static str, usize, CellKind)], rows: &RowSet, row: usize) {
    if parts.iter().all(|(_, column, _)| rows.cell(row, *column) == Cell::Null) {
        return w.null(name);
    }
    w.begin_object(name);
    for (key, column, kind) in parts {
        w.cell(key, *kind, rows.cell(row, *column));
    }
    w.end_object();
}

fn location(w: &mut Writer, name: &str, kind: CellKind, latitude: Cell<'_>, longitude: Cell<'_>) {
    if latitude == Cell::Null || longitude == Cell::Null {
        return w.null(name);
    }
    w.begin_object(name);
    w.cell("latitude", kind, latitude);
    w.cell("longitude", kind, longitude);
    w.end_object();
}

/// A value as plain text, as rows of list views hold it; dates in the form of the platform's runtime.
pub(super) fn plain_text(kind: &OutKind, source: Option<&(Arc<Object>, usize)>, cell: Cell<'_>) -> Option<String> {
    let field = source.map(|(object, index)| &object.fields()[*index]);
    let stamp = |text: &str| DateTime::parse(text).map(runtime_date);
    Some(match (kind, cell) {
        (_, Cell::Null | Cell::Blob(_)) => return None,
        (OutKind::Label(_), Cell::Text(value)) => field.map_or_else(|| value.to_owned(), |field| label(field, value)),
        (OutKind::Cell(CellKind::DateTime), Cell::Text(t)) => stamp(t)?,
        (OutKind::Cell(CellKind::Date), Cell::Text(t)) => stamp(&format!("{t}T00:00:00.000Z"))?,
        (OutKind::Cell(CellKind::Bool), Cell::Int(n)) => (n != 0).to_string(),
        (OutKind::Cell(CellKind::Decimal(scale)), Cell::Int(n)) => decimal(&scaled_text(n, *scale)),
        (_, Cell::Text(t)) => match field.filter(|f| f.ty == FieldType::EncryptedString) {
            Some(field) => masked(field, t),
            None => t.to_owned(),
        },
        (_, Cell::Int(n)) => n.to_string(),
    })
}

/// `Fri Aug 01 21:15:46 GMT 2014`.
fn runtime_date(at: DateTime) -> String {
    let text = at.to_http_date();
    let words: Vec<&str> = text.split([' ', ',']).filter(|w| !w.is_empty()).collect();
    match words.as_slice() {
        [weekday, day, month, year, clock, zone] => format!("{weekday} {month} {day} {clock} {zone} {year}"),
        _ => text,
    }
}
