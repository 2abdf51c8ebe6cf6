//! Requests that nobody would send, and what every answer must be like all the same.
//!
//! Each is made from a route of the server's table, with live ids and true names, and then damaged: bytes as body, path,
//! header and query. No answer may be a failure of the server's own, a panic, or one that no client could read. A seed
//! brings a run back.

mod answer;
mod bodies;
mod damage;
mod known;
mod requests;

use crate::random::Random;
use crate::target::Target;
use bytes::Bytes;
use known::Known;
use orglet_http::{Peer, Scheme};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Requests after which the org is brought back to its beginning, so that what it holds stays bounded.
const PER_ORG: u64 = 5_000;
/// How long a request may take that is not called a hang.
const HANG: Duration = Duration::from_secs(60);
/// Findings after which a run ends.
const MOST_FINDINGS: usize = 20;

/// What is to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many requests.
    pub requests: u64,
    /// Where they come from.
    pub seed: u64,
}

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Requests sent.
    pub sent: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Error codes that were met.
    pub codes: BTreeMap<String, u64>,
    /// What must not be, each with the request that brought it about.
    pub findings: Vec<String>,
    /// The longest that a request took.
    pub slowest: Duration,
    /// Bytes of memory that the process had: after a fifth of the run, and at its end; 0 where the system doesn't say.
    pub memory: (u64, u64),
}

/// A server in this process, in memory or over a store.
struct Served {
    server: orglet_http::Server,
    facts: orglet_engine::OrgFacts,
}

impl Target for Served {
    fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.server.handle(request, Peer { scheme: Scheme::Http, trusted: false })
    }

    fn facts(&self) -> orglet_engine::OrgFacts {
        self.facts.clone()
    }
}

/// Sends requests to a server made of `options`, one after the other.
pub fn run(options: orglet_engine::OrgOptions, what: Options) -> Result<Outcome, String> {
    let engine = Arc::new(orglet_engine::Server::open(options).map_err(|e| e.to_string())?);
    let server = orglet_http::Server::new(engine.clone());
    let facts = server.facts().map_err(|e| e.to_string())?;
    let target = Served { server, facts };
    let mut outcome = Outcome::default();
    let mut known = Known::new(&target)?;
    for number in 0..what.requests {
        if number > 0 && number % PER_ORG == 0 {
            engine.reset_org("default").map_err(|e| format!("the org could not be reset after {number} requests: {e}"))?;
            known = Known::new(&target)?;
        }
        if number == what.requests / 5 {
            outcome.memory.0 = resident();
        }
        let mut random = Random::new(what.seed, &[number]);
        let Some(request) = requests::make(&mut random, &known) else { continue };
        one(&target, request, number, &mut known, &mut outcome);
        if outcome.findings.len() >= MOST_FINDINGS {
            break;
        }
    }
    outcome.memory.1 = resident();
    Ok(outcome)
}

fn one(target: &dyn Target, request: http::Request<Bytes>, number: u64, known: &mut Known, outcome: &mut Outcome) {
    let shown = answer::shown(&request);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let began = Instant::now();
    let response = catch_unwind(AssertUnwindSafe(|| target.send(request)));
    let took = began.elapsed();
    outcome.sent += 1;
    outcome.slowest = outcome.slowest.max(took);
    let problem = match response {
        Err(_) => Some("a panic".to_owned()),
        Ok(_) if took > HANG => Some(format!("{took:?} for an answer")),
        Ok(response) => {
            *outcome.statuses.entry(response.status().as_u16()).or_default() += 1;
            known.learn(&response);
            match answer::check(&method, &path, &response) {
                Ok(Some(code)) => {
                    *outcome.codes.entry(code).or_default() += 1;
                    None
                }
                Ok(None) => None,
                Err(problem) => Some(format!("{problem}\n  answer: {}", answer::shown_answer(&response))),
            }
        }
    };
    if let Some(problem) = problem {
        outcome.findings.push(format!("request {number}: {problem}\n  {shown}"));
    }
}

/// Bytes of memory that this process has in use.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok().and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

impl Outcome {
    /// The run in a few lines, for people.
    pub fn text(&self) -> String {
        let mut out = format!("{} requests, slowest {:?}; statuses", self.sent, self.slowest);
        for (status, count) in &self.statuses {
            out.push_str(&format!(" {status}: {count}"));
        }
        out.push_str(&format!(
            "; {} error codes; memory {} MiB, then {} MiB\n",
            self.codes.len(),
            self.memory.0 >> 20,
            self.memory.1 >> 20
        ));
        for finding in &self.findings {
            out.push_str(&format!("FAIL {finding}\n"));
        }
        out
    }
}
