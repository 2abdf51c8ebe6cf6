//! `process`: records are submitted for approval, and what waits is answered.

use super::write::{bounded, known};
use super::{Data, bad_id};
use crate::codec::{Node, xml};
use crate::soap::Fault;
use crate::soap::arguments::misplaced;
use crate::soap::envelope::{Answer, elements};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::save::approvals::{self, Action, Decision, Outcome, Submission};
use orglet_engine::{Failure, Identity};

/// Members that both kinds of request have.
const COMMON: &[&str] = &["comments", "nextApproverIds"];
const SUBMIT: &[&str] = &["objectId", "submitterId", "processDefinitionNameOrId", "skipEntryCriteria"];
const DECIDE: &[&str] = &["action", "workitemId"];

enum Request {
    Submit(Submission),
    Decide(Decision),
}

impl Request {
    fn run(&self, identity: &Identity) -> Result<Outcome, Failure> {
        match self {
            Request::Submit(submission) => approvals::submit(identity, submission),
            Request::Decide(decision) => approvals::decide(identity, decision),
        }
    }
}

/// `process(actions)`: each of them is a ProcessSubmitRequest or a ProcessWorkitemRequest, done by itself.
pub(super) fn process(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let nodes: Vec<&Node<'_>> = data.soap.request.arguments().get_all("actions").collect();
    bounded(nodes.len())?;
    let requests = nodes.into_iter().map(|node| read(data, node)).collect::<Result<Vec<_>, _>>()?;
    for request in requests {
        let done = match request {
            Err(e) => Err(vec![e]),
            Ok(request) => match request.run(&data.identity) {
                Ok(outcome) => Ok(outcome),
                Err(failure) if failure.errors().is_empty() => Err(vec![data.soap.server.internal(&failure)]),
                Err(failure) => Err(failure.errors().to_vec()),
            },
        };
        write(answer, done);
    }
    Ok(())
}

fn write(answer: &mut Answer, done: Result<Outcome, Vec<ApiError>>) {
    answer.begin("result");
    match done {
        Ok(outcome) => {
            for actor in &outcome.actors {
                answer.text("actorIds", &actor.to_string());
            }
            answer.text("entityId", &outcome.record.to_string());
            answer.text("instanceId", &outcome.instance.to_string()).text("instanceStatus", outcome.status);
            for item in &outcome.workitems {
                answer.text("newWorkitemIds", &item.to_string());
            }
            answer.bool("success", true);
        }
        Err(errors) => {
            answer.nil("entityId").errors(&errors).nil("instanceId").nil("instanceStatus").bool("success", false);
        }
    }
    answer.end("result");
}

/// Reads a request. What no WSDL allows is a fault; what a record can't be is an error of its own.
fn read(data: &Data<'_>, node: &Node<'_>) -> Result<Result<Request, ApiError>, Fault> {
    let kind = node.get(xml::TYPE).and_then(Node::as_str).unwrap_or_default();
    let own = match kind {
        "ProcessSubmitRequest" => SUBMIT,
        "ProcessWorkitemRequest" => DECIDE,
        _ => return Err(Fault::client("actions: one of ProcessSubmitRequest and ProcessWorkitemRequest is expected as xsi:type")),
    };
    let is_known = |name: &str| COMMON.contains(&name) || own.contains(&name);
    if let Some((name, _)) = elements(node).find(|(name, _)| !is_known(name)) {
        return Err(misplaced(data.soap.api, name));
    }
    let skip = match text(node, "skipEntryCriteria") {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(other) => return Err(Fault::client(format!("'{other}' is not a valid value for the type xsd:boolean"))),
    };
    Ok(request(data, node, skip))
}

fn request(data: &Data<'_>, node: &Node<'_>, skip_entry_criteria: bool) -> Result<Request, ApiError> {
    let missing = |name: &str| ApiError::new(ErrorCode::MissingArgument, format!("{name} not specified")).with_fields([name]);
    let id = |text: &str| Id::parse(text).map_err(|_| bad_id(text));
    let next = node.list("nextApproverIds").into_iter().filter_map(Node::as_str).map(str::trim).filter(|text| !text.is_empty());
    let next_approvers = next.map(id).collect::<Result<Vec<_>, _>>()?;
    let comments = node.get("comments").and_then(Node::as_str).map(str::to_owned);
    let Some(action) = text(node, "action") else {
        let record = text(node, "objectId").ok_or_else(|| missing("objectId"))?;
        return Ok(Request::Submit(Submission {
            record: known(data, record)?.1,
            submitter: text(node, "submitterId").map(id).transpose()?,
            process: text(node, "processDefinitionNameOrId").map(str::to_owned),
            skip_entry_criteria,
            next_approvers,
            comments,
        }));
    };
    let Some(action) = Action::parse(action) else {
        return Err(ApiError::new(ErrorCode::InvalidStatus, format!("invalid action: {action}")).with_fields(["action"]));
    };
    let item = text(node, "workitemId").ok_or_else(|| missing("workitemId"))?;
    Ok(Request::Decide(Decision { workitem: id(item)?, action, next_approvers, comments }))
}

fn text<'n>(node: &'n Node<'_>, name: &str) -> Option<&'n str> {
    node.get(name).and_then(Node::as_str).map(str::trim).filter(|text| !text.is_empty())
}
