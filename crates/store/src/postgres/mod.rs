//! PostgreSQL: one schema an org, connections shared by all orgs of a server.
//!
//! Nothing is kept in a session between transactions: statements are unnamed and name their schema, and what is set is
//! set for the transaction. So a pooler that hands connections on between transactions may stand in between.
//!
//! A transaction reads what is committed, and locks the rows that it builds on. All of an org's transactions share an
//! advisory lock that a change of tables takes alone, so that no transaction sees one happen. Reads don't: they hold the
//! table `_guard` of their schema, which is taken alone where a schema is replaced, before what they see is chosen. A
//! snapshot of before would find none of the rows in the tables of after.

mod address;
mod cluster;
mod connection;
mod copy;
mod errors;
mod functions;
mod pool;
mod text;
mod tls;
mod tx;
mod values;

pub use address::shown;
pub use cluster::Cluster;

use crate::{BRIEFLY, Sink, Store, StoreError, Work, group};
use errors::Remedy;
use orglet_base::{Dialect, Statement};
use pool::Pool;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tx::Transaction;

/// How long the reads of one snapshot, or a transaction, may take: as long as the platform lets a query run.
const TIME: Duration = Duration::from_secs(120);
/// How often a transaction is begun again because another was in its way, or its connection went away.
const MOST_RETRIES: u32 = 12;

/// The table of a schema that its readers hold; it has no rows.
const GUARD: &str = "_guard";

/// An org's schema in a PostgreSQL database.
pub struct Postgres {
    pool: Arc<Pool>,
    /// In quotes.
    schema: String,
    name: String,
    /// The number of the advisory lock of the schema.
    key: i64,
    time: Duration,
    /// How long a transaction waits for a row that another holds.
    wait: Duration,
}

/// How a transaction goes about.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Read,
    Write,
    /// As `Write`, where nothing is in its way for long.
    Brief,
    /// No other transaction runs meanwhile.
    Alone,
    /// What it reads is as it was at one moment.
    Snapshot,
}

impl Postgres {
    /// The schema `name`, which must be there.
    fn new(pool: Arc<Pool>, name: &str, time: Duration, wait: Duration) -> Self {
        // FNV-1a: any number will do that is the same in every process and differs from those of other schemas.
        let key = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, b| (sum ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self { pool, schema: text::quoted(name), name: name.to_owned(), key: key as i64, time, wait }
    }

    /// The same schema with another limit on how long reads and transactions may take.
    fn with_time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// How long a transaction waits for rows that others hold; none where it takes no rows.
    fn patience(&self, mode: Mode) -> Option<Duration> {
        match mode {
            Mode::Write => Some(group::patience(self.wait, BRIEFLY)),
            Mode::Brief => Some(self.wait.min(BRIEFLY)),
            Mode::Read | Mode::Snapshot | Mode::Alone => None,
        }
    }

    /// The statements that begin a transaction.
    fn begin(&self, mode: Mode) -> String {
        let begin = match mode {
            Mode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Mode::Write | Mode::Brief | Mode::Alone => "BEGIN ISOLATION LEVEL READ COMMITTED",
            Mode::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ",
        };
        let time = match self.pool.bounds_time() {
            true => format!("{begin};"),
            false => format!("{begin};SET LOCAL statement_timeout = {};", self.time.as_millis()),
        };
        match mode {
            Mode::Read => time + &guarded(&self.schema),
            // What is read is another schema's.
            Mode::Snapshot => time,
            // The change of tables that the first may wait for takes as long as it takes.
            Mode::Write => {
                let wait = tx::lock_timeout(self.patience(mode).unwrap_or_default());
                format!("{time}SELECT pg_advisory_xact_lock_shared({});{wait}", self.key)
            }
            Mode::Brief => {
                let wait = tx::lock_timeout(self.patience(mode).unwrap_or_default());
                format!("{time}{wait}SELECT pg_advisory_xact_lock_shared({});", self.key)
            }
            Mode::Alone => format!("{time}SELECT pg_advisory_xact_lock({});", self.key),
        }
    }

    fn run(&self, mode: Mode, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.run_patiently(&self.begin(mode), mode == Mode::Read, self.patience(mode), work)
    }

    /// Runs a transaction that begins with these statements, and waits for no rows.
    fn run_from(&self, begin: &str, read_only: bool, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.run_patiently(begin, read_only, None, work)
    }

    /// Runs a transaction that begins with these statements, which say how long it waits for rows, if it does.
    fn run_patiently(&self, begin: &str, read_only: bool, patience: Option<Duration>, work: &mut Work<'_>) -> Result<(), StoreError> {
        // As often as it is begun again, this is its time.
        let deadline = Instant::now() + self.time;
        let mut met_rows = false;
        let mut attempt = 0;
        loop {
            let mut tx = Transaction::new(self.pool.take()?, &self.schema, begin.to_owned(), read_only, deadline);
            tx.patience = patience;
            let done = catch_unwind(AssertUnwindSafe(|| work(&mut tx)));
            let (error, remedy) = match done {
                Err(panic) => {
                    tx.roll_back();
                    resume_unwind(panic);
                }
                Ok(Ok(())) => match tx.commit() {
                    Ok(()) => return Ok(()),
                    Err(fault) => (fault.error, fault.remedy),
                },
                Ok(Err(error)) => {
                    let remedy = tx.remedy;
                    tx.roll_back();
                    (error, remedy)
                }
            };
            let again = match remedy {
                Remedy::None => false,
                Remedy::AgainOnce => !std::mem::replace(&mut met_rows, true),
                Remedy::Again => true,
                Remedy::Reconnect => {
                    self.pool.purge();
                    attempt < 2
                }
            };
            attempt += 1;
            if !again || attempt > MOST_RETRIES {
                // Others were in its way each time.
                return Err(if remedy == Remedy::Again { StoreError::Locked } else { error });
            }
            if remedy == Remedy::Again {
                // Two that are in each other's way should not come back together.
                let spread = std::thread::current().id();
                let spread = format!("{spread:?}").bytes().fold(0u64, |n, b| n.wrapping_mul(31).wrapping_add(u64::from(b))) % 5;
                std::thread::sleep(Duration::from_millis((1 << attempt.min(6)) + spread));
            }
        }
    }
}

/// Keeps a schema (quoted) from being replaced until the transaction ends. Choosing a snapshot is left to what follows.
fn guarded(schema: &str) -> String {
    format!("LOCK TABLE {schema}.\"{GUARD}\" IN ACCESS SHARE MODE;")
}

impl Store for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.run(Mode::Read, work)
    }

    /// Without `BEGIN`: one statement is a snapshot of its own. Its time is bounded here alone.
    fn point(&self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        for attempt in 0.. {
            let mut tx = Transaction::new(self.pool.take()?, &self.schema, String::new(), true, Instant::now() + self.time);
            let done = tx.alone(statement, sink);
            match (done, tx.remedy) {
                (Err(_), Remedy::Reconnect) if attempt < 2 => self.pool.purge(),
                (done, _) => return done,
            }
        }
        Ok(())
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.run(Mode::Write, work)
    }

    fn transact_briefly(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.run(Mode::Brief, work)
    }

    fn transact_alone(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.run(Mode::Alone, work)
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn tables(&self) -> Result<Vec<String>, StoreError> {
        crate::names(
            self,
            "SELECT tablename::text FROM pg_catalog.pg_tables WHERE schemaname = ?1 AND tablename <> ?2",
            vec![self.name.as_str().into(), GUARD.into()],
        )
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT a.attname::text FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
                   JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = ?1 AND c.relname = ?2 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
                   ORDER BY a.attnum";
        crate::names(self, sql, vec![self.name.as_str().into(), table.into()])
    }
}
