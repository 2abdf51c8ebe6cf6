//! The same on PostgreSQL: records and queries against a bare program on the server's own tables.

use std::io;

use orglet_testkit::postgres::{Database, Keeps, Server, Setup};

use crate::Options;
use crate::bare;
use crate::family::queries::{AGGREGATE, COUNTED, FIELDS};
use crate::family::records::ROWS;
use crate::fixture::{CHILDREN, Fixture};
use crate::load::Workload;
use crate::race::{self, Side};
use crate::report::Section;
use crate::server;

/// Each kind with each number of connections.
pub async fn measure(options: &Options) -> io::Result<Vec<Section>> {
    let [small, large] = aside(databases)?;
    let table = format!("tables of {ROWS} and {COUNTED} accounts, PostgreSQL on the same machine with fsync");
    let mut section = Section::against_bare(options, "PostgreSQL", table);
    section.title = "PostgreSQL against bare axum + tokio-postgres".to_owned();

    let fixture = Fixture::make_on_postgres(options, &small, ROWS).await?;
    let page = vec![format!("SELECT {FIELDS} FROM Account ORDER BY Id LIMIT 2000")];
    let family = fixture.family_soql();
    let by_index = format!("{CHILDREN} rows by index, parents");
    let kinds = [Kind::Records, Kind::Query("2,000-row page", &page), Kind::Query(&by_index, &family), Kind::Creates];
    race_all(options, &fixture, &small, &kinds, &options.connections, &mut section).await?;

    let fixture = Fixture::make_on_postgres(options, &large, COUNTED).await?;
    let aggregate = vec![AGGREGATE.to_owned()];
    // One at a time: each keeps a core busy for long.
    race_all(options, &fixture, &large, &[Kind::Query("aggregate over 100k rows", &aggregate)], &[1], &mut section).await?;
    Ok(vec![section])
}

/// A server of our own and the addresses of two databases on it. They end with this program.
fn databases() -> io::Result<[String; 2]> {
    let postgres: &'static Server =
        Box::leak(Box::new(Server::with(&Setup { keeps: Keeps::Everything, ..Setup::default() }).map_err(io::Error::other)?));
    let one = || Database::on(postgres).map_err(io::Error::other).map(|database| Box::leak(Box::new(database)).address());
    Ok([one()?, one()?])
}

/// Runs what waits on a runtime of its own, which it can't on the thread of another one.
fn aside<T: Send + 'static>(work: fn() -> io::Result<T>) -> io::Result<T> {
    std::thread::spawn(work).join().map_err(|_| io::Error::other("a thread panicked"))?
}

/// What is asked. Creates come last: they make the tables grow.
enum Kind<'a> {
    Records,
    Query(&'a str, &'a [String]),
    Creates,
}

async fn race_all(
    options: &Options,
    fixture: &Fixture,
    store: &str,
    kinds: &[Kind<'_>],
    connections: &[usize],
    section: &mut Section,
) -> io::Result<()> {
    let data = options.folder.join(format!("served-postgres-{}", fixture.rows));
    let (orglet, access) = server::serve_with(options, &data, &["--store", store])?;
    let soql: Vec<String> =
        kinds.iter().flat_map(|kind| if let Kind::Query(_, soql) = kind { soql.to_vec() } else { Vec::new() }).collect();
    let bare = bare::serve_postgres(options, fixture, store, &access, &soql)?;
    for kind in kinds {
        let workload: Workload = match kind {
            Kind::Records => fixture.gets(&access),
            Kind::Query(name, soql) => fixture.queries(&access, name, soql),
            Kind::Creates => fixture.creates(&access, "create"),
        };
        let (base, tested) = (Side { server: &bare, workload: &workload }, Side { server: &orglet, workload: &workload });
        if workload.status == 200 {
            race::alike(base, tested).await?;
        }
        for connections in connections {
            section.races.push(race::run(options, base, tested, *connections, None).await?);
        }
    }
    orglet.stop()?;
    bare.stop()
}
