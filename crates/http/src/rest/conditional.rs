//! Conditional requests by date (rest.md 3.9).

use super::Rest;
use crate::Reply;
use orglet_base::{DateTime, time};

/// 304 when `If-Modified-Since` says that the client has what there is; 412 when `If-Unmodified-Since` does not hold.
pub(super) fn not_modified(cx: &Rest<'_>, modified: DateTime) -> Option<Reply> {
    let at = |name: &str| cx.call.header(name).and_then(parse_http_date);
    let modified = modified.truncate_to_second();
    if at("if-modified-since").is_some_and(|since| modified <= since) {
        return Some(Reply::empty(304));
    }
    if at("if-unmodified-since").is_some_and(|since| modified > since) {
        return Some(Reply::empty(412));
    }
    None
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
