//! Dates and times. A date is the user's, an instant is read in GMT, days are of 24 hours.

use super::{Answer, Function, Scope, Trouble};
use orglet_base::{Date, DateTime, Time, Value};
use orglet_plan::formula::Node;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// The first instant of the first year, before which no formula gets.
const FIRST: i64 = -62_135_596_800_000;

/// A date within the years that formulas know, 1 to 9999.
fn within(date: Date) -> Result<Date, Trouble> {
    if (1..=9999).contains(&date.year()) { Ok(date) } else { Err(Trouble::unnamed()) }
}

/// An instant within those years, from its milliseconds.
fn instant(ms: i64) -> Answer {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(_) if ms >= FIRST => Ok(Value::DateTime(DateTime(ms))),
        _ => Err(Trouble::unnamed()),
    }
}

fn number(n: i64) -> Value {
    Value::Decimal(Decimal::from(n))
}

/// Days between two dates, the second counted from the first.
fn days_between(from: Date, to: Date) -> i64 {
    to.duration_since(from).as_hours() / 24
}

fn days_on(date: Date, days: i64) -> Result<Date, Trouble> {
    let days = i32::try_from(days).map_err(|_| Trouble::unnamed())?;
    date.checked_add(jiff::SignedDuration::from_hours(i64::from(days) * 24)).map_err(|_| Trouble::unnamed())
}

/// Sums and differences in which there is a date, an instant or a time.
pub(super) fn sum(adds: bool, left: Value, right: Value) -> Answer {
    let signed = |n: Decimal| if adds { n } else { -n };
    match (left, right) {
        (Value::Decimal(n), Value::Date(d)) | (Value::Date(d), Value::Decimal(n)) => {
            // A part of a day is no day.
            let days = signed(n).trunc().to_i64().ok_or_else(Trouble::unnamed)?;
            Ok(Value::Date(within(days_on(d, days)?)?))
        }
        (Value::Decimal(n), Value::DateTime(t)) | (Value::DateTime(t), Value::Decimal(n)) => {
            let seconds = signed(n).checked_mul(Decimal::from(DAY / 1000)).ok_or_else(Trouble::unnamed)?;
            let seconds = seconds.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64();
            let moved = seconds.and_then(|s| s.checked_mul(1000)).and_then(|ms| t.0.checked_add(ms));
            instant(moved.ok_or_else(Trouble::unnamed)?)
        }
        (Value::Time(t), Value::Decimal(n)) => {
            let ms = signed(n).trunc().to_i64().and_then(|n| n.checked_add(i64::from(t.0)));
            match ms.filter(|ms| *ms >= 0) {
                Some(ms) => Ok(Value::Time(Time((ms % DAY) as u32))),
                None => Err(Trouble::unnamed()),
            }
        }
        (Value::Date(a), Value::Date(b)) => Ok(number(days_between(b, a))),
        (Value::DateTime(a), Value::DateTime(b)) => {
            let ms = Decimal::from(a.0) - Decimal::from(b.0);
            Ok(Value::Decimal(ms / Decimal::from(DAY)))
        }
        (Value::Time(a), Value::Time(b)) => Ok(number((i64::from(a.0) - i64::from(b.0) + DAY) % DAY)),
        _ => Ok(Value::Null),
    }
}

/// Reads digits up to what follows them, and takes that away.
fn digits<'t>(text: &mut &'t str, then: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let read: &'t str = &text[..end];
    *text = text[end..].strip_prefix(then)?;
    read.parse().ok().filter(|_| end > 0 && end <= 9)
}

/// The date that a text begins with, `2024-05-15`, and what stands behind it. The year has four digits.
fn date_of(text: &str) -> Option<(Date, &str)> {
    let mut rest = text;
    if text.len() < 5 || text.as_bytes()[4] != b'-' {
        return None;
    }
    let (year, month) = (digits(&mut rest, "-")?, digits(&mut rest, "-")?);
    let day = digits(&mut rest, "")?;
    Some((date(year, month, day)?, rest))
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn clock(text: &str) -> Option<(i64, &str)> {
    let mut rest = text;
    let (hour, minute) = (digits(&mut rest, ":")?, digits(&mut rest, ":")?);
    let second = digits(&mut rest, "")?;
    (hour < 24 && minute < 60 && second < 60).then_some(((hour * 3600 + minute * 60 + second) * 1000, rest))
}

/// The text of a value of these kinds, as TEXT() gives it.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Date(d) => Some(orglet_base::time::date_text(*d)),
        Value::DateTime(t) => {
            let text = t.to_canonical();
            let (date, clock) = text.split_once('T')?;
            Some(format!("{date} {}Z", clock.split('.').next()?))
        }
        Value::Time(t) => Some(t.to_canonical().trim_end_matches('Z').to_owned()),
        _ => None,
    }
}

/// Months on; from the last day of a month to the last day of another.
fn months_on(date: Date, months: i64) -> Result<Date, Trouble> {
    let months = jiff::Span::new().try_months(months).map_err(|_| Trouble::unnamed())?;
    let is_last = date == date.last_of_month();
    let from = if is_last { days_on(date, 1)? } else { date };
    let to = from.checked_add(months).map_err(|_| Trouble::unnamed())?;
    if is_last { days_on(to, -1) } else { Ok(to) }
}

impl Scope<'_> {
    fn today(&self) -> Answer {
        self.local(self.now)
    }

    /// The date that it is for the user at an instant.
    fn local(&self, at: DateTime) -> Answer {
        let instant = jiff::Timestamp::from_millisecond(at.0).map_err(|_| Trouble::unnamed())?;
        Ok(Value::Date(instant.to_zoned(self.time_zone.clone()).date()))
    }

    pub(super) fn calendar(&self, function: Function, args: &[Node]) -> Answer {
        match (function, args) {
            (Function::Today, _) => self.today(),
            (Function::Now, _) => Ok(Value::DateTime(self.now)),
            (Function::TimeNow, _) => Ok(Value::Time(Time(self.now.split().1))),
            (Function::Date, [year, month, day]) => match (self.number(year)?, self.number(month)?, self.number(day)?) {
                (Some(year), Some(month), Some(day)) => made(year, month, day),
                _ => Ok(Value::Null),
            },
            (Function::AddMonths, [of, months]) => {
                let (of, months) = (self.value(of)?, self.number(months)?);
                let Some(months) = months.map(|m| m.trunc().to_i64().unwrap_or(i64::MAX)) else { return Ok(Value::Null) };
                match of {
                    Value::Date(d) => Ok(Value::Date(within(months_on(d, months)?)?)),
                    Value::DateTime(t) => {
                        let (day, ms) = t.split();
                        let day = months_on(day, months)?;
                        instant(DateTime::at_midnight(day).0 + i64::from(ms))
                    }
                    _ => Ok(Value::Null),
                }
            }
            (Function::FromUnixTime, [seconds]) => {
                let Some(seconds) = self.number(seconds)? else { return Ok(Value::Null) };
                let ms = seconds.checked_mul(Decimal::from(1000)).and_then(|ms| ms.trunc().to_i64());
                instant(ms.ok_or_else(Trouble::unnamed)?)
            }
            (Function::DateValue | Function::DateTimeValue | Function::TimeValue | Function::UnixTimestamp, [of]) => {
                self.converted(function, self.value(of)?)
            }
            (Function::Hour | Function::Minute | Function::Second | Function::Millisecond, [of]) => {
                let Some(Time(ms)) = self.time(of)? else { return Ok(Value::Null) };
                let ms = i64::from(ms);
                Ok(number(match function {
                    Function::Hour => ms / 3_600_000,
                    Function::Minute => ms / 60_000 % 60,
                    Function::Second => ms / 1000 % 60,
                    _ => ms % 1000,
                }))
            }
            (Function::IsoWeek | Function::IsoYear, [of]) => {
                let day = match self.value(of)? {
                    Value::Date(d) => d,
                    Value::DateTime(t) => t.split().0,
                    _ => return Ok(Value::Null),
                };
                let week = day.iso_week_date();
                Ok(number(if function == Function::IsoWeek { i64::from(week.week()) } else { i64::from(week.year()) }))
            }
            (_, [of]) => Ok(self.date(of)?.map_or(Value::Null, |d| {
                number(match function {
                    Function::Year => i64::from(d.year()),
                    Function::Month => i64::from(d.month()),
                    Function::Day => i64::from(d.day()),
                    Function::DayOfYear => i64::from(d.day_of_year()),
                    _ => i64::from(d.weekday().to_sunday_one_offset()),
                })
            })),
            _ => Ok(Value::Null),
        }
    }

    fn converted(&self, function: Function, value: Value) -> Answer {
        match (function, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Function::DateValue, Value::DateTime(t)) => self.local(t),
            (Function::DateValue, Value::Text(t)) => date_of(&t).map(|(d, _)| Value::Date(d)).ok_or_else(Trouble::unnamed),
            (Function::DateTimeValue, Value::Date(d)) => instant(DateTime::at_midnight(d).0),
            (Function::DateTimeValue, Value::Text(t)) => {
                let read = date_of(&t).and_then(|(day, rest)| Some((day, clock(rest.strip_prefix(' ')?)?.0)));
                let (day, ms) = read.ok_or_else(Trouble::unnamed)?;
                instant(DateTime::at_midnight(day).0 + ms)
            }
            (Function::TimeValue, Value::DateTime(t)) => Ok(Value::Time(Time(t.split().1))),
            (Function::TimeValue, Value::Text(t)) => {
                let read = clock(&t).and_then(|(ms, rest)| {
                    let mut rest = rest.strip_prefix('.')?;
                    let fraction = digits(&mut rest, "")?;
                    (rest.is_empty() && fraction < 1000).then_some(ms + fraction)
                });
                read.map(|ms| Value::Time(Time(ms as u32))).ok_or_else(|| Trouble(Some(format!("Invalid time format: {t}"))))
            }
            (Function::UnixTimestamp, Value::DateTime(t)) => Ok(number(t.0 / 1000)),
            (Function::UnixTimestamp, Value::Date(d)) => Ok(number(DateTime::at_midnight(d).0 / 1000)),
            (Function::UnixTimestamp, Value::Time(t)) => Ok(number(i64::from(t.0 / 1000))),
            (_, value) => Ok(value),
        }
    }
}

/// The date of three numbers, whose fractions count nothing.
fn made(year: Decimal, month: Decimal, day: Decimal) -> Answer {
    let whole = |n: Decimal| n.trunc().to_i64().unwrap_or(-1);
    let year = whole(year);
    if !(1..=9999).contains(&year) {
        return Err(Trouble::of("Year out of range in DATE() function"));
    }
    date(year, whole(month), whole(day)).map(Value::Date).ok_or_else(|| Trouble::of("Month or Day out of range in DATE() function"))
}
