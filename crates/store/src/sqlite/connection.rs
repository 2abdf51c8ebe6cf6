//! One connection: opening, running statements, snapshots.

use super::{Durability, functions};
use crate::{Row, Sink, StoreError, Tx, Work};
use orglet_base::{Cell, OwnedCell, Param, Statement};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// "orgl" in the file's header: tells our files from others.
const APPLICATION_ID: i32 = 0x6f72_676c;
/// Bytes of a file that are mapped into memory.
const MAPPED: i64 = 1 << 30;
/// Statements kept prepared on each connection.
const STATEMENTS: usize = 128;
/// Instructions of SQLite's machine between two looks at the time: well below a millisecond's worth.
const STEPS: i32 = 10_000;

pub(super) struct Connected {
    pub(super) raw: Connection,
    /// Why the open transaction is gone: some failures (a full disk, an I/O error) make SQLite roll all of it back by
    /// itself. Until the next begin every statement fails with it, else it would run in a commit of its own.
    lost: Option<StoreError>,
    /// Until when statements may begin; none where they take as long as they take.
    pub(super) deadline: Option<Instant>,
}

impl Connected {
    pub(super) fn open_writer(path: Option<&Path>, durability: Durability) -> Result<Self, StoreError> {
        let raw = match path {
            Some(path) => Connection::open(path),
            None => Connection::open_in_memory(),
        }
        .map_err(from_sqlite)?;
        let own: i32 = raw.query_row("PRAGMA application_id", [], |r| r.get(0)).map_err(from_sqlite)?;
        let tables: i64 = raw.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0)).map_err(from_sqlite)?;
        if own != APPLICATION_ID {
            if own != 0 || tables != 0 {
                return Err(StoreError::Foreign("it holds another program's database".into()));
            }
            if path.is_some() {
                // Nothing is in the file that a journal could bring back. It is synced once, when it changes to its log.
                raw.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(())).map_err(from_sqlite)?;
                raw.pragma_update(None, "synchronous", "OFF").map_err(from_sqlite)?;
            }
            raw.pragma_update(None, "application_id", APPLICATION_ID).map_err(from_sqlite)?;
            raw.pragma_update(None, "synchronous", "FULL").map_err(from_sqlite)?;
        }
        if path.is_some() {
            let mode: String = raw.query_row("PRAGMA journal_mode = WAL", [], |r| r.get(0)).map_err(from_sqlite)?;
            if !mode.eq_ignore_ascii_case("wal") {
                return Err(StoreError::Other(format!("the file system refuses write-ahead logging (journal mode {mode})")));
            }
            let sync = if durability == Durability::Full { "FULL" } else { "NORMAL" };
            raw.pragma_update(None, "synchronous", sync).map_err(from_sqlite)?;
        }
        Self::prepared(raw)
    }

    pub(super) fn open_reader(path: &Path) -> Result<Self, StoreError> {
        let raw =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(from_sqlite)?;
        raw.pragma_update(None, "query_only", true).map_err(from_sqlite)?;
        Self::prepared(raw)
    }

    /// A connection with our settings, functions and collation.
    pub(super) fn prepared(raw: Connection) -> Result<Self, StoreError> {
        raw.busy_timeout(std::time::Duration::from_secs(10)).map_err(from_sqlite)?;
        raw.pragma_update(None, "foreign_keys", false).map_err(from_sqlite)?;
        raw.pragma_update(None, "trusted_schema", false).map_err(from_sqlite)?;
        // A quoted name that no column has is an error, not a text.
        for config in [DbConfig::SQLITE_DBCONFIG_DQS_DML, DbConfig::SQLITE_DBCONFIG_DQS_DDL] {
            raw.set_db_config(config, false).map_err(from_sqlite)?;
        }
        // A statement is planned once, for any values: else each new value of a LIMIT would have it planned again.
        raw.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(from_sqlite)?;
        raw.pragma_update(None, "temp_store", "MEMORY").map_err(from_sqlite)?;
        raw.pragma_update(None, "cache_size", -2000).map_err(from_sqlite)?;
        // Pages of a large file are read where the system has them already, without a copy for each connection.
        raw.pragma_update_and_check(None, "mmap_size", MAPPED, |_| Ok(())).or_else(no_answer).map_err(from_sqlite)?;
        raw.set_prepared_statement_cache_capacity(STATEMENTS);
        functions::register(&raw).map_err(from_sqlite)?;
        Ok(Self { raw, lost: None, deadline: None })
    }

    /// Runs reads on one snapshot, for at most `time`.
    pub(super) fn snapshot(&mut self, work: &mut Work<'_>, time: Duration) -> Result<(), StoreError> {
        self.begin("BEGIN")?;
        let start = Instant::now();
        self.raw.progress_handler(STEPS, Some(move || start.elapsed() > time)).map_err(from_sqlite)?;
        let done = catch_unwind(AssertUnwindSafe(|| work(self)));
        let cleared = self.raw.progress_handler(0, None::<fn() -> bool>).map_err(from_sqlite);
        let ended = self.end(true);
        done.unwrap_or_else(|panic| resume_unwind(panic)).and(cleared).and(ended)
    }

    /// Begins a transaction; ends one that could not be ended before.
    pub(super) fn begin(&mut self, sql: &str) -> Result<(), StoreError> {
        self.lost = None;
        if !self.is_idle() {
            self.batch("ROLLBACK")?;
        }
        self.batch(sql)
    }

    /// Commits, or rolls back. What cannot be committed is rolled back: it must not stay open for the next caller.
    pub(super) fn end(&mut self, commit: bool) -> Result<(), StoreError> {
        let mut result = match self.lost.take() {
            Some(e) => Err(e),
            None if commit => self.batch("COMMIT"),
            None => Ok(()),
        };
        if !self.is_idle()
            && let Err(e) = self.batch("ROLLBACK")
        {
            // The first failure is the cause.
            result = result.and(Err(e));
        }
        result
    }

    /// Moves all of the log into the file, and syncs both.
    pub(super) fn checkpoint(&mut self) -> Result<(), StoreError> {
        let busy: i64 = self.raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0)).map_err(from_sqlite)?;
        if busy == 0 { Ok(()) } else { Err(StoreError::Other("the log could not be moved into the file".to_owned())) }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.raw.is_autocommit()
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let mut statement = self.raw.prepare_cached(sql).map_err(from_sqlite)?;
        statement.execute([]).map(|_| ()).map_err(from_sqlite)
    }

    /// Refuses to go on in a transaction that is gone, or past its time. A statement that has begun is never broken off: that
    /// would take the whole transaction with it.
    fn stands(&self) -> Result<(), StoreError> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(StoreError::Interrupted);
        }
        self.lost.clone().map_or(Ok(()), Err)
    }

    /// Notes when a statement's failure took the transaction with it.
    fn noted<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(e) = &result
            && self.is_idle()
        {
            self.lost = Some(e.clone());
        }
        result
    }

    fn run_query(&self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        crate::check_texts(&statement.params)?;
        let failed = |e| with_sql(e, &statement.sql);
        let mut prepared = self.raw.prepare_cached(&statement.sql).map_err(failed)?;
        let columns = prepared.column_count();
        let mut rows = prepared.query(rusqlite::params_from_iter(statement.params.iter().map(Bound))).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            if !sink(&SqliteRow(row, columns)) {
                break;
            }
        }
        Ok(())
    }

    fn run(&self, statement: &Statement) -> Result<usize, StoreError> {
        crate::check_texts(&statement.params)?;
        let failed = |e| with_sql(e, &statement.sql);
        let mut prepared = self.raw.prepare_cached(&statement.sql).map_err(failed)?;
        prepared.execute(rusqlite::params_from_iter(statement.params.iter().map(Bound))).map_err(failed)
    }
}

/// A parameter as SQLite takes it. Lists travel as a JSON array, read with `json_each`.
struct Bound<'a>(&'a Param);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Param::Cell(OwnedCell::Null) | Param::Of(_, OwnedCell::Null) => ToSqlOutput::Borrowed(ValueRef::Null),
            Param::Cell(OwnedCell::Int(n)) | Param::Of(_, OwnedCell::Int(n)) => ToSqlOutput::Borrowed(ValueRef::Integer(*n)),
            Param::Cell(OwnedCell::Text(t)) | Param::Of(_, OwnedCell::Text(t)) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
            Param::Cell(OwnedCell::Blob(b)) | Param::Of(_, OwnedCell::Blob(b)) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
            Param::Texts(list) => ToSqlOutput::Owned(Value::Text(json_array(list))),
            Param::List(_, list) => ToSqlOutput::Owned(Value::Text(json_array_of_cells(list))),
            Param::Json(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Param::Virtual(_) => return Err(rusqlite::Error::ToSqlConversionFailure("rows of a virtual object are missing".into())),
        })
    }
}

fn json_array(list: &[String]) -> String {
    let mut out = String::with_capacity(list.len() * 22 + 2);
    out.push('[');
    for (i, text) in list.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        put_json_text(&mut out, text);
    }
    out.push(']');
    out
}

fn json_array_of_cells(list: &[OwnedCell]) -> String {
    let mut out = String::with_capacity(list.len() * 12 + 2);
    out.push('[');
    for (i, cell) in list.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match cell {
            OwnedCell::Int(n) => out.push_str(&n.to_string()),
            OwnedCell::Text(text) => put_json_text(&mut out, text),
            OwnedCell::Null | OwnedCell::Blob(_) => out.push_str("null"),
        }
    }
    out.push(']');
    out
}

fn put_json_text(out: &mut String, text: &str) {
    out.push('"');
    // As ids are, of which there may be thousands.
    if text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

struct SqliteRow<'a, 'b>(&'a rusqlite::Row<'b>, usize);

impl Row for SqliteRow<'_, '_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.0.get_ref(column) {
            Ok(ValueRef::Integer(n)) => Cell::Int(n),
            Ok(ValueRef::Text(t)) => std::str::from_utf8(t).map_or(Cell::Null, Cell::Text),
            Ok(ValueRef::Blob(b)) => Cell::Blob(b),
            // No column of ours holds a float: numbers are scaled integers.
            Ok(ValueRef::Real(_)) | Ok(ValueRef::Null) | Err(_) => Cell::Null,
        }
    }

    fn columns(&self) -> usize {
        self.1
    }
}

impl Tx for Connected {
    fn query(&mut self, statement: &Statement, sink: &mut Sink<'_>) -> Result<(), StoreError> {
        self.stands()?;
        let done = self.run_query(statement, sink);
        self.noted(done)
    }

    fn execute(&mut self, statement: &Statement) -> Result<usize, StoreError> {
        self.stands()?;
        let done = self.run(statement);
        self.noted(done)
    }
}

fn with_sql(e: rusqlite::Error, sql: &str) -> StoreError {
    match from_sqlite(e) {
        StoreError::Other(text) => StoreError::Other(format!("{text} in: {sql}")),
        other => other,
    }
}

pub(super) fn from_sqlite(e: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;
    let text = e.to_string();
    if let Some(at) = text.find("no such table: ") {
        let name: String = text[at + 15..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        return StoreError::NoTable(name);
    }
    if text.contains("no such column: ") || text.contains(" has no column named ") {
        return StoreError::Schema(text);
    }
    match e.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => {
            StoreError::Unique(text.split("failed: ").nth(1).unwrap_or(&text).trim_matches('\'').to_owned())
        }
        Some(ErrorCode::OperationInterrupted) => StoreError::Interrupted,
        Some(ErrorCode::DiskFull | ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => StoreError::ReadOnly(text),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Foreign(text),
        _ => StoreError::Other(text),
    }
}

/// Some settings answer their new value and some answer nothing.
pub(super) fn no_answer(e: rusqlite::Error) -> rusqlite::Result<()> {
    if e == rusqlite::Error::QueryReturnedNoRows { Ok(()) } else { Err(e) }
}
