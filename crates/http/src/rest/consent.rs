//! What people agreed to: `consent/action/{action}`, `consent/multiaction`. Answers are JSON whatever is asked for.

use super::Rest;
use crate::codec::{Doc, Format, XmlOrder};
use crate::{Reply, compat};
use orglet_base::{ApiError, DateTime, ErrorCode};
use orglet_engine::Failure;
use orglet_engine::consent::{self, ACTIONS, Action, Answer, Ask, Consulted};

/// The most ids that are looked up at once.
const MOST: usize = 1000;

/// `/consent/action/{action}`.
pub(super) fn one(cx: &Rest<'_>, action: &str) -> Result<Reply, Failure> {
    if cx.call.method == http::Method::PATCH {
        // Consents are written as records of their objects.
        cx.body()?;
        return Err(not_enabled().into());
    }
    compile(cx, &[action])
}

/// `/consent/multiaction?actions=`.
pub(super) fn several(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let actions = list(cx, "actions")?;
    compile(cx, &actions)
}

fn compile(cx: &Rest<'_>, names: &[&str]) -> Result<Reply, Failure> {
    if let Some(unknown) = names.iter().find(|name| !ACTIONS.iter().any(|action| is_called(action, name))) {
        return Err(refused("action", unknown).into());
    }
    let actions = ACTIONS.iter().filter(|action| names.iter().any(|name| is_called(action, name))).copied().collect();
    let ids = list(cx, "ids")?;
    if ids.len() > MOST {
        return Err(ApiError::routing(ErrorCode::IllegalQueryParameterValue, format!("The most ids are {MOST}")).into());
    }
    let at = match cx.call.param("datetime") {
        // A `+` that was sent bare arrives as a blank.
        Some(text) => DateTime::parse(&text.replace(' ', "+")).ok_or_else(|| refused("datetime", text))?,
        None => cx.identity.org.now(),
    };
    let explicit = match cx.call.param("policy") {
        None => false,
        Some(policy) if policy.eq_ignore_ascii_case("requireExplicitConsent") && compat::has_consent_policies(cx.version) => true,
        Some(policy) => return Err(refused("policy", policy).into()),
    };
    if flag(cx, "aggregatedConsent")? || cx.call.param("mode").is_some_and(|mode| !mode.eq_ignore_ascii_case("normal")) {
        return Err(not_enabled().into());
    }
    let verbose = flag(cx, "verbose")?;
    let ask = Ask { ids, actions, at, purpose: cx.call.param("purpose"), explicit, version: cx.version };
    let mut doc = Doc::Obj(Vec::with_capacity(ask.ids.len()));
    for (id, answer) in ask.ids.iter().zip(consent::compile(&cx.server.engine, &cx.identity, &ask)?) {
        doc.push((*id).to_owned(), answer_doc(&answer, verbose));
    }
    Ok(Reply::doc(200, &doc, Format::Json, cx.pretty, "", XmlOrder::Kept))
}

fn answer_doc(answer: &Answer, verbose: bool) -> Doc {
    let mut proceed = Doc::Obj(Vec::with_capacity(answer.actions.len() * 2));
    for (action, outcome, allowed) in &answer.actions {
        proceed.push(format!("{}Result", action.key), outcome.name());
        proceed.push(action.key, allowed.to_string());
    }
    let mut doc = Doc::obj([("result", answer.result.name().into()), ("proceed", proceed)]);
    if verbose {
        doc.push("explanation", Doc::list(answer.explanation.iter().map(consulted)));
    }
    doc
}

fn consulted(one: &Consulted) -> Doc {
    let mut doc = Doc::obj([("objectConsulted", one.object.into()), ("field", one.field.into())]);
    if let Some(purpose) = &one.purpose {
        doc.push("purpose", purpose.clone());
    }
    doc.push("recordId", one.record.clone());
    doc.push("value", one.value.clone());
    doc
}

fn is_called(action: &Action, name: &str) -> bool {
    // The documentation names one of them in two ways.
    action.name.eq_ignore_ascii_case(name) || (action.name == "mail" && name.eq_ignore_ascii_case("mailing"))
}

/// A list of a required parameter, each once.
fn list<'a>(cx: &'a Rest<'_>, name: &str) -> Result<Vec<&'a str>, ApiError> {
    let mut out: Vec<&str> = Vec::new();
    for part in cx.call.param(name).unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if !out.contains(&part) {
            out.push(part);
        }
    }
    if out.is_empty() { Err(ApiError::new(ErrorCode::MissingArgument, format!("Missing required parameter: {name}"))) } else { Ok(out) }
}

/// A parameter that is on by being there.
fn flag(cx: &Rest<'_>, name: &str) -> Result<bool, ApiError> {
    match cx.call.param(name) {
        None => Ok(false),
        Some("") => Ok(true),
        Some(value) => value.to_ascii_lowercase().parse().map_err(|_| refused(name, value)),
    }
}

fn refused(name: &str, value: &str) -> ApiError {
    ApiError::routing(ErrorCode::IllegalQueryParameterValue, format!("The value of {name} is not valid: {value}"))
}

fn not_enabled() -> ApiError {
    ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.")
}
