//! The save pipeline, the one way in for every write: checks that need no data, then one transaction with the checks
//! that do, the write, and what follows from it. A single record is a batch of one.

mod checks;
mod current;
mod delete;
mod derived;
mod duplicates;
mod event;
mod files;
mod prepare;
mod references;
mod rules;
mod write;

pub use duplicates::DuplicateOptions;

use crate::events::EventUuid;
use crate::record::Row;
use crate::shared::Stamped;
use crate::{Failure, Identity, Org};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::Object;
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
    let published = change.object.is_event() && change.op == Op::Insert;
    if !change.object.has_table() && !published {
        // Rows that are made from the catalog when they are asked for.
        let verb = match change.op {
            Op::Insert | Op::Upsert { .. } => "inserted",
            Op::Update => "updated",
            Op::Delete => "deleted",
        };
        let text = format!("entity type cannot be {verb}: {}", change.object.label);
        let refused = ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new());
        return Ok(change.records.iter().map(|_| Err(refused.clone().into())).collect());
    }
    let _place = identity.org.admit_save()?;
    let run = || {
        identity.org.on_current(|catalog| {
            let change = current::on(change, catalog)?;
            match change.op {
                Op::Delete => delete::run(identity, catalog, &change),
                _ => write::run(identity, catalog, &change),
            }
        })
    };
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

/// What the other records of an all-or-none batch answer (errors.md, collections).
pub(crate) fn rolled_back() -> ApiError {
    ApiError::new(
        ErrorCode::AllOrNoneOperationRolledBack,
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    )
    .with_fields(Vec::<String>::new())
}
