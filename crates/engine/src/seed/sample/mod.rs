//! The made-up CRM of `--sample-data`.
//!
//! Every record is computed: the same ids and the same values in every org, save that dates are counted from the day on
//! which the org is filled, so that date literals find something at any time. Fields that the platform derives outside
//! of a save (counts of campaigns, last activities) are given, as no user wrote these records.

mod activities;
mod calendar;
mod customers;
mod marketing;
mod sales;
mod service;

use crate::save::{self, Assign, Change, Incoming, Op};
use crate::{Failure, Identity, ids, record};
use calendar::Calendar;
use orglet_base::{DateTime, Id, Value};
use orglet_schema::Object;
use orglet_store::StoreError;
use rust_decimal::Decimal;
use std::sync::Arc;

/// Counter of the first id of each object: above the seed rows, below where an org's own counting starts.
const FIRST: u64 = 1000;

/// The objects in the order in which they are filled. Parents come first, with one exception: opportunities come after
/// their products with the amount already summed, so that no save of a product has to write its opportunity again.
const ORDER: &[&str] = &[
    "Account",
    "Contact",
    "Product2",
    "PricebookEntry",
    "Campaign",
    "CampaignMemberStatus",
    "Lead",
    "CampaignMember",
    "OpportunityLineItem",
    "Opportunity",
    "OpportunityHistory",
    "OpportunityContactRole",
    "Contract",
    "Order",
    "OrderItem",
    "Asset",
    "Case",
    "CaseComment",
    "Solution",
    "Task",
    "Event",
    "Note",
];

/// Fills an org with sample records. Objects that have theirs, from a run that was cut short, are passed over.
pub(super) fn fill(identity: &Identity) -> Result<(), Failure> {
    let mut sample = Sample::new(Calendar::new(identity.org.now()), identity.user.id);
    customers::accounts(&mut sample);
    customers::contacts(&mut sample);
    sales::products(&mut sample);
    marketing::campaigns(&mut sample);
    sales::opportunities(&mut sample);
    marketing::leads(&mut sample);
    marketing::members(&mut sample);
    marketing::results(&mut sample);
    sales::agreements(&mut sample);
    service::assets(&mut sample);
    service::cases(&mut sample);
    service::solutions(&mut sample);
    activities::tasks(&mut sample);
    activities::events(&mut sample);
    activities::notes(&mut sample);
    activities::last(&mut sample);
    let catalog = identity.org.catalog();
    let objects: Vec<&Arc<Object>> = ORDER.iter().filter_map(|name| catalog.object(name)).collect();
    identity.org.ensure_tables(objects.iter().map(|object| &***object))?;
    for object in objects {
        insert(identity, object, &mut sample)?;
    }
    Ok(())
}

/// Inserts an object's records, and closes cases when they were closed: a save closes them when it happens.
fn insert(identity: &Identity, object: &Arc<Object>, sample: &mut Sample) -> Result<(), Failure> {
    let records: Vec<Record> = std::mem::take(sample.rows(&object.name));
    let Some(first) = records.first().map(|r| r.id) else { return Ok(()) };
    if identity.org.read(|tx| record::by_id(tx, &identity.org, object, first))?.is_none() {
        let incoming = records.iter().map(|r| r.incoming(object)).collect::<Result<_, _>>()?;
        super::insert(identity, object, incoming)?;
    }
    let later = records.iter().filter(|r| !r.later.is_empty());
    let later = later.map(|r| Record { id: r.id, fields: r.later.clone(), later: Vec::new() }.incoming(object));
    let later: Vec<Incoming> = later.collect::<Result<_, _>>()?;
    if !later.is_empty() {
        let change = Change { object: object.clone(), op: Op::Update, records: later, all_or_none: true, system: true, guard: None };
        save::save(identity, &change)?.into_iter().try_for_each(|outcome| outcome.map(|_| ()))?;
    }
    Ok(())
}

/// A record on its way in.
struct Record {
    id: Id,
    fields: Vec<(&'static str, Value)>,
    /// What only an update can set.
    later: Vec<(&'static str, Value)>,
}

impl Record {
    fn set(&mut self, field: &'static str, value: impl Into<Value>) -> &mut Self {
        let value = value.into();
        if !value.is_null() {
            self.fields.push((field, value));
        }
        self
    }

    /// Created and last changed.
    fn stamp(&mut self, created: DateTime, modified: DateTime) -> &mut Self {
        self.set("CreatedDate", Value::DateTime(created));
        let modified = Value::DateTime(modified.max(created));
        self.set("LastModifiedDate", modified.clone()).set("SystemModstamp", modified)
    }

    fn incoming(&self, object: &Object) -> Result<Incoming, Failure> {
        let mut fields = Vec::with_capacity(self.fields.len());
        for (name, value) in &self.fields {
            let index = object.field_index(name).ok_or_else(|| StoreError::Other(format!("sample data: no {}.{name}", object.name)))?;
            fields.push((index, Assign::Value(value.clone())));
        }
        Ok(Incoming { id: Some(self.id), key: None, fields, ..Incoming::default() })
    }
}

/// The records as they are made, and what later ones need to know of earlier ones.
struct Sample {
    calendar: Calendar,
    admin: Id,
    rows: Vec<(&'static str, Vec<Record>)>,
    accounts: Vec<customers::Account>,
    people: Vec<customers::Person>,
    products: Vec<sales::Product>,
    opportunities: Vec<sales::Opportunity>,
    campaigns: Vec<marketing::Campaign>,
    leads: Vec<customers::Person>,
    cases: Vec<service::Case>,
}

impl Sample {
    fn new(calendar: Calendar, admin: Id) -> Self {
        Self {
            calendar,
            admin,
            rows: ORDER.iter().map(|name| (*name, Vec::new())).collect(),
            accounts: Vec::new(),
            people: Vec::new(),
            products: Vec::new(),
            opportunities: Vec::new(),
            campaigns: Vec::new(),
            leads: Vec::new(),
            cases: Vec::new(),
        }
    }

    fn rows(&mut self, object: &str) -> &mut Vec<Record> {
        let at = ORDER.iter().position(|name| *name == object).unwrap_or(0);
        &mut self.rows[at].1
    }

    /// The next record of an object.
    fn add(&mut self, object: &'static str) -> &mut Record {
        let rows = self.rows(object);
        let id = id(object, rows.len());
        rows.push(Record { id, fields: Vec::new(), later: Vec::new() });
        let last = rows.len() - 1;
        &mut rows[last]
    }
}

/// The id of the record of an object that stands at a place, counted from 0.
fn id(object: &str, place: usize) -> Id {
    let prefix = orglet_schema::standard::seed::id_prefix(object);
    ids::seeded(prefix.as_ref().map_or("000", |p| p.as_str()), FIRST + place as u64)
}

/// Lines of a data file, split into columns.
fn table(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// A column of a line; empty past the last.
fn column(line: &[&'static str], at: usize) -> &'static str {
    line.get(at).copied().unwrap_or("")
}

/// A whole number of a data file.
fn number(text: &str) -> i64 {
    text.parse().unwrap_or(0)
}

/// A whole number as a value of a number field.
fn decimal(n: i64) -> Value {
    Value::Decimal(Decimal::from(n))
}

/// An amount in cents as a value.
fn money(cents: i64) -> Value {
    Value::Decimal(Decimal::new(cents, 2))
}

/// Numbers that look random and are the same in every run (SplitMix64). Each topic has its own, so that a change of one
/// leaves the others as they were.
struct Dice(u64);

impl Dice {
    fn of(topic: u64) -> Self {
        Self(topic.wrapping_mul(0x2545_f491_4f6c_dd1d))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included; `low` when there is nothing between.
    fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = (high - low).max(0) as u64 + 1;
        low + (self.next() % span) as i64
    }

    /// True `percent` times in a hundred.
    fn chance(&mut self, percent: i64) -> bool {
        self.range(0, 99) < percent
    }

    /// One of several, of which there is at least one.
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.range(0, of.len() as i64 - 1) as usize]
    }

    /// A pattern with each `#` made a digit.
    fn digits(&mut self, pattern: &str) -> String {
        pattern.chars().map(|c| if c == '#' { char::from(b'0' + self.range(0, 9) as u8) } else { c }).collect()
    }
}
