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
use std::cell::RefCell;
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

/// Entries that are looked through at once.
const PART: u64 = 256;

thread_local! {
    /// Where a target is written without its secrets, before there is a place for it.
    static TARGET: RefCell<String> = const { RefCell::new(String::new()) };
}

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
    /// The number of the newest entry whose bodies were dropped: those before it have none.
    bare: u64,
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
        // All that takes time is done before the others are kept waiting.
        let at = now();
        let (request, response) = if self.keeps_bodies() { bodies(call, reply) } else { (None, None) };
        let code = if reply.status >= 400 { code_of(&reply.body) } else { "" };
        let client = within(call.header(header::USER_AGENT).unwrap_or_default(), LONGEST);
        TARGET.with_borrow_mut(|target| {
            target.clear();
            mask::target(target, within(&call.path, LONGEST), call.uri.query().map(|query| within(query, LONGEST)));
            let mut entry = Entry {
                number: 0,
                at,
                method: happened.method,
                target: String::new(),
                status: reply.status,
                code: String::new(),
                took: happened.took,
                bytes_in: call.body.len(),
                bytes_out: reply.body.len(),
                client: String::new(),
                address: happened.address,
                user,
                fault: happened.fault,
                request,
                response,
            };
            let mut ring = self.ring.lock();
            // The oldest entry's texts are written over, so that nothing need be allocated.
            let mut oldest = if ring.entries.len() >= self.entries { ring.entries.pop_front() } else { None };
            if let Some(old) = &mut oldest {
                ring.bodies -= old.bodies();
                for (new, old) in
                    [(&mut entry.target, &mut old.target), (&mut entry.client, &mut old.client), (&mut entry.code, &mut old.code)]
                {
                    std::mem::swap(new, old);
                    new.clear();
                }
            }
            entry.target.push_str(target);
            entry.client.push_str(client);
            entry.code.push_str(code);
            ring.newest += 1;
            entry.number = ring.newest;
            ring.bodies += entry.bodies();
            ring.entries.push_back(entry);
            if ring.bodies > MOST_BODIES {
                ring.drop_bodies();
            }
            let awaited = ring.waiting > 0;
            drop(ring);
            if awaited {
                self.more.notify_all();
            }
        });
    }

    /// The entries that a filter lets pass. Where there are none behind its `after`, this waits for one so long at most.
    ///
    /// They are looked through in parts, with room between them for those who write; entries that come meanwhile are for
    /// the next page.
    pub fn page(&self, filter: &Filter, wait: Duration) -> Page {
        let (first, newest) = {
            let mut ring = self.ring.lock();
            if filter.after.is_some_and(|after| ring.newest <= after) && !wait.is_zero() && ring.waiting < MOST_WAITING {
                ring.waiting += 1;
                self.more.wait_for(&mut ring, wait.min(LONGEST_WAIT));
                ring.waiting -= 1;
            }
            (ring.first(), ring.newest)
        };
        let mut entries = Vec::new();
        let Some(after) = filter.after else {
            let mut end = newest;
            while end >= first && entries.len() < filter.limit {
                let begin = first.max((end + 1).saturating_sub(PART));
                entries.append(&mut self.part(filter, begin, end, filter.limit - entries.len(), true).entries);
                end = begin - 1;
            }
            entries.reverse();
            return Page { entries, next: newest, missed: 0 };
        };
        let mut begin = after.saturating_add(1);
        let mut missed = first.saturating_sub(begin);
        begin = begin.max(first);
        while begin <= newest && entries.len() < filter.limit {
            let end = newest.min(begin.saturating_add(PART - 1));
            let mut part = self.part(filter, begin, end, filter.limit - entries.len(), false);
            entries.append(&mut part.entries);
            missed += part.gone;
            begin = part.reached.saturating_add(1);
        }
        // A full page may have more behind it.
        let next = entries.last().filter(|_| entries.len() == filter.limit).map_or(newest, |entry| entry.number);
        Page { entries, next, missed }
    }

    /// Looks through the entries with these numbers for so many at most, from the oldest or the newest on. What takes time to
    /// compare is compared while nobody waits.
    fn part(&self, filter: &Filter, begin: u64, end: u64, most: usize, from_newest: bool) -> Part {
        let ring = self.ring.lock();
        let gone = ring.first().min(end.saturating_add(1)).saturating_sub(begin);
        let fitting = ring.between(begin, end).filter(|entry| filter.fits(entry));
        let part = |entries: Vec<Entry>, found: usize, last: Option<u64>| Part {
            gone: gone + (found - entries.len()) as u64,
            reached: last.filter(|_| found == most).unwrap_or(end),
            entries,
        };
        if !filter.asks_for_targets() {
            let entries: Vec<Entry> = match from_newest {
                true => fitting.rev().take(most).cloned().collect(),
                false => fitting.take(most).cloned().collect(),
            };
            let (found, last) = (entries.len(), entries.last().map(|entry| entry.number));
            return part(entries, found, last);
        }
        let mut targets: Vec<(u64, String)> = fitting.map(|entry| (entry.number, entry.target.clone())).collect();
        drop(ring);
        if from_newest {
            targets.reverse();
        }
        let fitting = targets.iter().filter(|(_, target)| filter.fits_target(target)).take(most);
        let numbers: Vec<u64> = fitting.map(|(number, _)| *number).collect();
        let ring = self.ring.lock();
        let entries = numbers.iter().filter_map(|number| ring.between(*number, *number).next().cloned()).collect();
        part(entries, numbers.len(), numbers.last().copied())
    }
}

/// What is found in a part of a journal.
struct Part {
    entries: Vec<Entry>,
    /// Entries that were gone before they could be looked at or taken.
    gone: u64,
    /// The number of the last entry that was looked at.
    reached: u64,
}

impl Ring {
    /// The number of the oldest entry; where there is none, of the next.
    fn first(&self) -> u64 {
        self.entries.front().map_or(self.newest + 1, |entry| entry.number)
    }

    /// The entries with these numbers, of which some may be gone.
    fn between(&self, begin: u64, end: u64) -> impl DoubleEndedIterator<Item = &Entry> {
        let first = self.first();
        let place = |number: u64| usize::try_from(number.saturating_sub(first)).unwrap_or(usize::MAX).min(self.entries.len());
        let (begin, end) = (place(begin), place(end.saturating_add(1)));
        self.entries.range(begin..end.max(begin))
    }

    /// Drops the bodies of the oldest entries that have any, until the others fit.
    fn drop_bodies(&mut self) {
        let begin = usize::try_from((self.bare + 1).saturating_sub(self.first())).unwrap_or(usize::MAX).min(self.entries.len());
        for entry in self.entries.range_mut(begin..) {
            if self.bodies <= MOST_BODIES {
                return;
            }
            self.bodies -= entry.bodies();
            self.bare = entry.number;
            (entry.request, entry.response) = (None, None);
        }
    }
}

impl Entry {
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
