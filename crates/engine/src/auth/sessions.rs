//! Sessions. A token is random; only its SHA-256 is kept, in memory and in the server's own store, so that sessions
//! outlive a restart.

use crate::system::{int, own, text};
use crate::{Clock, Failure};
use orglet_base::{DateTime, Id};
use orglet_store::Store;
use parking_lot::RwLock;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// How long a session lives after its last request.
pub const SESSION_SECONDS: i64 = 7200;
/// A session's new end is written down when it has moved so far.
const WRITE_AFTER_MS: i64 = 600_000;
/// Sessions kept in memory; the rest are read again when they come.
const MOST_IN_MEMORY: usize = 100_000;

/// A session: whose, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// The org.
    pub org: Id,
    /// The user.
    pub user: Id,
    expires: i64,
    written: i64,
}

/// The sessions of a server.
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    clock: Clock,
    known: RwLock<HashMap<String, Session>>,
}

impl Sessions {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Clock) -> Self {
        Self { store, clock, known: RwLock::default() }
    }

    /// A new session; answers its token: the org's 15-character id, `!`, and 80 random characters.
    pub(crate) fn create(&self, org: Id, user: Id) -> Result<String, Failure> {
        let token = format!("{}!{}", org.as_15(), random_text(80)?);
        self.insert(&token, org, user, self.clock.now().0 + SESSION_SECONDS * 1000)?;
        Ok(token)
    }

    /// A session with a token that was chosen.
    pub(crate) fn insert(&self, token: &str, org: Id, user: Id, expires: i64) -> Result<(), Failure> {
        let hash = hash(token);
        self.store.transact_with::<_, Failure>(|tx| {
            let created = self.clock.now().to_canonical();
            tx.execute(&own(
                "INSERT OR REPLACE INTO \"_sessions\" VALUES (?1, ?2, ?3, ?4, ?5)",
                vec![hash.as_str().into(), org.to_string().into(), user.to_string().into(), created.into(), expires.into()],
            ))?;
            Ok(())
        })?;
        self.remember(hash, Session { org, user, expires, written: expires });
        Ok(())
    }

    fn remember(&self, hash: String, session: Session) {
        let mut known = self.known.write();
        if known.len() >= MOST_IN_MEMORY {
            known.clear();
        }
        known.insert(hash, session);
    }

    /// The live session of a token; using it makes it live on.
    pub(crate) fn find(&self, token: &str) -> Result<Option<Session>, Failure> {
        let hash = hash(token);
        let now = self.clock.now().0;
        let known = self.known.read().get(&hash).copied();
        let mut session = match known {
            Some(session) => session,
            None => {
                let row = self.store.read_with::<_, Failure>(|tx| {
                    Ok(tx.first(&own("SELECT org, user, expires FROM \"_sessions\" WHERE token = ?1", vec![hash.as_str().into()]))?)
                })?;
                let Some(row) = row else { return Ok(None) };
                let (Ok(org), Ok(user)) = (Id::parse(text(&row[0])), Id::parse(text(&row[1]))) else { return Ok(None) };
                let session = Session { org, user, expires: int(&row[2]), written: int(&row[2]) };
                self.remember(hash.clone(), session);
                session
            }
        };
        if session.expires <= now {
            return Ok(None);
        }
        let later = now + SESSION_SECONDS * 1000;
        // Writing each use down would make every read a write; a restart may shorten a session by ten minutes.
        if later - session.written > WRITE_AFTER_MS {
            session.expires = later;
            session.written = later;
            self.store.transact_with::<_, Failure>(|tx| {
                tx.execute(&own("UPDATE \"_sessions\" SET expires = ?2 WHERE token = ?1", vec![hash.as_str().into(), later.into()]))?;
                Ok(())
            })?;
            self.remember(hash, session);
        }
        Ok(Some(session))
    }

    /// When a session began and when it ends, in milliseconds since 1970.
    pub(crate) fn times(&self, token: &str) -> Result<Option<(i64, i64)>, Failure> {
        let hash = hash(token);
        let row = self.store.read_with::<_, Failure>(|tx| {
            Ok(tx.first(&own("SELECT created, expires FROM \"_sessions\" WHERE token = ?1", vec![hash.as_str().into()]))?)
        })?;
        Ok(row.and_then(|row| Some((DateTime::parse(text(&row[0]))?.0, int(&row[1])))))
    }

    /// Ends a session; answers whether there was one.
    pub(crate) fn revoke(&self, token: &str) -> Result<bool, Failure> {
        let hash = hash(token);
        let known = self.known.write().remove(&hash).is_some();
        let stored = self.store.transact_with::<_, Failure>(|tx| {
            Ok(tx.execute(&own("DELETE FROM \"_sessions\" WHERE token = ?1", vec![hash.as_str().into()]))?)
        })?;
        Ok(known || stored > 0)
    }

    /// Drops sessions that have ended.
    pub(crate) fn sweep(&self, now: DateTime) -> Result<(), Failure> {
        self.store.transact_with::<_, Failure>(|tx| {
            tx.execute(&own("DELETE FROM \"_sessions\" WHERE expires <= ?1", vec![now.0.into()]))?;
            Ok(())
        })
    }
}

fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
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
