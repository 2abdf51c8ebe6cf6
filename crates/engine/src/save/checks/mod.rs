//! Rules of the platform that refuse a record, by the object's trade.

mod activities;
mod agreements;
mod deletes;
mod lookup_filters;
mod origins;
mod people;
mod resources;
mod sales;
mod service;

pub(super) use deletes::{may_delete, may_go_along};
pub(super) use lookup_filters::wanted;

use super::record_types;
use super::references::converted_lead;
use crate::failure::Gathered;
use crate::record::{self, Row};
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_schema::types::dependent;
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
    /// The record as it was; none for a new one.
    pub(super) old: Option<&'a Row>,
    /// Indexes of the fields that the request set.
    pub(super) changed: &'a [usize],
    /// Who saves it.
    pub(super) identity: &'a Identity,
    /// When.
    pub(super) now: DateTime,
}

impl Candidate<'_> {
    fn set(&self, field: &str) -> bool {
        self.object.field_index(field).is_some_and(|i| self.changed.contains(&i))
    }

    fn get(&self, field: &str) -> &Value {
        self.row.get(self.object, field)
    }

    fn was(&self, field: &str) -> &Value {
        self.old.map_or(&Value::Null, |o| o.get(self.object, field))
    }

    fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// The record that a reference field names, and its object; none where there is none.
    fn parent(&self, tx: &mut dyn Tx, field: &str) -> Result<Option<(&Object, Row)>, Failure> {
        let Some(id) = self.get(field).as_id() else { return Ok(None) };
        let Some(object) = self.catalog.object_of(id).filter(|o| o.has_table()) else { return Ok(None) };
        Ok(record::by_id(tx, self.org, object, id)?.map(|row| (&**object, row)))
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

    /// One other live record with the same values in several fields, if there is any.
    fn with_same(&self, tx: &mut dyn Tx, fields: &[&str]) -> Result<Vec<Id>, Failure> {
        let equal: Vec<(&str, &Value)> = fields.iter().map(|name| (*name, self.get(name))).collect();
        let mut found = record::find_with(tx, self.org, self.object, &equal, 2)?;
        found.retain(|id| Some(*id) != self.id());
        Ok(found)
    }
}

/// Refuses an update of a record that takes none.
pub(super) fn may_update(object: &Object, old: &Row) -> Result<(), Failure> {
    if object.name == "Lead" && *old.get(object, "IsConverted") == Value::Bool(true) {
        return Err(converted_lead().into());
    }
    Ok(())
}

/// Checks a record before it is written, and tells all that is wrong with it.
pub(super) fn check(tx: &mut dyn Tx, it: &Candidate<'_>) -> Result<(), Failure> {
    let mut wrong = Gathered::default();
    for field in it.changed.iter().map(|i| &it.object.fields()[*i]) {
        if let Err(e) = record_types::check(it.object, it.row, field) {
            wrong.note(Err(e.into()))?;
            continue;
        }
        if let Some(controller) = field.controller.as_deref().and_then(|c| it.object.field(c)) {
            let told = dependent(field, it.get(&field.name), controller, it.get(&controller.name));
            wrong.note(told.map_err(Failure::from))?;
        }
    }
    lookup_filters::check(tx, it, &mut wrong)?;
    if it.set("LastModifiedDate")
        && let (Value::DateTime(created), Value::DateTime(modified)) = (it.get("CreatedDate"), it.get("LastModifiedDate"))
        && modified.0 < created.0
    {
        let text = "Last Modified Date can't be earlier than Created Date: Last Modified Date";
        wrong.note(Err(refuse(ErrorCode::FieldIntegrityException, text, &["LastModifiedDate"])))?;
    }
    if it.set("OwnerId") {
        wrong.note(active_owner(tx, it))?;
    }
    wrong.note(match it.object.name.as_str() {
        "Account" | "Campaign" | "Case" if it.set("ParentId") => no_loop(tx, it, "ParentId"),
        "Contact" if it.set("ReportsToId") => no_loop(tx, it, "ReportsToId"),
        "Asset" => service::asset(tx, it),
        "User" => people::user(tx, it),
        "Profile" => people::profile(tx, it),
        "CampaignMember" => people::campaign_member(tx, it),
        "Opportunity" => sales::opportunity(tx, it),
        "PricebookEntry" => sales::price_book_entry(tx, it),
        "OpportunityLineItem" => sales::line_item(tx, it),
        "Contract" => agreements::contract(it),
        "Order" => agreements::order(tx, it),
        "OrderItem" => agreements::order_item(tx, it),
        "Group" if it.is_new() => people::group(it),
        "Event" => activities::event(it),
        "CorsWhitelistEntry" => origins::entry(tx, it),
        "StaticResource" => resources::resource(tx, it),
        "Folder" => resources::folder(tx, it),
        "Document" if it.set("FolderId") => resources::document(tx, it),
        "Task" => activities::task(it),
        _ => Ok(()),
    })?;
    wrong.end()
}

fn is_developer_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.ends_with('_')
        && !name.contains("__")
}

/// The refusal of a name that is not one for developers.
fn misnamed(label: &str, field: &str) -> Failure {
    let text = format!(
        "The {label} field can only contain underscores and alphanumeric characters. It must be unique, begin with a letter, not include \
         spaces, not end with an underscore, and not contain two consecutive underscores."
    );
    refuse(ErrorCode::FieldIntegrityException, text, &[field])
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
            let text = format!("operation performed with inactive user [{}] as owner of {}", owner.as_15(), called(it.object));
            Err(refuse(ErrorCode::InactiveOwnerOrUser, text, &[]))
        }
        _ => Ok(()),
    }
}

/// An object as messages name it that speak of entities: its API name with a small first letter (`workOrder`).
fn called(object: &Object) -> String {
    let mut name = object.name.clone();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
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
