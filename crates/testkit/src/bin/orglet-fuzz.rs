//! Sends requests that nobody would send to servers in this process, and looks at every answer.
//!
//! ```text
//! orglet-fuzz [--requests N] [--seed N]
//! ```
//!
//! Each core has a server in memory of its own; the seed, which is printed, brings a run back.

use orglet_engine::OrgOptions;
use orglet_testkit::fuzz::{Options, run};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// What is sent when nothing else is said.
const REQUESTS: u64 = 1_000_000;
/// How much more memory a run may have at its end than after its first fifth, in bytes.
const MOST_GROWTH: u64 = 64 << 20;

fn number(name: &str) -> Result<Option<u64>, String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
    let present = std::env::args().any(|argument| argument == name);
    match arguments.next() {
        Some(text) => text.parse().map(Some).map_err(|_| format!("{name} takes a number: {text}")),
        None if present => Err(format!("{name} takes a number")),
        None => Ok(None),
    }
}

fn main() -> ExitCode {
    match all() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("orglet-fuzz: {e}");
            ExitCode::from(2)
        }
    }
}

fn all() -> Result<bool, String> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (requests, seed) = (number("--requests")?.unwrap_or(REQUESTS), number("--seed")?.unwrap_or(time));
    let servers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    println!("seed {seed}, {servers} servers");
    let began = Instant::now();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..servers)
            .map(|n| {
                // The first has what does not divide.
                let share = requests / servers + if n == 0 { requests % servers } else { 0 };
                let what = Options { requests: share, seed: seed.wrapping_add(n) };
                scope.spawn(move || run(OrgOptions { id_seed: Some(1), ..OrgOptions::default() }, what))
            })
            .collect();
        runs.into_iter().map(|run| run.join().map_err(|_| "a run panicked".to_owned())?).collect()
    });
    let mut good = true;
    for outcome in outcomes {
        let outcome = outcome?;
        print!("{}", outcome.text());
        let grown = outcome.memory.1.saturating_sub(outcome.memory.0);
        if grown > MOST_GROWTH {
            println!("FAIL memory grew by {} MiB", grown >> 20);
        }
        good &= outcome.findings.is_empty() && grown <= MOST_GROWTH;
    }
    println!("{requests} requests in {:.1} s: {}", began.elapsed().as_secs_f64(), if good { "good" } else { "not good" });
    Ok(good)
}
