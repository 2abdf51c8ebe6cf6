//! Databases for tests.

use super::reset;
use super::server::{Server, server};
use orglet_store::postgres::Cluster;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A database of its own for a test; it goes when this is dropped.
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// A new database without anything in it.
    pub fn new() -> Result<Self, String> {
        Self::made(server()?, None)
    }

    /// One on a server of one's own.
    pub fn on(server: &'static Server) -> Result<Self, String> {
        Self::made(server, None)
    }

    fn made(server: &'static Server, template: Option<&str>) -> Result<Self, String> {
        let name = format!("t{}", server.number());
        let from = template.map_or_else(String::new, |t| format!(" TEMPLATE {t} STRATEGY FILE_COPY"));
        server.cluster("postgres")?.outside(&format!("CREATE DATABASE {name}{from}")).map_err(|e| e.to_string())?;
        Ok(Self { server, name })
    }

    /// Its address, as servers take it.
    pub fn address(&self) -> String {
        self.server.address(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Ok(cluster) = self.server.cluster("postgres") {
            // The whole server goes at the end: what can't be dropped costs room until then.
            let _ = cluster.outside(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
        }
    }
}

/// Databases with a seeded org in them, by the time at which it was seeded.
static KEPT: Mutex<BTreeMap<Option<String>, Arc<Mutex<Kept>>>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Kept {
    /// What the others are copied from.
    template: Option<Database>,
    /// With connections that have met its tables: those of a new one have to read all about them first.
    idle: Vec<(Database, Arc<Cluster>)>,
}

/// A database with a seeded org in it. It is brought back to that state, and used again, when this is dropped: that costs
/// a tenth of making another.
pub struct Fresh {
    database: Option<(Database, Arc<Cluster>)>,
    kept: Arc<Mutex<Kept>>,
}

impl Fresh {
    /// One that nobody uses. `seed` fills the first, given its address, and lets go of it.
    pub fn new(now: Option<&str>, seed: impl FnOnce(String) -> Result<(), String>) -> Result<Self, String> {
        let kept = KEPT.lock().map_err(|e| e.to_string())?.entry(now.map(str::to_owned)).or_default().clone();
        let mut state = kept.lock().map_err(|e| e.to_string())?;
        if let Some(database) = state.idle.pop() {
            drop(state);
            return Ok(Self { database: Some(database), kept });
        }
        let template = match &state.template {
            Some(template) => template.name.clone(),
            None => {
                let made = Database::new()?;
                seed(made.address())?;
                reset::prepare(&made.address())?;
                state.template.insert(made).name.clone()
            }
        };
        drop(state);
        let database = Database::made(server()?, Some(&template))?;
        let home = Arc::new(Cluster::new(&database.address()).map_err(|e| e.to_string())?);
        Ok(Self { database: Some((database, home)), kept })
    }

    /// Its address, as servers take it.
    pub fn address(&self) -> String {
        self.database.as_ref().map_or_else(String::new, |(database, _)| database.address())
    }

    /// The same as a home, with connections that outlive a test.
    pub fn home(&self) -> Option<Arc<Cluster>> {
        self.database.as_ref().map(|(_, home)| home.clone())
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        let Some(database) = self.database.take() else { return };
        if reset::reset(&database.1)
            && let Ok(mut state) = self.kept.lock()
        {
            state.idle.push(database);
        }
    }
}
