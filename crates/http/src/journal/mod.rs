//! The journal: what each org was asked of late and what it answered, for people who look for what their client does.
//!
//! A ring of entries for each org, in memory. Secrets are masked before anything is kept; bodies are kept where somebody
//! asked for them. Without a journal a request costs nothing more, with one an entry written into the place of the oldest.

mod mask;
mod ring;

#[cfg(test)]
mod tests;

pub use ring::Journal;

use crate::{Call, Reply, Server, about, pattern};
use http::{Method, header};
use orglet_base::{DateTime, Id};
use orglet_engine::auth::User;
use parking_lot::RwLock;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Numbers of lists of journals, over all servers of the process.
static LISTS: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The journal that this thread wrote into last, and of which list that was: to find it in the list costs more than an
    /// entry, because all threads look there.
    static LAST: RefCell<Option<(u64, Id, Arc<Journal>)>> = const { RefCell::new(None) };
}

/// The journals of a server's orgs.
#[derive(Debug)]
pub struct Journals {
    entries: usize,
    bodies: bool,
    orgs: RwLock<HashMap<Id, Arc<Journal>>>,
    /// The number of the list of `orgs`, another one whenever something is taken out.
    list: AtomicU64,
    /// Counts how often a journal was looked for.
    ticks: AtomicU64,
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
        let (list, ticks) = (AtomicU64::new(LISTS.fetch_add(1, Ordering::Relaxed)), AtomicU64::new(0));
        (entries > 0).then(|| Self { entries, bodies, orgs: RwLock::default(), list, ticks })
    }

    /// The journal of an org, made where there is none.
    pub fn of(&self, org: Id) -> Arc<Journal> {
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed) + 1;
        let found = self.orgs.read().get(&org).cloned();
        let journal = found.unwrap_or_else(|| {
            let mut orgs = self.orgs.write();
            if orgs.len() >= MOST_ORGS
                && !orgs.contains_key(&org)
                && let Some(oldest) = orgs.iter().min_by_key(|(_, journal)| journal.used.load(Ordering::Relaxed)).map(|(id, _)| *id)
            {
                orgs.remove(&oldest);
                self.changed();
            }
            orgs.entry(org).or_insert_with(|| Arc::new(Journal::new(self.entries, self.bodies))).clone()
        });
        journal.used.store(tick, Ordering::Relaxed);
        journal
    }

    /// Does something with the journal of an org, which is most often that of the thread's last request.
    fn with(&self, org: Id, work: impl FnOnce(&Journal)) {
        LAST.with_borrow_mut(|last| {
            // Read before the journal is looked for: if that is taken out meanwhile, it is looked for again.
            let list = self.list.load(Ordering::Acquire);
            match last {
                Some((of, id, journal)) if *of == list && *id == org => {
                    // It was used since every tick so far. The number is seldom another one, and then nothing is written.
                    let tick = self.ticks.load(Ordering::Relaxed);
                    if journal.used.load(Ordering::Relaxed) != tick {
                        journal.used.store(tick, Ordering::Relaxed);
                    }
                    work(journal);
                }
                _ => work(&last.insert((list, org, self.of(org))).2),
            }
        });
    }

    /// To be called when something was taken out of the list.
    fn changed(&self) {
        self.list.store(LISTS.fetch_add(1, Ordering::Relaxed), Ordering::Release);
    }

    /// Forgets what an org was asked, and whether somebody asked for its bodies.
    pub(crate) fn clear(&self, org: Id) {
        if let Some(journal) = self.orgs.read().get(&org) {
            journal.keep_bodies(self.bodies);
            journal.clear();
        }
    }

    /// Forgets an org that is gone.
    pub(crate) fn forget(&self, org: Id) {
        self.orgs.write().remove(&org);
        self.changed();
    }

    /// Writes down a request and its answer.
    pub(crate) fn note(&self, server: &Server, mut call: Call, reply: &Reply, happened: Happened) {
        let (org, user) = match call.who.take() {
            Some((org, user)) => (org, Some(user)),
            // An org that a token names without a session may be none.
            None => {
                let named = Some(about::org_of(server, &call)).filter(|id| server.engine.is_at_hand(*id));
                (named.unwrap_or_else(|| server.engine.default_org().id), soap_user(server, &call))
            }
        };
        // All that takes time is done before there is a place that others may wait for.
        let code = if reply.status >= 400 { code_of(&reply.body) } else { "" };
        let client = within(call.header(header::USER_AGENT).unwrap_or_default(), LONGEST);
        let at = now();
        self.with(org, |journal| {
            let (request, response) = if journal.keeps_bodies() { bodies(&call, reply) } else { (None, None) };
            journal.push(|entry| {
                entry.at = at;
                entry.method = happened.method;
                entry.target.clear();
                mask::target(&mut entry.target, within(&call.path, LONGEST), call.uri.query().map(|query| within(query, LONGEST)));
                entry.status = reply.status;
                code.clone_into(&mut entry.code);
                entry.took = happened.took;
                (entry.bytes_in, entry.bytes_out) = (call.body.len(), reply.body.len());
                client.clone_into(&mut entry.client);
                entry.address = happened.address;
                entry.user = user;
                entry.fault = happened.fault;
                (entry.request, entry.response) = (request, response);
            });
        });
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

impl Entry {
    /// What stands in a place that no request has taken.
    fn none() -> Self {
        Self {
            number: 0,
            at: DateTime(0),
            method: Method::GET,
            target: String::new(),
            status: 0,
            code: String::new(),
            took: Duration::ZERO,
            bytes_in: 0,
            bytes_out: 0,
            client: String::new(),
            address: None,
            user: None,
            fault: None,
            request: None,
            response: None,
        }
    }

    fn bodies(&self) -> usize {
        [&self.request, &self.response].into_iter().flatten().map(String::len).sum()
    }

    /// The object that it was about.
    pub fn object(&self) -> Option<String> {
        object_of(&self.target)
    }
}

/// The path of a target.
fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

fn object_of(target: &str) -> Option<String> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let soql = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "q").map(|(_, value)| value);
    about::object_of(path_of(target), soql.as_deref())
}

impl Filter {
    /// Whether an entry fits in what is quickly compared.
    fn fits(&self, entry: &Entry) -> bool {
        let status = |wanted: &str| match wanted.strip_suffix("xx") {
            Some(class) => class.parse() == Ok(entry.status / 100),
            None => wanted.parse() == Ok(entry.status),
        };
        (!self.errors || entry.status >= 400)
            && self.status.as_deref().is_none_or(status)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(entry.method.as_str()))
            && self.since.is_none_or(|since| entry.at >= since)
    }

    /// Whether there is more to compare.
    fn asks_for_targets(&self) -> bool {
        self.path.is_some() || self.object.is_some()
    }

    fn fits_target(&self, target: &str) -> bool {
        self.path.as_deref().is_none_or(|wanted| pattern::fits_path(wanted, path_of(target)))
            && self.object.as_deref().is_none_or(|wanted| object_of(target).is_some_and(|object| object.eq_ignore_ascii_case(wanted)))
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
    let of = |bytes: &[u8], kind: Option<&str>| (!bytes.is_empty()).then(|| mask::body(bytes, LONGEST_BODY, kind));
    (of(&call.body, call.media_type().as_deref()), of(&reply.body, reply.content_type))
}

/// The first code that an answer tells.
fn code_of(body: &[u8]) -> &str {
    let text = match std::str::from_utf8(body.get(..LOOKED_AT).unwrap_or(body)) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&body[..e.valid_up_to()]).unwrap_or_default(),
    };
    crate::error::code_of(text)
}
