//! Locks: a record that waits for approval, or was locked at the end of it, is for few to change, and so are its details.

use super::approvers::is_member;
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::custom::part::{ApprovalProcessDef, RecordEditability};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::sync::Arc;

/// The profile whose users have the right to modify all data.
const ADMINISTRATOR: &str = "System Administrator";
/// Most submissions of a record that are looked through for the last.
const MOST: usize = 2000;
/// How far masters are followed: a detail of a detail has a master, and no more.
const HIGHEST: usize = 4;

/// Whose change is looked at, and where.
#[derive(Clone, Copy)]
pub(in crate::save) struct Locks<'a> {
    pub(in crate::save) org: &'a Org,
    pub(in crate::save) catalog: &'a Catalog,
    pub(in crate::save) identity: &'a Identity,
}

impl Locks<'_> {
    /// Refuses to make, to change or to delete a record that is locked, or whose master is (crud-062). `old` is the record as it was,
    /// none for one that is made; `row` as it is to be, none where it goes.
    pub(in crate::save) fn check(&self, tx: &mut dyn Tx, object: &Object, old: Option<&Row>, row: Option<&Row>) -> Result<(), Failure> {
        let held = match old {
            Some(old) => self.holds(tx, object, old)?,
            None => false,
        };
        if (held || self.master_holds(tx, object, row.or(old), 0)?) && !is_administrator(tx, self.org, self.catalog, self.identity)? {
            return Err(locked().into());
        }
        Ok(())
    }

    /// Whether a record waits for approval, whoever asks.
    pub(in crate::save) fn waits(&self, tx: &mut dyn Tx, object: &Object, id: Id) -> Result<bool, Failure> {
        if object.rules.as_ref().is_none_or(|rules| rules.approval_processes.is_empty()) {
            return Ok(false);
        }
        let Some(instances) = self.catalog.object("ProcessInstance") else { return Ok(false) };
        let pending = [("TargetObjectId", &Value::Id(id)), ("Status", &Value::from("Pending"))];
        Ok(!record::find_with(tx, self.org, instances, &pending, 1)?.is_empty())
    }

    /// Whether a master of a record is locked.
    fn master_holds(&self, tx: &mut dyn Tx, object: &Object, row: Option<&Row>, depth: usize) -> Result<bool, Failure> {
        let Some(row) = row.filter(|_| depth < HIGHEST) else { return Ok(false) };
        for index in object.masters() {
            let Some(id) = row.values[*index].as_id() else { continue };
            let Some(master) = self.catalog.object_of(id).filter(|o| may_be_held(self.catalog, o, 0)) else { continue };
            if let Some(above) = record::by_id(tx, self.org, master, id)?
                && (self.holds(tx, master, &above)? || self.master_holds(tx, master, Some(&above), depth + 1)?)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a record is locked for the user, who is taken for no administrator.
    fn holds(&self, tx: &mut dyn Tx, object: &Object, row: &Row) -> Result<bool, Failure> {
        let Self { org, catalog, .. } = *self;
        let Some(rules) = object.rules.as_ref().filter(|rules| !rules.approval_processes.is_empty()) else { return Ok(false) };
        let (Some(id), Some(instances)) = (row.get(object, "Id").as_id(), catalog.object("ProcessInstance")) else { return Ok(false) };
        let defined = |instance: &Row| {
            let wanted = instance.get(instances, "ProcessDefinitionId").as_id();
            rules.approval_processes.iter().find(|process| process.id == wanted)
        };
        let target = Value::Id(id);
        let pending = [("TargetObjectId", &target), ("Status", &Value::from("Pending"))];
        if let Some(waiting) = record::find_with(tx, org, instances, &pending, 1)?.pop() {
            let row = record::by_id(tx, org, instances, waiting)?;
            let process = row.as_ref().and_then(defined);
            return Ok(!process.is_some_and(by_approver) || !self.is_asked(tx, waiting)?);
        }
        let ids = record::find_with(tx, org, instances, &[("TargetObjectId", &target)], MOST)?;
        let rows = record::some(tx, org, instances, &ids, &["Id", "Status", "ProcessDefinitionId", "CompletedDate"])?;
        let when = |row: &Row| if let Value::DateTime(at) = row.get(instances, "CompletedDate") { at.0 } else { 0 };
        let last = rows.iter().max_by_key(|row| (when(row), row.get(instances, "Id").as_id()));
        Ok(last.is_some_and(|last| match (defined(last), last.get(instances, "Status").as_text()) {
            (Some(process), Some("Approved")) => process.final_approval_record_lock,
            (Some(process), Some("Rejected")) => process.final_rejection_record_lock,
            _ => false,
        }))
    }

    /// Whether a submission waits for the user.
    fn is_asked(&self, tx: &mut dyn Tx, instance: Id) -> Result<bool, Failure> {
        let Self { org, catalog, identity } = *self;
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
}

/// ENTITY_IS_LOCKED.
pub(in crate::save) fn locked() -> ApiError {
    ApiError::new(ErrorCode::EntityIsLocked, "the entity is locked for editing").with_fields(Vec::<String>::new())
}

/// Whether records of an object, or their masters, can be locked at all.
fn may_be_held(catalog: &Catalog, object: &Object, depth: usize) -> bool {
    object.rules.as_ref().is_some_and(|rules| !rules.approval_processes.is_empty())
        || depth < HIGHEST
            && object.masters().iter().any(|index| {
                let targets = object.fields()[*index].reference_to.iter().filter_map(|name| catalog.object(name));
                { targets }.any(|master| may_be_held(catalog, master, depth + 1))
            })
}

fn by_approver(process: &Arc<ApprovalProcessDef>) -> bool {
    process.record_editability == RecordEditability::AdminOrCurrentApprover
}

/// Whether the user may modify all data: locks don't hold administrators (a user of the platform's forum, 906F000000091ZW, whose
/// administrator went on where others met ENTITY_IS_LOCKED).
pub(in crate::save) fn is_administrator(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, identity: &Identity) -> Result<bool, Failure> {
    let (Some(profiles), Some(id)) = (catalog.object("Profile"), identity.user.profile_id) else { return Ok(false) };
    let profile = record::by_id(tx, org, profiles, id)?;
    Ok(profile.is_some_and(|row| row.get(profiles, "Name").as_text() == Some(ADMINISTRATOR)))
}
