//! What an administrator sees of the orgs and snapshots of a server.

use super::directory::{Entry, Kept, LIVE};
use super::places::parts;
use super::{AdminError, OpenOrgs};
use crate::seed::admin_id;
use crate::settings::SettingChange;
use crate::{Failure, Org, OrgFacts, Server, dev};
use orglet_base::{ApiVersion, Id};
use std::path::PathBuf;
use std::sync::Arc;

/// The most orgs or snapshots that one list has.
pub const MOST_LISTED: usize = 1000;
/// The longest name of an org or a snapshot.
const LONGEST: usize = 40;

/// An org of a server.
#[derive(Clone, Debug)]
pub struct OrgInfo {
    /// Organization id, 18 characters.
    pub id: String,
    /// What administrators call it.
    pub name: String,
    /// When it was made, canonical.
    pub created: String,
    /// The snapshot that it was made from, where it was made from one.
    pub template: Option<String>,
    /// Whether it is open now.
    pub open: bool,
    /// Whether a client reaches it who names none.
    pub default: bool,
    /// The database that it is in; `None` for the server's own.
    pub database: Option<String>,
}

/// A snapshot of an org.
#[derive(Clone, Debug)]
pub struct SnapshotInfo {
    /// Its name.
    pub name: String,
    /// Id of the org that it was taken of, which may be gone.
    pub org_id: String,
    /// That org's name; `None` where it is gone.
    pub org: Option<String>,
    /// When it was taken, canonical.
    pub created: String,
}

/// How an org is to be made.
#[derive(Clone, Debug, Default)]
pub struct NewOrg {
    /// Its name; `None` for one that is made up.
    pub name: Option<String>,
    /// The snapshot to make it from; `None` for a new org.
    pub template: Option<String>,
    /// The org to make it as a copy of, as that is now. Not together with a template.
    pub clone_of: Option<String>,
    /// Fill it with the made-up CRM. Only for a new org.
    pub sample_data: bool,
    /// Login name of the administrator.
    pub admin_username: Option<String>,
    /// Password of the administrator.
    pub admin_password: Option<String>,
    /// Folders of SFDX projects to load.
    pub projects: Vec<PathBuf>,
    /// The database that it is to be in, `home` for the server's own; `None` for where its template is.
    pub database: Option<String>,
    /// What is to be set in it. It goes back to that when it is reset.
    pub settings: Vec<SettingChange>,
}

/// An org that was made, and how to get into it.
#[derive(Clone)]
pub struct OrgAccess {
    /// The org.
    pub org: OrgInfo,
    /// Credentials.
    pub facts: OrgFacts,
    /// What of its projects is not built and was left out.
    pub skipped: Vec<String>,
}

impl Server {
    /// Orgs in the order of their names, those after one, [`MOST_LISTED`] at most.
    pub fn list_orgs(&self, after: &str) -> Result<Vec<OrgInfo>, AdminError> {
        self.orgs.directory.page(after, MOST_LISTED)?.iter().map(|entry| self.info(entry)).collect()
    }

    /// An org by its name or its id.
    pub fn show_org(&self, org: &str) -> Result<OrgInfo, AdminError> {
        let entry = self.entry(org)?;
        self.info(&entry)
    }

    /// Snapshots in the order of their names, those after one, [`MOST_LISTED`] at most.
    pub fn list_snapshots(&self, after: &str) -> Result<Vec<SnapshotInfo>, AdminError> {
        self.orgs.directory.snapshot_page(after, MOST_LISTED)?.iter().map(|kept| self.snapshot_info(kept)).collect()
    }

    /// A snapshot by its name.
    pub fn show_snapshot(&self, name: &str) -> Result<SnapshotInfo, AdminError> {
        self.snapshot_info(&self.snapshot(name)?)
    }

    /// How to get into an org as its administrator. A session is made, except where the development credentials are in
    /// force: then their standing token is answered.
    pub fn log_into(&self, org: &str) -> Result<OrgAccess, AdminError> {
        let entry = self.entry(org)?;
        let facts = self.facts_of(&entry, None)?;
        Ok(OrgAccess { org: self.info(&entry)?, facts, skipped: Vec::new() })
    }

    /// Figures of the orgs that are open.
    pub fn open_orgs(&self) -> OpenOrgs {
        self.orgs.figures()
    }

    pub(super) fn info(&self, entry: &Entry) -> Result<OrgInfo, AdminError> {
        let origin = match entry.origin {
            0 => None,
            n => self.orgs.directory.snapshot_by_number(n)?.map(|kept| kept.name).filter(|name| !name.starts_with('~')),
        };
        Ok(OrgInfo {
            id: entry.id.to_string(),
            name: entry.name.clone(),
            created: entry.created.clone(),
            template: origin,
            open: self.is_default(entry.id) || self.orgs.is_open(entry.id),
            default: self.is_default(entry.id),
            database: Some(parts(&entry.storage).0).filter(|name| !name.is_empty()).map(str::to_owned),
        })
    }

    pub(super) fn snapshot_info(&self, kept: &Kept) -> Result<SnapshotInfo, AdminError> {
        let org = match kept.org {
            Some(id) => self.orgs.directory.by_id(id)?.map(|entry| entry.name),
            None => None,
        };
        let org_id = kept.org.map(|id| id.to_string()).unwrap_or_default();
        Ok(SnapshotInfo { name: kept.name.clone(), org_id, org, created: kept.created.clone() })
    }

    /// A live org by its name or its id.
    pub(crate) fn entry(&self, org: &str) -> Result<Entry, AdminError> {
        let found = match Id::parse(org) {
            Ok(id) if id.prefix().as_str() == "00D" => self.orgs.directory.by_id(id)?,
            _ => self.orgs.directory.by_name(org)?,
        };
        found.ok_or_else(|| AdminError::NotFound(format!("there is no org '{org}'")))
    }

    /// The open org of a line of the directory.
    pub(crate) fn opened(&self, entry: &Entry) -> Result<Arc<Org>, AdminError> {
        let found = self.with_org(entry.id, |org| org.keep_up())?;
        Ok(found.ok_or_else(|| AdminError::NotFound(format!("there is no org '{}'", entry.name)))?.0)
    }

    /// A live snapshot by its name.
    pub(super) fn snapshot(&self, name: &str) -> Result<Kept, AdminError> {
        let found = self.orgs.directory.snapshot(name)?.filter(|kept| kept.state == LIVE && !name.starts_with('~'));
        found.ok_or_else(|| AdminError::NotFound(format!("there is no snapshot '{name}'")))
    }

    /// Credentials of an org's administrator; `password` where it was just set.
    pub(super) fn facts_of(&self, entry: &Entry, password: Option<&str>) -> Result<OrgFacts, AdminError> {
        if self.is_default(entry.id) {
            return Ok(self.facts()?);
        }
        let org = self.opened(entry)?;
        let admin = org.user(admin_id())?.ok_or_else(|| AdminError::Conflict(format!("the org '{}' has no administrator", entry.name)))?;
        let (client_id, client_secret) = self.client();
        let (password, security_token) = match password {
            Some(password) => (password, ""),
            None if self.stored_hashes(&org, admin.id)?.is_some() => ("", ""),
            None => self.admin_password(),
        };
        let access_token = match self.gives_development_token() {
            true => format!("{}!{}", org.id.as_15(), dev::TOKEN_TAIL),
            false => self.sessions.create(org.id, admin.id, false)?,
        };
        Ok(OrgFacts {
            org_id: org.id.to_string(),
            user_id: admin.id.to_string(),
            username: admin.username.clone(),
            password: password.to_owned(),
            security_token: security_token.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            access_token,
            api_version: ApiVersion::LATEST.to_string(),
        })
    }

    /// Finishes what a server that ended had begun: what was being made or taken away is taken away.
    pub(crate) fn tidy_up(&self) -> Result<(), Failure> {
        for line in self.orgs.directory.moves(None)? {
            self.tidied(&line.target, self.orgs.settle(&line, true))?;
        }
        let (orgs, snapshots) = self.orgs.directory.unfinished()?;
        for entry in orgs {
            self.orgs.directory.leave(entry.id)?;
            let gone = self.orgs.remove_storage(&entry.storage).and_then(|()| self.orgs.directory.forget(entry.id));
            self.tidied(&entry.storage, gone)?;
        }
        for kept in snapshots.into_iter().chain(self.orgs.directory.unused()?) {
            let gone = self.orgs.remove_storage(&kept.storage).and_then(|()| self.orgs.directory.forget_snapshot(kept.number));
            self.tidied(&kept.storage, gone)?;
        }
        Ok(())
    }

    /// Passes over what could not be cleared up in a database that does not answer: a later start does it.
    fn tidied(&self, storage: &str, done: Result<(), Failure>) -> Result<(), Failure> {
        match done {
            Err(e) if !parts(storage).0.is_empty() => {
                tracing::warn!(storage, error = %e, "what an earlier server left could not be cleared up");
                Ok(())
            }
            done => done,
        }
    }
}

/// Refuses what can't be the name of an org or a snapshot.
pub(super) fn check_name(what: &str, name: &str) -> Result<(), AdminError> {
    let good = name.len() <= LONGEST
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.ends_with('-')
        && Id::parse(name).is_err();
    let text = || format!("'{name}' can't be the name of {what}: lower-case letters, digits and '-', {LONGEST} at most");
    if good { Ok(()) } else { Err(AdminError::Invalid(text())) }
}
