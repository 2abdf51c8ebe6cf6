//! Connections as the server opens them, and what is asked of them: the SQL of its planner.

use std::io;
use std::path::Path;

use jiff::tz::TimeZone;
use orglet_base::{ApiVersion, DateTime, Dialect, Id, OwnedCell, Param, Statement};
use orglet_plan::{BindContext, Output, record_shape, write};
use orglet_schema::{AccessSet, Catalog, Field};
use orglet_syntax::{Quirks, soql};
use rusqlite::config::DbConfig;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, OpenFlags, Row, params_from_iter};
use serde_json::{Map, Value};

use super::shape::{Cell, Cells, Shape};

/// Rows of a page, as the server has it; it asks for one more to know whether there is a next page.
pub(super) const PAGE: usize = 2000;

/// Opens the connection that writes.
pub(super) fn open_writer(path: &Path, synchronous: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    prepared(connection)
}

/// Opens a connection that reads, for one thread.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.pragma_update(None, "query_only", true)?;
    prepared(connection)
}

/// The settings of `orglet-store`'s connections that bear on speed.
fn prepared(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -2000)?;
    connection.pragma_update_and_check(None, "mmap_size", 1 << 30, |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.create_collation("FOLD", orglet_base::fold::compare)?;
    Ok(connection)
}

/// The read of an account by its id, which is the only parameter, with the fields of a sample.
pub(super) fn record(catalog: &Catalog, root: &str, sample: &Map<String, Value>, dialect: Dialect) -> io::Result<(Statement, Shape)> {
    let account = catalog.object("Account").ok_or_else(|| io::Error::other("no Account"))?;
    let fields: Vec<&Field> = sample.keys().filter_map(|name| account.field(name)).collect();
    let (columns, nodes) = record_shape(account, &fields);
    let statement = write::point_read(account, &columns, "", write::Lock::None, dialect);
    Ok((statement, Shape::record(root, &account.name, &nodes)?))
}

/// Plans a query as the server does.
pub(super) fn plan(catalog: &Catalog, root: &str, text: &str, dialect: Dialect) -> io::Result<Output> {
    let version: u16 = root.rsplit_once('v').and_then(|(_, v)| v.split('.').next()?.parse().ok()).unwrap_or_default();
    let ast = soql::parse(text, Quirks::for_api_version(u32::from(version))).map_err(|error| io::Error::other(error.render(text)))?;
    let access = AccessSet::full();
    let context = BindContext {
        catalog,
        access: &access,
        version: ApiVersion(version),
        now: DateTime(0),
        time_zone: &TimeZone::UTC,
        monday_weeks: false,
        user: Id::EMPTY,
        all_rows: false,
        dialect,
        query_text: text,
    };
    Ok(orglet_plan::plan(&ast, &context).map_err(|error| io::Error::other(format!("{text}: {error}")))?.output)
}

impl Cells for Row<'_> {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Cell::Int(number),
            Ok(ValueRef::Text(text)) => Cell::Text(text),
            _ => Cell::Null,
        }
    }
}

/// A statement with its parameters.
struct Bound {
    sql: String,
    params: Vec<Sql>,
}

impl Bound {
    fn new(statement: &Statement) -> io::Result<Bound> {
        let params = statement.params.iter().map(parameter).collect::<io::Result<_>>()?;
        Ok(Bound { sql: statement.sql.to_string(), params })
    }
}

/// A statement, and how its rows become an answer.
pub(super) struct Planned {
    first: Bound,
    shape: Shape,
    /// For queries whose result may be more than a page.
    rest: Option<Rest>,
    /// The path of a further page, up to its position.
    further: String,
}

/// What gives the ids of a whole result, and what gives the rows of ids, which are its parameter as a JSON array.
struct Rest {
    ids: Bound,
    by_ids: String,
}

impl Planned {
    /// The read of an account by its id, with the fields of a sample.
    pub(super) fn record(catalog: &Catalog, root: &str, sample: &Map<String, Value>) -> io::Result<Planned> {
        let (statement, shape) = record(catalog, root, sample, Dialect::Sqlite)?;
        let first = Bound { sql: statement.sql.to_string(), params: Vec::new() };
        Ok(Planned { first, shape, rest: None, further: String::new() })
    }

    /// A query.
    pub(super) fn query(catalog: &Catalog, root: &str, text: &str) -> io::Result<Planned> {
        let output = plan(catalog, root, text, Dialect::Sqlite)?;
        let further = format!("{root}/query/01gB00000000001AAA-");
        let rows = PAGE as u64 + 1;
        match &output {
            Output::Records(records) => {
                let rest = match records.limit {
                    None => Some(Rest { ids: Bound::new(&records.ids())?, by_ids: records.by_ids(Vec::new()).sql.to_string() }),
                    Some(_) => None,
                };
                let shape = Shape::record(root, &records.object.name, &records.shape)?;
                Ok(Planned { first: Bound::new(&records.page(rows))?, shape, rest, further })
            }
            Output::Aggregate(aggregate) => {
                let shape = Shape::aggregate(&aggregate.shape)?;
                Ok(Planned { first: Bound::new(&aggregate.statement(rows))?, shape, rest: None, further })
            }
            Output::Count(_) => Err(io::Error::other(format!("{text}: a count has no rows"))),
        }
    }

    /// The record with an id.
    pub(super) fn one(&self, connection: &Connection, id: &str) -> rusqlite::Result<Vec<u8>> {
        let mut statement = connection.prepare_cached(&self.first.sql)?;
        statement.query_row([id], |row| {
            let mut out = Vec::with_capacity(4096);
            self.shape.write(&mut out, row);
            Ok(out)
        })
    }

    /// The first page; the ids of the whole result, in order, where that is more.
    pub(super) fn page(&self, connection: &Connection) -> rusqlite::Result<(Vec<u8>, Option<Vec<String>>)> {
        let mut statement = connection.prepare_cached(&self.first.sql)?;
        let (records, count, more) = self.rows(statement.query(params_from_iter(&self.first.params))?)?;
        match &self.rest {
            Some(rest) if more => {
                let mut statement = connection.prepare_cached(&rest.ids.sql)?;
                let ids = statement.query_map(params_from_iter(&rest.ids.params), |row| row.get(0))?;
                let ids = ids.collect::<rusqlite::Result<Vec<String>>>()?;
                Ok((self.answer(&records, ids.len(), Some(PAGE)), Some(ids)))
            }
            _ => Ok((self.answer(&records, count, None), None)),
        }
    }

    /// The page of a result that begins at a position.
    pub(super) fn further(&self, connection: &Connection, ids: &[String], position: usize) -> rusqlite::Result<Vec<u8>> {
        let end = ids.len().min(position + PAGE);
        let asked = serde_json::to_string(ids.get(position..end).unwrap_or_default()).unwrap_or_default();
        let mut statement = connection.prepare_cached(self.rest.as_ref().map_or("", |rest| &rest.by_ids))?;
        let (records, ..) = self.rows(statement.query([asked])?)?;
        Ok(self.answer(&records, ids.len(), (end < ids.len()).then_some(end)))
    }

    /// Rows as JSON, at most a page; how many, and whether there are more.
    fn rows(&self, mut rows: rusqlite::Rows<'_>) -> rusqlite::Result<(Vec<u8>, usize, bool)> {
        let mut records = Vec::with_capacity(64 * 1024);
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if count == PAGE {
                return Ok((records, count, true));
            }
            if count > 0 {
                records.push(b',');
            }
            count += 1;
            self.shape.write(&mut records, row);
        }
        Ok((records, count, false))
    }

    fn answer(&self, records: &[u8], total: usize, next: Option<usize>) -> Vec<u8> {
        answer(records, total, next.map(|position| format!("{}{position}", self.further)))
    }
}

/// A page; `next` is the path of the next one.
pub(super) fn answer(records: &[u8], total: usize, next: Option<String>) -> Vec<u8> {
    let done = next.is_none();
    let next = next.map(|path| format!("\"nextRecordsUrl\":\"{path}\",")).unwrap_or_default();
    let head = format!("{{\"totalSize\":{total},\"done\":{done},{next}\"records\":[");
    let mut out = Vec::with_capacity(records.len() + head.len() + 2);
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(records);
    out.extend_from_slice(b"]}");
    out
}

fn parameter(param: &Param) -> io::Result<Sql> {
    match param {
        Param::Cell(OwnedCell::Null) | Param::Of(_, OwnedCell::Null) => Ok(Sql::Null),
        Param::Cell(OwnedCell::Int(number)) | Param::Of(_, OwnedCell::Int(number)) => Ok(Sql::Integer(*number)),
        Param::Cell(OwnedCell::Text(text)) | Param::Of(_, OwnedCell::Text(text)) => Ok(Sql::Text(text.clone())),
        other => Err(io::Error::other(format!("a parameter that the bare program does not bind: {other:?}"))),
    }
}
