//! An org that goes to and fro between its file and PostgreSQL, while clients write and the server dies.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::kill::{self, WRITES, complaints, reached};
use super::postgres::database;
use crate::client::Client;
use crate::load::{self, Load, Outcome};
use crate::server::Server;
use crate::{Options, Report};
use orglet_testkit::random::Random;

/// Acknowledged writes between two moves.
const BETWEEN: u64 = 20;
const ORG: &str = "/orglet/v1/orgs/default";

/// SIGKILL at random moments, most of them within a move.
pub fn moves(options: &Options, report: &mut Report) -> io::Result<()> {
    let database = database()?;
    let way = options.way("move")?;
    let server = way.start()?;
    load::prepare(&server)?;
    let added = administrator(&server)?.send("PUT", "/orglet/v1/databases/pg", Some(&json!({"address": database.address()})))?;
    report.holds("the database is there", added.status == 200);
    let mut running = server;
    let (mut history, mut ids): (Vec<Outcome>, HashSet<String>) = (Vec::new(), HashSet::new());
    let (mut moved, mut within, mut acknowledged) = (0, 0, 0);
    for round in 0..options.rounds {
        let mut random = Random::new(options.seed, &[8000, round]);
        let load = Load::start(&running, &kill::plan(options, 8000 + round))?;
        let mover = Mover { moving: AtomicBool::new(false), moved: AtomicU64::new(0), stop: AtomicBool::new(false) };
        let mut client = administrator(&running)?;
        let refused = thread::scope(|scope| {
            let moving = scope.spawn(|| mover.run(&mut client, &load));
            let died = reached(&running, &load, WRITES).and_then(|()| {
                thread::sleep(Duration::from_micros(random.below(300_000)));
                within += u64::from(mover.moving.load(Ordering::SeqCst));
                running.kill()
            });
            mover.stop.store(true, Ordering::SeqCst);
            died.map(|()| moving.join().unwrap_or_else(|_| vec!["the mover panicked".to_owned()]))
        })?;
        report.none(&format!("round {round}: moves"), refused);
        moved += mover.moved.load(Ordering::SeqCst);
        let mut outcome = load.finish()?;
        running = way.start()?;
        acknowledged += outcome.acknowledged;
        let mut findings = outcome.check(&mut running.client()?)?;
        findings.extend(outcome.ids().filter(|id| !ids.insert((*id).to_owned())).map(|id| format!("the id {id} was given twice")));
        report.none(&format!("round {round} of seed {}", options.seed), findings);
        history.push(outcome);
    }
    let mut client = running.client()?;
    for outcome in &mut history {
        report.none(&format!("{} after all rounds", outcome.prefix), outcome.check(&mut client)?);
    }
    running.stop()?;
    report.none("the log", complaints(&way)?);
    report.holds("the server died within moves", within > 0 || options.quick);
    report.say(format!(
        "{} rounds, {moved} moves, {within} kills within one, {acknowledged} acknowledged writes, {} ids",
        options.rounds,
        ids.len()
    ));
    Ok(())
}

fn administrator(server: &Server) -> io::Result<Client> {
    let token = server.facts.get("admin_token").and_then(Value::as_str).unwrap_or_default();
    Client::open(server.address, token)
}

struct Mover {
    moving: AtomicBool,
    moved: AtomicU64,
    stop: AtomicBool,
}

impl Mover {
    /// Moves the org from where it is, again and again, until the server is gone; answers what was refused.
    fn run(&self, client: &mut Client, load: &Load) -> Vec<String> {
        loop {
            let seen = load.acknowledged();
            while load.acknowledged() < seen + BETWEEN && !load.ended() {
                if self.stop.load(Ordering::SeqCst) {
                    return Vec::new();
                }
                thread::sleep(Duration::from_millis(1));
            }
            let Ok(shown) = client.send("GET", ORG, None) else { return Vec::new() };
            let to = if shown.body["database"].is_null() { "pg" } else { "home" };
            self.moving.store(true, Ordering::SeqCst);
            let answer = client.send("POST", &format!("{ORG}/move"), Some(&json!({"database": to})));
            self.moving.store(false, Ordering::SeqCst);
            match answer {
                Ok(answer) if answer.status == 200 => self.moved.fetch_add(1, Ordering::SeqCst),
                Ok(answer) => return vec![format!("{} {}", answer.status, answer.body)],
                // The server is dead, as is meant.
                Err(_) => return Vec::new(),
            };
        }
    }
}
