//! Workflow rules and approval processes. Of rules an org has none until someone defines them in Setup, which nothing here does: the
//! lists are empty.

use super::{MOST_MOVES, Rest, typed};
use crate::Reply;
use crate::codec::{Doc, Format, Node, Writer, XmlOrder};
use crate::error;
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::save::approvals::{self, Action, Decision, Outcome, Submission};
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
        return process(cx);
    }
    if cx.format == Format::Xml {
        // As recorded: the platform has no XML of this list and answers an internal error.
        let text = "An unexpected error occurred. The list of approval processes has no XML form";
        return Err(ApiError::new(ErrorCode::UnknownException, text).into());
    }
    let mut by_object = Doc::Obj(Vec::new());
    for object in cx.catalog.objects().into_iter().filter(|object| cx.identity.access.sees_object(object)) {
        let processes = object.rules.iter().flat_map(|rules| &rules.approval_processes).filter(|process| process.active);
        let listed: Vec<Doc> = processes
            .enumerate()
            .map(|(at, process)| {
                Doc::obj([
                    ("description", process.description.clone().into()),
                    ("id", process.id.map(|id| id.to_string()).into()),
                    ("name", process.label.clone().into()),
                    ("object", object.name.clone().into()),
                    ("sortOrder", Doc::Int(i64::try_from(at + 1).unwrap_or(i64::MAX))),
                ])
            })
            .collect();
        if !listed.is_empty() {
            by_object.push(object.name.clone(), Doc::List(listed));
        }
    }
    Ok(cx.doc(200, &Doc::obj([("approvals", by_object)]), "ProcessApprovals", XmlOrder::Sorted))
}

/// What became of a request.
type Done = Result<Outcome, Vec<ApiError>>;

/// Submits, approves, rejects and recalls. Requests are taken one by one, and what succeeds stays. Where none does, the answer lists
/// why, as recorded of one; else there is a result for each.
fn process(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let body = cx.body()?;
    let requests = typed::object(&body, &["requests"])?.list("requests");
    if requests.is_empty() {
        return Err(typed::missing("requests").into());
    }
    if requests.len() > MOST {
        let text = format!("record limit reached. cannot submit more than {MOST} records into this call");
        return Err(ApiError::new(ErrorCode::ExceededIdLimit, text).into());
    }
    let read: Vec<Request> = requests.into_iter().map(read).collect::<Result<_, _>>()?;
    let mut all: Vec<Done> = Vec::with_capacity(read.len());
    let mut moved: Option<Rest<'_>> = None;
    for request in &read {
        let mut done = request.run(moved.as_ref().unwrap_or(cx));
        // Where the org is moved meanwhile, this request goes on in the new place: those before it were done.
        for _ in 0..MOST_MOVES {
            if !done.as_ref().is_err_and(Failure::is_moved) {
                break;
            }
            done = cx.moved().and_then(|there| request.run(moved.insert(there)));
        }
        all.push(match done {
            Ok(outcome) => Ok(outcome),
            Err(failure) if !failure.errors().is_empty() => Err(failure.errors().to_vec()),
            // What is done already has to be told, so that a failure of ours is that of its request alone.
            Err(failure) if all.iter().any(Result::is_ok) => Err(vec![cx.server.internal(&failure)]),
            Err(failure) => return Err(failure),
        });
    }
    if all.iter().all(Result::is_err) {
        let errors: Vec<ApiError> = all.into_iter().filter_map(Result::err).flatten().collect();
        return Ok(error::render(&errors, cx.format, cx.pretty).into());
    }
    let mut w = Writer::new(cx.format, cx.pretty);
    // Both elements have this name (apache/camel, ApprovalResultTest).
    w.begin_wrapped_list("ProcessApprovalResult", "ProcessApprovalResult");
    all.iter().for_each(|done| write(&mut w, done));
    w.end_list();
    Ok(Reply::new(200, cx.format.content_type(), w.finish()))
}

fn write(w: &mut Writer, done: &Done) {
    let ids = |w: &mut Writer, name: &str, ids: &[Id]| {
        w.begin_list(name);
        ids.iter().for_each(|id| w.text("", &id.to_string()));
        w.end_list();
    };
    w.begin_object("");
    match done {
        Ok(outcome) => {
            if !outcome.actors.is_empty() {
                ids(w, "actorIds", &outcome.actors);
            } else if !w.is_xml() {
                w.null("actorIds");
            }
            w.text("entityId", &outcome.record.to_string());
            if !w.is_xml() {
                w.null("errors");
            }
            w.text("instanceId", &outcome.instance.to_string());
            w.text("instanceStatus", outcome.status);
            ids(w, "newWorkitemIds", &outcome.workitems);
        }
        Err(errors) if w.is_xml() => error::write_row_errors(w, "errors", errors),
        Err(errors) => {
            w.null("actorIds");
            w.null("entityId");
            error::write_row_errors(w, "errors", errors);
            w.null("instanceId");
            w.null("instanceStatus");
            w.null("newWorkitemIds");
        }
    }
    w.bool("success", done.is_ok());
    w.end_object();
}

/// What is asked for a record, or for a step that waits.
enum Request {
    Submit(Submission),
    Decide(Decision),
}

impl Request {
    fn run(&self, cx: &Rest<'_>) -> Result<Outcome, Failure> {
        match self {
            Request::Submit(submission) => approvals::submit(&cx.identity, submission),
            Request::Decide(decision) => approvals::decide(&cx.identity, decision),
        }
    }
}

fn read(node: &Node<'_>) -> Result<Request, ApiError> {
    const KNOWN: &[&str] =
        &["actionType", "contextActorId", "contextId", "comments", "nextApproverIds", "processDefinitionNameOrId", "skipEntryCriteria"];
    typed::object(node, KNOWN)?;
    let submitter = typed::id(node, "contextActorId")?;
    let next_approvers = typed::ids(node, "nextApproverIds")?;
    let comments = typed::text(node, "comments")?.map(str::to_owned);
    let skip_entry_criteria = typed::flag(node, "skipEntryCriteria")?;
    let process = named(node)?;
    let action = typed::text(node, "actionType")?.ok_or_else(|| typed::missing("actionType"))?;
    let is_submit = action.eq_ignore_ascii_case("Submit");
    let decided = Action::parse(action);
    if !is_submit && decided.is_none() {
        return Err(ApiError::new(ErrorCode::InvalidInput, format!("actionType: not a kind of action: {action}")));
    }
    let context = typed::id(node, "contextId")?.ok_or_else(|| typed::missing("contextId"))?;
    Ok(match decided {
        Some(action) => Request::Decide(Decision { workitem: context, action, next_approvers, comments }),
        None => Request::Submit(Submission { record: context, submitter, process, skip_entry_criteria, next_approvers, comments }),
    })
}

/// The process that a request names.
fn named(node: &Node<'_>) -> Result<Option<String>, ApiError> {
    Ok(typed::text(node, "processDefinitionNameOrId")?.filter(|name| !name.is_empty()).map(str::to_owned))
}

/// What the action `submit` does with an input.
pub(super) fn submit(cx: &Rest<'_>, input: &Node<'_>) -> Result<Doc, Failure> {
    let submission = Submission {
        record: typed::id(input, "objectId")?.ok_or_else(|| typed::missing("objectId"))?,
        submitter: typed::id(input, "submitterId")?,
        process: named(input)?,
        skip_entry_criteria: typed::flag(input, "skipEntryCriteria")?,
        next_approvers: typed::ids(input, "nextApproverIds")?,
        comments: typed::text(input, "comment")?.map(str::to_owned),
    };
    let done = approvals::submit(&cx.identity, &submission)?;
    let ids = |ids: &[Id]| Doc::list(ids.iter().map(Id::to_string));
    Ok(Doc::obj([
        ("actorIds", ids(&done.actors)),
        ("entityId", done.record.to_string().into()),
        ("instanceId", done.instance.to_string().into()),
        ("instanceStatus", done.status.into()),
        ("newWorkItemIds", ids(&done.workitems)),
    ]))
}
