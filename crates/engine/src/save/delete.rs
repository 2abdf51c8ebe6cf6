//! Deletes: to the recycle bin, children that cascade with their parent, others released, some forbidding it.

use super::{Change, Guard, Saved, approvals, automation, bin, checks, derived, rules, triggered, write};
use crate::apex::{Session, Triggers};
use crate::failure::no_row;
use crate::flow::World;
use crate::record::{self, Row};
use crate::storage::Growth;
use crate::{Failure, Identity, Org};
use orglet_apex::TriggerEvent;
use orglet_base::{ApiError, DateTime, ErrorCode, Id, OwnedCell, Value};
use orglet_plan::write::{self as sql, Lock};
use orglet_schema::{Catalog, Field, Object};
use orglet_store::{StoreError, Tx};
use std::collections::HashSet;
use std::sync::Arc;

/// Groups of rows that one delete may take with it; a hierarchy deeper than that is a loop.
const MOST_SETS: usize = 10_000;

/// What goes with a record: rows by object, parents first.
#[derive(Default)]
struct Doomed {
    sets: Vec<(Arc<Object>, Vec<Id>)>,
    all: HashSet<Id>,
}

/// Deletes of one object.
pub(super) struct Job<'a> {
    identity: &'a Identity,
    catalog: &'a Catalog,
    change: &'a Change,
    now: DateTime,
    growth: Growth,
    triggers: Option<Triggers<'a>>,
}

impl<'a> Job<'a> {
    pub(super) fn new(identity: &'a Identity, catalog: &'a Catalog, change: &'a Change) -> Result<Self, Failure> {
        identity.org.ensure_table(&change.object)?;
        Self::within(identity, catalog, change)
    }

    /// Within a transaction that is under way, which a table can't be made in.
    pub(super) fn within(identity: &'a Identity, catalog: &'a Catalog, change: &'a Change) -> Result<Self, Failure> {
        let org = &*identity.org;
        if !org.has_rows(&change.object) {
            return Err(StoreError::NoTable(change.object.name.clone()).into());
        }
        let now = org.now().truncate_to_second();
        let triggers = if change.system { None } else { Triggers::of(identity, catalog, &change.object) };
        Ok(Self { identity, catalog, change, now, growth: Growth::unbounded(org), triggers })
    }

    /// What was added to the storage in use, for who keeps the transaction.
    pub(super) fn into_growth(self) -> Growth {
        self.growth
    }

    /// Deletes each record in a savepoint of its own.
    pub(super) fn run(&self, tx: &mut dyn Tx, session: &mut Session) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        let Self { identity, catalog, change, now, ref growth, ref triggers } = *self;
        growth.clear();
        let delete = Delete { org: &identity.org, catalog, identity, now, growth };
        if let Some(triggers) = triggers {
            return self.fired(&delete, triggers, tx, session);
        }
        let ids = change.records.iter().map(|record| record.id.ok_or_else(ApiError::not_found)).collect::<Result<Vec<_>, _>>()?;
        let guard = change.guard.as_ref();
        super::each(tx, session, growth, ids, false, |tx, session, id| delete.one(tx, session, &change.object, id, guard))
    }

    /// Deletes records with the triggers of their object around it. Those of what cascades don't run.
    fn fired(
        &self,
        delete: &Delete<'_>,
        triggers: &Triggers<'_>,
        tx: &mut dyn Tx,
        session: &mut Session,
    ) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        let Self { identity, change, ref growth, .. } = *self;
        let ids = change.records.iter().map(|r| Ok(r.id.ok_or_else(ApiError::not_found)?)).collect::<Result<Vec<Id>, Failure>>()?;
        let events = (Some(TriggerEvent::BeforeDelete), TriggerEvent::AfterDelete);
        let mut outcomes = Vec::with_capacity(ids.len());
        let mut piece = |tx: &mut dyn Tx, session: &mut Session, left: Vec<Id>| {
            let mut act =
                |tx: &mut dyn Tx, session: &mut Session, id: Id| delete.one(tx, session, &change.object, id, change.guard.as_ref());
            triggered::around(triggers, &change.object, tx, session, &left, events, &identity.org, &mut act)
        };
        triggered::chunked(tx, session, growth, &ids, |id| Some(*id), change.all_or_none, &mut outcomes, &mut piece)?;
        Ok(outcomes)
    }

    /// What follows once the transaction is kept.
    pub(super) fn done(&self) {
        self.growth.done(&self.identity.org);
    }
}

fn ids_of(rows: &[(Id, Id)]) -> Vec<Id> {
    rows.iter().map(|(id, _)| *id).collect()
}

struct Delete<'a> {
    org: &'a Org,
    catalog: &'a Catalog,
    identity: &'a Identity,
    now: DateTime,
    growth: &'a Growth,
}

impl Delete<'_> {
    fn one(&self, tx: &mut dyn Tx, session: &mut Session, object: &Arc<Object>, id: Id, guard: Option<&Guard>) -> Result<Saved, Failure> {
        let Self { org, catalog, identity, now, .. } = *self;
        let mut row = record::by_id_to_change(tx, org, object, id)?.ok_or_else(no_row)?;
        if row.is_deleted(object) {
            return Err(record::deleted().into());
        }
        if let Some(guard) = guard {
            guard.0(object, &row)?;
        }
        if !object.flags.deletable {
            let text = format!("entity type cannot be deleted: {}", object.label);
            return Err(ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()).into());
        }
        let locks = approvals::lock::Locks { org, catalog, identity };
        let may_go = |tx: &mut dyn Tx, row: &Row| {
            locks.check(tx, object, Some(row), None)?;
            checks::may_delete(tx, org, catalog, object, row)
        };
        may_go(tx, &row)?;
        automation::before_delete(tx, session, World { identity, catalog, now }, object, &row)?;
        if automation::has_flows(object) {
            // A flow may have changed it, or deleted it already.
            row = record::by_id_to_change(tx, org, object, id)?.filter(|row| !row.is_deleted(object)).ok_or_else(record::deleted)?;
            may_go(tx, &row)?;
        }
        let mut doomed = Doomed::default();
        self.gather(tx, object, vec![id], &mut doomed)?;
        self.restricted(tx, &doomed)?;
        checks::may_go_along(tx, org, object, &row, &doomed.sets)?;
        let cx = derived::Context { org, catalog, identity, now, system: false };
        let aftermath = rules::Aftermath::gather(tx, &cx, &doomed.sets, &doomed.all)?;
        let mut bin = bin::Entries::of(object, id);
        for (object, ids) in &doomed.sets {
            self.release_children(tx, object, ids, &doomed, &mut bin)?;
        }
        for (object, ids) in &doomed.sets {
            self.bin(tx, object, ids)?;
            bin.rows(object, ids);
        }
        bin.write(tx)?;
        aftermath.settle(tx, &cx, object, &row)?;
        Ok(Saved { id, created: false, event: None })
    }

    /// Adds rows of one object, and what cascades with them, to what goes.
    fn gather(&self, tx: &mut dyn Tx, object: &Arc<Object>, ids: Vec<Id>, doomed: &mut Doomed) -> Result<(), Failure> {
        let fresh: Vec<Id> = ids.into_iter().filter(|id| doomed.all.insert(*id)).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        doomed.sets.push((object.clone(), fresh.clone()));
        if doomed.sets.len() > MOST_SETS {
            return Err(StoreError::Other("a delete cascades too far".into()).into());
        }
        for relation in object.children().iter().filter(|c| c.cascade_delete) {
            let Some((child, field)) = self.child(&relation.child, &relation.field) else { continue };
            let children = self.children(tx, child, field, &fresh, Lock::Update)?;
            self.gather(tx, &child.clone(), ids_of(&children), doomed)?;
        }
        Ok(())
    }

    /// DELETE_FAILED when rows that stay forbid that their parents go, naming them (crud-032).
    fn restricted(&self, tx: &mut dyn Tx, doomed: &Doomed) -> Result<(), Failure> {
        for (object, ids) in &doomed.sets {
            for relation in object.children().iter().filter(|c| c.restricted_delete) {
                let Some((child, field)) = self.child(&relation.child, &relation.field) else { continue };
                let mut staying = ids_of(&self.children(tx, child, field, ids, Lock::None)?);
                staying.retain(|id| !doomed.all.contains(id));
                let Some(first) = staying.first() else { continue };
                let parent = record::by_id(tx, self.org, child, *first)?.and_then(|r| r.get(child, &field.name).as_id());
                let mut listed = Vec::new();
                for id in staying.iter().take(20) {
                    listed.push(self.name_of(tx, child, *id)?);
                }
                let text = format!(
                    "Your attempt to delete {} could not be completed because it is associated with the following {}.: {}\n",
                    self.name_of(tx, object, parent.unwrap_or(ids[0]))?,
                    child.label_plural.to_lowercase(),
                    listed.join(", ")
                );
                return Err(ApiError::new(ErrorCode::DeleteFailed, text).with_fields(Vec::<String>::new()).into());
            }
        }
        Ok(())
    }

    /// What people call a record: its name, or its id.
    fn name_of(&self, tx: &mut dyn Tx, object: &Object, id: Id) -> Result<String, Failure> {
        let row = record::by_id(tx, self.org, object, id)?;
        let name = object.name_field().zip(row).map(|(f, row)| row.get(object, &f.name).clone()).filter(|v| !v.is_null());
        Ok(name.map_or_else(|| id.to_string(), |v| v.display()))
    }

    /// Clears the lookups of rows that stay.
    fn release_children(
        &self,
        tx: &mut dyn Tx,
        object: &Object,
        ids: &[Id],
        doomed: &Doomed,
        bin: &mut bin::Entries,
    ) -> Result<(), Failure> {
        for relation in object.children().iter().filter(|c| !c.cascade_delete) {
            let Some((child, field)) = self.child(&relation.child, &relation.field) else { continue };
            // A line keeps the price that it was given, although that is offered no more.
            if !field.nillable || field.name == "PricebookEntryId" {
                continue;
            }
            let mut staying = self.children(tx, child, field, ids, Lock::Update)?;
            staying.retain(|(id, _)| !doomed.all.contains(id));
            if !staying.is_empty() {
                bin.released(field, &staying);
                self.release(tx, child, field, &ids_of(&staying))?;
            }
        }
        Ok(())
    }

    /// Puts rows of one object into the recycle bin, or takes them away where the object has none.
    fn bin(&self, tx: &mut dyn Tx, object: &Object, ids: &[Id]) -> Result<(), Failure> {
        self.growth.bin(tx, self.org, object, ids)?;
        let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
        let dialect = self.org.store.dialect();
        let Some(deleted) = object.field("IsDeleted") else {
            tx.execute(&sql::purge(object, &texts, dialect))?;
            return Ok(());
        };
        let mut fields = vec![deleted];
        let mut cells = vec![OwnedCell::Int(1)];
        for (name, value) in write::stamps(self.identity, self.now) {
            if let Some(field) = object.field(name) {
                fields.push(field);
                cells.push(field.cell_kind().to_cell(&value));
            }
        }
        tx.execute(&sql::update_all(object, &fields, cells, &texts, dialect))?;
        Ok(())
    }

    /// Clears a lookup of children that stay.
    fn release(&self, tx: &mut dyn Tx, child: &Object, field: &Field, ids: &[Id]) -> Result<(), Failure> {
        let texts: Vec<String> = ids.iter().map(Id::to_string).collect();
        let mut fields = vec![field];
        let mut cells = vec![OwnedCell::Null];
        if let Some(stamp) = child.field("SystemModstamp") {
            fields.push(stamp);
            cells.push(stamp.cell_kind().to_cell(&Value::DateTime(self.now)));
        }
        tx.execute(&sql::update_all(child, &fields, cells, &texts, self.org.store.dialect()))?;
        Ok(())
    }

    /// The child object of a relationship and its reference field, where the child has rows at all.
    fn child(&self, object: &str, field: &str) -> Option<(&Arc<Object>, &Field)> {
        let child = self.catalog.object(object).filter(|o| o.has_table() && self.org.has_rows(o))?;
        Some((child, child.field(field)?))
    }

    /// The children of rows, each with its parent. Those that will be changed are locked: nobody gives them to another parent meanwhile, nor
    /// children of their own.
    fn children(&self, tx: &mut dyn Tx, child: &Object, field: &Field, parents: &[Id], lock: Lock) -> Result<Vec<(Id, Id)>, Failure> {
        let texts: Vec<String> = parents.iter().map(Id::to_string).collect();
        let mut found = Vec::new();
        let statement = sql::select_ids_in(child, field, &texts, lock, self.org.store.dialect());
        tx.query(&statement, &mut |row| {
            let id = |at: usize| row.cell(at).text().and_then(|t| Id::parse(t).ok());
            found.extend(id(0).zip(id(1)));
            true
        })?;
        Ok(found)
    }
}
