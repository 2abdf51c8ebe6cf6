//! The Tooling API, as far as custom objects and fields go.

mod describe;
mod rows;
mod source;

pub(crate) use describe::{describe, global, object, resources};
pub(super) use rows::doc;
pub(crate) use rows::{blob, row};

use super::{Rest, explain, query};
use crate::codec::{Doc, XmlOrder};
use crate::router::Resource;
use crate::{Reply, compat};
use http::header;
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::Failure;

/// `GET /tooling/query?q=`, or `explain=` instead of `q=`.
pub(crate) fn run(cx: &Rest<'_>) -> Result<Reply, Failure> {
    if let Some(what) = cx.call.param("explain") {
        return explain::answer(cx, what, false, true);
    }
    let soql = cx.call.param("q").ok_or_else(|| ApiError::new(ErrorCode::MalformedQuery, "A query string has to be specified"))?;
    query::run(cx, soql, false, true)
}

/// `GET /tooling/executeAnonymous?anonymousBody=`.
fn anonymous(cx: &Rest<'_>, body: &str) -> Result<Reply, Failure> {
    let outcome = orglet_engine::apex::anonymous(&cx.identity, body)?.outcome;
    let text = |text: Option<String>| text.map_or(Doc::Null, Doc::from);
    let place = |place: Option<u32>| Doc::Int(place.map_or(-1, i64::from));
    let (problem, exception) = (outcome.problem, outcome.exception);
    let line = problem.as_ref().map(|p| p.line).or_else(|| exception.as_ref().map(|e| e.line));
    let column = problem.as_ref().map(|p| p.column).or_else(|| exception.as_ref().map(|e| e.column));
    let doc = Doc::obj([
        ("line", place(line)),
        ("column", place(column)),
        ("compiled", problem.is_none().into()),
        ("success", (problem.is_none() && exception.is_none()).into()),
        ("compileProblem", text(problem.map(|p| p.problem))),
        ("exceptionStackTrace", text(exception.as_ref().map(|e| e.stack.clone()))),
        ("exceptionMessage", text(exception.map(|e| e.headline()))),
    ]);
    Ok(cx.doc(200, &doc, "ExecuteAnonymousResult", XmlOrder::Sorted))
}

/// What runs, completes and searches Apex. Nothing runs tests, completes or searches here, so that these are refused once their
/// parameters are there. Tests are run by POST alone since v37.0 (jsforce issue 493).
pub(crate) fn apex(cx: &Rest<'_>, resource: Resource) -> Result<Reply, Failure> {
    let needed = match resource {
        Resource::ToolingExecuteAnonymous => Some("anonymousBody"),
        Resource::ToolingCompletions => Some("type"),
        Resource::ToolingSearch => Some("q"),
        Resource::ToolingRunTests if cx.call.method != http::Method::POST => {
            if compat::runs_tests_by_post(cx.version) {
                let method = if cx.head { "HEAD" } else { "GET" };
                let text = format!("HTTP Method '{method}' not allowed. Allowed are POST");
                return Ok(cx.refuse(ApiError::routing(ErrorCode::MethodNotAllowed, text)).with(header::ALLOW, "POST"));
            }
            Some("classids")
        }
        Resource::ToolingRunTests => {
            cx.body()?;
            None
        }
        Resource::ToolingTests if !compat::lists_tests(cx.version) => return Err(ApiError::not_found().into()),
        _ => None,
    };
    if let Some(name) = needed.filter(|name| cx.call.param(name).is_none()) {
        return Err(match name {
            "q" => ApiError::new(ErrorCode::MalformedSearch, "No search term found. The search term must be enclosed in braces."),
            name => ApiError::new(ErrorCode::MissingArgument, format!("Missing required parameter: {name}")),
        }
        .into());
    }
    if let (Resource::ToolingExecuteAnonymous, Some(body)) = (resource, cx.call.param("anonymousBody")) {
        return anonymous(cx, body);
    }
    Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.").into())
}
