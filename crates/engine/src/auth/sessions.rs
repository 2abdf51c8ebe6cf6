//! Sessions. A token is random; only its SHA-256 is kept, in memory and in the server's own store, so that sessions
//! outlive a restart.

use crate::system::{int, own, text};
use crate::{Clock, Failure};
use orglet_base::{DateTime, Id, OwnedCell, Statement};
use orglet_store::Store;
use parking_lot::{Mutex, RwLock};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How long a session lives after its last request.
pub const SESSION_SECONDS: i64 = 7200;
/// A session's end moves, and is written down, when it would move so far: writing each use down would make every read
/// a write.
const MOVE_AFTER_MS: i64 = 600_000;
/// Ended sessions are dropped from the store so often at most.
const SWEEP_AFTER_MS: i64 = 3_600_000;
/// Ended sessions stay in the store so long: the end of one that is in use may be on its way there.
const SWEEP_SLACK_MS: i64 = MOVE_AFTER_MS;
/// Sessions kept in memory; the rest are read again when they come.
const MOST_IN_MEMORY: usize = 100_000;

/// A session: whose, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// The org.
    pub org: Id,
    /// The user.
    pub user: Id,
    /// Whether its user must set a password before anything else is done.
    pub restricted: bool,
    expires: i64,
}

/// The sessions of a server.
pub(crate) struct Sessions {
    shared: Arc<Shared>,
    clock: Clock,
    swept: AtomicI64,
}

/// What the thread that writes ends down needs as well.
struct Shared {
    store: Arc<dyn Store>,
    known: RwLock<Known>,
    ends: Mutex<Ends>,
}

/// Sessions in memory.
#[derive(Default)]
struct Known {
    by_hash: HashMap<String, Session>,
    /// Counts the sessions revoked: what was read from the store before one of them ended is not remembered after it.
    revoked: u64,
}

/// Ends of sessions that moved and are yet to be written down.
#[derive(Default)]
struct Ends {
    waiting: Vec<(String, i64)>,
    writing: bool,
}

impl Sessions {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        let shared = Shared { store, known: RwLock::default(), ends: Mutex::default() };
        Self { shared: Arc::new(shared), clock, swept: AtomicI64::new(clock.now().0) }
    }

    /// A new session; answers its token: the org's 15-character id, `!`, and 80 random characters. Now and then this
    /// also drops sessions that have ended.
    pub(crate) fn create(&self, org: Id, user: Id, restricted: bool) -> Result<String, Failure> {
        let token = format!("{}!{}", org.as_15(), random_text(80)?);
        let hash = hash(&token);
        let now = self.clock.now();
        let expires = now.0 + SESSION_SECONDS * 1000;
        let swept = self.swept.load(Ordering::Relaxed);
        let sweeps =
            now.0 - swept >= SWEEP_AFTER_MS && self.swept.compare_exchange(swept, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        self.shared.store.transact_with::<_, Failure>(|tx| {
            if sweeps {
                tx.execute(&ended_before(now))?;
            }
            tx.execute(&own(
                "INSERT INTO \"_sessions\" VALUES (?1, ?2, ?3, ?4, ?5)",
                vec![hash.as_str().into(), org.to_string().into(), user.to_string().into(), now.to_canonical().into(), expires.into()],
            ))?;
            Ok(())
        })?;
        let mut known = self.shared.known.write();
        if sweeps {
            known.by_hash.retain(|_, session| session.expires > now.0);
        }
        // No one else has the token yet, so that nothing can have ended this session.
        known.keep(hash, Session { org, user, restricted, expires });
        Ok(token)
    }

    /// The live session of a token; using it makes it live on.
    pub(crate) fn find(&self, token: &str) -> Result<Option<Session>, Failure> {
        let hash = hash(token);
        let now = self.clock.now().0;
        let (known, revoked) = {
            let known = self.shared.known.read();
            // Another process may have ended it.
            let trusted = !self.shared.store.is_shared();
            (known.by_hash.get(&hash).copied().filter(|_| trusted), known.revoked)
        };
        let session = match known {
            Some(session) => session,
            None => {
                let mut row: Option<Vec<OwnedCell>> = None;
                let stored = own(
                    "SELECT s.org, s.\"user\", s.expires, p.expired FROM \"_sessions\" s \
                     LEFT JOIN \"_passwords\" p ON p.org = s.org AND p.\"user\" = s.\"user\" WHERE s.token = ?1",
                    vec![hash.as_str().into()],
                );
                self.shared.store.point(&stored, &mut |found| {
                    row = Some((0..found.columns()).map(|i| found.cell(i).to_owned()).collect());
                    false
                })?;
                let Some(row) = row else { return Ok(None) };
                let (Ok(org), Ok(user)) = (Id::parse(text(&row[0])), Id::parse(text(&row[1]))) else { return Ok(None) };
                let session = Session { org, user, restricted: int(&row[3]) == 1, expires: int(&row[2]) };
                if session.expires > now {
                    let mut known = self.shared.known.write();
                    if known.revoked == revoked {
                        known.keep(hash.clone(), session);
                    }
                }
                session
            }
        };
        if session.expires <= now {
            return Ok(None);
        }
        let later = now + SESSION_SECONDS * 1000;
        if later - session.expires > MOVE_AFTER_MS {
            self.move_end(hash, session.expires, later);
        }
        Ok(Some(session))
    }

    /// Moves a session's end, in memory at once. The store follows from a thread of its own: requests that find their
    /// session may not wait for a disk.
    fn move_end(&self, hash: String, seen: i64, later: i64) {
        match self.shared.known.write().by_hash.get_mut(&hash) {
            // Of several requests at once, one moves it; none brings back a session that was revoked meanwhile.
            Some(session) if session.expires == seen => session.expires = later,
            _ => return,
        }
        let mut ends = self.shared.ends.lock();
        ends.waiting.push((hash, later));
        if !ends.writing {
            let shared = self.shared.clone();
            match std::thread::Builder::new().name("orglet-sessions".into()).spawn(move || shared.write_ends()) {
                Ok(_) => ends.writing = true,
                // They are written with the next that moves.
                Err(error) => tracing::warn!(%error, "no thread to write ends of sessions down"),
            }
        }
    }

    /// When a session began and when it ends, in milliseconds since 1970.
    pub(crate) fn times(&self, token: &str) -> Result<Option<(i64, i64)>, Failure> {
        let hash = hash(token);
        let row = self.shared.store.read_with::<_, Failure>(|tx| {
            Ok(tx.first(&own("SELECT created, expires FROM \"_sessions\" WHERE token = ?1", vec![hash.as_str().into()]))?)
        })?;
        // In memory the end may be further on already.
        let moved = self.shared.known.read().by_hash.get(&hash).map(|session| session.expires);
        Ok(row.and_then(|row| Some((DateTime::parse(text(&row[0]))?.0, int(&row[1]).max(moved.unwrap_or(0))))))
    }

    /// Ends a session; answers whether there was one.
    pub(crate) fn revoke(&self, token: &str) -> Result<bool, Failure> {
        let hash = hash(token);
        // The store first: memory is filled from there.
        let stored = self.shared.store.transact_with::<_, Failure>(|tx| {
            Ok(tx.execute(&own("DELETE FROM \"_sessions\" WHERE token = ?1", vec![hash.as_str().into()]))?)
        })?;
        let mut known = self.shared.known.write();
        known.revoked += 1;
        let known = known.by_hash.remove(&hash).is_some();
        Ok(known || stored > 0)
    }

    /// Notes whether a user must set a password first, once the store says so.
    pub(crate) fn restrict(&self, org: Id, user: Id, restricted: bool) {
        let mut known = self.shared.known.write();
        // What was read before is not remembered after.
        known.revoked += 1;
        known.by_hash.values_mut().filter(|s| s.org == org && s.user == user).for_each(|s| s.restricted = restricted);
    }

    /// Forgets the sessions of an org that is gone, which the store has no more.
    pub(crate) fn forget_org(&self, org: Id) {
        let mut known = self.shared.known.write();
        known.revoked += 1;
        known.by_hash.retain(|_, session| session.org != org);
    }

    /// How many sessions are in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.shared.known.read().by_hash.len()
    }

    /// Drops sessions that have ended from the store.
    pub(crate) fn sweep(&self) -> Result<(), Failure> {
        self.shared.store.transact_with::<_, Failure>(|tx| {
            tx.execute(&ended_before(self.clock.now()))?;
            Ok(())
        })
    }
}

fn ended_before(now: DateTime) -> Statement {
    own("DELETE FROM \"_sessions\" WHERE expires <= ?1", vec![(now.0 - SWEEP_SLACK_MS).into()])
}

impl Known {
    fn keep(&mut self, hash: String, session: Session) {
        if self.by_hash.len() >= MOST_IN_MEMORY {
            self.by_hash.clear();
        }
        self.by_hash.insert(hash, session);
    }
}

impl Shared {
    /// Writes ends down until none waits; those that came together share a commit.
    fn write_ends(&self) {
        loop {
            let batch = {
                let mut ends = self.ends.lock();
                if ends.waiting.is_empty() {
                    ends.writing = false;
                    return;
                }
                std::mem::take(&mut ends.waiting)
            };
            let written = self.store.transact_with::<_, Failure>(|tx| {
                let mut gone = Vec::new();
                for (hash, later) in &batch {
                    let update = own("UPDATE \"_sessions\" SET expires = ?2 WHERE token = ?1", vec![hash.as_str().into(), (*later).into()]);
                    if tx.execute(&update)? == 0 {
                        gone.push(hash.as_str());
                    }
                }
                Ok(gone)
            });
            match written {
                // The store has the last word: what is not there is no session.
                Ok(gone) if gone.is_empty() => {}
                Ok(gone) => {
                    let mut known = self.known.write();
                    for hash in gone {
                        known.by_hash.remove(hash);
                    }
                }
                // A restart then shortens these sessions; their next move writes a later end anyway.
                Err(failure) => tracing::warn!(%failure, "ends of sessions could not be written down"),
            }
        }
    }
}

fn hash(token: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = Sha256::digest(token.as_bytes());
    digest.iter().flat_map(|b| [b >> 4, b & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// Random characters of `[A-Za-z0-9]`.
pub(crate) fn random_text(count: usize) -> Result<String, Failure> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut out = String::with_capacity(count);
    while out.len() < count {
        let mut bytes = [0u8; 64];
        getrandom::fill(&mut bytes).map_err(|e| orglet_store::StoreError::Other(format!("no random numbers: {e}")))?;
        // Bytes past the last whole multiple of 62 are skipped: each letter is equally likely.
        out.extend(bytes.iter().filter(|b| **b < 248).take(count - out.len()).map(|b| LETTERS[usize::from(*b % 62)] as char));
    }
    Ok(out)
}
