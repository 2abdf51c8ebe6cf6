//! Orgs in this process that answer requests: what the contract is run against.

use crate::postgres::Fresh;
use bytes::Bytes;
use orglet_base::DateTime;
pub use orglet_contract::{OrgSetup, Target};
use orglet_engine::OrgFacts;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A fresh org in this process, in memory, with the documented development credentials and no sample data.
pub fn in_process(setup: &OrgSetup) -> Result<Box<dyn Target>, String> {
    let now = clock(setup)?;
    let options = orglet_engine::OrgOptions { now, ..Default::default() };
    let server = orglet_http::Server::in_memory(options).map_err(|e| e.to_string())?;
    set(&server, setup)?;
    let facts = server.facts().map_err(|e| e.to_string())?;
    Ok(Box::new(InProcess { server, facts, _database: None }))
}

/// Servers in this process that share one fresh PostgreSQL database and nothing else, as servers of several processes
/// would.
pub fn sharing_postgres(count: usize) -> Result<Vec<Box<dyn Target>>, String> {
    let open = |address: String| {
        let options = orglet_engine::OrgOptions { store: Some(address), ..Default::default() };
        orglet_engine::Server::open(options).map_err(|e| e.to_string())
    };
    let database = Arc::new(Fresh::new(None, |address| open(address).map(drop))?);
    let target = |_| {
        let server = orglet_http::Server::new(Arc::new(open(database.address())?));
        let facts = server.facts().map_err(|e| e.to_string())?;
        Ok(Box::new(InProcess { server, facts, _database: Some(database.clone()) }) as Box<dyn Target>)
    };
    (0..count).map(target).collect()
}

/// A server in this process on a PostgreSQL database by its address, which is made ready where it is not.
pub fn at_postgres(address: &str) -> Result<Box<dyn Target>, String> {
    let options = orglet_engine::OrgOptions { store: Some(address.to_owned()), ..Default::default() };
    let engine = orglet_engine::Server::open(options).map_err(|e| e.to_string())?;
    let server = orglet_http::Server::new(Arc::new(engine));
    let facts = server.facts().map_err(|e| e.to_string())?;
    Ok(Box::new(InProcess { server, facts, _database: None }))
}

/// A fresh org in this process, in a PostgreSQL database that nobody else uses meanwhile. The contract's other store.
pub fn on_postgres(setup: &OrgSetup) -> Result<Box<dyn Target>, String> {
    let options = orglet_engine::OrgOptions { now: clock(setup)?, ..Default::default() };
    let seed = |address: String| {
        let options = orglet_engine::OrgOptions { store: Some(address), ..options.clone() };
        orglet_engine::Server::open(options).map(drop).map_err(|e| e.to_string())
    };
    let database = Fresh::new(setup.now.as_deref(), seed)?;
    let home = database.home().ok_or("the database is gone")?;
    let engine = orglet_engine::Server::over(home, options).map_err(|e| e.to_string())?;
    let server = orglet_http::Server::new(Arc::new(engine));
    set(&server, setup)?;
    let facts = server.facts().map_err(|e| e.to_string())?;
    Ok(Box::new(InProcess { server, facts, _database: Some(Arc::new(database)) }))
}

/// Sets in the org what is to be set in it, and loads the project that it is to have.
fn set(server: &orglet_http::Server, setup: &OrgSetup) -> Result<(), String> {
    server.engine().default_org().change_settings(&setup.settings).map_err(|e| e.to_string())?;
    if setup.project.is_empty() {
        return Ok(());
    }
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("orglet-project-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let folder = std::env::temp_dir().join(name);
    let loaded = load(server, &folder, &setup.project);
    fs::remove_dir_all(&folder).and(loaded.map_err(std::io::Error::other)).map_err(|e| e.to_string())
}

fn load(server: &orglet_http::Server, folder: &Path, files: &[(String, String)]) -> Result<(), String> {
    for (path, text) in files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text)).map_err(|e| e.to_string())?;
    }
    let admin = server.engine().admin().map_err(|e| e.to_string())?;
    orglet_engine::project::load(&admin, &[folder.to_path_buf()], true).map(|_| ()).map_err(|e| e.to_string())
}

fn clock(setup: &OrgSetup) -> Result<Option<DateTime>, String> {
    setup.now.as_ref().map(|text| DateTime::parse(text).ok_or_else(|| format!("no time: {text}"))).transpose()
}

struct InProcess {
    server: orglet_http::Server,
    facts: OrgFacts,
    /// Goes when the server has let go of it.
    _database: Option<Arc<Fresh>>,
}

impl Target for InProcess {
    fn send(&self, request: http::Request<Bytes>) -> http::Response<Bytes> {
        self.server.handle(request, orglet_http::Peer { scheme: orglet_http::Scheme::Http, trusted: false })
    }

    fn tick(&self) {
        if let Err(e) = self.server.engine().share_usage() {
            panic!("{e}");
        }
        self.server.engine().keep_views();
        self.server.engine().keep_storage();
        self.server.engine().purge_bins();
    }

    fn facts(&self) -> OrgFacts {
        self.facts.clone()
    }
}
