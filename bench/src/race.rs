//! Two servers driven in turn with the same kind of request, round after round, so that what the machine does beside
//! falls on both.

use std::io;

use crate::Options;
use crate::load::{self, Connection, Sample, Workload};
use crate::report::Bound;
use crate::server::Running;

/// A server and what it is asked.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// The server.
    pub server: &'a Running,
    /// Its requests.
    pub workload: &'a Workload,
}

/// What came of it: one sample per round for each side.
pub struct Race {
    /// The workload's name.
    pub name: String,
    /// How many connections drove each.
    pub connections: usize,
    /// The side that is compared with: the limit, or the smaller table.
    pub base: Vec<Sample>,
    /// The side that is judged.
    pub tested: Vec<Sample>,
    /// What the ratio of their rates should be.
    pub bound: Option<Bound>,
}

/// Drives both sides in turn; who begins changes from round to round.
pub async fn run(options: &Options, base: Side<'_>, tested: Side<'_>, connections: usize, bound: Option<Bound>) -> io::Result<Race> {
    let mut race = Race { name: base.workload.name.clone(), connections, base: Vec::new(), tested: Vec::new(), bound };
    for round in 0..options.rounds {
        for turn in 0..2 {
            let (side, samples) = if (round + turn) % 2 == 0 { (base, &mut race.base) } else { (tested, &mut race.tested) };
            load::drive(side.server, side.workload, connections, options.warm_up).await?;
            samples.push(load::drive(side.server, side.workload, connections, options.span).await?);
        }
    }
    eprintln!("orglet-bench: {} over {connections} done", race.name);
    Ok(race)
}

/// Fails unless both sides answer with the same bytes: ratios of unlike work say nothing. Where the rest of a result is
/// to be found may differ, and when the user last saw a record. Creates are not asked: the bare server's answer to them is
/// fixed but for the id.
pub async fn alike(base: Side<'_>, tested: Side<'_>) -> io::Result<()> {
    let count = base.workload.requests.len();
    for number in (0..count).step_by(count.div_ceil(20).max(1)) {
        let mut bodies = Vec::new();
        for side in [base, tested] {
            let request = side.workload.requests.get(number).map_or(&[][..], Vec::as_slice);
            let mut connection = Connection::open(side.server.address).await?;
            bodies.push(comparable(connection.body(request, side.workload.status).await?));
        }
        let [one, other] = bodies.as_slice() else { continue };
        if one != other {
            let at = one.bytes().zip(other.bytes()).position(|(a, b)| a != b).unwrap_or(one.len().min(other.len()));
            let near = |body: &str| body.chars().skip(at.saturating_sub(60)).take(120).collect::<String>();
            let (name, one, other) = (&base.workload.name, near(one), near(other));
            return Err(io::Error::other(format!("{name}: the answers differ at byte {at}:\n{one}\n{other}")));
        }
    }
    Ok(())
}

/// An answer without what may differ. The dates of the last look say what the server was asked before, one of these very questions
/// among it; to tell them the bare server would have to keep the lists of users, and would be none any more.
fn comparable(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let parts = text.split_once("\"nextRecordsUrl\":\"").and_then(|(head, rest)| Some((head, rest.split_once("\",")?.1)));
    let mut text = parts.map_or_else(|| text.to_string(), |(head, tail)| format!("{head}{tail}"));
    for name in ["LastViewedDate", "LastReferencedDate"] {
        let begin = format!("\"{name}\":\"");
        while let Some((head, end)) = text.split_once(&begin).and_then(|(head, rest)| Some((head, rest.split_once('"')?.1))) {
            text = format!("{head}\"{name}\":null{end}");
        }
    }
    text
}
