//! Plans kept for queries that come again: pollers, connectors and pages of one result ask the same thing many times.

use super::Request;
use crate::Identity;
use crate::auth::User;
use orglet_base::ApiVersion;
use orglet_plan::Plan;
use orglet_schema::{AccessSet, Catalog};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// Plans kept for an org; when there are more, all are forgotten.
const MOST_PLANS: usize = 256;
/// Texts longer than this hold lists of ids, which don't come again.
const LONGEST_TEXT: usize = 4096;

/// Queries whose plan was kept, since the process began.
static HITS: AtomicU64 = AtomicU64::new(0);
/// Queries that were planned, since the process began.
static MISSES: AtomicU64 = AtomicU64::new(0);

/// How many queries of this process found their plan kept, and how many were planned.
pub fn plan_figures() -> (u64, u64) {
    (HITS.load(Ordering::Relaxed), MISSES.load(Ordering::Relaxed))
}

/// The plans that an org keeps.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<HashMap<u64, Kept>>);

/// A plan with everything that it was made from.
#[derive(Debug)]
struct Kept {
    soql: Box<str>,
    version: ApiVersion,
    all_rows: bool,
    tooling: bool,
    /// These three are compared by place: one that changes is made anew. Weakly held, a place is not used again.
    catalog: Weak<Catalog>,
    user: Weak<User>,
    access: Weak<AccessSet>,
    plan: Arc<Plan>,
}

impl Plans {
    /// The plan of a query that came before under the same circumstances.
    pub(super) fn find(&self, identity: &Identity, request: &Request<'_>, catalog: &Arc<Catalog>) -> Option<Arc<Plan>> {
        let found = self.kept(identity, request, catalog);
        let figure = if found.is_some() { &HITS } else { &MISSES };
        figure.fetch_add(1, Ordering::Relaxed);
        found
    }

    fn kept(&self, identity: &Identity, request: &Request<'_>, catalog: &Arc<Catalog>) -> Option<Arc<Plan>> {
        let plans = self.0.lock();
        let kept = plans.get(&hash(identity, request))?;
        let same = *kept.soql == *request.soql
            && kept.version == request.version
            && kept.all_rows == request.all_rows
            && kept.tooling == request.tooling
            && Weak::as_ptr(&kept.catalog) == Arc::as_ptr(catalog)
            && Weak::as_ptr(&kept.user) == Arc::as_ptr(&identity.user)
            && Weak::as_ptr(&kept.access) == Arc::as_ptr(&identity.access);
        same.then(|| kept.plan.clone())
    }

    /// Keeps a plan, if it is worth that.
    pub(super) fn keep(&self, identity: &Identity, request: &Request<'_>, catalog: &Arc<Catalog>, plan: &Arc<Plan>) {
        if !plan.lasting || request.soql.len() > LONGEST_TEXT {
            return;
        }
        let kept = Kept {
            soql: request.soql.into(),
            version: request.version,
            all_rows: request.all_rows,
            tooling: request.tooling,
            catalog: Arc::downgrade(catalog),
            user: Arc::downgrade(&identity.user),
            access: Arc::downgrade(&identity.access),
            plan: plan.clone(),
        };
        let mut plans = self.0.lock();
        if plans.len() >= MOST_PLANS {
            plans.clear();
        }
        plans.insert(hash(identity, request), kept);
    }
}

fn hash(identity: &Identity, request: &Request<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (request.soql, request.version.0, request.all_rows, request.tooling, identity.user.id).hash(&mut hasher);
    hasher.finish()
}
