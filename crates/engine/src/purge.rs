//! The end of the recycle bin: what was deleted fifteen days ago goes for good, in small steps that no request waits for.

use crate::metadata::{note, noted};
use crate::{Failure, Org, Server, matching, record};
use orglet_base::{DateTime, Id, OwnedCell, Param, Statement};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, Field, Object};
use orglet_store::{StoreError, Tx};
use parking_lot::Mutex;
use std::collections::HashSet;

/// How long the platform keeps deleted records ("records in the Recycle Bin … for 15 days", vendor's help; getDeleted looks as far back).
const KEPT_MS: i64 = 15 * 86_400_000;
/// How much later than the last time it is looked for more, by the org's clock.
const EVERY_MS: i64 = 3_600_000;
/// Rows that one step takes away.
const PIECE: usize = 100;
/// In `_meta`: until when what was deleted is gone.
const NOTE: &str = "purged";

/// How far an org's bin is cleared.
#[derive(Debug, Default)]
pub(crate) struct Purge(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What was deleted before is gone.
    done: Option<DateTime>,
    round: Option<Round>,
}

/// A walk over all tables.
#[derive(Debug)]
struct Round {
    /// What was deleted from here on, and before the next, goes.
    from: DateTime,
    before: DateTime,
    /// Names of the objects that are yet to be looked at, and from when on the last of them.
    objects: Vec<String>,
    at: DateTime,
}

impl Purge {
    /// Begins anew: the content is another.
    pub(crate) fn forget(&self) {
        *self.0.lock() = State::default();
    }
}

/// Notes of a new org that nothing was deleted in it before now.
pub(crate) fn begin(tx: &mut dyn Tx, now: DateTime) -> Result<(), Failure> {
    note(tx, NOTE, now.to_canonical())
}

impl Server {
    /// Takes a step of clearing the recycle bins of the orgs that are open; whether there is more to do now. To be called every
    /// second or so.
    pub fn purge_bins(&self) -> bool {
        let mut more = false;
        for org in self.orgs.all_open().into_iter().chain([self.default_org()]) {
            match org.purge_bin() {
                Ok(left) => more |= left,
                // Another save is in its way, or the org is on its way elsewhere.
                Err(failure) if failure.is_stale() || failure.is_moved() || matches!(failure, Failure::Store(StoreError::Locked)) => {}
                Err(failure) => tracing::warn!(org = %org.id, %failure, "the recycle bin could not be cleared"),
            }
        }
        more
    }
}

impl Org {
    fn purge_bin(&self) -> Result<bool, Failure> {
        let Some(mut state) = self.purge.0.try_lock() else { return Ok(false) };
        let before = DateTime(self.now().0 - KEPT_MS);
        if state.round.is_none() {
            if state.done.is_some_and(|done| before.0 < done.0 + EVERY_MS) {
                return Ok(false);
            }
            let noted = self.read(|tx| noted(tx, NOTE))?;
            let from = noted.and_then(|text| DateTime::parse(&text)).unwrap_or(DateTime(0));
            if before.0 < from.0 + EVERY_MS {
                state.done = Some(from);
                return Ok(false);
            }
            let catalog = self.catalog();
            let objects = catalog.objects().into_iter().filter(|object| bin_of(object).is_some() && self.has_rows(object));
            state.round = Some(Round { from, before, objects: objects.map(|object| object.name.clone()).collect(), at: from });
        }
        let Some(round) = &mut state.round else { return Ok(false) };
        let catalog = self.catalog();
        if let Some(name) = round.objects.last() {
            // It may have gone meanwhile, with its rows.
            let found = catalog.object(name).and_then(|object| Some((object, bin_of(object)?)));
            let last = found.map_or(Ok(None), |(object, stamp)| self.purge_piece(&catalog, object, stamp, round))?;
            match last {
                Some(last) => round.at = last,
                None => {
                    round.objects.pop();
                    round.at = round.from;
                }
            }
            return Ok(true);
        }
        let done = round.before;
        self.transact_briefly(|tx| note(tx, NOTE, done.to_canonical()))?;
        *state = State { done: Some(done), round: None };
        Ok(false)
    }

    /// Takes a few of an object's rows away; answers when the last of them was deleted, nothing where there is none left.
    fn purge_piece(&self, catalog: &Catalog, object: &Object, stamp: &Field, round: &Round) -> Result<Option<DateTime>, Failure> {
        let cell = |at: DateTime| OwnedCell::Text(at.to_canonical());
        let found =
            sql::select_in_window(object, stamp, (cell(round.at), cell(round.before)), Some(true), Some(PIECE), self.store.dialect());
        let mut rows: Vec<(Id, DateTime)> = Vec::with_capacity(PIECE);
        self.read(|tx| {
            rows.clear();
            tx.query(&found, &mut |row| {
                if let (Some(Ok(id)), Some(Some(at))) = (row.cell(0).text().map(Id::parse), row.cell(1).text().map(DateTime::parse)) {
                    rows.push((id, at));
                }
                true
            })?;
            Ok(())
        })?;
        let Some((_, last)) = rows.last().copied() else { return Ok(None) };
        let ids: Vec<Id> = rows.iter().map(|(id, _)| *id).collect();
        self.transact_briefly(|tx| {
            self.still(tx, catalog)?;
            let mut keyed = matching::key_fields(object);
            let rows = match keyed.is_empty() {
                true => Vec::new(),
                false => {
                    keyed.insert("Id");
                    record::some(tx, self, object, &ids, &keyed.into_iter().collect::<Vec<_>>())?
                }
            };
            tx.execute(&sql::purge_deleted(object, &texts(&ids), (stamp, cell(round.before)), self.store.dialect()))?;
            // One that was brought back meanwhile stays.
            let left = record::some(tx, self, object, &ids, &["Id"])?;
            let left: HashSet<Id> = left.iter().filter_map(|row| row.get(object, "Id").as_id()).collect();
            let gone: Vec<Id> = ids.iter().filter(|id| !left.contains(id)).copied().collect();
            let keyed = rows.into_iter().filter(|row| row.get(object, "Id").as_id().is_some_and(|id| !left.contains(&id)));
            matching::forget(tx, object, &keyed.collect::<Vec<_>>())?;
            forget(tx, &gone)
        })?;
        Ok(Some(last))
    }
}

/// The field that says when a row of an object was deleted; none where rows have no bin.
fn bin_of(object: &Object) -> Option<&Field> {
    object.field("SystemModstamp").filter(|_| object.has_table() && object.field("IsDeleted").is_some())
}

/// Takes off what the bin notes of rows that are gone.
fn forget(tx: &mut dyn Tx, gone: &[Id]) -> Result<(), Failure> {
    if gone.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = (1..=gone.len()).map(|n| format!("?{n}")).collect();
    for column in ["id", "root"] {
        let params: Vec<Param> = gone.iter().map(|id| id.to_string().into()).collect();
        tx.execute(&Statement::new(format!("DELETE FROM \"_bin\" WHERE {column} IN ({})", places.join(", ")), params))?;
    }
    Ok(())
}

fn texts(ids: &[Id]) -> Vec<String> {
    ids.iter().map(Id::to_string).collect()
}
