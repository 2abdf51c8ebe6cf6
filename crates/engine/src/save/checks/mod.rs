//! Rules of the platform that refuse a record, by the object's trade.

mod activities;
mod deletes;
mod people;
mod sales;

pub(super) use deletes::may_delete;

use crate::record::{self, Row};
use crate::{Failure, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;

/// How far a hierarchy is followed.
const HIGHEST: usize = 100;

/// A record about to be written, and what the checks may look at.
pub(super) struct Candidate<'a> {
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) object: &'a Object,
    pub(super) row: &'a Row,
    /// Indexes of the fields that the request set.
    pub(super) changed: &'a [usize],
    pub(super) insert: bool,
    /// Who saves it.
    pub(super) user: Id,
}

impl Candidate<'_> {
    fn set(&self, field: &str) -> bool {
        self.object.field_index(field).is_some_and(|i| self.changed.contains(&i))
    }

    fn get(&self, field: &str) -> &Value {
        self.row.get(self.object, field)
    }

    fn id(&self) -> Option<Id> {
        self.get("Id").as_id()
    }

    /// Other live records with the same value in a field.
    fn others(&self, tx: &mut dyn Tx, field: &str, limit: usize) -> Result<Vec<Id>, Failure> {
        let Some(field) = self.object.field(field) else { return Ok(Vec::new()) };
        let value = self.get(&field.name);
        if value.is_null() {
            return Ok(Vec::new());
        }
        let mut found = record::find(tx, self.org, self.object, field, value, limit)?;
        found.retain(|id| Some(*id) != self.id());
        Ok(found)
    }
}

/// Checks a record before it is written.
pub(super) fn check(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    if it.set("OwnerId") {
        active_owner(tx, it)?;
    }
    match it.object.name.as_str() {
        "Account" | "Campaign" | "Case" | "Asset" if it.set("ParentId") => no_loop(tx, it, "ParentId"),
        "Contact" if it.set("ReportsToId") => no_loop(tx, it, "ReportsToId"),
        "User" => people::user(tx, it),
        "CampaignMember" => people::campaign_member(tx, it),
        "Opportunity" => sales::opportunity(it),
        "PricebookEntry" => sales::price_book_entry(tx, it),
        "OpportunityLineItem" => sales::line_item(it),
        "Group" if it.insert => people::group(it),
        "Event" => activities::event(it),
        "Task" => activities::task(it),
        _ => Ok(()),
    }
}

fn refuse(code: ErrorCode, text: impl Into<String>, fields: &[&str]) -> Failure {
    ApiError::new(code, text).with_fields(fields.iter().copied()).into()
}

/// INACTIVE_OWNER_OR_USER (crud-063).
fn active_owner(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let Some(owner) = it.get("OwnerId").as_id() else { return Ok(()) };
    let Some(user) = it.catalog.object_of(owner).filter(|o| o.name == "User") else { return Ok(()) };
    match record::by_id(tx, it.org, user, owner)? {
        Some(found) if *found.get(user, "IsActive") != Value::Bool(true) => {
            let text = format!("operation performed with inactive user [{}] as owner of {}", owner.as_15(), it.object.label.to_lowercase());
            Err(refuse(ErrorCode::InactiveOwnerOrUser, text, &[]))
        }
        _ => Ok(()),
    }
}

/// A record may not be above itself. The records above are locked on the way up: of two saves that would each put a record
/// above the other, one waits for the other and sees what it did.
fn no_loop(tx: &mut dyn Tx, it: &Candidate<'_>, field: &str) -> Result<(), Failure> {
    let Some(own) = it.id() else { return Ok(()) };
    let mut above: Option<Id> = it.get(field).as_id();
    for _ in 0..HIGHEST {
        let Some(parent) = above else { return Ok(()) };
        if parent == own {
            return Err(refuse(ErrorCode::CircularDependency, "attempt to violate hierarchy constraints", &[]));
        }
        above = record::by_id_to_refer(tx, it.org, it.object, parent)?.and_then(|r| r.get(it.object, field).as_id());
    }
    Ok(())
}
