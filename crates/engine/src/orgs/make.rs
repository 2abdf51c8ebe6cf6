//! Making orgs and taking them away.

use super::admin::check_name;
use super::directory::{Entry, Kept, LIVE, MAKING, numbered};
use super::places::parts;
use super::{Adaptation, AdminError, NewOrg, OrgAccess};
use crate::seed::admin_id;
use crate::{Identity, Server, project, settings};
use orglet_store::{Home, StoreError, Tx};

impl Server {
    /// Makes an org. It is there whole when this returns, or not at all.
    pub fn create_org(&self, new: &NewOrg) -> Result<OrgAccess, AdminError> {
        if new.template.is_some() && new.clone_of.is_some() {
            return Err(AdminError::Invalid("an org is made from a template or as a clone, not both".into()));
        }
        if new.sample_data && (new.template.is_some() || new.clone_of.is_some()) {
            return Err(AdminError::Invalid("sample data is for new orgs; a template and a clone bring their own".into()));
        }
        if let Some(name) = &new.name {
            check_name("an org", name)?;
        }
        if new.admin_password.as_deref() == Some("") {
            return Err(AdminError::Invalid("the administrator's password is empty".into()));
        }
        settings::check(&new.settings)?;
        let _one_at_a_time = self.orgs.administer()?;
        let database = new.database.as_deref().map(|name| self.known_database(name)).transpose()?;
        if let Some(name) = &new.name
            && self.orgs.directory.is_taken(name)?
        {
            return Err(AdminError::Conflict(format!("there is an org '{name}' already")));
        }
        let source = match (&new.template, &new.clone_of) {
            (Some(template), _) => self.usable(self.snapshot(template)?)?,
            (None, Some(org)) => self.take(&self.entry(org)?, None)?,
            (None, None) => self.pristine(new.sample_data)?,
        };
        let made = self.make_from(&source, new, database);
        if made.is_err() {
            // The reason counts more than a failure to clear up, which the next start makes good.
            let _ = self.drop_unused(source.number);
        }
        made
    }

    fn make_from(&self, source: &Kept, new: &NewOrg, database: Option<&str>) -> Result<OrgAccess, AdminError> {
        let (number, storage) = self.free_storage(database.unwrap_or(parts(&source.storage).0))?;
        let (id, _) = numbered(number);
        let name = new.name.clone().unwrap_or_else(|| format!("org-{number}"));
        if self.orgs.directory.is_taken(&name)? {
            return Err(AdminError::Conflict(format!("there is an org '{name}' already")));
        }
        let entry = Entry {
            id,
            suffix: format!(".{name}"),
            name,
            storage,
            origin: source.number,
            admin: new.admin_username.clone().unwrap_or_default(),
            created: self.now().to_canonical(),
            state: MAKING.into(),
        };
        self.orgs.directory.add(&entry)?;
        let made = self.fill(&entry, source, new);
        if made.is_err() {
            // The reason counts more than a failure to clear up, which the next start makes good.
            let _ = self.clear_away(&entry);
        }
        made
    }

    fn fill(&self, entry: &Entry, source: &Kept, new: &NewOrg) -> Result<OrgAccess, AdminError> {
        let adaptation = Adaptation::of(entry, source);
        let dialect = self.orgs.home.dialect(&entry.storage);
        let mut refused = None;
        let mut adapt = |tx: &mut dyn Tx| {
            // A store may run this again.
            refused = None;
            let claimed = adaptation.apply(tx, dialect).map_err(AdminError::from).and_then(|names| {
                let taken = self.orgs.usernames.claim(entry.id, &names)?;
                taken.map_or(Ok(()), |name| Err(AdminError::Conflict(format!("the login name {name} is in use"))))
            });
            claimed.map_err(|e| {
                refused = Some(e);
                StoreError::Abort
            })
        };
        let copied = if parts(&source.storage).0 == parts(&entry.storage).0 {
            self.orgs.home.copy(&source.storage, &entry.storage, &mut adapt)
        } else {
            self.bring(&source.storage, &*self.orgs.home, &entry.storage)?;
            self.orgs.home.open(&entry.storage)?.transact_alone(&mut adapt)
        };
        match (copied, refused) {
            (Err(_), Some(refusal)) => return Err(refusal),
            (copied, _) => copied?,
        }
        if let Some(org) = source.org {
            self.orgs.directory.copy_credentials(org, entry.id)?;
        }
        // Before anybody can log in.
        if let Some(password) = &new.admin_password {
            self.set_password_of(entry.id, admin_id(), password, "")?;
        }
        self.orgs.directory.set_state(entry.id, LIVE)?;
        let org = self.opened(entry)?;
        let mut skipped = Vec::new();
        org.change_settings(&new.settings)?;
        if !new.projects.is_empty() {
            let admin = org.user(admin_id())?.ok_or_else(|| AdminError::Conflict("the template has no administrator".into()))?;
            let identity = Identity { org, user: admin, access: self.access.clone(), token: "".into() };
            skipped = project::load(&identity, &new.projects, false)?.iter().map(ToString::to_string).collect();
        }
        if !new.projects.is_empty() || !new.settings.is_empty() {
            // It goes back to what it is now.
            let base = self.take(entry, None)?;
            self.orgs.directory.set_origin(entry.id, base.number)?;
            self.drop_unused(source.number)?;
        }
        let facts = self.facts_of(entry, new.admin_password.as_deref())?;
        Ok(OrgAccess { org: self.info(entry)?, facts, skipped })
    }

    /// Takes an org away with all that is in it, its sessions and its passwords. Its snapshots stay.
    pub fn delete_org(&self, org: &str) -> Result<(), AdminError> {
        let _one_at_a_time = self.orgs.administer()?;
        let entry = self.entry(org)?;
        if self.is_default(entry.id) {
            return Err(AdminError::Conflict("the default org can't be deleted; it can be reset".into()));
        }
        self.clear_away(&entry)?;
        self.drop_unused(entry.origin)
    }

    fn clear_away(&self, entry: &Entry) -> Result<(), AdminError> {
        self.orgs.directory.leave(entry.id)?;
        self.sessions.forget_org(entry.id);
        self.orgs.drop_open(entry.id);
        self.orgs.remove_storage(&entry.storage)?;
        Ok(self.orgs.directory.forget(entry.id)?)
    }
}
