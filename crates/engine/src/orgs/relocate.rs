//! Orgs on their way from one database to another.
//!
//! Nothing that was acknowledged may be lost, and no two servers may take two copies for the org. So an org is copied while
//! nothing is written to it, its old database goes in the same step, and only then does the directory name the new one. In
//! between, the org is nowhere for a moment; who looks for it then finds the line of its move and finishes it.

use super::admin::check_name;
use super::directory::{Entry, Kept, Move, numbered};
use super::places::{new_storage, parts};
use super::transfer::{self, Content, Progress, TableSum};
use super::{AdminError, MOST_LISTED, Orgs, shown};
use crate::system::own;
use crate::{Failure, Org, Server, format, metadata};
use orglet_base::{Id, Statement};
use orglet_store::home::Claim;
use orglet_store::{Home, Mark, Sink, Store, StoreError, Tx, postgres};
use parking_lot::MutexGuard;
use std::sync::Arc;

/// What people call the server's own database.
const HOME: &str = "home";
/// How often a move begins again because metadata changed under it.
const MOST_TRIES: usize = 4;
/// Moves of an org that whoever works in it follows.
const MOST_MOVES: usize = 16;
/// Orgs named in the refusal to take a database away.
const MOST_NAMED: usize = 5;

/// A PostgreSQL database that orgs can be moved to.
#[derive(Clone, Debug)]
pub struct DatabaseInfo {
    /// Its name.
    pub name: String,
    /// Its address, without the password.
    pub address: String,
}

/// An org that was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The database that it is in, empty for the server's own.
    pub database: String,
    /// Its tables, each equal to what it was before.
    pub tables: Vec<TableSum>,
}

impl Server {
    /// The databases that orgs can be moved to, besides the server's own.
    pub fn list_databases(&self) -> Result<Vec<DatabaseInfo>, AdminError> {
        let shown = |(name, address): (String, String)| DatabaseInfo { name, address: shown(&address) };
        Ok(self.orgs.directory.databases()?.into_iter().map(shown).collect())
    }

    /// Adds a database, or gives the one of this name another address. It must answer.
    pub fn add_database(&self, name: &str, address: &str) -> Result<DatabaseInfo, AdminError> {
        check_name("a database", name)?;
        if name == HOME {
            return Err(AdminError::Invalid(format!("'{HOME}' is the server's own database")));
        }
        let invalid = |e: StoreError| AdminError::Invalid(e.to_string());
        postgres::Cluster::new(address).map_err(invalid)?.list().map_err(invalid)?;
        let _one_at_a_time = self.orgs.administer()?;
        let there = postgres::Cluster::new(address).map_err(invalid)?;
        for storage in self.orgs.directory.storages()? {
            let (database, local) = parts(&storage);
            if database == name && !there.has(local)? {
                return Err(AdminError::Conflict(format!("what the database '{name}' holds is not at the new address: {local}")));
            }
        }
        self.orgs.directory.set_database(name, address)?;
        self.orgs.home.look_elsewhere();
        Ok(DatabaseInfo { name: name.to_owned(), address: shown(address) })
    }

    /// Forgets a database that holds no org and no snapshot. Nothing in it is touched.
    pub fn remove_database(&self, name: &str) -> Result<(), AdminError> {
        let _one_at_a_time = self.orgs.administer()?;
        if self.known_database(name)?.is_empty() {
            return Err(AdminError::Conflict("the server's own database stays".into()));
        }
        let there = self.orgs.directory.within(name, MOST_NAMED)?;
        if !there.is_empty() {
            return Err(AdminError::Conflict(format!("the database '{name}' holds {}", there.join(", "))));
        }
        Ok(self.orgs.directory.drop_database(name)?)
    }

    /// A database by what people call it, empty for the server's own; refuses what the server does not have.
    pub(super) fn known_database<'a>(&self, name: &'a str) -> Result<&'a str, AdminError> {
        match name {
            "" | HOME => Ok(""),
            _ if self.orgs.directory.databases()?.iter().any(|(known, _)| known == name) => Ok(name),
            _ => Err(AdminError::NotFound(format!("the server has no database '{name}'"))),
        }
    }

    /// How far the move of an org has come; `None` while it is not being moved.
    pub fn move_progress(&self, org: &str) -> Result<Option<(String, u64, u64)>, AdminError> {
        let entry = self.entry(org)?;
        Ok(self.orgs.moving.lock().get(&entry.id).map(|progress| progress.now()))
    }

    /// Moves an org to a database, by its name, or to the server's own (`home`). Reads of the org go on meanwhile;
    /// writes wait, and then go on in the new place. The copy is compared with the original, table by table, before that goes.
    pub fn move_org(&self, org: &str, database: &str) -> Result<Moved, AdminError> {
        let (_one_at_a_time, mut claim) = self.orgs.administer()?;
        let database = self.known_database(database)?;
        // An earlier move may have been cut off: only then is it certain where the org is.
        for line in self.orgs.directory.moves(Some(self.entry(org)?.id))? {
            self.orgs.settle(&line, true)?;
        }
        let entry = self.entry(org)?;
        if parts(&entry.storage).0 == database {
            let place = if database.is_empty() { "the server's own database".into() } else { format!("the database '{database}'") };
            return Err(AdminError::Conflict(format!("the org '{}' is in {place} already", entry.name)));
        }
        let org = self.opened(&entry)?;
        let target = self.free_storage(database)?.1;
        let line = Move { org: entry.id, source: entry.storage.clone(), target };
        self.orgs.directory.begin_move(&line)?;
        let progress = Arc::new(Progress::default());
        self.orgs.moving.lock().insert(entry.id, progress.clone());
        let moved = self.carry(&org, &entry, &line, &progress, &mut claim);
        self.orgs.moving.lock().remove(&entry.id);
        let tables = match moved {
            Ok(tables) => tables,
            Err(e) => {
                // The reason counts more than a failure to clear up, which the next start makes good.
                let _ = self.orgs.settle(&line, true);
                return Err(e);
            }
        };
        Ok(Moved { database: database.to_owned(), tables })
    }

    /// The number and storage name of an org that is to be in a database, where nothing has that name yet: what another
    /// directory left behind is passed over.
    pub(super) fn free_storage(&self, database: &str) -> Result<(u64, String), AdminError> {
        for _ in 0..MOST_LISTED {
            let number = self.orgs.directory.next_org()?;
            let storage = new_storage(database, &numbered(number).1)?;
            if !self.orgs.home.has(&storage)? {
                return Ok((number, storage));
            }
        }
        Err(AdminError::Conflict("the database is full of orgs that the server does not know".into()))
    }

    fn carry(
        &self,
        org: &Arc<Org>,
        entry: &Entry,
        line: &Move,
        progress: &Progress,
        claim: &mut Claim,
    ) -> Result<Vec<TableSum>, AdminError> {
        for attempt in 1.. {
            org.keep_up()?;
            // In this order everywhere: names of users, then metadata, then the database.
            let _names_stay = org.naming.lock();
            let changing = org.changing.lock();
            let catalog = org.catalog();
            let content = Content::of(&*org.store, Some(&catalog))?;
            let (mut tables, mut failed) = (Vec::new(), None);
            let mut nobody_opens_it: Option<MutexGuard<'_, ()>> = None;
            let given_up = self.orgs.home.give_up(&line.source, &mut |tx| {
                // A store may run this again.
                failed = None;
                org.set_moved(false);
                let copied = org.still(tx, &catalog).and_then(|()| {
                    let sums = self.copied(&content, tx, org, entry, line, progress)?;
                    // Without it another server may be at the directory, or have taken the new database's address away.
                    claim.stands()?;
                    Ok(sums)
                });
                match copied {
                    Ok(sums) => tables = sums,
                    Err(e) => {
                        failed = Some(e);
                        return Err(StoreError::Abort);
                    }
                }
                nobody_opens_it.get_or_insert_with(|| self.orgs.door(org.id));
                org.set_moved(true);
                Ok(())
            });
            drop(changing);
            match (given_up, failed) {
                (Ok(()), _) => {}
                (Err(_), Some(Failure::Store(StoreError::Schema(_)))) if attempt < MOST_TRIES => continue,
                (Err(_), Some(failure)) => return Err(failure.into()),
                // The answer to the commit may have been lost.
                (Err(e), None) => {
                    if self.orgs.stands(&line.source)? {
                        org.set_moved(false);
                        return Err(e.into());
                    }
                }
            }
            self.orgs.directory.moved(line)?;
            drop(nobody_opens_it);
            self.reopen(org)?;
            return Ok(tables);
        }
        Ok(Vec::new())
    }

    /// Copies what a transaction reads to the target, and proves that it is there.
    fn copied(
        &self,
        content: &Content,
        tx: &mut dyn Tx,
        org: &Org,
        entry: &Entry,
        line: &Move,
        progress: &Progress,
    ) -> Result<Vec<TableSum>, Failure> {
        self.orgs.remove_storage(&line.target)?;
        let to = self.orgs.home.create_to_fill(&line.target)?;
        format::prepare_org(&*to, &format!("the new database of the org '{}'", entry.name), self.now())?;
        proved(content, tx, org.store.dialect(), &*to, progress)
    }

    /// Copies a database that nobody writes to into a new one, which may be in another database.
    pub(super) fn bring(&self, from: &str, to: &dyn Home, name: &str) -> Result<Vec<TableSum>, Failure> {
        let source = self.orgs.home.open(from)?;
        let catalog = metadata::load(&*source, self.now())?;
        let content = Content::of(&*source, Some(&catalog))?;
        let target = to.create_to_fill(name)?;
        format::prepare_org(&*target, "a new database", self.now())?;
        let dialect = source.dialect();
        proved(&content, &mut Unhurried(&*source), dialect, &*target, &Progress::default())
    }

    /// A snapshot as one in a database: itself, or a copy of the server's own, to be dropped when it was used.
    pub(super) fn near(&self, kept: &Kept, database: &str) -> Result<Kept, AdminError> {
        if parts(&kept.storage).0 == database {
            return Ok(kept.clone());
        }
        let copy = self.orgs.directory.add_snapshot(None, kept.org, database, self.now())?;
        self.finish_snapshot(copy, |storage| Ok(self.bring(&kept.storage, &*self.orgs.home, storage).map(|_| ())?))
    }

    /// Opens an org anew that is not any more where it was.
    pub(crate) fn reopen(&self, old: &Arc<Org>) -> Result<(), Failure> {
        let _one_opens_it = self.orgs.door(old.id);
        if !old.is_moved() {
            return Ok(());
        }
        for line in self.orgs.directory.moves(Some(old.id))? {
            self.orgs.settle(&line, false)?;
        }
        if !self.is_default(old.id) {
            self.orgs.drop_moved(old);
            return Ok(());
        }
        if !Arc::ptr_eq(&self.default_org(), old) {
            return Ok(());
        }
        let entry = self.orgs.directory.by_id(old.id)?.ok_or(StoreError::Moved)?;
        let store = self.orgs.home.open(&entry.storage)?;
        self.set_default_org(Arc::new(self.orgs.over(&entry, store, old.usage.clone(), true)?));
        Ok(())
    }

    /// An org, where there is one, and what `work` finds in it; once more where the org was moved meanwhile.
    pub(crate) fn with_org<T>(
        &self,
        id: Id,
        mut work: impl FnMut(&Arc<Org>) -> Result<T, Failure>,
    ) -> Result<Option<(Arc<Org>, T)>, Failure> {
        for attempt in 1.. {
            let Some(org) = self.org(id)? else { return Ok(None) };
            match work(&org) {
                Err(failure) if failure.is_moved() && attempt <= MOST_MOVES => self.reopen(&org)?,
                done => return done.map(|found| Some((org, found))),
            }
        }
        Ok(None)
    }
}

impl Orgs {
    /// Finishes a move that was begun: where the source is gone, the target is the org. With `undo`, where the source is
    /// there, what there is of the target is taken away; without, somebody may be at it.
    pub(super) fn settle(&self, line: &Move, undo: bool) -> Result<(), Failure> {
        let stands = if undo { self.stands(&line.source)? } else { self.home.has(&line.source)? };
        if !stands {
            return self.directory.moved(line);
        }
        if undo {
            if let Err(error) = self.remove_storage(&line.target) {
                tracing::warn!(storage = line.target, %error, "a copy of an org that was not moved could not be taken away");
            }
            self.directory.drop_move(line)?;
        }
        Ok(())
    }

    /// Whether a database is there and stays: where somebody is about to take it away, that is waited for. What a look
    /// alone finds may be gone by a commit that is still on its way.
    fn stands(&self, storage: &str) -> Result<bool, Failure> {
        if !self.home.has(storage)? {
            return Ok(false);
        }
        let looked = self.home.give_up(storage, &mut |tx| {
            tx.first(&own("SELECT value FROM \"_meta\" WHERE name = 'format'", vec![]))?;
            Err(StoreError::Abort)
        });
        match looked {
            Err(StoreError::Abort) => Ok(true),
            Ok(()) | Err(StoreError::NoTable(_) | StoreError::Moved) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Finishes the moves of orgs that a server left nowhere when it ended.
    pub(crate) fn finish_moves(&self) -> Result<(), Failure> {
        for line in self.directory.moves(None)? {
            if let Err(error) = self.settle(&line, false) {
                tracing::warn!(org = %line.org, %error, "a move that was begun could not be finished");
            }
        }
        Ok(())
    }

    /// Takes a database away where it is there.
    pub(super) fn remove_storage(&self, storage: &str) -> Result<(), Failure> {
        if self.home.has(storage)? { Ok(self.home.remove(storage)?) } else { Ok(()) }
    }
}

/// Copies, and compares the copy with what was read.
pub(super) fn proved(
    content: &Content,
    tx: &mut dyn Tx,
    dialect: orglet_base::Dialect,
    to: &dyn Store,
    progress: &Progress,
) -> Result<Vec<TableSum>, Failure> {
    let read = content.copy(tx, dialect, to, progress)?;
    let written = content.sums(&mut Unhurried(to), to.dialect(), progress)?;
    transfer::compare(&read, &written)?;
    to.settle()?;
    Ok(read)
}

/// Reads of a database that nobody writes to, each by itself: together they may take any time.
pub(super) struct Unhurried<'a>(pub(super) &'a dyn Store);

impl Tx for Unhurried<'_> {
    fn query(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.0.point(statement, sink)
    }

    fn execute(&mut self, _: &Statement) -> Result<usize, StoreError> {
        Err(StoreError::Other("nothing is written here".to_owned()))
    }

    fn mark(&mut self, _: Mark) -> Result<(), StoreError> {
        Ok(())
    }
}
