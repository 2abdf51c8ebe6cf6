//! The Tooling API, as far as custom objects and fields go.

mod describe;
mod rows;
mod source;

pub(crate) use describe::{describe, global, object, resources};
pub(super) use rows::doc;
pub(crate) use rows::{blob, row};

use super::{Rest, explain, query};
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

/// What runs, completes and searches Apex: there is none here, so that every request is refused once its parameters are
/// there. Tests are run by POST alone since v37.0 (jsforce issue 493).
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
    Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.").into())
}
