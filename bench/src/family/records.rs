//! Single records: reads, and creates with both durabilities.

use std::io;

use crate::Options;
use crate::bare;
use crate::fixture::Fixture;
use crate::race::{self, Side};
use crate::report::{Bound, Section};
use crate::server::{self, Durability};

/// Rows of the table at the start.
pub const ROWS: usize = 10_000;
/// What was promised for the busiest measurement of each kind.
const GET: f64 = 0.6;
const CREATE_FULL: f64 = 0.7;
const CREATE_RELAXED: f64 = 0.5;

/// Each kind with each number of connections.
pub async fn measure(options: &Options) -> io::Result<Vec<Section>> {
    let fixture = Fixture::make(options, ROWS).await?;
    let most = options.connections.iter().copied().max();
    let mut section = Section::against_bare(options, "Records", format!("a table of {ROWS} accounts"));
    for durability in [Durability::Full, Durability::Relaxed] {
        let word = durability.word();
        let (orglet, access) = server::serve(options, &fixture.copy(options, &format!("records-{word}"))?, durability)?;
        let bare = bare::serve(options, &fixture, &format!("bare-{word}"), durability, &access, &[])?;
        let mut workloads = Vec::new();
        // Reads first: creates make the tables differ.
        if durability == Durability::Full {
            workloads.push((fixture.gets(&access), GET));
        }
        let bound = if durability == Durability::Full { CREATE_FULL } else { CREATE_RELAXED };
        workloads.push((fixture.creates(&access, &format!("create, {word}")), bound));
        for (workload, least) in &workloads {
            let (base, tested) = (Side { server: &bare, workload }, Side { server: &orglet, workload });
            if workload.status == 200 {
                race::alike(base, tested).await?;
            }
            for connections in &options.connections {
                let bound = (Some(*connections) == most).then_some(Bound::AtLeast(*least));
                section.races.push(race::run(options, base, tested, *connections, bound).await?);
            }
        }
        orglet.stop()?;
        bare.stop()?;
    }
    Ok(vec![section])
}
