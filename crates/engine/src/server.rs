//! A server: its orgs, its sessions, its own store.

use crate::auth::{Identity, Sessions};
use crate::save::{self, Assign, Change, Incoming, Op};
use crate::{Clock, Failure, Org, dev, ids, seed};
use orglet_base::{ApiVersion, DateTime, Id, Value};
use orglet_schema::AccessSet;
use orglet_store::sqlite::{self, Durability};
use orglet_store::{Home, Store, StoreError};
use std::path::PathBuf;
use std::sync::Arc;

/// Storage name of the default org.
const DEFAULT_ORG: &str = "default";

/// How a server and its default org are opened.
#[derive(Clone, Debug, Default)]
pub struct OrgOptions {
    /// The data directory; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// How much an answered write survives, where there is a data directory.
    pub durability: Durability,
    /// Fill a new org with a small made-up CRM.
    pub sample_data: bool,
    /// Where the clock stands; `None` for the machine's.
    pub now: Option<DateTime>,
    /// Where the counting of ids starts; `None` for anywhere.
    pub id_seed: Option<u64>,
    /// What the administrator's login name is to be; `None` leaves it as it is.
    pub admin_username: Option<String>,
    /// What the administrator's password is to be, from now on; `None` leaves it as it is.
    pub admin_password: Option<String>,
    /// The administrator's security token. Without a password here it can't be set once a password of one's own is.
    pub admin_security_token: Option<String>,
    /// An access token that always works while the server runs: the org's id, `!`, and letters, digits, `_` and `.`; or
    /// what follows the `!` alone.
    pub admin_token: Option<String>,
    /// Consumer key and secret of the connected app, where they are not the development ones.
    pub client: Option<(String, String)>,
}

/// What a client needs to know to use the default org: the members of the ready file, and the banner's.
#[derive(Clone, Default)]
pub struct OrgFacts {
    /// Organization id, 18 characters.
    pub org_id: String,
    /// User id of the administrator, 18 characters.
    pub user_id: String,
    /// Login name of the administrator.
    pub username: String,
    /// Password of the administrator, without the security token; empty where only its hash is known.
    pub password: String,
    /// Security token, which clients append to the password; empty where only its hash is known.
    pub security_token: String,
    /// Consumer key of the default connected app.
    pub client_id: String,
    /// Consumer secret of the default connected app.
    pub client_secret: String,
    /// A session id of the administrator that is valid from the start.
    pub access_token: String,
    /// Newest API version served, without `v`: `68.0`.
    pub api_version: String,
}

/// A server.
pub struct Server {
    home: Arc<dyn Home>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) sessions: Sessions,
    pub(crate) access: Arc<AccessSet>,
    pub(crate) clock: Clock,
    default_org: Arc<Org>,
    admin: Id,
    options: OrgOptions,
    standing_token: Option<String>,
    default_credentials: bool,
}

impl Server {
    /// Opens a server; its default org is made and seeded when it is not there. Fails where the data directory can't be
    /// used or another server has it open, and where an option can't be applied.
    pub fn open(options: OrgOptions) -> Result<Self, Failure> {
        let home: Arc<dyn Home> = match &options.data {
            Some(folder) => Arc::new(sqlite::Folder::open(folder, options.durability)?),
            None => Arc::new(sqlite::Memory::new()?),
        };
        Self::over(home, options)
    }

    /// [`Server::open`] over databases that are open; what the options say about where they are is not looked at.
    pub fn over(home: Arc<dyn Home>, options: OrgOptions) -> Result<Self, Failure> {
        let clock = options.now.map_or_else(Clock::default, Clock::fixed_at);
        let own = home.own()?;
        let rows = match home.has(DEFAULT_ORG)? {
            true => home.open(DEFAULT_ORG)?,
            false => home.create(DEFAULT_ORG)?,
        };
        own.define(&crate::system::server_tables())?;
        let id_seed = match options.id_seed {
            Some(seed) => seed,
            None => {
                let mut bytes = [0; 8];
                getrandom::fill(&mut bytes).map_err(|e| StoreError::Other(format!("no random numbers: {e}")))?;
                u64::from_le_bytes(bytes)
            }
        };
        let org = Arc::new(Org::open(ids::seeded("00D", 1), rows, clock, id_seed)?);
        let admin = seed::admin_id();
        let server = Self {
            home,
            sessions: Sessions::new(own.clone(), clock),
            store: own,
            access: Self::full_access(),
            clock,
            default_org: org,
            admin,
            standing_token: None,
            default_credentials: true,
            options,
        };
        seed::fill(&server)?;
        server.finish()
    }

    /// Applies the credential options; what can't be applied is refused rather than dropped.
    fn finish(mut self) -> Result<Self, Failure> {
        self.standing_token = match &self.options.admin_token {
            Some(given) => Some(standing_token(self.default_org.id, given)?),
            None => None,
        };
        let (org, admin) = (self.default_org.clone(), self.admin);
        // A password set in an earlier run stays set.
        let stored = self.stored_hashes(&org, admin)?.is_some();
        if stored && self.options.admin_security_token.is_some() && self.options.admin_password.is_none() {
            return Err(refused("the security token can't be changed alone: give the administrator's password with it"));
        }
        self.rename_admin()?;
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
        let catalog = self.default_org.catalog();
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

    /// Whether a point read may be made on the thread on which its request arrives.
    pub fn reads_at_once(&self) -> bool {
        self.home.reads_at_once()
    }

    /// Whether any of the documented development credentials is in force.
    pub fn credentials_are_default(&self) -> bool {
        self.default_credentials
            || self.client().1 == dev::CLIENT_SECRET
            || self.standing_token.as_deref().is_some_and(|t| t.ends_with(dev::TOKEN_TAIL))
    }

    /// The org that a client reaches who names none.
    pub fn default_org(&self) -> Arc<Org> {
        self.default_org.clone()
    }

    /// An org by id.
    pub fn org(&self, id: Id) -> Option<Arc<Org>> {
        (self.default_org.id == id).then(|| self.default_org.clone())
    }

    /// The administrator of the default org.
    pub fn admin_id(&self) -> Id {
        self.admin
    }

    /// The administrator's identity, for work that the server does itself.
    pub fn admin(&self) -> Result<Identity, Failure> {
        let org = self.default_org();
        let user = org.user(self.admin)?.ok_or_else(|| StoreError::Other("the administrator is missing".into()))?;
        Ok(Identity { org, user, access: self.access.clone(), token: "".into() })
    }

    /// The time.
    pub fn now(&self) -> DateTime {
        self.clock.now()
    }

    pub(crate) fn client(&self) -> (&str, &str) {
        self.options.client.as_ref().map_or((dev::CLIENT_ID, dev::CLIENT_SECRET), |(id, secret)| (id, secret))
    }

    pub(crate) fn is_standing_token(&self, token: &str) -> bool {
        self.standing_token.as_deref() == Some(token)
    }

    pub(crate) fn options(&self) -> &OrgOptions {
        &self.options
    }

    /// What a client needs to know. Where no standing token is in force, a session is made.
    pub fn facts(&self) -> Result<OrgFacts, Failure> {
        let (client_id, client_secret) = self.client();
        let (password, security_token) = match &self.options.admin_password {
            _ if self.default_credentials => (dev::PASSWORD, self.unhashed_token()),
            Some(password) => (password.as_str(), self.options.admin_security_token.as_deref().unwrap_or_default()),
            None => ("", ""),
        };
        let access_token = match &self.standing_token {
            Some(token) => token.clone(),
            None => self.sessions.create(self.default_org.id, self.admin)?,
        };
        Ok(OrgFacts {
            org_id: self.default_org.id.to_string(),
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
