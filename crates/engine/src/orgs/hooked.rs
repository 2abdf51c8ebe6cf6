//! For tests: a store beside which something else happens at the worst moment.

use crate::save::{Assign, Incoming, Op, Saved, save_one};
use crate::{Failure, OrgOptions, Server};
use orglet_base::{Dialect, Value};
use orglet_store::{Store, StoreError, Work};
use parking_lot::Mutex;
use std::sync::Arc;

type Hook = Box<dyn FnOnce() + Send>;

/// A store that does something before its next transaction: what was read for that is out of date then.
pub(super) struct Hooked {
    inner: Arc<dyn Store>,
    hook: Mutex<Option<Hook>>,
}

impl Hooked {
    pub(super) fn new(inner: &Arc<dyn Store>, hook: impl FnOnce() + Send + 'static) -> Self {
        Self { inner: inner.clone(), hook: Mutex::new(Some(Box::new(hook))) }
    }
}

impl Store for Hooked {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    fn read(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.inner.read(work)
    }

    fn transact(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        let hook = self.hook.lock().take();
        if let Some(hook) = hook {
            hook();
        }
        self.inner.transact(work)
    }

    fn transact_briefly(&self, work: &mut Work<'_>) -> Result<(), StoreError> {
        self.inner.transact_briefly(work)
    }

    fn tables(&self) -> Result<Vec<String>, StoreError> {
        self.inner.tables()
    }

    fn columns(&self, table: &str) -> Result<Vec<String>, StoreError> {
        self.inner.columns(table)
    }
}

/// A server with one org, in memory.
pub(super) fn server() -> Server {
    Server::open(OrgOptions { id_seed: Some(1), ..OrgOptions::default() }).unwrap()
}

/// Saves a record of the default org.
pub(super) fn insert(server: &Server, object: &str, fields: &[(&str, Value)]) -> Result<Saved, Failure> {
    let admin = server.admin()?;
    let object = admin.org.catalog().object(object).unwrap().clone();
    let fields = fields.iter().map(|(name, value)| (object.field_index(name).unwrap(), Assign::Value(value.clone()))).collect();
    save_one(&admin, &object, Op::Insert, Incoming { fields, ..Incoming::default() }, None)
}
