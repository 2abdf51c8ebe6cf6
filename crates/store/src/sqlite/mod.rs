//! SQLite: one file an org (WAL), or none at all.
//!
//! Writes share one connection behind a lock. A caller runs its own work in a savepoint of the open transaction; who
//! finds nobody else waiting commits for all, so that concurrent saves share one commit and each waits for it. Reads
//! take a connection of their own from a small pool and never wait for the writer. Without a file there is one
//! connection for everything.

mod connection;
mod copy;
mod functions;
mod home;
mod writer;

pub use home::{Folder, Memory};

use crate::{Sink, Store, StoreError, Tx as _, Work};
use connection::Connected;
use orglet_base::{Dialect, Statement};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use writer::{Limits, Writer};

/// How much an answered write survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// Power loss: the log is synced before the answer.
    #[default]
    Full,
    /// The death of the process; power loss may take the last moments.
    Relaxed,
}

/// Connections kept open for reading; more are opened under load and closed again.
const IDLE_READERS: usize = 24;
/// How long the reads of one snapshot may take: as long as the platform lets a query run.
const READ_TIME: Duration = Duration::from_secs(120);

/// How long a transaction waits for its turn, and how long it may take then: as the platform's do.
const WRITES: Limits = Limits { wait: crate::LOCK_WAIT, time: Duration::from_secs(120) };

/// An SQLite database.
pub struct Sqlite {
    path: Option<PathBuf>,
    writer: Arc<Writer>,
    readers: Mutex<Vec<Connected>>,
    read_time: Duration,
}

impl Sqlite {
    /// Opens or creates a file. Its directory must exist. A file that is not an orglet database is refused, never
    /// overwritten.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let connection = Connected::open_writer(Some(path), durability).map_err(|e| at(path, e))?;
        let writer = Arc::new(Writer::new(connection, true, WRITES));
        Ok(Self { path: Some(path.to_owned()), writer, readers: Mutex::default(), read_time: READ_TIME })
    }

    /// A database in memory alone.
    pub fn in_memory() -> Result<Self, StoreError> {
        let writer = Arc::new(Writer::new(Connected::open_writer(None, Durability::Relaxed)?, false, WRITES));
        Ok(Self { path: None, writer, readers: Mutex::default(), read_time: READ_TIME })
    }

    /// The same database with another limit on how long the reads of one snapshot may take; 120 seconds where none is
    /// set.
    pub fn with_read_time(mut self, read_time: Duration) -> Self {
        self.read_time = read_time;
        self
    }

    /// The same database, which nobody uses yet, with other limits on how long a transaction waits for others (10 seconds)
    /// and how long it may take (120 seconds).
    pub fn with_write_limits(mut self, wait: Duration, time: Duration) -> Self {
        if let Some(writer) = Arc::get_mut(&mut self.writer) {
            writer.limits = Limits { wait, time };
        }
        self
    }

    /// Runs something on a connection for reading that nobody else uses meanwhile.
    fn on_reader<T>(&self, path: &Path, run: impl FnOnce(&mut Connected) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let free = self.readers.lock().pop();
        let mut reader = match free {
            Some(reader) => reader,
            None => Connected::open_reader(path)?,
        };
        let done = run(&mut reader);
        // A connection whose snapshot could not be ended is thrown away rather than handed on.
        if reader.is_idle() {
            let mut readers = self.readers.lock();
            if readers.len() < IDLE_READERS {
                readers.push(reader);
            }
        }
        done
    }
}

/// A failure to open a file, with the file's name in it.
fn at(path: &Path, e: StoreError) -> StoreError {
    let shown = path.display();
    match e {
        StoreError::Foreign(text) => StoreError::Foreign(format!("{shown}: {text}")),
        StoreError::ReadOnly(text) => StoreError::ReadOnly(format!("{shown}: {text}")),
        StoreError::Other(text) => StoreError::Other(format!("{shown}: {text}")),
        other => other,
    }
}

/// Who opens the file next must not wait for a commit that was left for later.
impl Drop for Sqlite {
    fn drop(&mut self) {
        // Who waits for that commit is told by its batch.
        let _ = self.writer.exclusively(|_| Ok(()));
    }
}

impl Store for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        match &self.path {
            Some(path) => self.on_reader(path, |reader| reader.snapshot(work, self.read_time)),
            None => self.writer.read(work, self.read_time),
        }
    }

    fn point(&self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        match &self.path {
            // A statement alone is a transaction of its own.
            Some(path) => self.on_reader(path, |reader| reader.query(statement, sink)),
            None => self.writer.read(&mut |tx| tx.query(statement, sink), self.read_time),
        }
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.writer.transact(work)
    }

    fn transact_briefly(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.writer.transact_briefly(work)
    }

    fn transact_alone(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.writer.transact_alone(work)
    }

    fn settle(&self) -> Result<(), StoreError> {
        let Some(path) = &self.path else { return Ok(()) };
        // Both files are synced by that.
        self.writer.exclusively(|here| here.checkpoint())?;
        #[cfg(unix)]
        if let Some(folder) = path.parent() {
            let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|e| StoreError::ReadOnly(format!("{}: {e}", folder.display())))?;
        }
        Ok(())
    }

    fn waiting_writes(&self) -> usize {
        self.writer.waiting()
    }

    fn transact_shared(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.writer.transact_shared(work)
    }

    fn tables(&self) -> Result<Vec<String>, StoreError> {
        crate::names(self, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'", Vec::new())
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, StoreError> {
        crate::names(self, "SELECT name FROM pragma_table_info(?1)", vec![table.into()])
    }
}
