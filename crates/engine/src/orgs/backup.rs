//! Copies of a whole server, from which another can be started.

use super::directory::{Entry, Kept, LIVE};
use super::places::parts;
use super::relocate::proved;
use super::transfer::{Content, Progress};
use super::{AdminError, MOST_LISTED};
use crate::system::own;
use crate::{Failure, Server, format};
use orglet_base::Statement;
use orglet_store::sqlite::{Durability, Folder};
use orglet_store::{Home, StoreError, postgres};
use std::path::Path;

impl Server {
    /// Writes the server with all orgs and snapshots into a folder, which must be empty or not there, while it serves. A
    /// server can be started from it. Answers how many databases there are in it.
    pub fn backup(&self, folder: &Path) -> Result<usize, AdminError> {
        let _directory_stays = self.orgs.administer()?;
        let storages = self.orgs.directory.storages()?;
        // Files are copied page by page, which takes less time than to read and write their rows.
        if !self.store.is_shared() && storages.iter().all(|storage| parts(storage).0.is_empty()) {
            self.orgs.home.backup(&storages, folder)?;
            let copy = Folder::open(folder, Durability::Full)?.own()?;
            // Addresses hold passwords, and no org of the copy is there.
            copy.transact_with::<_, StoreError>(|tx| tx.execute(&own("DELETE FROM \"_databases\"", vec![])))?;
            return Ok(storages.len() + 1);
        }
        let there = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
        if there {
            return Err(AdminError::Invalid(format!("{} is not empty", folder.display())));
        }
        self.copy_to(&Folder::open(folder, Durability::Full)?)
    }

    /// The same into a PostgreSQL database in which no server is yet.
    pub fn backup_to_database(&self, address: &str) -> Result<usize, AdminError> {
        let _directory_stays = self.orgs.administer()?;
        let home = postgres::Cluster::new(address).map_err(|e| AdminError::Invalid(e.to_string()))?;
        self.copy_to(&home)
    }

    /// Copies the server into an empty home. The caller administers nothing else meanwhile. Each database is as it is at
    /// one moment, the server's own last; orgs that are in other databases are all in the home then.
    fn copy_to(&self, home: &dyn Home) -> Result<usize, AdminError> {
        let here = home.own()?;
        if !here.tables()?.is_empty() || !home.list()?.is_empty() {
            return Err(AdminError::Conflict("there is a server already".into()));
        }
        format::prepare_server(&*here, self.now())?;
        let (orgs, snapshots) = (self.every_org()?, self.every_snapshot()?);
        for entry in &orgs {
            // As it is at one moment, and read for as long as it takes.
            let moment = self.take(entry, None)?;
            let copied = self.bring(&moment.storage, home, parts(&entry.storage).1);
            self.drop_unused(moment.number)?;
            copied?;
        }
        for kept in &snapshots {
            self.bring(&kept.storage, home, parts(&kept.storage).1)?;
        }
        // Last, so that a copy that was cut off is no server: nothing is administered meanwhile.
        let progress = Progress::default();
        // Addresses hold passwords, and what these tables name is not in the copy.
        let content = Content::of(&*self.store, None)?.without(&["_databases", "_moves"]);
        let dialect = self.store.dialect();
        self.store.read_with::<_, Failure>(|tx| proved(&content, tx, dialect, &*here, &progress).map(|_| ()))?;
        let placed = |storage: &str| -> Vec<Statement> {
            let params = || vec![storage.into(), parts(storage).1.into()];
            vec![
                own("UPDATE \"_orgs\" SET storage = ?2 WHERE storage = ?1", params()),
                own("UPDATE \"_snapshots\" SET storage = ?2 WHERE storage = ?1", params()),
            ]
        };
        let storages = orgs.iter().map(|entry| &entry.storage).chain(snapshots.iter().map(|kept| &kept.storage));
        let statements: Vec<Statement> = storages.filter(|s| !parts(s).0.is_empty()).flat_map(|s| placed(s)).collect();
        here.transact_with::<_, StoreError>(|tx| statements.iter().try_for_each(|s| tx.execute(s).map(|_| ())))?;
        Ok(orgs.len() + snapshots.len() + 1)
    }

    fn every_org(&self) -> Result<Vec<Entry>, Failure> {
        let mut all: Vec<Entry> = Vec::new();
        loop {
            let page = self.orgs.directory.page(all.last().map_or("", |entry| &entry.name), MOST_LISTED)?;
            let ended = page.len() < MOST_LISTED;
            all.extend(page);
            if ended {
                return Ok(all);
            }
        }
    }

    /// Every live snapshot, the server's own among them.
    fn every_snapshot(&self) -> Result<Vec<Kept>, Failure> {
        Ok(self.orgs.directory.every_snapshot()?.into_iter().filter(|kept| kept.state == LIVE).collect())
    }
}
