//! Invocable actions: what there is to do, described, and done for several inputs at once.

use super::{MOST_MOVES, Rest, conditional, flows, process, quick, typed};
use crate::codec::{Doc, Node, Writer, XmlOrder};
use crate::{Reply, compat, error};
use orglet_base::{ApiError, ErrorCode, Id};
use orglet_engine::Failure;

/// Inputs of one call.
const MOST: usize = 200;

/// A standard action.
pub(super) struct Standard {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    description: &'static str,
    inputs: &'static [Parameter],
    outputs: &'static [Parameter],
    run: fn(&Rest<'_>, &Node<'_>) -> Result<Doc, Failure>,
}

/// An input or an output.
struct Parameter {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    required: bool,
    /// More than one value is taken.
    many: bool,
    since: u16,
}

const fn parameter(name: &'static str, label: &'static str, kind: &'static str) -> Parameter {
    Parameter { name, label, kind, required: false, many: false, since: 32 }
}

const fn required(name: &'static str, label: &'static str, kind: &'static str) -> Parameter {
    Parameter { required: true, ..parameter(name, label, kind) }
}

const fn many(name: &'static str, label: &'static str, kind: &'static str) -> Parameter {
    Parameter { many: true, ..parameter(name, label, kind) }
}

const fn since(version: u16, p: Parameter) -> Parameter {
    Parameter { since: version, ..p }
}

/// The standard actions that answer. Neither can succeed in an org of this kind, and each says why, as such an org does:
/// no approval process is defined, and no mail goes out.
static STANDARD: &[Standard] = &[
    Standard {
        name: "emailSimple",
        label: "Send Email",
        kind: "EMAILSIMPLE",
        description: "Send an email where you specify the subject, body, and recipients.",
        inputs: &[
            parameter("emailAddresses", "Recipient Email Addresses (comma-separated)", "STRING"),
            many("emailAddressesArray", "Recipient Email Addresses (collection)", "STRING"),
            parameter("senderType", "Sender Type", "STRING"),
            parameter("senderAddress", "Sender Email Address", "STRING"),
            required("emailSubject", "Subject", "STRING"),
            required("emailBody", "Body", "TEXTAREA"),
            since(58, parameter("sendRichBody", "Rich-Text-Formatted Body", "BOOLEAN")),
            since(58, parameter("emailTemplateId", "Email Template ID", "STRING")),
            since(58, parameter("logEmailOnSend", "Log Email on Send", "BOOLEAN")),
            since(58, parameter("recipientId", "Recipient ID", "STRING")),
            since(58, parameter("relatedRecordId", "Related Record ID", "STRING")),
        ],
        outputs: &[],
        run: send,
    },
    Standard {
        name: "submit",
        label: "Submit for Approval",
        kind: "SUBMITAPPROVAL",
        description: "Submit a Salesforce record for approval.",
        inputs: &[
            required("objectId", "Record ID", "REFERENCE"),
            many("nextApproverIds", "Next Approver IDs", "REFERENCE"),
            parameter("comment", "Submission Comments", "STRING"),
            parameter("submitterId", "Submitter ID", "STRING"),
            parameter("processDefinitionNameOrId", "Approval Process Name or ID", "STRING"),
            parameter("skipEntryCriteria", "Skip Entry Criteria", "BOOLEAN"),
        ],
        outputs: &[
            parameter("instanceId", "Instance ID", "REFERENCE"),
            parameter("instanceStatus", "Instance Status", "STRING"),
            many("newWorkItemIds", "New Work Item IDs", "REFERENCE"),
            many("actorIds", "Next Approver IDs", "REFERENCE"),
            parameter("entityId", "Record ID", "REFERENCE"),
        ],
        run: submit,
    },
];

/// The kinds of custom actions: name, and the version that brought it. Of all but quick actions there are none until
/// somebody defines them.
const CUSTOM: &[(&str, u16)] = &[("quickAction", 32), ("apex", 32), ("emailAlert", 32), ("flow", 32), ("sendNotification", 46)];

fn kinds(cx: &Rest<'_>) -> impl Iterator<Item = &'static str> {
    let version = cx.version.0;
    CUSTOM.iter().filter(move |(_, since)| *since <= version).map(|(name, _)| *name)
}

/// An answer that says when the actions were last changed, or none where the client has what there is.
fn dated(cx: &Rest<'_>, doc: &Doc, root: &str, order: XmlOrder) -> Reply {
    let modified = cx.catalog.modified();
    let unchanged = conditional::not_modified(cx, modified);
    unchanged.unwrap_or_else(|| conditional::with_last_modified(cx.doc(200, doc, root, order), modified))
}

/// `GET /actions`.
pub(super) fn root(cx: &Rest<'_>) -> Reply {
    let url = |kind: &str| format!("{}/actions/{kind}", cx.base).into();
    dated(cx, &Doc::obj([("standard", url("standard")), ("custom", url("custom"))]), "InvocableActions", XmlOrder::Kept)
}

/// `GET /actions/standard`.
pub(super) fn standard(cx: &Rest<'_>) -> Reply {
    let list = STANDARD.iter().map(|action| entry(cx, action.label, action.name, action.kind, "standard"));
    actions(cx, list.collect())
}

fn actions(cx: &Rest<'_>, list: Vec<Doc>) -> Reply {
    dated(cx, &Doc::obj([("actions", Doc::List(list))]), "InvocableActions", XmlOrder::Sorted)
}

pub(super) fn entry(cx: &Rest<'_>, label: &str, name: &str, kind: &'static str, place: &str) -> Doc {
    let url = format!("{}/actions/{place}/{name}", cx.base);
    Doc::obj([("label", label.to_owned().into()), ("name", name.to_owned().into()), ("type", kind.into()), ("url", url.into())])
}

/// `GET /actions/custom`.
pub(super) fn custom(cx: &Rest<'_>) -> Reply {
    let mut doc = Doc::Obj(Vec::new());
    for kind in kinds(cx) {
        doc.push(kind, format!("{}/actions/custom/{kind}", cx.base));
    }
    dated(cx, &doc, "InvocableActions", XmlOrder::Kept)
}

/// `GET /actions/custom/{kind}`.
pub(super) fn custom_kind(cx: &Rest<'_>, kind: &str) -> Result<Reply, Failure> {
    let kind = kinds(cx).find(|known| known.eq_ignore_ascii_case(kind)).ok_or_else(ApiError::not_found)?;
    if kind == "flow" {
        return Ok(actions(cx, flows::entries(cx)));
    }
    let quick = quick::GLOBAL.iter().filter(|_| kind == "quickAction");
    Ok(actions(cx, quick.map(|action| entry(cx, action.label, action.name, "QUICKACTION", "custom/quickAction")).collect()))
}

/// `/actions/standard/{name}`.
pub(super) fn standard_action(cx: &Rest<'_>, name: &str) -> Result<Reply, Failure> {
    let action = STANDARD.iter().find(|action| action.name.eq_ignore_ascii_case(name)).ok_or_else(ApiError::not_found)?;
    let inputs = || action.inputs.iter().filter(|p| p.since <= cx.version.0);
    if cx.call.method == http::Method::POST {
        let known: Vec<&str> = inputs().map(|p| p.name).collect();
        let needed: Vec<&str> = inputs().filter(|p| p.required).map(|p| p.name).collect();
        return invoke(cx, action.name, &known, &needed, |cx, input| (action.run)(cx, input));
    }
    let about =
        About { name: action.name, label: action.label, kind: action.kind, description: action.description, standard: true, target: None };
    let inputs = inputs().map(|p| described(p.name, p.label, p.kind, p.many, Some(p.required)));
    let outputs = action.outputs.iter().map(|p| described(p.name, p.label, p.kind, p.many, None));
    Ok(describe(cx, &about, inputs.collect(), outputs.collect()))
}

/// `/actions/custom/{kind}/{name}`.
pub(super) fn custom_action(cx: &Rest<'_>, kind: &str, name: &str) -> Result<Reply, Failure> {
    if kind.eq_ignore_ascii_case("flow") {
        return flows::action(cx, name);
    }
    if !kind.eq_ignore_ascii_case("quickAction") {
        return Err(ApiError::not_found().into());
    }
    let action = quick::named(name)?;
    let object = cx.object(action.target)?;
    if cx.call.method == http::Method::POST {
        let mut known: Vec<&str> = object.fields().iter().filter(|f| f.createable).map(|f| f.name.as_str()).collect();
        known.push("contextId");
        return invoke(cx, action.name, &known, &[], |cx, input| {
            let context = typed::id(input, "contextId")?;
            let object = cx.object(action.target)?;
            let saved = quick::create(cx, action, &object, context, input, &["contextId"])?;
            Ok(Doc::obj([("id", saved.id.to_string().into())]))
        });
    }
    let about = About {
        name: action.name,
        label: action.label,
        kind: "QUICKACTION",
        description: "",
        standard: false,
        target: Some(action.target),
    };
    let mut inputs = vec![described("contextId", "Related Record ID", "REFERENCE", false, Some(false))];
    for field in action.layout(&object) {
        let kind = field.ty.name().to_ascii_uppercase();
        inputs.push(described(&field.name, &field.label, &kind, false, Some(field.required_on_create())));
    }
    Ok(describe(cx, &about, inputs, vec![described("id", "Record ID", "REFERENCE", false, None)]))
}

/// What a describe says of an action beside its parameters.
pub(super) struct About<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: &'static str,
    pub(super) description: &'a str,
    pub(super) standard: bool,
    pub(super) target: Option<&'static str>,
}

pub(super) fn described(name: &str, label: &str, kind: &str, many: bool, required: Option<bool>) -> Doc {
    let mut doc = Doc::obj([("apexClass", Doc::Null)]);
    if required.is_some() {
        doc.push("byteLength", Doc::Int(0));
    }
    doc.push("description", Doc::Null);
    doc.push("label", label.to_owned());
    doc.push("maxOccurs", Doc::Int(if many { 2000 } else { 1 }));
    doc.push("name", name.to_owned());
    doc.push("picklistValues", Doc::Null);
    if let Some(required) = required {
        doc.push("required", required);
    }
    doc.push("sobjectType", Doc::Null);
    doc.push("type", kind.to_owned());
    doc
}

pub(super) fn describe(cx: &Rest<'_>, about: &About<'_>, inputs: Vec<Doc>, outputs: Vec<Doc>) -> Reply {
    let description = if about.description.is_empty() { Doc::Null } else { about.description.to_owned().into() };
    let doc = Doc::obj([
        ("allOrNone", false.into()),
        ("category", Doc::Null),
        ("description", description),
        ("iconName", Doc::Null),
        ("inputs", Doc::List(inputs)),
        ("label", about.label.to_owned().into()),
        ("name", about.name.to_owned().into()),
        ("outputs", Doc::List(outputs)),
        ("standard", about.standard.into()),
        ("targetEntityName", about.target.into()),
        ("type", about.kind.into()),
    ]);
    dated(cx, &doc, "InvocableAction", XmlOrder::Sorted)
}

/// What became of an input: the values that the action answers, or its errors.
type Outcome = Result<Doc, Vec<ApiError>>;

/// `POST`: runs an action once for each input. The inputs are taken one by one; the answer is 400 where one failed.
pub(super) fn invoke(
    cx: &Rest<'_>,
    name: &str,
    known: &[&str],
    needed: &[&str],
    run: impl Fn(&Rest<'_>, &Node<'_>) -> Result<Doc, Failure>,
) -> Result<Reply, Failure> {
    conditional::still(cx, cx.catalog.modified())?;
    let body = cx.body()?;
    let inputs = typed::object(&body, &["inputs"])?.list("inputs");
    if inputs.is_empty() {
        return Err(typed::missing("inputs").into());
    }
    if inputs.len() > MOST {
        let text = format!("record limit reached. cannot submit more than {MOST} records into this call");
        return Err(ApiError::new(ErrorCode::ExceededIdLimit, text).into());
    }
    for input in &inputs {
        typed::object(input, known)?;
    }
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(inputs.len());
    let mut moved: Option<Rest<'_>> = None;
    for input in inputs {
        let lacking = needed.iter().find(|name| input.get(name).is_none_or(Node::is_null));
        let mut done = lacking.map_or_else(|| run(moved.as_ref().unwrap_or(cx), input), |name| Err(typed::missing(name).into()));
        // Where the org is moved meanwhile, this input goes on in the new place: those before it were done.
        for _ in 0..MOST_MOVES {
            if !done.as_ref().is_err_and(Failure::is_moved) {
                break;
            }
            done = cx.moved().and_then(|there| run(moved.insert(there), input));
        }
        outcomes.push(match done {
            Ok(values) => Ok(values),
            Err(failure) if !failure.errors().is_empty() => Err(failure.errors().to_vec()),
            // What is done already has to be told, so that a failure of ours is that of its input alone.
            Err(failure) if outcomes.iter().any(Result::is_ok) => Err(vec![cx.server.internal(&failure)]),
            Err(failure) => return Err(failure),
        });
    }
    let failed = outcomes.iter().any(Result::is_err);
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_wrapped_list("InvocableActionResults", "InvocableActionResult");
    outcomes.iter().for_each(|outcome| result(cx, &mut w, name, outcome));
    w.end_list();
    Ok(Reply::new(if failed { 400 } else { 200 }, cx.format.content_type(), w.finish()))
}

fn result(cx: &Rest<'_>, w: &mut Writer, name: &str, outcome: &Outcome) {
    let more = compat::actions_tell_versions(cx.version);
    w.begin_object("");
    w.text("actionName", name);
    match outcome {
        Ok(_) => w.null("errors"),
        Err(errors) => error::write_row_errors(w, "errors", errors),
    }
    if more {
        w.null("invocationId");
    }
    w.bool("isSuccess", outcome.is_ok());
    if more {
        w.null("outcome");
    }
    match outcome {
        Ok(values) => values.write(w, "outputValues", XmlOrder::Sorted),
        Err(_) => w.null("outputValues"),
    }
    if more {
        w.int("sortOrder", -1);
        w.int("version", 1);
    }
    w.end_object();
}

/// `submit`.
fn submit(cx: &Rest<'_>, input: &Node<'_>) -> Result<Doc, Failure> {
    let record: Id = typed::id(input, "objectId")?.ok_or_else(|| typed::missing("objectId"))?;
    typed::ids(input, "nextApproverIds")?;
    typed::id(input, "submitterId")?;
    typed::flag(input, "skipEntryCriteria")?;
    Err(process::submit(cx, record, typed::text(input, "processDefinitionNameOrId")?.filter(|name| !name.is_empty())))
}

/// `emailSimple`: the answer of an org whose deliverability lets no mail out.
fn send(_: &Rest<'_>, _: &Node<'_>) -> Result<Doc, Failure> {
    let text = "Single email is not enabled for your organization or profile.";
    Err(ApiError::new(ErrorCode::NoMassMailPermission, text).into())
}
