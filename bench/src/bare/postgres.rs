//! The limit on PostgreSQL: axum and tokio-postgres with nothing between them, on the server's own tables. A request takes
//! a connection, of which there are as many as the server has, and runs one prepared statement on it, whose SQL is that of
//! the server's planner; a create is one insert, which commits by itself.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Path as UrlPath, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use bytes::BytesMut;
use futures_util::TryStreamExt;
use orglet_base::sql::HOME;
use orglet_base::{DateTime, Dialect, Id, KeyPrefix, OwnedCell, Param, Statement as Planned};
use orglet_plan::Output;
use orglet_schema::Catalog;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, NoTls, Row, RowStream, Statement};

use super::database::{self, PAGE};
use super::shape::{Cell, Cells, Shape};
use super::{Task, failed, json};

/// Connections, as many as the server opens at most.
const CONNECTIONS: usize = 16;
/// The org's schema.
const SCHEMA: &str = "\"orglet_default\".";
/// Milliseconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH: i64 = 946_684_800_000;
/// Ids of the bare program's own rows begin so far above those of the server.
const APART: u64 = 1_000_000_000;

/// What the handlers share.
struct Bare {
    free: Semaphore,
    connections: Vec<Mutex<Connection>>,
    record: Shape,
    queries: HashMap<String, Question>,
    columns: Vec<Source>,
    next: AtomicU64,
}

/// A query: its SQL, parameters, and how its rows become an answer.
struct Question {
    sql: String,
    params: Vec<Text>,
    shape: Shape,
}

/// A connection with what is prepared on it.
struct Connection {
    client: Client,
    record: Statement,
    insert: Statement,
    queries: HashMap<String, Statement>,
}

/// Where a column's value comes from when a row is made.
enum Source {
    Id,
    Now,
    Body(String),
    /// The same in every row: owner, flags.
    Same(Text),
}

/// A parameter as text, which PostgreSQL reads as what it is for.
#[derive(Clone, Debug)]
struct Text(Option<String>);

impl ToSql for Text {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let Some(text) = &self.0 else { return Ok(IsNull::Yes) };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

/// The bytes of a value.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Cells for Row {
    fn cell(&self, column: usize) -> Cell<'_> {
        let Ok(Some(Raw(raw))) = self.try_get::<_, Option<Raw<'_>>>(column) else { return Cell::Null };
        match self.columns().get(column).map(|column| column.type_()) {
            Some(&Type::BOOL) => Cell::Int(i64::from(raw.first() == Some(&1))),
            Some(&Type::INT8) => raw.try_into().map_or(Cell::Null, |raw| Cell::Int(i64::from_be_bytes(raw))),
            Some(&Type::NUMERIC) => Cell::Int(unscaled(raw)),
            Some(&Type::TIMESTAMPTZ) => {
                raw.try_into().map_or(Cell::Null, |raw| Cell::Moment(i64::from_be_bytes(raw).div_euclid(1000) + EPOCH))
            }
            _ => Cell::Text(raw),
        }
    }
}

/// A `numeric` times ten to the number of its decimals.
fn unscaled(raw: &[u8]) -> i64 {
    let word = |at: usize| raw.get(2 * at..2 * at + 2).and_then(|two| two.try_into().ok()).map_or(0, i16::from_be_bytes);
    let (groups, weight, decimals) = (word(0), i32::from(word(1)), i32::from(word(3)));
    let mut number = 0;
    for group in 0..groups {
        let power = 4 * (weight - i32::from(group)) + decimals;
        let digits = i64::from(word(4 + usize::try_from(group).unwrap_or_default()));
        number += if power < 0 { digits / 10i64.pow(power.unsigned_abs()) } else { digits * 10i64.pow(power.unsigned_abs()) };
    }
    if word(2) == 0 { number } else { -number }
}

/// The routes over the database at an address.
pub(super) async fn app(catalog: &Catalog, task: Task, store: &str) -> io::Result<Router> {
    let (record_read, record) = database::record(catalog, &task.root, &task.record, Dialect::Postgres)?;
    let record_read = rendered(&record_read);
    let question = |soql: String| question(catalog, &task.root, &soql).map(|question| (soql, question));
    let queries = task.queries.iter().cloned().map(question).collect::<io::Result<HashMap<_, _>>>()?;
    let (insert, columns, next) = table(&connect(store).await?, catalog).await?;
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = connect(store).await?;
        let mut prepared = HashMap::new();
        for sql in queries.values().map(|question| &question.sql) {
            if !prepared.contains_key(sql) {
                prepared.insert(sql.clone(), client.prepare(sql).await.map_err(io::Error::other)?);
            }
        }
        let record = client.prepare(&record_read).await.map_err(io::Error::other)?;
        let insert = client.prepare(&insert).await.map_err(io::Error::other)?;
        connections.push(Mutex::new(Connection { client, record, insert, queries: prepared }));
    }
    let bare = Bare { free: Semaphore::new(CONNECTIONS), connections, record, queries, columns, next: AtomicU64::new(next + APART) };
    Ok(Router::new()
        .route("/services/data", axum::routing::get(async || ""))
        .route("/services/data/{version}/sobjects/Account/{id}", axum::routing::get(record_get))
        .route("/services/data/{version}/query", axum::routing::get(query))
        .route("/services/data/{version}/sobjects/Account", axum::routing::post(create))
        .with_state(Arc::new(bare)))
}

async fn connect(store: &str) -> io::Result<Client> {
    let (client, connection) = tokio_postgres::connect(store, NoTls).await.map_err(io::Error::other)?;
    tokio::spawn(connection);
    Ok(client)
}

fn rendered(statement: &Planned) -> String {
    statement.sql.replace(HOME, SCHEMA).replace('?', "$")
}

fn question(catalog: &Catalog, root: &str, text: &str) -> io::Result<Question> {
    let (statement, shape) = match database::plan(catalog, root, text, Dialect::Postgres)? {
        Output::Records(records) => (records.page(PAGE as u64 + 1), Shape::record(root, &records.object.name, &records.shape)?),
        Output::Aggregate(aggregate) => (aggregate.statement(PAGE as u64 + 1), Shape::aggregate(&aggregate.shape)?),
        Output::Count(_) => return Err(io::Error::other(format!("{text}: a count has no rows"))),
    };
    let params = statement.params.iter().map(parameter).collect::<io::Result<_>>()?;
    Ok(Question { sql: rendered(&statement), params, shape })
}

fn parameter(param: &Param) -> io::Result<Text> {
    match param {
        Param::Cell(OwnedCell::Text(text)) | Param::Of(_, OwnedCell::Text(text)) => Ok(Text(Some(text.clone()))),
        Param::Cell(OwnedCell::Int(number)) => Ok(Text(Some(number.to_string()))),
        other => Err(io::Error::other(format!("a parameter that the bare program does not bind: {other:?}"))),
    }
}

/// The insert of a whole row, where its columns come from, and the org's counter, which stands behind all of its ids.
async fn table(client: &Client, catalog: &Catalog) -> io::Result<(String, Vec<Source>, u64)> {
    let account = catalog.object("Account").ok_or_else(|| io::Error::other("no Account"))?;
    let names: Vec<String> = account.fields().iter().filter(|field| field.has_column()).map(|field| field.name.clone()).collect();
    let texts = names.iter().map(|name| format!("\"{name}\"::text")).collect::<Vec<_>>().join(", ");
    let newest = format!("SELECT {texts} FROM {SCHEMA}\"Account\" ORDER BY \"Id\" DESC LIMIT 1");
    let newest = client.query_one(&newest, &[]).await.map_err(io::Error::other)?;
    let columns = names.iter().enumerate().map(|(at, name)| {
        Ok(match (name.as_str(), account.field(name)) {
            ("Id", _) => Source::Id,
            ("CreatedDate" | "LastModifiedDate" | "SystemModstamp", _) => Source::Now,
            (_, Some(field)) if field.createable && field.name != "OwnerId" => Source::Body(name.clone()),
            _ => Source::Same(Text(newest.try_get(at)?)),
        })
    });
    let columns = columns.collect::<Result<_, Error>>().map_err(io::Error::other)?;
    let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    let places = (1..=names.len()).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ");
    let next = client.query_one(&format!("SELECT next FROM {SCHEMA}\"_ids\" WHERE prefix = '001'"), &[]).await;
    let next: i64 = next.and_then(|row| row.try_get(0)).map_err(io::Error::other)?;
    Ok((format!("INSERT INTO {SCHEMA}\"Account\" ({list}) VALUES ({places})"), columns, next.unsigned_abs()))
}

impl Bare {
    /// A connection that nobody uses, once there is one.
    async fn connection(&self) -> Option<(SemaphorePermit<'_>, MutexGuard<'_, Connection>)> {
        let permit = self.free.acquire().await.ok()?;
        let free = self.connections.iter().find_map(|connection| connection.try_lock().ok())?;
        Some((permit, free))
    }

    fn row(&self, fields: &Map<String, Value>) -> (String, Vec<Text>) {
        let id = Id::new(KeyPrefix(*b"001"), *b"5g", self.next.fetch_add(1, Ordering::Relaxed)).to_string();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = DateTime(i64::try_from(since.as_millis()).unwrap_or_default()).truncate_to_second().to_canonical();
        let values = self.columns.iter().map(|source| match source {
            Source::Id => Text(Some(id.clone())),
            Source::Now => Text(Some(now.clone())),
            Source::Body(name) => Text(fields.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), String::from))),
            Source::Same(text) => text.clone(),
        });
        let values = values.collect();
        (id, values)
    }
}

async fn record_get(State(bare): State<Arc<Bare>>, UrlPath((_, id)): UrlPath<(String, String)>) -> Response {
    let Some((_permit, connection)) = bare.connection().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match connection.client.query_one(&connection.record, &[&id]).await {
        Ok(row) => {
            let mut out = Vec::with_capacity(4096);
            bare.record.write(&mut out, &row);
            json(StatusCode::OK, out)
        }
        Err(error) => failed(&error),
    }
}

async fn query(State(bare): State<Arc<Bare>>, Query(parameters): Query<HashMap<String, String>>) -> Response {
    let question = parameters.get("q").and_then(|soql| bare.queries.get(soql));
    let Some(question) = question else { return StatusCode::BAD_REQUEST.into_response() };
    let Some((_permit, connection)) = bare.connection().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let Some(statement) = connection.queries.get(&question.sql) else { return StatusCode::BAD_REQUEST.into_response() };
    let page = async {
        let rows: RowStream = connection.client.query_raw(statement, &question.params).await?;
        let mut rows = std::pin::pin!(rows);
        let (mut records, mut count) = (Vec::with_capacity(64 * 1024), 0);
        while let Some(row) = rows.try_next().await? {
            if count > 0 {
                records.push(b',');
            }
            count += 1;
            question.shape.write(&mut records, &row);
        }
        Ok::<_, Error>(database::answer(&records, count, None))
    };
    match page.await {
        Ok(body) => json(StatusCode::OK, body),
        Err(error) => failed(&error),
    }
}

async fn create(State(bare): State<Arc<Bare>>, Json(fields): Json<Map<String, Value>>) -> Response {
    let (id, values) = bare.row(&fields);
    let Some((_permit, connection)) = bare.connection().await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    match connection.client.execute_raw(&connection.insert, &values).await {
        Ok(_) => json(StatusCode::CREATED, super::created(&id)),
        Err(error) => failed(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::unscaled;

    #[test]
    fn numerics_are_read() {
        let numeric = |words: &[i16]| unscaled(&words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>());
        // 12.50, -0.05, 10000, 123456.7
        assert_eq!(numeric(&[2, 0, 0, 2, 12, 5000]), 1250);
        assert_eq!(numeric(&[1, -1, 0x4000, 2, 500]), -5);
        assert_eq!(numeric(&[1, 1, 0, 0, 1]), 10_000);
        assert_eq!(numeric(&[3, 1, 0, 1, 12, 3456, 7000]), 1_234_567);
    }
}
