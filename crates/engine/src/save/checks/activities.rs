//! Events and tasks.

use super::{Candidate, refuse};
use crate::Failure;
use orglet_base::{ApiError, ErrorCode, Value};

/// An event begins and ends, in that order. Start, end and duration have been derived from each other before.
pub(super) fn event(it: &Candidate<'_>) -> Result<(), Failure> {
    single(it)?;
    if it.get("StartDateTime").is_null() || it.get("DurationInMinutes").is_null() {
        return Err(ApiError::missing_fields(&["DurationInMinutes", "ActivityDateTime"]).into());
    }
    match it.get("DurationInMinutes") {
        Value::Int(minutes) if *minutes < 0 => {
            Err(refuse(ErrorCode::FieldIntegrityException, "Event duration can not be negative", &["DurationInMinutes"]))
        }
        _ => Ok(()),
    }
}

/// A task stands alone: series are not built.
pub(super) fn task(it: &Candidate<'_>) -> Result<(), Failure> {
    single(it)
}

/// Series of activities are a feature that no user has here (crud-069).
fn single(it: &Candidate<'_>) -> Result<(), Failure> {
    if it.set("IsRecurrence") && *it.get("IsRecurrence") == Value::Bool(true) {
        return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, "This feature is not currently enabled for this user.").into());
    }
    Ok(())
}
