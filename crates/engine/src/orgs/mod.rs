//! The orgs of a server: the directory of all of them, the few that are open, and what an administrator does with them.
//!
//! An org is opened when it is asked for. The ones used last stay open, up to a bound; one that is closed costs a line
//! of the directory and its file.

mod admin;
mod backup;
mod content;
mod diff;
pub(crate) mod directory;
mod error;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a helper of tests")]
mod hooked;
mod make;
pub(crate) mod origins;
mod places;
mod relocate;
mod snapshots;
mod transfer;
mod usernames;

pub use admin::{MOST_LISTED, NewOrg, OrgAccess, OrgInfo, SnapshotInfo};
pub(crate) use content::Adaptation;
pub use diff::{Change, Diff, DiffRequest, FieldChange, MetadataChange, RecordChange};
pub use error::AdminError;
pub use orglet_store::postgres::shown;
pub use relocate::{DatabaseInfo, Moved};
pub use transfer::TableSum;
pub(crate) use usernames::Usernames;

use crate::limits::Usage;
use crate::views::Views;
use crate::{Clock, Failure, Org, format};
use directory::{Directory, Entry};
use orglet_base::Id;
use orglet_store::home::Claim;
use orglet_store::{Home, Store};
use parking_lot::{Mutex, MutexGuard, RwLock};
use places::Places;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// Orgs that stay open when nothing else is said.
pub const MOST_OPEN: usize = 24;
/// Orgs that can be on their way to being open at once.
const DOORS: usize = 16;

/// The orgs of a server.
pub(crate) struct Orgs {
    pub(crate) home: Arc<Places>,
    pub(crate) directory: Directory,
    pub(crate) usernames: Arc<Usernames>,
    clock: Clock,
    id_seed: u64,
    most_open: usize,
    open: RwLock<HashMap<Id, Opened>>,
    /// What is kept of orgs that were closed.
    closed: Mutex<HashMap<Id, Closed>>,
    /// Held while an org is opened, so that none is opened twice.
    doors: [Mutex<()>; DOORS],
    /// One administrative act at a time: see [`Orgs::administer`].
    administering: Mutex<()>,
    /// Orgs that are being moved, and how far that has come.
    moving: Mutex<HashMap<Id, Arc<transfer::Progress>>>,
    ticks: AtomicU64,
    opened: AtomicU64,
    shut: AtomicU64,
}

struct Opened {
    org: Arc<Org>,
    used: AtomicU64,
}

struct Closed {
    /// Requests that began before it was closed may still hold it: it is then the same org that comes back.
    org: Weak<Org>,
    usage: Arc<Usage>,
    /// What its users looked at that could not be written yet.
    views: Arc<Views>,
}

/// Figures of the open orgs.
#[derive(Clone, Copy, Debug, Default)]
pub struct OpenOrgs {
    /// Open now.
    pub open: usize,
    /// Requests that found their org open, since the start.
    pub hits: u64,
    /// Opened since the start.
    pub opened: u64,
    /// Closed since the start, to make room.
    pub closed: u64,
    /// Writes that wait for others to be done, over the open orgs.
    pub waiting_writes: usize,
}

impl Orgs {
    pub(crate) fn new(home: Arc<dyn Home>, own: Arc<dyn Store>, clock: Clock, id_seed: u64, most_open: usize) -> Self {
        Self {
            home: Arc::new(Places::new(home, own.clone())),
            directory: Directory::new(own.clone()),
            usernames: Arc::new(Usernames::new(own)),
            clock,
            id_seed,
            most_open: most_open.max(1),
            open: RwLock::default(),
            closed: Mutex::default(),
            doors: Default::default(),
            administering: Mutex::new(()),
            moving: Mutex::default(),
            ticks: AtomicU64::new(1),
            opened: AtomicU64::new(0),
            shut: AtomicU64::new(0),
        }
    }

    /// Held while whole orgs are made, changed or taken away: one such act at a time, whichever server of these databases
    /// does it.
    pub(crate) fn administer(&self) -> Result<(MutexGuard<'_, ()>, Claim), Failure> {
        let here = self.administering.lock();
        Ok((here, self.home.claim()?))
    }

    /// An org by its id; `None` where the directory has none.
    pub(crate) fn get(&self, id: Id) -> Result<Option<Arc<Org>>, Failure> {
        if let Some(org) = self.if_open(id) {
            return Ok(Some(org));
        }
        let _one_opens_it = self.door(id);
        if let Some(org) = self.if_open(id) {
            return Ok(Some(org));
        }
        let Some(mut entry) = self.directory.by_id(id)? else { return Ok(None) };
        if !self.home.has(&entry.storage)? {
            // It may have been on its way when a server ended, or be so now.
            for line in self.directory.moves(Some(id))? {
                self.settle(&line, false)?;
            }
            match self.directory.by_id(id)? {
                Some(now) => entry = now,
                None => return Ok(None),
            }
        }
        let (held, usage, views) = match self.closed.lock().remove(&id) {
            Some(closed) => (closed.org.upgrade(), Some(closed.usage), Some(closed.views)),
            None => (None, None, None),
        };
        let org = match held {
            Some(org) => org,
            None => {
                let store = self.home.open(&entry.storage)?;
                let mut org = self.over(&entry, store, usage.clone().unwrap_or_default(), true)?;
                org.views = views.unwrap_or_default();
                let org = Arc::new(org);
                if usage.is_none() {
                    // For the first time in this process.
                    self.directory.recall(&org)?;
                    self.usernames.reconcile(&org)?;
                }
                org
            }
        };
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.keep(&org);
        Ok(Some(org))
    }

    /// Opens an org over its database; with `named` its login names are on the server's list.
    pub(crate) fn over(&self, entry: &Entry, store: Arc<dyn Store>, usage: Arc<Usage>, named: bool) -> Result<Org, Failure> {
        format::prepare_org(&*store, &format!("the database of the org '{}'", entry.name), self.clock.now())?;
        Org::open(entry.id, store, self.clock, self.id_seed, named.then(|| self.usernames.clone()), usage)
    }

    fn if_open(&self, id: Id) -> Option<Arc<Org>> {
        let open = self.open.read();
        let found = open.get(&id)?;
        found.used.store(self.ticks.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(found.org.clone())
    }

    fn keep(&self, org: &Arc<Org>) {
        // Dropped last: closing a database may take a while, and others look for theirs meanwhile.
        let mut closing: Vec<Arc<Org>> = Vec::new();
        let mut open = self.open.write();
        let used = AtomicU64::new(self.ticks.fetch_add(1, Ordering::Relaxed));
        open.insert(org.id, Opened { org: org.clone(), used });
        // When many were in use at once, there may be several to close.
        while open.len() > self.most_open {
            // One that a request holds is not closed by dropping it, so that it would only be opened again.
            let idle = open.iter().filter(|(_, o)| Arc::strong_count(&o.org) == 1);
            let Some(id) = idle.min_by_key(|(_, o)| o.used.load(Ordering::Relaxed)).map(|(id, _)| *id) else { break };
            if let Some(Opened { org, .. }) = open.remove(&id) {
                self.closed.lock().insert(id, Closed { org: Arc::downgrade(&org), usage: org.usage.clone(), views: org.views.clone() });
                self.shut.fetch_add(1, Ordering::Relaxed);
                closing.push(org);
            }
        }
        drop(open);
        closing.iter().for_each(|org| crate::views::write(org, None));
    }

    /// Forgets an org that is being taken away.
    pub(crate) fn drop_open(&self, id: Id) {
        let _nobody_opens_it = self.door(id);
        self.open.write().remove(&id);
        self.closed.lock().remove(&id);
    }

    /// Forgets an org that is elsewhere now, so that it is opened there; what it counted stays. The caller holds its door.
    fn drop_moved(&self, old: &Arc<Org>) {
        let mut open = self.open.write();
        if open.get(&old.id).is_some_and(|opened| Arc::ptr_eq(&opened.org, old)) {
            open.remove(&old.id);
        }
        let mut closed = self.closed.lock();
        if closed.get(&old.id).is_none_or(|closed| std::ptr::eq(closed.org.as_ptr(), Arc::as_ptr(old))) && !open.contains_key(&old.id) {
            closed.insert(old.id, Closed { org: Weak::new(), usage: old.usage.clone(), views: old.views.clone() });
        }
    }

    /// The lock of whoever opens an org. A few orgs share one.
    fn door(&self, id: Id) -> MutexGuard<'_, ()> {
        self.doors[id.as_15().bytes().map(usize::from).sum::<usize>() % DOORS].lock()
    }

    /// The counts of API requests of the orgs that this process has met.
    pub(crate) fn usages(&self) -> Vec<(Id, Arc<Usage>)> {
        let mut all: Vec<_> = self.open.read().iter().map(|(id, opened)| (*id, opened.org.usage.clone())).collect();
        all.extend(self.closed.lock().iter().map(|(id, closed)| (*id, closed.usage.clone())));
        all
    }

    /// The orgs that are open.
    pub(crate) fn all_open(&self) -> Vec<Arc<Org>> {
        self.open.read().values().map(|opened| opened.org.clone()).collect()
    }

    /// Whether an org is open.
    pub(crate) fn is_open(&self, id: Id) -> bool {
        self.open.read().contains_key(&id)
    }

    /// Whether the org of an access token is in a database of this process's own; of one that is not open that is
    /// known only where all are.
    pub(crate) fn is_near(&self, token: &str) -> bool {
        self.home.all_here()
            || token
                .split('!')
                .next()
                .and_then(|id| Id::parse(id).ok())
                .and_then(|id| self.open.read().get(&id).map(|o| !o.org.is_shared()))
                .unwrap_or(false)
    }

    /// Figures of the open orgs; costs as much as there are open ones.
    pub(crate) fn figures(&self) -> OpenOrgs {
        let open = self.open.read();
        OpenOrgs {
            open: open.len(),
            // Each look at an open org and each opening takes one.
            hits: self.ticks.load(Ordering::Relaxed).saturating_sub(1 + self.opened.load(Ordering::Relaxed)),
            opened: self.opened.load(Ordering::Relaxed),
            closed: self.shut.load(Ordering::Relaxed),
            waiting_writes: open.values().map(|o| o.org.store.waiting_writes()).sum(),
        }
    }
}
