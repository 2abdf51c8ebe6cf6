//! Copies of databases from one store to another, which may be of another kind, and the proof that they are equal.
//!
//! Cells are the same on every store, and so is their order by id. So a table is equal to its copy when both have as many
//! rows and the same sum over all cells in that order.

use crate::system;
use crate::{Failure, record};
use orglet_base::{Cell, Dialect, OwnedCell, Param, Statement};
use orglet_plan::{ddl, write};
use orglet_schema::{Catalog, Field, Object};
use orglet_store::{Row, Store, StoreError, Tx};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows read and written at a time.
const CHUNK: i64 = 500;

/// How far a copy has come.
#[derive(Debug, Default)]
pub struct Progress {
    table: Mutex<String>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// The table at hand, the rows read and written so far, and how many there are to read and write: each row is copied, and then
    /// read again to prove that it is there.
    pub fn now(&self) -> (String, u64, u64) {
        (self.table.lock().clone(), self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    fn begin(&self, table: &str) {
        table.clone_into(&mut self.table.lock());
    }

    fn add(&self, rows: u64) {
        self.done.fetch_add(rows, Ordering::Relaxed);
    }
}

/// A table that was copied, and the sum that it and its copy have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSum {
    /// Its name.
    pub table: String,
    /// How many rows it has, those in the recycle bin among them.
    pub rows: u64,
    /// SHA-256 over the cells of all rows, in hexadecimal.
    pub sum: String,
}

/// A table of a database.
enum Table {
    /// Of the engine's own.
    Own(String, Vec<String>),
    Object(Arc<Object>),
}

/// What a database holds, as tables of a catalog and of the engine.
pub(super) struct Content {
    tables: Vec<Table>,
}

impl Content {
    /// The content of an org's or the server's own database. Fails where a table is neither the engine's nor an
    /// object's: it would be lost.
    pub(super) fn of(store: &dyn Store, catalog: Option<&Catalog>) -> Result<Self, Failure> {
        let mut names = store.tables()?;
        names.sort();
        let mut tables = Vec::with_capacity(names.len());
        for name in names {
            let object = catalog.and_then(|c| c.object(&name)).filter(|o| o.has_table());
            tables.push(match object {
                Some(object) => Table::Object(object.clone()),
                None if name.starts_with('_') => {
                    let columns = store.columns(&name)?.into_iter().filter(|column| column != system::ROWID).collect();
                    Table::Own(name, columns)
                }
                None => return Err(StoreError::Foreign(format!("the table {name} is of no object that is known")).into()),
            });
        }
        Ok(Self { tables })
    }

    /// Without some of the engine's tables.
    pub(super) fn without(mut self, names: &[&str]) -> Self {
        self.tables.retain(|table| !names.contains(&table.name()));
        self
    }

    /// Copies all of it, as `from` reads it, to a database that has the engine's tables and nothing else; answers the
    /// sums of what was read.
    pub(super) fn copy(&self, from: &mut dyn Tx, dialect: Dialect, to: &dyn Store, progress: &Progress) -> Result<Vec<TableSum>, Failure> {
        let mut rows = 0;
        for table in &self.tables {
            let row = from.first(&table.count(dialect))?;
            rows += row.map_or(0, |row| u64::try_from(system::int(&row[0])).unwrap_or(0));
        }
        progress.total.store(2 * rows, Ordering::Relaxed);
        to.transact_alone_with::<_, Failure>(|into| {
            progress.done.store(0, Ordering::Relaxed);
            self.tables.iter().map(|table| table.copy(from, dialect, into, to.dialect(), progress)).collect()
        })
    }

    /// The sums of the same tables elsewhere.
    pub(super) fn sums(&self, tx: &mut dyn Tx, dialect: Dialect, progress: &Progress) -> Result<Vec<TableSum>, Failure> {
        self.tables.iter().map(|table| table.read(tx, dialect, progress, &mut |_| Ok(()))).collect()
    }
}

/// Fails where a copy is other than what it was made from, with the tables that differ.
pub(super) fn compare(from: &[TableSum], to: &[TableSum]) -> Result<(), Failure> {
    let differing: Vec<&str> = from.iter().zip(to).filter(|(a, b)| a != b).map(|(a, _)| a.table.as_str()).collect();
    if differing.is_empty() && from.len() == to.len() {
        return Ok(());
    }
    Err(StoreError::Other(format!("the copy is not equal to what it was made from: {}", differing.join(", "))).into())
}

/// What is done with rows that were read, some at a time.
type Taken<'a> = dyn FnMut(Vec<Vec<OwnedCell>>) -> Result<(), Failure> + 'a;

impl Table {
    fn name(&self) -> &str {
        match self {
            Table::Own(name, _) => name,
            Table::Object(object) => &object.name,
        }
    }

    fn count(&self, dialect: Dialect) -> Statement {
        match self {
            Table::Own(name, _) => Statement::new(format!("SELECT count(*) FROM \"{name}\""), Vec::new()),
            Table::Object(object) => write::count(object, false, dialect),
        }
    }

    fn copy(
        &self,
        from: &mut dyn Tx,
        dialect: Dialect,
        into: &mut dyn Tx,
        target: Dialect,
        progress: &Progress,
    ) -> Result<TableSum, Failure> {
        match self {
            Table::Own(name, columns) => {
                into.execute(&Statement::new(format!("DELETE FROM \"{name}\""), Vec::new()))?;
                let places = (1..=columns.len()).map(|n| format!("?{n}")).collect::<Vec<_>>().join(", ");
                let sql: Arc<str> = format!("INSERT INTO \"{name}\" ({}) VALUES ({places})", quoted(columns)).into();
                self.read(from, dialect, progress, &mut |rows| {
                    rows.into_iter().try_for_each(|row| {
                        let params = row.into_iter().map(Param::Cell).collect();
                        Ok(into.execute(&Statement::new(sql.clone(), params)).map(|_| ())?)
                    })
                })
            }
            Table::Object(object) => {
                let mut statements = ddl::create_table(object, target).into_iter();
                // Indexes are made when the rows are there.
                if let Some(table) = statements.next() {
                    into.execute(&table)?;
                }
                let columns: Vec<&Field> = record::columns(object).into_iter().map(|(_, f)| f).collect();
                let sum = self.read(from, dialect, progress, &mut |rows| {
                    let statements = write::insert_all(object, &columns, rows, target);
                    Ok(statements.iter().try_for_each(|statement| into.execute(statement).map(|_| ()))?)
                })?;
                for index in statements {
                    into.execute(&index)?;
                }
                Ok(sum)
            }
        }
    }

    /// Reads every row; answers the sum.
    fn read(&self, tx: &mut dyn Tx, dialect: Dialect, progress: &Progress, taken: &mut Taken<'_>) -> Result<TableSum, Failure> {
        progress.begin(self.name());
        let mut summed = Summed { digest: Sha256::new(), rows: 0 };
        match self {
            Table::Own(name, columns) => {
                // Where the order of writing counts, it is kept; names of columns come from the table.
                let order = match system::is_ordered(name) {
                    true => system::ROWID.to_owned(),
                    false => (1..=columns.len()).map(|n| n.to_string()).collect::<Vec<_>>().join(", "),
                };
                let sql = format!("SELECT {} FROM \"{name}\" ORDER BY {order}", quoted(columns));
                let (mut rows, mut done) = (Vec::new(), Ok(()));
                tx.query(&Statement::new(sql, Vec::new()), &mut |row| {
                    rows.push(summed.take(row));
                    if rows.len() as i64 == CHUNK {
                        progress.add(rows.len() as u64);
                        done = taken(std::mem::take(&mut rows));
                    }
                    done.is_ok()
                })?;
                done?;
                progress.add(rows.len() as u64);
                taken(rows)?;
            }
            Table::Object(object) => {
                let columns: Vec<&Field> = record::columns(object).into_iter().map(|(_, f)| f).collect();
                let key = columns
                    .iter()
                    .position(|f| f.name == "Id")
                    .ok_or_else(|| Failure::from(StoreError::Other(format!("the rows of {} have no Id to go by", object.name))))?;
                let mut last = String::new();
                loop {
                    let mut rows = Vec::new();
                    let statement = write::page_by_id(object, &columns, &last, CHUNK, false, dialect);
                    tx.query(&statement, &mut |row| {
                        rows.push(summed.take(row));
                        true
                    })?;
                    let read = rows.len();
                    if let Some(row) = rows.last() {
                        system::text(&row[key]).clone_into(&mut last);
                    }
                    progress.add(read as u64);
                    taken(rows)?;
                    if (read as i64) < CHUNK {
                        break;
                    }
                }
            }
        }
        Ok(TableSum { table: self.name().to_owned(), rows: summed.rows, sum: summed.hex() })
    }
}

fn quoted(columns: &[String]) -> String {
    columns.iter().map(|c| format!("\"{c}\"")).collect::<Vec<_>>().join(", ")
}

struct Summed {
    digest: Sha256,
    rows: u64,
}

impl Summed {
    fn take(&mut self, row: &dyn Row) -> Vec<OwnedCell> {
        self.rows += 1;
        let cells = 0..row.columns();
        cells
            .map(|i| {
                let cell = row.cell(i);
                // A kind and, where it is not fixed, a length before each: no two rows have one text.
                match cell {
                    Cell::Null => self.digest.update([0]),
                    Cell::Int(n) => {
                        self.digest.update([1]);
                        self.digest.update(n.to_be_bytes());
                    }
                    Cell::Text(t) => self.sized(2, t.as_bytes()),
                    Cell::Blob(b) => self.sized(3, b),
                }
                cell.to_owned()
            })
            .collect()
    }

    fn sized(&mut self, kind: u8, bytes: &[u8]) {
        self.digest.update([kind]);
        self.digest.update((bytes.len() as u64).to_be_bytes());
        self.digest.update(bytes);
    }

    fn hex(self) -> String {
        self.digest.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}
