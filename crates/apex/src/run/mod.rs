//! The machine that runs a program.

mod arith;
mod cast;
mod compare;
mod dml;
mod entry;
mod machine;
mod query;
mod record;
mod rest;
mod show;
mod throw;

pub(crate) use machine::Frame;
pub(crate) use show::local;
pub(crate) use throw::{Done, Throw, Thrown};

use crate::host::{Host, UserInfo};
use crate::program::Program;
use crate::schema::ObjectInfo;
use crate::value::{Instance, Value};
use jiff::tz::TimeZone;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Statics of a program's classes, kept for a transaction.
#[derive(Debug, Default)]
pub(crate) struct Statics {
    /// Of which program.
    program: u64,
    /// By class; empty where nothing asked for them yet.
    classes: Vec<Vec<Value>>,
    /// Which classes have their first values.
    ready: Vec<bool>,
    /// The instances that were made. Those that refer to each other would stay for ever, were they not emptied.
    instances: Vec<Weak<Instance>>,
}

impl Drop for Statics {
    fn drop(&mut self) {
        // All are held while they are emptied, so that a long row of them does not fall one within the other.
        let all: Vec<Rc<Instance>> = self.instances.drain(..).filter_map(|weak| weak.upgrade()).collect();
        for instance in &all {
            if let Ok(mut fields) = instance.fields.try_borrow_mut() {
                fields.clear();
            }
        }
    }
}

/// What the transaction has of a program: opaque to the org.
#[derive(Debug, Default)]
pub struct State(pub(crate) Option<Box<Statics>>);

/// A copy of what a transaction used up has no statics: those are the transaction's own.
impl Clone for State {
    fn clone(&self) -> Self {
        State(None)
    }
}

/// The statics that a transaction keeps for a program. Those of another one are given up, its instances let be: it may be
/// under way.
fn taken(usage: &mut crate::host::Usage, program: u64) -> Statics {
    match usage.state.0.take() {
        Some(own) if own.program == program => *own,
        Some(mut other) => {
            other.instances.clear();
            Statics::default()
        }
        None => Statics::default(),
    }
}

/// What a trigger runs on.
pub(crate) struct TriggerState {
    pub event: crate::outcome::TriggerEvent,
    pub new: Value,
    pub old: Value,
    pub new_map: Option<Value>,
    pub old_map: Option<Value>,
    pub size: usize,
}

/// A program under way.
pub(crate) struct Vm<'p, 'h> {
    pub(crate) program: &'p Program,
    pub(crate) host: &'h mut dyn Host,
    pub(crate) stack: Vec<Value>,
    pub(crate) frames: Vec<Frame>,
    handlers: Vec<machine::Handler>,
    pub(crate) statics: Statics,
    pub(crate) trigger: Option<TriggerState>,
    objects: HashMap<String, Arc<ObjectInfo>>,
    /// Bytes that were taken, and up to where nobody needs to look at what is alive.
    allocated: usize,
    look_at: usize,
    pub(crate) steps: u64,
    most_steps: u64,
    most_time: Duration,
    /// At how many steps the clock is looked at again.
    clock_at: u64,
    /// Since when the program runs, and how long the transaction's programs ran before.
    since: Instant,
    spent: Duration,
    outer_depth: u32,
    user: Option<Rc<UserInfo>>,
    zone: Option<TimeZone>,
    purge_at: usize,
    /// Calls of methods from within natives.
    nested: u32,
}

impl<'p, 'h> Vm<'p, 'h> {
    pub(crate) fn new(program: &'p Program, host: &'h mut dyn Host) -> Self {
        let usage = host.usage();
        let (steps, spent) = (usage.steps, usage.spent);
        let most_steps = usage.most_steps.unwrap_or(machine::MAX_STEPS);
        let most_time = usage.most_time.unwrap_or(MAX_TIME);
        let outer_depth = usage.depth;
        let statics = taken(usage, program.id());
        let mut vm = Vm {
            program,
            host,
            stack: Vec::with_capacity(64),
            frames: Vec::with_capacity(16),
            handlers: Vec::new(),
            statics,
            trigger: None,
            objects: HashMap::new(),
            allocated: 0,
            look_at: MAX_HEAP / 2,
            steps,
            most_steps,
            most_time,
            clock_at: 0,
            since: Instant::now(),
            spent,
            outer_depth,
            user: None,
            zone: None,
            purge_at: 1024,
            nested: 0,
        };
        vm.statics.program = program.id();
        vm
    }

    /// Hands what the transaction keeps back to the org.
    pub(crate) fn lend(&mut self) {
        let depth = self.outer_depth + self.frames.len() as u32;
        let (steps, spent) = (self.steps, self.spent + self.since.elapsed());
        let statics = std::mem::take(&mut self.statics);
        let usage = self.host.usage();
        usage.steps = steps;
        usage.spent = spent;
        usage.depth = depth;
        usage.state.0 = Some(Box::new(statics));
    }

    /// Takes it again.
    pub(crate) fn regain(&mut self) {
        let id = self.program.id();
        let outer = self.outer_depth;
        let usage = self.host.usage();
        usage.depth = outer;
        self.steps = usage.steps;
        self.spent = usage.spent;
        self.since = Instant::now();
        self.statics = taken(usage, id);
        self.statics.program = id;
    }

    /// Asks the org for what takes its own time, which is not the program's.
    pub(crate) fn ask<T>(&mut self, question: impl FnOnce(&mut dyn Host) -> T) -> T {
        let asked = Instant::now();
        let answer = question(self.host);
        self.since += asked.elapsed();
        answer
    }

    /// Counts steps of work that natives do by themselves.
    pub(crate) fn spend(&mut self, steps: u64) -> Done<()> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > self.most_steps {
            return Err(self.limit("Apex CPU time limit exceeded".to_owned()));
        }
        if self.steps >= self.clock_at {
            self.clock_at = self.steps + 1024;
            return self.in_time();
        }
        Ok(())
    }

    /// Ends a program that has run too long. Steps don't tell by themselves: those of natives take as long as their texts and
    /// lists are.
    pub(crate) fn in_time(&mut self) -> Done<()> {
        if self.spent + self.since.elapsed() > self.most_time {
            return Err(self.limit("Apex CPU time limit exceeded".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn user(&mut self) -> Rc<UserInfo> {
        match &self.user {
            Some(user) => user.clone(),
            None => {
                let user = Rc::new(self.host.user());
                self.user = Some(user.clone());
                user
            }
        }
    }

    /// The user's time zone.
    pub(crate) fn zone(&mut self) -> TimeZone {
        match &self.zone {
            Some(zone) => zone.clone(),
            None => {
                let zone = TimeZone::get(&self.user().time_zone).unwrap_or(TimeZone::UTC);
                self.zone = Some(zone.clone());
                zone
            }
        }
    }

    /// An object of the org's.
    pub(crate) fn object(&mut self, name: &str) -> Option<Arc<ObjectInfo>> {
        let key = name.to_ascii_lowercase();
        if let Some(found) = self.objects.get(&key) {
            return Some(found.clone());
        }
        let found = self.host.object(name)?;
        self.objects.insert(key, found.clone());
        Some(found)
    }

    pub(crate) fn remember(&mut self, instance: &Rc<Instance>) {
        let instances = &mut self.statics.instances;
        if instances.len() >= self.purge_at {
            instances.retain(|weak| weak.strong_count() > 0);
            self.purge_at = (instances.len() * 2).max(1024);
        }
        instances.push(Rc::downgrade(instance));
    }
}

/// Time that the programs of a transaction may run ("Execution Governors and Limits" of the Apex Developer Guide).
const MAX_TIME: Duration = Duration::from_secs(10);

/// Bytes of a transaction's heap.
pub(crate) const MAX_HEAP: usize = 6_000_000;

impl Drop for Vm<'_, '_> {
    fn drop(&mut self) {
        self.stack.clear();
        self.lend();
    }
}
