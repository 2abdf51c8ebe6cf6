//! Conditional requests by date.

use super::{Rest, http_date};
use crate::Reply;
use base64::Engine as _;
use http::header::{ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, LAST_MODIFIED};
use orglet_base::{ApiError, DateTime, ErrorCode};
use orglet_engine::save::Guard;
use orglet_engine::{Failure, record};
use orglet_schema::Object;
use std::sync::Arc;

/// A condition of a write, to be weighed when the record is read for it; none when the request has none. A value that
/// is no date, or no list of tags, is refused (routing-024).
pub(super) fn guard(cx: &Rest<'_>, object: &Object) -> Result<Option<Guard>, ApiError> {
    if !asked(cx) {
        return Ok(None);
    }
    let unmodified = match cx.call.header(IF_UNMODIFIED_SINCE) {
        Some(text) => Some(http_date::parse(text).ok_or_else(|| malformed("If-Unmodified-Since", text))?),
        None => None,
    };
    let tags = |name: HeaderName, shown: &str| match cx.call.header(name) {
        Some(text) if object.name == "Account" => Tags::parse(text).map(Some).ok_or_else(|| malformed(shown, text)),
        _ => Ok(None),
    };
    let (wanted, unwanted) = (tags(IF_MATCH, "If-Match")?, tags(IF_NONE_MATCH, "If-None-Match")?);
    Ok(Some(Guard(Arc::new(move |object, row| {
        let changed = unmodified.is_some_and(|since| record::modified(object, row).is_some_and(|at| at.truncate_to_second() > since));
        let own = || etag(record::tag(object, row));
        let fails = changed || wanted.as_ref().is_some_and(|t| !t.has(&own())) || unwanted.as_ref().is_some_and(|t| t.has(&own()));
        if fails { Err(Failure::Condition(412)) } else { Ok(()) }
    }))))
}

/// A create has no record to weigh conditions on, but values that are none are refused all the same (routing-024).
pub(super) fn check(cx: &Rest<'_>, object: &Object) -> Result<(), ApiError> {
    guard(cx, object).map(|_| ())
}

/// Weighs the conditions of a read: 304 where nothing is new, 412 where what was asked for is gone. Values that cannot
/// be read are passed over.
pub(super) fn weigh(cx: &Rest<'_>, object: &Object, modified: Option<DateTime>, tag: u64) -> Result<(), Failure> {
    if let Some(reply) = modified.and_then(|at| not_modified(cx, at)) {
        return Err(Failure::Condition(reply.status));
    }
    if object.name != "Account" {
        return Ok(());
    }
    let own = etag(tag);
    if cx.call.header(IF_MATCH).and_then(Tags::parse).is_some_and(|t| !t.has(&own)) {
        return Err(Failure::Condition(412));
    }
    if cx.call.header(IF_NONE_MATCH).and_then(Tags::parse).is_some_and(|t| t.has(&own)) {
        return Err(Failure::Condition(304));
    }
    Ok(())
}

/// The header's form of a record's tag.
pub(super) fn etag(tag: u64) -> String {
    ["\"", &base64::engine::general_purpose::STANDARD.encode(tag.to_be_bytes()), "\""].concat()
}

/// The value of If-Match or If-None-Match.
struct Tags(Vec<String>);

impl Tags {
    fn parse(text: &str) -> Option<Self> {
        let tags: Vec<&str> = text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect();
        let shaped = |t: &&str| *t == "*" || (t.trim_start_matches("W/").starts_with('"') && t.ends_with('"') && t.len() > 1);
        (!tags.is_empty() && tags.iter().all(shaped)).then(|| Self(tags.into_iter().map(Self::bare).collect()))
    }

    /// The tag of a compressed answer carries a mark inside its quotes.
    fn bare(tag: &str) -> String {
        tag.trim_start_matches("W/").trim_matches('"').trim_end_matches("-gzip").to_owned()
    }

    fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|t| t == "*" || *t == Self::bare(tag))
    }
}

/// Whether a request has a condition at all.
pub(super) fn asked(cx: &Rest<'_>) -> bool {
    [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_MATCH, IF_NONE_MATCH].iter().any(|h| cx.call.headers.contains_key(h))
}

fn malformed(header: &str, value: &str) -> ApiError {
    ApiError::routing(ErrorCode::InvalidInput, format!("The value of the {header} header is not valid: {value}"))
}

/// The answer to a read whose condition by date fails: 304 when `If-Modified-Since` says that the client has what there
/// is, 412 when `If-Unmodified-Since` does not hold.
pub(super) fn not_modified(cx: &Rest<'_>, modified: DateTime) -> Option<Reply> {
    let at = |name: HeaderName| cx.call.header(name).and_then(http_date::parse);
    let modified = modified.truncate_to_second();
    if at(IF_MODIFIED_SINCE).is_some_and(|since| modified <= since) {
        return Some(Reply::empty(304));
    }
    at(IF_UNMODIFIED_SINCE).is_some_and(|since| modified > since).then(|| Reply::empty(412))
}

/// What a POST that changes nothing by itself asks of the metadata it stands on: fails with 412 where that has changed
/// since, with 400 where the value is no date.
pub(super) fn still(cx: &Rest<'_>, modified: DateTime) -> Result<(), Failure> {
    let Some(text) = cx.call.header(IF_UNMODIFIED_SINCE) else { return Ok(()) };
    let since = http_date::parse(text).ok_or_else(|| malformed("If-Unmodified-Since", text))?;
    if modified.truncate_to_second() > since { Err(Failure::Condition(412)) } else { Ok(()) }
}

/// The answer to a request for a describe that the client already has, by date or by tag. Describes have tags though the
/// documentation names only rows: clients send them back.
pub(super) fn describe_not_modified(cx: &Rest<'_>) -> Option<Reply> {
    let own = describe_etag(cx);
    if cx.call.header(IF_NONE_MATCH).and_then(Tags::parse).is_some_and(|t| t.has(&own)) {
        return Some(Reply::empty(304));
    }
    not_modified(cx, cx.catalog.modified())
}

/// A describe with the headers by which it can be asked for again.
pub(super) fn describe_headers(cx: &Rest<'_>, reply: Reply) -> Reply {
    with_last_modified(reply, cx.catalog.modified()).with(ETAG, describe_etag(cx))
}

/// The tag of every describe of a catalog: any change of metadata changes them all.
fn describe_etag(cx: &Rest<'_>) -> String {
    format!("\"{:08x}\"", cx.catalog.version().wrapping_mul(0x9e37_79b9).wrapping_add(cx.catalog.modified().0 as u64) as u32)
}

/// With `Last-Modified`.
pub(super) fn with_last_modified(reply: Reply, modified: DateTime) -> Reply {
    reply.with(LAST_MODIFIED, modified.to_http_date())
}
