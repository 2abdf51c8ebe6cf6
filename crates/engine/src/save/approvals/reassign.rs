//! Work items that are given to others, and rows that come back from the bin.

use super::rows::elapsed;
use super::{approvers, lock, refuse};
use crate::Failure;
use crate::record::{self, Row};
use crate::save::checks::Candidate;
use crate::save::derived::{Context, insert_as};
use crate::save::write::update_row;
use orglet_base::{ErrorCode, Id, Value};
use orglet_schema::Object;
use orglet_store::Tx;
use std::sync::Arc;

/// Refuses to give away a work item that is another's: administrators alone do.
pub(in crate::save) fn may(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let Some(actor) = it.old.and_then(|old| old.get(it.object, "ActorId").as_id()) else { return Ok(()) };
    let own = approvers::is_member(tx, it.org, it.catalog, actor, it.identity.user.id)?;
    if own || lock::is_administrator(tx, it.org, it.catalog, it.identity)? {
        return Ok(());
    }
    Err(refuse(ErrorCode::InsufficientAccessOrReadonly, "insufficient access rights on object id", &[]))
}

/// Notes in the history of a record that a work item was given to another.
pub(in crate::save) fn note(tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, old: &Row, row: &Row) -> Result<(), Failure> {
    let (Some(id), Some(steps)) = (row.get(object, "Id").as_id(), cx.catalog.object("ProcessInstanceStep")) else { return Ok(()) };
    let (Some(history), Some(prefix)) = (cx.catalog.object("ProcessInstanceHistory"), steps.key_prefix) else { return Ok(()) };
    let Some(was) = record::by_id_to_change(tx, cx.org, history, id)? else { return Ok(()) };
    let mut shown = was.clone();
    shown.set(history, "ActorId", row.get(object, "ActorId").clone());
    update_row(tx, cx.org, history, &was, &shown)?;
    let step = cx.org.new_id_within(tx, prefix)?;
    let since = if let Value::DateTime(at) = old.get(object, "CreatedDate") { Some(*at) } else { None };
    let mut values = elapsed(since, cx.org.now());
    values.extend([
        ("ProcessInstanceId", row.get(object, "ProcessInstanceId").clone()),
        ("StepStatus", "Reassigned".into()),
        ("OriginalActorId", old.get(object, "OriginalActorId").clone()),
        ("ActorId", old.get(object, "ActorId").clone()),
    ]);
    let mut told = values.clone();
    let node = was.get(history, "ProcessNodeId").clone();
    values.push(("StepNodeId", node.clone()));
    insert_as(tx, cx, &steps.name, step, &values)?;
    told.extend([
        ("ProcessNodeId", node),
        ("IsPending", false.into()),
        ("RemindersSent", Value::Int(0)),
        ("TargetObjectId", was.get(history, "TargetObjectId").clone()),
    ]);
    insert_as(tx, cx, &history.name, step, &told)
}

/// Steps have no place in the bin: they are made anew from the history that comes back with a record.
pub(in crate::save) fn came_back(tx: &mut dyn Tx, cx: &Context<'_>, sets: &[(Arc<Object>, Vec<Id>)]) -> Result<(), Failure> {
    const SAME: [&str; 11] = [
        "ProcessInstanceId",
        "StepStatus",
        "OriginalActorId",
        "ActorId",
        "Comments",
        "ElapsedTimeInDays",
        "ElapsedTimeInHours",
        "ElapsedTimeInMinutes",
        "CreatedDate",
        "CreatedById",
        "SystemModstamp",
    ];
    let Some(steps) = cx.catalog.object("ProcessInstanceStep") else { return Ok(()) };
    for (history, ids) in sets.iter().filter(|(object, _)| object.name == "ProcessInstanceHistory") {
        for id in ids {
            let Some(row) = record::by_id(tx, cx.org, history, *id)? else { continue };
            if *row.get(history, "IsPending") == Value::Bool(true) || record::by_id(tx, cx.org, steps, *id)?.is_some() {
                continue;
            }
            let mut values: Vec<(&str, Value)> = SAME.iter().map(|name| (*name, row.get(history, name).clone())).collect();
            values.push(("StepNodeId", row.get(history, "ProcessNodeId").clone()));
            insert_as(tx, cx, &steps.name, *id, &values)?;
        }
    }
    Ok(())
}
