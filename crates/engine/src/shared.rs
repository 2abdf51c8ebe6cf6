//! Orgs that several processes serve at once.
//!
//! What a process holds in memory of such an org (catalog, which tables there are, users, settings) is as of certain stamps in the
//! org's database. Who changes one of these things writes a new stamp in the same transaction. A request compares the
//! stamps when it asks who its user is, and a save does so once more inside its transaction, which no change of tables
//! or metadata runs beside: no notice needs to arrive for either to be right.

use crate::auth::random_text;
use crate::system::{own, text};
use crate::{Failure, Org};
use orglet_schema::Catalog;
use orglet_store::{Store, StoreError, Tx};

/// The stamps of an org.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamps {
    catalog: String,
    tables: String,
    users: String,
    settings: String,
    /// Whether the content is the one that it was: see [`mark_replaced`].
    pub(crate) content: String,
}

/// What a stamp stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stamped {
    /// Which tables there are.
    Tables,
    /// The records of users.
    Users,
    /// The org's settings.
    Settings,
}

const READ: &str = "SELECT name, value FROM \"_meta\" WHERE name IN \
                    ('catalog_version', 'tables_stamp', 'users_stamp', 'settings_stamp', 'content_stamp')";
const WRITE: &str = "INSERT INTO \"_meta\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

impl Stamps {
    fn take(&mut self, name: &str, value: &str) {
        let stamp = match name {
            "catalog_version" => &mut self.catalog,
            "tables_stamp" => &mut self.tables,
            "settings_stamp" => &mut self.settings,
            "content_stamp" => &mut self.content,
            _ => &mut self.users,
        };
        value.clone_into(stamp);
    }

    /// The stamps of a database.
    pub(crate) fn of(store: &dyn Store) -> Result<Self, Failure> {
        let mut stamps = Self::default();
        store.point(&own(READ, Vec::new()), &mut |row| {
            stamps.take(row.cell(0).text().unwrap_or_default(), row.cell(1).text().unwrap_or_default());
            true
        })?;
        Ok(stamps)
    }

    fn within(tx: &mut dyn Tx) -> Result<Self, Failure> {
        let mut stamps = Self::default();
        for row in tx.all(&own(READ, Vec::new()))? {
            stamps.take(text(&row[0]), text(&row[1]));
        }
        Ok(stamps)
    }
}

/// Marks a content that takes the place of another, for other processes to forget what rests on the rows of before.
pub(crate) fn mark_replaced(new: &mut dyn Tx) -> Result<(), Failure> {
    put(new, "content_stamp", &random_text(16)?)
}

fn put(tx: &mut dyn Tx, name: &str, value: &str) -> Result<(), Failure> {
    tx.execute(&own(WRITE, vec![name.into(), value.into()]))?;
    Ok(())
}

impl Org {
    /// Whether other processes may change what this one holds in memory.
    pub(crate) fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Reads again what another process changed; answers whether there was anything.
    pub(crate) fn keep_up(&self) -> Result<bool, Failure> {
        self.here()?;
        if !self.is_shared() {
            return Ok(false);
        }
        let now = match Stamps::of(&*self.store) {
            Err(Failure::Store(StoreError::NoTable(_) | StoreError::Moved)) => return Err(self.lost()),
            now => now?,
        };
        if now == *self.stamps.read() {
            return Ok(false);
        }
        let _as_it_is = self.changing.lock();
        self.reload(false)?;
        Ok(true)
    }

    /// Fails with [`StoreError::Schema`] when tables or metadata changed since a catalog, or since this process looked:
    /// asked in a transaction whose work rests on what is in memory.
    pub(crate) fn still_at(&self, tx: &mut dyn Tx, catalog: &Catalog) -> Result<(), Failure> {
        let now = Stamps::within(tx)?;
        if now.catalog == catalog.version().to_string() && now.tables == self.stamps.read().tables {
            return Ok(());
        }
        Err(StoreError::Schema("another process changed tables or metadata".to_owned()).into())
    }

    /// Writes a new stamp, for other processes to see that what it stands for changed; answers the stamps that this
    /// process may then take for those of its memory.
    pub(crate) fn stamp(&self, tx: &mut dyn Tx, what: Stamped) -> Result<Option<Stamps>, Failure> {
        if !self.is_shared() {
            return Ok(None);
        }
        let was = Stamps::within(tx)?;
        let (name, value) = match what {
            Stamped::Tables => ("tables_stamp", random_text(16)?),
            Stamped::Users => ("users_stamp", random_text(16)?),
            Stamped::Settings => ("settings_stamp", random_text(16)?),
        };
        put(tx, name, &value)?;
        // What was changed elsewhere before is still to be read.
        let current = was == *self.stamps.read();
        let mut now = was;
        now.take(name, &value);
        Ok(current.then_some(now))
    }

    /// Takes stamps for those of this process's memory, once they are committed.
    pub(crate) fn stamped(&self, stamps: Option<Stamps>) {
        if let Some(stamps) = stamps {
            *self.stamps.write() = stamps;
        }
    }
}
