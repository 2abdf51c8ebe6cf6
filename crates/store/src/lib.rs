//! Where rows live. [`Store`] is all that the engine knows of a database; drivers stay in here.
//!
//! The interface is synchronous: a save and a query are short, and what is long runs on a thread that may wait. A
//! transaction's work is a closure that may be run again, so that a store with serialization failures can retry it.

mod error;
mod group;
pub mod home;
pub mod postgres;
pub mod sqlite;

pub use error::StoreError;
pub use group::{Work as GroupWork, together};
pub use home::Home;
use orglet_base::{Cell, Dialect, OwnedCell, Param, Statement};
use std::time::Duration;

/// How long a transaction waits for another that holds what it needs: as long as the platform does.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// A row of a result, while it is being read.
pub trait Row {
    /// The cell of a column, counted from 0; NULL past the last.
    fn cell(&self, column: usize) -> Cell<'_>;

    /// How many columns there are.
    fn columns(&self) -> usize;
}

/// What is done with each row; `false` ends the reading.
pub type Sink<'a> = dyn FnMut(&dyn Row) -> bool + 'a;

/// Something that statements can be run on: a snapshot for reading, or a transaction.
pub trait Tx {
    /// Runs a statement that answers rows.
    fn query(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError>;

    /// Runs a statement that changes rows; answers how many. On a snapshot for reading this is an error.
    fn execute(&mut self, statement: &Statement) -> Result<usize, StoreError>;

    /// Runs statements without parameters and without answers, none waited for before the next is sent. Not every store has
    /// that.
    fn script(&mut self, _: Vec<String>) -> Result<(), StoreError> {
        Err(StoreError::Other("this store runs one statement at a time".to_owned()))
    }

    /// Sets a mark in the transaction, returns to it or forgets it: see the method `nested`.
    fn mark(&mut self, mark: Mark) -> Result<(), StoreError> {
        let steps = match mark {
            Mark::Set => &["SAVEPOINT record"][..],
            Mark::Forget => &["RELEASE record"],
            Mark::Return => &["ROLLBACK TO record", "RELEASE record"],
        };
        steps.iter().try_for_each(|sql| self.execute(&Statement::new(*sql, Vec::new())).map(|_| ()))
    }
}

/// A step of nested work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Remembers the state of the transaction. Marks nest.
    Set,
    /// Forgets the last mark; what was done since stays.
    Forget,
    /// Undoes what was done since the last mark, and forgets it.
    Return,
}

impl dyn Tx + '_ {
    /// The first row of a query, cells copied.
    pub fn first(&mut self, statement: &Statement) -> Result<Option<Vec<OwnedCell>>, StoreError> {
        let mut found = None;
        self.query(statement, &mut |row| {
            found = Some((0..row.columns()).map(|i| row.cell(i).to_owned()).collect());
            false
        })?;
        Ok(found)
    }

    /// Every row of a query, cells copied. For results known to be small.
    pub fn all(&mut self, statement: &Statement) -> Result<Vec<Vec<OwnedCell>>, StoreError> {
        let mut rows = Vec::new();
        self.query(statement, &mut |row| {
            rows.push((0..row.columns()).map(|i| row.cell(i).to_owned()).collect());
            true
        })?;
        Ok(rows)
    }

    /// Runs `work` so that its changes are undone when it fails, and the rest of the transaction stays.
    pub fn nested<T, E: From<StoreError>>(&mut self, work: impl FnOnce(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        self.mark(Mark::Set)?;
        let done = work(self);
        self.mark(if done.is_ok() { Mark::Forget } else { Mark::Return })?;
        done
    }
}

/// How long a transaction waits that can be done another time.
const BRIEFLY: Duration = Duration::from_millis(250);

/// The work of a read or a transaction. It may be run more than once.
pub type Work<'a> = dyn FnMut(&mut dyn Tx) -> Result<(), StoreError> + 'a;

/// An org's database.
pub trait Store: Send + Sync {
    /// The SQL it speaks.
    fn dialect(&self) -> Dialect;

    /// Runs reads on one snapshot. Never waits for a writer. Reads that take too long fail as
    /// [`StoreError::Interrupted`].
    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Runs one statement that finds its few rows by a key, as a snapshot of its own.
    fn point(&self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.read(&mut |tx| tx.query(statement, sink))
    }

    /// Runs a transaction. When this answers `Ok`, the changes are as durable as the store was opened to make them;
    /// when the work fails, none of them is there. One that waits too long for another fails as [`StoreError::Locked`], one
    /// that takes too long itself as [`StoreError::Interrupted`].
    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// As [`Store::transact`], for what can be done another time: it fails as [`StoreError::Locked`] soon when others are in
    /// its way.
    fn transact_briefly(&self, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// As [`Store::transact`]; but in [`together`] this may answer before the commit, which `together` then waits for.
    /// For changes that nothing else in memory follows from.
    fn transact_shared(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.transact(work)
    }

    /// Names of the tables there are, in no order.
    fn tables(&self) -> Result<Vec<String>, StoreError>;

    /// Names of a table's columns; none when there is no such table.
    fn columns(&self, table: &str) -> Result<Vec<String>, StoreError>;

    /// Whether other processes may be at work on the same database.
    fn is_shared(&self) -> bool {
        false
    }

    /// Makes what is committed survive power loss, however the store was opened.
    fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// How many transactions wait for others to be done, as far as that is known.
    fn waiting_writes(&self) -> usize {
        0
    }

    /// Runs a transaction that changes tables, or what other transactions are made for. No other transaction on the
    /// same database runs meanwhile, whichever process it is of.
    fn transact_alone(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.transact(work)
    }

    /// Runs schema statements in a commit of their own.
    fn define(&self, statements: &[Statement]) -> Result<(), StoreError> {
        self.transact_alone(&mut |tx| statements.iter().try_for_each(|s| tx.execute(s).map(|_| ())))
    }
}

impl dyn Store + '_ {
    /// [`Store::read`] with a result.
    pub fn read_with<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        run_with(|w| self.read(w), &mut work)
    }

    /// [`Store::transact`] with a result. An error of `work` rolls back.
    pub fn transact_with<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        run_with(|w| self.transact(w), &mut work)
    }

    /// [`Store::transact_briefly`] with a result. An error of `work` rolls back.
    pub fn transact_briefly_with<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        run_with(|w| self.transact_briefly(w), &mut work)
    }

    /// [`Store::transact_shared`] with a result. An error of `work` rolls back.
    pub fn transact_shared_with<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        run_with(|w| self.transact_shared(w), &mut work)
    }

    /// [`Store::transact_alone`] with a result. An error of `work` rolls back.
    pub fn transact_alone_with<T, E: From<StoreError>>(&self, mut work: impl FnMut(&mut dyn Tx) -> Result<T, E>) -> Result<T, E> {
        run_with(|w| self.transact_alone(w), &mut work)
    }
}

/// Refuses texts that one of the stores could not keep, so that both take the same.
fn check_texts(params: &[Param]) -> Result<(), StoreError> {
    let is_good = |cell: &OwnedCell| !matches!(cell, OwnedCell::Text(text) if text.contains('\0'));
    let all_good = params.iter().all(|param| match param {
        Param::Cell(cell) | Param::Of(_, cell) => is_good(cell),
        Param::Texts(list) => list.iter().all(|text| !text.contains('\0')),
        Param::List(_, list) => list.iter().all(is_good),
        Param::Json(_) | Param::Virtual(_) => true,
    });
    if all_good { Ok(()) } else { Err(StoreError::NulCharacter) }
}

/// The first column of a query on a database's own catalog.
fn names(store: &dyn Store, sql: &'static str, params: Vec<Param>) -> Result<Vec<String>, StoreError> {
    let statement = Statement::new(sql, params);
    let rows = store.read_with::<_, StoreError>(|tx| tx.all(&statement))?;
    let text = |row: Vec<OwnedCell>| match row.into_iter().next() {
        Some(OwnedCell::Text(name)) => Some(name),
        _ => None,
    };
    Ok(rows.into_iter().filter_map(text).collect())
}

/// Carries a typed result, or a typed failure, through the untyped interface.
fn run_with<T, E: From<StoreError>>(
    run: impl FnOnce(&mut Work<'_>) -> Result<(), StoreError>,
    work: &mut dyn FnMut(&mut dyn Tx) -> Result<T, E>,
) -> Result<T, E> {
    let mut outcome: Option<Result<T, E>> = None;
    let ran = run(&mut |tx| {
        let result = work(tx);
        let failed = result.is_err();
        outcome = Some(result);
        if failed { Err(StoreError::Abort) } else { Ok(()) }
    });
    match (ran, outcome) {
        (Ok(()), Some(result)) => result,
        (Err(StoreError::Abort), Some(Err(e))) => Err(e),
        (Err(e), _) => Err(e.into()),
        (Ok(()), None) => Err(StoreError::Abort.into()),
    }
}
