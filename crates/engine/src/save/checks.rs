//! Rules of the platform that refuse a record: owners, hierarchies, memberships, login names.

use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// How far a hierarchy is followed.
const HIGHEST: usize = 100;

/// Checks a record before it is written. `changed` are the fields that the request set.
pub(super) fn check(
    tx: &mut dyn Tx,
    org: &Org,
    catalog: &Catalog,
    object: &Object,
    row: &Row,
    changed: &[usize],
    insert: bool,
) -> Result<(), Failure> {
    let set = |name: &str| object.field_index(name).is_some_and(|i| changed.contains(&i));
    if set("OwnerId") {
        active_owner(tx, org, catalog, object, row)?;
    }
    match object.name.as_str() {
        "Account" | "Campaign" | "Case" | "Asset" if set("ParentId") => no_loop(tx, org, object, row, "ParentId"),
        "Contact" if set("ReportsToId") => no_loop(tx, org, object, row, "ReportsToId"),
        "CampaignMember" if insert => member_once(tx, org, object, row),
        "User" if set("Username") => login_name_once(tx, org, object, row),
        _ => Ok(()),
    }
}

fn refuse(code: ErrorCode, text: impl Into<String>) -> Failure {
    ApiError::new(code, text).with_fields(Vec::<String>::new()).into()
}

/// INACTIVE_OWNER_OR_USER (crud-063).
fn active_owner(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, object: &Object, row: &Row) -> Result<(), Failure> {
    let Some(owner) = row.get(object, "OwnerId").as_id() else { return Ok(()) };
    let Some(user) = catalog.object_of(owner).filter(|o| o.name == "User") else { return Ok(()) };
    match record::by_id(tx, org, user, owner)? {
        Some(found) if *found.get(user, "IsActive") != Value::Bool(true) => {
            let text = format!("operation performed with inactive user [{}] as owner of {}", owner.as_15(), object.label.to_lowercase());
            Err(refuse(ErrorCode::InactiveOwnerOrUser, text))
        }
        _ => Ok(()),
    }
}

/// A record may not be above itself.
fn no_loop(tx: &mut dyn Tx, org: &Org, object: &Object, row: &Row, field: &str) -> Result<(), Failure> {
    let Some(own) = row.get(object, "Id").as_id() else { return Ok(()) };
    let mut above: Option<Id> = row.get(object, field).as_id();
    for _ in 0..HIGHEST {
        let Some(parent) = above else { return Ok(()) };
        if parent == own {
            return Err(refuse(ErrorCode::CircularDependency, "attempt to violate hierarchy constraints"));
        }
        above = record::by_id(tx, org, object, parent)?.and_then(|r| r.get(object, field).as_id());
    }
    Ok(())
}

/// A person is a member of a campaign once (crud-045).
fn member_once(tx: &mut dyn Tx, org: &Org, object: &Object, row: &Row) -> Result<(), Failure> {
    for person in ["ContactId", "LeadId"] {
        let (value, Some(field)) = (row.get(object, person), object.field(person)) else { continue };
        if value.is_null() {
            continue;
        }
        for other in record::find(tx, org, object, field, value, usize::MAX)? {
            let same = record::by_id(tx, org, object, other)?.is_some_and(|r| r.get(object, "CampaignId") == row.get(object, "CampaignId"));
            if same {
                return Err(refuse(ErrorCode::DuplicateValue, "Already a campaign member."));
            }
        }
    }
    Ok(())
}

/// Login names are unique among all users.
fn login_name_once(tx: &mut dyn Tx, org: &Org, object: &Object, row: &Row) -> Result<(), Failure> {
    let (value, Some(field)) = (row.get(object, "Username"), object.field("Username")) else { return Ok(()) };
    let own = row.get(object, "Id").as_id();
    if record::find(tx, org, object, field, value, 2)?.into_iter().any(|other| Some(other) != own) {
        let text = "Duplicate Username.<br>The username already exists in this or another Salesforce organization. Usernames must be unique \
                    across all Salesforce organizations. To resolve, use a different username (it doesn't need to match the user's email address). ";
        return Err(ApiError::new(ErrorCode::DuplicateUsername, text).with_fields(["Username"]).into());
    }
    Ok(())
}
