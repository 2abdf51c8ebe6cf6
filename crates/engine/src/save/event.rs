//! The times of an event.

use crate::Failure;
use crate::record::Row;
use orglet_base::{ApiError, DateTime, ErrorCode, Value};
use orglet_schema::Object;

const MINUTE: i64 = 60_000;
/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// Start, end, duration and day of an event, each from the others; the two names of the start mirror each other. Values
/// that contradict each other are refused rather than one of them dropped.
pub(super) fn derive(object: &Object, row: &mut Row, set: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let instant = |row: &Row, name: &str| match row.get(object, name) {
        Value::DateTime(t) => Some(t.0),
        _ => None,
    };
    let start = match (set("StartDateTime"), set("ActivityDateTime")) {
        (true, true) => match (instant(row, "StartDateTime"), instant(row, "ActivityDateTime")) {
            (Some(a), Some(b)) if a != b => {
                return Err(contradiction("StartDateTime and ActivityDateTime must be the same", "StartDateTime"));
            }
            (a, b) => a.or(b),
        },
        (true, false) => instant(row, "StartDateTime"),
        (false, true) => instant(row, "ActivityDateTime"),
        (false, false) => instant(row, "StartDateTime").or_else(|| instant(row, "ActivityDateTime")),
    };
    let all_day = *row.get(object, "IsAllDayEvent") == Value::Bool(true);
    let start = match (start, row.get(object, "ActivityDate")) {
        (None, Value::Date(day)) if all_day => Some(DateTime::at_midnight(*day).0),
        (start, _) => start,
    };
    for name in ["StartDateTime", "ActivityDateTime"] {
        row.set(object, name, start.map_or(Value::Null, |t| Value::DateTime(DateTime(t))));
    }
    let Some(start) = start else { return Ok(()) };
    row.set(object, "ActivityDate", Value::Date(DateTime(start).split().0));
    let minutes = match (row.get(object, "DurationInMinutes"), all_day) {
        (Value::Int(n), _) => Some(*n),
        (_, true) => Some(DAY),
        _ => None,
    };
    // An event of whole days ends on its last day, not on the one after.
    let last_day = if all_day { DAY } else { 0 };
    let by_end = instant(row, "EndDateTime").map(|end| (end - start).div_euclid(MINUTE) + last_day);
    let minutes = match (set("EndDateTime"), set("DurationInMinutes"), by_end, minutes) {
        (true, true, Some(a), Some(b)) if a != b => {
            return Err(contradiction("EndDateTime and DurationInMinutes must say the same", "DurationInMinutes"));
        }
        (true, _, Some(by_end), _) | (_, false, Some(by_end), None) => Some(by_end),
        _ => minutes,
    };
    if let Some(minutes) = minutes {
        let end = DateTime(start.saturating_add((minutes - last_day).saturating_mul(MINUTE)));
        row.set(object, "DurationInMinutes", Value::Int(minutes));
        row.set(object, "EndDateTime", Value::DateTime(end));
        row.set(object, "EndDate", Value::Date(end.split().0));
    }
    Ok(())
}

fn contradiction(text: &str, field: &str) -> Failure {
    ApiError::new(ErrorCode::FieldIntegrityException, text).with_fields([field]).into()
}
