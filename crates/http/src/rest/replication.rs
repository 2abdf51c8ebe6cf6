//! What was deleted or updated in a span of time.

use super::Rest;
use crate::Reply;
use crate::codec::Writer;
use orglet_base::{ApiError, DateTime, ErrorCode};
use orglet_engine::{Failure, replication as engine};
use orglet_schema::Object;
use std::sync::Arc;

/// `GET /sobjects/X/deleted?start=&end=`.
pub(super) fn deleted(cx: &Rest<'_>, object: &Arc<Object>) -> Result<Reply, Failure> {
    let (start, end) = (time(cx, "start")?, time(cx, "end")?);
    let found = engine::deleted(&cx.identity, object, start, end)?;
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_object(&object.name);
    w.begin_list("deletedRecords");
    for (id, at) in &found.records {
        w.begin_object("deletedRecords");
        w.datetime("deletedDate", *at);
        w.text("id", &id.to_string());
        w.end_object();
    }
    w.end_list();
    w.datetime("earliestDateAvailable", found.earliest);
    w.datetime("latestDateCovered", found.covered);
    w.end_object();
    Ok(Reply::new(200, cx.format.content_type(), w.finish()))
}

/// `GET /sobjects/X/updated?start=&end=`.
pub(super) fn updated(cx: &Rest<'_>, object: &Arc<Object>) -> Result<Reply, Failure> {
    let (start, end) = (time(cx, "start")?, time(cx, "end")?);
    let found = engine::updated(&cx.identity, object, start, end)?;
    let mut w = Writer::new(cx.format, cx.pretty);
    w.begin_object(&object.name);
    w.begin_list("ids");
    for id in &found.ids {
        w.text("ids", &id.to_string());
    }
    w.end_list();
    w.datetime("latestDateCovered", found.covered);
    w.end_object();
    Ok(Reply::new(200, cx.format.content_type(), w.finish()))
}

/// A date-time parameter. A `+` that was sent bare arrives as a blank.
fn time(cx: &Rest<'_>, name: &str) -> Result<DateTime, ApiError> {
    let Some(text) = cx.call.param(name) else {
        return Err(ApiError::new(ErrorCode::MissingArgument, format!("Missing required parameter: {name}")));
    };
    DateTime::parse(&text.replace(' ', "+"))
        .ok_or_else(|| ApiError::new(ErrorCode::InvalidReplicationDate, format!("{name} is not a valid date and time: {text}")))
}
