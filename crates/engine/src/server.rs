//! A server: its orgs, its sessions, its own store.

use crate::auth::{Identity, Sessions};
use crate::system::{int, own};
use crate::{Clock, Failure, Org, dev, ids, seed};
use orglet_base::{ApiVersion, DateTime, Id};
use orglet_schema::AccessSet;
use orglet_store::Store;
use orglet_store::sqlite::{Durability, Sqlite};
use std::path::PathBuf;
use std::sync::Arc;

/// How a server and its default org are opened.
#[derive(Clone, Debug, Default)]
pub struct OrgOptions {
    /// The data directory; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// Fill a new org with a small made-up CRM.
    pub sample_data: bool,
    /// Where the clock stands; `None` for the machine's.
    pub now: Option<DateTime>,
    /// Where the counting of ids starts; `None` for anywhere.
    pub id_seed: Option<u64>,
    /// The administrator's login name, where it is not the development one.
    pub admin_username: Option<String>,
    /// The administrator's password; setting one ends the development credentials.
    pub admin_password: Option<String>,
    /// The administrator's security token.
    pub admin_security_token: Option<String>,
    /// An access token that always works, where development credentials are not in force.
    pub admin_token: Option<String>,
    /// Consumer key and secret of the connected app, where they are not the development ones.
    pub client: Option<(String, String)>,
}

/// What a client needs to know to use the default org.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as in the ready file")]
pub struct OrgFacts {
    pub org_id: String,
    pub user_id: String,
    pub username: String,
    pub password: String,
    pub security_token: String,
    pub client_id: String,
    pub client_secret: String,
    pub access_token: String,
    pub api_version: String,
}

/// A server.
pub struct Server {
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
    /// Opens a server; its default org is made and seeded when it is not there.
    pub fn open(options: OrgOptions) -> Result<Self, Failure> {
        let clock = options.now.map_or_else(Clock::default, Clock::fixed_at);
        let broken = |e: std::io::Error| Failure::Store(orglet_store::StoreError::ReadOnly(e.to_string()));
        let (own, rows): (Arc<dyn Store>, Arc<dyn Store>) = match &options.data {
            Some(folder) => {
                let orgs = folder.join("orgs");
                std::fs::create_dir_all(&orgs).map_err(broken)?;
                let own = Sqlite::open(&folder.join("server.db"), Durability::Full)?;
                (Arc::new(own), Arc::new(Sqlite::open(&orgs.join("default.db"), Durability::Full)?))
            }
            None => (Arc::new(Sqlite::in_memory()?), Arc::new(Sqlite::in_memory()?)),
        };
        own.define(&crate::system::server_tables())?;
        let id_seed = match options.id_seed {
            Some(seed) => seed,
            None => {
                let mut bytes = [0; 8];
                getrandom::fill(&mut bytes).map_err(|e| orglet_store::StoreError::Other(format!("no random numbers: {e}")))?;
                u64::from_le_bytes(bytes)
            }
        };
        let org = Arc::new(Org::open(ids::seeded("00D", 1), rows, clock, id_seed)?);
        let admin = seed::admin_id();
        let server = Self {
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

    fn finish(mut self) -> Result<Self, Failure> {
        if let Some(password) = self.options.admin_password.clone() {
            let token = self.options.admin_security_token.clone().unwrap_or_default();
            self.set_password(&self.default_org, self.admin, &password, &token)?;
        }
        // A password set in an earlier run stays set.
        let stored = self.store.read_with::<_, Failure>(|tx| Ok(tx.first(&own("SELECT count(*) FROM \"_credentials\"", vec![]))?))?;
        self.default_credentials = stored.is_none_or(|row| int(&row[0]) == 0);
        self.standing_token = match (&self.options.admin_token, self.has_default_password()) {
            (Some(token), _) if token.contains('!') => Some(token.clone()),
            (Some(token), _) => Some(format!("{}!{token}", self.default_org.id.as_15())),
            (None, true) => Some(format!("{}!{}", self.default_org.id.as_15(), dev::TOKEN_TAIL)),
            (None, false) => None,
        };
        self.sessions.sweep(self.clock.now())?;
        Ok(self)
    }

    /// Whether the administrator still has the documented development password.
    pub(crate) fn has_default_password(&self) -> bool {
        self.default_credentials
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
        let user = org.user(self.admin)?.ok_or_else(|| orglet_store::StoreError::Other("the administrator is missing".into()))?;
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
        let default = self.has_default_password();
        let access_token = match &self.standing_token {
            Some(token) => token.clone(),
            None => self.sessions.create(self.default_org.id, self.admin)?,
        };
        Ok(OrgFacts {
            org_id: self.default_org.id.to_string(),
            user_id: self.admin.to_string(),
            username: self.options.admin_username.clone().unwrap_or_else(|| dev::USERNAME.to_owned()),
            password: self.options.admin_password.clone().unwrap_or_else(|| dev::PASSWORD.to_owned()),
            security_token: self
                .options
                .admin_security_token
                .clone()
                .unwrap_or_else(|| if default { dev::SECURITY_TOKEN.to_owned() } else { String::new() }),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            access_token,
            api_version: ApiVersion::LATEST.to_string(),
        })
    }
}
