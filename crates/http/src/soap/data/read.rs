//! Calls that read records.

use super::print::Printer;
use super::{Data, no_such_column};
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::plan::{ChildPlan, Node, OutKind, Output, Plan};
use orglet_engine::policies::{self, ApiCall, Operation};
use orglet_engine::query::{self, Request};
use orglet_engine::{search, views};
use orglet_schema::CellKind;
use std::collections::HashMap;
use std::time::Instant;

/// Ids of one `retrieve` ("retrieve()" of the vendor's guide).
const MOST_RETRIEVED: usize = 2000;
/// Bytes of an answer to which no further record is added; a limit of ours. The largest attachment fits twice.
const LARGEST: usize = 16 * 1024 * 1024;

/// `query(queryString)`.
pub(super) fn query(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    run(data, answer, false)
}

/// `queryAll(queryString)`: deleted records too.
pub(super) fn query_all(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    run(data, answer, true)
}

fn run(data: &Data<'_>, answer: &mut Answer, all_rows: bool) -> Result<(), Fault> {
    let soql = data.soap.request.argument("queryString");
    if soql.trim().is_empty() {
        return Err(ApiError::new(ErrorCode::MalformedQuery, "A query string has to be specified").into());
    }
    let mut request = request(data, soql, all_rows);
    let plan = query::plan(&data.identity, &request).map_err(|e| data.fault(e))?;
    // Bytes come with their record, one record a page ("Base64" in "Primitive Data Types" of the vendor's guide).
    if holds(&plan, CellKind::Blob) {
        request.batch = 1;
    }
    if holds(&plan, CellKind::Compound) {
        return Err(Fault::new(ErrorCode::FunctionalityNotEnabled, "Metadata and FullName are not available in this API."));
    }
    let began = Instant::now();
    let found = query::run(&data.soap.server.engine, &data.identity, &request).map_err(|e| data.fault(e))?;
    let operation = if all_rows { Operation::QueryAll } else { Operation::Query };
    weigh(data, operation, Some(soql), began, &found)?;
    let printer = Printer::new(data);
    printer.page(answer, &found)
}

/// `queryMore(queryLocator)`.
pub(super) fn query_more(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let locator = data.soap.request.argument("queryLocator").trim();
    let (server, version) = (&data.soap.server.engine, data.soap.version);
    let more = |rows| query::more(server, &data.identity, locator, version, rows).map_err(|e| data.fault(e));
    let began = Instant::now();
    let mut found = more(data.options.further_rows())?;
    // As in the first page: what was read has no bytes yet.
    if holds(&found.plan, CellKind::Blob) {
        found = more(Some(1))?;
    }
    weigh(data, Operation::QueryMore, None, began, &found)?;
    Printer::new(data).page(answer, &found)
}

/// Has the org's transaction security policies look at what was found.
fn weigh(data: &Data<'_>, operation: Operation, soql: Option<&str>, began: Instant, found: &query::Answer) -> Result<(), Fault> {
    let call = ApiCall {
        operation,
        api: if data.is_partner() { "SOAP Partner" } else { "SOAP Enterprise" },
        version: data.soap.version,
        soql,
        client: data.soap.request.header("CallOptions", "client"),
        agent: data.soap.call.header(http::header::USER_AGENT),
        address: data.soap.call.trusted.then_some("127.0.0.1"),
        began,
    };
    policies::weigh(&data.identity, &call, found).map_err(|e| data.fault(e))
}

/// `retrieve(fieldList, sObjectType, ids)`: a record for each id, in their order; null for one that is not there.
pub(super) fn retrieve(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let asked = &data.soap.request;
    let object = data.object(asked.argument("sObjectType").trim())?.clone();
    // The ids of others are no keys.
    if !object.flags.retrieveable {
        let text = format!("entity type {} does not support retrieve", object.name);
        return Err(ApiError::new(ErrorCode::InvalidTypeForOperation, text).into());
    }
    let texts = asked.list("ids");
    if texts.len() > MOST_RETRIEVED {
        let text = format!("retrieve id limit reached. cannot retrieve more than {MOST_RETRIEVED} records with this call");
        return Err(ApiError::new(ErrorCode::ExceededIdLimit, text).into());
    }
    let fields: Vec<&str> = asked.argument("fieldList").split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let is_name = |name: &&str| name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    if let Some(other) = fields.iter().find(|name| !is_name(name)) {
        return Err(no_such_column(&object, other).into());
    }
    if fields.is_empty() {
        return Err(ApiError::new(ErrorCode::MalformedQuery, "The list of fields is empty").into());
    }
    // What is wrong with a field is told as of this query (palominolabs SOAP tests).
    let mut soql = format!("SELECT {} FROM {}", fields.join(", "), object.name);
    let plan = query::plan(&data.identity, &request(data, &soql, false)).map_err(|e| data.fault(e))?;
    if holds(&plan, CellKind::Compound) {
        return Err(Fault::new(ErrorCode::FunctionalityNotEnabled, "Metadata and FullName are not available in this API."));
    }
    let malformed = |text: &str| ApiError::new(ErrorCode::MalformedId, format!("malformed id {text}"));
    let ids = texts.iter().map(|text| Id::parse(text.trim()).map_err(|_| malformed(text))).collect::<Result<Vec<Id>, _>>()?;
    if ids.is_empty() {
        return Ok(());
    }
    let listed: Vec<String> = ids.iter().map(|id| format!("'{id}'")).collect();
    soql.push_str(&format!(" WHERE Id IN ({})", listed.join(",")));
    let mut request = request(data, &soql, false);
    request.batch = MOST_RETRIEVED;
    let found = query::run(&data.soap.server.engine, &data.identity, &request).map_err(|e| data.fault(e))?;
    if found.next.is_some() {
        return Err(too_large().into());
    }
    let rows = &found.set.rows;
    let places: HashMap<Id, usize> =
        (0..rows.len()).filter_map(|row| Some((rows.cell(row, 0).text().and_then(|id| Id::parse(id).ok())?, row))).collect();
    if data.options.looks {
        views::note(&data.identity, &object, places.keys().copied(), true);
    }
    let printer = Printer::new(data);
    for id in ids {
        within(answer)?;
        match (places.get(&id), found.record_plan()) {
            (Some(row), Some(plan)) => printer.record(answer, "result", plan, &found.set, *row)?,
            _ => {
                answer.nil("result");
            }
        }
    }
    Ok(())
}

/// `search(searchString)`.
pub(super) fn search(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let sosl = data.soap.request.argument("searchString");
    let request = search::Request { sosl, version: data.soap.version, by_name: false };
    let found = search::run(&data.identity, &request).map_err(|e| data.fault(e))?;
    if found.labels {
        let text = "WITH METADATA is not available in this API.";
        return Err(Fault::new(ErrorCode::FunctionalityNotEnabled, text));
    }
    let printer = Printer::new(data);
    let query_id = orglet_engine::random_token().map_err(|e| data.fault(e))?;
    answer.begin("result").text("queryId", &query_id);
    for found in &found.found {
        let Some(plan) = found.search.records() else { continue };
        for row in 0..found.set.rows.len() {
            within(answer)?;
            answer.begin("searchRecords");
            printer.record(answer, "record", plan, &found.set, row)?;
            let marked = found.marked.get(row).filter(|marked| !marked.is_empty());
            if let Some(marked) = marked {
                answer.begin("snippet");
                for (name, text) in marked {
                    let name = name.strip_prefix("highlight.").unwrap_or(name);
                    answer.begin("wholeFields").text("name", name).text("value", text).end("wholeFields");
                }
                answer.end("snippet");
            }
            answer.end("searchRecords");
        }
    }
    answer.end("result");
    Ok(())
}

/// Refuses a further record in an answer that has grown too large already.
fn within(answer: &Answer) -> Result<(), ApiError> {
    if answer.size() <= LARGEST { Ok(()) } else { Err(too_large()) }
}

fn too_large() -> ApiError {
    let text = "The records have more text than one answer can hold: ask for fewer of them.";
    ApiError::new(ErrorCode::ExceededMaxSizeRequest, text)
}

fn request<'a>(data: &Data<'_>, soql: &'a str, all_rows: bool) -> Request<'a> {
    Request { soql, version: data.soap.version, all_rows, batch: data.options.rows(), tooling: false }
}

/// Whether a query shows cells of a kind anywhere.
fn holds(plan: &Plan, kind: CellKind) -> bool {
    fn nodes(list: &[Node], kind: CellKind) -> bool {
        list.iter().any(|node| match node {
            Node::Value { kind: OutKind::Cell(of), .. } => *of == kind,
            Node::Parent { nodes: below, .. } => nodes(below, kind),
            Node::TypeOf { branches, otherwise, .. } => branches.iter().any(|(_, below)| nodes(below, kind)) || nodes(otherwise, kind),
            _ => false,
        })
    }
    fn children(list: &[ChildPlan], kind: CellKind) -> bool {
        list.iter().any(|child| nodes(&child.plan.shape, kind) || children(&child.plan.children, kind))
    }
    match &plan.output {
        Output::Records(plan) => nodes(&plan.shape, kind) || children(&plan.children, kind),
        _ => false,
    }
}
