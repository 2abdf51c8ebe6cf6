//! What the server acknowledged, kept outside of it, and what must hence be found there.
//!
//! Each worker of a load has keys of its own, so that what their rows must hold follows from its own answers, one after
//! the other. Keys over which workers race are [`Race`]s.

use std::collections::{HashMap, HashSet};
use std::io;
use std::time::Instant;

use serde_json::Value;

use crate::client::Client;

/// The objects that a load writes to, with the field that holds the number of a state.
pub const OBJECTS: [(&str, &str); 2] = [("Account", "NumberOfEmployees"), ("Contact", "Title")];
/// The place of Account in [`OBJECTS`].
pub const ACCOUNT: usize = 0;
/// The place of Contact.
pub const CONTACT: usize = 1;
/// The unique external ID of both.
pub const KEY: &str = "Ledger__c";

/// What a row holds. Number and text change together: a row with one of before and one of after is torn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// In a field of its own.
    pub number: u64,
    /// In the description.
    pub text: String,
    /// A contact's account.
    pub parent: Option<String>,
    /// Whether the row is deleted.
    pub deleted: bool,
}

/// One row of a worker's own.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place in [`OBJECTS`].
    pub object: usize,
    /// Its external ID; never used for another row.
    pub key: String,
    /// Its id, once that was answered or found.
    pub id: Option<String>,
    /// What was acknowledged last; `None` while nothing was.
    pub now: Option<State>,
}

/// What one worker knows.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Its rows.
    pub entries: Vec<Entry>,
    /// What requests whose outcome nobody was told would have made of entries: all of it or nothing, each. An entry is in
    /// one of them at most.
    pub pending: Vec<Vec<(usize, State)>>,
    /// Requests that were not answered.
    pub unanswered: u64,
    /// Numbers of errors that said so, to be looked up in the log.
    pub unknown: Vec<String>,
    /// Ids of rows that were acknowledged as created.
    pub ids: Vec<String>,
    /// Statuses and codes of errors that were answered where errors were to be expected.
    pub refused: HashSet<String>,
    /// What was answered that no correct server answers.
    pub wrong: Vec<String>,
}

/// A key that several workers write at the same time.
#[derive(Clone, Debug)]
pub struct Race {
    /// The external ID.
    pub key: String,
    /// The attempts that were answered with success, and those that were not answered.
    pub attempts: Vec<Attempt>,
}

/// One attempt at a raced key.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When the request was sent.
    pub began: Instant,
    /// When its answer came; `None` where none did.
    pub ended: Option<Instant>,
    /// What it writes.
    pub number: u64,
    /// The id that was answered, where one was.
    pub id: Option<String>,
    /// Whether the answer said that a row was made.
    pub created: bool,
}

/// A child under a parent that others may delete meanwhile.
#[derive(Clone, Debug)]
pub struct Child {
    /// Its external ID.
    pub key: String,
    /// Its account.
    pub parent: String,
    /// Whether it is there; `None` where nobody was told.
    pub told: Option<bool>,
}

/// The rows that are there, as the API tells them.
pub struct Rows {
    by_key: [HashMap<String, Vec<(String, State)>>; 2],
}

impl Rows {
    /// Reads all rows whose keys begin with `prefix`.
    pub fn read(client: &mut Client, prefix: &str) -> io::Result<Rows> {
        let mut by_key = [HashMap::new(), HashMap::new()];
        for ((object, number), rows) in OBJECTS.iter().zip(by_key.iter_mut()) {
            let parent = if *object == "Contact" { ", AccountId" } else { "" };
            let soql = format!("SELECT Id, {KEY}, {number}, Description, IsDeleted{parent} FROM {object} WHERE {KEY} LIKE '{prefix}%'");
            for record in client.query_all(&soql)? {
                let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
                let count = record.get(*number).and_then(|n| n.as_u64().or_else(|| n.as_str()?.parse().ok()));
                let state = State {
                    number: count.ok_or_else(|| io::Error::other(format!("a row without its number: {record}")))?,
                    text: text("Description"),
                    parent: record.get("AccountId").and_then(Value::as_str).map(String::from),
                    deleted: record.get("IsDeleted").and_then(Value::as_bool).unwrap_or_default(),
                };
                rows.entry(text(KEY)).or_insert_with(Vec::new).push((text("Id"), state));
            }
        }
        Ok(Rows { by_key })
    }

    /// The rows of a key.
    pub fn of(&self, object: usize, key: &str) -> &[(String, State)] {
        self.by_key.get(object).and_then(|rows| rows.get(key)).map_or(&[], Vec::as_slice)
    }

    /// What must hold whatever was acknowledged: a key has one live row at most, a live contact a live account, an id
    /// one row.
    pub fn consistent(&self, findings: &mut Vec<String>) {
        let mut ids = HashSet::new();
        for (rows, (object, _)) in self.by_key.iter().zip(OBJECTS) {
            for (key, rows) in rows {
                let live = rows.iter().filter(|(_, state)| !state.deleted).count();
                if live > 1 {
                    findings.push(format!("{object} {key}: {live} live rows have this unique value"));
                }
                for (id, _) in rows {
                    if !ids.insert(id.as_str()) {
                        findings.push(format!("{object} {key}: the id {id} is that of two rows"));
                    }
                }
            }
        }
        let [accounts, contacts] = &self.by_key;
        let accounts: HashMap<&str, bool> = accounts.values().flatten().map(|(id, state)| (id.as_str(), state.deleted)).collect();
        for (id, state) in contacts.values().flatten().filter(|(_, state)| !state.deleted) {
            match state.parent.as_deref().map(|parent| accounts.get(parent)) {
                Some(Some(false)) => {}
                Some(Some(true)) => findings.push(format!("the contact {id} lives under the deleted account {:?}", state.parent)),
                _ => findings.push(format!("the contact {id} points to no account that is there: {:?}", state.parent)),
            }
        }
    }
}

impl Ledger {
    /// Notes that a row was made.
    pub fn created(&mut self, id: &str) {
        self.ids.push(id.to_owned());
    }

    /// Whether nobody was told what became of a request that would have changed this entry.
    pub fn in_doubt(&self, at: usize) -> bool {
        self.pending.iter().flatten().any(|(place, _)| *place == at)
    }

    /// Whether a row may, or may no longer, have this parent: nobody was told.
    pub fn children_in_doubt(&self, parent: &str) -> bool {
        let is_parent = |state: &State| state.parent.as_deref() == Some(parent);
        let before = |at: usize| self.entries.get(at).and_then(|entry| entry.now.as_ref()).is_some_and(is_parent);
        self.pending.iter().flatten().any(|(at, after)| is_parent(after) || before(*at))
    }

    /// Compares with what is there. Takes over what became of requests whose outcome nobody was told.
    pub fn check(&mut self, rows: &Rows, findings: &mut Vec<String>) {
        findings.append(&mut self.wrong);
        let pending = std::mem::take(&mut self.pending);
        let mut happened = vec![Vec::new(); pending.len()];
        for (at, entry) in self.entries.iter_mut().enumerate() {
            let name = OBJECTS.get(entry.object).map_or("", |(name, _)| name);
            let found = rows.of(entry.object, &entry.key);
            if found.len() > 1 {
                findings.push(format!("{name} {}: {} rows instead of one", entry.key, found.len()));
                continue;
            }
            let (id, state) = match found.first() {
                Some((id, state)) => (Some(id.clone()), Some(state.clone())),
                None => (None, None),
            };
            if entry.id.is_some() && id.is_some() && entry.id != id {
                findings.push(format!("{name} {}: its id was {:?} and is {id:?}", entry.key, entry.id));
            }
            let after = pending.iter().zip(&mut happened).find_map(|(effects, happened)| {
                let (_, after) = effects.iter().find(|(place, _)| *place == at)?;
                happened.push(state.as_ref() == Some(after));
                Some(after)
            });
            if state != entry.now && (after.is_none() || state.as_ref() != after) {
                let or = if after.is_some() { " or what was under way" } else { "" };
                findings.push(format!(
                    "{name} {}: acknowledged{or} {}, found {}",
                    entry.key,
                    show(entry.now.as_ref()),
                    show(state.as_ref())
                ));
            }
            (entry.now, entry.id) = (state, id);
        }
        for happened in happened.iter().filter(|happened| happened.contains(&true) && happened.contains(&false)) {
            findings.push(format!("a request of which nobody was told is there by half: {happened:?}"));
        }
    }
}

impl Race {
    /// Compares with what is there: one row where anybody was told of one, and its content is that of an attempt that
    /// no other one came after.
    pub fn check(&self, rows: &Rows, findings: &mut Vec<String>) {
        let found = rows.of(ACCOUNT, &self.key);
        let mut say = |text: String| findings.push(format!("raced key {}: {text}", self.key));
        let acknowledged: Vec<&Attempt> = self.attempts.iter().filter(|attempt| attempt.ended.is_some()).collect();
        let makers = acknowledged.iter().filter(|attempt| attempt.created).count();
        if makers > 1 {
            say(format!("{makers} requests were told that they made the row"));
        }
        let Some((id, state)) = found.first() else {
            if !acknowledged.is_empty() {
                say("acknowledged, and not there".into());
            }
            return;
        };
        if found.len() > 1 {
            say(format!("{} rows", found.len()));
        }
        if let Some(other) = acknowledged.iter().filter_map(|attempt| attempt.id.as_ref()).find(|other| *other != id) {
            say(format!("answered the id {other}, found {id}"));
        }
        let last_start = acknowledged.iter().map(|attempt| attempt.began).max();
        let possible =
            |attempt: &&Attempt| attempt.ended.is_none() || last_start.is_none_or(|start| attempt.ended.is_some_and(|end| end >= start));
        if !self.attempts.iter().filter(possible).any(|attempt| attempt.number == state.number && state.text == race_text(attempt.number)) {
            say(format!("holds {}, which no last writer wrote", show(Some(state))));
        }
    }
}

impl Child {
    /// Compares with what is there: a child that was acknowledged is there, and goes with its parent; one that was refused is
    /// not.
    pub fn check(&self, rows: &Rows, deleted_parents: &HashSet<String>, findings: &mut Vec<String>) {
        match rows.of(CONTACT, &self.key) {
            [] if self.told != Some(true) => {}
            [(_, state)] if self.told != Some(false) && state.parent.as_deref() == Some(self.parent.as_str()) => {
                if state.deleted != deleted_parents.contains(&self.parent) {
                    findings.push(format!("the child {}: deleted is {}, and its parent is otherwise", self.key, state.deleted));
                }
            }
            other => findings.push(format!("the child {} of {}, told {:?}: found {other:?}", self.key, self.parent, self.told)),
        }
    }
}

/// The text that goes with the number of an attempt.
pub fn race_text(number: u64) -> String {
    format!("<attempt {number}>")
}

fn show(state: Option<&State>) -> String {
    state.map_or("nothing".to_owned(), |state| {
        let start: String = state.text.chars().take(24).collect();
        let (length, parent) = (state.text.len(), state.parent.as_deref().unwrap_or("none"));
        format!("{{number {}, text {start:?} of {length} bytes, parent {parent}, deleted {}}}", state.number, state.deleted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(number: u64, deleted: bool) -> State {
        State { number, text: race_text(number), parent: None, deleted }
    }

    fn rows(accounts: &[(&str, &str, State)], contacts: &[(&str, &str, State)]) -> Rows {
        let map = |list: &[(&str, &str, State)]| {
            let mut map: HashMap<String, Vec<(String, State)>> = HashMap::new();
            for (key, id, state) in list {
                map.entry((*key).to_owned()).or_default().push(((*id).to_owned(), state.clone()));
            }
            map
        };
        Rows { by_key: [map(accounts), map(contacts)] }
    }

    fn entry(key: &str, now: Option<State>) -> Entry {
        Entry { object: ACCOUNT, key: key.to_owned(), id: None, now }
    }

    fn findings(ledger: &Ledger, rows: &Rows) -> usize {
        let mut findings = Vec::new();
        ledger.clone().check(rows, &mut findings);
        rows.consistent(&mut findings);
        findings.len()
    }

    #[test]
    fn what_was_acknowledged_must_be_there() {
        let ledger = Ledger { entries: vec![entry("a", Some(state(1, false)))], ..Ledger::default() };
        assert_eq!(findings(&ledger, &rows(&[("a", "001", state(1, false))], &[])), 0);
        assert_eq!(findings(&ledger, &rows(&[], &[])), 1);
        assert_eq!(findings(&ledger, &rows(&[("a", "001", state(1, true))], &[])), 1);
        let torn = State { number: 2, ..state(1, false) };
        assert_eq!(findings(&ledger, &rows(&[("a", "001", torn)], &[])), 1);
        let twice = [("a", "001", state(1, false)), ("a", "002", state(1, false))];
        assert_eq!(findings(&ledger, &rows(&twice, &[])), 2);
    }

    #[test]
    fn what_was_not_answered_is_there_whole_or_not_at_all() {
        let entries = vec![entry("a", Some(state(1, false))), entry("b", Some(state(1, false)))];
        let pending = vec![vec![(0, state(1, true)), (1, state(1, true))]];
        let ledger = Ledger { entries, pending, ..Ledger::default() };
        let found = |a: bool, b: bool| rows(&[("a", "001", state(1, a)), ("b", "002", state(1, b))], &[]);
        assert_eq!(findings(&ledger, &found(false, false)), 0);
        assert_eq!(findings(&ledger, &found(true, true)), 0);
        assert_eq!(findings(&ledger, &found(true, false)), 1);
    }

    #[test]
    fn each_of_several_is_there_whole_or_not_at_all() {
        let entries = (0..4).map(|n| entry(&n.to_string(), Some(state(1, false)))).collect();
        let both = |one: usize| vec![(one, state(1, true)), (one + 1, state(1, true))];
        let ledger = Ledger { entries, pending: vec![both(0), both(2)], ..Ledger::default() };
        let found = |gone: [bool; 4]| {
            let keys = ["0", "1", "2", "3"];
            rows(&keys.iter().zip(gone).map(|(key, gone)| (*key, *key, state(1, gone))).collect::<Vec<_>>(), &[])
        };
        assert_eq!(findings(&ledger, &found([true, true, false, false])), 0);
        assert_eq!(findings(&ledger, &found([true, false, false, false])), 1);
        assert_eq!(findings(&ledger, &found([true, false, false, true])), 2);
        assert!(ledger.in_doubt(3) && !ledger.in_doubt(4));
    }

    #[test]
    fn contacts_need_their_account() {
        let child = |parent: &str| State { parent: Some(parent.to_owned()), ..state(1, false) };
        let of = |parent: &str, gone: bool| {
            let mut findings = Vec::new();
            rows(&[("a", "001", state(1, gone))], &[("c", "003", child(parent))]).consistent(&mut findings);
            findings.len()
        };
        assert_eq!((of("001", false), of("001", true), of("002", false)), (0, 1, 1));
    }

    #[test]
    fn children_are_there_as_told() {
        let there = [("c", "003", State { parent: Some("001".into()), ..state(1, false) })];
        let count = |told, rows: Rows| {
            let mut findings = Vec::new();
            Child { key: "c".into(), parent: "001".into(), told }.check(&rows, &HashSet::new(), &mut findings);
            findings.len()
        };
        let counts = [Some(true), Some(false), None].map(|told| (count(told, rows(&[], &there)), count(told, rows(&[], &[]))));
        assert_eq!(counts, [(0, 1), (1, 0), (0, 0)]);
    }

    #[test]
    fn the_last_writer_of_a_race_wins() {
        let start = Instant::now();
        let at = |ms: u64| start + std::time::Duration::from_millis(ms);
        let attempt = |number, began, ended: Option<u64>, created: bool| Attempt {
            began: at(began),
            ended: ended.map(at),
            number,
            id: created.then(|| "001".to_owned()),
            created,
        };
        let check = |attempts: Vec<Attempt>, accounts: &[(&str, &str, State)]| {
            let mut findings = Vec::new();
            Race { key: "r".into(), attempts }.check(&rows(accounts, &[]), &mut findings);
            findings.len()
        };
        let one = |number| [("r", "001", state(number, false))];
        let order = vec![attempt(1, 0, Some(5), true), attempt(2, 6, Some(9), false)];
        assert_eq!((check(order.clone(), &one(2)), check(order.clone(), &one(1)), check(order, &[])), (0, 1, 1));
        let overlap = vec![attempt(1, 0, Some(7), true), attempt(2, 6, Some(9), false), attempt(3, 8, None, false)];
        assert_eq!((1..=4).map(|n| check(overlap.clone(), &one(n))).collect::<Vec<_>>(), [0, 0, 0, 1]);
        assert_eq!(check(vec![attempt(1, 0, Some(7), true), attempt(2, 0, Some(7), true)], &one(1)), 1);
    }
}
