//! The last activity of records: the latest day of a task that is done or an event that has begun, among those that are about
//! them.

use super::update_row;
use crate::Failure;
use crate::record::{self, Row};
use crate::save::derived::Context;
use jiff::civil::Date;
use orglet_base::{Id, Value};
use orglet_plan::write as sql;
use orglet_schema::{Field, Object};
use orglet_store::Tx;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// The references of an activity to what it is about.
const ABOUT: [&str; 3] = ["WhoId", "WhatId", "AccountId"];

/// What is read of an activity that goes.
const READ: [&str; 5] = ["WhoId", "WhatId", "AccountId", "ActivityDate", "IsClosed"];

/// Days that records gain and lose by a save or a delete.
#[derive(Default)]
pub(super) struct Days(BTreeMap<Id, (Option<Date>, Option<Date>)>);

/// The day for which an activity counts.
fn day(object: &Object, row: &Row, today: &Value) -> Option<Date> {
    let Value::Date(day) = row.get(object, "ActivityDate") else { return None };
    let counts = match object.name.as_str() {
        "Task" => *row.get(object, "IsClosed") == Value::Bool(true),
        _ => matches!(today, Value::Date(today) if day <= today),
    };
    counts.then_some(*day)
}

impl Days {
    /// Notes the day of an activity as it was (`gone`) or is.
    pub(super) fn of_row(&mut self, object: &Object, row: &Row, today: &Value, gone: bool) {
        let Some(day) = day(object, row, today) else { return };
        for parent in ABOUT.iter().filter_map(|name| row.get(object, name).as_id()) {
            let (gained, lost) = self.0.entry(parent).or_default();
            let side = if gone { lost } else { gained };
            *side = (*side).max(Some(day));
        }
    }

    /// The days of activities that go (`gone`) or come back, for records that stay.
    pub(super) fn gather(
        tx: &mut dyn Tx,
        cx: &Context<'_>,
        sets: &[(Arc<Object>, Vec<Id>)],
        all: &HashSet<Id>,
        gone: bool,
    ) -> Result<Self, Failure> {
        let mut days = Self::default();
        let today = super::today(cx.identity, cx.now);
        for (object, ids) in sets.iter().filter(|(o, _)| matches!(o.name.as_str(), "Task" | "Event")) {
            for piece in ids.chunks(record::PIECE) {
                let rows = record::some(tx, cx.org, object, piece, &READ)?;
                rows.iter().for_each(|row| days.of_row(object, row, &today, gone));
            }
        }
        days.0.retain(|id, _| !all.contains(id));
        Ok(days)
    }

    /// Brings the records up to date. A day gained is compared alone; one that was the last and is lost makes all activities of
    /// the record be asked.
    pub(super) fn make(self, tx: &mut dyn Tx, cx: &Context<'_>) -> Result<(), Failure> {
        for (id, (gained, lost)) in self.0 {
            let Some(object) = cx.catalog.object_of(id).filter(|o| o.field("LastActivityDate").is_some()) else { continue };
            if gained == lost {
                continue;
            }
            let Some(old) = record::by_id_to_change(tx, cx.org, object, id)? else { continue };
            let current = match old.get(object, "LastActivityDate") {
                Value::Date(day) => Some(*day),
                _ => None,
            };
            let last = if gained >= current {
                gained
            } else if lost == current {
                latest(tx, cx, object, id)?
            } else {
                continue;
            };
            let mut row = old.clone();
            row.set(object, "LastActivityDate", last.map_or(Value::Null, Value::Date));
            update_row(tx, cx.org, object, &old, &row)?;
        }
        Ok(())
    }
}

/// The latest day among the activities of a record.
fn latest(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, id: Id) -> Result<Option<Date>, Failure> {
    let by: &[&str] = match object.name.as_str() {
        "Contact" | "Lead" => &["WhoId"],
        "Account" => &["AccountId", "WhatId"],
        _ => &["WhatId"],
    };
    let today = super::today(cx.identity, cx.now);
    let mut last = None;
    for activities in ["Task", "Event"].iter().filter_map(|name| cx.catalog.object(name)).filter(|o| cx.org.has_rows(o)) {
        let fields: Vec<&Field> = ["ActivityDate", "IsClosed"].iter().filter_map(|name| activities.field(name)).collect();
        for key in by.iter().filter_map(|name| activities.field(name)) {
            let cell = key.cell_kind().to_cell(&Value::Id(id));
            tx.query(&sql::select_where_eq(activities, &fields, vec![(key, cell)], true, None, cx.org.store.dialect()), &mut |found| {
                let mut row = Row::empty(activities);
                for (at, field) in fields.iter().enumerate() {
                    row.set(activities, &field.name, field.cell_kind().to_value(found.cell(at)));
                }
                last = last.max(day(activities, &row, &today));
                true
            })?;
        }
    }
    Ok(last)
}
