//! Workflow rules and approval processes. An org has none until someone defines them in Setup, which nothing here does:
//! the lists are empty, and a record that is submitted finds no process.

use super::{Rest, typed};
use crate::Reply;
use crate::codec::{Doc, Format, Node, XmlOrder};
use crate::error;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::{Failure, views};
use orglet_schema::Object;

/// Records of one request.
const MOST: usize = 200;

/// `GET /process`.
pub(super) fn root(cx: &Rest<'_>) -> Reply {
    let url = |name: &str| format!("{}/process/{name}", cx.base).into();
    cx.doc(200, &Doc::obj([("rules", url("rules")), ("approvals", url("approvals"))]), "Process", XmlOrder::Kept)
}

/// `/process/rules`, `/process/rules/{object}`.
pub(super) fn rules(cx: &Rest<'_>, object: Option<&str>) -> Result<Reply, Failure> {
    let object = object.map(|name| cx.object(name)).transpose()?;
    if cx.call.method == http::Method::POST {
        return trigger(cx, object.as_deref());
    }
    Ok(cx.doc(200, &Doc::obj([("rules", Doc::Obj(Vec::new()))]), "ProcessRules", XmlOrder::Sorted))
}

/// `/process/rules/{object}/{rule}`: no rule has an id.
pub(super) fn rule(cx: &Rest<'_>, object: &str) -> Result<Reply, Failure> {
    cx.object(object)?;
    Err(ApiError::not_found().into())
}

/// Triggers all rules of records: there are none, so that nothing is to be done for records that are there.
fn trigger(cx: &Rest<'_>, of: Option<&Object>) -> Result<Reply, Failure> {
    let body = cx.body()?;
    let ids = typed::ids(typed::object(&body, &["contextIds"])?, "contextIds")?;
    let Some(first) = ids.first() else { return Err(typed::missing("contextIds").into()) };
    if ids.len() > MOST {
        let text = format!("record limit reached. cannot submit more than {MOST} records into this call");
        return Err(ApiError::new(ErrorCode::ExceededIdLimit, text).into());
    }
    let prefix = of.map_or(Some(first.prefix()), |object| object.key_prefix);
    if ids.iter().any(|id| Some(id.prefix()) != prefix) {
        return Err(ApiError::new(ErrorCode::InvalidInput, "All IDs must be for records of the same object").into());
    }
    ids.iter().try_for_each(|id| exists(cx, *id))?;
    let doc = Doc::obj([("errors", Doc::Null), ("success", true.into())]);
    Ok(cx.doc(200, &doc, "ProcessRuleResult", XmlOrder::Sorted))
}

/// Refuses the id of a record that is not there.
pub(super) fn exists(cx: &Rest<'_>, id: Id) -> Result<(), Failure> {
    let object = cx.catalog.object_of(id).filter(|o| o.has_table() && cx.identity.access.sees_object(o));
    let there = match object {
        Some(object) => views::is_there(&cx.identity, object, id)?,
        None => false,
    };
    if there { Ok(()) } else { Err(no_record().into()) }
}

fn no_record() -> ApiError {
    ApiError::new(ErrorCode::InvalidCrossReferenceKey, "invalid cross reference id").with_fields(Vec::<String>::new())
}

/// `/process/approvals`.
pub(super) fn approvals(cx: &Rest<'_>) -> Result<Reply, Failure> {
    if cx.call.method == http::Method::POST {
        return decide(cx);
    }
    if cx.format == Format::Xml {
        // As recorded: the platform has no XML of this list and answers an internal error.
        let text = "An unexpected error occurred. The list of approval processes has no XML form";
        return Err(ApiError::new(ErrorCode::UnknownException, text).into());
    }
    Ok(cx.doc(200, &Doc::obj([("approvals", Doc::Obj(Vec::new()))]), "ProcessApprovals", XmlOrder::Sorted))
}

/// Submits, approves and rejects. Requests are taken one by one; each of them fails, and the answer lists why.
fn decide(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let body = cx.body()?;
    let requests = typed::object(&body, &["requests"])?.list("requests");
    if requests.is_empty() {
        return Err(typed::missing("requests").into());
    }
    if requests.len() > MOST {
        let text = format!("record limit reached. cannot submit more than {MOST} records into this call");
        return Err(ApiError::new(ErrorCode::ExceededIdLimit, text).into());
    }
    let read: Vec<Request<'_>> = requests.into_iter().map(read).collect::<Result<_, _>>()?;
    let mut errors = Vec::with_capacity(read.len());
    for request in read {
        match attempt(cx, &request) {
            Failure::Api(e) => errors.push(e),
            other => return Err(other),
        }
    }
    Ok(error::render(&errors, cx.format, cx.pretty).into())
}

/// What is asked for a record or for a step that waits.
struct Request<'a> {
    action: &'a str,
    context: Id,
    process: Option<&'a str>,
}

fn read<'n>(node: &'n Node<'_>) -> Result<Request<'n>, ApiError> {
    const KNOWN: &[&str] =
        &["actionType", "contextActorId", "contextId", "comments", "nextApproverIds", "processDefinitionNameOrId", "skipEntryCriteria"];
    typed::object(node, KNOWN)?;
    typed::id(node, "contextActorId")?;
    typed::ids(node, "nextApproverIds")?;
    typed::text(node, "comments")?;
    typed::flag(node, "skipEntryCriteria")?;
    let process = typed::text(node, "processDefinitionNameOrId")?.filter(|name| !name.is_empty());
    let action = typed::text(node, "actionType")?.ok_or_else(|| typed::missing("actionType"))?;
    if !["Submit", "Approve", "Reject", "Removed"].iter().any(|known| known.eq_ignore_ascii_case(action)) {
        return Err(ApiError::new(ErrorCode::InvalidInput, format!("actionType: not a kind of action: {action}")));
    }
    let context = typed::id(node, "contextId")?.ok_or_else(|| typed::missing("contextId"))?;
    Ok(Request { action, context, process })
}

/// Why a request cannot be met.
fn attempt(cx: &Rest<'_>, request: &Request<'_>) -> Failure {
    if !request.action.eq_ignore_ascii_case("Submit") {
        // Only a submitted record has steps that wait for somebody.
        return no_record().into();
    }
    submit(cx, request.context, request.process)
}

/// Why a record cannot be submitted for approval.
pub(super) fn submit(cx: &Rest<'_>, record: Id, process: Option<&str>) -> Failure {
    if let Err(failure) = exists(cx, record) {
        return failure;
    }
    // An id of a process is one that no process has; a name is one that none bears.
    if process.is_some_and(|name| Id::parse(name).is_ok()) {
        return no_record().into();
    }
    ApiError::new(ErrorCode::NoApplicableProcess, "No applicable approval process was found.").with_fields(Vec::<String>::new()).into()
}
