//! The limits: the same routes and bodies with nothing behind them, and with nothing but SQLite behind them.
//!
//! The second does what a server cannot avoid: a read on a connection of its thread with a cached statement, values
//! made into JSON; writes by one thread that commits whatever is waiting at once, on disk before it answers.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;

use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use bytes::Bytes;
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::fixture::COLUMNS;

/// `bare axum|rusqlite ADDRESS FOLDER`: serves until it is ended.
pub fn main(arguments: &[String]) -> io::Result<()> {
    let [kind, address, folder] = arguments else { return Err(io::Error::other("bare axum|rusqlite ADDRESS FOLDER")) };
    let folder = Path::new(folder);
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(&std::fs::read(folder.join("rows.json"))?)?;
    let app = if kind == "rusqlite" { with_sqlite(folder, &rows)? } else { alone(folder, rows)? };
    let app = app.route("/services/data", get(async || ""));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), app).await
    })
}

fn routes<S: Clone + Send + Sync + 'static>() -> (&'static str, &'static str, &'static str, Router<S>) {
    (
        "/services/data/{version}/sobjects/Account/{id}",
        "/services/data/{version}/query",
        "/services/data/{version}/sobjects/Account",
        Router::new(),
    )
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body.into()).into_response()
}

fn created(id: &str) -> Response {
    json(StatusCode::CREATED, format!("{{\"id\":\"{id}\",\"success\":true,\"errors\":[]}}"))
}

fn alone(folder: &Path, rows: Vec<Map<String, Value>>) -> io::Result<Router> {
    let first = rows.first().ok_or_else(|| io::Error::other("no rows"))?;
    let row = Bytes::from(serde_json::to_vec(first)?);
    let page = Bytes::from(std::fs::read(folder.join("page.json"))?);
    let (by_id, query, home, router) = routes();
    Ok(router
        .route(by_id, get(async move || json(StatusCode::OK, row.clone())))
        .route(query, get(async move || json(StatusCode::OK, page.clone())))
        .route(home, axum::routing::post(async |Json(_): Json<Value>| created("001000000000001AAA"))))
}

/// How a column's values become JSON.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Boolean,
    Json,
}

struct Table {
    path: PathBuf,
    columns: Vec<(String, Kind)>,
    writer: mpsc::Sender<(Map<String, Value>, oneshot::Sender<String>)>,
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

fn with_sqlite(folder: &Path, rows: &[Map<String, Value>]) -> io::Result<Router> {
    let path = folder.join("bare.db");
    let mut kinds: HashMap<&str, Kind> = HashMap::new();
    let mut columns = Vec::new();
    for (name, value) in rows.iter().flatten() {
        if name == "attributes" {
            continue;
        }
        let kind = match value {
            Value::Bool(_) => Kind::Boolean,
            Value::Object(_) | Value::Array(_) => Kind::Json,
            _ => Kind::Plain,
        };
        match kinds.get_mut(name.as_str()) {
            None => {
                kinds.insert(name, kind);
                columns.push(name.clone());
            }
            Some(known) if kind != Kind::Plain => *known = kind,
            Some(_) => {}
        }
    }
    let columns: Vec<(String, Kind)> =
        columns.into_iter().map(|name| (name.clone(), kinds.get(name.as_str()).copied().unwrap_or(Kind::Plain))).collect();
    let mut connection = open(&path).map_err(io::Error::other)?;
    fill(&mut connection, &columns, rows).map_err(io::Error::other)?;
    let (writer, waiting) = mpsc::channel();
    let next = rows.len();
    std::thread::spawn(move || write(connection, &waiting, next));
    let table = Arc::new(Table { path, columns, writer });
    let (by_id, query, home, router) = routes();
    Ok(router.route(by_id, get(read_row)).route(query, get(read_page)).route(home, axum::routing::post(create)).with_state(table))
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn fill(connection: &mut Connection, columns: &[(String, Kind)], rows: &[Map<String, Value>]) -> rusqlite::Result<()> {
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let declared: Vec<String> =
        columns.iter().map(|(name, _)| if name == "Id" { "\"Id\" TEXT PRIMARY KEY".into() } else { format!("\"{name}\"") }).collect();
    let transaction = connection.transaction()?;
    transaction.execute_batch(&format!("CREATE TABLE account ({}) WITHOUT ROWID", declared.join(", ")))?;
    let places = vec!["?"; columns.len()].join(", ");
    {
        let mut insert = transaction.prepare(&format!("INSERT INTO account ({}) VALUES ({places})", names.join(", ")))?;
        for row in rows {
            insert.execute(params_from_iter(columns.iter().map(|(name, _)| parameter(row.get(name)))))?;
        }
    }
    transaction.commit()
}

fn parameter(value: Option<&Value>) -> Sql {
    match value {
        None | Some(Value::Null) => Sql::Null,
        Some(Value::Bool(value)) => Sql::Integer(i64::from(*value)),
        Some(Value::Number(value)) => value.as_i64().map_or_else(|| Sql::Real(value.as_f64().unwrap_or_default()), Sql::Integer),
        Some(Value::String(value)) => Sql::Text(value.clone()),
        Some(value) => Sql::Text(value.to_string()),
    }
}

/// Takes all that waits, commits it together, then answers.
fn write(mut connection: Connection, waiting: &mpsc::Receiver<(Map<String, Value>, oneshot::Sender<String>)>, mut next: usize) {
    while let Ok(first) = waiting.recv() {
        let mut answers = Vec::new();
        let work = || -> rusqlite::Result<()> {
            let transaction = connection.transaction()?;
            for (row, answer) in std::iter::once(first).chain(waiting.try_iter().take(255)) {
                next += 1;
                let id = format!("001B{next:011}AAA");
                let now = "2026-01-01T00:00:00.000+0000";
                let mut names: Vec<String> = row.keys().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect();
                names.extend(["Id", "CreatedDate", "LastModifiedDate", "SystemModstamp"].map(String::from));
                let sql = format!("INSERT INTO account ({}) VALUES ({})", names.join(", "), vec!["?"; names.len()].join(", "));
                let system = [id.clone(), now.into(), now.into(), now.into()].map(Sql::Text);
                transaction
                    .prepare_cached(&sql)?
                    .execute(params_from_iter(row.values().map(|value| parameter(Some(value))).chain(system)))?;
                answers.push((answer, id));
            }
            transaction.commit()
        };
        if let Err(error) = work() {
            eprintln!("bare: {error}");
            continue; // whoever waits sees the channel closed
        }
        for (answer, id) in answers {
            // The client may have gone.
            let _ = answer.send(id);
        }
    }
}

async fn create(State(table): State<Arc<Table>>, Json(row): Json<Map<String, Value>>) -> Response {
    let (sender, answer) = oneshot::channel();
    if table.writer.send((row, sender)).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match answer.await {
        Ok(id) => created(&id),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn read_row(State(table): State<Arc<Table>>, UrlPath((version, id)): UrlPath<(String, String)>) -> Response {
    answer(&table, |connection| {
        let mut statement = connection.prepare_cached("SELECT * FROM account WHERE \"Id\" = ?")?;
        statement.query_row([&id], |row| {
            let mut out = String::with_capacity(4096);
            write_row(&mut out, row, table.columns.iter().map(|(name, kind)| (name.as_str(), *kind)), &version, &id)?;
            Ok(out)
        })
    })
}

async fn read_page(State(table): State<Arc<Table>>, UrlPath(version): UrlPath<String>) -> Response {
    answer(&table, |connection| {
        let names = COLUMNS.map(|name| format!("\"{name}\"")).join(", ");
        let mut statement = connection.prepare_cached(&format!("SELECT {names} FROM account LIMIT 100"))?;
        let mut rows = statement.query([])?;
        let mut records = String::with_capacity(64 * 1024);
        let mut count = 0;
        while let Some(row) = rows.next()? {
            if count > 0 {
                records.push(',');
            }
            count += 1;
            let id: String = row.get(0)?;
            write_row(&mut records, row, COLUMNS.into_iter().map(|name| (name, Kind::Plain)), &version, &id)?;
        }
        Ok(format!("{{\"totalSize\":{count},\"done\":true,\"records\":[{records}]}}"))
    })
}

fn answer(table: &Table, read: impl FnOnce(&Connection) -> rusqlite::Result<String>) -> Response {
    let done = READER.with_borrow_mut(|reader| {
        let connection = match reader {
            Some(connection) => connection,
            None => reader.insert(open(&table.path)?),
        };
        read(connection)
    });
    match done {
        Ok(body) => json(StatusCode::OK, body),
        Err(error) => {
            eprintln!("bare: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn write_row<'a>(
    out: &mut String,
    row: &rusqlite::Row<'_>,
    columns: impl Iterator<Item = (&'a str, Kind)>,
    version: &str,
    id: &str,
) -> rusqlite::Result<()> {
    out.push_str("{\"attributes\":{\"type\":\"Account\",\"url\":\"/services/data/");
    out.push_str(version);
    out.push_str("/sobjects/Account/");
    out.push_str(id);
    out.push_str("\"}");
    for (index, (name, kind)) in columns.enumerate() {
        out.push_str(",\"");
        out.push_str(name);
        out.push_str("\":");
        match (row.get_ref(index)?, kind) {
            (ValueRef::Null | ValueRef::Blob(_), _) => out.push_str("null"),
            (ValueRef::Integer(value), Kind::Boolean) => out.push_str(if value == 0 { "false" } else { "true" }),
            (ValueRef::Integer(value), _) => out.push_str(&value.to_string()),
            (ValueRef::Real(value), _) => {
                out.push_str(&serde_json::Number::from_f64(value).map_or_else(|| "null".into(), |n| n.to_string()))
            }
            (ValueRef::Text(bytes), Kind::Json) => out.push_str(&String::from_utf8_lossy(bytes)),
            (ValueRef::Text(bytes), _) => {
                out.push_str(&serde_json::to_string(&String::from_utf8_lossy(bytes)).unwrap_or_default());
            }
        }
    }
    out.push('}');
    Ok(())
}
