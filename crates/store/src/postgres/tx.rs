//! A transaction, or a snapshot for reading, on one connection.

use super::connection::Failed;
use super::errors::{Fault, Remedy};
use super::pool::Lease;
use super::text::rendered;
use crate::{Mark, Sink, StoreError, Tx};
use orglet_base::Statement;
use std::time::{Duration, Instant};

/// How long after the server's own limit an answer is given up.
const SLACK: Duration = Duration::from_secs(10);
const SAVEPOINT: &str = "SAVEPOINT record;";
/// How long a transaction that has no patience left still waits for a row.
const LEAST_WAIT: Duration = Duration::from_millis(10);

/// The statement by which a transaction waits so long for each row that another holds.
pub(super) fn lock_timeout(wait: Duration) -> String {
    // 0 would be for ever.
    format!("SET LOCAL lock_timeout = {};", wait.as_millis().max(1))
}

pub(super) struct Transaction<'a> {
    lease: Lease,
    schema: &'a str,
    /// Statements that go before the next one: nobody waits for what they answer.
    pending: String,
    begun: bool,
    read_only: bool,
    /// Until when statements may run.
    deadline: Instant,
    /// How long it may still wait for rows that others hold, all together; none where it takes no rows.
    pub(super) patience: Option<Duration>,
    /// Whether that is less than it was told when it began.
    shortened: bool,
    /// A statement failed, and nothing was rolled back since.
    failed: Option<StoreError>,
    /// What would help against the last failure.
    pub(super) remedy: Remedy,
}

impl<'a> Transaction<'a> {
    /// A transaction that `begin` opens when the first statement is sent.
    pub(super) fn new(lease: Lease, schema: &'a str, begin: String, read_only: bool, deadline: Instant) -> Self {
        let remedy = Remedy::None;
        Self { lease, schema, pending: begin, begun: false, read_only, deadline, patience: None, shortened: false, failed: None, remedy }
    }

    fn run(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<usize, StoreError> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        // Nothing was sent: the transaction stands.
        crate::check_texts(&statement.params)?;
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.fails(Fault { error: StoreError::Interrupted, remedy: Remedy::None }));
        }
        let sql = rendered(&statement.sql, self.schema);
        let before = std::mem::take(&mut self.pending);
        self.begun = true;
        self.lease.clean = false;
        let start = Instant::now();
        match self.lease.connection()?.query(&before, &sql, &statement.params, left + SLACK, sink) {
            Ok(changed) => Ok(changed),
            Err(failed) => {
                if matches!(failed, Failed::Late) {
                    self.lease.cancel();
                }
                let fault = fault(failed, self.schema, &sql);
                if let (StoreError::Locked, Some(patience)) = (&fault.error, &mut self.patience) {
                    *patience = patience.saturating_sub(start.elapsed());
                }
                Err(self.fails(fault))
            }
        }
    }

    /// Runs one statement as a transaction of its own.
    pub(super) fn alone(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        let done = self.run(statement, sink);
        // A statement that failed ended with its transaction; a connection that is gone is not used again.
        self.lease.clean = !matches!(done, Err(StoreError::Unavailable(_)));
        done.map(|_| ())
    }

    fn fails(&mut self, fault: Fault) -> StoreError {
        self.remedy = fault.remedy;
        self.failed = Some(fault.error.clone());
        fault.error
    }

    /// Commits. Where the connection ends before the answer comes, nobody knows what became of it.
    pub(super) fn commit(mut self) -> Result<(), Fault> {
        if let Some(error) = self.failed.take() {
            // Work that passes over a failed statement has nothing to commit.
            let remedy = self.remedy;
            self.roll_back();
            return Err(Fault { error, remedy });
        }
        if !self.begun {
            return Ok(());
        }
        if self.read_only {
            // Nothing hangs on its answer.
            if let Ok(connection) = self.lease.connection() {
                connection.send("COMMIT");
                self.lease.clean = true;
            }
            return Ok(());
        }
        let sql = std::mem::take(&mut self.pending) + "COMMIT";
        let done = match self.lease.connection() {
            Ok(connection) => connection.batch(&sql, self.deadline.saturating_duration_since(Instant::now()) + SLACK),
            Err(error) => return Err(Fault { error, remedy: Remedy::None }),
        };
        match done {
            Ok(()) => {
                self.lease.clean = true;
                Ok(())
            }
            Err(failed) => {
                let late = matches!(failed, Failed::Late);
                let mut fault = fault(failed, self.schema, "COMMIT");
                match fault.remedy {
                    // A refused commit is rolled back.
                    Remedy::Again | Remedy::AgainOnce => self.lease.clean = true,
                    Remedy::Reconnect => {
                        fault = Fault { error: StoreError::Unknown(fault.error.to_string()), remedy: Remedy::None };
                    }
                    // A standby that does not answer holds up a commit that is on the primary's disk already.
                    Remedy::None if late => fault.error = StoreError::Unknown(fault.error.to_string()),
                    Remedy::None => {}
                }
                Err(fault)
            }
        }
    }

    /// Undoes everything. A connection on which that fails is not used again.
    pub(super) fn roll_back(mut self) {
        if self.begun && self.remedy != Remedy::Reconnect && !matches!(self.failed, Some(StoreError::Unavailable(_))) {
            let done = self.lease.connection().map(|c| c.batch("ROLLBACK", SLACK));
            self.lease.clean = matches!(done, Ok(Ok(())));
        }
    }
}

pub(super) fn fault(failed: Failed, schema: &str, sql: &str) -> Fault {
    match failed {
        Failed::Statement(e) => Fault::of(&e, schema, sql),
        Failed::Store(error) => Fault { error, remedy: Remedy::None },
        // It may still run: once more would be one too many.
        Failed::Late => Fault { error: StoreError::Unavailable("no answer came in time".to_owned()), remedy: Remedy::None },
        Failed::Ended => Fault::lost("the connection ended"),
    }
}

impl Tx for Transaction<'_> {
    fn query(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.run(statement, sink).map(|_| ())
    }

    fn execute(&mut self, statement: &Statement) -> Result<usize, StoreError> {
        self.run(statement, &mut |_| true)
    }

    fn script(&mut self, mut statements: Vec<String>) -> Result<(), StoreError> {
        if let Some(e) = &self.failed {
            return Err(e.clone());
        }
        if !self.pending.is_empty() {
            statements.insert(0, std::mem::take(&mut self.pending));
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.begun = true;
        self.lease.clean = false;
        self.lease.connection()?.each(&statements, left + SLACK).map_err(|failed| {
            if matches!(failed, Failed::Late) {
                self.lease.cancel();
            }
            self.fails(fault(failed, self.schema, &statements.join(";")))
        })
    }

    fn mark(&mut self, mark: Mark) -> Result<(), StoreError> {
        match mark {
            Mark::Set => self.pending.push_str(SAVEPOINT),
            // Nothing ran since it was set. What ends a savepoint is written without the word, so as not to look like one that begins.
            _ if self.pending.ends_with(SAVEPOINT) => self.pending.truncate(self.pending.len() - SAVEPOINT.len()),
            Mark::Forget => self.pending.push_str("RELEASE record;"),
            Mark::Return => {
                let waited = matches!(self.failed, Some(StoreError::Locked));
                if !matches!(self.failed, Some(StoreError::Unavailable(_))) {
                    self.failed = None;
                }
                self.pending.push_str("ROLLBACK TO record;RELEASE record;");
                // Going back brings back what was set before the mark.
                self.shortened |= waited;
                if let Some(patience) = self.patience.filter(|_| self.shortened) {
                    self.pending.push_str(&lock_timeout(patience.max(LEAST_WAIT)));
                }
            }
        }
        Ok(())
    }
}
