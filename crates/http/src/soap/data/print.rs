//! Prints records: the parts of a plan's shape, filled from rows.
//!
//! In the partner API a record is an `sObject`: its object's name, its id even where nobody asked for it, then what was asked for in
//! the order of the query, the id once more. In the enterprise API the element says the object as its type, the members stand in
//! the order of the WSDL, which is that of their names behind the id, and what is null is left out.

use super::Data;
use crate::codec::number::write_double;
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use crate::values::{decimal, formatted, label};
use base64::Engine as _;
use orglet_base::{Cell, Id};
use orglet_engine::plan::{ChildPlan, Node, OutKind, Output, ParentKind, RecordPlan};
use orglet_engine::query::{Answer as Page, Children, RecordSet, RowSet};
use orglet_engine::record;
use orglet_schema::types::masked;
use orglet_schema::{CellKind, FieldType, Object};
use std::sync::Arc;

/// The members of an address, in the order of the WSDL.
const ADDRESS: &[&str] =
    &["latitude", "longitude", "city", "country", "countryCode", "geocodeAccuracy", "postalCode", "state", "stateCode", "street"];

/// What printing needs to know.
pub(super) struct Printer<'a> {
    data: &'a Data<'a>,
    partner: bool,
}

/// A row whose parts are printed.
#[derive(Clone, Copy)]
struct At<'r> {
    rows: &'r RowSet,
    row: usize,
    /// Its object; none for rows of aggregates.
    object: Option<&'r Arc<Object>>,
    id: &'r str,
    /// The children that it may have.
    below: Option<(&'r [ChildPlan], &'r RecordSet)>,
}

impl<'a> Printer<'a> {
    pub(super) fn new(data: &'a Data<'a>) -> Self {
        Self { data, partner: data.is_partner() }
    }

    /// A page of a query: `done`, `queryLocator`, `records`, `size`.
    pub(super) fn page(&self, answer: &mut Answer, page: &Page) -> Result<(), Fault> {
        self.begin_page(answer, "result", page.next.as_deref());
        match (&page.plan.output, page.record_plan()) {
            (_, Some(plan)) => {
                for row in 0..page.set.rows.len() {
                    self.record(answer, "records", plan, &page.set, row)?;
                }
            }
            (Output::Aggregate(plan), None) => {
                for row in 0..page.set.rows.len() {
                    self.begin_record(answer, "records", "AggregateResult", None);
                    let at = At { rows: &page.set.rows, row, object: None, id: "", below: None };
                    self.nodes(answer, &plan.shape, at)?;
                    answer.end("records");
                }
            }
            _ => {}
        }
        answer.text("size", &page.total.to_string()).end("result");
        Ok(())
    }

    fn begin_page(&self, answer: &mut Answer, name: &str, next: Option<&str>) {
        if self.partner {
            answer.begin_typed(name, "QueryResult")
        } else {
            answer.begin(name)
        };
        answer.bool("done", next.is_none()).nillable("queryLocator", next);
    }

    /// A record of a set.
    pub(super) fn record(&self, answer: &mut Answer, name: &str, plan: &RecordPlan, set: &RecordSet, row: usize) -> Result<(), Fault> {
        let id = set.rows.cell(row, 0).text().unwrap_or_default();
        self.begin_record(answer, name, &plan.object.name, shown_id(&plan.shape, id));
        let at = At { rows: &set.rows, row, object: Some(&plan.object), id, below: Some((&plan.children, set)) };
        self.nodes(answer, &plan.shape, at)?;
        answer.end(name);
        Ok(())
    }

    fn begin_record(&self, answer: &mut Answer, name: &str, object: &str, id: Option<&str>) {
        if self.partner {
            answer.begin_typed(name, "sf:sObject").text("sf:type", object).nillable("sf:Id", id);
        } else {
            answer.begin_typed(name, &format!("sf:{object}"));
        }
    }

    fn nodes(&self, answer: &mut Answer, nodes: &[Node], at: At<'_>) -> Result<(), Fault> {
        if self.partner {
            return nodes.iter().try_for_each(|node| self.node(answer, node, at));
        }
        let mut sorted: Vec<(String, &Node)> = nodes.iter().map(|node| (node.name().to_string(), node)).collect();
        // The sort is stable: functions of one name keep the order of the query.
        sorted.sort_by(|(a, _), (b, _)| (a != "Id", a).cmp(&(b != "Id", b)));
        sorted.into_iter().try_for_each(|(_, node)| self.node(answer, node, at))
    }

    fn node(&self, answer: &mut Answer, node: &Node, at: At<'_>) -> Result<(), Fault> {
        let name = &format!("sf:{}", node.name());
        match node {
            Node::Value { column, kind, source, .. } => self.value(answer, name, kind, source.as_ref(), at.rows.cell(at.row, *column), at),
            Node::Parent { object: kind, id_column, nodes, .. } => {
                let Some(id) = at.rows.cell(at.row, *id_column).text() else { return self.null(answer, name) };
                let (real, shown) = match kind {
                    ParentKind::Fixed(object) => (Some(object), object.name.as_str()),
                    ParentKind::ById => (Id::parse(id).ok().and_then(|id| self.data.catalog.object_of(id)), "Name"),
                };
                let Some(real) = real else { return self.null(answer, name) };
                self.below(answer, name, shown, real, id, nodes, at)
            }
            Node::TypeOf { id_column, branches, otherwise, .. } => {
                let id = at.rows.cell(at.row, *id_column).text();
                let real = id.and_then(|id| Id::parse(id).ok()).and_then(|id| self.data.catalog.object_of(id));
                let branch = real.and_then(|real| branches.iter().find(|(o, _)| o.name == real.name)).map(|(_, nodes)| nodes.as_slice());
                match (id, real, branch.unwrap_or(otherwise)) {
                    (Some(id), Some(real), parts) if !parts.is_empty() => self.below(answer, name, &real.name, real, id, parts, at),
                    _ => self.null(answer, name),
                }
            }
            Node::Address { parts, .. } => {
                if parts.iter().all(|(_, column, _)| at.rows.cell(at.row, *column) == Cell::Null) {
                    return self.null(answer, name);
                }
                answer.begin_typed(name, "address");
                for member in ADDRESS {
                    let part = parts.iter().find(|(key, ..)| key == member);
                    let text = part.and_then(|(_, column, kind)| plain(*kind, at.rows.cell(at.row, *column)));
                    answer.nillable(member, text.as_deref());
                }
                answer.end(name);
                Ok(())
            }
            Node::Location { latitude, longitude, kind, .. } => {
                let (latitude, longitude) = (at.rows.cell(at.row, *latitude), at.rows.cell(at.row, *longitude));
                let (Some(latitude), Some(longitude)) = (plain(*kind, latitude), plain(*kind, longitude)) else {
                    return self.null(answer, name);
                };
                answer.begin_typed(name, "location").text("latitude", &latitude).text("longitude", &longitude).end(name);
                Ok(())
            }
            Node::Child { child, .. } => self.children(answer, name, *child, at),
        }
    }

    /// A parent record.
    #[allow(clippy::too_many_arguments, reason = "a parent with where its columns are")]
    fn below(
        &self,
        answer: &mut Answer,
        name: &str,
        shown: &str,
        real: &Arc<Object>,
        id: &str,
        nodes: &[Node],
        at: At<'_>,
    ) -> Result<(), Fault> {
        self.begin_record(answer, name, shown, shown_id(nodes, id));
        self.nodes(answer, nodes, At { object: Some(real), id, below: None, ..at })?;
        answer.end(name);
        Ok(())
    }

    /// The children of a record by a sub-query: null where it has none.
    fn children(&self, answer: &mut Answer, name: &str, child: usize, at: At<'_>) -> Result<(), Fault> {
        let Some((plans, set)) = at.below else { return self.null(answer, name) };
        let (Some(plan), Some(found)) = (plans.get(child), set.children.get(child)) else { return self.null(answer, name) };
        let Some(group) = found.by_parent.get(at.id).filter(|group| !group.rows.is_empty()) else { return self.null(answer, name) };
        let Children { rows, total, next, .. } = group;
        self.begin_page(answer, name, next.as_deref());
        for row in rows {
            self.record(answer, "records", &plan.plan, &found.set, *row)?;
        }
        answer.text("size", &total.to_string()).end(name);
        Ok(())
    }

    fn null(&self, answer: &mut Answer, name: &str) -> Result<(), Fault> {
        if self.partner {
            answer.nil(name);
        }
        Ok(())
    }

    fn value(
        &self,
        answer: &mut Answer,
        name: &str,
        kind: &OutKind,
        source: Option<&(Arc<Object>, usize)>,
        cell: Cell<'_>,
        at: At<'_>,
    ) -> Result<(), Fault> {
        if cell == Cell::Null {
            return self.null(answer, name);
        }
        let field = source.map(|(object, index)| &object.fields()[*index]);
        let text = match (kind, cell) {
            (OutKind::Cell(CellKind::Blob), _) => Some(self.bytes(source, at)?),
            (OutKind::Cell(CellKind::Text), Cell::Text(text)) => {
                Some(match field.filter(|f| f.ty == FieldType::EncryptedString) {
                    // Nobody has the right to view encrypted data until rights are granted one by one.
                    Some(field) => masked(field, text),
                    None => text.to_owned(),
                })
            }
            (OutKind::Cell(kind), cell) => plain(*kind, cell),
            (OutKind::DecimalText, cell) => Some(decimal(cell.text().unwrap_or("0"))),
            (OutKind::Label(_), Cell::Text(value)) => Some(field.map_or_else(|| value.to_owned(), |field| label(field, value))),
            (OutKind::Label(kind), cell) => plain(*kind, cell),
            (OutKind::Formatted(inner, ty), cell) => Some(formatted(inner, *ty, cell)),
        };
        let Some(text) = text else { return self.null(answer, name) };
        // The type of what is no field is not in the WSDL, so that its element says it.
        match (source, at.object) {
            (None, None) => answer.typed_text(name, schema_type(kind), &text),
            _ => answer.text(name, &text),
        };
        Ok(())
    }

    /// The bytes of a field, in base64.
    fn bytes(&self, source: Option<&(Arc<Object>, usize)>, at: At<'_>) -> Result<String, Fault> {
        let found = source
            .zip(Id::parse(at.id).ok())
            .map(|((object, index), id)| record::blob(&self.data.identity, object, id, &object.fields()[*index]));
        match found {
            Some(Ok(blob)) => Ok(base64::engine::general_purpose::STANDARD.encode(blob.bytes)),
            Some(Err(e)) => Err(self.data.fault(e)),
            None => Ok(String::new()),
        }
    }
}

/// The id of a record, where it was asked for.
fn shown_id<'i>(nodes: &[Node], id: &'i str) -> Option<&'i str> {
    nodes.iter().any(|node| matches!(node, Node::Value { .. }) && *node.name().as_str() == *"Id").then_some(id)
}

/// A cell as text; `None` for null.
fn plain(kind: CellKind, cell: Cell<'_>) -> Option<String> {
    Some(match (kind, cell) {
        (_, Cell::Null | Cell::Blob(_)) => return None,
        (CellKind::Bool, Cell::Int(n)) => (n != 0).to_string(),
        (CellKind::Decimal(scale), Cell::Int(n)) => {
            let mut out = Vec::new();
            write_double(&mut out, n, scale);
            String::from_utf8_lossy(&out).into_owned()
        }
        (_, Cell::Int(n)) => n.to_string(),
        (_, Cell::Text(text)) => text.to_owned(),
    })
}

/// The type of a value in XML Schema.
fn schema_type(kind: &OutKind) -> &'static str {
    match kind {
        OutKind::DecimalText | OutKind::Cell(CellKind::Decimal(_)) => "xsd:double",
        OutKind::Cell(CellKind::Int) => "xsd:int",
        OutKind::Cell(CellKind::Bool) => "xsd:boolean",
        OutKind::Cell(CellKind::Date) => "xsd:date",
        OutKind::Cell(CellKind::DateTime) => "xsd:dateTime",
        OutKind::Cell(CellKind::Time) => "xsd:time",
        _ => "xsd:string",
    }
}
