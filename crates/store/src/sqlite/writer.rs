//! The writing connection and group commit.

use super::connection::Connected;
use crate::{StoreError, Tx as _, Work};
use orglet_base::Statement;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most transactions that share one commit.
const MOST_SHARED: usize = 256;

pub(super) struct Writer {
    state: Mutex<State>,
    /// Callers on their way to the lock. Whoever holds it and sees none commits for all before it.
    waiting: AtomicUsize,
    /// Whether commits are worth sharing (they sync a file).
    shares: bool,
}

struct State {
    connection: Connected,
    /// The commit that the open transaction will be; none when no transaction is open.
    open: Option<Arc<Batch>>,
    members: usize,
}

/// One commit, and those who wait for it.
#[derive(Default)]
struct Batch {
    /// `None` while it is open; then whether it went well.
    done: Mutex<Option<Result<(), String>>>,
    changed: Condvar,
}

impl Batch {
    fn finish(&self, result: &Result<(), StoreError>) {
        *self.done.lock() = Some(result.as_ref().map(|_| ()).map_err(ToString::to_string));
        self.changed.notify_all();
    }

    fn wait(&self) -> Result<(), StoreError> {
        let mut done = self.done.lock();
        loop {
            match &*done {
                Some(Ok(())) => return Ok(()),
                Some(Err(text)) => return Err(StoreError::Other(text.clone())),
                None => self.changed.wait(&mut done),
            }
        }
    }
}

impl Writer {
    pub(super) fn new(connection: Connected, shares: bool) -> Self {
        Self { state: Mutex::new(State { connection, open: None, members: 0 }), waiting: AtomicUsize::new(0), shares }
    }

    /// Reads on the writing connection, for a database without a file.
    pub(super) fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.state.lock().connection.snapshot(work)
    }

    pub(super) fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);

        let batch = match &state.open {
            Some(batch) => batch.clone(),
            None => {
                state.connection.batch("BEGIN IMMEDIATE")?;
                state.members = 0;
                let batch = Arc::new(Batch::default());
                state.open = Some(batch.clone());
                batch
            }
        };
        let ran = catch_unwind(AssertUnwindSafe(|| in_savepoint(&mut state.connection, work)));
        state.members += 1;
        let failed = !matches!(ran, Ok(Ok(())));
        // A commit must not be left to a caller that never comes, so the last in sight makes it.
        if !self.shares || self.waiting.load(Ordering::SeqCst) == 0 || state.members >= MOST_SHARED {
            commit(&mut state, &batch);
        }
        MutexGuard::unlock_fair(state);
        match ran {
            Err(panic) => resume_unwind(panic),
            Ok(Err(e)) if failed => Err(e),
            Ok(_) => batch.wait(),
        }
    }
}

/// Runs one member's work; leaves nothing of it when it fails.
fn in_savepoint(connection: &mut Connected, work: &mut Work<'_>) -> Result<(), StoreError> {
    let run = |c: &mut Connected, sql: &'static str| c.execute(&Statement::new(sql, Vec::new())).map(|_| ());
    run(connection, "SAVEPOINT member")?;
    let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)));
    let keep = matches!(outcome, Ok(Ok(())));
    if !keep {
        run(connection, "ROLLBACK TO member")?;
    }
    run(connection, "RELEASE member")?;
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

fn commit(state: &mut State, batch: &Batch) {
    let mut result = state.connection.batch("COMMIT");
    if result.is_err() && !state.connection.is_idle() {
        // What cannot be committed must not stay open for the next caller.
        if let Err(e) = state.connection.batch("ROLLBACK") {
            result = Err(e);
        }
    }
    state.open = None;
    batch.finish(&result);
}
