//! SIGKILL at random moments under concurrent load, again and again on the same data.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::files;
use crate::load::{self, Failing, Load, Outcome, Plan};
use crate::server::{Server, Way};
use crate::{Options, Report};
use orglet_testkit::random::Random;

/// Acknowledged writes before a server may be killed.
pub const WRITES: u64 = 300;
const WORKERS: u64 = 16;
/// How long a round may take to get its writes.
const LIMIT: Duration = Duration::from_secs(180);

/// Kills the server in each round, starts it on the same data, and compares with the ledger.
pub fn kill(options: &Options, report: &mut Report) -> io::Result<()> {
    let way = options.way("kill")?;
    rounds(options, report, &way, &|| files::check(&way.data, &way.folder.join("aside")))
}

/// The rounds on any store; `look` says what is wrong with what a dead server left.
pub fn rounds(options: &Options, report: &mut Report, way: &Way, look: &dyn Fn() -> io::Result<Vec<String>>) -> io::Result<()> {
    let server = way.start()?;
    load::prepare(&server)?;
    let mut server = Some(server);
    let mut history: Vec<Outcome> = Vec::new();
    let mut ids: HashSet<String> = HashSet::new();
    let (mut acknowledged, mut unanswered, mut early, mut slowest) = (0, 0, 0, Duration::ZERO);
    for round in 0..options.rounds {
        let mut random = Random::new(options.seed, &[round]);
        let running = match server.take() {
            Some(server) => server,
            None => way.start()?,
        };
        let mut outcome = overload_and_kill(running, &plan(options, round), &mut random)?;
        report.none(&format!("round {round}: the files after SIGKILL"), look()?);
        // At times the next one dies as well, while it starts and recovers.
        if random.below(3) == 0 {
            let spawned = way.spawn()?;
            thread::sleep(Duration::from_micros(random.below(60_000)));
            spawned.kill()?;
            early += 1;
        }
        let began = Instant::now();
        let running = way.start()?;
        slowest = slowest.max(began.elapsed());
        acknowledged += outcome.acknowledged;
        unanswered += outcome.ledgers.iter().map(|ledger| ledger.unanswered).sum::<u64>();
        let mut findings = outcome.check(&mut running.client()?)?;
        if outcome.acknowledged < WRITES {
            findings.push(format!("{} acknowledged writes only", outcome.acknowledged));
        }
        findings.extend(outcome.ids().filter(|id| !ids.insert((*id).to_owned())).map(|id| format!("the id {id} was given twice")));
        report.none(&format!("round {round} of seed {}", options.seed), findings);
        history.push(outcome);
        server = Some(running);
    }
    let Some(running) = server else { return Ok(()) };
    let mut client = running.client()?;
    for outcome in &mut history {
        report.none(&format!("{} after all rounds", outcome.prefix), outcome.check(&mut client)?);
    }
    running.stop()?;
    report.none("the files after all rounds", look()?);
    report.none("the log", complaints(way)?);
    report.say(format!(
        "{} rounds, {acknowledged} acknowledged writes, {unanswered} requests cut off, {early} more kills during start, \
         {} ids; slowest start {} ms",
        options.rounds,
        ids.len(),
        slowest.as_millis()
    ));
    Ok(())
}

/// The load of a round.
pub fn plan(options: &Options, round: u64) -> Plan {
    Plan { prefix: format!("r{round:04}-"), workers: WORKERS, seed: (options.seed, round), failing: Failing::Never }
}

fn overload_and_kill(server: Server, plan: &Plan, random: &mut Random) -> io::Result<Outcome> {
    let load = Load::start(&server, plan)?;
    reached(&server, &load, WRITES)?;
    thread::sleep(Duration::from_micros(random.below(400_000)));
    server.kill()?;
    load.finish()
}

/// Waits until so many writes are acknowledged.
pub fn reached(server: &Server, load: &Load, writes: u64) -> io::Result<()> {
    let began = Instant::now();
    while load.acknowledged() < writes {
        if load.ended() || began.elapsed() > LIMIT {
            return Err(server.complaint("the load did not get on"));
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// What a log says of failures inside of the server.
pub fn complaints(way: &Way) -> io::Result<Vec<String>> {
    let log = fs::read_to_string(way.log())?;
    let bad = |line: &&str| line.contains("ERROR") || line.contains("panicked");
    Ok(log.lines().filter(bad).map(String::from).collect())
}
