//! A PostgreSQL database as the home of a server and its orgs: a schema each.

use super::address::Address;
use super::pool::{Lease, Pool};
use super::text::quoted;
use super::tls::Connector;
use super::{GUARD, Mode, Postgres, TIME, copy, functions, guarded};
use crate::home::{Carry, Claim, Held, check_name, exists, missing};
use crate::{Home, LOCK_WAIT, Store, StoreError, Work};
use orglet_base::Statement;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Connections that a server opens at most, where the address does not say.
const CONNECTIONS: usize = 16;
/// How long a request waits for one.
const WAIT: Duration = Duration::from_secs(10);
/// How long copying an org may take.
const COPY: Duration = Duration::from_secs(3600);
/// The server's own schema; those of orgs begin with it and an underscore.
const OWN: &str = "orglet";
/// The number of the advisory lock of claims: another than that of any schema.
const CLAIM: i64 = 0x6f72_676c_6574;
/// Says of a schema that it is ours, and how it is laid out.
const MARK: &str = "orglet 2";

/// A PostgreSQL database.
pub struct Cluster {
    pool: Arc<Pool>,
    time: Duration,
    lock_wait: Duration,
}

impl Cluster {
    /// The database at `address`: `postgres://user:password@host:port/database?…` with libpq's parameters. The files
    /// that it names are read; the database is not asked for anything yet.
    pub fn new(address: &str) -> Result<Self, StoreError> {
        let Address { config, tls } = Address::parse(address)?;
        Ok(Self { pool: Pool::new(config, Connector(tls), CONNECTIONS, WAIT), time: TIME, lock_wait: LOCK_WAIT })
    }

    /// The same with another limit on how long reads and transactions may take; 120 seconds where none is set, and what
    /// the address says (`options=-c statement_timeout=…`) before either.
    pub fn with_time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// The same with another limit on how long a transaction waits for a row that another holds; 10 seconds where none is
    /// set.
    pub fn with_lock_wait(self, lock_wait: Duration) -> Self {
        Self { lock_wait, ..self }
    }

    /// Runs a statement outside of any transaction, as some on whole databases want it.
    pub fn outside(&self, sql: &str) -> Result<(), StoreError> {
        let mut lease = self.pool.take()?;
        lease.connection()?.batch(sql, WAIT * 6).map_err(|failed| super::tx::fault(failed, "", sql).error)
    }

    fn at(&self, schema: &str) -> Postgres {
        Postgres::new(self.pool.clone(), schema, self.time, self.lock_wait)
    }

    /// Whether a schema of ours has this name. One of another program's is refused.
    fn is_there(&self, schema: &str) -> Result<bool, StoreError> {
        let sql = "SELECT obj_description(n.oid, 'pg_namespace') FROM pg_catalog.pg_namespace n WHERE n.nspname = ?1";
        let mut found = None;
        // There may be nothing to guard.
        self.at(schema).point(&Statement::new(sql, vec![schema.into()]), &mut |row| {
            found = Some(row.cell(0).text().map(str::to_owned));
            false
        })?;
        match found {
            None => Ok(false),
            Some(Some(mark)) if mark == MARK => Ok(true),
            Some(Some(mark)) if mark.starts_with("orglet ") => {
                Err(StoreError::Foreign(format!("the schema {schema} is laid out as '{mark}', which this version does not know")))
            }
            Some(_) => Err(StoreError::Foreign(format!("the schema {schema} is another program's"))),
        }
    }

    fn make(&self, schema: &str) -> Result<(), StoreError> {
        self.at(schema).define(&new_schema(schema))
    }

    fn existing(&self, name: &str) -> Result<String, StoreError> {
        let schema = schema_of(name)?;
        if self.is_there(&schema)? { Ok(schema) } else { Err(missing(name)) }
    }

    fn absent(&self, name: &str) -> Result<String, StoreError> {
        let schema = schema_of(name)?;
        if self.is_there(&schema)? { Err(exists(name)) } else { Ok(schema) }
    }
}

impl Home for Cluster {
    fn own(&self) -> Result<Arc<dyn Store>, StoreError> {
        if !self.is_there(OWN)? {
            match self.make(OWN) {
                // Another server made it at the same time.
                Err(_) if self.is_there(OWN)? => {}
                made => made?,
            }
        }
        Ok(Arc::new(self.at(OWN)))
    }

    fn has(&self, name: &str) -> Result<bool, StoreError> {
        self.is_there(&schema_of(name)?)
    }

    fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(self.at(&self.existing(name)?)))
    }

    fn create(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        let schema = self.absent(name)?;
        self.make(&schema)?;
        Ok(Arc::new(self.at(&schema)))
    }

    fn create_to_fill(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        self.create(name)?;
        Ok(Arc::new(self.at(&schema_of(name)?).with_time(COPY)))
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        let schema = self.existing(name)?;
        self.at(&schema).define(&drop_schema(&schema))
    }

    fn copy(&self, from: &str, to: &str, adapt: &mut Work<'_>) -> Result<(), StoreError> {
        let (source, target) = (self.existing(from)?, self.absent(to)?);
        let store = self.at(&target).with_time(COPY);
        let begin = store.begin(Mode::Snapshot) + &guarded(&quoted(&source));
        store.run_from(&begin, false, &mut |tx| {
            for statement in new_schema(&target) {
                tx.execute(&statement)?;
            }
            copy::rows(tx, &source, &target)?;
            adapt(tx)
        })
    }

    fn replace(&self, from: &str, to: &str, carry: &mut Carry<'_>) -> Result<(), StoreError> {
        let (source, target) = (self.existing(from)?, self.existing(to)?);
        let old = format!("{target}__old");
        let store = self.at(&target).with_time(COPY);
        let begin = store.begin(Mode::Alone) + &guarded(&quoted(&source));
        store.run_from(&begin, false, &mut |tx| {
            tx.execute(&plain(format!("ALTER SCHEMA {} RENAME TO {}", quoted(&target), quoted(&old))))?;
            for statement in new_schema(&target) {
                tx.execute(&statement)?;
            }
            copy::rows(tx, &source, &target)?;
            let both = RefCell::new(tx);
            carry(&mut copy::Beside::new(&both, &quoted(&old)), &mut copy::Beside::new(&both, &quoted(&target)))?;
            let tx = both.into_inner();
            drop_schema(&old).iter().try_for_each(|statement| tx.execute(statement).map(|_| ()))
        })
    }

    fn give_up(&self, name: &str, work: &mut Work<'_>) -> Result<(), StoreError> {
        let schema = self.existing(name)?;
        self.at(&schema).with_time(COPY).run(Mode::Alone, &mut |tx| {
            work(tx)?;
            drop_schema(&schema).iter().try_for_each(|statement| tx.execute(statement).map(|_| ()))
        })
    }

    fn claim(&self) -> Result<Claim, StoreError> {
        let mut lease = self.pool.take()?;
        lease.clean = false;
        // It may have to wait for as long as another's copy of an org takes.
        let sql = format!(
            "BEGIN;SET LOCAL statement_timeout = {};SET LOCAL idle_in_transaction_session_timeout = 0;SELECT pg_advisory_xact_lock({CLAIM})",
            COPY.as_millis()
        );
        lease.connection()?.batch(&sql, COPY).map_err(|failed| super::tx::fault(failed, "", &sql).error)?;
        Ok(Claim(Some(Box::new(Claimed(lease)))))
    }

    fn list(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT n.nspname::text FROM pg_catalog.pg_namespace n \
                   WHERE starts_with(n.nspname::text, ?1) AND obj_description(n.oid, 'pg_namespace') = ?2";
        let prefix = format!("{OWN}_");
        let statement = Statement::new(sql, vec![prefix.as_str().into(), MARK.into()]);
        let mut names = Vec::new();
        // There may be nothing to guard.
        self.at(OWN).point(&statement, &mut |row| {
            names.extend(row.cell(0).text().and_then(|name| name.strip_prefix(&prefix)).map(str::to_owned));
            true
        })?;
        names.sort();
        Ok(names)
    }

    fn backup(&self, _: &[String], _: &Path) -> Result<(), StoreError> {
        Err(StoreError::Other("a PostgreSQL database is backed up with its own tools: pg_dump, or a base backup".to_owned()))
    }

    /// A read waits for the network.
    fn reads_at_once(&self) -> bool {
        false
    }
}

fn plain(sql: impl Into<Arc<str>>) -> Statement {
    Statement::new(sql, Vec::new())
}

/// A transaction that holds the lock of a claim.
struct Claimed(Lease);

impl Held for Claimed {
    fn stands(&mut self) -> Result<(), StoreError> {
        // The lock is held for as long as the session that took it.
        let sql = "SELECT 1";
        self.0.connection()?.batch(sql, WAIT).map_err(|failed| super::tx::fault(failed, "", sql).error)
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        let done = self.0.connection().map(|connection| connection.batch("ROLLBACK", WAIT));
        self.0.clean = matches!(done, Ok(Ok(())));
    }
}

/// The statements that take a schema away. First those who read are waited for, in one place: one table after the other,
/// it and they could each hold what the other wants.
fn drop_schema(schema: &str) -> [Statement; 2] {
    let name = quoted(schema);
    [plain(format!("LOCK TABLE {name}.\"{GUARD}\" IN ACCESS EXCLUSIVE MODE")), plain(format!("DROP SCHEMA {name} CASCADE"))]
}

/// The statements that make a schema and its functions.
fn new_schema(schema: &str) -> Vec<Statement> {
    let name = quoted(schema);
    let mut statements = vec![
        plain(format!("CREATE SCHEMA {name}")),
        plain(format!("COMMENT ON SCHEMA {name} IS '{MARK}'")),
        plain(format!("CREATE TABLE {name}.\"{GUARD}\" (held boolean)")),
    ];
    statements.extend(functions::statements());
    statements
}

fn schema_of(name: &str) -> Result<String, StoreError> {
    check_name(name)?;
    Ok(format!("{OWN}_{name}"))
}
