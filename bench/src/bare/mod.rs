//! The limit: axum and rusqlite with nothing between them, over a copy of the server's own data file, so that table,
//! columns, indexes and pages are the same. It does what no server can avoid: reads on a connection of the thread, at
//! once, with a cached statement whose SQL is that of the server's planner, and cells made into the same JSON; writes
//! by one thread that commits together whatever is waiting, before it answers. On PostgreSQL see [`postgres`].

mod database;
mod postgres;
mod shape;
mod writer;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, mpsc};

use axum::body::Body;
use axum::extract::{Path as UrlPath, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use orglet_schema::{Catalog, ObjectSet};
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::Options;
use crate::fixture::Fixture;
use crate::server::{Access, Durability, Running, free_address};
use database::Planned;
use writer::Job;

/// What a bare server is told.
#[derive(Deserialize, Serialize)]
struct Task {
    database: PathBuf,
    /// `PRAGMA synchronous`.
    synchronous: String,
    /// `/services/data/vNN.0`.
    root: String,
    /// An account as it should be shown.
    record: Map<String, Value>,
    /// The queries that will be asked.
    queries: Vec<String>,
    /// The address of a PostgreSQL database, which then takes the place of `database`.
    store: Option<String>,
}

/// Starts a bare server over a copy of a fixture's database, made under this name.
pub fn serve(
    options: &Options,
    fixture: &Fixture,
    name: &str,
    durability: Durability,
    access: &Access,
    queries: &[String],
) -> io::Result<Running> {
    let task = Task {
        database: fixture.copy_database(options, &format!("{name}.db"))?,
        synchronous: durability.synchronous().to_owned(),
        root: access.root.clone(),
        record: fixture.record.as_object().cloned().unwrap_or_default(),
        queries: queries.to_vec(),
        store: None,
    };
    spawn(options, name, &task)
}

/// Starts a bare server on the server's own tables in a PostgreSQL database.
pub fn serve_postgres(options: &Options, fixture: &Fixture, store: &str, access: &Access, queries: &[String]) -> io::Result<Running> {
    let task = Task {
        database: PathBuf::new(),
        synchronous: String::new(),
        root: access.root.clone(),
        record: fixture.record.as_object().cloned().unwrap_or_default(),
        queries: queries.to_vec(),
        store: Some(store.to_owned()),
    };
    spawn(options, &format!("bare-postgres-{}", fixture.rows), &task)
}

fn spawn(options: &Options, name: &str, task: &Task) -> io::Result<Running> {
    let file = options.folder.join(format!("{name}.json"));
    fs::write(&file, serde_json::to_vec(task)?)?;
    let address = free_address()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("bare").arg(address.to_string()).arg(file);
    let mut running = Running::spawn(&mut command, address, &options.folder.join("bare.log"))?;
    running.answers()?;
    Ok(running)
}

/// What the handlers share.
struct Bare {
    database: PathBuf,
    record: Planned,
    queries: HashMap<String, Planned>,
    writer: mpsc::Sender<Job>,
    /// The query whose result was more than a page, as it was last asked, with the ids of the result.
    open: Mutex<Option<(String, Arc<Vec<String>>)>>,
}

/// `bare ADDRESS FILE`: serves what the file tells until it is ended.
pub fn main(arguments: &[String]) -> io::Result<()> {
    let [address, file] = arguments else { return Err(io::Error::other("bare ADDRESS FILE")) };
    let task: Task = serde_json::from_slice(&fs::read(file)?)?;
    let catalog = Catalog::new(0, orglet_base::DateTime(0), orglet_schema::standard::objects(), ObjectSet::default());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = match task.store.clone() {
            Some(store) => postgres::app(&catalog, task, &store).await?,
            None => app(&catalog, task)?,
        };
        let listener = tokio::net::TcpListener::bind(address).await?;
        axum::serve(axum::serve::ListenerExt::tap_io(listener, |stream| drop(stream.set_nodelay(true))), app).await
    })
}

/// The routes over a database of SQLite.
fn app(catalog: &Catalog, task: Task) -> io::Result<Router> {
    let record = Planned::record(catalog, &task.root, &task.record)?;
    let plan = |soql: String| Planned::query(catalog, &task.root, &soql).map(|planned| (soql, planned));
    let queries = task.queries.into_iter().map(plan).collect::<io::Result<HashMap<_, _>>>()?;
    let writer = writer::start(catalog, &task.database, &task.synchronous)?;
    let bare = Arc::new(Bare { database: task.database, record, queries, writer, open: Mutex::default() });
    Ok(Router::new()
        .route("/services/data", get(async || ""))
        .route("/services/data/{version}/sobjects/Account/{id}", get(record_get))
        .route("/services/data/{version}/query", get(query))
        .route("/services/data/{version}/query/{locator}", get(further))
        .route("/services/data/{version}/sobjects/Account", axum::routing::post(create))
        .with_state(bare))
}

thread_local! {
    static READER: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

async fn record_get(State(bare): State<Arc<Bare>>, UrlPath((_, id)): UrlPath<(String, String)>) -> Response {
    read(&bare.database, |connection| bare.record.one(connection, &id))
}

async fn query(State(bare): State<Arc<Bare>>, Query(parameters): Query<HashMap<String, String>>) -> Response {
    let Some((soql, planned)) = parameters.get("q").and_then(|soql| bare.queries.get_key_value(soql)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    read(&bare.database, |connection| {
        let (body, ids) = planned.page(connection)?;
        if let Some(ids) = ids
            && let Ok(mut open) = bare.open.lock()
        {
            *open = Some((soql.clone(), Arc::new(ids)));
        }
        Ok(body)
    })
}

async fn further(State(bare): State<Arc<Bare>>, UrlPath((_, locator)): UrlPath<(String, String)>) -> Response {
    let position = locator.split_once('-').and_then(|(_, position)| position.parse().ok());
    let open = bare.open.lock().ok().and_then(|open| open.clone());
    let (Some(position), Some((soql, ids))) = (position, open) else { return StatusCode::BAD_REQUEST.into_response() };
    let Some(planned) = bare.queries.get(&soql) else { return StatusCode::BAD_REQUEST.into_response() };
    read(&bare.database, |connection| planned.further(connection, &ids, position))
}

async fn create(State(bare): State<Arc<Bare>>, Json(fields): Json<Map<String, Value>>) -> Response {
    let (done, answer) = oneshot::channel();
    if bare.writer.send(Job { fields, done }).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match answer.await {
        Ok(id) => json(StatusCode::CREATED, created(&id)),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn read(path: &Path, read: impl FnOnce(&Connection) -> rusqlite::Result<Vec<u8>>) -> Response {
    let done = READER.with_borrow_mut(|reader| {
        let connection = match reader {
            Some(connection) => connection,
            None => reader.insert(database::open_reader(path)?),
        };
        read(connection)
    });
    match done {
        Ok(body) => json(StatusCode::OK, body),
        Err(error) => failed(&error),
    }
}

fn created(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"success\":true,\"errors\":[]}}")
}

fn failed(error: &dyn std::fmt::Display) -> Response {
    eprintln!("bare: {error}");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body.into()).into_response()
}
