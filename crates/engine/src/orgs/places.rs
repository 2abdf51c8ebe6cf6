//! Where the databases of orgs are: in the home of the server, or in one of the PostgreSQL databases that the server's
//! directory lists. A storage name says which: `org_7` is in the home, `pg1/org_7` in the database `pg1`.

use crate::Failure;
use crate::auth::random_text;
use crate::system::{own, text};
use orglet_base::{Dialect, Statement};
use orglet_store::home::{Carry, Claim, missing};
use orglet_store::{Home, Store, StoreError, Work, postgres};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a server's orgs are, as one home.
pub(crate) struct Places {
    home: Arc<dyn Home>,
    own: Arc<dyn Store>,
    /// The databases that were asked for, by name.
    others: Mutex<HashMap<String, Other>>,
    /// Whether orgs may be in other databases than the home.
    elsewhere: AtomicBool,
}

/// A database with the address that it was opened at.
struct Other {
    address: String,
    home: Arc<dyn Home>,
}

/// The database that a storage name stands for, empty for the server's home, and the name in there.
pub(crate) fn parts(storage: &str) -> (&str, &str) {
    storage.split_once('/').unwrap_or(("", storage))
}

/// The storage name of a new database. Beyond the home, other directories make names, too: theirs must not meet ours.
pub(crate) fn new_storage(database: &str, name: &str) -> Result<String, Failure> {
    match database {
        "" => Ok(name.to_owned()),
        _ => Ok(format!("{database}/{name}_{}", random_text(12)?.to_ascii_lowercase())),
    }
}

impl Places {
    pub(crate) fn new(home: Arc<dyn Home>, own: Arc<dyn Store>) -> Self {
        Self { home, own, others: Mutex::default(), elsewhere: AtomicBool::new(false) }
    }

    /// Notes that orgs may be in other databases.
    pub(crate) fn look_elsewhere(&self) {
        self.elsewhere.store(true, Ordering::Relaxed);
    }

    /// Whether all orgs are in the home.
    pub(crate) fn all_here(&self) -> bool {
        !self.elsewhere.load(Ordering::Relaxed)
    }

    /// The SQL that the database with a storage name speaks.
    pub(crate) fn dialect(&self, storage: &str) -> Dialect {
        if parts(storage).0.is_empty() { self.own.dialect() } else { Dialect::Postgres }
    }

    /// The home of a database by its name.
    fn at(&self, database: &str) -> Result<Arc<dyn Home>, StoreError> {
        if database.is_empty() {
            return Ok(self.home.clone());
        }
        let asked: Statement = own("SELECT address FROM \"_databases\" WHERE name = ?1", vec![database.into()]);
        let row = self.own.read_with::<_, StoreError>(|tx| tx.first(&asked))?;
        let address = row.map(|row| text(&row[0]).to_owned());
        let mut others = self.others.lock();
        let Some(address) = address else {
            others.remove(database);
            return Err(StoreError::Other(format!("the server has no database '{database}'")));
        };
        match others.get(database) {
            // Another server may have given it another address.
            Some(known) if known.address == address => Ok(known.home.clone()),
            _ => {
                let home: Arc<dyn Home> = Arc::new(postgres::Cluster::new(&address)?);
                others.insert(database.to_owned(), Other { address, home: home.clone() });
                Ok(home)
            }
        }
    }

    fn both<'a>(&self, from: &'a str, to: &'a str) -> Result<(Arc<dyn Home>, &'a str, &'a str), StoreError> {
        let ((database, from), (other, to)) = (parts(from), parts(to));
        if database != other {
            return Err(StoreError::Other(format!("{from} and {to} are in two databases")));
        }
        Ok((self.at(database)?, from, to))
    }
}

impl Home for Places {
    fn own(&self) -> Result<Arc<dyn Store>, StoreError> {
        Ok(self.own.clone())
    }

    fn has(&self, name: &str) -> Result<bool, StoreError> {
        let (database, name) = parts(name);
        self.at(database)?.has(name)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let (database, name) = parts(name);
        self.at(database)?.open(name)
    }

    fn create(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let (database, name) = parts(name);
        self.at(database)?.create(name)
    }

    fn create_to_fill(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let (database, name) = parts(name);
        self.at(database)?.create_to_fill(name)
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let (database, name) = parts(name);
        self.at(database)?.remove(name)
    }

    fn copy(&self, from: &str, to: &str, adapt: &mut Work<'_>) -> Result<(), StoreError> {
        let (home, from, to) = self.both(from, to)?;
        home.copy(from, to, adapt)
    }

    fn replace(&self, from: &str, to: &str, carry: &mut Carry<'_>) -> Result<(), StoreError> {
        let (home, from, to) = self.both(from, to)?;
        home.replace(from, to, carry)
    }

    fn give_up(&self, name: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        let (database, name) = parts(name);
        self.at(database)?.give_up(name, work)
    }

    fn claim(&self) -> Result<Claim, StoreError> {
        self.home.claim()
    }

    /// Those of the home alone.
    fn list(&self) -> Result<Vec<String>, StoreError> {
        self.home.list()
    }

    fn backup(&self, names: &[String], folder: &Path) -> Result<(), StoreError> {
        match names.iter().find(|name| !parts(name).0.is_empty()) {
            Some(elsewhere) => Err(missing(elsewhere)),
            None => self.home.backup(names, folder),
        }
    }

    fn reads_at_once(&self) -> bool {
        self.home.reads_at_once()
    }
}
