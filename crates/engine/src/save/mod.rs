//! The save pipeline, the one way in for every write: checks that need no data, then one transaction with the checks
//! that do, the write, and what follows from it. A single record is a batch of one.

pub mod approvals;
pub(crate) mod automation;
mod bin;
mod checks;
mod convert;
mod current;
mod delete;
mod derived;
mod duplicates;
mod event;
mod files;
mod merge;
pub(crate) mod places;
mod prepare;
mod record_types;
mod references;
mod rules;
mod triggered;
mod validation;
mod write;

pub(crate) use bin::undelete_within;
pub use bin::{empty_recycle_bin, undelete};
pub use convert::{Conversion, Converted, convert};
pub(crate) use derived::{PlatformRow, put_platform_row, take_platform_rows};
pub use duplicates::DuplicateOptions;
pub use merge::{Merge, Merged, merge, not_mergeable};
pub(crate) use validation::rows as formula_rows;

use crate::apex::{Session, roomy};
use crate::events::EventUuid;
use crate::orgs::origins;
use crate::record::Row;
use crate::shared::Stamped;
use crate::storage::Growth;
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::{Catalog, Object};
use orglet_store::Tx;
use std::sync::Arc;

/// What is done with the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// New records.
    Insert,
    /// Records with an id.
    Update,
    /// New records, or those that an external ID names.
    Upsert {
        /// The external ID field's index.
        key: usize,
        /// Only update: no match is an error.
        update_only: bool,
    },
    /// To the recycle bin.
    Delete,
}

/// A batch of records of one object.
#[derive(Clone, Debug)]
pub struct Change {
    /// Their object.
    pub object: Arc<Object>,
    /// What is done.
    pub op: Op,
    /// The records.
    pub records: Vec<Incoming>,
    /// Whether one failing record undoes all.
    pub all_or_none: bool,
    /// The platform's own writes (seeds): field permissions are not asked, and records bring their ids.
    pub system: bool,
    /// A condition that each record must meet as it stands when it is updated or deleted.
    pub guard: Option<Guard>,
}

/// A condition on a record as it stands: see [`Change::guard`].
#[derive(Clone)]
pub struct Guard(pub Arc<GuardFn>);

/// Decides whether a record, as it stands, may be written.
pub type GuardFn = dyn Fn(&Object, &Row) -> Result<(), Failure> + Send + Sync;

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

/// A record on its way in.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// Its id, where it has one.
    pub id: Option<Id>,
    /// The value of the external ID, for upserts.
    pub key: Option<Value>,
    /// Fields by index, with what they are to become.
    pub fields: Vec<(usize, Assign)>,
    /// What the request says of duplicates.
    pub duplicates: DuplicateOptions,
}

/// What a field is to become.
#[derive(Clone, Debug)]
pub enum Assign {
    /// A value, as parsed.
    Value(Value),
    /// The record that an external ID names: `"Account": {"Ext__c": "x"}`.
    Lookup {
        /// The relationship, as written.
        relationship: String,
        /// The object looked up in.
        object: Arc<Object>,
        /// Index of its external ID field.
        field: usize,
        /// The value looked for.
        value: Value,
    },
}

/// A record that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// Its id.
    pub id: Id,
    /// Whether it is new.
    pub created: bool,
    /// Of a platform event, what tells it from others: it was published and is no record.
    pub event: Option<EventUuid>,
}

/// Saves a batch. The outer error is a failure of the whole; each record has its own outcome.
pub fn save(identity: &Identity, change: &Change) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    if !is_written(change) {
        return Ok(unwritable(change));
    }
    let _place = identity.org.admit_save()?;
    let run = || {
        identity.org.on_current(|catalog| {
            let change = current::on(change, catalog)?;
            let work = || {
                let job = Job::new(identity, catalog, &change)?;
                let alone = change.records.len() == 1;
                let done = transact(&identity.org, &change.object, |tx| {
                    identity.org.still(tx, catalog)?;
                    let mut session = Session::default();
                    let outcomes = job.run(tx, &mut session, alone)?;
                    if (change.all_or_none || alone) && outcomes.iter().any(Result::is_err) {
                        return Err(Failure::Batch(outcomes));
                    }
                    Ok((outcomes, session))
                });
                settled(identity, done, || job.done())
            };
            if has_triggers(catalog, &change) { roomy(work) } else { work() }
        })
    };
    if change.object.name == origins::OBJECT {
        return around_origins(&identity.org, run);
    }
    if change.object.name != "User" {
        return run();
    }
    let outcomes = match &identity.org.usernames {
        Some(usernames) => usernames.around(&identity.org, change, run),
        None => run(),
    };
    identity.org.users.write().clear();
    outcomes
}

/// Runs a save of allowed origins, which the server's list has once it ends.
fn around_origins<T>(org: &Org, run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    // Two saves at a time could list what the other's begin with.
    let _one_at_a_time = org.naming.lock();
    let done = run()?;
    // What was saved stays saved: the list is put right when the org is next opened.
    if let Some(Err(error)) = org.usernames.as_ref().map(|lists| lists.reconcile_origins(org)) {
        tracing::warn!(org = %org.id, %error, "allowed origins could not be listed");
    }
    Ok(done)
}

/// Saves batches of several objects in one transaction, each by itself or, with `all_or_none`, all of them or nothing. The
/// outcomes are those of the batches' records, one after the other.
///
/// # Errors
/// Users and allowed origins are saved by themselves (login names and origins are listed beside the transaction): in the company of other objects they
/// are refused, as the platform refuses setup objects there.
pub fn save_together(identity: &Identity, changes: &[Change], all_or_none: bool) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    if let Some(setup) = changes.iter().find(|change| ["User", origins::OBJECT].contains(&change.object.name.as_str())) {
        let text = "DML operation on setup object is not permitted after you have updated a non-setup object (or vice versa): ";
        let text = format!("{text}{}", setup.object.name);
        return Err(ApiError::new(ErrorCode::MixedDmlOperation, text).into());
    }
    let _place = identity.org.admit_save()?;
    let org = &*identity.org;
    org.on_current(|catalog| {
        let changes = changes.iter().map(|change| current::on(change, catalog)).collect::<Result<Vec<_>, _>>()?;
        let work = || {
            let jobs = changes.iter().map(|change| Job::new(identity, catalog, change)).collect::<Result<Vec<_>, _>>()?;
            let done = org.transact_shared(|tx| {
                org.still(tx, catalog)?;
                let mut session = Session::default();
                let mut outcomes = Vec::new();
                for job in &jobs {
                    outcomes.append(&mut job.run(tx, &mut session, false)?);
                }
                if all_or_none && outcomes.iter().any(Result::is_err) {
                    return Err(Failure::Batch(outcomes));
                }
                Ok((outcomes, session))
            });
            settled(identity, done, || jobs.iter().for_each(|job| job.done()))
        };
        if changes.iter().any(|change| has_triggers(catalog, change)) { roomy(work) } else { work() }
    })
}

/// Whether a save may run Apex, or flows, which make saves within saves.
fn has_triggers(catalog: &Catalog, change: &Change) -> bool {
    !change.system && starts_more(catalog, &change.object)
}

/// Whether saves of an object's records may run Apex or flows.
fn starts_more(catalog: &Catalog, object: &Object) -> bool {
    automation::has_flows(object) || catalog.apex().is_some_and(|set| set.triggers_of(&object.name).next().is_some())
}

/// Saves a batch within the transaction of a program or a flow. What it adds to the storage in use goes to the session.
pub(crate) fn within(
    tx: &mut dyn Tx,
    identity: &Identity,
    catalog: &Catalog,
    session: &mut Session,
    change: &Change,
) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    if !is_written(change) {
        return Ok(unwritable(change));
    }
    // Login names and origins are listed beside their transactions.
    if ["User", origins::OBJECT].contains(&change.object.name.as_str()) {
        let text = format!("DML operation on {} is not supported from Apex by this org.", change.object.name);
        return Err(ApiError::new(ErrorCode::FunctionalityNotEnabled, text).into());
    }
    match change.op {
        Op::Delete => {
            let job = delete::Job::within(identity, catalog, change)?;
            let done = job.run(tx, session)?;
            session.grown.push(job.into_growth());
            Ok(done)
        }
        _ => {
            let job = write::Job::within(tx, identity, catalog, change)?;
            let done = job.run(tx, session, false)?;
            session.grown.push(job.into_growth());
            Ok(done)
        }
    }
}

/// A batch that is about to be saved within a transaction, which may be run more than once.
enum Job<'a> {
    /// Rows of an object that can't be written.
    Refused(&'a Change),
    Write(write::Job<'a>),
    Delete(delete::Job<'a>),
}

impl<'a> Job<'a> {
    fn new(identity: &'a Identity, catalog: &'a Catalog, change: &'a Change) -> Result<Self, Failure> {
        Ok(match change.op {
            _ if !is_written(change) => Job::Refused(change),
            Op::Delete => Job::Delete(delete::Job::new(identity, catalog, change)?),
            _ => Job::Write(write::Job::new(identity, catalog, change)?),
        })
    }

    /// `alone` where the transaction is the one record's.
    fn run(&self, tx: &mut dyn Tx, session: &mut Session, alone: bool) -> Result<Vec<Result<Saved, Failure>>, Failure> {
        match self {
            Job::Refused(change) => Ok(unwritable(change)),
            Job::Write(job) => job.run(tx, session, alone),
            Job::Delete(job) => job.run(tx, session),
        }
    }

    /// What follows once the transaction is kept.
    fn done(&self) {
        match self {
            Job::Refused(_) => {}
            Job::Write(job) => job.done(),
            Job::Delete(job) => job.done(),
        }
    }
}

/// Does something to each record in a savepoint of its own, unless the transaction is its `alone`. A missing table is made and the
/// whole run again, as other failures of the store concern every record; what a record is refused for is told of it.
fn each<T, S>(
    tx: &mut dyn Tx,
    session: &mut Session,
    growth: &Growth,
    records: impl IntoIterator<Item = T>,
    alone: bool,
    mut one: impl FnMut(&mut dyn Tx, &mut Session, T) -> Result<S, Failure>,
) -> Result<Vec<Result<S, Failure>>, Failure> {
    let outcome = |record| {
        let (before, grown) = (growth.mark(), session.grown.len());
        match if alone { one(tx, session, record) } else { tx.nested(|tx| one(tx, session, record)) } {
            Err(Failure::Store(e)) => Err(Failure::Store(e)),
            outcome => {
                if outcome.is_err() {
                    growth.back_to(before);
                    session.grown.truncate(grown);
                }
                Ok(outcome)
            }
        }
    };
    records.into_iter().map(outcome).collect()
}

/// The outcomes of a transaction: of one that was undone because not all records could be saved, those that could are told so.
fn settled(
    identity: &Identity,
    done: Result<(Vec<Result<Saved, Failure>>, Session), Failure>,
    kept: impl FnOnce(),
) -> Result<Vec<Result<Saved, Failure>>, Failure> {
    match done {
        Ok((outcomes, session)) => {
            kept();
            session.done(identity);
            Ok(outcomes)
        }
        Err(Failure::Batch(outcomes)) => Ok(outcomes.into_iter().map(|o| o.and_then(|_| Err(rolled_back().into()))).collect()),
        Err(other) => Err(other),
    }
}

/// Whether anything is written at all: platform events are published, rows that are made from the catalog can't be.
fn is_written(change: &Change) -> bool {
    change.object.has_table() || (change.object.is_event() && change.op == Op::Insert)
}

/// The refusal of each record of an object whose rows are made from the catalog when they are asked for.
fn unwritable(change: &Change) -> Vec<Result<Saved, Failure>> {
    let verb = match change.op {
        Op::Insert | Op::Upsert { .. } => "inserted",
        Op::Update => "updated",
        Op::Delete => "deleted",
    };
    let text = format!("entity type cannot be {verb}: {}", change.object.label);
    let refused = ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new());
    change.records.iter().map(|_| Err(refused.clone().into())).collect()
}

/// Runs a save's transaction.
fn transact<T>(org: &Org, object: &Object, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
    if object.name != "User" {
        return org.transact_shared(work);
    }
    // What is known of users is forgotten after a save, here and elsewhere, and may be read again at once.
    org.transact(|tx| {
        let done = work(tx)?;
        org.stamp(tx, Stamped::Users)?;
        Ok(done)
    })
}

/// Saves one record, if it meets the guard.
pub fn save_one(identity: &Identity, object: &Arc<Object>, op: Op, record: Incoming, guard: Option<Guard>) -> Result<Saved, Failure> {
    let change = Change { object: object.clone(), op, records: vec![record], all_or_none: true, system: false, guard };
    save(identity, &change)?.pop().unwrap_or_else(|| Err(ApiError::not_found().into()))
}

/// What the other records of an all-or-none batch answer.
pub fn rolled_back() -> ApiError {
    ApiError::new(
        ErrorCode::AllOrNoneOperationRolledBack,
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    )
    .with_fields(Vec::<String>::new())
}
