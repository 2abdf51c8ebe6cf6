//! A server: its orgs, its sessions, its own store.

use crate::auth::{Identity, Sessions};
use crate::orgs::Orgs;
use crate::orgs::directory::Kept;
use crate::save::{self, Assign, Change, Incoming, Op};
use crate::settings::Setting;
use crate::{Clock, Failure, Org, OrgFacts, OrgOptions, dev, format, orgs, seed};
use orglet_base::{ApiVersion, DateTime, Id, Value};
use orglet_schema::AccessSet;
use orglet_store::{Home, Store, StoreError, postgres, sqlite};
use parking_lot::{Mutex, RwLock};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A server.
pub struct Server {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sessions: Sessions,
    pub(crate) access: Arc<AccessSet>,
    /// The same with the right to set audit fields, for orgs where that is on.
    migrating: Arc<AccessSet>,
    pub(crate) clock: Clock,
    pub(crate) orgs: Orgs,
    /// The contents that new orgs are copies of, without and with sample data.
    pub(crate) pristine: Mutex<HashMap<bool, Kept>>,
    /// Numbers of the snapshots that are known to be in the format of now.
    pub(crate) fresh: Mutex<HashSet<u64>>,
    /// Held while counts of API requests are exchanged.
    pub(crate) sharing: Mutex<()>,
    /// Always open.
    default_org: RwLock<Arc<Org>>,
    /// Its id.
    default_id: Id,
    admin: Id,
    options: OrgOptions,
    standing_token: Option<String>,
    default_credentials: bool,
    /// The administrator of the default org has got another password since the start.
    pub(crate) admin_password_changed: AtomicBool,
}

impl Server {
    /// Opens a server; its default org is made and seeded when it is not there. Fails where the data directory can't be
    /// used or another server has it open, and where an option can't be applied.
    pub fn open(options: OrgOptions) -> Result<Self, Failure> {
        let home: Arc<dyn Home> = match (&options.store, &options.data) {
            (Some(address), _) => Arc::new(postgres::Cluster::new(address)?),
            (None, Some(folder)) => Arc::new(sqlite::Folder::open(folder, options.durability)?),
            (None, None) => Arc::new(sqlite::Memory::new()?),
        };
        Self::over(home, options)
    }

    /// [`Server::open`] over databases that are open; what the options say about where they are is not looked at.
    pub fn over(home: Arc<dyn Home>, options: OrgOptions) -> Result<Self, Failure> {
        let clock = options.now.map_or_else(Clock::default, Clock::fixed_at);
        let own = home.own()?;
        // Another server may be starting on the same databases: one of the two makes what is missing.
        let claim = home.claim()?;
        format::prepare_server(&*own, clock.now())?;
        let id_seed = match options.id_seed {
            Some(seed) => seed,
            None => {
                let mut bytes = [0; 8];
                getrandom::fill(&mut bytes).map_err(|e| StoreError::Other(format!("no random numbers: {e}")))?;
                u64::from_le_bytes(bytes)
            }
        };
        let most_open = if options.open_orgs == 0 { orgs::MOST_OPEN } else { options.open_orgs };
        let orgs = Orgs::new(home.clone(), own.clone(), clock, id_seed, most_open);
        if !orgs.directory.databases()?.is_empty() {
            orgs.home.look_elsewhere();
        }
        orgs.finish_moves()?;
        let known = orgs.directory.by_name(orgs::directory::DEFAULT)?;
        let storage = known.as_ref().map_or(orgs::directory::DEFAULT, |entry| &entry.storage);
        let rows = match orgs.home.has(storage)? {
            true => orgs.home.open(storage)?,
            false if known.is_none() => orgs.home.create(storage)?,
            // A new one in its place would pass for the org that was lost.
            false => {
                let text =
                    format!("the database '{storage}' of the default org is missing: bring it back, or begin with another directory");
                return Err(StoreError::Other(text).into());
            }
        };
        let entry = orgs.directory.default_org(clock.now())?;
        let org = Arc::new(orgs.over(&entry, rows, Arc::default(), true)?);
        orgs.directory.recall(&org)?;
        let server = Self {
            sessions: Sessions::new(own.clone(), clock),
            store: own,
            access: Self::full_access(),
            migrating: Arc::new(AccessSet::full().with_audit_fields()),
            clock,
            orgs,
            pristine: Mutex::default(),
            fresh: Mutex::default(),
            sharing: Mutex::default(),
            default_id: org.id,
            default_org: RwLock::new(org),
            admin: seed::admin_id(),
            standing_token: None,
            default_credentials: true,
            admin_password_changed: AtomicBool::new(false),
            options,
        };
        let (org, options) = (&server.default_org(), &server.options);
        seed::fill(org, &server.access, options.admin_username.as_deref(), options.sample_data)?;
        server.orgs.usernames.reconcile(org)?;
        server.tidy_up()?;
        let server = server.finish()?;
        drop(claim);
        Ok(server)
    }

    /// Applies the credential options; what can't be applied is refused rather than dropped.
    fn finish(mut self) -> Result<Self, Failure> {
        self.standing_token = match &self.options.access_token {
            Some(given) => Some(standing_token(self.default_id, given)?),
            None => None,
        };
        let (org, admin) = (self.default_org(), self.admin);
        // A password set in an earlier run stays set.
        let stored = self.stored_hashes(&org, admin)?.is_some();
        if stored && self.options.admin_security_token.is_some() && self.options.admin_password.is_none() {
            return Err(refused("the security token can't be changed alone: give the administrator's password with it"));
        }
        self.rename_admin()?;
        if let Some(username) = &self.options.admin_username {
            self.orgs.directory.set_admin(org.id, username)?;
        }
        if !self.options.projects.is_empty() {
            // Its projects may be others than when it was last reset.
            self.orgs.directory.set_origin(org.id, 0)?;
        }
        self.default_credentials = match self.options.admin_password.as_deref() {
            // Nothing but the absence of a hash marks the development password.
            Some(dev::PASSWORD) => {
                self.forget_password(&org, admin)?;
                true
            }
            Some(password) => {
                let token = self.options.admin_security_token.as_deref().unwrap_or_default();
                self.set_password(&org, admin, password, token)?;
                false
            }
            None => !stored,
        };
        if self.default_credentials && self.standing_token.is_none() {
            self.standing_token = Some(format!("{}!{}", org.id.as_15(), dev::TOKEN_TAIL));
        }
        self.sessions.sweep()?;
        Ok(self)
    }

    /// Gives the administrator the login name that the options ask for.
    fn rename_admin(&self) -> Result<(), Failure> {
        let admin = self.admin()?;
        let Some(username) = self.options.admin_username.as_deref().filter(|name| *name != admin.user.username) else { return Ok(()) };
        let catalog = self.default_org().catalog();
        let Some((object, field)) = catalog.object("User").and_then(|user| Some((user, user.field_index("Username")?))) else {
            return Ok(());
        };
        let fields = vec![(field, Assign::Value(Value::from(username)))];
        let records = vec![Incoming { id: Some(self.admin), fields, ..Incoming::default() }];
        let change = Change { object: object.clone(), op: Op::Update, records, all_or_none: true, system: false, guard: None };
        let outcome = save::save(&admin, &change).and_then(|outcomes| outcomes.into_iter().collect::<Result<Vec<_>, _>>());
        outcome.map(|_| ()).map_err(|e| refused(&format!("the administrator can't be named {username}: {e}")))
    }

    /// The security token that goes with the development password.
    pub(crate) fn unhashed_token(&self) -> &str {
        self.options.admin_security_token.as_deref().unwrap_or(dev::SECURITY_TOKEN)
    }

    /// Whether a point read for who has an access token may be made on the thread on which its request arrives.
    pub fn reads_at_once(&self, token: &str) -> bool {
        self.orgs.home.reads_at_once() && self.is_near(token)
    }

    /// Whether saves for who has an access token may share a commit when they are made one after the other.
    pub fn shares_commits(&self, token: &str) -> bool {
        !self.store.is_shared() && self.is_near(token)
    }

    fn is_near(&self, token: &str) -> bool {
        let default = || token.split('!').next().and_then(|id| Id::parse(id).ok()) == Some(self.default_id);
        self.orgs.is_near(token) || default() && !self.default_org.read().is_shared()
    }

    /// Whether any of the documented development credentials is in force.
    pub fn credentials_are_default(&self) -> bool {
        self.default_credentials && !self.admin_password_changed.load(Ordering::Relaxed)
            || self.client().1 == dev::CLIENT_SECRET
            || self.standing_token.as_deref().is_some_and(|t| t.ends_with(dev::TOKEN_TAIL))
    }

    /// The org that a client reaches who names none.
    pub fn default_org(&self) -> Arc<Org> {
        self.default_org.read().clone()
    }

    /// Puts the default org in its place that was opened anew.
    pub(crate) fn set_default_org(&self, org: Arc<Org>) {
        *self.default_org.write() = org;
    }

    /// Whether an org is the one that a client reaches who names none.
    pub fn is_default(&self, id: Id) -> bool {
        self.default_id == id
    }

    /// Whether an org is open now, the default one among them.
    pub fn is_at_hand(&self, id: Id) -> bool {
        self.is_default(id) || self.orgs.is_open(id)
    }

    /// An org by id, opened where it is not; `None` where there is none.
    pub fn org(&self, id: Id) -> Result<Option<Arc<Org>>, Failure> {
        if self.is_default(id) { Ok(Some(self.default_org())) } else { self.orgs.get(id) }
    }

    /// The administrator of every org.
    pub fn admin_id(&self) -> Id {
        self.admin
    }

    /// The administrator's identity, for work that the server does itself.
    pub fn admin(&self) -> Result<Identity, Failure> {
        let org = self.default_org();
        let user = org.user(self.admin)?.ok_or_else(|| StoreError::Other("the administrator is missing".into()))?;
        Ok(Identity { org, user, access: self.access.clone(), token: "".into() })
    }

    /// What the users of an org may do: everything, and, where the org has that on, set audit fields of new records.
    pub(crate) fn access_in(&self, org: &Org) -> Arc<AccessSet> {
        if org.settings.is_on(Setting::SetAuditFields) { self.migrating.clone() } else { self.access.clone() }
    }

    /// How many sessions are in memory.
    pub fn sessions_in_memory(&self) -> usize {
        self.sessions.in_memory()
    }

    /// The time.
    pub fn now(&self) -> DateTime {
        self.clock.now()
    }

    pub(crate) fn client(&self) -> (&str, &str) {
        self.options.client.as_ref().map_or((dev::CLIENT_ID, dev::CLIENT_SECRET), |(id, secret)| (id, secret))
    }

    /// Whether a token is an org's standing one. One that its owner chose is for the default org alone: who has it from
    /// there must not reach the others. The development one, which everybody knows, is for all.
    pub(crate) fn is_standing_token(&self, org: Id, token: &str) -> bool {
        let tail = || token.split_once('!').map(|(_, tail)| tail);
        match self.is_default(org) {
            true => self.standing_token.as_deref() == Some(token),
            false => self.gives_development_token() && tail() == Some(dev::TOKEN_TAIL),
        }
    }

    /// Whether the development access token is in force.
    pub(crate) fn gives_development_token(&self) -> bool {
        self.standing_token.as_deref().is_some_and(|token| token.ends_with(dev::TOKEN_TAIL))
    }

    /// The administrator's password and security token, empty where only hashes are known.
    pub(crate) fn admin_password(&self) -> (&str, &str) {
        match &self.options.admin_password {
            _ if self.admin_password_changed.load(Ordering::Relaxed) => ("", ""),
            _ if self.default_credentials => (dev::PASSWORD, self.unhashed_token()),
            Some(password) => (password.as_str(), self.options.admin_security_token.as_deref().unwrap_or_default()),
            None => ("", ""),
        }
    }

    pub(crate) fn options(&self) -> &OrgOptions {
        &self.options
    }

    /// What a client needs to know. Where no standing token is in force, a session is made.
    pub fn facts(&self) -> Result<OrgFacts, Failure> {
        let (client_id, client_secret) = self.client();
        let (password, security_token) = self.admin_password();
        let access_token = match &self.standing_token {
            Some(token) => token.clone(),
            None => self.sessions.create(self.default_id, self.admin, false)?,
        };
        Ok(OrgFacts {
            org_id: self.default_id.to_string(),
            user_id: self.admin.to_string(),
            username: self.admin()?.user.username.clone(),
            password: password.to_owned(),
            security_token: security_token.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            access_token,
            api_version: ApiVersion::LATEST.to_string(),
        })
    }
}

/// The access token that an option asks for, whole.
fn standing_token(org: Id, given: &str) -> Result<String, Failure> {
    let (owner, tail) = given.split_once('!').unwrap_or((org.as_15(), given));
    if Id::parse(owner).ok() != Some(org) {
        return Err(refused(&format!("the access token names another org before its '!'; this one is {}", org.as_15())));
    }
    if tail.is_empty() || !tail.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.') {
        return Err(refused("the access token may have letters, digits, '_' and '.' alone after its '!'"));
    }
    Ok(format!("{owner}!{tail}"))
}

/// An option that can't be applied, and why.
fn refused(why: &str) -> Failure {
    StoreError::Other(why.to_owned()).into()
}
