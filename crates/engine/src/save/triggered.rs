//! Saves of objects that have triggers: in chunks, each record staged, shown to the triggers ahead of the write, written, and shown
//! to those behind it.

use super::write::{Save, Staged, stamp_new};
use super::{Incoming, Op, Saved, automation, places, prepare, record_types, references};
use crate::apex::{Fired, Session, Triggers, fitted, whole};
use crate::failure::Gathered;
use crate::record::{self, Row};
use crate::storage::Growth;
use crate::{Failure, Identity};
use orglet_apex::{Record, TriggerEvent, Usage};
use orglet_base::{ApiError, ErrorCode, Id, Value};
use orglet_schema::{Catalog, Field, FieldType, Object};
use orglet_store::{Mark, Tx};
use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

/// Records that triggers are run on at a time.
const CHUNK: usize = 200;
/// How often a chunk is saved while records of it fail; the ones left fail with it then.
const MOST_ATTEMPTS: usize = 3;

/// What became of the records of a chunk.
pub(super) type Outcomes = Vec<Result<Saved, Failure>>;

/// Deletes or undeletes a record.
pub(super) type Act<'a> = dyn FnMut(&mut dyn Tx, &mut Session, Id) -> Result<Saved, Failure> + 'a;

/// Saves the records of a chunk that are left.
pub(super) type Piece<'a, T> = dyn FnMut(&mut dyn Tx, &mut Session, Vec<T>) -> Result<Outcomes, Failure> + 'a;

/// Saves those of `count` records that are listed.
type Attempt<'a> = dyn FnMut(&mut dyn Tx, &mut Session, &[usize]) -> Result<Outcomes, Failure> + 'a;

/// Saves a chunk. Where some records fail and others don't, all is undone and done again for the others alone, so that triggers
/// have done nothing for those that failed; where one failure undoes all, once is enough. Each attempt begins with what was left of
/// the limits ahead of the first
/// (<https://developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/langCon_apex_dml_bulk_exceptions.htm>), but for the
/// time that they take, which is spent.
fn attempts(
    tx: &mut dyn Tx,
    session: &mut Session,
    growth: &Growth,
    count: usize,
    all_or_none: bool,
    attempt: &mut Attempt<'_>,
) -> Result<Outcomes, Failure> {
    let mut outcomes: Vec<Option<Result<Saved, Failure>>> = (0..count).map(|_| None).collect();
    let mut left: Vec<usize> = (0..count).collect();
    let Usage { queries, query_rows, searches, dml, dml_rows, .. } = session.usage;
    for _ in 0..MOST_ATTEMPTS {
        let (before, grown) = (growth.mark(), session.grown.len());
        tx.mark(Mark::Set)?;
        let done = attempt(tx, session, &left)?;
        let failed = done.iter().filter(|outcome| outcome.is_err()).count();
        if failed == 0 {
            tx.mark(Mark::Forget)?;
        } else {
            tx.mark(Mark::Return)?;
            growth.back_to(before);
            session.grown.truncate(grown);
        }
        let again = failed > 0 && failed < done.len() && !all_or_none;
        let mut next = Vec::new();
        for (at, outcome) in left.into_iter().zip(done) {
            if again && outcome.is_ok() {
                next.push(at);
            } else {
                outcomes[at] = Some(outcome);
            }
        }
        left = next;
        if left.is_empty() {
            break;
        }
        let usage = &mut session.usage;
        usage.queries = queries;
        usage.query_rows = query_rows;
        usage.searches = searches;
        usage.dml = dml;
        usage.dml_rows = dml_rows;
    }
    let given_up = || {
        let text = "Too many batch retries in the presence of Apex triggers and partial failures.";
        Err(ApiError::new(ErrorCode::CannotInsertUpdateActivateEntity, text).with_fields(Vec::<String>::new()).into())
    };
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(given_up)).collect())
}

/// Saves a list in chunks, each with as many attempts as it takes, and adds what became of its records. Once something has failed that
/// undoes all, the rest is not tried, and no trigger runs for it.
#[allow(clippy::too_many_arguments, reason = "a list with all that surrounds it")]
pub(super) fn chunked<T: Copy, K: Eq + Hash>(
    tx: &mut dyn Tx,
    session: &mut Session,
    growth: &Growth,
    mut list: &[T],
    key: impl Fn(&T) -> Option<K>,
    all_or_none: bool,
    outcomes: &mut Outcomes,
    piece: &mut Piece<'_, T>,
) -> Result<(), Failure> {
    let mut lost = all_or_none && outcomes.iter().any(Result::is_err);
    while !list.is_empty() && !lost {
        let (chunk, rest) = list.split_at(chunk_of(list, &key));
        let mut attempt =
            |tx: &mut dyn Tx, session: &mut Session, left: &[usize]| piece(tx, session, left.iter().map(|at| chunk[*at]).collect());
        let done = attempts(tx, session, growth, chunk.len(), all_or_none, &mut attempt)?;
        lost = all_or_none && done.iter().any(Result::is_err);
        outcomes.extend(done);
        list = rest;
    }
    outcomes.extend(list.iter().map(|_| Err(super::rolled_back().into())));
    Ok(())
}

/// How many records of a list its first chunk has. It ends ahead of a record that it holds already: that one is to be read as the one
/// before has left it.
fn chunk_of<T, K: Eq + Hash>(list: &[T], key: impl Fn(&T) -> Option<K>) -> usize {
    let mut held = HashSet::new();
    let again = list.iter().take(CHUNK).position(|one| key(one).is_some_and(|key| !held.insert(key)));
    again.unwrap_or(list.len().min(CHUNK))
}

/// Inserts, updates or upserts records with the ids that they have or get.
pub(super) fn write(
    save: &Save<'_>,
    triggers: &Triggers<'_>,
    tx: &mut dyn Tx,
    session: &mut Session,
    records: &[(&Incoming, Option<Id>)],
) -> Result<Outcomes, Failure> {
    let change = save.change;
    // Keys that differ in case alone are one to most fields, and no harm to the others.
    let key = |(record, _): &(&Incoming, Option<Id>)| match change.op {
        Op::Insert => None,
        Op::Update | Op::Delete => record.id.map(|id| id.to_string()),
        Op::Upsert { .. } => record.key.as_ref().map(|key| key.display().to_lowercase()),
    };
    let mut outcomes = Vec::with_capacity(records.len());
    let mut piece =
        |tx: &mut dyn Tx, session: &mut Session, left: Vec<(&Incoming, Option<Id>)>| Chunk { save, triggers }.save(tx, session, &left);
    chunked(tx, session, save.growth, records, key, change.all_or_none, &mut outcomes, &mut piece)?;
    Ok(outcomes)
}

struct Chunk<'a> {
    save: &'a Save<'a>,
    triggers: &'a Triggers<'a>,
}

/// A failure of a record stays with it; one of the store ends the whole.
fn own(failure: Failure) -> Result<Failure, Failure> {
    if matches!(failure, Failure::Store(_)) { Err(failure) } else { Ok(failure) }
}

impl Chunk<'_> {
    fn save(&self, tx: &mut dyn Tx, session: &mut Session, records: &[(&Incoming, Option<Id>)]) -> Result<Outcomes, Failure> {
        let mut staged: Vec<Result<Staged, Failure>> = Vec::with_capacity(records.len());
        for (record, id) in records {
            staged.push(match tx.nested(|tx| self.stage(tx, session, record, *id)) {
                Ok(one) => Ok(one),
                Err(failure) => Err(own(failure)?),
            });
        }
        for (event, new) in [(TriggerEvent::BeforeInsert, true), (TriggerEvent::BeforeUpdate, false)] {
            self.before(tx, session, event, new, &mut staged)?;
        }
        let mut outcomes: Vec<Result<Saved, Failure>> = Vec::with_capacity(records.len());
        for ((record, _), one) in records.iter().zip(&mut staged) {
            outcomes.push(match one {
                Ok(one) => match tx.nested(|tx| self.finish(tx, record, one)) {
                    Ok(saved) => Ok(saved),
                    Err(failure) => Err(own(failure)?),
                },
                Err(_) => Err(ApiError::not_found().into()),
            });
        }
        // The failures of the stages stand in their records' places.
        let mut rows: Vec<Option<Staged>> = Vec::with_capacity(records.len());
        for (outcome, one) in outcomes.iter_mut().zip(staged) {
            match one {
                Ok(one) => rows.push(Some(one)),
                Err(failure) => {
                    *outcome = Err(failure);
                    rows.push(None);
                }
            }
        }
        for (event, new) in [(TriggerEvent::AfterInsert, true), (TriggerEvent::AfterUpdate, false)] {
            self.after(tx, session, event, new, &rows, &mut outcomes)?;
        }
        for (one, outcome) in rows.iter().zip(&mut outcomes) {
            let Some(one) = one.as_ref().filter(|_| outcome.is_ok()) else { continue };
            if let Err(failure) = tx.nested(|tx| automation::after(tx, session, self.save, one)) {
                *outcome = Err(own(failure)?);
            }
        }
        Ok(outcomes)
    }

    fn stage(&self, tx: &mut dyn Tx, session: &mut Session, record: &Incoming, id: Option<Id>) -> Result<Staged, Failure> {
        let save = self.save;
        let object = &*save.change.object;
        let found = match &save.change.op {
            Op::Insert => None,
            Op::Update | Op::Delete => Some(record.id.ok_or_else(ApiError::not_found)?),
            Op::Upsert { key, update_only } => {
                let key = &object.fields()[*key];
                let found = match &record.key {
                    Some(value) => record::find(tx, save.org, object, key, value, 200)?,
                    None => Vec::new(),
                };
                match found.as_slice() {
                    [] if *update_only || key.name == "Id" => return Err(ApiError::not_found().into()),
                    [] => None,
                    [one] => Some(*one),
                    _ => return Err(Failure::Choices(object.name.clone(), found)),
                }
            }
        };
        let Some(found) = found else {
            let mut staged = save.stage_insert(tx, record, id, false)?;
            stamp_new(tx, object, &mut staged.row, staged.id, save.identity, save.now)?;
            save.automate(tx, session, &mut staged)?;
            return Ok(staged);
        };
        let mut staged = save.stage_update(tx, record, found, false)?;
        save.automate(tx, session, &mut staged)?;
        Ok(staged)
    }

    /// Runs the triggers ahead of the write, and takes what they set.
    fn before(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        event: TriggerEvent,
        new: bool,
        staged: &mut [Result<Staged, Failure>],
    ) -> Result<(), Failure> {
        if !self.triggers.fires(event) {
            return Ok(());
        }
        let object = &*self.save.change.object;
        let places: Vec<usize> =
            staged.iter().enumerate().filter(|(_, one)| one.as_ref().is_ok_and(|one| one.old.is_none() == new)).map(|(at, _)| at).collect();
        let mut shown = Vec::with_capacity(places.len());
        let mut old = Vec::new();
        for at in &places {
            let Ok(one) = &staged[*at] else { continue };
            shown.push(whole(object, &one.row, &|index, field| new && given_last(field) && !one.changed.contains(&index)));
            old.extend(one.old.as_ref().map(|old| whole(object, old, &|_, _| false)));
        }
        let fired = self.triggers.fire(tx, session, event, shown, &old)?;
        for (at, fired) in places.into_iter().zip(fired) {
            let Ok(one) = &mut staged[at] else { continue };
            if let Err(failure) = self.take(one, fired) {
                staged[at] = Err(own(failure)?);
            }
        }
        Ok(())
    }

    /// Takes what triggers set of a record. Values go through the checks that those of a request went through.
    fn take(&self, one: &mut Staged, fired: Fired) -> Result<(), Failure> {
        if !fired.errors.is_empty() {
            return Err(fired.errors.into());
        }
        let object = &*self.save.change.object;
        let mut wrong = Gathered::default();
        for (name, value) in fired.changed {
            let Some(index) = object.field_index(&name) else { continue };
            let field = &object.fields()[index];
            match fitted(field, value).and_then(|value| field.ty.kind().validate(field, value)) {
                Ok(Value::Null) if field.ty == FieldType::Boolean => one.row.values[index] = Value::Bool(false),
                Ok(value) => one.row.values[index] = value,
                Err(e) => wrong.push(e),
            }
            if !one.changed.contains(&index) {
                one.changed.push(index);
            }
        }
        wrong.end()?;
        places::sync(object, one.old.as_ref(), &mut one.row, &mut one.changed, false)?;
        if let Some(old) = &one.old {
            one.changed.retain(|i| one.row.values[*i] != old.values[*i]);
        }
        record_types::take(object, &mut one.row, &one.changed)?;
        Ok(())
    }

    fn finish(&self, tx: &mut dyn Tx, record: &Incoming, one: &mut Staged) -> Result<Saved, Failure> {
        let save = self.save;
        let object = &*save.change.object;
        let insert = one.old.is_none();
        prepare::required(object, &one.row, &one.changed, insert)?;
        if !insert {
            return save.finish_update(tx, record, one);
        }
        references::check(tx, save.org, save.catalog, object, &one.row, &one.changed)?;
        save.finish_insert(tx, record, one)
    }

    /// Runs the triggers behind the write.
    fn after(
        &self,
        tx: &mut dyn Tx,
        session: &mut Session,
        event: TriggerEvent,
        new: bool,
        rows: &[Option<Staged>],
        outcomes: &mut [Result<Saved, Failure>],
    ) -> Result<(), Failure> {
        if !self.triggers.fires(event) {
            return Ok(());
        }
        let object = &*self.save.change.object;
        let mut places = Vec::new();
        let (mut shown, mut old) = (Vec::new(), Vec::new());
        for (at, one) in rows.iter().enumerate() {
            let Some(one) = one.as_ref().filter(|one| outcomes[at].is_ok() && one.old.is_none() == new) else { continue };
            places.push(at);
            shown.push(whole(object, &one.row, &|_, _| false));
            old.extend(one.old.as_ref().map(|old| whole(object, old, &|_, _| false)));
        }
        let fired = self.triggers.fire(tx, session, event, shown, &old)?;
        for (at, fired) in places.into_iter().zip(fired) {
            if !fired.errors.is_empty() {
                outcomes[at] = Err(fired.errors.into());
            }
        }
        Ok(())
    }
}

/// What the platform gives a new record only when it is written.
fn given_last(field: &Field) -> bool {
    const LAST: [&str; 6] = ["Id", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"];
    LAST.contains(&field.name.as_str()) || field.auto_number.is_some() || field.is_auto_number
}

/// Deletes or undeletes records of one object, with the triggers around it: those of the first event, where there are such, ahead of
/// the act and those of the second behind it. They see the rows that are there; where there is none, the act itself refuses it.
#[allow(clippy::too_many_arguments, reason = "an act with all that surrounds it")]
pub(super) fn around(
    triggers: &Triggers<'_>,
    object: &Object,
    tx: &mut dyn Tx,
    session: &mut Session,
    ids: &[Id],
    events: (Option<TriggerEvent>, TriggerEvent),
    org: &crate::Org,
    act: &mut Act<'_>,
) -> Result<Outcomes, Failure> {
    let mut refused: Vec<Option<Failure>> = ids.iter().map(|_| None).collect();
    let read = |tx: &mut dyn Tx, id: Id, deleted: bool| -> Result<Option<Record>, Failure> {
        let row: Option<Row> = match record::by_id_to_change(tx, org, object, id) {
            Ok(row) => row,
            Err(failure) => return own(failure).map(|_| None),
        };
        Ok(row.filter(|row| row.is_deleted(object) == deleted).map(|row| whole(object, &row, &|_, _| false)))
    };
    let looks = events.0.is_some_and(|event| triggers.fires(event) || triggers.fires(events.1));
    let mut before: Vec<Option<Record>> = Vec::with_capacity(ids.len());
    for id in ids {
        before.push(if looks { read(tx, *id, false)? } else { None });
    }
    let told = |fired: Vec<Fired>, places: Vec<usize>| places.into_iter().zip(fired).filter(|(_, fired)| !fired.errors.is_empty());
    if let Some(event) = events.0.filter(|event| triggers.fires(*event)) {
        let (places, old): (Vec<usize>, Vec<Record>) = before.iter().enumerate().filter_map(|(at, r)| Some((at, r.clone()?))).unzip();
        let fired = triggers.fire(tx, session, event, Vec::new(), &old)?;
        for (at, fired) in told(fired, places) {
            refused[at] = Some(fired.errors.into());
        }
    }
    let mut outcomes: Outcomes = Vec::with_capacity(ids.len());
    for (id, refused) in ids.iter().zip(refused) {
        outcomes.push(match refused {
            Some(failure) => Err(failure),
            None => match tx.nested(|tx| act(tx, session, *id)) {
                Ok(saved) => Ok(saved),
                Err(failure) => Err(own(failure)?),
            },
        });
    }
    let event = events.1;
    if !triggers.fires(event) {
        return Ok(outcomes);
    }
    let is_delete = event == TriggerEvent::AfterDelete;
    let (mut places, mut shown) = (Vec::new(), Vec::new());
    for (at, id) in ids.iter().enumerate().filter(|(at, _)| outcomes[*at].is_ok()) {
        let record = if is_delete { before[at].take() } else { read(tx, *id, false)? };
        if let Some(record) = record {
            places.push(at);
            shown.push(record);
        }
    }
    let fired = match is_delete {
        true => triggers.fire(tx, session, event, Vec::new(), &shown)?,
        false => triggers.fire(tx, session, event, shown, &[])?,
    };
    for (at, fired) in told(fired, places) {
        outcomes[at] = Err(fired.errors.into());
    }
    Ok(outcomes)
}

/// The triggers of the object of an id, with the object.
pub(super) fn of<'a>(identity: &'a Identity, catalog: &'a Catalog, id: Id) -> Option<(&'a Arc<Object>, Triggers<'a>)> {
    catalog.apex()?;
    let object = catalog.object_of(id)?;
    Some((object, Triggers::of(identity, catalog, object)?))
}
