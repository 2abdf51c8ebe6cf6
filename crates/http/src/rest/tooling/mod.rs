//! The Tooling API, as far as custom objects and fields go.

mod describe;
mod rows;

pub(crate) use describe::{describe, global, object, resources};
pub(super) use rows::doc;
pub(crate) use rows::row;

use super::{Rest, explain, query};
use crate::Reply;
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
