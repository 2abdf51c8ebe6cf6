//! SQLite: one file an org (WAL), or none at all.
//!
//! Writes share one connection behind a lock. A caller runs its own work in a savepoint of the open transaction; who
//! finds nobody else waiting commits for all, so that concurrent saves share one commit and each waits for it. Reads
//! take a connection of their own from a small pool and never wait for the writer. Without a file there is one
//! connection for everything.

mod connection;
mod functions;
mod writer;

use crate::{Store, StoreError, Work};
use connection::Connected;
use orglet_base::Dialect;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use writer::Writer;

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
const IDLE_READERS: usize = 8;

/// An SQLite database.
pub struct Sqlite {
    path: Option<PathBuf>,
    writer: Writer,
    readers: Mutex<Vec<Connected>>,
}

impl Sqlite {
    /// Opens or creates a file. Its directory must exist. A file that is not an orglet database is refused, never
    /// overwritten.
    pub fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let writer = Writer::new(Connected::open_writer(Some(path), durability)?, true);
        Ok(Self { path: Some(path.to_owned()), writer, readers: Mutex::default() })
    }

    /// A database in memory alone.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { path: None, writer: Writer::new(Connected::open_writer(None, Durability::Relaxed)?, false), readers: Mutex::default() })
    }
}

impl Store for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let Some(path) = &self.path else { return self.writer.read(work) };
        let free = self.readers.lock().pop();
        let mut reader = match free {
            Some(reader) => reader,
            None => Connected::open_reader(path)?,
        };
        let done = reader.snapshot(work);
        // A connection whose snapshot could not be ended is thrown away rather than handed on.
        if reader.is_idle() {
            let mut readers = self.readers.lock();
            if readers.len() < IDLE_READERS {
                readers.push(reader);
            }
        }
        done
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.writer.transact(work)
    }
}
