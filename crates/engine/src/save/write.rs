//! Inserts, updates and upserts.

use super::{
    Assign, Change, Incoming, Op, Saved, approvals, automation, checks, derived, duplicates, places, prepare, record_types, references,
    rules, triggered, validation,
};
use crate::apex::{Session, Triggers};
use crate::failure::no_row;
use crate::flow::World;
use crate::ids::{Counters, bump};
use crate::record::{self, Row, columns};
use crate::storage::Growth;
use crate::{Failure, Identity, Org, events, matching};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, DefaultValue, Field, FieldType, Object};
use orglet_store::{StoreError, Tx};
use std::sync::Arc;

/// Inserts, updates or upserts of one object.
pub(super) struct Job<'a> {
    identity: &'a Identity,
    catalog: &'a Catalog,
    change: &'a Change,
    fresh: Vec<Id>,
    now: DateTime,
    growth: Growth,
    triggers: Option<Triggers<'a>>,
    by: By,
}

/// Who makes a change, where it is not the platform itself ([`Change::system`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// A request, a program or a flow.
    User,
    /// Field updates of approvals: locks, validation rules and duplicate rules don't hold them.
    Automation,
    /// The conversion of a lead, which sets what nobody else may: field permissions, locks and duplicate rules don't hold it.
    Conversion,
}

impl<'a> Job<'a> {
    /// A change that somebody else than a user makes within a transaction.
    pub(super) fn made_by(
        by: By,
        tx: &mut dyn Tx,
        identity: &'a Identity,
        catalog: &'a Catalog,
        change: &'a Change,
    ) -> Result<Self, Failure> {
        Ok(Self { by, ..Self::within(tx, identity, catalog, change)? })
    }

    pub(super) fn new(identity: &'a Identity, catalog: &'a Catalog, change: &'a Change) -> Result<Self, Failure> {
        let org = &*identity.org;
        if !change.object.is_event() {
            org.ensure_table(&change.object)?;
        }
        let fresh = fresh_ids(org, change)?;
        Self::with_ids(identity, catalog, change, fresh, Growth::of(org, &change.object)?)
    }

    /// Within a transaction that is under way, which a table can't be made in and ids are taken in.
    pub(super) fn within(tx: &mut dyn Tx, identity: &'a Identity, catalog: &'a Catalog, change: &'a Change) -> Result<Self, Failure> {
        let org = &*identity.org;
        if !change.object.is_event() && !org.has_rows(&change.object) {
            return Err(StoreError::NoTable(change.object.name.clone()).into());
        }
        let mut fresh = Vec::new();
        if let Some(prefix) = change.object.key_prefix {
            for _ in 0..new_ones(change) {
                fresh.push(org.new_id_within(tx, prefix)?);
            }
        }
        Self::with_ids(identity, catalog, change, fresh, Growth::within(org, &change.object)?)
    }

    fn with_ids(identity: &'a Identity, catalog: &'a Catalog, change: &'a Change, fresh: Vec<Id>, growth: Growth) -> Result<Self, Failure> {
        let org = &*identity.org;
        let now = org.now().truncate_to_second();
        let triggers = if change.system { None } else { Triggers::of(identity, catalog, &change.object) };
        Ok(Self { identity, catalog, change, fresh, now, growth, triggers, by: By::User })
    }

    /// What was added to the storage in use, for who keeps the transaction.
    pub(super) fn into_growth(self) -> Growth {
        self.growth
    }

    /// Saves each record in a savepoint of its own, unless the transaction is its alone.
    pub(super) fn run(&self, tx: &mut dyn Tx, session: &mut Session, alone: bool) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        let Self { identity, catalog, change, now, ref fresh, ref growth, ref triggers, by } = *self;
        growth.clear();
        let mut fresh = fresh.iter().copied();
        let save = Save { identity, org: &identity.org, catalog, change, now, growth, by };
        if let Some(triggers) = triggers.as_ref().filter(|_| !change.object.is_event()) {
            let records: Vec<(&Incoming, Option<Id>)> = change.records.iter().map(|r| (r, r.id.or_else(|| fresh.next()))).collect();
            return triggered::write(&save, triggers, tx, session, &records);
        }
        super::each(tx, session, growth, &change.records, alone, |tx, session, record| {
            let id = record.id.or_else(|| fresh.next());
            save.one(tx, session, record, id)
        })
    }

    /// What follows once the transaction is kept.
    pub(super) fn done(&self) {
        self.growth.done(&self.identity.org);
    }
}

/// What a record is written with within the transaction of something larger: a merge, a conversion.
pub(super) struct Within<'a> {
    pub(super) identity: &'a Identity,
    pub(super) catalog: &'a Catalog,
    pub(super) now: DateTime,
    pub(super) growth: &'a Growth,
}

impl Within<'_> {
    /// Changes a record as the platform does: field permissions and rules are not asked, and the modstamp alone says so.
    pub(super) fn change(&self, tx: &mut dyn Tx, object: &Arc<Object>, id: Id, fields: &[(&str, Value)]) -> Result<(), Failure> {
        let stamp = [("SystemModstamp", Value::DateTime(self.now))];
        let fields =
            fields.iter().chain(&stamp).filter_map(|(name, value)| Some((object.field_index(name)?, Assign::Value(value.clone()))));
        let record = Incoming { id: Some(id), fields: fields.collect(), ..Incoming::default() };
        let Self { identity, catalog, now, growth } = *self;
        let change = Change { object: object.clone(), op: Op::Update, records: Vec::new(), all_or_none: true, system: true, guard: None };
        // The platform's own changes start neither flows nor triggers, so that nothing is kept of this.
        let mut session = Session::default();
        let save = Save { identity, org: &identity.org, catalog, change: &change, now, growth, by: By::User };
        save.one(tx, &mut session, &record, Some(id)).map(|_| ())
    }
}

/// Ids for the records that may be new. They are taken before the transaction: an id that goes unused is lost, never
/// given twice.
fn fresh_ids(org: &Org, change: &Change) -> Result<Vec<Id>, Failure> {
    match (change.object.key_prefix, new_ones(change)) {
        (Some(prefix), wanted) if wanted > 0 => org.new_ids(prefix, wanted),
        _ => Ok(Vec::new()),
    }
}

/// How many of the records may be new and need an id.
fn new_ones(change: &Change) -> usize {
    match change.op {
        Op::Insert | Op::Upsert { .. } if !change.object.is_event() => change.records.iter().filter(|r| r.id.is_none()).count(),
        _ => 0,
    }
}

pub(super) struct Save<'a> {
    pub(super) identity: &'a Identity,
    pub(super) org: &'a Org,
    pub(super) catalog: &'a Catalog,
    pub(super) change: &'a Change,
    pub(super) now: DateTime,
    pub(super) growth: &'a Growth,
    pub(super) by: By,
}

/// A record on its way: what the request made of it, before anything is derived or checked against other rows.
pub(super) struct Staged {
    pub(super) id: Id,
    pub(super) row: Row,
    /// Indexes of the fields that were set.
    pub(super) changed: Vec<usize>,
    /// The record as it was; none for a new one.
    pub(super) old: Option<Row>,
}

/// Writes the columns in which a row differs from what it was; nothing where it differs in none.
pub(super) fn update_row(tx: &mut dyn Tx, org: &Org, object: &Object, old: &Row, row: &Row) -> Result<(), Failure> {
    let Some(id) = row.get(object, "Id").as_id() else { return Ok(()) };
    let dirty: Vec<(usize, &Field)> = columns(object).into_iter().filter(|(i, _)| row.values[*i] != old.values[*i]).collect();
    if dirty.is_empty() {
        return Ok(());
    }
    let fields: Vec<&Field> = dirty.iter().map(|(_, f)| *f).collect();
    let cells = dirty.iter().map(|(i, f)| f.cell_kind().to_cell(&row.values[*i])).collect();
    tx.execute(&sql::update(object, &fields, cells, &id.to_string(), org.store.dialect()))?;
    matching::keep(tx, object, Some(old), row)
}

impl Save<'_> {
    fn one(&self, tx: &mut dyn Tx, session: &mut Session, record: &Incoming, id: Option<Id>) -> Result<Saved, Failure> {
        match &self.change.op {
            Op::Insert => self.insert(tx, session, record, id),
            Op::Update => self.update(tx, session, record, record.id.ok_or_else(ApiError::not_found)?),
            Op::Upsert { key, update_only } => self.upsert(tx, session, record, id, &self.change.object.fields()[*key], *update_only),
            Op::Delete => Err(ApiError::not_found().into()),
        }
    }

    fn upsert(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        record: &Incoming,
        id: Option<Id>,
        key: &Field,
        update_only: bool,
    ) -> Result<Saved, Failure> {
        let find = |tx: &mut dyn Tx| match &record.key {
            Some(value) => record::find(tx, self.org, &self.change.object, key, value, 200),
            None => Ok(Vec::new()),
        };
        let mut found = find(tx)?;
        loop {
            let done = match found.as_slice() {
                [] if update_only || key.name == "Id" => return Err(ApiError::not_found().into()),
                [] => self.insert(tx, session, record, id),
                [one] => self.update(tx, session, record, *one),
                _ => return Err(Failure::Choices(self.change.object.name.clone(), found)),
            };
            match done {
                // Where other saves commit meanwhile, the row of the key may have come or gone since it was looked for;
                // nothing is written before these are found.
                Err(Failure::Api(e)) if [ErrorCode::DuplicateValue, ErrorCode::EntityIsDeleted].contains(&e.code()) => {
                    let now = find(tx)?;
                    if now == found || now.iter().any(|one| Some(*one) == id) {
                        return Err(e.into());
                    }
                    found = now;
                }
                done => return done,
            }
        }
    }

    fn insert(&self, tx: &mut dyn Tx, session: &mut Session, record: &Incoming, id: Option<Id>) -> Result<Saved, Failure> {
        let object = &*self.change.object;
        if object.is_event() {
            return self.publish(tx, record);
        }
        let fills_in = !self.change.system && automation::fills_in(object);
        let mut staged = self.stage_insert(tx, record, id, !fills_in)?;
        if !self.change.system {
            references::check(tx, self.org, self.catalog, object, &staged.row, &staged.changed)?;
        }
        stamp_new(tx, object, &mut staged.row, staged.id, self.identity, self.now)?;
        if fills_in {
            self.automate(tx, session, &mut staged)?;
            prepare::required(object, &staged.row, &staged.changed, true)?;
            references::check(tx, self.org, self.catalog, object, &staged.row, &staged.changed)?;
        }
        let saved = self.finish_insert(tx, record, &mut staged)?;
        automation::after(tx, session, self, &staged)?;
        Ok(saved)
    }

    /// What the request makes of a new record. Whether required fields are there is checked later where triggers may set them.
    pub(super) fn stage_insert(&self, tx: &mut dyn Tx, record: &Incoming, id: Option<Id>, required: bool) -> Result<Staged, Failure> {
        let object = &*self.change.object;
        let prepared = prepare::check(self.identity, self.change, record, true, required, self.by)?;
        let Some(id) = id else {
            let text = format!("entity type cannot be inserted: {}", object.label);
            return Err(ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()).into());
        };
        let mut row = Row::empty(object);
        let mut changed = Vec::with_capacity(prepared.values.len());
        for (index, value) in prepared.values {
            row.values[index] = value;
            changed.push(index);
        }
        self.look_up(tx, object, &mut row, &mut changed, &prepared.lookups)?;
        places::sync(object, None, &mut row, &mut changed, self.change.system)?;
        if !self.change.system {
            record_types::take(object, &mut row, &changed)?;
        }
        Ok(Staged { id, row, changed, old: None })
    }

    /// Derives, checks and writes a new record that has its defaults.
    pub(super) fn finish_insert(&self, tx: &mut dyn Tx, record: &Incoming, staged: &mut Staged) -> Result<Saved, Failure> {
        let object = &*self.change.object;
        let Staged { id, row, changed, .. } = staged;
        if !self.change.system {
            self.unlocked(tx, object, None, Some(row))?;
        }
        let aside = rules::before_save(tx, &self.stage(object, None, changed), row)?;
        self.checks(tx, object, row, changed, None)?;
        let reports = self.duplicates(tx, object, row, true, changed, record)?;
        unique(tx, self.org, object, row, None, None)?;
        self.growth.write(object, None, row)?;
        tx.execute(&record::insert(object, row, self.org.store.dialect()))?;
        matching::keep(tx, object, None, row)?;
        self.follow(tx, object, None, row, changed, aside)?;
        self.report(tx, object, row, &reports)?;
        Ok(Saved { id: *id, created: true, event: None })
    }

    /// Publishes a platform event: its fields are checked as those of a record, and it goes on the bus with the commit.
    fn publish(&self, tx: &mut dyn Tx, record: &Incoming) -> Result<Saved, Failure> {
        let object = &*self.change.object;
        let prepared = prepare::check(self.identity, self.change, record, true, true, self.by)?;
        let mut row = Row::empty(object);
        for (index, value) in prepared.values {
            row.values[index] = value;
        }
        let id = events::id_of(object);
        stamp_new(tx, object, &mut row, id, self.identity, self.now)?;
        let event = events::append(tx, self.org, object, &row, self.identity.user.id)?;
        Ok(Saved { id, created: true, event: Some(event) })
    }

    fn update(&self, tx: &mut dyn Tx, session: &mut Session, record: &Incoming, id: Id) -> Result<Saved, Failure> {
        let fills_in = !self.change.system && automation::fills_in(&self.change.object);
        let mut staged = self.stage_update(tx, record, id, !fills_in)?;
        if fills_in {
            self.automate(tx, session, &mut staged)?;
            prepare::required(&self.change.object, &staged.row, &staged.changed, false)?;
        }
        let saved = self.finish_update(tx, record, &mut staged)?;
        automation::after(tx, session, self, &staged)?;
        Ok(saved)
    }

    /// What the request makes of a record; as [`Save::stage_insert`].
    pub(super) fn stage_update(&self, tx: &mut dyn Tx, record: &Incoming, id: Id, required: bool) -> Result<Staged, Failure> {
        let object = &*self.change.object;
        let prepared = prepare::check(self.identity, self.change, record, false, required, self.by)?;
        let old = record::by_id_to_change(tx, self.org, object, id)?.ok_or_else(no_row)?;
        if old.is_deleted(object) {
            return Err(record::deleted().into());
        }
        if let Some(guard) = &self.change.guard {
            guard.0(object, &old)?;
        }
        if !self.change.system {
            checks::may_update(object, &old)?;
            self.unlocked(tx, object, Some(&old), None)?;
        }
        let mut row = old.clone();
        let mut changed = Vec::with_capacity(prepared.values.len());
        for (index, value) in prepared.values {
            row.values[index] = match value {
                Value::Null if object.fields()[index].ty == FieldType::Boolean => Value::Bool(false),
                value => value,
            };
            changed.push(index);
        }
        self.look_up(tx, object, &mut row, &mut changed, &prepared.lookups)?;
        places::sync(object, Some(&old), &mut row, &mut changed, self.change.system)?;
        changed.retain(|i| row.values[*i] != old.values[*i]);
        if !self.change.system {
            record_types::take(object, &mut row, &changed)?;
        }
        Ok(Staged { id, row, changed, old: Some(old) })
    }

    /// Derives, checks and writes what changed of a record.
    pub(super) fn finish_update(&self, tx: &mut dyn Tx, record: &Incoming, staged: &mut Staged) -> Result<Saved, Failure> {
        let object = &*self.change.object;
        let Staged { id, row, changed, old } = staged;
        let Some(old) = &*old else { return Err(no_row().into()) };
        if !self.change.system {
            // What goes to another master is held by that one too.
            if object.masters().iter().any(|index| changed.contains(index)) {
                self.unlocked(tx, object, None, Some(row))?;
            }
            references::check(tx, self.org, self.catalog, object, row, changed)?;
        }
        let aside = rules::before_save(tx, &self.stage(object, Some(old), changed), row)?;
        self.checks(tx, object, row, changed, Some(old))?;
        let reports = self.duplicates(tx, object, row, false, changed, record)?;
        unique(tx, self.org, object, row, Some(*id), Some(old))?;
        if !self.change.system {
            for (name, value) in stamps(self.identity, self.now) {
                row.set(object, name, value);
            }
        }
        self.growth.write(object, Some(old), row)?;
        update_row(tx, self.org, object, old, row)?;
        self.follow(tx, object, Some(old), row, changed, aside)?;
        self.report(tx, object, row, &reports)?;
        Ok(Saved { id: *id, created: false, event: None })
    }

    /// What flows that are part of the save run in.
    pub(super) fn world(&self) -> World<'_> {
        World { identity: self.identity, catalog: self.catalog, now: self.now }
    }

    /// The record's place in the save, for the rules of its object.
    fn stage<'a>(&'a self, object: &'a Object, old: Option<&'a Row>, changed: &'a [usize]) -> rules::Stage<'a> {
        let (org, catalog, identity, now) = (self.org, self.catalog, self.identity, self.now);
        rules::Stage { org, catalog, object, old, changed, identity, now, system: self.change.system }
    }

    /// What flows make of a record before it is saved.
    pub(super) fn automate(&self, tx: &mut dyn Tx, session: &mut Session, staged: &mut Staged) -> Result<(), Failure> {
        let object = &*self.change.object;
        if self.change.system || !automation::fills_in(object) {
            return Ok(());
        }
        automation::before(tx, session, self, staged)?;
        places::sync(object, staged.old.as_ref(), &mut staged.row, &mut staged.changed, false)?;
        record_types::take(object, &mut staged.row, &staged.changed)
    }

    /// What a record must keep: the rules of certain objects, and then those of the org.
    fn checks(&self, tx: &mut dyn Tx, object: &Object, row: &Row, changed: &[usize], old: Option<&Row>) -> Result<(), Failure> {
        if self.change.system {
            return Ok(());
        }
        let (org, catalog, identity, now) = (self.org, self.catalog, self.identity, self.now);
        let candidate = checks::Candidate { org, catalog, object, row, old, changed, identity, now };
        checks::check(tx, &candidate)?;
        if self.by == By::Automation { Ok(()) } else { validation::check(tx, &candidate) }
    }

    /// Refuses what is locked for the user.
    fn unlocked(&self, tx: &mut dyn Tx, object: &Object, old: Option<&Row>, row: Option<&Row>) -> Result<(), Failure> {
        if self.by != By::User {
            return Ok(());
        }
        let (org, catalog, identity) = (self.org, self.catalog, self.identity);
        approvals::lock::Locks { org, catalog, identity }.check(tx, object, old, row)
    }

    /// Asks the duplicate rules of the object.
    fn duplicates(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        row: &Row,
        insert: bool,
        changed: &[usize],
        record: &Incoming,
    ) -> Result<Vec<duplicates::Report>, Failure> {
        if self.change.system || self.by != By::User || object.rules.as_ref().is_none_or(|rules| rules.duplicate_rules.is_empty()) {
            return Ok(Vec::new());
        }
        let (org, catalog, identity, now, options) = (self.org, self.catalog, self.identity, self.now, record.duplicates);
        duplicates::check(tx, &duplicates::Candidate { org, catalog, identity, object, row, insert, changed, options, now })
    }

    /// Keeps what the duplicate rules found.
    fn report(&self, tx: &mut dyn Tx, object: &Object, row: &Row, reports: &[duplicates::Report]) -> Result<(), Failure> {
        let (org, catalog, identity, now) = (self.org, self.catalog, self.identity, self.now);
        duplicates::report(tx, &derived::Context { org, catalog, identity, now, system: self.change.system }, object, row, reports)
    }

    /// What follows in other records.
    fn follow(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        old: Option<&Row>,
        row: &Row,
        changed: &[usize],
        aside: rules::Aside,
    ) -> Result<(), Failure> {
        let (org, catalog, identity, now) = (self.org, self.catalog, self.identity, self.now);
        rules::after_save(tx, &self.stage(object, old, changed), row, aside)?;
        derived::follow(tx, &derived::Context { org, catalog, identity, now, system: self.change.system }, object, old, row)
    }

    fn look_up(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        row: &mut Row,
        changed: &mut Vec<usize>,
        lookups: &[(usize, Assign)],
    ) -> Result<(), Failure> {
        for (index, assign) in lookups {
            row.values[*index] = references::resolve(tx, self.org, object, &object.fields()[*index], assign)?;
            changed.push(*index);
        }
        Ok(())
    }
}

/// Uniqueness among live rows (crud-042). An index of the store holds it too; here the message is made.
pub(super) fn unique(tx: &mut dyn Tx, org: &Org, object: &Object, row: &Row, own: Option<Id>, old: Option<&Row>) -> Result<(), Failure> {
    for (index, field) in object.fields().iter().enumerate().filter(|(_, f)| f.unique && f.name != "Id") {
        let value = &row.values[index];
        if value.is_null() || old.is_some_and(|o| o.values[index] == *value) {
            continue;
        }
        let others = record::find(tx, org, object, field, value, 2)?;
        if let Some(other) = others.into_iter().find(|o| Some(*o) != own) {
            let text = format!("duplicate value found: {} duplicates value on record with id: {}", field.name, other);
            return Err(ApiError::new(ErrorCode::DuplicateValue, text).with_fields(Vec::<String>::new()).into());
        }
    }
    Ok(())
}

/// The fields that say who changed a row, and when.
pub(super) fn stamps(identity: &Identity, now: DateTime) -> [(&'static str, Value); 3] {
    [
        ("LastModifiedDate", Value::DateTime(now)),
        ("LastModifiedById", Value::Id(identity.user.id)),
        ("SystemModstamp", Value::DateTime(now)),
    ]
}

/// Default values, system fields, auto-numbers.
pub(super) fn stamp_new(
    tx: &mut dyn Tx,
    object: &Object,
    row: &mut Row,
    id: Id,
    identity: &Identity,
    now: DateTime,
) -> Result<(), Failure> {
    let user = identity.user.id;
    let record_type = record_types::of(object, row);
    for (index, field) in object.fields().iter().enumerate() {
        let value = match field.name.as_str() {
            "Id" => Value::Id(id),
            "IsDeleted" => Value::Bool(false),
            "CreatedDate" | "LastModifiedDate" | "SystemModstamp" if row.values[index].is_null() => Value::DateTime(now),
            "CreatedById" | "LastModifiedById" | "OwnerId" if row.values[index].is_null() => Value::Id(user),
            _ if !row.values[index].is_null() => continue,
            _ if record_type.is_some()
                && let Some(default) = record_types::default_of(record_type, field) =>
            {
                default.map_or(Value::Null, Value::from)
            }
            _ => match (&field.auto_number, &field.default) {
                (Some(auto), _) => {
                    let name = format!("{}.{}", object.name, field.name);
                    Value::Text(orglet_schema::types::render_auto_number(
                        &auto.format,
                        bump(tx, Counters::Named, &name, auto.start, 1)?,
                        now,
                    ))
                }
                (None, Some(DefaultValue::Formula(formula))) => validation::default_value(tx, identity, object, field, formula, now)?,
                (None, Some(default)) => default_value(field, default, identity, now)?,
                (None, None) if field.ty == FieldType::Boolean => Value::Bool(false),
                (None, None) if !field.nillable && field.ty.is_decimal() => Value::Decimal(0.into()),
                (None, None) if !field.nillable && field.ty == FieldType::Int => Value::Int(0),
                _ => continue,
            },
        };
        row.values[index] = value;
    }
    Ok(())
}

/// What a default that needs no formula comes to. One that its field can't hold is refused as the same value of a request is.
fn default_value(field: &Field, default: &DefaultValue, identity: &Identity, now: DateTime) -> Result<Value, ApiError> {
    Ok(match default {
        DefaultValue::Bool(b) => Value::Bool(*b),
        DefaultValue::Text(t) => Value::from(t.as_str()),
        DefaultValue::Number(n) => {
            let kind = field.ty.kind();
            let value = match kind.parse(field, orglet_schema::Input::Number(n)) {
                // The formula of a custom field's default writes ten per cent as 0.10. A number past all digits stays text, which
                // the check refuses.
                Ok(Value::Decimal(n)) if field.custom && field.ty == FieldType::Percent => {
                    n.checked_mul(rust_decimal::Decimal::ONE_HUNDRED).map_or_else(|| Value::Text(n.to_string()), Value::Decimal)
                }
                Ok(value) => value,
                Err(_) => {
                    let text = format!("{}: the default value {n} is of another type", field.label);
                    return Err(ApiError::new(ErrorCode::FieldIntegrityException, text).with_fields([&field.name]));
                }
            };
            kind.validate(field, value)?
        }
        DefaultValue::Now if field.ty == FieldType::Date => {
            let zoned = jiff::Timestamp::from_millisecond(now.0).map(|t| t.to_zoned(identity.user.time_zone.clone()).date());
            zoned.map_or(Value::Null, Value::Date)
        }
        DefaultValue::Now => Value::DateTime(now),
        DefaultValue::User => Value::Id(identity.user.id),
        // Formulas need a transaction: see `validation::default_value`.
        DefaultValue::Formula(_) => Value::Null,
    })
}
