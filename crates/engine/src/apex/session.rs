//! What belongs to one transaction in which Apex runs.

use super::Compiled;
use crate::save::automation::Running;
use crate::storage::Growth;
use crate::{Failure, Identity};
use orglet_apex::Usage;
use orglet_schema::Catalog;
use std::sync::Arc;

/// Bytes of stack for what runs Apex: calls nest as deep as the language allows, and saves within triggers on top.
const STACK: usize = 512 << 20;

/// What a transaction's Apex runs in.
pub(crate) struct Context<'a> {
    /// As whom.
    pub(crate) identity: &'a Identity,
    /// The catalog that the transaction began with.
    pub(crate) catalog: &'a Catalog,
    /// Its classes and triggers.
    pub(crate) compiled: Arc<Compiled>,
}

/// What a transaction's Apex has done so far. A transaction that is run again begins with a new one.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// What it has used up of its limits.
    pub(crate) usage: Usage,
    /// Triggers that run within each other.
    pub(crate) depth: u32,
    /// The savepoints of the program, by number, with the depth at which each was set and how much had grown until then.
    pub(crate) savepoints: Vec<(u32, usize)>,
    /// The flows that are under way.
    pub(crate) flows: Running,
    /// What the saves within added to the storage in use.
    pub(crate) grown: Vec<Growth>,
    /// What ended the program, where it is no matter of the program's.
    pub(crate) failure: Option<Failure>,
    /// The name of the organization, once it was looked up.
    pub(crate) organization: Option<String>,
    /// The lines of `System.debug`, and their bytes.
    pub(crate) log: Vec<String>,
    pub(crate) logged: usize,
}

impl Session {
    /// What follows once the transaction is kept.
    pub(crate) fn done(&self, identity: &Identity) {
        for growth in &self.grown {
            growth.done(&identity.org);
        }
    }
}

/// Runs work on a stack that Apex has room on.
pub(crate) fn roomy<T: Send>(work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("orglet-apex".into()).stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|e| orglet_store::StoreError::Other(format!("no thread for Apex: {e}")))?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
