//! Copies of whole databases, page by page, each as it is at one moment.

use super::connection::{Connected, from_sqlite, no_answer};
use super::home::{PART, beside, discard};
use super::{Durability, Sqlite};
use crate::home::Carry;
use crate::{StoreError, Tx, Work};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How long a copy waits for the lock of its source or its target.
const WAIT: Duration = Duration::from_secs(30);

impl Sqlite {
    /// Copies a file, of which others may read and write, to one that is not there yet. It appears whole, with what
    /// `adapt` changes, or not at all, and with [`Durability::Full`] it is on disk when this returns.
    pub(super) fn copy_file(from: &Path, to: &Path, durability: Durability, adapt: Option<&mut Work<'_>>) -> Result<(), StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let source = Connection::open_with_flags(from, flags).map_err(from_sqlite)?;
        source.busy_timeout(WAIT).map_err(from_sqlite)?;
        to_file(&source, to, durability, adapt)
    }

    /// Copies this database to a file that is not there yet.
    pub(super) fn copy_to_file(&self, to: &Path) -> Result<(), StoreError> {
        self.writer.exclusively(|connection| to_file(&connection.raw, to, Durability::Full, None))
    }

    /// A database in memory that holds what this one does.
    pub(super) fn copy_in_memory(&self) -> Result<Sqlite, StoreError> {
        let copy = Self::in_memory()?;
        self.writer.exclusively(|from| copy.writer.exclusively(|to| pages(&from.raw, &mut to.raw)))?;
        Ok(copy)
    }

    /// Runs work on what this database holds while nobody writes to it, and keeps nothing that it changes here.
    pub(super) fn alone(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.writer.exclusively(|here| {
            here.begin("BEGIN IMMEDIATE")?;
            let done = work(here);
            done.and(here.end(false))
        })
    }

    /// Makes this database hold what another holds and what `carry` writes over it. Nothing is written here in between,
    /// and readers see the one or the other.
    pub(super) fn replace(&self, new: &Sqlite, carry: &mut Carry<'_>) -> Result<(), StoreError> {
        self.writer.exclusively(|here| {
            new.writer.exclusively(|there| {
                there.begin("BEGIN IMMEDIATE")?;
                let carried = here.begin("BEGIN").and_then(|()| carry(here as &mut dyn Tx, there as &mut dyn Tx));
                let ended = here.end(false);
                there.end(carried.is_ok())?;
                carried.and(ended)?;
                pages(&there.raw, &mut here.raw)
            })
        })
    }
}

fn to_file(source: &Connection, to: &Path, durability: Durability, adapt: Option<&mut Work<'_>>) -> Result<(), StoreError> {
    let cannot = |e: std::io::Error| StoreError::ReadOnly(format!("{}: {e}", to.display()));
    let aside = beside(to, PART);
    let clear = || ["", "-wal", "-shm"].iter().try_for_each(|suffix| discard(&beside(&aside, suffix)));
    clear()?;
    let copied = (|| {
        let mut target = Connection::open(&aside).map_err(from_sqlite)?;
        // Until it is renamed nobody counts on it, so that it needs neither a journal nor a sync for each page.
        for (name, value) in [("journal_mode", "OFF"), ("synchronous", "OFF")] {
            target.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(no_answer).map_err(from_sqlite)?;
        }
        pages(source, &mut target)?;
        if let Some(adapt) = adapt {
            let mut adapted = Connected::prepared(target)?;
            adapted.begin("BEGIN IMMEDIATE")?;
            let done = adapt(&mut adapted);
            let ended = adapted.end(done.is_ok());
            done.and(ended)?;
            target = adapted.raw;
            target.flush_prepared_statement_cache();
        }
        // Closing moves what is in a log into the file.
        target.close().map_err(|(_, e)| from_sqlite(e))?;
        if durability == Durability::Full {
            File::open(&aside).and_then(|file| file.sync_all()).map_err(cannot)?;
        }
        std::fs::rename(&aside, to).map_err(cannot)
    })();
    if copied.is_err() {
        clear()?;
    }
    copied?;
    #[cfg(unix)]
    if let (Durability::Full, Some(folder)) = (durability, to.parent()) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)?;
    }
    Ok(())
}

/// Copies every page under one lock of each side.
fn pages(from: &Connection, to: &mut Connection) -> Result<(), StoreError> {
    let backup = Backup::new(from, to).map_err(from_sqlite)?;
    match backup.step(-1).map_err(from_sqlite)? {
        StepResult::Done => Ok(()),
        other => Err(StoreError::Other(format!("the database could not be copied: {other:?}"))),
    }
}
