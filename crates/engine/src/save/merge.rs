//! Merges: records of one object are given up for another, the master, which gets what belonged to them ("merge()" of the vendor's
//! guide).

use super::references::converted_lead;
use super::write::{self, Within};
use super::{Change, Incoming, Op, current, delete, derived, has_triggers, rules};
use crate::apex::{Session, roomy};
use crate::record::{self, Row};
use crate::storage::Growth;
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, Value};
use orglet_plan::write::{self as sql, Lock};
use orglet_schema::{Catalog, Field, Object};
use orglet_store::Tx;
use std::collections::HashSet;
use std::sync::Arc;

/// Records that are given up in one merge.
const MOST: usize = 2;
/// How far a hierarchy is followed.
const HIGHEST: usize = 100;

/// Children of which a parent has one for each of another record, which the field names. Where the master has one already, that of
/// the record that is given up goes with it.
const ONCE: &[(&str, &str)] = &[
    ("CampaignMember", "CampaignId"),
    ("ContentDocumentLink", "ContentDocumentId"),
    ("DuplicateRecordItem", "DuplicateRecordSetId"),
    ("EntitlementContact", "EntitlementId"),
    ("EventRelation", "EventId"),
    ("TopicAssignment", "TopicId"),
];

/// References by which records of an object stand above each other.
const HIERARCHIES: &[(&str, &str)] = &[("Account", "ParentId"), ("Contact", "ReportsToId")];

/// What is to be merged.
#[derive(Clone, Debug)]
pub struct Merge {
    /// The object of all of the records.
    pub object: Arc<Object>,
    /// The record that stays, by its id, with what its fields are to become.
    pub master: Incoming,
    /// The records that are given up.
    pub given_up: Vec<Id>,
}

/// What a merge did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The records that belong to the master since, in the order of their ids.
    pub moved: Vec<Id>,
}

/// Merges records in a transaction of its own: children move to the master, the others go to the recycle bin, naming the master as
/// what they were merged into, and the master's fields are set last, so that it may take values of theirs that are unique.
///
/// # Errors
/// Objects that can't be merged; records that are not there, deleted, or leads that were converted; a hierarchy that would loop; what the delete of a record
/// or the update of the master is refused for.
pub fn merge(identity: &Identity, merge: &Merge) -> Result<Merged, Failure> {
    let _place = identity.org.admit_save()?;
    let org = &*identity.org;
    let master = merge.master.id.ok_or_else(ApiError::not_found)?;
    may_merge(&merge.object, master, &merge.given_up)?;
    let change = |op, records| Change { object: merge.object.clone(), op, records, all_or_none: true, system: false, guard: None };
    let update = change(Op::Update, vec![merge.master.clone()]);
    let delete = change(Op::Delete, merge.given_up.iter().map(|id| Incoming { id: Some(*id), ..Incoming::default() }).collect());
    org.on_current(|catalog| {
        let (update, delete) = (current::on(&update, catalog)?, current::on(&delete, catalog)?);
        let work = || {
            let (last, first) = (write::Job::new(identity, catalog, &update)?, delete::Job::new(identity, catalog, &delete)?);
            let growth = Growth::unbounded(org);
            let now = org.now().truncate_to_second();
            let (object, given_up) = (&update.object, &*merge.given_up);
            let merging = Merging { org, identity, catalog, object, master, given_up, now, growth: &growth };
            let (done, session) = org.transact_shared(|tx| {
                org.still(tx, catalog)?;
                growth.clear();
                let mut session = Session::default();
                let moved = merging.gather(tx, update.records.first())?;
                for outcome in first.run(tx, &mut session)? {
                    outcome?;
                }
                merging.point_to_master(tx)?;
                for outcome in last.run(tx, &mut session, true)? {
                    outcome?;
                }
                Ok((Merged { moved }, session))
            })?;
            first.done();
            last.done();
            growth.done(org);
            session.done(identity);
            Ok(done)
        };
        if has_triggers(catalog, &update) { roomy(work) } else { work() }
    })
}

/// The refusal of an object whose records can't be merged (https://github.com/StevenMMortimer/salesforcer/issues/102).
pub fn not_mergeable() -> ApiError {
    ApiError::new(ErrorCode::InvalidTypeForOperation, "entity type does not support merge")
}

/// Whether the records can be merged at all, as far as their ids tell.
fn may_merge(object: &Object, master: Id, given_up: &[Id]) -> Result<(), ApiError> {
    if !object.flags.mergeable {
        return Err(not_mergeable());
    }
    let refuse = |text: String| Err(ApiError::new(ErrorCode::MergeFailed, text).with_fields(Vec::<String>::new()));
    if given_up.is_empty() || given_up.len() > MOST {
        return refuse(format!("A merge takes one or {MOST} records beside the master; {} are given", given_up.len()));
    }
    let mut seen = HashSet::from([master]);
    match given_up.iter().find(|id| !seen.insert(**id)) {
        Some(id) => refuse(format!("The record {id} is given more than once")),
        None => Ok(()),
    }
}

struct Merging<'a> {
    org: &'a Org,
    identity: &'a Identity,
    catalog: &'a Catalog,
    object: &'a Arc<Object>,
    master: Id,
    given_up: &'a [Id],
    now: DateTime,
    growth: &'a Growth,
}

impl Merging<'_> {
    /// Gives the master what belongs to the others.
    fn gather(&self, tx: &mut dyn Tx, request: Option<&Incoming>) -> Result<Vec<Id>, Failure> {
        let master = self.live(tx, self.master)?;
        let mut others = Vec::with_capacity(self.given_up.len());
        for id in self.given_up {
            others.push(self.live(tx, *id)?);
        }
        if let Some((_, field)) = HIERARCHIES.iter().find(|(object, _)| *object == self.object.name) {
            self.keep_hierarchy(tx, field, &master, &others, request)?;
        }
        let mut moved: Vec<(Arc<Object>, Vec<Id>)> = Vec::new();
        for relation in self.object.children() {
            let Some(child) = self.catalog.object(&relation.child).filter(|o| o.has_table() && self.org.has_rows(o)) else { continue };
            // What was merged into a record that is merged itself still says so.
            let Some(field) = child.field(&relation.field).filter(|f| f.has_column() && f.name != "MasterRecordId") else { continue };
            let ids = self.take(tx, child, field)?;
            match moved.iter_mut().find(|(object, _)| Arc::ptr_eq(object, child)) {
                _ if ids.is_empty() => {}
                Some((_, known)) => known.extend(ids),
                None => moved.push((child.clone(), ids)),
            }
        }
        rules::moved(tx, &self.context(), &moved)?;
        let mut ids: Vec<Id> = moved.into_iter().flat_map(|(_, ids)| ids).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn context(&self) -> derived::Context<'_> {
        let Self { org, catalog, identity, now, .. } = *self;
        derived::Context { org, catalog, identity, now, system: false }
    }

    fn within(&self) -> Within<'_> {
        let Self { identity, catalog, now, growth, .. } = *self;
        Within { identity, catalog, now, growth }
    }

    /// A record that takes part.
    fn live(&self, tx: &mut dyn Tx, id: Id) -> Result<Row, Failure> {
        if self.object.key_prefix != Some(id.prefix()) {
            let text = format!("{} ID: id value of incorrect type: {id}", self.object.label);
            return Err(ApiError::new(ErrorCode::MalformedId, text).with_fields(Vec::<String>::new()).into());
        }
        let row = record::by_id_to_change(tx, self.org, self.object, id)?.ok_or_else(crate::failure::no_row)?;
        if row.is_deleted(self.object) {
            return Err(record::deleted().into());
        }
        if self.object.name == "Lead" && *row.get(self.object, "IsConverted") == Value::Bool(true) {
            return Err(converted_lead().into());
        }
        Ok(row)
    }

    /// Gives the master the children of the others by one reference.
    fn take(&self, tx: &mut dyn Tx, child: &Arc<Object>, field: &Field) -> Result<Vec<Id>, Failure> {
        let others: Vec<String> = self.given_up.iter().map(Id::to_string).collect();
        let mut ids = Vec::new();
        tx.query(&sql::select_ids_in(child, field, &others, Lock::Update, self.org.store.dialect()), &mut |row| {
            ids.extend(row.cell(0).text().and_then(|text| Id::parse(text).ok()));
            true
        })?;
        // Those that are given up stay below the others: they go.
        ids.retain(|id| !self.given_up.contains(id));
        ids.sort_unstable();
        let once = ONCE.iter().find(|(name, _)| *name == child.name).map(|(_, by)| *by);
        let master = Value::Id(self.master);
        let mut moved = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(by) = once {
                let Some(row) = record::by_id(tx, self.org, child, id)? else { continue };
                let same = [(field.name.as_str(), &master), (by, row.get(child, by))];
                if !record::find_with(tx, self.org, child, &same, 1)?.is_empty() {
                    continue;
                }
            }
            let mut fields = vec![(field.name.as_str(), master.clone())];
            fields.extend(rules::shown(&child.name, &field.name).map(|name| (name, Value::Null)));
            if child.name == "CampaignMember" {
                fields.push(("LeadOrContactId", master.clone()));
            }
            self.within().change(tx, child, id, &fields)?;
            moved.push(id);
        }
        Ok(moved)
    }

    /// Refuses a master that would stand above itself once it has the children of the others, and gives one that stands below nobody
    /// the place of the others ("Account Hierarchies" and "Contact Reports To" of the call's rules).
    fn keep_hierarchy(
        &self,
        tx: &mut dyn Tx,
        field: &str,
        master: &Row,
        others: &[Row],
        request: Option<&Incoming>,
    ) -> Result<(), Failure> {
        let index = self.object.field_index(field);
        let asked = request.into_iter().flat_map(|r| &r.fields).find(|(i, _)| Some(*i) == index);
        if asked.is_some() {
            // The update of the master is the last act, and is checked as any other.
            return Ok(());
        }
        let mut above = master.get(self.object, field).as_id();
        if above.is_none() && self.object.name == "Contact" {
            above = others.iter().find_map(|row| row.get(self.object, field).as_id());
            if let Some(above) = above.filter(|id| *id != self.master && !self.given_up.contains(id)) {
                self.within().change(tx, self.object, self.master, &[(field, Value::Id(above))])?;
            }
        }
        for _ in 0..HIGHEST {
            let Some(id) = above else { return Ok(()) };
            if id == self.master || self.given_up.contains(&id) {
                let e = ApiError::new(ErrorCode::CircularDependency, "attempt to violate hierarchy constraints");
                return Err(e.with_fields(Vec::<String>::new()).into());
            }
            above = record::by_id_to_refer(tx, self.org, self.object, id)?.and_then(|row| row.get(self.object, field).as_id());
        }
        Ok(())
    }

    /// The records in the bin say what they were merged into.
    fn point_to_master(&self, tx: &mut dyn Tx) -> Result<(), Failure> {
        let Some(field) = self.object.field("MasterRecordId") else { return Ok(()) };
        let cell = field.cell_kind().to_cell(&Value::Id(self.master));
        let others: Vec<String> = self.given_up.iter().map(Id::to_string).collect();
        tx.execute(&sql::update_all(self.object, &[field], vec![cell], &others, self.org.store.dialect()))?;
        Ok(())
    }
}
