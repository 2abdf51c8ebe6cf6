//! Date literals: the half-open range of days that each stands for, in the user's time zone. Weeks start on Sunday or Monday,
//! fiscal years in January.

use crate::DateTime;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

/// The days `[start, end)` of a date literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first.
    pub start: Date,
    /// The one after the last.
    pub end: Date,
}

/// Why a date literal has no range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRange {
    /// No such literal, or its number is missing or too much.
    Unknown,
    /// Outside the years that the platform knows.
    OutOfRange,
}

/// A unit of date literals.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// The day in a zone.
pub fn today(now: DateTime, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.clone()).date()
}

/// The instant at which a day begins in a zone.
pub fn midnight(day: Date, zone: &TimeZone) -> DateTime {
    day.to_zoned(zone.clone()).map_or_else(|_| DateTime::at_midnight(day), |z| DateTime(z.timestamp().as_millisecond()))
}

/// Start of the unit that holds `day`.
fn floor(unit: Unit, day: Date) -> Option<Date> {
    Some(match unit {
        Unit::Day => day,
        Unit::Week => day.checked_sub(i64::from(day.weekday().to_sunday_zero_offset()).days()).ok()?,
        Unit::Month => day.first_of_month(),
        Unit::Quarter => date(day.year(), (day.month() - 1) / 3 * 3 + 1, 1),
        Unit::Year => day.first_of_year(),
    })
}

/// The Monday of the week that holds `day`.
fn monday(day: Date) -> Option<Date> {
    day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()
}

/// `n` units later.
fn shift(unit: Unit, day: Date, n: i64) -> Option<Date> {
    if n.unsigned_abs() > 1_000_000 {
        return None;
    }
    let span = match unit {
        Unit::Day => n.days(),
        Unit::Week => (n * 7).days(),
        Unit::Month if n.abs() < 100_000 => n.months(),
        Unit::Quarter if n.abs() < 30_000 => (n * 3).months(),
        Unit::Year if n.abs() < 10_000 => n.years(),
        _ => return None,
    };
    day.checked_add(span).ok().filter(|d| (1..=9998).contains(&d.year()))
}

/// The range of a date literal, given its word and number.
pub fn range(word: &str, number: Option<u64>, today: Date, monday_weeks: bool) -> Result<DayRange, NoRange> {
    let upper = word.to_ascii_uppercase();
    let plain = |unit, from: i64| (unit, from, from + 1);
    let (unit, from, to) = match (upper.as_str(), number) {
        ("YESTERDAY", None) => plain(Unit::Day, -1),
        ("TODAY", None) => plain(Unit::Day, 0),
        ("TOMORROW", None) => plain(Unit::Day, 1),
        ("LAST_90_DAYS", None) => (Unit::Day, -90, 1),
        ("NEXT_90_DAYS", None) => (Unit::Day, 1, 91),
        (word, None) => {
            let (head, unit) = word.split_once('_').ok_or(NoRange::Unknown)?;
            let unit = named(unit).filter(|u| *u != Unit::Day).ok_or(NoRange::Unknown)?;
            let from = match head {
                "LAST" => -1,
                "THIS" => 0,
                "NEXT" => 1,
                _ => return Err(NoRange::Unknown),
            };
            plain(unit, from)
        }
        (word, Some(n)) => {
            let n = i64::try_from(n).map_err(|_| NoRange::OutOfRange)?;
            if n > 1_000_000 {
                return Err(NoRange::OutOfRange);
            }
            let several = |text: &str| text.strip_suffix('S').and_then(named);
            if let Some(unit) = word.strip_prefix("N_").and_then(|w| w.strip_suffix("_AGO")).and_then(several) {
                plain(unit, -n)
            } else if let Some(unit) = word.strip_prefix("LAST_N_").and_then(several) {
                // Days count the current one, the other units don't.
                (unit, -n, i64::from(unit == Unit::Day))
            } else if let Some(unit) = word.strip_prefix("NEXT_N_").and_then(several) {
                (unit, 1, 1 + n)
            } else {
                return Err(NoRange::Unknown);
            }
        }
    };
    let base = match unit {
        Unit::Week if monday_weeks => monday(today),
        unit => floor(unit, today),
    };
    let base = base.ok_or(NoRange::OutOfRange)?;
    let at = |n| shift(unit, base, n).ok_or(NoRange::OutOfRange);
    Ok(DayRange { start: at(from)?, end: at(to)? })
}

fn named(unit: &str) -> Option<Unit> {
    Some(match unit {
        "DAY" => Unit::Day,
        "WEEK" => Unit::Week,
        "MONTH" => Unit::Month,
        "QUARTER" | "FISCAL_QUARTER" => Unit::Quarter,
        "YEAR" | "FISCAL_YEAR" => Unit::Year,
        _ => return None,
    })
}

/// The offsets of a zone in seconds: from which instant each holds, newest first, and the one before them all. Instants
/// run from 1970 to twenty years past `now`.
pub fn offsets(zone: &TimeZone, now: DateTime) -> (Vec<(String, i32)>, i32) {
    let start = jiff::Timestamp::UNIX_EPOCH;
    let end = now.0.saturating_add(20 * 366 * 86_400_000);
    let mut spans = Vec::new();
    for change in zone.following(start).take(400) {
        let at = change.timestamp().as_millisecond();
        if at > end {
            break;
        }
        spans.push((DateTime(at).to_canonical(), change.offset().seconds()));
    }
    spans.reverse();
    (spans, zone.to_offset(start).seconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_a_wednesday() {
        // 2024-05-15; the ranges are those of the documentation's table.
        let today = date(2024, 5, 15);
        for (word, n, start, end) in [
            ("today", None, "2024-05-15", "2024-05-16"),
            ("YESTERDAY", None, "2024-05-14", "2024-05-15"),
            ("LAST_WEEK", None, "2024-05-05", "2024-05-12"),
            ("THIS_WEEK", None, "2024-05-12", "2024-05-19"),
            ("NEXT_WEEK", None, "2024-05-19", "2024-05-26"),
            ("THIS_MONTH", None, "2024-05-01", "2024-06-01"),
            ("NEXT_N_DAYS", Some(3), "2024-05-16", "2024-05-19"),
            ("LAST_N_DAYS", Some(1), "2024-05-14", "2024-05-16"),
            ("N_DAYS_AGO", Some(3), "2024-05-12", "2024-05-13"),
            ("LAST_N_WEEKS", Some(1), "2024-05-05", "2024-05-12"),
            ("LAST_N_MONTHS", Some(2), "2024-03-01", "2024-05-01"),
            ("NEXT_N_MONTHS", Some(2), "2024-06-01", "2024-08-01"),
            ("THIS_QUARTER", None, "2024-04-01", "2024-07-01"),
            ("LAST_N_QUARTERS", Some(2), "2023-10-01", "2024-04-01"),
            ("THIS_FISCAL_QUARTER", None, "2024-04-01", "2024-07-01"),
            ("LAST_YEAR", None, "2023-01-01", "2024-01-01"),
            ("NEXT_N_YEARS", Some(2), "2025-01-01", "2027-01-01"),
            ("N_YEARS_AGO", Some(2), "2022-01-01", "2023-01-01"),
            ("N_FISCAL_YEARS_AGO", Some(2), "2022-01-01", "2023-01-01"),
            ("LAST_90_DAYS", None, "2024-02-15", "2024-05-16"),
            ("NEXT_90_DAYS", None, "2024-05-16", "2024-08-14"),
        ] {
            let r = range(word, n, today, false).unwrap();
            assert_eq!((r.start.to_string().as_str(), r.end.to_string().as_str()), (start, end), "{word}");
        }
        let week = range("THIS_WEEK", None, today, true).unwrap();
        assert_eq!((week.start.to_string().as_str(), week.end.to_string().as_str()), ("2024-05-13", "2024-05-20"));
        assert_eq!(range("SOMEDAY", None, today, false), Err(NoRange::Unknown));
        assert_eq!(range("LAST_N_DAYS", None, today, false), Err(NoRange::Unknown));
        assert_eq!(range("TODAY", Some(1), today, false), Err(NoRange::Unknown));
        assert_eq!(range("N_YEARS_AGO", Some(99_999), today, false), Err(NoRange::OutOfRange));
    }

    #[test]
    fn days_begin_at_the_zones_midnight() {
        let zone = TimeZone::get("America/Los_Angeles").unwrap();
        let now = DateTime::parse("2024-05-15T03:00:00Z").unwrap();
        assert_eq!(today(now, &zone), date(2024, 5, 14));
        assert_eq!(midnight(date(2024, 5, 14), &zone).to_canonical(), "2024-05-14T07:00:00.000Z");
        let (spans, _) = offsets(&zone, now);
        let at = "2024-05-15T00:00:00.000Z".to_owned();
        assert_eq!(spans.iter().find(|(from, _)| *from <= at).unwrap().1, -7 * 3600);
        assert_eq!(offsets(&TimeZone::UTC, now), (vec![], 0));
    }
}
