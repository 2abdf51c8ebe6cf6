//! Orgs with many accounts. The first account is made over the API; the others are copies of its row with values of
//! their own, written into the stopped server's file, because a million requests would take longer than the rest.

mod postgres;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use orglet_base::{DateTime, Id, KeyPrefix};
use orglet_schema::{CellKind, Object};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection as Database, params_from_iter};
use serde_json::{Value, json};

use crate::Options;
use crate::load::{Connection, Workload, request};
use crate::server::{self, Access, Durability, Running};

/// The org's database, in a data directory.
pub const DATABASE: &str = "orgs/default.db";
/// Children of each account that has any.
pub const CHILDREN: usize = 100;
/// How many different accounts are asked for, at most: more than the page cache of a connection holds rows.
const ASKED: usize = 5000;
/// The parts of names, so that neighbours in time are not neighbours in the index of names.
const WORDS: [&str; 16] = [
    "Amber", "Birch", "Cobalt", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo", "Juniper", "Keystone", "Lumen", "Meridian",
    "North", "Orchard", "Pioneer",
];
const INDUSTRIES: [&str; 8] = ["Banking", "Chemicals", "Education", "Energy", "Finance", "Healthcare", "Retail", "Technology"];

/// A data directory that is only ever copied.
pub struct Fixture {
    data: PathBuf,
    /// How many accounts there are.
    pub rows: usize,
    /// An account as the server shows it.
    pub record: Value,
    /// Ids of accounts from all over the table.
    pub ids: Vec<String>,
    /// Ids of accounts with [`CHILDREN`] children, from all over the table.
    pub parents: Vec<String>,
}

impl Fixture {
    /// Makes an org with so many accounts.
    pub async fn make(options: &Options, rows: usize) -> io::Result<Fixture> {
        let data = options.folder.join(format!("org-{rows}"));
        let (server, access) = server::serve(options, &data, Durability::Relaxed)?;
        let (id, record) = first(&server, &access).await?;
        server.stop()?;
        let ids = fill(&data.join(DATABASE), &id, rows).map_err(io::Error::other)?;
        Ok(Fixture::of(data, rows, record, ids))
    }

    /// Makes an org with so many accounts in a PostgreSQL database without one.
    pub async fn make_on_postgres(options: &Options, store: &str, rows: usize) -> io::Result<Fixture> {
        let data = options.folder.join(format!("postgres-{rows}"));
        let (server, access) = server::serve_with(options, &data, &["--store", store])?;
        let (id, record) = first(&server, &access).await?;
        server.stop()?;
        let ids = postgres::fill(store, &id, rows).await.map_err(io::Error::other)?;
        Ok(Fixture::of(data, rows, record, ids))
    }

    fn of(data: PathBuf, rows: usize, record: Value, ids: Vec<String>) -> Fixture {
        let parents = ids.iter().take(parents(rows)).cloned().collect();
        eprintln!("orglet-bench: an org with {rows} accounts made");
        Fixture { data, rows, record, ids: some(ids), parents: some(parents) }
    }

    /// A copy of the directory, on disk before it is used.
    pub fn copy(&self, options: &Options, name: &str) -> io::Result<PathBuf> {
        let to = options.folder.join(name);
        copy(&self.data, &to)?;
        Ok(to)
    }

    /// A copy of the org's database alone.
    pub fn copy_database(&self, options: &Options, name: &str) -> io::Result<PathBuf> {
        let to = options.folder.join(name);
        copy(&self.data.join(DATABASE), &to)?;
        Ok(to)
    }

    /// Reads of single accounts.
    pub fn gets(&self, access: &Access) -> Workload {
        let requests = self.ids.iter().map(|id| request("GET", access, &format!("sobjects/Account/{id}"), None));
        Workload { name: "record GET".into(), status: 200, requests: Rc::new(requests.collect()) }
    }

    /// Creates of accounts.
    pub fn creates(&self, access: &Access, name: &str) -> Workload {
        let requests = (0..ASKED).map(|number| create(access, self.rows + number));
        Workload { name: name.into(), status: 201, requests: Rc::new(requests.collect()) }
    }

    /// The children of an account, with fields of their parent and their owner: [`CHILDREN`] rows found by an index.
    pub fn family_soql(&self) -> Vec<String> {
        let select =
            "SELECT Id, Name, Industry, AnnualRevenue, CreatedDate, Owner.Name, Owner.Email, Parent.Name, Parent.Industry FROM Account";
        self.parents.iter().map(|id| format!("{select} WHERE ParentId = '{id}'")).collect()
    }

    /// Queries as requests.
    pub fn queries(&self, access: &Access, name: &str, soql: &[String]) -> Workload {
        let requests = soql.iter().map(|soql| request("GET", access, &format!("query?q={}", encoded(soql)), None));
        Workload { name: name.into(), status: 200, requests: Rc::new(requests.collect()) }
    }
}

/// Makes the account that the others are copies of; its id, and how the server shows it.
async fn first(server: &Running, access: &Access) -> io::Result<(String, Value)> {
    let mut connection = Connection::open(server.address).await?;
    let made = connection.json(&create(access, 0), 201).await?;
    let id = made.get("id").and_then(Value::as_str).ok_or_else(|| io::Error::other("a create answered no id"))?;
    let record = connection.json(&request("GET", access, &format!("sobjects/Account/{id}"), None), 200).await?;
    Ok((id.to_owned(), record))
}

/// Ids of `rows` accounts, the first of which is there, where the counter of the org's ids stands at `next`.
fn ids(first: &str, next: u64, rows: usize) -> Vec<String> {
    let others = (0..rows as u64 - 1).map(|number| Id::new(KeyPrefix(*b"001"), *b"5g", next + number).to_string());
    std::iter::once(first.to_owned()).chain(others).collect()
}

/// The parent of an account. The first accounts are the parents; siblings lie far from each other.
fn parent(number: usize, rows: usize) -> Option<usize> {
    let parents = parents(rows);
    (parents..parents * (CHILDREN + 1)).contains(&number).then(|| (number - parents) % parents)
}

fn time(number: usize) -> String {
    DateTime(1_735_689_600_000 + number as i64 * 1000).to_canonical()
}

/// How many accounts are parents: each of [`CHILDREN`] others.
fn parents(rows: usize) -> usize {
    rows / (CHILDREN + 1)
}

/// At most [`ASKED`] of them, evenly spread.
fn some(ids: Vec<String>) -> Vec<String> {
    let step = ids.len().div_ceil(ASKED).max(1);
    ids.into_iter().step_by(step).collect()
}

fn create(access: &Access, number: usize) -> Vec<u8> {
    let body = json!({
        "Name": name(number),
        "Industry": INDUSTRIES.get(number % INDUSTRIES.len()),
        "AnnualRevenue": revenue(number),
        "NumberOfEmployees": employees(number),
        "BillingStreet": "1 Market Street",
        "BillingCity": "San Francisco",
        "BillingCountry": "USA",
        "Phone": "+1 415 555 0100",
        "Website": "https://example.com",
        "Description": "A row like any other, made for a measurement.",
    });
    request("POST", access, "sobjects/Account", Some(&body.to_string()))
}

fn name(number: usize) -> String {
    // A multiplier without small factors scatters neighbours.
    let mixed = number.wrapping_mul(0x9E37_79B9);
    let word = |shift: usize| WORDS.get((mixed >> shift) % WORDS.len()).copied().unwrap_or_default();
    format!("{} {} {number}", word(8), word(16))
}

fn revenue(number: usize) -> usize {
    1000 * (1 + number * 7919 % 9000)
}

fn employees(number: usize) -> usize {
    1 + number * 104_729 % 50_000
}

/// Copies the row `first` until there are `rows`; answers the ids of all, in order.
fn fill(path: &Path, first: &str, rows: usize) -> rusqlite::Result<Vec<String>> {
    let objects = orglet_schema::standard::objects();
    let account = objects.object("Account").ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    let mut database = Database::open(path)?;
    database.create_collation("FOLD", orglet_base::fold::compare)?;
    // Nothing is lost if this fails: the file is thrown away then. The mode is one that does not write all rows twice.
    for (pragma, value) in [("journal_mode", "OFF"), ("synchronous", "OFF"), ("cache_size", "-400000")] {
        database.pragma_update(None, pragma, value)?;
    }
    let transaction = database.transaction()?;
    let (columns, sample) = {
        let mut statement = transaction.prepare("SELECT * FROM \"Account\" WHERE \"Id\" = ?1")?;
        let columns: Vec<String> = statement.column_names().map(String::from).collect();
        let sample =
            statement.query_row([first], |row| (0..columns.len()).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Sql>>>())?;
        (columns, sample)
    };
    let own: Vec<(usize, Own)> = columns.iter().enumerate().filter_map(|(at, name)| Some((at, Own::of(account, name)?))).collect();
    // The ids go on where the org's own counter stands, and the counter after them.
    let next: i64 = transaction.query_row("SELECT next FROM \"_ids\" WHERE prefix = '001'", [], |row| row.get(0))?;
    let ids = ids(first, next.unsigned_abs(), rows);
    transaction.execute("UPDATE \"_ids\" SET next = next + ?1 WHERE prefix = '001'", [rows as i64])?;
    {
        let names = columns.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let places = vec!["?"; columns.len()].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO \"Account\" ({names}) VALUES ({places})"))?;
        let mut row = sample;
        for number in 1..rows {
            for (at, own) in &own {
                if let Some(cell) = row.get_mut(*at) {
                    *cell = own.cell(number, rows, &ids);
                }
            }
            insert.execute(params_from_iter(&row))?;
        }
    }
    transaction.commit()?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    Ok(ids)
}

/// A column in which rows differ.
enum Own {
    Id,
    Name,
    Industry,
    Revenue(u32),
    Employees,
    Parent,
    Time,
}

impl Own {
    fn of(object: &Object, column: &str) -> Option<Own> {
        Some(match column {
            "Id" => Own::Id,
            "Name" => Own::Name,
            "Industry" => Own::Industry,
            "AnnualRevenue" => match object.field(column)?.cell_kind() {
                CellKind::Decimal(scale) => Own::Revenue(u32::from(scale)),
                _ => Own::Revenue(0),
            },
            "NumberOfEmployees" => Own::Employees,
            "ParentId" => Own::Parent,
            "CreatedDate" | "LastModifiedDate" | "SystemModstamp" => Own::Time,
            _ => return None,
        })
    }

    fn cell(&self, number: usize, rows: usize, ids: &[String]) -> Sql {
        let id = |number: usize| ids.get(number).map_or(Sql::Null, |id| Sql::Text(id.clone()));
        match self {
            Own::Id => id(number),
            Own::Name => Sql::Text(name(number)),
            Own::Industry => INDUSTRIES.get(number % INDUSTRIES.len()).map_or(Sql::Null, |industry| Sql::Text((*industry).to_owned())),
            Own::Revenue(scale) => Sql::Integer(revenue(number) as i64 * 10i64.pow(*scale)),
            Own::Employees => Sql::Integer(employees(number) as i64),
            Own::Parent => parent(number, rows).map_or(Sql::Null, id),
            Own::Time => Sql::Text(time(number)),
        }
    }
}

fn encoded(soql: &str) -> String {
    soql.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    fs::copy(from, to)?;
    fs::File::open(to)?.sync_all()
}
