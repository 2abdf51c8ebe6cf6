//! Concurrent writers, each on a connection of its own, and the ledger of what they were answered.

use std::collections::HashSet;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::ledger::{ACCOUNT, Attempt, CONTACT, Child, Entry, KEY, Ledger, OBJECTS, Race, Rows, State, race_text};
use crate::server::Server;
use orglet_testkit::random::Random;

/// Attempts at a raced key.
const RACERS: u64 = 4;
/// Accounts under which all workers put contacts.
const PARENTS: u64 = 12;

/// What a load does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What all its keys begin with.
    pub prefix: String,
    /// How many connections write at once.
    pub workers: u64,
    /// The seed of the run and the place of this load in it.
    pub seed: (u64, u64),
    /// Which failures are right answers.
    pub failing: Failing,
}

/// How the store may fail under a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// Not at all.
    Never,
    /// It can't write: a well-formed 5xx is a right answer, and nothing of its request may be there.
    Refusing,
    /// It can't be reached at times: after a well-formed 503 nothing of a request may be there; after a 500, all of it or
    /// nothing, and the log must say that nobody knows.
    Leaving,
}

/// Makes what loads need of an org's metadata. Does nothing where that is there.
pub fn prepare(server: &Server) -> io::Result<()> {
    let mut client = server.client()?;
    for (object, _) in OBJECTS {
        let field = format!("SELECT Id, {KEY} FROM {object} LIMIT 1");
        if client.send("GET", &format!("query?q={}", crate::client::encoded(&field)), None)?.status == 200 {
            continue;
        }
        let metadata = json!({"type": "Text", "label": "Ledger", "length": 60, "externalId": true, "unique": true, "caseSensitive": false});
        let body = json!({"FullName": format!("{object}.{KEY}"), "Metadata": metadata});
        client.expect(201, "POST", "tooling/sobjects/CustomField", Some(&body))?;
    }
    Ok(())
}

/// A load at work.
pub struct Load {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<Ledger>>,
}

/// What a load was answered.
pub struct Outcome {
    /// What all its keys begin with.
    pub prefix: String,
    /// One per worker.
    pub ledgers: Vec<Ledger>,
    /// Acknowledged writes.
    pub acknowledged: u64,
    /// Well-formed errors of a failing store.
    pub refused: u64,
    races: Vec<Race>,
    children: Vec<Child>,
    parents: Vec<Parent>,
}

struct Shared {
    plan: Plan,
    acknowledged: AtomicU64,
    refused: AtomicU64,
    stop: AtomicBool,
    turns: AtomicU64,
    races: Mutex<Vec<Race>>,
    children: Mutex<Vec<Child>>,
    parents: Mutex<Vec<Parent>>,
}

/// An account that all workers share.
#[derive(Clone, Debug)]
struct Parent {
    key: String,
    id: String,
    /// Whether anybody tried to delete it, and whether that was acknowledged.
    tried: bool,
    deleted: bool,
}

impl Load {
    /// Starts the workers.
    pub fn start(server: &Server, plan: &Plan) -> io::Result<Load> {
        Self::start_over(&[server], plan)
    }

    /// Starts the workers, spread over servers that share a store.
    pub fn start_over(servers: &[&Server], plan: &Plan) -> io::Result<Load> {
        let parents = match servers {
            [] => Vec::new(),
            [first, ..] => Self::parents(first, plan)?,
        };
        Self::start_with(servers, plan, parents)
    }

    /// Starts the workers on a server that may refuse every write: nothing is made before.
    pub fn start_without_parents(server: &Server, plan: &Plan) -> io::Result<Load> {
        Self::start_with(&[server], plan, Vec::new())
    }

    fn parents(server: &Server, plan: &Plan) -> io::Result<Vec<Parent>> {
        let mut client = server.client()?;
        let mut parents = Vec::new();
        for number in 0..PARENTS {
            let key = format!("{}p{number}", plan.prefix);
            let body = body_of(ACCOUNT, Some(&key), &State { number, text: race_text(number), parent: None, deleted: false });
            let made = client.expect(201, "POST", "sobjects/Account", Some(&body))?;
            let id = made.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            parents.push(Parent { key, id, tried: false, deleted: false });
        }
        Ok(parents)
    }

    fn start_with(servers: &[&Server], plan: &Plan, parents: Vec<Parent>) -> io::Result<Load> {
        let shared = Arc::new(Shared {
            plan: plan.clone(),
            acknowledged: AtomicU64::new(parents.len() as u64),
            refused: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            turns: AtomicU64::new(0),
            races: Mutex::default(),
            children: Mutex::default(),
            parents: Mutex::new(parents),
        });
        let workers = (0..plan.workers)
            .zip(servers.iter().cycle())
            .map(|(number, server)| {
                let client = server.client()?;
                let shared = shared.clone();
                Ok(thread::spawn(move || Worker::new(number, client, shared).run()))
            })
            .collect::<io::Result<_>>()?;
        Ok(Load { shared, workers })
    }

    /// How many writes were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::SeqCst)
    }

    /// How many well-formed errors of a failing store were answered so far.
    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::SeqCst)
    }

    /// Whether all workers have ended, as they do when the server is gone.
    pub fn ended(&self) -> bool {
        self.workers.iter().all(JoinHandle::is_finished)
    }

    /// Lets the workers finish what they have begun, and answers what they know.
    pub fn finish(self) -> io::Result<Outcome> {
        self.shared.stop.store(true, Ordering::SeqCst);
        let mut ledgers = Vec::new();
        for worker in self.workers {
            ledgers.push(worker.join().map_err(|_| io::Error::other("a worker of the load panicked"))?);
        }
        Ok(Outcome {
            prefix: self.shared.plan.prefix.clone(),
            acknowledged: self.shared.acknowledged.load(Ordering::SeqCst),
            refused: self.shared.refused.load(Ordering::SeqCst),
            ledgers,
            races: locked(&self.shared.races).clone(),
            children: locked(&self.shared.children).clone(),
            parents: locked(&self.shared.parents).clone(),
        })
    }
}

impl Outcome {
    /// Reads what is there, and says in what it differs from what was acknowledged.
    pub fn check(&mut self, client: &mut Client) -> io::Result<Vec<String>> {
        let rows = Rows::read(client, &self.prefix)?;
        let mut findings = Vec::new();
        rows.consistent(&mut findings);
        for ledger in &mut self.ledgers {
            ledger.check(&rows, &mut findings);
        }
        for race in &self.races {
            race.check(&rows, &mut findings);
        }
        let mut deleted = HashSet::new();
        for parent in &mut self.parents {
            match rows.of(ACCOUNT, &parent.key) {
                [(id, state)] if *id == parent.id => {
                    if state.deleted && !parent.tried || !state.deleted && parent.deleted {
                        findings.push(format!("{parent:?} was found with deleted {}", state.deleted));
                    }
                    parent.deleted = state.deleted;
                    if state.deleted {
                        deleted.insert(id.clone());
                    }
                }
                other => findings.push(format!("{parent:?} was acknowledged, found {other:?}")),
            }
        }
        for child in &self.children {
            child.check(&rows, &deleted, &mut findings);
        }
        Ok(findings)
    }

    /// Numbers of errors after which nobody knows what became of the request.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        self.ledgers.iter().flat_map(|ledger| ledger.unknown.iter().map(String::as_str))
    }

    /// The statuses and codes of the errors that a failing store was answered with.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.ledgers.iter().flat_map(|ledger| ledger.refused.iter().map(String::as_str))
    }

    /// Ids that were answered for new rows; those of this load alone.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let own = self.ledgers.iter().flat_map(|ledger| ledger.ids.iter().map(String::as_str));
        own.chain(self.parents.iter().map(|parent| parent.id.as_str()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The fields of a row; without a key those of an update.
fn body_of(object: usize, key: Option<&str>, state: &State) -> Value {
    let mut body = json!({"Description": state.text});
    let Some(fields) = body.as_object_mut() else { return body };
    match object {
        ACCOUNT => {
            fields.insert("NumberOfEmployees".into(), json!(state.number));
            fields.insert("Name".into(), json!(format!("Faults {}", state.number)));
        }
        _ => {
            fields.insert("Title".into(), json!(state.number.to_string()));
            fields.insert("LastName".into(), json!(format!("Faults {}", state.number)));
            fields.insert("AccountId".into(), json!(state.parent));
        }
    }
    if let Some(key) = key {
        fields.insert(KEY.into(), json!(key));
    }
    body
}

struct Worker {
    client: Client,
    shared: Arc<Shared>,
    random: Random,
    ledger: Ledger,
    prefix: String,
    number: u64,
}

/// The server is gone: the worker ends.
struct Gone;

/// What a write was answered.
enum Sent {
    /// As is right.
    Answered(Answer),
    /// With an error: it is not there.
    Refused,
    /// With an error, and nobody knows.
    Unknown,
}

impl Worker {
    fn new(number: u64, client: Client, shared: Arc<Shared>) -> Worker {
        let (seed, place) = shared.plan.seed;
        let prefix = format!("{}w{number}-", shared.plan.prefix);
        Worker { client, random: Random::new(seed, &[place, number]), ledger: Ledger::default(), prefix, number: 0, shared }
    }

    fn run(mut self) -> Ledger {
        while !self.shared.stop.load(Ordering::SeqCst) {
            if self.step().is_err() {
                break;
            }
        }
        self.ledger
    }

    fn step(&mut self) -> Result<(), Gone> {
        match self.random.below(100) {
            0..25 => self.create_account(),
            25..40 => self.create_contact(),
            40..58 => self.update(),
            58..68 => self.upsert(),
            68..73 => self.delete(CONTACT),
            73..76 => self.delete(ACCOUNT),
            76..80 => self.move_contact(),
            80..90 => self.race(),
            90..99 => self.child(),
            _ => self.delete_parent(),
        }
    }

    /// Sends a write. `effects` are what it makes of entries.
    fn write(&mut self, right: &[u16], method: &str, path: &str, body: Option<&Value>, effects: Vec<(usize, State)>) -> Result<Sent, Gone> {
        let Ok(answer) = self.client.send(method, path, body) else {
            self.ledger.pending.push(effects);
            self.ledger.unanswered += 1;
            return Err(Gone);
        };
        if right.contains(&answer.status) {
            for (at, state) in effects {
                if let Some(entry) = self.ledger.entries.get_mut(at) {
                    entry.now = Some(state);
                }
            }
            if answer.status < 300 {
                self.shared.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            return Ok(Sent::Answered(answer));
        }
        let failing = self.shared.plan.failing;
        if failing == Failing::Never || answer.status < 500 || !answer.is_error() {
            self.ledger.wrong.push(format!("{method} {path}: {} {}", answer.status, answer.body));
            return Ok(Sent::Refused);
        }
        self.shared.refused.fetch_add(1, Ordering::SeqCst);
        self.ledger.refused.insert(format!("{} {}", answer.status, answer.code()));
        if failing == Failing::Leaving && answer.status == 500 {
            self.ledger.pending.push(effects);
            self.ledger.unknown.push(answer.error_id().to_owned());
            return Ok(Sent::Unknown);
        }
        Ok(Sent::Refused)
    }

    /// A state of the next number and a text of some length: a few need pages of their own.
    fn state(&mut self, parent: Option<String>) -> State {
        self.number += 1;
        let length = if self.random.below(12) == 0 { 3000 + self.random.below(5000) } else { self.random.below(60) };
        State { number: self.number, text: self.random.text(length), parent, deleted: false }
    }

    /// A new row of the worker's own, which nobody has heard of yet.
    fn entry(&mut self, object: usize) -> (usize, String) {
        let at = self.ledger.entries.len();
        let key = format!("{}{at}", self.prefix);
        self.ledger.entries.push(Entry { object, key: key.clone(), id: None, now: None });
        (at, key)
    }

    /// One of the worker's own rows that is there, as far as it knows.
    fn live(&mut self, object: Option<usize>) -> Option<(usize, String, Entry)> {
        let is_live =
            |entry: &Entry| object.is_none_or(|object| entry.object == object) && entry.now.as_ref().is_some_and(|now| !now.deleted);
        let known = |at: &usize| self.ledger.entries.get(*at).is_some_and(is_live) && !self.ledger.in_doubt(*at);
        let live: Vec<usize> = (0..self.ledger.entries.len()).filter(known).collect();
        let at = *self.random.pick(&live)?;
        let entry = self.ledger.entries.get(at)?.clone();
        Some((at, entry.id.clone()?, entry))
    }

    fn create(&mut self, object: usize, parent: Option<String>) -> Result<(), Gone> {
        let (at, key) = self.entry(object);
        let state = self.state(parent);
        let body = body_of(object, Some(&key), &state);
        let path = format!("sobjects/{}", name(object));
        if let Sent::Answered(answer) = self.write(&[201], "POST", &path, Some(&body), vec![(at, state)])? {
            self.made(at, &answer);
        }
        Ok(())
    }

    fn made(&mut self, at: usize, answer: &Answer) {
        match (answer.id(), self.ledger.entries.get_mut(at)) {
            (Some(id), Some(entry)) => {
                entry.id = Some(id.to_owned());
                self.ledger.created(id);
            }
            _ => self.ledger.wrong.push(format!("an answer without an id: {}", answer.body)),
        }
    }

    fn create_account(&mut self) -> Result<(), Gone> {
        self.create(ACCOUNT, None)
    }

    fn create_contact(&mut self) -> Result<(), Gone> {
        match self.live(Some(ACCOUNT)) {
            Some((_, account, _)) => self.create(CONTACT, Some(account)),
            None => self.create_account(),
        }
    }

    fn update(&mut self) -> Result<(), Gone> {
        let Some((at, id, entry)) = self.live(None) else { return self.create_account() };
        let state = self.state(entry.now.and_then(|now| now.parent));
        let body = body_of(entry.object, None, &state);
        self.write(&[204], "PATCH", &format!("sobjects/{}/{id}", name(entry.object)), Some(&body), vec![(at, state)])?;
        Ok(())
    }

    /// Moves a contact to another account of the worker's own.
    fn move_contact(&mut self) -> Result<(), Gone> {
        let (Some((at, id, _)), Some((_, account, _))) = (self.live(Some(CONTACT)), self.live(Some(ACCOUNT))) else {
            return self.create_contact();
        };
        let state = self.state(Some(account));
        let body = body_of(CONTACT, None, &state);
        self.write(&[204], "PATCH", &format!("sobjects/Contact/{id}"), Some(&body), vec![(at, state)])?;
        Ok(())
    }

    fn upsert(&mut self) -> Result<(), Gone> {
        let there = if self.random.below(2) == 0 { self.live(Some(ACCOUNT)) } else { None };
        let (at, key) = match &there {
            Some((at, _, entry)) => (*at, entry.key.clone()),
            None => self.entry(ACCOUNT),
        };
        let state = self.state(None);
        let body = body_of(ACCOUNT, None, &state);
        let right = if there.is_some() { [200] } else { [201] };
        let answer = self.write(&right, "PATCH", &format!("sobjects/Account/{KEY}/{key}"), Some(&body), vec![(at, state)])?;
        match (answer, there) {
            (Sent::Answered(answer), None) => self.made(at, &answer),
            (Sent::Answered(answer), Some((_, id, _))) if answer.id() != Some(id.as_str()) => {
                self.ledger.wrong.push(format!("an upsert of {id} answered {}", answer.body));
            }
            _ => {}
        }
        Ok(())
    }

    /// Deletes a row; contacts go with their account.
    fn delete(&mut self, object: usize) -> Result<(), Gone> {
        let Some((at, id, entry)) = self.live(Some(object)) else { return self.create_account() };
        if object == ACCOUNT && self.ledger.children_in_doubt(&id) {
            return self.create_account();
        }
        let gone = |now: State| State { deleted: true, ..now };
        let mut effects: Vec<(usize, State)> = entry.now.map(|now| (at, gone(now))).into_iter().collect();
        if object == ACCOUNT {
            let children = self.ledger.entries.iter().enumerate().filter_map(|(at, child)| Some((at, child.now.clone()?)));
            effects.extend(children.filter(|(_, now)| !now.deleted && now.parent.as_ref() == Some(&id)).map(|(at, now)| (at, gone(now))));
        }
        self.write(&[204], "DELETE", &format!("sobjects/{}/{id}", name(object)), None, effects)?;
        Ok(())
    }

    /// An attempt at a key that others are after as well: creates of which one alone may win, or upserts.
    fn race(&mut self) -> Result<(), Gone> {
        let race = self.shared.turns.fetch_add(1, Ordering::SeqCst) / RACERS;
        let (key, upserts) = (format!("{}x{race}", self.shared.plan.prefix), race % 2 == 1);
        self.number += 1;
        let number = self.number;
        let state = State { number, text: race_text(number), parent: None, deleted: false };
        let began = Instant::now();
        let sent = if upserts {
            self.write(&[200, 201], "PATCH", &format!("sobjects/Account/{KEY}/{key}"), Some(&body_of(ACCOUNT, None, &state)), Vec::new())
        } else {
            self.write(&[201, 400], "POST", "sobjects/Account", Some(&body_of(ACCOUNT, Some(&key), &state)), Vec::new())
        };
        let attempt = match &sent {
            Ok(Sent::Refused) => None,
            Ok(Sent::Answered(answer)) if answer.status == 400 => {
                if answer.code() != "DUPLICATE_VALUE" {
                    self.ledger.wrong.push(format!("a raced create: {}", answer.body));
                }
                None
            }
            Ok(Sent::Answered(answer)) => {
                let (id, created) = (answer.id().map(String::from), answer.status == 201);
                if let (true, Some(id)) = (created, &id) {
                    self.ledger.created(id);
                }
                Some(Attempt { began, ended: Some(Instant::now()), number, id, created })
            }
            Ok(Sent::Unknown) | Err(Gone) => Some(Attempt { began, ended: None, number, id: None, created: false }),
        };
        let mut races = locked(&self.shared.races);
        // Known even where nobody won: then no row may be there.
        match races.iter_mut().find(|race| race.key == key) {
            Some(race) => race.attempts.extend(attempt),
            None => races.push(Race { key, attempts: attempt.into_iter().collect() }),
        }
        sent.map(drop)
    }

    /// A contact under an account that others may delete at this moment.
    fn child(&mut self) -> Result<(), Gone> {
        let Some(parent) = self.shared_parent() else { return self.create_account() };
        let state = self.state(Some(parent.id.clone()));
        // Its fate depends on others: it is a child of the load, not an entry of the worker's own.
        let key = format!("{}c{}", self.prefix, state.number);
        let body = body_of(CONTACT, Some(&key), &state);
        let sent = self.write(&[201, 400, 404], "POST", "sobjects/Contact", Some(&body), Vec::new());
        let told = match &sent {
            Ok(Sent::Refused) => Some(false),
            Ok(Sent::Answered(answer)) if answer.status >= 400 => {
                if !answer.is_error() || !self.parent_is_tried(&parent.id) {
                    self.ledger.wrong.push(format!("a child of {}: {} {}", parent.id, answer.status, answer.body));
                }
                Some(false)
            }
            Ok(Sent::Answered(answer)) => {
                if let Some(id) = answer.id() {
                    self.ledger.created(id);
                }
                Some(true)
            }
            Ok(Sent::Unknown) | Err(Gone) => None,
        };
        locked(&self.shared.children).push(Child { key, parent: parent.id, told });
        sent.map(drop)
    }

    fn delete_parent(&mut self) -> Result<(), Gone> {
        let Some(parent) = self.shared_parent() else { return self.create_account() };
        self.change_parent(&parent.id, |parent| parent.tried = true);
        let answer = self.write(&[204, 404], "DELETE", &format!("sobjects/Account/{}", parent.id), None, Vec::new())?;
        if matches!(answer, Sent::Answered(answer) if answer.status == 204) {
            self.change_parent(&parent.id, |parent| parent.deleted = true);
        }
        Ok(())
    }

    fn shared_parent(&mut self) -> Option<Parent> {
        let parents: Vec<Parent> = locked(&self.shared.parents).iter().filter(|parent| !parent.deleted).cloned().collect();
        self.random.pick(&parents).cloned()
    }

    fn parent_is_tried(&self, id: &str) -> bool {
        locked(&self.shared.parents).iter().any(|parent| parent.id == id && parent.tried)
    }

    fn change_parent(&self, id: &str, change: impl FnOnce(&mut Parent)) {
        if let Some(parent) = locked(&self.shared.parents).iter_mut().find(|parent| parent.id == id) {
            change(parent);
        }
    }
}

fn name(object: usize) -> &'static str {
    OBJECTS.get(object).map_or("", |(name, _)| name)
}
