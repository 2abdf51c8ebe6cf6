//! How much of its data and file storage an org uses: rows at a flat size each, as the platform counts them, and the bytes
//! of files. What is in the recycle bin does not count.
//!
//! The rows are counted once when somebody asks; from then on each save adds what it made and takes off what it deleted.
//! Where other processes save to the same org, or commits may have failed unseen, the count is made again after a while:
//! by the server's tick for saves, none of which waits for it.

use crate::record::Row;
use crate::settings::Setting;
use crate::system::int;
use crate::{Failure, Org, Server, record};
use orglet_base::{ApiError, ErrorCode, Id, Statement, Value};
use orglet_plan::write as sql;
use orglet_schema::{Catalog, Object, Storage};
use orglet_store::Tx;
use parking_lot::Mutex;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bytes of most records, however long their texts are.
const RECORD: i64 = 2048;
/// The standard objects whose records count, with the bytes of each ("Salesforce record size overview" and "Data and File
/// Storage Allocations" of the vendor's help). Line items, price books, team members and setup don't.
const COUNTED: &[(&str, i64)] = &[
    ("Account", RECORD),
    ("Campaign", 4 * RECORD),
    ("CampaignMember", RECORD / 2),
    ("Case", RECORD),
    ("Contact", RECORD),
    ("Contract", RECORD),
    ("EmailMessage", RECORD),
    ("Event", RECORD),
    ("Idea", RECORD),
    ("Lead", RECORD),
    ("ListEmail", RECORD),
    ("Note", RECORD),
    ("Opportunity", RECORD),
    ("Order", RECORD),
    ("Quote", RECORD),
    ("SocialPersona", RECORD),
    ("SocialPost", RECORD),
    ("Solution", RECORD),
    ("Task", RECORD),
];
/// The objects whose records are files, with the field that says how long each is.
const FILES: &[(&str, &str)] = &[("Attachment", "BodyLength"), ("ContentVersion", "ContentSize"), ("Document", "BodyLength")];

/// After how long the rows of a database that other processes write to are counted again: while their number decides
/// what is refused, and while it is only shown.
const SHARED_BITES: Duration = Duration::from_secs(10);
const SHARED_SHOWN: Duration = Duration::from_secs(60);
/// The same for a database that one process has for itself.
const OWN: Duration = Duration::from_secs(3600);

/// How often rows are counted at once where saves ran beside that.
const MOST_COUNTS: usize = 2;

/// A megabyte of the storage figures.
pub const MEGABYTE: i64 = 1 << 20;
/// Megabytes of a Developer Edition, which are shown where no limit is chosen.
const DATA_MB: i64 = 5;
const FILE_MB: i64 = 20;

/// Bytes that a record of an object takes of the data storage.
fn size_of(object: &Object) -> i64 {
    if object.custom {
        // Custom settings have an allocation of their own.
        return if object.storage == Storage::Stored && !object.flags.custom_setting { RECORD } else { 0 };
    }
    COUNTED.binary_search_by_key(&object.name.as_str(), |(name, _)| name).map_or(0, |at| COUNTED[at].1)
}

/// The field that says how many bytes of the file storage a record takes.
fn length_of(object: &Object) -> Option<&'static str> {
    FILES.iter().find(|(name, _)| *name == object.name).map(|(_, field)| *field)
}

/// A whole number; 0 for anything else.
fn whole(value: &Value) -> i64 {
    match value {
        Value::Int(n) => *n,
        _ => 0,
    }
}

/// What is in use, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct StorageUse {
    data: AtomicI64,
    files: AtomicI64,
    /// When the rows were last counted.
    counted: Mutex<Option<Instant>>,
    /// Whether they were, since their content was replaced.
    known: AtomicBool,
    /// Whether the rows are others since.
    stale: AtomicBool,
    /// Whether a save has gone by the figures since.
    relied_on: AtomicBool,
    saves: Arc<Saves>,
}

/// Counts saves, for it to be seen whether one ran beside something.
#[derive(Debug, Default)]
struct Saves {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Saves {
    fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Running(self.clone())
    }

    /// How many have begun, where none runs.
    fn at_rest(&self) -> Option<u64> {
        // In this order: one that ends in between must not hide one that begins.
        let ended = self.ended.load(Ordering::SeqCst);
        Some(self.begun.load(Ordering::SeqCst)).filter(|begun| *begun == ended)
    }
}

/// A save that runs, until dropped.
#[derive(Debug)]
struct Running(Arc<Saves>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// Storage of an org: megabytes there are, and bytes in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageFigure {
    /// Megabytes that there are.
    pub max: i64,
    /// Bytes in use.
    pub used: i64,
}

impl StorageFigure {
    /// Whole megabytes that are left.
    pub fn remaining(self) -> i64 {
        (self.max - self.used / MEGABYTE).max(0)
    }
}

impl StorageUse {
    /// Has the rows counted again before the next answer.
    pub(crate) fn forget(&self) {
        // Not by the lock, which is held while rows are read: the caller may hold what that reading waits for.
        self.stale.store(true, Ordering::SeqCst);
    }

    fn add(&self, grown: &Growth) {
        self.data.fetch_add(grown.data.get(), Ordering::Relaxed);
        self.files.fetch_add(grown.files.get(), Ordering::Relaxed);
    }

    fn loaded(&self) -> (i64, i64) {
        (self.data.load(Ordering::Relaxed), self.files.load(Ordering::Relaxed))
    }

    /// Bytes in use as last known, data and files, for a save: rows are counted for it only where they never were.
    fn last(&self, org: &Org) -> Result<(i64, i64), Failure> {
        self.relied_on.store(true, Ordering::Relaxed);
        if !self.stale.load(Ordering::SeqCst) && self.known.load(Ordering::SeqCst) { Ok(self.loaded()) } else { self.bytes(org) }
    }

    /// Bytes in use, data and files.
    fn bytes(&self, org: &Org) -> Result<(i64, i64), Failure> {
        let decides = org.settings.number(Setting::DataStorageMb).or(org.settings.number(Setting::FileStorageMb)).is_some();
        let good_for = match org.is_shared() {
            true if decides => SHARED_BITES,
            true => SHARED_SHOWN,
            false => OWN,
        };
        // Whoever comes meanwhile waits: they would count the same.
        let mut counted = self.counted.lock();
        let stale = self.stale.load(Ordering::SeqCst);
        if stale {
            // In this order, so that no save takes the old figures for good.
            self.known.store(false, Ordering::SeqCst);
            self.stale.store(false, Ordering::SeqCst);
        }
        if stale || counted.is_none_or(|at| at.elapsed() >= good_for) {
            // Should this fail, the next who asks counts.
            *counted = None;
            self.relied_on.store(false, Ordering::Relaxed);
            for _ in 0..MOST_COUNTS {
                let (at_rest, before) = (self.saves.at_rest(), self.loaded());
                let now = count(org)?;
                // What was saved while rows were counted stays added.
                self.data.fetch_add(now.0 - before.0, Ordering::Relaxed);
                self.files.fetch_add(now.1 - before.1, Ordering::Relaxed);
                // A row of a save that ran meanwhile may be counted and added, or neither.
                if at_rest.is_some() && self.saves.at_rest() == at_rest {
                    break;
                }
            }
            *counted = Some(Instant::now());
            self.known.store(true, Ordering::SeqCst);
        }
        Ok(self.loaded())
    }
}

/// Counts the live rows of all objects that count.
fn count(org: &Org) -> Result<(i64, i64), Failure> {
    let catalog = org.catalog();
    let counted: Vec<_> = catalog.objects().into_iter().filter(|object| size_of(object) > 0).cloned().collect();
    let mut data = 0;
    for (object, rows) in record::counts_of(org, &counted)? {
        data += rows.saturating_mul(catalog.object(&object).map_or(0, |object| size_of(object)));
    }
    let mut files = 0;
    for statement in file_sums(&catalog, org) {
        files += org.read(|tx| Ok(tx.first(&statement)?.map_or(0, |row| int(&row[0]))))?;
    }
    Ok((data, files))
}

fn file_sums(catalog: &Catalog, org: &Org) -> Vec<Statement> {
    let sum = |(object, field): &(&str, &str)| {
        let object = catalog.object(object).filter(|object| object.has_table() && org.has_rows(object))?;
        Some(sql::sum(object, object.field(field)?, None, org.store.dialect()))
    };
    FILES.iter().filter_map(sum).collect()
}

impl Org {
    /// Data and file storage: what there is, and what is in use.
    pub fn storage_figures(&self) -> Result<(StorageFigure, StorageFigure), Failure> {
        let (data, files) = self.storage.bytes(self)?;
        let max = |setting, otherwise| self.settings.number(setting).unwrap_or(otherwise);
        Ok((
            StorageFigure { max: max(Setting::DataStorageMb, DATA_MB), used: data.max(0) },
            StorageFigure { max: max(Setting::FileStorageMb, FILE_MB), used: files.max(0) },
        ))
    }
}

impl Server {
    /// Counts again what saves go by, where that is due. To be called every second or so.
    pub fn keep_storage(&self) {
        for org in self.orgs.all_open().into_iter().chain([self.default_org()]) {
            if org.storage.relied_on.load(Ordering::Relaxed)
                && let Err(failure) = org.storage.bytes(&org)
            {
                tracing::warn!(%failure, "the storage in use could not be counted");
            }
        }
    }
}

/// What a save adds to the storage in use, and how much may be added. A save that is run again begins with a new one.
#[derive(Debug)]
pub(crate) struct Growth {
    data: Cell<i64>,
    files: Cell<i64>,
    /// Bytes that are left; `None` where nothing is refused.
    data_room: Option<i64>,
    files_room: Option<i64>,
    _running: Running,
}

/// How much was added when a record began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(i64, i64);

impl Growth {
    /// For a save to an org. Asked outside of its transaction: rows may have to be counted.
    pub(crate) fn of(org: &Org, object: &Object) -> Result<Self, Failure> {
        let limit = |setting| org.settings.number(setting).map(|mb: i64| mb.saturating_mul(MEGABYTE));
        let limits = (
            limit(Setting::DataStorageMb).filter(|_| size_of(object) > 0),
            limit(Setting::FileStorageMb).filter(|_| length_of(object).is_some()),
        );
        let (data, files) = if limits == (None, None) { (0, 0) } else { org.storage.last(org)? };
        let (data_room, files_room) = (limits.0.map(|limit| limit - data), limits.1.map(|limit| limit - files));
        Ok(Self { data_room, files_room, ..Self::unbounded(org) })
    }

    /// For a save within a transaction that is under way: what has not been counted by then is not.
    pub(crate) fn within(org: &Org, object: &Object) -> Result<Self, Failure> {
        let counted = !org.storage.stale.load(Ordering::SeqCst) && org.storage.known.load(Ordering::SeqCst);
        if counted { Self::of(org, object) } else { Ok(Self::unbounded(org)) }
    }

    /// For a save that nothing is refused to.
    pub(crate) fn unbounded(org: &Org) -> Self {
        let (data, files) = Default::default();
        Self { data, files, data_room: None, files_room: None, _running: org.storage.saves.begin() }
    }

    /// Begins anew.
    pub(crate) fn clear(&self) {
        self.back_to(Mark(0, 0));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.data.get(), self.files.get())
    }

    /// Takes back what was added since, for a record that failed.
    pub(crate) fn back_to(&self, mark: Mark) {
        self.data.set(mark.0);
        self.files.set(mark.1);
    }

    /// A row is written: a new one where `old` is none. Refused where it does not fit (limits-007).
    pub(crate) fn write(&self, object: &Object, old: Option<&Row>, row: &Row) -> Result<(), Failure> {
        let length = |row: &Row| length_of(object).map_or(0, |field| whole(row.get(object, field)));
        let data = if old.is_none() { size_of(object) } else { 0 };
        let files = length(row) - old.map_or(0, length);
        let fits = |more: i64, grown: &Cell<i64>, room: Option<i64>| more <= 0 || room.is_none_or(|room| grown.get() + more <= room);
        if !fits(data, &self.data, self.data_room) || !fits(files, &self.files, self.files_room) {
            return Err(ApiError::new(ErrorCode::StorageLimitExceeded, "storage limit exceeded").with_fields(Vec::<String>::new()).into());
        }
        self.data.set(self.data.get() + data);
        self.files.set(self.files.get() + files);
        Ok(())
    }

    /// Live rows of an object are about to go to the recycle bin, or away.
    pub(crate) fn bin(&self, tx: &mut dyn Tx, org: &Org, object: &Object, ids: &[Id]) -> Result<(), Failure> {
        let rows = i64::try_from(ids.len()).unwrap_or(0);
        self.data.set(self.data.get() - rows * size_of(object));
        if let Some(field) = length_of(object).and_then(|field| object.field(field)) {
            let texts = ids.iter().map(Id::to_string).collect();
            let row = tx.first(&sql::sum(object, field, Some(texts), org.store.dialect()))?;
            self.files.set(self.files.get() - row.map_or(0, |row| int(&row[0])));
        }
        Ok(())
    }

    /// Rows of an object have come back from the recycle bin.
    pub(crate) fn unbin(&self, tx: &mut dyn Tx, org: &Org, object: &Object, ids: &[Id]) -> Result<(), Failure> {
        let before = self.mark();
        self.bin(tx, org, object, ids)?;
        self.back_to(Mark(2 * before.0 - self.data.get(), 2 * before.1 - self.files.get()));
        Ok(())
    }

    /// The save is committed.
    pub(crate) fn done(&self, org: &Org) {
        org.storage.add(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_beside_a_count_is_seen() {
        let saves = Arc::<Saves>::default();
        assert_eq!(saves.at_rest(), Some(0));
        let one = saves.begin();
        let two = saves.begin();
        drop(one);
        assert_eq!(saves.at_rest(), None);
        drop(two);
        assert_eq!(saves.at_rest(), Some(2));
    }

    #[test]
    fn the_counted_objects_are_sorted() {
        assert!(COUNTED.is_sorted_by_key(|(name, _)| *name));
    }
}
