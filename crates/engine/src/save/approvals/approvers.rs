//! Who submits, who approves.

use super::criteria::Asked;
use super::{Flow, lock, refuse};
use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{ErrorCode, Id, Value};
use orglet_schema::custom::part::{ApprovalProcessDef, ApprovalStep, Named, related_user_field};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// How far hierarchies of roles and groups in groups are followed.
const HIGHEST: usize = 100;
/// How deep groups may stand in one another.
const MAX_NESTING: usize = 5;
/// Most members of a group that are looked at.
const MOST: usize = 10_000;

/// Whether somebody may submit a record to a process. Administrators submit any record.
pub(super) fn may_submit(tx: &mut dyn Tx, asked: &Asked<'_>, process: &ApprovalProcessDef) -> Result<bool, Failure> {
    let (org, catalog) = (&*asked.identity.org, asked.catalog);
    for who in &process.allowed_submitters {
        if is_submitter(tx, asked, who)? {
            return Ok(true);
        }
    }
    lock::is_administrator(tx, org, catalog, asked.identity)
}

fn is_submitter(tx: &mut dyn Tx, asked: &Asked<'_>, who: &Named) -> Result<bool, Failure> {
    let (org, catalog, user) = (&*asked.identity.org, asked.catalog, asked.user);
    let name = who.name.as_deref().unwrap_or_default();
    match who.kind.as_str() {
        "owner" => match owner(tx, org, catalog, asked.object, asked.row)? {
            Some(owner) => is_member(tx, org, catalog, owner, user),
            None => Ok(false),
        },
        "creator" => Ok(asked.row.get(asked.object, "CreatedById").as_id() == Some(user)),
        "allInternalUsers" => Ok(of_user(tx, org, catalog, user, "UserType")?.as_text() == Some("Standard")),
        "user" => Ok(user_named(tx, org, catalog, name)? == Some(user)),
        "group" => match group_named(tx, org, catalog, name, "Regular")? {
            Some(group) => is_member(tx, org, catalog, group, user),
            None => Ok(false),
        },
        "role" | "roleSubordinates" | "roleSubordinatesInternal" => {
            let Some(roles) = catalog.object("UserRole") else { return Ok(false) };
            let role = found(tx, org, roles, "DeveloperName", name)?;
            match role {
                Some(role) => has_role(tx, org, catalog, user, role, who.kind != "role"),
                None => Ok(false),
            }
        }
        // Those of portals and partners: nobody here is one.
        _ => Ok(false),
    }
}

/// Whose a record is; the one of its master where it has no owner of its own.
fn owner(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row) -> Result<Option<Id>, Failure> {
    if object.field("OwnerId").is_some() {
        return Ok(row.get(object, "OwnerId").as_id());
    }
    let Some(master) = object.fields().iter().find(|f| f.relationship_order == Some(0)) else { return Ok(None) };
    let Some(id) = row.get(object, &master.name).as_id() else { return Ok(None) };
    let Some(above) = catalog.object_of(id).filter(|o| o.has_table()) else { return Ok(None) };
    match record::by_id(tx, org, above, id)? {
        Some(row) => owner(tx, org, catalog, above, &row),
        None => Ok(None),
    }
}

/// Whether an answer to a work item is the user's to give: it is theirs, their queue's, or of one who named them.
pub(super) fn answers_for(tx: &mut dyn Tx, flow: &Flow<'_>, actor: Id, delegates: bool) -> Result<bool, Failure> {
    let (org, user) = (&*flow.identity.org, flow.identity.user.id);
    if is_member(tx, org, flow.catalog, actor, user)? {
        return Ok(true);
    }
    match of_user(tx, org, flow.catalog, actor, "DelegatedApproverId")?.as_id().filter(|_| delegates) {
        Some(delegate) => is_member(tx, org, flow.catalog, delegate, user),
        None => Ok(false),
    }
}

/// Whom the field of users is looked up at for the first step.
pub(super) fn before_first(tx: &mut dyn Tx, flow: &Flow<'_>, submitter: Id) -> Result<Option<Id>, Failure> {
    match &flow.process.next_automated_approver {
        Some(next) if next.use_approver_field_of_record_owner => owner(tx, &flow.identity.org, flow.catalog, flow.object, &flow.row),
        _ => Ok(Some(submitter)),
    }
}

/// Who is asked for a step.
pub(super) fn of(tx: &mut dyn Tx, flow: &Flow<'_>, step: &ApprovalStep, before: Option<Id>) -> Result<Vec<Id>, Failure> {
    let (org, catalog) = (&*flow.identity.org, flow.catalog);
    let mut actors: Vec<Id> = Vec::with_capacity(step.approvers.len());
    for who in &step.approvers {
        let name = who.name.as_deref().unwrap_or_default();
        let actor = match who.kind.as_str() {
            "adhoc" => named_by_request(tx, flow)?,
            "user" => user_named(tx, org, catalog, name)?.ok_or_else(|| nobody("User", name))?,
            "queue" => group_named(tx, org, catalog, name, "Queue")?.ok_or_else(|| nobody("Queue", name))?,
            "relatedUserField" => {
                let field = related_user_field(flow.object, name).and_then(|name| flow.object.field(name));
                let label = field.map_or(name, |field| &field.label);
                field.and_then(|field| flow.row.get(flow.object, &field.name).as_id()).ok_or_else(|| not_defined(label))?
            }
            _ => {
                let field = flow.process.next_automated_approver.as_ref().map_or("ManagerId", |next| &next.user_hierarchy_field);
                let value = match before {
                    Some(user) => of_user(tx, org, catalog, user, field)?,
                    None => Value::Null,
                };
                let label = catalog.object("User").and_then(|users| users.field(field)).map_or(field, |field| &field.label);
                value.as_id().ok_or_else(|| not_defined(label))?
            }
        };
        if !actors.contains(&actor) {
            active(tx, org, catalog, actor)?;
            actors.push(actor);
        }
    }
    Ok(actors)
}

/// The approver that a request names, of whom there has to be one.
fn named_by_request(tx: &mut dyn Tx, flow: &Flow<'_>) -> Result<Id, Failure> {
    let [one] = flow.next else {
        return Err(refuse(ErrorCode::RequiredFieldMissing, "missing required field: [nextApproverIds]", &["nextApproverIds"]));
    };
    let catalog = flow.catalog;
    let is_it = |name: &str| catalog.object_of(*one).filter(|object| object.name == name);
    let there = match is_it("User").or_else(|| is_it("Group")) {
        Some(object) => record::by_id(tx, &flow.identity.org, object, *one)?.is_some(),
        None => false,
    };
    if there { Ok(*one) } else { Err(super::no_record().into()) }
}

fn nobody(what: &str, name: &str) -> Failure {
    refuse(ErrorCode::InvalidCrossReferenceKey, format!("no {what} named {name} found"), &[])
}

/// MANAGER_NOT_DEFINED: a field that should name the approver is empty. Labels are those of pages, which leave the "ID" out.
fn not_defined(label: &str) -> Failure {
    let label = label.strip_suffix(" ID").unwrap_or(label);
    let text = format!(
        "This approval request requires the next approver to be determined by the {label} field. This value is empty. Please contact your \
         administrator for more information."
    );
    refuse(ErrorCode::ManagerNotDefined, text, &[])
}

fn active(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, actor: Id) -> Result<(), Failure> {
    let Some(users) = catalog.object_of(actor).filter(|o| o.name == "User") else { return Ok(()) };
    match record::by_id(tx, org, users, actor)? {
        Some(row) if *row.get(users, "IsActive") == Value::Bool(true) => Ok(()),
        _ => {
            let text = format!("operation performed with inactive user [{}]", actor.as_15());
            Err(refuse(ErrorCode::InactiveOwnerOrUser, text, &[]))
        }
    }
}

fn found(tx: &mut dyn Tx, org: &Org, object: &Object, field: &str, text: &str) -> Result<Option<Id>, Failure> {
    Ok(record::find_with(tx, org, object, &[(field, &Value::from(text))], 1)?.pop())
}

fn user_named(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, name: &str) -> Result<Option<Id>, Failure> {
    let Some(users) = catalog.object("User") else { return Ok(None) };
    found(tx, org, users, "Username", name)
}

fn group_named(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, name: &str, kind: &str) -> Result<Option<Id>, Failure> {
    let Some(groups) = catalog.object("Group") else { return Ok(None) };
    let equal = [("DeveloperName", &Value::from(name)), ("Type", &Value::from(kind))];
    Ok(record::find_with(tx, org, groups, &equal, 1)?.pop())
}

/// A field of a user; null where there is none.
fn of_user(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, user: Id, field: &str) -> Result<Value, Failure> {
    let Some(users) = catalog.object_of(user).filter(|o| o.name == "User") else { return Ok(Value::Null) };
    Ok(record::by_id(tx, org, users, user)?.map_or(Value::Null, |row| row.get(users, field).clone()))
}

/// Whether somebody is a user or belongs to a group.
pub(super) fn is_member(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, of: Id, user: Id) -> Result<bool, Failure> {
    belongs(tx, org, catalog, of, user, 0)
}

fn belongs(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, of: Id, user: Id, depth: usize) -> Result<bool, Failure> {
    if of == user {
        return Ok(true);
    }
    let Some(groups) = catalog.object_of(of).filter(|o| o.name == "Group" && depth < MAX_NESTING) else { return Ok(false) };
    let Some(group) = record::by_id(tx, org, groups, of)? else { return Ok(false) };
    let related = group.get(groups, "RelatedId").as_id();
    match (group.get(groups, "Type").as_text(), related) {
        (Some("Organization"), _) => return Ok(true),
        (Some("Role"), Some(role)) => return has_role(tx, org, catalog, user, role, false),
        (Some("RoleAndSubordinates" | "RoleAndSubordinatesInternal"), Some(role)) => return has_role(tx, org, catalog, user, role, true),
        _ => {}
    }
    let Some(members) = catalog.object("GroupMember") else { return Ok(false) };
    let ids = record::find_with(tx, org, members, &[("GroupId", &Value::Id(of))], MOST)?;
    for row in record::some(tx, org, members, &ids, &["UserOrGroupId"])? {
        if let Some(member) = row.get(members, "UserOrGroupId").as_id()
            && belongs(tx, org, catalog, member, user, depth + 1)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody has a role, or one below it.
fn has_role(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, user: Id, role: Id, below: bool) -> Result<bool, Failure> {
    let mut at = of_user(tx, org, catalog, user, "UserRoleId")?.as_id();
    let Some(roles) = catalog.object("UserRole") else { return Ok(false) };
    for _ in 0..HIGHEST {
        match at {
            Some(own) if own == role => return Ok(true),
            Some(own) if below => {
                at = record::by_id(tx, org, roles, own)?.and_then(|row| row.get(roles, "ParentRoleId").as_id());
            }
            _ => break,
        }
    }
    Ok(false)
}
