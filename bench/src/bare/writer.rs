//! The thread that writes: it takes all that waits, commits it together, then answers.

use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::time::{SystemTime, UNIX_EPOCH};

use orglet_base::{DateTime, Id, KeyPrefix};
use orglet_schema::{Catalog, CellKind, Object};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value};
use tokio::sync::oneshot;

use super::database;

/// The most rows that share a commit, as the server has it.
const MOST: usize = 256;

/// A row to write.
pub(super) struct Job {
    /// The request's body.
    pub(super) fields: Map<String, Value>,
    /// Takes the id when the row is committed; dropped when that failed.
    pub(super) done: oneshot::Sender<String>,
}

/// Starts the thread.
pub(super) fn start(catalog: &Catalog, path: &Path, synchronous: &str) -> io::Result<mpsc::Sender<Job>> {
    let account = catalog.object("Account").ok_or_else(|| io::Error::other("no Account"))?;
    let connection = database::open_writer(path, synchronous).map_err(io::Error::other)?;
    let table = Table::read(&connection, account).map_err(io::Error::other)?;
    let (jobs, waiting) = mpsc::channel();
    std::thread::spawn(move || run(connection, table, &waiting));
    Ok(jobs)
}

fn run(mut connection: Connection, mut table: Table, waiting: &mpsc::Receiver<Job>) {
    while let Ok(first) = waiting.recv() {
        let mut answers = Vec::new();
        let work = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for job in std::iter::once(first).chain(waiting.try_iter().take(MOST - 1)) {
                let (id, cells) = table.row(&job.fields);
                transaction.prepare_cached(&table.insert)?.execute(params_from_iter(cells))?;
                answers.push((job.done, id));
            }
            transaction.commit()
        };
        if let Err(error) = work() {
            eprintln!("bare: {error}");
            continue; // whoever waits sees the channel closed
        }
        for (done, id) in answers {
            // The client may have gone.
            let _ = done.send(id);
        }
    }
}

/// How rows of the table are made: every column has a cell, as in the server's inserts.
struct Table {
    insert: String,
    columns: Vec<(String, Source)>,
    next: u64,
}

/// Where a column's cell comes from.
enum Source {
    Id,
    Now,
    /// The request, as a cell of this kind; else NULL.
    Body(CellKind),
    /// The same in every row: owner, flags.
    Same(Sql),
}

impl Table {
    /// Learns the columns from the table, and what is the same in all rows from the newest of them.
    fn read(connection: &Connection, account: &Object) -> rusqlite::Result<Table> {
        let mut statement = connection.prepare("SELECT * FROM \"Account\" ORDER BY rowid DESC LIMIT 1")?;
        let names: Vec<String> = statement.column_names().map(String::from).collect();
        let newest = statement.query_row([], |row| (0..names.len()).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Sql>>>())?;
        let list = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO \"Account\" ({list}) VALUES ({})", vec!["?"; names.len()].join(", "));
        let columns = names.into_iter().zip(newest).map(|(name, cell)| {
            let field = account.field(&name);
            let source = match name.as_str() {
                "Id" => Source::Id,
                "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => Source::Now,
                _ => match field {
                    Some(field) if field.createable && field.name != "OwnerId" => Source::Body(field.cell_kind()),
                    _ => Source::Same(cell),
                },
            };
            (name, source)
        });
        // The counter of the org stands behind all its ids.
        let next: i64 = connection.query_row("SELECT next FROM \"_ids\" WHERE prefix = '001'", [], |row| row.get(0))?;
        Ok(Table { insert, columns: columns.collect(), next: next.unsigned_abs() })
    }

    fn row(&mut self, fields: &Map<String, Value>) -> (String, Vec<Sql>) {
        let id = Id::new(KeyPrefix(*b"001"), *b"5g", self.next).to_string();
        self.next += 1;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = DateTime(i64::try_from(since.as_millis()).unwrap_or_default()).truncate_to_second().to_canonical();
        let cells = self.columns.iter().map(|(name, source)| match source {
            Source::Id => Sql::Text(id.clone()),
            Source::Now => Sql::Text(now.clone()),
            Source::Body(kind) => fields.get(name).map_or(Sql::Null, |value| cell(*kind, value)),
            Source::Same(cell) => cell.clone(),
        });
        let cells = cells.collect();
        (id, cells)
    }
}

fn cell(kind: CellKind, value: &Value) -> Sql {
    match (kind, value) {
        (CellKind::Decimal(scale), Value::Number(number)) => {
            Sql::Integer((number.as_f64().unwrap_or_default() * 10f64.powi(i32::from(scale))).round() as i64)
        }
        (_, Value::Number(number)) => number.as_i64().map_or(Sql::Null, Sql::Integer),
        (_, Value::Bool(value)) => Sql::Integer(i64::from(*value)),
        (_, Value::String(text)) => Sql::Text(text.clone()),
        _ => Sql::Null,
    }
}
