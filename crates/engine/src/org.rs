//! An org: its database, its catalog, its ids and its clock.

use crate::ids::Allocator;
use crate::limits::Usage;
use crate::record::{self, Row};
use crate::{Clock, Failure, metadata};
use orglet_base::{DateTime, Id, KeyPrefix, fold_name};
use orglet_plan::ddl;
use orglet_schema::{Catalog, Object};
use orglet_store::{Store, StoreError, Tx};
use parking_lot::{Mutex, RwLock};
use std::collections::HashSet;
use std::sync::Arc;

/// Tables that one operation may have to make before it can run; a plan reads far fewer.
const MOST_NEW_TABLES: usize = 128;

/// An org.
pub struct Org {
    /// Its id (`00D…`).
    pub id: Id,
    pub(crate) store: Arc<dyn Store>,
    catalog: RwLock<Arc<Catalog>>,
    /// Folded names of the tables known to be there.
    tables: RwLock<HashSet<String>>,
    /// Held while metadata changes, so that two changes never build on the same catalog.
    pub(crate) changing: Mutex<()>,
    allocator: Allocator,
    pub(crate) clock: Clock,
    /// API requests counted.
    pub usage: Usage,
    pub(crate) users: RwLock<crate::auth::Users>,
}

impl Org {
    /// Opens an org over its database, whose own tables are made when they are missing.
    pub(crate) fn open(id: Id, store: Arc<dyn Store>, clock: Clock, id_seed: u64) -> Result<Self, Failure> {
        store.define(&crate::system::org_tables(store.dialect()))?;
        let catalog = metadata::load(&*store, clock.now())?;
        let tables = existing_tables(&*store)?;
        Ok(Self {
            id,
            store,
            catalog: RwLock::new(Arc::new(catalog)),
            tables: RwLock::new(tables),
            changing: Mutex::new(()),
            allocator: Allocator::new(id_seed),
            clock,
            usage: Usage::default(),
            users: RwLock::default(),
        })
    }

    /// The schema as it stands now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.read().clone()
    }

    pub(crate) fn set_catalog(&self, catalog: Catalog) {
        *self.catalog.write() = Arc::new(catalog);
    }

    /// The time.
    pub fn now(&self) -> DateTime {
        self.clock.now()
    }

    /// `count` new ids with a key prefix.
    pub(crate) fn new_ids(&self, prefix: KeyPrefix, count: usize) -> Result<Vec<Id>, Failure> {
        self.allocator.take(&*self.store, prefix, count)
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

    /// Makes an object's table when it is not there yet, in a commit of its own.
    pub(crate) fn ensure_table(&self, object: &Object) -> Result<(), Failure> {
        let key = fold_name(&object.name);
        if self.tables.read().contains(key.as_ref()) {
            return Ok(());
        }
        self.store.define(&ddl::create_table(object, self.store.dialect()))?;
        self.tables.write().insert(key.into_owned());
        Ok(())
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
        self.with_tables(|| self.store.read_with(&mut work))
    }

    /// Runs a transaction; see [`Org::read`] about tables.
    pub(crate) fn transact<T>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, Failure>) -> Result<T, Failure> {
        self.with_tables(|| self.store.transact_with(&mut work))
    }

    fn with_tables<T>(&self, mut run: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
        for _ in 0..MOST_NEW_TABLES {
            match run() {
                Err(Failure::Store(StoreError::NoTable(name))) => {
                    let catalog = self.catalog();
                    let Some(object) = catalog.object(&name).filter(|o| o.has_table()) else {
                        return Err(StoreError::NoTable(name).into());
                    };
                    self.forget_table(&name);
                    self.ensure_table(object)?;
                }
                done => return done,
            }
        }
        Err(StoreError::Other("too many tables are missing".into()).into())
    }
}

/// Folded names of the tables that a database has.
fn existing_tables(store: &dyn Store) -> Result<HashSet<String>, Failure> {
    store.read_with(|tx| {
        let rows = tx
            .all(&crate::system::own("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'", vec![]))?;
        Ok(rows.iter().map(|row| fold_name(crate::system::text(&row[0])).into_owned()).collect())
    })
}
