//! What was deleted or updated in a span of time.

use crate::{Failure, Identity};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, OwnedCell};
use orglet_plan::write;
use orglet_schema::Object;
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;
/// How far back `deleted` and `updated` look, in days.
const DELETED_DAYS: i64 = 15;
const UPDATED_DAYS: i64 = 30;
/// Ids that one answer may hold.
const MOST: usize = 600_000;

/// Records deleted in a window.
#[derive(Debug)]
pub struct Deleted {
    /// Id and time of each, oldest first.
    pub records: Vec<(Id, DateTime)>,
    /// Nothing older can be asked for.
    pub earliest: DateTime,
    /// Up to when the answer is complete.
    pub covered: DateTime,
}

/// Records created or changed in a window.
#[derive(Debug)]
pub struct Updated {
    /// Their ids.
    pub ids: Vec<Id>,
    /// Up to when the answer is complete.
    pub covered: DateTime,
}

/// The window of a request: seconds are ignored.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    start: DateTime,
    end: DateTime,
}

impl Window {
    /// Checks a window: start before end, at least a minute, not too far back (crud-076, crud-077).
    fn new(start: DateTime, end: DateTime, now: DateTime, days: i64) -> Result<Self, ApiError> {
        let minute = |t: DateTime| DateTime(t.0.div_euclid(60_000) * 60_000);
        let (start, end) = (minute(start), minute(end));
        let refuse = |text: &str| Err(ApiError::new(ErrorCode::InvalidReplicationDate, text));
        if start >= end {
            return refuse("startDate must be before endDate by at least one minute");
        }
        if start.0 < now.0 - days * DAY_MS {
            return refuse("startDate before org replication enabled date");
        }
        Ok(Self { start, end })
    }
}

/// The records of an object deleted between two times.
pub fn deleted(identity: &Identity, object: &Arc<Object>, start: DateTime, end: DateTime) -> Result<Deleted, Failure> {
    let now = identity.org.now();
    replicateable(object)?;
    let window = Window::new(start, end, now, DELETED_DAYS)?;
    let mut records = Vec::new();
    if object.field("IsDeleted").is_some() {
        scan(identity, object, window, Some(true), &mut |id, at| records.push((id, at)))?;
    }
    bounded(records.len())?;
    let earliest = DateTime((now.0 - DELETED_DAYS * DAY_MS).div_euclid(60_000) * 60_000);
    Ok(Deleted { records, earliest, covered: DateTime(window.end.0.min(now.0)).truncate_to_second() })
}

/// The records of an object created or changed between two times.
pub fn updated(identity: &Identity, object: &Arc<Object>, start: DateTime, end: DateTime) -> Result<Updated, Failure> {
    let now = identity.org.now();
    replicateable(object)?;
    let window = Window::new(start, end, now, UPDATED_DAYS)?;
    let mut ids = Vec::new();
    let live = object.field("IsDeleted").map(|_| false);
    scan(identity, object, window, live, &mut |id, _| ids.push(id))?;
    bounded(ids.len())?;
    Ok(Updated { ids, covered: DateTime(window.end.0.min(now.0)).truncate_to_second() })
}

fn replicateable(object: &Object) -> Result<(), ApiError> {
    if object.flags.replicateable && object.has_table() {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::InvalidTypeForOperation, format!("entity type {} does not support replication", object.name)))
}

fn bounded(count: usize) -> Result<(), ApiError> {
    if count <= MOST {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::ExceededIdLimit, "more than 600000 records in the window; ask for a shorter one"))
}

fn scan(
    identity: &Identity,
    object: &Arc<Object>,
    window: Window,
    deleted: Option<bool>,
    take: &mut dyn FnMut(Id, DateTime),
) -> Result<(), Failure> {
    let stamp = object.field("SystemModstamp").or_else(|| object.field("LastModifiedDate")).or_else(|| object.field("CreatedDate"));
    let Some(stamp) = stamp else { return Ok(()) };
    let (from, to) = (OwnedCell::Text(window.start.to_canonical()), OwnedCell::Text(window.end.to_canonical()));
    let statement = write::select_in_window(object, stamp, (from, to), deleted, None, identity.org.store.dialect());
    let mut found = Vec::new();
    identity.org.read(|tx| {
        found.clear();
        tx.query(&statement, &mut |row| {
            if let (Some(Ok(id)), Some(Some(at))) = (row.cell(0).text().map(Id::parse), row.cell(1).text().map(DateTime::parse)) {
                found.push((id, at));
            }
            found.len() <= MOST
        })?;
        Ok(())
    })?;
    for (id, at) in found {
        take(id, at);
    }
    Ok(())
}
