//! Orgs on PostgreSQL: servers that die while it lives, the other way round, and the network between them.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use orglet_testkit::postgres::{Database, End, Keeps, Server as Postgres, Setup};

use super::clock::login;
use super::disk::answers_again;
use super::kill::{self, WRITES, complaints, reached};
use crate::load::{self, Failing, Load, Outcome, Plan};
use crate::proxy::Proxy;
use crate::server::{Server, Way};
use crate::{Options, Report};
use orglet_testkit::random::Random;

const WORKERS: u64 = 16;
/// Acknowledged writes of the server that lives on, after the other one died.
const AFTER: u64 = 100;
/// How PostgreSQL ends, in turn.
const ENDS: [End; 3] = [End::Kill, End::Immediate, End::Fast];
/// What the log says of a write that has to be told as one of which nobody knows.
const NOBODY_KNOWS: &str = "it is not known whether the changes were kept";

/// The server of this run, which keeps what is committed; started when the first check asks.
fn postgres() -> io::Result<&'static Postgres> {
    static SERVER: OnceLock<Result<Postgres, String>> = OnceLock::new();
    let started = SERVER.get_or_init(|| Postgres::with(&Setup { keeps: Keeps::Everything, ..Setup::default() }));
    started.as_ref().map_err(|error| io::Error::other(format!("no PostgreSQL to test with: {error}")))
}

/// A database on it.
pub fn database() -> io::Result<Database> {
    Database::on(postgres()?).map_err(io::Error::other)
}

/// SIGKILL of the server, PostgreSQL lives.
pub fn kill(options: &Options, report: &mut Report) -> io::Result<()> {
    let database = database()?;
    let way = options.way("pg-kill")?.on(&database.address());
    kill::rounds(options, report, &way, &|| Ok(Vec::new()))
}

/// Two servers on one database, one of which is killed in each round, in turn.
pub fn two(options: &Options, report: &mut Report) -> io::Result<()> {
    let database = database()?;
    let ways = ["pg-two-one", "pg-two-other"].map(|name| options.way(name).map(|way| way.on(&database.address())));
    let [one, other] = ways;
    let (mut dying, mut staying) = (one?, other?);
    let (mut to_die, mut to_stay) = (dying.start()?, staying.start()?);
    load::prepare(&to_die)?;
    let (mut history, mut ids, rounds) = (Vec::new(), HashSet::new(), shorter(options));
    for round in 0..rounds {
        let mut random = Random::new(options.seed, &[5000, round]);
        let load = Load::start_over(&[&to_die, &to_stay], &plan(options, "two", 5000 + round, Failing::Never))?;
        reached(&to_stay, &load, WRITES)?;
        thread::sleep(Duration::from_micros(random.below(400_000)));
        to_die.kill()?;
        reached(&to_stay, &load, load.acknowledged() + AFTER)?;
        let mut outcome = load.finish()?;
        let mut findings = outcome.check(&mut to_stay.client()?)?;
        to_die = dying.start()?;
        findings.extend(outcome.check(&mut to_die.client()?)?);
        findings.extend(twice(&outcome, &mut ids));
        report.none(&format!("round {round} of seed {}", options.seed), findings);
        history.push(outcome);
        std::mem::swap(&mut dying, &mut staying);
        std::mem::swap(&mut to_die, &mut to_stay);
    }
    all_again(&mut history, &to_stay, report)?;
    for (server, way) in [(to_die, &dying), (to_stay, &staying)] {
        server.stop()?;
        report.none("the log", complaints(way)?);
    }
    report.say(format!("{rounds} rounds, {}", sums(&history, &ids)));
    Ok(())
}

/// PostgreSQL ends under load and starts again; the server goes on.
pub fn restart(options: &Options, report: &mut Report) -> io::Result<()> {
    let (postgres, database) = (postgres()?, database()?);
    let way = options.way("pg-restart")?.on(&database.address());
    let server = way.start()?;
    load::prepare(&server)?;
    let (mut history, mut ids, rounds, mut slowest) = (Vec::new(), HashSet::new(), shorter(options), Duration::ZERO);
    for (round, how) in (0..rounds).zip(ENDS.iter().cycle()) {
        let mut random = Random::new(options.seed, &[6000, round]);
        let load = Load::start(&server, &plan(options, "end", 6000 + round, Failing::Leaving))?;
        let reads = while_reading(&server, &way, || {
            reached(&server, &load, AFTER)?;
            thread::sleep(Duration::from_micros(random.below(400_000)));
            postgres.end(*how)?;
            thread::sleep(Duration::from_micros(random.below(600_000)));
            postgres.start_again()?;
            let back = Instant::now();
            let before = load.acknowledged();
            reached(&server, &load, before + 1)?;
            slowest = slowest.max(back.elapsed());
            reached(&server, &load, before + AFTER)
        })?;
        report.none(&format!("round {round}, {how:?}: reads and logins"), reads);
        settle(
            &server,
            &way,
            load.finish()?,
            &mut history,
            &mut ids,
            &format!("round {round}, {how:?}, of seed {}", options.seed),
            report,
        )?;
    }
    report.say(format!("{rounds} rounds; first write {} ms after PostgreSQL was back at most", slowest.as_millis()));
    ended(server, &way, &mut history, &ids, report)
}

/// Connections to PostgreSQL are cut, in transactions and about commits.
pub fn cut(options: &Options, report: &mut Report) -> io::Result<()> {
    let (postgres, database) = (postgres()?, database()?);
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], postgres.port())), Random::new(options.seed, &[7000]))?;
    let through = database.address().replace(&format!(":{}/", postgres.port()), &format!(":{}/", proxy.address.port()));
    let way = options.way("pg-cut")?.on(&through);
    let server = way.start()?;
    load::prepare(&server)?;
    let (mut history, mut ids, rounds) = (Vec::new(), HashSet::new(), shorter(options));
    for round in 0..rounds {
        let load = Load::start(&server, &plan(options, "cut", 7000 + round, Failing::Leaving))?;
        proxy.cutting(true);
        let reads = while_reading(&server, &way, || reached(&server, &load, WRITES))?;
        let outcome = load.finish()?;
        proxy.cutting(false);
        report.none(&format!("round {round}: reads and logins"), reads);
        settle(&server, &way, outcome, &mut history, &mut ids, &format!("round {round} of seed {}", options.seed), report)?;
    }
    let [all, after, before] = proxy.cuts();
    report.holds("connections were cut about commits", after > 0 && before > 0);
    report.say(format!("{rounds} rounds; {all} connections cut, {after} of them after a commit was sent, {before} before one was"));
    ended(server, &way, &mut history, &ids, report)
}

/// Rounds of the checks that take longer.
fn shorter(options: &Options) -> u64 {
    if options.quick { options.rounds } else { (options.rounds / 4).max(1) }
}

fn plan(options: &Options, name: &str, place: u64, failing: Failing) -> Plan {
    Plan { prefix: format!("{name}{place}-"), workers: WORKERS, seed: (options.seed, place), failing }
}

/// Asks and logs in beside some work; what was answered that is neither right nor a 503. A login writes its session: nobody
/// may know whether it did.
fn while_reading(server: &Server, way: &Way, work: impl FnOnce() -> io::Result<()>) -> io::Result<Vec<String>> {
    let done = AtomicBool::new(false);
    let mut client = server.client()?;
    let (worked, wrong) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut wrong = Vec::new();
            let mut turn = 0;
            while !done.load(Ordering::SeqCst) {
                turn += 1;
                let answer = match turn % 20 {
                    0 => login(server),
                    _ => client.send("GET", "query?q=SELECT+Id,Name+FROM+Account+LIMIT+5", None),
                };
                match answer {
                    Ok(answer) if answer.status == 200 || answer.status == 503 && answer.is_error() => {}
                    Ok(answer) if answer.status == 500 && turn % 20 == 0 => wrong.push(answer.error_id().to_owned()),
                    other => wrong.push(format!("{other:?}")),
                }
            }
            wrong
        });
        let worked = work();
        done.store(true, Ordering::SeqCst);
        (worked, reader.join())
    });
    worked?;
    let mut wrong = wrong.map_err(|_| io::Error::other("the reader panicked"))?;
    let log = fs::read_to_string(way.log())?;
    wrong.retain(|number| !is_unknown(&log, number));
    Ok(wrong)
}

/// Whether the log says of the error of this number that nobody knows what became of its request.
fn is_unknown(log: &str, number: &str) -> bool {
    !number.is_empty() && log.lines().any(|line| line.contains(number) && line.contains(NOBODY_KNOWS))
}

/// Compares after a round in which PostgreSQL was away at times.
fn settle(
    server: &Server,
    way: &Way,
    mut outcome: Outcome,
    history: &mut Vec<Outcome>,
    ids: &mut HashSet<String>,
    round: &str,
    report: &mut Report,
) -> io::Result<()> {
    answers_again(server, report)?;
    let mut findings = outcome.check(&mut server.client()?)?;
    findings.extend(twice(&outcome, ids));
    let log = fs::read_to_string(way.log())?;
    let other = outcome.unknown().filter(|number| !is_unknown(&log, number));
    findings.extend(other.map(|number| format!("a 500 for another reason, {number} in the log")));
    report.none(round, findings);
    history.push(outcome);
    Ok(())
}

fn ended(server: Server, way: &Way, history: &mut [Outcome], ids: &HashSet<String>, report: &mut Report) -> io::Result<()> {
    all_again(history, &server, report)?;
    server.stop()?;
    let log = fs::read_to_string(way.log())?;
    report.none("panics in the log", log.lines().filter(|line| line.contains("panicked")).map(String::from).collect());
    let mut kinds: Vec<&str> = history.iter().flat_map(Outcome::kinds).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let (refused, unknown) = (history.iter().map(|o| o.refused).sum::<u64>(), history.iter().map(|o| o.unknown().count()).sum::<usize>());
    report.say(format!("{}; {refused} errors ({}), {unknown} of them told as unknown", sums(history, ids), kinds.join(", ")));
    Ok(())
}

fn all_again(history: &mut [Outcome], server: &Server, report: &mut Report) -> io::Result<()> {
    let mut client = server.client()?;
    for outcome in history {
        report.none(&format!("{} after all rounds", outcome.prefix), outcome.check(&mut client)?);
    }
    Ok(())
}

fn twice(outcome: &Outcome, ids: &mut HashSet<String>) -> Vec<String> {
    outcome.ids().filter(|id| !ids.insert((*id).to_owned())).map(|id| format!("the id {id} was given twice")).collect()
}

fn sums(history: &[Outcome], ids: &HashSet<String>) -> String {
    let acknowledged = history.iter().map(|outcome| outcome.acknowledged).sum::<u64>();
    let unanswered = history.iter().flat_map(|o| &o.ledgers).map(|ledger| ledger.unanswered).sum::<u64>();
    format!("{acknowledged} acknowledged writes, {unanswered} requests cut off, {} ids", ids.len())
}
