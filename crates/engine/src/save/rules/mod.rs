//! What the platform derives when records of certain standard objects are saved, by the object's trade: the fields of the
//! record itself before it is written, and those of other records after.

mod activities;
mod agreements;
mod campaigns;
mod copies;
mod prices;
mod roles;
mod sales;
mod service;

use activities::Days;
use campaigns::Moves;
use roles::Vacant;

use super::approvals::reassign;
use super::derived::Context;
use super::event;
use super::files::{self, Files};
use super::write::update_row;
use crate::record::{self, Row};
use crate::{Failure, Identity, Org, sites};
use orglet_base::{DateTime, Id, Value};
use orglet_schema::types::person_name;
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::HashSet;
use std::sync::Arc;

/// How the platform rounds: half away from zero.
const HALF_UP: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;

/// A record on its way, and what the rules may look at.
pub(super) struct Stage<'a> {
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) object: &'a Object,
    /// The record as it was; none for a new one.
    pub(super) old: Option<&'a Row>,
    /// Indexes of the fields that the request set.
    pub(super) changed: &'a [usize],
    pub(super) identity: &'a Identity,
    pub(super) now: DateTime,
    /// The save is the platform's own: seeds bring what belongs to their rows themselves.
    pub(super) system: bool,
}

impl Stage<'_> {
    /// What the platform's own rows are written with.
    fn context(&self) -> Context<'_> {
        let Self { org, catalog, identity, now, system, .. } = *self;
        Context { org, catalog, identity, now, system }
    }

    /// What files are derived with.
    fn files(&self) -> Files<'_> {
        let Self { org, catalog, object, now, .. } = *self;
        Files { org, catalog, object, now }
    }

    /// Whether the request set a field.
    fn set(&self, field: &str) -> bool {
        self.object.field_index(field).is_some_and(|i| self.changed.contains(&i))
    }

    /// What a field was; null in a new record.
    fn was(&self, field: &str) -> &Value {
        self.old.map_or(&Value::Null, |o| o.get(self.object, field))
    }

    /// Whether a field of the row is not what it was.
    fn differs(&self, row: &Row, field: &str) -> bool {
        self.was(field) != row.get(self.object, field)
    }

    /// The day it is where the user lives.
    fn today(&self) -> Value {
        today(self.identity, self.now)
    }
}

/// The day it is where a user lives.
pub(super) fn today(identity: &Identity, now: DateTime) -> Value {
    let zone = identity.user.time_zone.clone();
    jiff::Timestamp::from_millisecond(now.0).map_or(Value::Null, |t| Value::Date(t.to_zoned(zone).date()))
}

/// What a delete changes in records that stay: gathered while the rows that go are there, done when they are gone.
pub(super) struct Aftermath {
    moves: Moves,
    vacant: Vacant,
    days: Days,
}

impl Aftermath {
    /// Gathers it. `sets` are the rows that go, by object, and `all` all of their ids.
    pub(super) fn gather(tx: &mut dyn Tx, cx: &Context<'_>, sets: &[(Arc<Object>, Vec<Id>)], all: &HashSet<Id>) -> Result<Self, Failure> {
        Ok(Self {
            moves: Moves::gather(tx, cx.org, cx.catalog, sets, all, -1)?,
            vacant: Vacant::gather(tx, cx.org, sets, all)?,
            days: Days::gather(tx, cx, sets, all, true)?,
        })
    }

    /// Does it. `object` and `row` are what the delete was asked for.
    pub(super) fn settle(self, tx: &mut dyn Tx, cx: &Context<'_>, object: &Object, row: &Row) -> Result<(), Failure> {
        self.moves.make(tx, cx.org, cx.catalog, cx.now)?;
        self.vacant.clear(tx, cx.org, cx.catalog)?;
        self.days.make(tx, cx)?;
        match prices::parent_of_lines(&object.name).and_then(|parent| row.get(object, parent).as_id()) {
            Some(parent) => prices::sum_lines(tx, cx, object, parent),
            None => Ok(()),
        }
    }
}

/// What an undelete changes in records that were there all the time. `sets` are the rows that came back, by object, and `all` all
/// of their ids; `object` and `row` are what it was asked for.
pub(super) fn came_back(
    tx: &mut dyn Tx,
    cx: &Context<'_>,
    sets: &[(Arc<Object>, Vec<Id>)],
    all: &HashSet<Id>,
    object: &Object,
    row: &Row,
) -> Result<(), Failure> {
    Moves::gather(tx, cx.org, cx.catalog, sets, all, 1)?.make(tx, cx.org, cx.catalog, cx.now)?;
    Days::gather(tx, cx, sets, all, false)?.make(tx, cx)?;
    roles::come_back(tx, cx.org, cx.catalog, sets, all)?;
    reassign::came_back(tx, cx, sets)?;
    match prices::parent_of_lines(&object.name).and_then(|parent| row.get(object, parent).as_id()) {
        Some(parent) => prices::sum_lines(tx, cx, object, parent),
        None => Ok(()),
    }
}

/// What activities that were given to other records change in these. `sets` are the activities and other rows, by object.
pub(super) fn moved(tx: &mut dyn Tx, cx: &Context<'_>, sets: &[(Arc<Object>, Vec<Id>)]) -> Result<(), Failure> {
    Days::gather(tx, cx, sets, &HashSet::new(), false)?.make(tx, cx)
}

/// Takes what members of campaigns count for from the figures of these (`times` is -1), or adds it (1): before and after something changes
/// that the members don't say themselves.
pub(super) fn recount(tx: &mut dyn Tx, cx: &Context<'_>, sets: &[(Arc<Object>, Vec<Id>)], times: i64) -> Result<(), Failure> {
    Moves::gather(tx, cx.org, cx.catalog, sets, &HashSet::new(), times)?.make(tx, cx.org, cx.catalog, cx.now)
}

/// The fields of a child that show what its parent says by a reference.
pub(super) use copies::shown;

/// What a record brings that another keeps: it is taken out of the row before that is written, and written after it. The save
/// may still be refused meanwhile, and an upsert then tries again.
pub(super) struct Aside(Value);

/// Derives fields before the row is written. Nothing is written here.
pub(super) fn before_save(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<Aside, Failure> {
    let object = it.object;
    let mut aside = Value::Null;
    match object.name.as_str() {
        "Contact" | "Lead" | "User" => person(it, row),
        "Profile" if it.old.is_none() && !it.system => kind_of_users(tx, it, row)?,
        "Opportunity" => sales::opportunity(it, row)?,
        "Case" => aside = service::case(tx, it, row)?,
        "Task" => {
            service::task(it, row);
            service::account_of_activity(tx, it, row)?;
        }
        "Event" => {
            event::derive(object, row, &|name| it.set(name))?;
            service::account_of_activity(tx, it, row)?;
        }
        "Asset" => service::asset(tx, it, row)?,
        "CampaignMember" => campaigns::membership(tx, it, row)?,
        "Contract" => agreements::contract(it, row),
        "Order" => agreements::order(it, row),
        "Attachment" | "Document" | "StaticResource" => files::body(tx, &it.files(), row, &|name| it.set(name))?,
        "ContentVersion" => files::version(tx, &it.files(), it.old, row, &|name| it.set(name))?,
        "ContentDocumentLink" => files::link(tx, &it.files(), it.old, row)?,
        "ContentDocument" => files::document(object, row)?,
        "OpportunityLineItem" | "OrderItem" | "QuoteLineItem" => prices::line_item(tx, it, row)?,
        "Quote" => prices::grand_total(object, row)?,
        "Network" => sites::check(tx, it.org, object, it.old, row)?,
        _ => {}
    }
    copies::take(tx, it, row)?;
    // A custom object's record without a name is named by its id.
    if object.custom
        && let Some(field) = object.name_field().filter(|f| row.get(object, &f.name).is_null())
    {
        let id = row.get(object, "Id").display();
        row.set(object, &field.name, Value::Text(id));
    }
    Ok(Aside(aside))
}

/// What follows a write in other records: totals from lines, figures of campaigns, values that others show too.
pub(super) fn after_save(tx: &mut dyn Tx, it: &Stage<'_>, row: &Row, Aside(aside): Aside) -> Result<(), Failure> {
    let (org, catalog, object) = (it.org, it.catalog, it.object);
    if let Some(parent) = prices::parent_of_lines(&object.name)
        && let Some(parent) = row.get(object, parent).as_id()
    {
        prices::sum_lines(tx, &it.context(), object, parent)?;
    }
    if it.system {
        return Ok(());
    }
    match object.name.as_str() {
        "CampaignMember" if it.old.is_some() && !it.differs(row, "HasResponded") => {}
        "CampaignMember" | "Opportunity" => {
            let mut moves = Moves::default();
            moves.of_row(tx, org, catalog, object, it.old, -1)?;
            moves.of_row(tx, org, catalog, object, Some(row), 1)?;
            moves.make(tx, org, catalog, it.now)?;
        }
        "Case" => service::comment(tx, it, row, aside)?,
        "Asset" => service::below_asset(tx, it, row)?,
        "Task" | "Event" => {
            let mut days = Days::default();
            if let Some(old) = it.old {
                days.of_row(object, old, &it.today(), true);
            }
            days.of_row(object, row, &it.today(), false);
            days.make(tx, &it.context())?;
        }
        "CampaignMemberStatus" => campaigns::one_default(tx, it, row)?,
        "OpportunityContactRole" => roles::one_primary(tx, it, row)?,
        "PricebookEntry" => prices::standard_price(tx, it, row)?,
        _ => {}
    }
    if let Some(old) = it.old {
        if object.name == "ProcessInstanceWorkitem" && it.differs(row, "ActorId") {
            reassign::note(tx, &it.context(), object, old, row)?;
        }
        copies::give(tx, it, row)?;
        prices::rename_lines(tx, it, old, row)?;
    }
    Ok(())
}

/// Names of people, and what a user gets who brings none.
fn person(it: &Stage<'_>, row: &mut Row) {
    let object = it.object;
    let part = |row: &Row, name: &str| row.get(object, name).as_text().map(str::to_owned);
    let name = person_name(
        part(row, "FirstName").as_deref(),
        part(row, "MiddleName").as_deref(),
        part(row, "LastName").as_deref(),
        part(row, "Suffix").as_deref(),
    );
    row.set(object, "Name", name);
    match object.name.as_str() {
        "User" => {
            if row.get(object, "UserType").is_null() {
                row.set(object, "UserType", "Standard");
            }
            // The platform makes up a nickname for a user who brings none.
            if row.get(object, "CommunityNickname").is_null() {
                let id = row.get(object, "Id").display();
                row.set(object, "CommunityNickname", format!("User{}", id.get(6..15).unwrap_or("")));
            }
        }
        "Lead"
            if it.old.is_none() && *row.get(object, "IsConverted") == Value::Bool(true) && row.get(object, "ConvertedDate").is_null() =>
        {
            row.set(object, "ConvertedDate", it.today());
        }
        _ => {}
    }
}

/// What kind of users a new profile is for: that of the other profiles of its licence.
fn kind_of_users(tx: &mut dyn Tx, it: &Stage<'_>, row: &mut Row) -> Result<(), Failure> {
    let object = it.object;
    let Some(license) = object.field("UserLicenseId") else { return Ok(()) };
    let other = record::find(tx, it.org, object, license, row.get(object, &license.name), 1)?.pop();
    let other = other.map(|id| record::by_id(tx, it.org, object, id)).transpose()?.flatten();
    row.set(object, "UserType", other.map_or_else(|| Value::from("Standard"), |other| other.get(object, "UserType").clone()));
    Ok(())
}

/// Sets a number that the platform derives; one too large for its field, or for us (`None`), is refused like one given.
fn derive(object: &Object, row: &mut Row, name: &str, value: Option<Decimal>) -> Result<(), Failure> {
    let Some(field) = object.field(name) else { return Ok(()) };
    let value = value.map_or_else(|| Value::Text("the derived value".to_owned()), Value::Decimal);
    let value = field.ty.kind().validate(field, value)?;
    row.set(object, name, value);
    Ok(())
}

/// The record that a reference names, and its object; none where there is none.
fn parent<'a>(tx: &mut dyn Tx, org: &Org, catalog: &'a Catalog, reference: &Value) -> Result<Option<(&'a Object, Row)>, Failure> {
    let Some(id) = reference.as_id() else { return Ok(None) };
    let Some(object) = catalog.object_of(id).filter(|o| o.has_table()) else { return Ok(None) };
    Ok(record::by_id(tx, org, object, id)?.map(|row| (&**object, row)))
}

/// A field of the record that a reference names; null where there is none.
fn of_parent(tx: &mut dyn Tx, org: &Org, catalog: &Catalog, reference: &Value, field: &str) -> Result<Value, Failure> {
    Ok(parent(tx, org, catalog, reference)?.map_or(Value::Null, |(object, row)| row.get(object, field).clone()))
}

/// What the platform knows of a picklist value.
pub(super) fn fact<'a>(object: &'a Object, field: &str, value: &Value, name: &str) -> Option<&'a str> {
    let text = value.as_text()?;
    let known = object.field(field)?.picklist.iter().find(|v| v.value == text)?;
    known.facts.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}
