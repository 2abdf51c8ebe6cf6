//! Conditional requests by date (rest.md 3.9).

use super::Rest;
use crate::Reply;
use http::Method;
use orglet_base::{ApiError, DateTime, ErrorCode, time};

/// What a precondition decides.
pub(super) enum Verdict {
    /// The request goes on.
    Go,
    /// It ends with this answer: 304 to reads, 412 otherwise; neither has a body.
    Stop(Reply),
}

/// Weighs the date headers against the time of the last change. A value that is no date is passed over by reads and
/// refused by writes (routing-024).
pub(super) fn by_date(cx: &Rest<'_>, modified: DateTime) -> Result<Verdict, ApiError> {
    let writes = cx.call.method != Method::GET;
    let modified = modified.truncate_to_second();
    if let Some(text) = cx.call.header("if-modified-since")
        && parse_http_date(text).is_some_and(|since| modified <= since)
        && !writes
    {
        return Ok(Verdict::Stop(Reply::empty(304)));
    }
    if let Some(text) = cx.call.header("if-unmodified-since") {
        match parse_http_date(text) {
            Some(since) if modified > since => return Ok(Verdict::Stop(Reply::empty(412))),
            None if writes => return Err(malformed("If-Unmodified-Since", text)),
            _ => {}
        }
    }
    Ok(Verdict::Go)
}

/// Weighs `If-Match` and `If-None-Match` against a row's tag.
pub(super) fn by_tag(cx: &Rest<'_>, tag: &str) -> Result<Verdict, ApiError> {
    let writes = cx.call.method != Method::GET;
    for (name, wanted) in [("if-match", true), ("if-none-match", false)] {
        let Some(text) = cx.call.header(name) else { continue };
        let tags: Vec<&str> = text.split(',').map(str::trim).filter(|t| !t.is_empty()).collect();
        let shaped = |t: &&str| *t == "*" || (t.trim_start_matches("W/").starts_with('"') && t.ends_with('"') && t.len() > 1);
        if writes && (tags.is_empty() || !tags.iter().all(shaped)) {
            return Err(malformed(if wanted { "If-Match" } else { "If-None-Match" }, text));
        }
        // The tag of a compressed answer carries a mark inside its quotes.
        let bare = |t: &str| t.trim_start_matches("W/").trim_matches('"').trim_end_matches("-gzip").to_owned();
        let same = tags.iter().any(|t| *t == "*" || bare(t) == bare(tag));
        if same != wanted {
            return Ok(Verdict::Stop(Reply::empty(if wanted || writes { 412 } else { 304 })));
        }
    }
    Ok(Verdict::Go)
}

/// Whether a request has a condition at all.
pub(super) fn asked(cx: &Rest<'_>) -> bool {
    ["if-modified-since", "if-unmodified-since", "if-match", "if-none-match"].iter().any(|h| cx.call.headers.contains_key(*h))
}

fn malformed(header: &str, value: &str) -> ApiError {
    ApiError::routing(ErrorCode::InvalidInput, format!("The value of the {header} header is not valid: {value}"))
}

/// The answer to a read whose condition by date fails.
pub(super) fn not_modified(cx: &Rest<'_>, modified: DateTime) -> Option<Reply> {
    match by_date(cx, modified) {
        Ok(Verdict::Stop(reply)) => Some(reply),
        _ => None,
    }
}

/// With `Last-Modified`.
pub(super) fn with_last_modified(reply: Reply, modified: DateTime) -> Reply {
    reply.with("last-modified", modified.to_http_date())
}

/// Reads an HTTP date leniently: days of one digit, and the zone names that the documentation's examples use.
pub(super) fn parse_http_date(text: &str) -> Option<DateTime> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|w| !w.is_empty()).collect();
    let [_, day, month, year, clock, zone, ..] = words.as_slice() else { return None };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|m| m.eq_ignore_ascii_case(month.get(..3).unwrap_or(month)))? + 1;
    let day: u32 = day.parse().ok()?;
    let date = time::parse_date(&format!("{year:0>4}-{month:02}-{day:02}"))?;
    let clock = time::Time::parse(clock)?;
    let hours: i64 = match zone.to_ascii_uppercase().as_str() {
        "GMT" | "UTC" | "Z" => 0,
        "EST" => -5,
        "EDT" => -4,
        "CST" => -6,
        "CDT" => -5,
        "MST" => -7,
        "MDT" => -6,
        "PST" => -8,
        "PDT" => -7,
        _ => return None,
    };
    Some(DateTime(DateTime::at_midnight(date).0 + i64::from(clock.0) - hours * 3_600_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_clients_write_them() {
        let want = DateTime::parse("2013-07-03T19:43:31Z");
        for text in ["Wed, 3 Jul 2013 19:43:31 GMT", "Wed, 03 Jul 2013 19:43:31 GMT", "Wed, 03 Jul 2013 12:43:31 MST"] {
            assert_eq!(parse_http_date(text), want, "{text}");
        }
        assert_eq!(parse_http_date("yesterday"), None);
    }
}
