//! The writing connection and group commit.

use super::connection::Connected;
use crate::group::{self, Pending};
use crate::{BRIEFLY, StoreError, Tx as _, Work};
use orglet_base::Statement;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The most transactions that share one commit.
const MOST_SHARED: usize = 256;

pub(super) struct Writer {
    state: Mutex<State>,
    /// Callers on their way to the lock. Whoever holds it and sees none commits for all before it.
    waiting: AtomicUsize,
    /// Whether commits are worth sharing (they sync a file).
    shares: bool,
    /// Whether the lock is held by something that is waited for as long as it takes: an act on the whole database, a change
    /// of tables, a read.
    patience: AtomicBool,
    pub(super) limits: Limits,
}

/// How long a transaction may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Until its turn comes.
    pub(super) wait: Duration,
    /// Once it runs.
    pub(super) time: Duration,
}

struct State {
    connection: Connected,
    /// The commit that the open transaction will be; none when no transaction is open.
    open: Option<Arc<Batch>>,
    members: usize,
    /// Whether a member sits and waits for that commit.
    awaited: bool,
}

/// One commit, and those who wait for it.
#[derive(Default)]
struct Batch {
    /// `None` while it is open; then whether it went well.
    done: Mutex<Option<Result<(), StoreError>>>,
    changed: Condvar,
}

impl Batch {
    fn finish(&self, result: Result<(), StoreError>) {
        *self.done.lock() = Some(result);
        self.changed.notify_all();
    }

    fn wait(&self) -> Result<(), StoreError> {
        let mut done = self.done.lock();
        loop {
            match &*done {
                Some(result) => return result.clone(),
                None => self.changed.wait(&mut done),
            }
        }
    }
}

/// What a member's work came to, and the commit that it is in.
type Member = (Result<(), StoreError>, Arc<Batch>);

/// How a member is committed, and how long it may take.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Before it is answered.
    Now,
    /// As `Now`, where its turn comes soon.
    Brief,
    /// By who promised it.
    Later,
    /// Before it is answered, and in as long as it takes.
    Unhurried,
}

/// Has those who wait for the lock be patient, until dropped.
struct Patience<'a>(&'a AtomicBool);

impl<'a> Patience<'a> {
    /// The caller holds the lock.
    fn ask(flag: &'a AtomicBool) -> Self {
        flag.store(true, Ordering::SeqCst);
        Self(flag)
    }
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// How a member's work ended: well, with an error, or in a panic.
type Outcome = std::thread::Result<Result<(), StoreError>>;

impl Writer {
    pub(super) fn new(connection: Connected, shares: bool, limits: Limits) -> Self {
        let state = Mutex::new(State { connection, open: None, members: 0, awaited: false });
        Self { state, waiting: AtomicUsize::new(0), shares, patience: AtomicBool::new(false), limits }
    }

    /// Callers that wait for the connection.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Reads on the writing connection, for a database without a file.
    pub(super) fn read(&self, work: &mut Work<'_>, time: Duration) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let waited_for = Patience::ask(&self.patience);
        let done = state.connection.snapshot(work, time);
        drop(waited_for);
        self.leave(state);
        done
    }

    /// Runs work on the connection while nobody else does and no transaction is open: what was open is committed first.
    pub(super) fn exclusively<T>(&self, work: impl FnOnce(&mut Connected) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state.lock();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let waited_for = Patience::ask(&self.patience);
        if let Some(batch) = state.open.clone() {
            state.commit(&batch);
        }
        let done = work(&mut state.connection);
        drop(waited_for);
        MutexGuard::unlock_fair(state);
        done
    }

    pub(super) fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.finished(self.member(work, Kind::Now)?)
    }

    /// As [`Writer::transact`], where its turn comes soon.
    pub(super) fn transact_briefly(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.finished(self.member(work, Kind::Brief)?)
    }

    /// As [`Writer::transact`], for as long as it takes.
    pub(super) fn transact_alone(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.finished(self.member(work, Kind::Unhurried)?)
    }

    fn finished(&self, (outcome, batch): Member) -> Result<(), StoreError> {
        // A failure may rest on what others of the batch wrote, so it is told when that is certain.
        batch.wait().and(outcome)
    }

    /// As [`Writer::transact`]; the commit may be left to the [`crate::together`] that this thread is in.
    pub(super) fn transact_shared(self: &Arc<Self>, work: &mut Work<'_>) -> Result<(), StoreError> {
        if !(self.shares && group::defers()) {
            return self.transact(work);
        }
        let (outcome, batch) = self.member(work, Kind::Later)?;
        group::join(Rc::new(Promised { writer: self.clone(), batch }));
        outcome
    }

    /// Runs a member's work in the open transaction, or in a new one. It is committed here when nobody is there who
    /// would, and this member won't later.
    fn member(&self, work: &mut Work<'_>, kind: Kind) -> Result<Member, StoreError> {
        let later = kind == Kind::Later;
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let turn = self.turn(kind);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut state = match turn {
            Ok(state) => state,
            Err(e) => {
                // A commit may have been left to this caller. Who holds the lock now sees to it when he leaves.
                if let Some(state) = self.state.try_lock() {
                    self.leave(state);
                }
                return Err(e);
            }
        };
        let waited_for = (kind == Kind::Unhurried).then(|| Patience::ask(&self.patience));

        let batch = match &state.open {
            Some(batch) => batch.clone(),
            None => {
                state.connection.begin("BEGIN IMMEDIATE")?;
                state.members = 0;
                state.awaited = false;
                let batch = Arc::new(Batch::default());
                state.open = Some(batch.clone());
                batch
            }
        };
        let deadline = (kind != Kind::Unhurried).then(|| Instant::now() + self.limits.time);
        let (outcome, ended) = in_savepoint(&mut state.connection, deadline, work);
        drop(waited_for);
        state.members += 1;
        if let Err(e) = ended {
            // The transaction is gone, or cannot be brought back to where this member found it: it fails as a whole,
            // and is closed before anyone else runs.
            let _ = state.connection.end(false);
            state.open = None;
            batch.finish(Err(e));
        } else {
            let others = self.waiting.load(Ordering::SeqCst) > 0;
            // A commit must not be left to a caller that never comes, so the last in sight makes it. One that would make
            // it later makes it at once when someone waits for it: that one may hold what the later work needs.
            if !self.shares || state.members >= MOST_SHARED || !others && (!later || state.awaited) {
                state.commit(&batch);
            } else if !later {
                state.awaited = true;
            }
        }
        self.leave(state);
        match outcome {
            Err(panic) => {
                if later {
                    self.settle(&batch);
                }
                resume_unwind(panic)
            }
            Ok(outcome) => Ok((outcome, batch)),
        }
    }

    /// The lock, once it is this caller's turn.
    fn turn(&self, kind: Kind) -> Result<MutexGuard<'_, State>, StoreError> {
        if kind == Kind::Brief {
            return self.state.try_lock_for(self.limits.wait.min(BRIEFLY)).ok_or(StoreError::Locked);
        }
        let wait = group::patience(self.limits.wait, BRIEFLY);
        loop {
            match self.state.try_lock_for(wait) {
                Some(state) => return Ok(state),
                None if self.patience.load(Ordering::SeqCst) => {}
                None => return Err(StoreError::Locked),
            }
        }
    }

    /// Commits a batch that is still open.
    fn settle(&self, batch: &Arc<Batch>) {
        let mut state = self.state.lock();
        if state.open.as_ref().is_some_and(|open| Arc::ptr_eq(open, batch)) {
            state.commit(batch);
        }
        self.leave(state);
    }

    /// Lets go of the lock. What somebody waits for is committed where nobody is there to do it any more: those it was
    /// left to may give up at any time, also between the look at them and the letting go.
    fn leave<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        loop {
            let Some(batch) = state.open.clone().filter(|_| state.awaited) else { return MutexGuard::unlock_fair(state) };
            if self.waiting.load(Ordering::SeqCst) == 0 {
                state.commit(&batch);
                return MutexGuard::unlock_fair(state);
            }
            MutexGuard::unlock_fair(state);
            if self.waiting.load(Ordering::SeqCst) > 0 {
                return;
            }
            // Whoever has the lock now leaves it in the same way.
            match self.state.try_lock() {
                Some(again) => state = again,
                None => return,
            }
        }
    }
}

impl State {
    fn commit(&mut self, batch: &Batch) {
        let result = self.connection.end(true);
        self.open = None;
        batch.finish(result);
    }
}

/// A commit that a member has promised to make.
struct Promised {
    writer: Arc<Writer>,
    batch: Arc<Batch>,
}

impl Pending for Promised {
    fn settle(&self) -> Result<(), StoreError> {
        self.writer.settle(&self.batch);
        self.batch.wait()
    }
}

/// Runs one member's work; leaves nothing of it when it fails. Answers how the work ended, and an error when the
/// transaction as a whole cannot go on.
fn in_savepoint(connection: &mut Connected, deadline: Option<Instant>, work: &mut Work<'_>) -> (Outcome, Result<(), StoreError>) {
    let run = |c: &mut Connected, sql: &'static str| c.execute(&Statement::new(sql, Vec::new())).map(|_| ());
    if let Err(e) = run(connection, "SAVEPOINT member") {
        return (Ok(Err(e.clone())), Err(e));
    }
    connection.deadline = deadline;
    let outcome = catch_unwind(AssertUnwindSafe(|| work(connection)));
    connection.deadline = None;
    let back = if matches!(outcome, Ok(Ok(()))) { Ok(()) } else { run(connection, "ROLLBACK TO member") };
    let ended = back.and_then(|()| run(connection, "RELEASE member"));
    (outcome, ended)
}
