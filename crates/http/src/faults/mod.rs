//! Faults on demand: rules of an org by which requests get an error of the catalogue or of one's own, a late answer, a part of
//! it, or none.
//!
//! Rules are in the memory of the process that was asked, and end with it; going back to what an org was made from, or to
//! a snapshot, takes them away. An org without rules costs a request one look at a number.

mod answer;
mod rule;

#[cfg(test)]
mod tests;

pub(crate) use answer::by_example as filled;
pub use answer::example;
pub use rule::{Rule, Spec, Torn};

use crate::{Call, Reply, Server, about};
use orglet_base::Id;
use parking_lot::RwLock;
use rule::Effect;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The most rules that an org has.
pub const MOST_RULES: usize = 100;

/// What is done to an answer on its way out: an extension of the response, for who writes it to the connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Harm {
    /// How long it is kept back.
    pub delay: Duration,
    /// Where it ends.
    pub cut: Option<Cut>,
}

/// Where an answer ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before it begins: the connection is dropped.
    Drop,
    /// After so many bytes of its body.
    After(usize),
}

/// The rules of a server's orgs.
#[derive(Debug, Default)]
pub struct Faults {
    /// How many rules there are.
    count: AtomicUsize,
    orgs: RwLock<HashMap<Id, Vec<Arc<Rule>>>>,
    next: AtomicU64,
}

/// A rule that strikes a request.
pub(crate) struct Struck {
    pub(crate) rule: Arc<Rule>,
    org: Id,
    lot: u64,
}

impl Faults {
    /// The rule that strikes a request: the first that does.
    pub(crate) fn strikes(&self, server: &Server, call: &Call) -> Option<Struck> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let org = about::org_of(server, call);
        let orgs = self.orgs.read();
        orgs.get(&org)?.iter().find_map(|rule| Some(Struck { lot: rule.strikes(call)?, rule: rule.clone(), org }))
    }

    /// Puts a rule behind those of an org; the error is a sentence.
    pub fn add(&self, org: Id, spec: Spec) -> Result<Arc<Rule>, String> {
        let rule = Arc::new(Rule::new(self.next.fetch_add(1, Ordering::Relaxed) + 1, spec)?);
        let mut orgs = self.orgs.write();
        let rules = orgs.entry(org).or_default();
        if rules.len() >= MOST_RULES {
            return Err(format!("an org has {MOST_RULES} rules at most"));
        }
        rules.push(rule.clone());
        self.recount(&orgs);
        Ok(rule)
    }

    /// The rules of an org, in the order in which they are asked.
    pub fn list(&self, org: Id) -> Vec<Arc<Rule>> {
        self.orgs.read().get(&org).cloned().unwrap_or_default()
    }

    /// A rule of an org.
    pub fn get(&self, org: Id, id: u64) -> Option<Arc<Rule>> {
        self.orgs.read().get(&org)?.iter().find(|rule| rule.id == id).cloned()
    }

    /// Takes a rule away; answers whether there was one.
    pub fn remove(&self, org: Id, id: u64) -> bool {
        let mut orgs = self.orgs.write();
        let Some(rules) = orgs.get_mut(&org) else { return false };
        let before = rules.len();
        rules.retain(|rule| rule.id != id);
        let removed = rules.len() < before;
        if rules.is_empty() {
            orgs.remove(&org);
        }
        self.recount(&orgs);
        removed
    }

    /// Takes all rules of an org away; answers how many there were.
    pub fn clear(&self, org: Id) -> usize {
        let mut orgs = self.orgs.write();
        let cleared = orgs.remove(&org).map_or(0, |rules| rules.len());
        self.recount(&orgs);
        cleared
    }

    fn recount(&self, orgs: &HashMap<Id, Vec<Arc<Rule>>>) {
        self.count.store(orgs.values().map(Vec::len).sum(), Ordering::Release);
    }
}

impl Struck {
    /// What the request gets. `work` answers it as the org would.
    pub(crate) fn answer(&self, server: &Server, call: &Call, work: impl FnOnce() -> Reply) -> (Reply, Harm) {
        let delay = Duration::from_millis(self.rule.delay_ms(self.lot));
        let (reply, cut) = match &self.rule.effect {
            Effect::Pass => (work(), None),
            Effect::Error(told) => (answer::error(server, call, self.org, &self.rule.spec, told), None),
            // Where nothing drops connections, an empty answer is all that can be.
            Effect::DropBefore => (Reply::empty(503), Some(Cut::Drop)),
            Effect::DropAfter => (work(), Some(Cut::Drop)),
            Effect::Torn(torn) => {
                let reply = work();
                let bytes = match torn {
                    Torn::Half => reply.body.len() / 2,
                    Torn::Bytes(bytes) => *bytes,
                };
                (reply, Some(Cut::After(bytes)))
            }
            Effect::OutOfLimit => match answer::out_of_limit(server, call, self.org) {
                Some(reply) => (reply, None),
                None => (work(), None),
            },
        };
        (reply, Harm { delay, cut })
    }
}
