//! The journal: what each org was asked of late and what it answered, for people who look for what their client does.
//!
//! A ring of entries for each org, in memory. Secrets are masked before anything is kept; bodies are kept where somebody
//! asked for them. Without a journal a request costs nothing more, with one an entry written into the place of the oldest.

mod mask;

#[cfg(test)]
mod tests;

use crate::{Call, Reply, Server, about, pattern};
use http::{Method, header};
use orglet_base::{DateTime, Id};
use orglet_engine::auth::User;
use parking_lot::{Condvar, Mutex, RwLock};
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Entries that an org's journal has when nothing else is said.
pub const ENTRIES: usize = 1000;
/// The most entries that can be asked for.
pub const MOST_ENTRIES: usize = 100_000;
/// Orgs whose journals are kept: the ones used last.
const MOST_ORGS: usize = 64;
/// Bytes of a target or of a client's name that are kept.
const LONGEST: usize = 4096;
/// Bytes of a body that are kept.
const LONGEST_BODY: usize = 16 * 1024;
/// Bytes of all bodies in an org's journal; the oldest go first.
const MOST_BODIES: usize = 8 * 1024 * 1024;
/// Bytes of an answer in which its code is looked for.
const LOOKED_AT: usize = 4096;
/// Those who wait for an entry at once; further ones are answered with what there is.
const MOST_WAITING: usize = 8;
/// The longest wait for an entry.
pub const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The journals of a server's orgs.
#[derive(Debug)]
pub struct Journals {
    entries: usize,
    bodies: bool,
    orgs: RwLock<HashMap<Id, Arc<Journal>>>,
    ticks: AtomicU64,
}

/// The journal of an org.
#[derive(Debug)]
pub struct Journal {
    entries: usize,
    used: AtomicU64,
    /// Whether bodies are kept.
    bodies: AtomicBool,
    ring: Mutex<Ring>,
    more: Condvar,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    /// The number of the newest entry.
    newest: u64,
    /// Bytes of bodies.
    bodies: usize,
    waiting: usize,
}

/// A request and its answer.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "named as in the admin API")]
pub struct Entry {
    pub number: u64,
    pub at: DateTime,
    pub method: Method,
    /// Path and query, secrets masked.
    pub target: String,
    pub status: u16,
    /// Code of the error, empty where there is none.
    pub code: String,
    pub took: Duration,
    pub bytes_in: usize,
    pub bytes_out: usize,
    /// `User-Agent`.
    pub client: String,
    pub address: Option<IpAddr>,
    pub user: Option<Arc<User>>,
    /// The rule that struck it.
    pub fault: Option<u64>,
    pub request: Option<String>,
    pub response: Option<String>,
}

/// Which entries are looked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those behind this number; `None` for the newest.
    pub after: Option<u64>,
    /// How many at most.
    pub limit: usize,
    /// A status, or a class of them: `404`, `4xx`.
    pub status: Option<String>,
    /// A method.
    pub method: Option<String>,
    /// A pattern of the path.
    pub path: Option<String>,
    /// An object.
    pub object: Option<String>,
    /// Not before this moment.
    pub since: Option<DateTime>,
    /// Errors alone.
    pub errors: bool,
}

/// What is found.
#[derive(Debug)]
pub struct Page {
    /// The entries, the oldest first.
    pub entries: Vec<Entry>,
    /// What `after` is to be for those behind them.
    pub next: u64,
    /// Entries that were asked for and that newer ones have taken the place of.
    pub missed: u64,
}

/// What a request was, beside what the call says.
pub(crate) struct Happened {
    pub(crate) method: Method,
    pub(crate) took: Duration,
    pub(crate) address: Option<IpAddr>,
    pub(crate) fault: Option<u64>,
}

impl Journals {
    /// Journals of so many entries; `bodies` keeps bodies from the start. `None` where there are to be none.
    pub(crate) fn new(entries: usize, bodies: bool) -> Option<Self> {
        let entries = entries.min(MOST_ENTRIES);
        (entries > 0).then(|| Self { entries, bodies, orgs: RwLock::default(), ticks: AtomicU64::new(0) })
    }

    /// The journal of an org, made where there is none.
    pub fn of(&self, org: Id) -> Arc<Journal> {
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed);
        let found = self.orgs.read().get(&org).cloned();
        let journal = found.unwrap_or_else(|| {
            let mut orgs = self.orgs.write();
            if orgs.len() >= MOST_ORGS
                && !orgs.contains_key(&org)
                && let Some(oldest) = orgs.iter().min_by_key(|(_, journal)| journal.used.load(Ordering::Relaxed)).map(|(id, _)| *id)
            {
                orgs.remove(&oldest);
            }
            orgs.entry(org).or_insert_with(|| Arc::new(Journal::new(self.entries, self.bodies))).clone()
        });
        journal.used.store(tick, Ordering::Relaxed);
        journal
    }

    /// Forgets what an org was asked.
    pub(crate) fn clear(&self, org: Id) {
        if let Some(journal) = self.orgs.read().get(&org) {
            journal.clear();
        }
    }

    /// Forgets an org that is gone.
    pub(crate) fn forget(&self, org: Id) {
        self.orgs.write().remove(&org);
    }

    /// Writes down a request and its answer.
    pub(crate) fn note(&self, server: &Server, call: &Call, reply: &Reply, happened: Happened) {
        let org = match call.who.get() {
            Some((org, _)) => *org,
            // An org that a token names without a session may be none.
            None => {
                let named = Some(about::org_of(server, call)).filter(|id| server.engine.is_at_hand(*id));
                named.unwrap_or_else(|| server.engine.default_org().id)
            }
        };
        let user = call.who.get().map(|(_, user)| user.clone()).or_else(|| soap_user(server, call));
        self.of(org).push(call, reply, happened, user);
    }
}

/// Who a SOAP call is by.
fn soap_user(server: &Server, call: &Call) -> Option<Arc<User>> {
    if !call.path.starts_with("/services/Soap/") {
        return None;
    }
    let session = about::soap_session(&call.body)?;
    server.engine.authenticate(&session).ok().flatten().map(|identity| identity.user)
}

impl Journal {
    fn new(entries: usize, bodies: bool) -> Self {
        Self { entries, used: AtomicU64::new(0), bodies: AtomicBool::new(bodies), ring: Mutex::default(), more: Condvar::new() }
    }

    /// Whether bodies are kept.
    pub fn keeps_bodies(&self) -> bool {
        self.bodies.load(Ordering::Relaxed)
    }

    /// Has bodies kept from now on, or not.
    pub fn keep_bodies(&self, keep: bool) {
        self.bodies.store(keep, Ordering::Relaxed);
    }

    /// How many entries it has at most.
    pub fn capacity(&self) -> usize {
        self.entries
    }

    /// Forgets all entries. Numbers go on, so that who follows sees those to come.
    pub fn clear(&self) {
        let mut ring = self.ring.lock();
        ring.entries.clear();
        ring.bodies = 0;
    }

    fn push(&self, call: &Call, reply: &Reply, happened: Happened, user: Option<Arc<User>>) {
        let bodies = self.keeps_bodies().then(|| bodies(call, reply));
        let code = if reply.status >= 400 { code_of(&reply.body) } else { "" };
        let mut guard = self.ring.lock();
        let ring = &mut *guard;
        // The oldest entry's texts are written over, so that nothing need be allocated.
        let oldest = if ring.entries.len() >= self.entries { ring.entries.pop_front() } else { None };
        let (mut target, mut client, mut kept_code) = match oldest {
            Some(old) => {
                ring.bodies -= old.bodies();
                (old.target, old.client, old.code)
            }
            None => Default::default(),
        };
        target.clear();
        mask::target(&mut target, within(&call.path, LONGEST), call.uri.query().map(|query| within(query, LONGEST)));
        client.clear();
        client.push_str(within(call.header(header::USER_AGENT).unwrap_or_default(), LONGEST));
        kept_code.clear();
        kept_code.push_str(code);
        ring.newest += 1;
        let (request, response) = bodies.unwrap_or_default();
        let entry = Entry {
            number: ring.newest,
            at: now(),
            method: happened.method,
            target,
            status: reply.status,
            code: kept_code,
            took: happened.took,
            bytes_in: call.body.len(),
            bytes_out: reply.body.len(),
            client,
            address: happened.address,
            user,
            fault: happened.fault,
            request,
            response,
        };
        ring.bodies += entry.bodies();
        ring.entries.push_back(entry);
        if ring.bodies > MOST_BODIES {
            ring.drop_bodies();
        }
        if ring.waiting > 0 {
            self.more.notify_all();
        }
    }

    /// The entries that a filter lets pass. Where there are none behind its `after`, this waits for one so long at most.
    pub fn page(&self, filter: &Filter, wait: Duration) -> Page {
        let mut ring = self.ring.lock();
        let after = filter.after;
        if after.is_some_and(|after| ring.newest <= after) && !wait.is_zero() && ring.waiting < MOST_WAITING {
            ring.waiting += 1;
            self.more.wait_for(&mut ring, wait.min(LONGEST_WAIT));
            ring.waiting -= 1;
        }
        let first = ring.entries.front().map_or(ring.newest + 1, |entry| entry.number);
        let fits = |entry: &&Entry| filter.fits(entry);
        let (entries, next): (Vec<Entry>, u64) = match after {
            Some(after) => {
                let begin = usize::try_from((after + 1).saturating_sub(first)).unwrap_or(usize::MAX);
                let found: Vec<Entry> = ring.entries.iter().skip(begin).filter(fits).take(filter.limit).cloned().collect();
                // A full page may have more behind it.
                let next = found.last().filter(|_| found.len() == filter.limit).map_or(ring.newest, |entry| entry.number);
                (found, next)
            }
            None => {
                let mut found: Vec<Entry> = ring.entries.iter().rev().filter(fits).take(filter.limit).cloned().collect();
                found.reverse();
                (found, ring.newest)
            }
        };
        let missed = after.map_or(0, |after| first.saturating_sub(after + 1));
        Page { entries, next, missed }
    }
}

impl Ring {
    /// Drops the bodies of the oldest entries that have any, until the others fit.
    fn drop_bodies(&mut self) {
        for entry in &mut self.entries {
            if self.bodies <= MOST_BODIES {
                return;
            }
            self.bodies -= entry.bodies();
            (entry.request, entry.response) = (None, None);
        }
    }
}

impl Entry {
    fn bodies(&self) -> usize {
        [&self.request, &self.response].into_iter().flatten().map(String::len).sum()
    }

    /// The path, without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The object that it was about.
    pub fn object(&self) -> Option<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let soql = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q").map(|(_, value)| value);
        about::object_of(self.path(), soql.as_deref())
    }
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        let status = |wanted: &str| match wanted.strip_suffix("xx") {
            Some(class) => class.parse() == Ok(entry.status / 100),
            None => wanted.parse() == Ok(entry.status),
        };
        (!self.errors || entry.status >= 400)
            && self.status.as_deref().is_none_or(status)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(entry.method.as_str()))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.path.as_deref().is_none_or(|wanted| pattern::fits_path(wanted, entry.path()))
            && self.object.as_deref().is_none_or(|wanted| entry.object().is_some_and(|object| object.eq_ignore_ascii_case(wanted)))
    }
}

/// The beginning of a text.
fn within(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The machine's time: an org's clock may stand still.
fn now() -> DateTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn bodies(call: &Call, reply: &Reply) -> (Option<String>, Option<String>) {
    let is_form = call.media_type().is_some_and(|kind| kind == "application/x-www-form-urlencoded");
    let answer_is_form = reply.content_type.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let of = |bytes: &[u8], form| (!bytes.is_empty()).then(|| mask::body(bytes, LONGEST_BODY, form));
    (of(&call.body, is_form), of(&reply.body, answer_is_form))
}

/// The first code that an answer tells.
fn code_of(body: &[u8]) -> &str {
    let text = match std::str::from_utf8(body.get(..LOOKED_AT).unwrap_or(body)) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&body[..e.valid_up_to()]).unwrap_or_default(),
    };
    crate::error::code_of(text)
}
