//! How much longer requests take on a large table than on a small one, for the server and for the bare program: what
//! the bare one loses too is SQLite's and the page cache's.

use std::io;
use std::path::Path;

use crate::Options;
use crate::bare;
use crate::family::records::ROWS;
use crate::fixture::{CHILDREN, Fixture};
use crate::load::Workload;
use crate::race::{self, Race, Side};
use crate::report::{Bound, Section};
use crate::server::{self, Access, Durability, Running};

const READ: f64 = 1.3;
const CREATE: f64 = 1.5;

/// Reads, queries by an index, and creates.
pub async fn measure(options: &Options) -> io::Result<Vec<Section>> {
    let fixtures = [Fixture::make(options, ROWS).await?, Fixture::make(options, options.large).await?];
    let mut sections = vec![orglet(options, &fixtures).await?];
    if !options.quick {
        sections.push(bare(options, &fixtures).await?);
    }
    Ok(sections)
}

fn section(options: &Options, who: &str) -> Section {
    let mut section = Section::new(&format!("Large tables, {who}"), format!("{} accounts against {ROWS}", options.large));
    section.labels = ("small", "large");
    section.as_factor = true;
    section
}

async fn orglet(options: &Options, fixtures: &[Fixture; 2]) -> io::Result<Section> {
    let mut section = section(options, "orglet");
    let folders = [fixtures[0].copy(options, "scale-small")?, fixtures[1].copy(options, "scale-large")?];
    let serve = |data: &Path, durability| server::serve(options, data, durability);
    let pair = [serve(&folders[0], Durability::Full)?, serve(&folders[1], Durability::Full)?];
    for (connections, name, make) in workloads(options, Durability::Full) {
        let bound = if name.starts_with("create") { CREATE } else { READ };
        section.races.push(race_pair(options, fixtures, &pair, (connections, &name, make), Some(Bound::Below(bound))).await?);
    }
    pair.into_iter().try_for_each(|(server, _)| server.stop())?;
    let pair = [serve(&folders[0], Durability::Relaxed)?, serve(&folders[1], Durability::Relaxed)?];
    for (connections, name, make) in workloads(options, Durability::Relaxed) {
        section.races.push(race_pair(options, fixtures, &pair, (connections, &name, make), Some(Bound::Below(CREATE))).await?);
    }
    pair.into_iter().try_for_each(|(server, _)| server.stop())?;
    Ok(section)
}

async fn bare(options: &Options, fixtures: &[Fixture; 2]) -> io::Result<Section> {
    let mut section = section(options, "bare axum + rusqlite");
    let access = Access { token: "none".into(), root: "/services/data/v62.0".into() };
    for durability in [Durability::Full, Durability::Relaxed] {
        let serve = |fixture: &Fixture, name: &str| {
            let name = format!("scale-bare-{name}-{}", durability.word());
            bare::serve(options, fixture, &name, durability, &access, &fixture.family_soql()).map(|server| (server, access.clone()))
        };
        let pair = [serve(&fixtures[0], "small")?, serve(&fixtures[1], "large")?];
        for (connections, name, make) in workloads(options, durability) {
            section.races.push(race_pair(options, fixtures, &pair, (connections, &name, make), None).await?);
        }
        pair.into_iter().try_for_each(|(server, _)| server.stop())?;
    }
    Ok(section)
}

type Make = fn(&Fixture, &Access, &str) -> Workload;

/// What is measured while servers run with a durability, with the most connections.
fn workloads(options: &Options, durability: Durability) -> Vec<(usize, String, Make)> {
    let most = options.connections.iter().copied().max().unwrap_or(1);
    let create = (most, format!("create, {}", durability.word()), (|fixture, access, name| fixture.creates(access, name)) as Make);
    if durability == Durability::Relaxed {
        return vec![create];
    }
    vec![
        (most, "record GET".into(), |fixture, access, _| fixture.gets(access)),
        (most, format!("{CHILDREN} rows by index, parents"), |fixture, access, name| fixture.queries(access, name, &fixture.family_soql())),
        create,
    ]
}

async fn race_pair(
    options: &Options,
    fixtures: &[Fixture; 2],
    pair: &[(Running, Access); 2],
    (connections, name, make): (usize, &str, Make),
    bound: Option<Bound>,
) -> io::Result<Race> {
    let [small, large] = [0, 1].map(|at: usize| make(&fixtures[at], &pair[at].1, name));
    let (base, tested) = (Side { server: &pair[0].0, workload: &small }, Side { server: &pair[1].0, workload: &large });
    race::run(options, base, tested, connections, bound).await
}
