//! Queries and their pages.

use super::Rest;
use super::explain;
use super::records::{Below, Printer};
use super::write::no_such_column;
use crate::Reply;
use crate::codec::{Doc, RecordUrl, Writer, XmlOrder};
use http::header;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::Failure;
use orglet_engine::plan::{Node, OutKind, Output};
use orglet_engine::policies::{self, ApiCall, Operation};
use orglet_engine::query::{self as engine, Answer, BATCH, Request, SMALLEST_BATCH};
use orglet_schema::{CellKind, Object};
use std::sync::Arc;
use std::time::Instant;

/// `GET /query?q=` and `GET /queryAll?q=`, or `explain=` instead of `q=`.
pub(super) fn query(cx: &Rest<'_>, all_rows: bool) -> Result<Reply, Failure> {
    if let Some(what) = cx.call.param("explain") {
        return explain::answer(cx, what, all_rows, false);
    }
    let soql = cx.call.param("q").ok_or_else(|| ApiError::new(ErrorCode::MalformedQuery, "A query string has to be specified"))?;
    answer(cx, soql, all_rows, false, Some(if all_rows { Operation::QueryAll } else { Operation::Query }))
}

/// Runs a query and answers its first page, or the columns when `columns=true` asks for them.
pub(crate) fn run(cx: &Rest<'_>, soql: &str, all_rows: bool, tooling: bool) -> Result<Reply, Failure> {
    answer(cx, soql, all_rows, tooling, None)
}

/// The same; policies watch what is a call of its own.
fn answer(cx: &Rest<'_>, soql: &str, all_rows: bool, tooling: bool, operation: Option<Operation>) -> Result<Reply, Failure> {
    let began = Instant::now();
    let request = Request { soql, version: cx.version, all_rows, batch: batch(cx).unwrap_or(BATCH), tooling };
    if cx.call.param("columns").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        return columns(cx, &*engine::plan(&cx.identity, &request)?);
    }
    let answer = engine::run(&cx.server.engine, &cx.identity, &request)?;
    if let Some(operation) = operation {
        weigh(cx, operation, Some(soql), began, &answer)?;
    }
    Ok(answer_page(cx, &answer, tooling))
}

/// Has the org's transaction security policies look at what was found. Calls of the Tooling API are none of theirs.
fn weigh(cx: &Rest<'_>, operation: Operation, soql: Option<&str>, began: Instant, answer: &Answer) -> Result<(), Failure> {
    let call = ApiCall {
        operation,
        api: "REST",
        version: cx.version,
        soql,
        client: client(cx),
        agent: cx.call.header(header::USER_AGENT),
        address: cx.call.trusted.then_some("127.0.0.1"),
        began,
    };
    policies::weigh(&cx.identity, &call, answer)
}

/// `Sforce-Call-Options: client=NAME`.
fn client<'a>(cx: &Rest<'a>) -> Option<&'a str> {
    let header = cx.call.header("sforce-call-options").unwrap_or_default();
    let named = header.split([',', ';']).filter_map(|o| o.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("client"));
    named.map(|(_, value)| value.trim())
}

/// `GET /query/{locator}`, or the same of the Tooling API.
pub(super) fn more(cx: &Rest<'_>, locator: &str, tooling: bool) -> Result<Reply, Failure> {
    let began = Instant::now();
    let answer = engine::more(&cx.server.engine, &cx.identity, locator, cx.version, batch(cx))?;
    // A page is of a data query, by whichever path it is asked for.
    weigh(cx, Operation::QueryMore, None, began, &answer)?;
    Ok(answer_page(cx, &answer, tooling))
}

/// The children of a record by one relationship, shaped as a query's answer.
pub(super) fn children(cx: &Rest<'_>, child: &Arc<Object>, field: &str, parent: Id) -> Result<Reply, Failure> {
    let fields: Vec<&str> = match cx.call.param("fields") {
        None => child.fields().iter().filter(|f| f.has_column() || f.ty.is_compound()).map(|f| f.name.as_str()).collect(),
        Some(list) => {
            let mut names = Vec::new();
            for name in list.split(',').map(str::trim).filter(|n| !n.is_empty()) {
                names.push(child.field(name).map(|f| f.name.as_str()).ok_or_else(|| no_such_column(child, name))?);
            }
            if !names.contains(&"Id") {
                names.push("Id");
            }
            names
        }
    };
    let soql = format!("SELECT {} FROM {} WHERE {field} = '{parent}'", fields.join(","), child.name);
    run(cx, &soql, false, false)
}

/// `Sforce-Query-Options: batchSize=N`, brought into its bounds; anything else in the header is passed over.
fn batch(cx: &Rest<'_>) -> Option<usize> {
    let header = cx.call.header("sforce-query-options").unwrap_or_default();
    let asked = header.split([',', ';']).filter_map(|o| o.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("batchSize"));
    asked.and_then(|(_, n)| n.trim().parse::<usize>().ok()).map(|n| n.clamp(SMALLEST_BATCH, BATCH))
}

/// A page: `totalSize, done[, nextRecordsUrl], records`, in XML sorted. The Tooling API has three members more: how many records
/// the page has, a locator that is never told, and what the records are, if there are any.
pub(crate) fn answer_page(cx: &Rest<'_>, answer: &Answer, tooling: bool) -> Reply {
    let base = if tooling { format!("{}/tooling", cx.base) } else { cx.base.clone() };
    let printer = Printer { catalog: &cx.catalog, base: &base, org: &cx.identity.org };
    let mut w = Writer::with_capacity(cx.format, cx.pretty, answer.set.rows.len() * 256 + 128);
    w.begin_object("QueryResult");
    if !w.is_xml() {
        if tooling {
            w.int("size", answer.set.rows.len() as i64);
        }
        w.int("totalSize", answer.total as i64);
    }
    w.bool("done", answer.next.is_none());
    if tooling && !w.is_xml() {
        w.null("queryLocator");
    }
    if tooling {
        match (&answer.plan.output, answer.record_plan()) {
            _ if answer.set.rows.is_empty() => w.null("entityTypeName"),
            (_, Some(plan)) => w.text("entityTypeName", &plan.object.name),
            (Output::Aggregate(_), None) => w.text("entityTypeName", "AggregateResult"),
            _ => w.null("entityTypeName"),
        }
    }
    if let Some(locator) = &answer.next {
        w.text("nextRecordsUrl", &format!("{base}/query/{locator}"));
    }
    if tooling && w.is_xml() {
        w.null("queryLocator");
    }
    w.begin_list("records");
    let rows = 0..answer.set.rows.len();
    match (&answer.plan.output, answer.record_plan()) {
        (_, Some(plan)) => {
            let below = Below { plans: &plan.children, set: &answer.set };
            printer.records(&mut w, "records", &plan.object, &plan.shape, below, rows);
        }
        (Output::Aggregate(plan), None) => {
            let nothing = Arc::new(Object::new("AggregateResult", "", "", Default::default));
            for row in rows {
                w.begin_record("records", "AggregateResult", RecordUrl::None);
                printer.nodes(&mut w, &nothing, "", &plan.shape, &answer.set.rows, row, None);
                w.end_object();
            }
        }
        _ => {}
    }
    w.end_list();
    if w.is_xml() {
        if tooling {
            w.int("size", answer.set.rows.len() as i64);
        }
        w.int("totalSize", answer.total as i64);
    }
    w.end_object();
    Reply::new(200, cx.format.content_type(), w.finish())
}

/// `columns=true`: what the columns of a query are, without running it. Undocumented; the `sf` CLI asks for it.
fn columns(cx: &Rest<'_>, plan: &orglet_engine::plan::Plan) -> Result<Reply, Failure> {
    let (entity, prefix, shape, grouped) = match &plan.output {
        Output::Records(p) => (p.object.name.clone(), p.object.key_prefix, p.shape.as_slice(), false),
        Output::Aggregate(p) => ("AggregateResult".to_owned(), None, p.shape.as_slice(), true),
        Output::Count(_) => (String::new(), None, &[][..], false),
    };
    let id_selected = shape.iter().any(|n| n.name() == "Id");
    let children: &[orglet_engine::plan::ChildPlan] = match &plan.output {
        Output::Records(p) => &p.children,
        _ => &[],
    };
    let list = shape.iter().map(|n| column(n, grouped, children));
    let doc = Doc::obj([
        ("columnMetadata", Doc::list(list)),
        ("entityName", entity.into()),
        ("groupBy", grouped.into()),
        ("idSelected", id_selected.into()),
        ("keyPrefix", prefix.map_or(Doc::Null, |p| p.to_string().into())),
    ]);
    Ok(cx.doc(200, &doc, "QueryColumnMetadata", XmlOrder::Sorted))
}

fn column(node: &Node, grouped: bool, children: &[orglet_engine::plan::ChildPlan]) -> Doc {
    let (field, kind) = match node {
        Node::Value { source, kind, .. } => {
            let field = source.as_ref().map(|(o, i)| &o.fields()[*i]);
            let kind = match kind {
                OutKind::Cell(k) | OutKind::Label(k) => Some(*k),
                OutKind::DecimalText => Some(CellKind::Decimal(0)),
                OutKind::Formatted(..) => Some(CellKind::Text),
            };
            (field, kind)
        }
        _ => (None, None),
    };
    let joined: Vec<Doc> = match node {
        Node::Parent { nodes, .. } => nodes.iter().map(|n| column(n, false, children)).collect(),
        Node::Child { child, .. } => {
            children.get(*child).map(|c| c.plan.shape.iter().map(|n| column(n, false, &c.plan.children)).collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let apex = match kind {
        Some(CellKind::Id) => Some("Id"),
        Some(CellKind::Bool) => Some("Boolean"),
        Some(CellKind::Int) => Some("Integer"),
        Some(CellKind::Decimal(_)) => Some("Double"),
        Some(CellKind::Date) => Some("Date"),
        Some(CellKind::DateTime) => Some("Datetime"),
        Some(CellKind::Time) => Some("Time"),
        Some(CellKind::Text) => Some("String"),
        _ => None,
    };
    Doc::obj([
        ("aggregate", (grouped && field.is_none() || matches!(node, Node::Child { .. })).into()),
        ("apexType", apex.map_or(Doc::Null, Into::into)),
        ("booleanType", (kind == Some(CellKind::Bool)).into()),
        ("columnName", node.name().to_string().into()),
        ("custom", field.is_some_and(|f| f.custom).into()),
        ("displayName", node.name().to_string().into()),
        ("foreignKeyName", field.and_then(|f| f.relationship_name.clone()).map_or(Doc::Null, Into::into)),
        ("insertable", field.is_some_and(|f| f.createable).into()),
        ("joinColumns", Doc::List(joined)),
        ("numberType", matches!(kind, Some(CellKind::Int | CellKind::Decimal(_))).into()),
        ("textType", (kind == Some(CellKind::Text)).into()),
        ("updatable", field.is_some_and(|f| f.updateable).into()),
    ])
}
