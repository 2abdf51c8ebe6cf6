//! What was deleted or updated in a span of time.

use super::Data;
use crate::soap::Fault;
use crate::soap::envelope::Answer;
use orglet_base::{ApiError, DateTime, ErrorCode};
use orglet_engine::replication as engine;

/// `getDeleted(sObjectType, startDate, endDate)`.
pub(super) fn deleted(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let object = data.object(data.soap.request.argument("sObjectType").trim())?;
    let (start, end) = (time(data, "startDate")?, time(data, "endDate")?);
    let found = engine::deleted(&data.identity, object, start, end).map_err(|e| data.fault(e))?;
    answer.begin("result");
    for (id, at) in &found.records {
        answer.begin("deletedRecords").text("deletedDate", &at.to_canonical()).text("id", &id.to_string()).end("deletedRecords");
    }
    answer
        .text("earliestDateAvailable", &found.earliest.to_canonical())
        .text("latestDateCovered", &found.covered.to_canonical())
        .end("result");
    Ok(())
}

/// `getUpdated(sObjectType, startDate, endDate)`.
pub(super) fn updated(data: &Data<'_>, answer: &mut Answer) -> Result<(), Fault> {
    let object = data.object(data.soap.request.argument("sObjectType").trim())?;
    let (start, end) = (time(data, "startDate")?, time(data, "endDate")?);
    let found = engine::updated(&data.identity, object, start, end).map_err(|e| data.fault(e))?;
    answer.begin("result");
    for id in &found.ids {
        answer.text("ids", &id.to_string());
    }
    answer.text("latestDateCovered", &found.covered.to_canonical()).end("result");
    Ok(())
}

/// A time of the request.
fn time(data: &Data<'_>, name: &str) -> Result<DateTime, Fault> {
    let text = data.soap.request.argument(name).trim();
    if text.is_empty() {
        return Err(ApiError::new(ErrorCode::MissingArgument, format!("Missing required parameter: {name}")).into());
    }
    DateTime::parse(text).ok_or_else(|| Fault::client(format!("'{text}' is not a valid value for the type xsd:dateTime")))
}
