//! Contracts and orders.

use super::{Stage, fact};
use crate::record::Row;
use jiff::ToSpan;
use orglet_base::Value;

/// A contract ends with its term, the day before it would begin anew.
pub(super) fn contract(it: &Stage<'_>, row: &mut Row) {
    let object = it.object;
    let end = match (row.get(object, "StartDate"), row.get(object, "ContractTerm")) {
        (Value::Date(start), Value::Int(months)) => {
            let term = jiff::Span::new().try_months(*months);
            term.and_then(|t| start.checked_add(t)).and_then(|d| d.checked_sub(1.day())).map_or(Value::Null, Value::Date)
        }
        _ => Value::Null,
    };
    row.set(object, "EndDate", end);
    activate(it, row);
}

/// An order is in the category of its status.
pub(super) fn order(it: &Stage<'_>, row: &mut Row) {
    activate(it, row);
}

/// The category of the status; who activates, and when, is noted.
fn activate(it: &Stage<'_>, row: &mut Row) {
    let object = it.object;
    if let Some(code) = fact(object, "Status", row.get(object, "Status"), "statusCode") {
        row.set(object, "StatusCode", code);
    }
    let activated = row.get(object, "StatusCode").as_text() == Some("Activated");
    if activated && it.was("StatusCode").as_text() != Some("Activated") && !it.system {
        if !it.set("ActivatedById") {
            row.set(object, "ActivatedById", Value::Id(it.identity.user.id));
        }
        if !it.set("ActivatedDate") {
            row.set(object, "ActivatedDate", Value::DateTime(it.now));
        }
    }
}
