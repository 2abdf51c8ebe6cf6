//! Searches and what belongs to them.

mod answer;
mod compose;
mod layouts;
mod parameters;
mod suggestions;

pub(super) use layouts::{layouts, scope_and_order};
pub(super) use parameters::{by_body, by_query};
pub(super) use suggestions::suggestions;

use super::Rest;
use crate::codec::{Doc, XmlOrder};
use crate::{Reply, compat};
use orglet_base::{ApiError, ErrorCode};
use orglet_engine::{Failure, search as engine};

/// `GET /search?q=`; without a search, the resources below it.
pub(super) fn search(cx: &Rest<'_>) -> Result<Reply, Failure> {
    let Some(sosl) = cx.call.param("q") else { return Ok(resources(cx)) };
    let answer = engine::run(&cx.identity, &request(cx, sosl, false))?;
    Ok(answer::reply(cx, &answer, compat::searches_answer_a_list(cx.version)))
}

/// What lies below `/search`. Of those that come with Knowledge, an org without it has none.
fn resources(cx: &Rest<'_>) -> Reply {
    let mut doc = Doc::Obj(Vec::new());
    for name in ["layout", "scopeOrder", "suggestions"] {
        if name != "suggestions" || compat::has_suggestions(cx.version) {
            doc.push(name, format!("{}/search/{name}", cx.base));
        }
    }
    cx.doc(200, &doc, "urls", XmlOrder::Kept)
}

fn request<'a>(cx: &Rest<'_>, sosl: &'a str, by_name: bool) -> engine::Request<'a> {
    engine::Request { sosl, version: cx.version, by_name }
}

/// A parameter that can't be read, or that is none.
fn illegal(text: impl Into<String>) -> ApiError {
    ApiError::routing(ErrorCode::IllegalQueryParameterValue, text)
}

/// A parameter that has to be there.
fn missing(name: &str) -> ApiError {
    illegal(format!("Missing argument {name}"))
}

/// A whole number up to a bound.
fn number(name: &str, text: &str, most: u64) -> Result<u64, ApiError> {
    let value: u64 = text.trim().parse().map_err(|_| illegal(format!("For input string: {text}")))?;
    if value > most { Err(illegal(format!("{name} can be at most {most}"))) } else { Ok(value) }
}

/// `true` or `false`.
fn truth(name: &str, text: &str) -> Result<bool, ApiError> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Ok(true),
        _ if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(illegal(format!("{name} can be true or false, not {text}"))),
    }
}
