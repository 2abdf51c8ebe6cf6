//! An org: its database, its catalog, its ids and its clock.

use crate::admission::Running;
use crate::ids::Allocator;
use crate::limits::Usage;
use crate::orgs::Usernames;
use crate::record::{self, Row};
use crate::settings::{self, Settings};
use crate::shared::{Stamped, Stamps};
use crate::storage::StorageUse;
use crate::{Clock, Failure, metadata};
use orglet_base::{ApiError, DateTime, ErrorCode, Id, KeyPrefix, Statement, fold_name};
use orglet_plan::ddl;
use orglet_schema::{Catalog, Object};
use orglet_store::{Sink, Store, StoreError, Tx};
use parking_lot::{Mutex, RwLock};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tables that one operation may have to make before it can run; a plan reads far fewer.
const MOST_NEW_TABLES: usize = 128;
/// How often an operation begins again because metadata changed under it.
const MOST_RETRIES: usize = 8;

/// An org.
pub struct Org {
    /// Its id (`00D…`).
    pub id: Id,
    pub(crate) store: Arc<dyn Store>,
    catalog: RwLock<Arc<Catalog>>,
    /// The catalog of the Tooling API, as it was last built.
    tooling: RwLock<Option<Arc<Catalog>>>,
    /// Folded names of the tables known to be there.
    tables: RwLock<HashSet<String>>,
    /// Held while metadata changes and while a table is made, so that each builds on the catalog as it is. Nobody takes
    /// it inside a transaction, and whoever holds it may begin one.
    pub(crate) changing: Mutex<()>,
    allocator: Allocator,
    pub(crate) clock: Clock,
    /// API requests counted.
    pub usage: Arc<Usage>,
    /// What was chosen for the org.
    pub settings: Settings,
    /// Requests and saves that run, as far as they are watched.
    pub(crate) requests: Arc<Running>,
    pub(crate) saves: Arc<Running>,
    /// How much of its storage is in use.
    pub(crate) storage: StorageUse,
    /// Held while login names change.
    pub(crate) naming: Mutex<()>,
    /// The server's list of login names; none for what is no org to log in to.
    pub(crate) usernames: Option<Arc<Usernames>>,
    pub(crate) users: RwLock<crate::auth::Users>,
    pub(crate) readings: RwLock<crate::record::Readings>,
    /// The validation rules of objects that were saved.
    pub(crate) rules: RwLock<crate::formula::rules::Read>,
    /// The flows that were run.
    pub(crate) flows: RwLock<crate::flow::Read>,
    /// The classes and triggers, compiled.
    pub(crate) apex: crate::apex::Kept,
    pub(crate) plans: crate::query::Plans,
    /// What users looked at since that was last written.
    pub(crate) views: Arc<crate::views::Views>,
    /// What is written of that, as far as it was read.
    pub(crate) lists: crate::views::Lists,
    /// How far its recycle bin is cleared.
    pub(crate) purge: crate::purge::Purge,
    /// As of which stamps all this is, where other processes may change it.
    pub(crate) stamps: RwLock<Stamps>,
    /// Whether the database is not there any more: it was moved, or taken away.
    moved: AtomicBool,
}

impl Org {
    /// Opens an org over its database, which is in the format of now.
    pub(crate) fn open(
        id: Id,
        store: Arc<dyn Store>,
        clock: Clock,
        id_seed: u64,
        usernames: Option<Arc<Usernames>>,
        usage: Arc<Usage>,
    ) -> Result<Self, Failure> {
        let Contents { catalog, tables, settings, stamps } = contents(&*store, clock.now())?;
        Ok(Self {
            id,
            store,
            catalog: RwLock::new(Arc::new(catalog)),
            tooling: RwLock::default(),
            tables: RwLock::new(tables),
            changing: Mutex::new(()),
            allocator: Allocator::new(id_seed),
            clock,
            usage,
            settings: Settings::of(settings),
            requests: Arc::default(),
            saves: Arc::default(),
            storage: StorageUse::default(),
            naming: Mutex::new(()),
            usernames,
            users: RwLock::default(),
            readings: RwLock::default(),
            rules: RwLock::default(),
            flows: RwLock::default(),
            apex: crate::apex::Kept::default(),
            plans: crate::query::Plans::default(),
            views: Arc::default(),
            lists: crate::views::Lists::default(),
            purge: crate::purge::Purge::default(),
            stamps: RwLock::new(stamps),
            moved: AtomicBool::new(false),
        })
    }

    /// Reads again what is known of the database, whose content was replaced, here or elsewhere, or changed elsewhere. The
    /// caller holds [`Org::changing`].
    pub(crate) fn reload(&self, replaced: bool) -> Result<(), Failure> {
        let Contents { catalog, tables, settings, stamps } = contents(&*self.store, self.clock.now())?;
        *self.tables.write() = tables;
        self.users.write().clear();
        self.settings.take(settings);
        if replaced || stamps.content != self.stamps.read().content {
            self.views.forget();
            self.lists.forget();
            self.storage.forget();
            self.purge.forget();
            // What was counted out of the content before may be in use in the new one.
            self.allocator.forget();
        }
        // Whoever holds the catalog of this version may go on with it.
        if self.catalog().version() != catalog.version() {
            self.set_catalog(catalog);
        }
        *self.stamps.write() = stamps;
        Ok(())
    }

    /// The schema as it stands now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.read().clone()
    }

    pub(crate) fn set_catalog(&self, catalog: Catalog) {
        *self.catalog.write() = Arc::new(catalog);
    }

    /// The catalog of the Tooling API: the same for every version of the org's own.
    pub(crate) fn tooling_catalog(&self) -> Arc<Catalog> {
        let catalog = self.catalog();
        if let Some(known) = self.tooling.read().as_ref().filter(|known| known.version() == catalog.version()) {
            return known.clone();
        }
        let built = Arc::new(metadata::tooling_over(&catalog));
        *self.tooling.write() = Some(built.clone());
        built
    }

    /// The time.
    pub fn now(&self) -> DateTime {
        self.clock.now()
    }

    /// `count` new ids with a key prefix.
    pub(crate) fn new_ids(&self, prefix: KeyPrefix, count: usize) -> Result<Vec<Id>, Failure> {
        self.allocator.take(&*self.store, prefix, count).map_err(|e| ran_too_long(self.told(e)))
    }

    /// The org's own record, of the object `Organization`.
    pub fn organization(&self) -> Result<Option<Row>, Failure> {
        let catalog = self.catalog();
        let Some(object) = catalog.object("Organization") else { return Ok(None) };
        self.read(|tx| record::by_id(tx, self, object, self.id))
    }

    /// One new id for a row that a transaction in hand writes by itself.
    pub(crate) fn new_id_within(&self, tx: &mut dyn Tx, prefix: KeyPrefix) -> Result<Id, Failure> {
        self.allocator.take_within(tx, prefix)
    }

    /// Makes an object's table when it is not there yet, in a commit of its own. Fails with [`StoreError::Schema`] when
    /// the object is gone from the catalog.
    pub(crate) fn ensure_table(&self, object: &Object) -> Result<(), Failure> {
        if self.has_rows(object) { Ok(()) } else { self.make_table(&object.name) }
    }

    /// Makes the tables of objects that lack one, all in one commit: a new org needs a good number of them at once.
    pub(crate) fn ensure_tables<'a>(&self, objects: impl IntoIterator<Item = &'a Object>) -> Result<(), Failure> {
        let names: Vec<&str> = objects.into_iter().filter(|o| !self.has_rows(o)).map(|o| o.name.as_str()).collect();
        if names.is_empty() { Ok(()) } else { self.make_tables(&names) }
    }

    /// Makes the table of the object that has this name now.
    fn make_table(&self, name: &str) -> Result<(), Failure> {
        self.make_tables(&[name])
    }

    /// Makes the tables of the objects that have these names now, which may be others than the caller knows.
    fn make_tables(&self, names: &[&str]) -> Result<(), Failure> {
        let _as_it_is = self.changing.lock();
        self.here()?;
        let catalog = self.catalog();
        let mut statements = Vec::new();
        for name in names {
            let Some(object) = catalog.object(name) else {
                return Err(StoreError::Schema(format!("{name} is gone")).into());
            };
            if !object.has_table() {
                return Err(StoreError::NoTable((*name).to_owned()).into());
            }
            statements.extend(ddl::create_table(object, self.store.dialect()));
        }
        let stamps = self.store.transact_alone_with(|tx| {
            if self.is_shared() {
                self.still(tx, &catalog)?;
            }
            for statement in &statements {
                tx.execute(statement)?;
            }
            self.stamp(tx, Stamped::Tables)
        })?;
        self.stamped(stamps);
        self.tables.write().extend(names.iter().map(|name| fold_name(name).into_owned()));
        Ok(())
    }

    /// Runs what reads the catalog and then the database; again, with the new catalog, when metadata changed in between.
    pub(crate) fn on_current<T>(&self, mut run: impl FnMut(&Arc<Catalog>) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut catalog = self.catalog();
        for _ in 0..MOST_RETRIES {
            let done = run(&catalog);
            if !matches!(done, Err(Failure::Store(StoreError::Schema(_)))) {
                return done;
            }
            // A change in the making is in the catalog once it lets go.
            drop(self.changing.lock());
            // Another thread may have caught up meanwhile: then there is nothing left to see, and much to gain.
            let changed = self.keep_up()? || self.is_shared();
            let now = self.catalog();
            if now.version() == catalog.version() && !changed {
                return done;
            }
            catalog = now;
        }
        run(&catalog)
    }

    /// Fails with [`StoreError::Schema`] when metadata changed since a catalog: asked first in a transaction that writes
    /// what was prepared with it, for [`Org::on_current`] to begin again.
    pub(crate) fn still(&self, tx: &mut dyn Tx, catalog: &Catalog) -> Result<(), Failure> {
        if self.is_shared() {
            return self.still_at(tx, catalog);
        }
        let version = metadata::version_within(tx)?;
        if version == Some(catalog.version()) {
            return Ok(());
        }
        Err(StoreError::Schema(format!("the catalog's version is {version:?}, no longer {}", catalog.version())).into())
    }

    /// Whether an object has a table: without one it has no rows.
    pub(crate) fn has_rows(&self, object: &Object) -> bool {
        self.tables.read().contains(fold_name(&object.name).as_ref())
    }

    pub(crate) fn forget_table(&self, object: &str) {
        self.tables.write().remove(fold_name(object).as_ref());
    }

    /// Runs reads on one snapshot. A table that is not there yet is made: it reads as empty.
    pub fn read<T>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
        self.with_tables(|| self.store.read_with(&mut work)).map_err(|e| match e {
            // limits-010
            Failure::Store(StoreError::Interrupted) => {
                ApiError::new(ErrorCode::QueryTimeout, "Your query request was running for too long.").into()
            }
            other => other,
        })
    }

    /// Reads the few rows that a statement finds by a key; see [`Org::read`] about tables.
    pub(crate) fn point(&self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), Failure> {
        self.with_tables(|| Ok(self.store.point(statement, sink)?))
    }

    /// Runs a transaction; see [`Org::read`] about tables.
    pub(crate) fn transact<T>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
        self.with_tables(|| {
            self.store.transact_with(|tx| {
                self.here()?;
                work(tx)
            })
        })
        .map_err(ran_too_long)
    }

    /// Whether the database is not there any more.
    pub(crate) fn is_moved(&self) -> bool {
        self.moved.load(Ordering::Acquire)
    }

    pub(crate) fn set_moved(&self, moved: bool) {
        self.moved.store(moved, Ordering::Release);
    }

    /// Fails where the database is not there any more. Asked first in a transaction: what is written to a database that
    /// was moved is lost.
    pub(crate) fn here(&self) -> Result<(), Failure> {
        if self.is_moved() { Err(StoreError::Moved.into()) } else { Ok(()) }
    }

    /// As [`Org::transact`], for changes that nothing in memory follows from: see [`Store::transact_shared`].
    pub(crate) fn transact_shared<T>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
        self.with_tables(|| {
            self.store.transact_shared_with(|tx| {
                self.here()?;
                work(tx)
            })
        })
        .map_err(ran_too_long)
    }

    /// As [`Org::transact`], for what can be done another time: see [`Store::transact_briefly`].
    pub(crate) fn transact_briefly<T>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
        self.with_tables(|| {
            self.store.transact_briefly_with(|tx| {
                self.here()?;
                work(tx)
            })
        })
    }

    /// Notes that the database is not there any more.
    pub(crate) fn lost(&self) -> Failure {
        self.set_moved(true);
        StoreError::Moved.into()
    }

    /// A failure as what it is where the database is not there any more. One of which nobody knows what became of its
    /// changes stays that.
    pub(crate) fn told(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Store(StoreError::Unknown(_)) => failure,
            // The engine's own tables are there as long as the database is.
            Failure::Store(StoreError::NoTable(ref name)) if name.starts_with('_') => self.lost(),
            Failure::Store(StoreError::Moved) => self.lost(),
            Failure::Store(_) if self.is_moved() => StoreError::Moved.into(),
            other => other,
        }
    }

    pub(crate) fn with_tables<T>(&self, mut run: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        for _ in 0..MOST_NEW_TABLES {
            match run() {
                Err(Failure::Store(StoreError::NoTable(name))) if !name.starts_with('_') && !self.is_moved() => {
                    self.forget_table(&name);
                    self.make_table(&name).map_err(|e| self.told(e))?;
                }
                done => return done.map_err(|e| self.told(e)),
            }
        }
        Err(StoreError::Other("too many tables are missing".into()).into())
    }
}

/// A transaction that was stopped as what clients are told of it (limits-014).
fn ran_too_long(failure: Failure) -> Failure {
    match failure {
        Failure::Store(StoreError::Interrupted) => {
            ApiError::new(ErrorCode::RequestRunningTooLong, "Your request was running for too long, and has been stopped.").into()
        }
        other => other,
    }
}

/// What an org holds in memory of its database.
struct Contents {
    catalog: Catalog,
    tables: HashSet<String>,
    settings: settings::Kept,
    stamps: Stamps,
}

/// Reads what an org holds in memory. The stamps are read first: what changes after that is seen by the next look.
fn contents(store: &dyn Store, now: DateTime) -> Result<Contents, Failure> {
    let stamps = if store.is_shared() { Stamps::of(store).or_else(none_yet)? } else { Stamps::default() };
    let catalog = metadata::load(store, now)?;
    Ok(Contents { catalog, tables: tables_of(store)?, settings: settings::Kept::read(store)?, stamps })
}

/// A new database has no stamps.
fn none_yet(e: Failure) -> Result<Stamps, Failure> {
    if matches!(e, Failure::Store(StoreError::NoTable(_))) { Ok(Stamps::default()) } else { Err(e) }
}

/// Folded names of the tables that are there.
fn tables_of(store: &dyn Store) -> Result<HashSet<String>, Failure> {
    Ok(store.tables()?.iter().map(|name| fold_name(name).into_owned()).collect())
}
