//! Snapshots: taking them, going back to them, and the pristine contents that new orgs are copies of.

use super::admin::check_name;
use super::content::carry_counters;
use super::directory::{Entry, Kept, LEAVING, LIVE};
use super::places::parts;
use super::{Adaptation, AdminError, SnapshotInfo};
use crate::limits::Usage;
use crate::seed::{self, admin_id};
use crate::shared::mark_replaced;
use crate::{Failure, Identity, Org, Server, format, project};
use orglet_base::Id;
use orglet_store::{Home, StoreError, Tx};
use std::sync::Arc;

/// Orgs named in the refusal to delete their template.
const MOST_NAMED: usize = 5;

impl Server {
    /// Takes a snapshot of an org as it is at one moment, whatever runs on it. Without a name one is made up.
    pub fn snapshot_org(&self, org: &str, name: Option<&str>) -> Result<SnapshotInfo, AdminError> {
        if let Some(name) = name {
            check_name("a snapshot", name)?;
        }
        let _one_at_a_time = self.orgs.administer()?;
        let entry = self.entry(org)?;
        let made_up = format!("{}-{}", entry.name, self.now().0);
        let kept = self.take(&entry, Some(name.unwrap_or(&made_up)))?;
        self.snapshot_info(&kept)
    }

    /// Takes a snapshot away. One that orgs were made from is kept, as they go back to it.
    pub fn delete_snapshot(&self, name: &str) -> Result<(), AdminError> {
        let _one_at_a_time = self.orgs.administer()?;
        let kept = self.snapshot(name)?;
        let orgs = self.orgs.directory.made_from(kept.number, MOST_NAMED)?;
        if !orgs.is_empty() {
            return Err(AdminError::Conflict(format!("orgs were made from the snapshot '{name}': {}", orgs.join(", "))));
        }
        self.drop_snapshot(&kept)
    }

    /// Makes an org hold what a snapshot holds. Its sessions stay, for users that are there then (with a snapshot of
    /// another org, than which it was made from, for the administrator alone); ids that were given stay given. What runs on the org meanwhile happens before it or after it.
    pub fn restore_org(&self, org: &str, snapshot: &str) -> Result<(), AdminError> {
        let _one_at_a_time = self.orgs.administer()?;
        let entry = self.entry(org)?;
        let kept = self.usable(self.snapshot(snapshot)?)?;
        self.go_back(&entry, &kept)
    }

    /// Makes an org hold again what it held when it was made.
    pub fn reset_org(&self, org: &str) -> Result<(), AdminError> {
        let _one_at_a_time = self.orgs.administer()?;
        let entry = self.entry(org)?;
        let kept = match self.orgs.directory.snapshot_by_number(entry.origin)?.filter(|_| entry.origin != 0) {
            Some(kept) => self.usable(kept)?,
            None => {
                let kept = self.origin_of_default()?;
                self.orgs.directory.set_origin(entry.id, kept.number)?;
                kept
            }
        };
        self.go_back(&entry, &kept)
    }

    /// The database of an org or snapshot, opened to be read.
    pub(crate) fn open_snapshot(&self, kept: &Kept) -> Result<Org, AdminError> {
        let entry = line_of(kept, kept.org.unwrap_or(self.default_org().id));
        Ok(self.orgs.over(&entry, self.orgs.home.open(&kept.storage)?, Arc::<Usage>::default(), false)?)
    }

    /// The snapshot that an org goes back to, where it was made from one.
    pub(crate) fn origin(&self, entry: &Entry) -> Result<Option<Kept>, AdminError> {
        Ok(self.orgs.directory.snapshot_by_number(entry.origin)?.filter(|_| entry.origin != 0))
    }

    pub(super) fn take(&self, entry: &Entry, name: Option<&str>) -> Result<Kept, AdminError> {
        if let Some(name) = name.filter(|name| self.orgs.directory.snapshot(name).is_ok_and(|found| found.is_some())) {
            return Err(AdminError::Conflict(format!("there is a snapshot '{name}' already")));
        }
        // An org of an older format is brought to that of now by being opened.
        self.opened(entry)?;
        let kept = self.orgs.directory.add_snapshot(name, Some(entry.id), parts(&entry.storage).0, self.now())?;
        self.finish_snapshot(kept, |storage| Ok(self.orgs.home.copy(&entry.storage, storage, &mut |_| Ok(()))?))
    }

    pub(super) fn finish_snapshot(&self, kept: Kept, make: impl FnOnce(&str) -> Result<(), AdminError>) -> Result<Kept, AdminError> {
        match make(&kept.storage) {
            Ok(()) => {
                self.orgs.directory.set_snapshot_state(kept.number, LIVE)?;
                Ok(Kept { state: LIVE.into(), ..kept })
            }
            Err(e) => {
                // The reason counts more than a failure to clear up, which the next start makes good.
                let _ = self.drop_snapshot(&kept);
                Err(e)
            }
        }
    }

    fn drop_snapshot(&self, kept: &Kept) -> Result<(), AdminError> {
        self.orgs.directory.set_snapshot_state(kept.number, LEAVING)?;
        self.orgs.remove_storage(&kept.storage)?;
        Ok(self.orgs.directory.forget_snapshot(kept.number)?)
    }

    /// Takes away a snapshot of the server's own that no org goes back to any more.
    pub(super) fn drop_unused(&self, number: u64) -> Result<(), AdminError> {
        let Some(kept) = self.orgs.directory.snapshot_by_number(number)?.filter(|kept| kept.name.starts_with('~')) else {
            return Ok(());
        };
        let in_use = !self.orgs.directory.made_from(number, 1)?.is_empty() || self.pristine.lock().values().any(|p| p.number == number);
        if in_use { Ok(()) } else { self.drop_snapshot(&kept) }
    }

    /// A snapshot in the format of now.
    pub(super) fn usable(&self, kept: Kept) -> Result<Kept, AdminError> {
        if self.fresh.lock().contains(&kept.number) {
            return Ok(kept);
        }
        let store = self.orgs.home.open(&kept.storage)?;
        format::prepare_org(&*store, &format!("the snapshot '{}'", kept.name), self.now())?;
        self.fresh.lock().insert(kept.number);
        Ok(kept)
    }

    fn go_back(&self, entry: &Entry, kept: &Kept) -> Result<(), AdminError> {
        let org = self.opened(entry)?;
        let adaptation = Adaptation::of(entry, kept);
        let dialect = org.store.dialect();
        let mut refused = None;
        let marked = |new: &mut dyn Tx| if org.is_shared() { mark_replaced(new) } else { Ok(()) };
        // In this order everywhere: names of users, then metadata, then the database.
        let _names_stay = org.naming.lock();
        let changing = org.changing.lock();
        let near = self.near(kept, parts(&entry.storage).0)?;
        let replaced = self.orgs.home.replace(&near.storage, &entry.storage, &mut |old, new| {
            // A store may run this again.
            refused = None;
            let carried = carry_counters(old, new, self.now())
                .and_then(|()| marked(new))
                .and_then(|()| adaptation.apply(new, dialect))
                .map_err(AdminError::from);
            let claimed = carried.and_then(|names| {
                let taken = self.orgs.usernames.claim(entry.id, &names)?;
                taken.map_or(Ok(()), |name| Err(AdminError::Conflict(format!("another org has the login name {name}"))))
            });
            claimed.map_err(|e| {
                refused = Some(e);
                StoreError::Abort
            })
        });
        let reloaded = org.reload(true);
        drop(changing);
        if near.number != kept.number {
            // What can't be cleared up now is at the next start.
            let _ = self.drop_snapshot(&near);
        }
        // After a failure too: names may have been claimed for it.
        let reconciled = self.orgs.usernames.reconcile(&org);
        match (replaced, refused) {
            (Err(_), Some(refusal)) => return Err(refusal),
            (replaced, _) => replaced?,
        }
        reloaded?;
        reconciled?;
        if kept.number != entry.origin && kept.org.is_some_and(|org| org != entry.id) {
            // Users of two orgs may have equal ids and be two people. The administrator is one.
            self.orgs.directory.drop_logins(entry.id, seed::admin_id())?;
            self.sessions.forget_org(entry.id);
        }
        Ok(self.orgs.directory.drop_cursors(entry.id)?)
    }

    /// The content of a new org, made once in a process: a new org's dates are then those of this day.
    pub(super) fn pristine(&self, sample_data: bool) -> Result<Kept, AdminError> {
        let known = self.pristine.lock().get(&sample_data).cloned();
        if let Some(kept) = known {
            // Another server may have cleared it away as what no org goes back to.
            if self.orgs.directory.snapshot_by_number(kept.number)?.is_some_and(|found| found.state == LIVE) {
                return Ok(kept);
            }
        }
        let kept = self.make_pristine(sample_data, &[])?;
        self.pristine.lock().insert(sample_data, kept.clone());
        Ok(kept)
    }

    fn make_pristine(&self, sample_data: bool, projects: &[std::path::PathBuf]) -> Result<Kept, AdminError> {
        let kept = self.orgs.directory.add_snapshot(None, None, "", self.now())?;
        self.finish_snapshot(kept.clone(), |storage| {
            let store = self.orgs.home.create(storage)?;
            let org = Arc::new(self.orgs.over(&line_of(&kept, self.default_org().id), store, Arc::<Usage>::default(), false)?);
            seed::fill(&org, &self.access, None, sample_data)?;
            if !projects.is_empty() {
                let admin = org.user(admin_id())?.ok_or_else(|| Failure::from(StoreError::Other("no administrator was seeded".into())))?;
                let identity = Identity { org: org.clone(), user: admin, access: self.access.clone(), token: "".into() };
                project::load(&identity, projects, false)?;
            }
            Ok(())
        })
    }

    /// What the default org goes back to that was not made from a snapshot: the rows of a new org, sample data where it
    /// had them, and the projects that the server was started with.
    fn origin_of_default(&self) -> Result<Kept, AdminError> {
        let sampled = seed::is_sampled(&self.default_org())?;
        match self.options().projects.as_slice() {
            [] => self.pristine(sampled),
            projects => self.make_pristine(sampled, projects),
        }
    }
}

/// A snapshot as the org that its database would be.
fn line_of(kept: &Kept, id: Id) -> Entry {
    Entry {
        id,
        name: kept.name.clone(),
        storage: kept.storage.clone(),
        origin: 0,
        suffix: String::new(),
        admin: String::new(),
        created: kept.created.clone(),
        state: kept.state.clone(),
    }
}
