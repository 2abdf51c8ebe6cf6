//! Locks: a record that waits for approval, or was locked at the end of it, is for few to change.

use super::approvers::is_member;
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::part::{ApprovalProcessDef, RecordEditability};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// The profile whose users have the right to modify all data.
const ADMINISTRATOR: &str = "System Administrator";
/// Most submissions of a record that are looked through for the last.
const MOST: usize = 2000;

/// Refuses to change or to delete a record that is locked (crud-062).
pub(in crate::save) fn check(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    identity: &Identity,
    object: &Object,
    row: &Row,
) -> Result<(), Failure> {
    let Some(rules) = object.rules.as_ref().filter(|rules| !rules.approval_processes.is_empty()) else { return Ok(()) };
    let (Some(id), Some(instances)) = (row.get(object, "Id").as_id(), catalog.object("ProcessInstance")) else { return Ok(()) };
    let defined = |instance: &Row| {
        let wanted = instance.get(instances, "ProcessDefinitionId").as_id();
        rules.approval_processes.iter().find(|process| process.id == wanted)
    };
    let target = Value::Id(id);
    let pending = [("TargetObjectId", &target), ("Status", &Value::from("Pending"))];
    let held = match record::find_with(tx, org, instances, &pending, 1)?.pop() {
        Some(waiting) => {
            let row = record::by_id(tx, org, instances, waiting)?;
            let process = row.as_ref().and_then(defined);
            !process.is_some_and(|process| by_approver(process)) || !is_asked(tx, org, catalog, identity, waiting)?
        }
        None => {
            let ids = record::find_with(tx, org, instances, &[("TargetObjectId", &target)], MOST)?;
            let rows = record::some(tx, org, instances, &ids, &["Id", "Status", "ProcessDefinitionId", "CompletedDate"])?;
            let when = |row: &Row| if let Value::DateTime(at) = row.get(instances, "CompletedDate") { at.0 } else { 0 };
            let last = rows.iter().max_by_key(|row| (when(row), row.get(instances, "Id").as_id()));
            last.is_some_and(|last| match (defined(last), last.get(instances, "Status").as_text()) {
                (Some(process), Some("Approved")) => process.final_approval_record_lock,
                (Some(process), Some("Rejected")) => process.final_rejection_record_lock,
                _ => false,
            })
        }
    };
    if !held || is_administrator(tx, org, catalog, identity)? {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::EntityIsLocked, "the entity is locked for editing").with_fields(Vec::<String>::new()).into())
}

fn by_approver(process: &ApprovalProcessDef) -> bool {
    process.record_editability == RecordEditability::AdminOrCurrentApprover
}

/// Whether a submission waits for the user.
fn is_asked(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, identity: &Identity, instance: Id) -> Result<bool, Failure> {
    let Some(items) = catalog.object("ProcessInstanceWorkitem") else { return Ok(false) };
    let ids = record::find_with(tx, org, items, &[("ProcessInstanceId", &Value::Id(instance))], MOST)?;
    for row in record::some(tx, org, items, &ids, &["ActorId"])? {
        if let Some(actor) = row.get(items, "ActorId").as_id()
            && is_member(tx, org, catalog, actor, identity.user.id)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether the user may modify all data: locks don't hold administrators (a user of the platform's forum, 906F000000091ZW, whose
/// administrator went on where others met ENTITY_IS_LOCKED).
pub(in crate::save) fn is_administrator(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, identity: &Identity) -> Result<bool, Failure> {
    let (Some(profiles), Some(id)) = (catalog.object("Profile"), identity.user.profile_id) else { return Ok(false) };
    let profile = record::by_id(tx, org, profiles, id)?;
    Ok(profile.is_some_and(|row| row.get(profiles, "Name").as_text() == Some(ADMINISTRATOR)))
}
