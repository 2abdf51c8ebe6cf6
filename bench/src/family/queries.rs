//! Queries: a whole page, a page found by an index with parents joined, a further page, an aggregate.

use std::io;
use std::rc::Rc;

use serde_json::Value;

use crate::Options;
use crate::bare;
use crate::family::records::ROWS;
use crate::fixture::{CHILDREN, Fixture};
use crate::load::{Connection, Workload, request};
use crate::race::{self, Side};
use crate::report::{Bound, Section};
use crate::server::{self, Access, Durability, Running};

/// Rows that the aggregate reads.
pub const COUNTED: usize = 100_000;
/// What was promised for the page.
const PAGE: f64 = 0.5;
/// The fields of the page.
pub const FIELDS: &str = "Id, Name, Industry, AnnualRevenue, NumberOfEmployees, BillingCity, OwnerId, CreatedDate";
/// The aggregate.
pub const AGGREGATE: &str =
    "SELECT Industry, COUNT(Id) accounts, MAX(AnnualRevenue) most, MIN(NumberOfEmployees) least FROM Account GROUP BY Industry";

struct Query {
    name: String,
    soql: Vec<String>,
    connections: Vec<usize>,
    bound: Option<Bound>,
    /// Whether the page after the first is asked for.
    further: bool,
}

/// The queries on the table that each needs.
pub async fn measure(options: &Options) -> io::Result<Vec<Section>> {
    let small = Fixture::make(options, ROWS).await?;
    let query = |name: &str, soql: Vec<String>, bound| {
        let connections = options.connections.clone();
        Query { name: name.to_owned(), soql, connections, bound, further: false }
    };
    let all = vec![format!("SELECT {FIELDS} FROM Account")];
    let page = vec![format!("SELECT {FIELDS} FROM Account LIMIT 2000")];
    let queries = [
        query("2,000-row page", page, Some(Bound::AtLeast(PAGE))),
        query(&format!("{CHILDREN} rows by index, parents"), small.family_soql(), None),
        // Before the next, which has so many results open that the oldest is given up.
        Query { further: true, ..query("further page", all.clone(), None) },
        query("first page, more to come", all, None),
    ];
    let mut section = Section::against_bare(options, "Queries", format!("tables of {ROWS} and {COUNTED} accounts"));
    race_all(options, &small, &queries, &mut section).await?;

    let large = Fixture::make(options, COUNTED).await?;
    // One at a time: each keeps a core busy for long.
    let queries = [Query { connections: vec![1], ..query("aggregate over 100k rows", vec![AGGREGATE.into()], None) }];
    race_all(options, &large, &queries, &mut section).await?;
    Ok(vec![section])
}

async fn race_all(options: &Options, fixture: &Fixture, queries: &[Query], section: &mut Section) -> io::Result<()> {
    let name = format!("queries-{}", fixture.rows);
    let (orglet, access) = server::serve(options, &fixture.copy(options, &name)?, Durability::Full)?;
    let soql: Vec<String> = queries.iter().flat_map(|query| query.soql.clone()).collect();
    let bare = bare::serve(options, fixture, &format!("bare-{name}"), Durability::Full, &access, &soql)?;
    for query in queries {
        let first = fixture.queries(&access, &query.name, &query.soql);
        let [one, other] = if query.further {
            [further(&bare, &first, &access).await?, further(&orglet, &first, &access).await?]
        } else {
            [first.clone(), first]
        };
        let (base, tested) = (Side { server: &bare, workload: &one }, Side { server: &orglet, workload: &other });
        race::alike(base, tested).await?;
        for connections in &query.connections {
            section.races.push(race::run(options, base, tested, *connections, query.bound).await?);
        }
    }
    orglet.stop()?;
    bare.stop()
}

/// The page after the first page of a query, as this server says where it is.
async fn further(server: &Running, first: &Workload, access: &Access) -> io::Result<Workload> {
    let mut connection = Connection::open(server.address).await?;
    let page = connection.json(first.requests.first().map_or(&[], Vec::as_slice), first.status).await?;
    let next = page.get("nextRecordsUrl").and_then(Value::as_str).and_then(|url| url.strip_prefix(access.root.as_str()));
    let next = next.ok_or_else(|| io::Error::other(format!("{}: the first page is the last", first.name)))?;
    let requests = Rc::new(vec![request("GET", access, next.trim_start_matches('/'), None)]);
    Ok(Workload { requests, ..first.clone() })
}
