//! Where the databases of a server and of its orgs are.

use crate::{Store, StoreError, Tx, Work};
use std::path::Path;
use std::sync::Arc;

/// The databases of a server: its own, and one for each org and each snapshot, by their storage names.
///
/// A storage name is lower-case letters, digits and `_`, begins with a letter and has 40 characters at most
/// ([`check_name`]); it is never shown to clients. A home of several databases puts the name of one and a `/` before it.
pub trait Home: Send + Sync {
    /// The server's own database.
    fn own(&self) -> Result<Arc<dyn Store>, StoreError>;

    /// Whether there is a database of this name.
    fn has(&self, name: &str) -> Result<bool, StoreError>;

    /// Opens an org's database; an error where there is none. Who opens it twice shares it.
    fn open(&self, name: &str) -> Result<Arc<dyn Store>, StoreError>;

    /// Makes an empty database and opens it; an error where there is one, which stays as it is.
    fn create(&self, name: &str) -> Result<Arc<dyn Store>, StoreError>;

    /// As [`Home::create`], for a content that may take long to write.
    fn create_to_fill(&self, name: &str) -> Result<Arc<dyn Store>, StoreError> {
        self.create(name)
    }

    /// Takes a database away. What still runs on it may end well, but is gone with it.
    fn remove(&self, name: &str) -> Result<(), StoreError>;

    /// Makes a new database that holds what another holds at one moment, whatever runs on that one, and what `adapt`
    /// changes of it. An error where the new one is there already; a copy that fails leaves nothing.
    fn copy(&self, from: &str, to: &str, adapt: &mut Work<'_>) -> Result<(), StoreError>;

    /// Makes `to` hold what `from` holds and what `carry` writes over it, in one step: whatever runs on `to` meanwhile
    /// happens before it or after it, and who has it open keeps it. When this fails, `to` is as it was, and
    /// so is `from` in any case.
    fn replace(&self, from: &str, to: &str, carry: &mut Carry<'_>) -> Result<(), StoreError>;

    /// Runs `work` on what a database holds while nothing is written to it, and takes the database away when that went
    /// well. Writes that come meanwhile wait, and meet what `work` made of them: nothing of theirs may be kept here.
    /// When this fails, all stays as it was, unless the failure is [`StoreError::Unknown`].
    fn give_up(&self, name: &str, work: &mut Work<'_>) -> Result<(), StoreError>;

    /// Waits until no other process has a claim on these databases, and keeps others from one while the claim is held: for
    /// acts on whole databases. Where one process alone may use them, there is nothing to wait for.
    fn claim(&self) -> Result<Claim, StoreError> {
        Ok(Claim(None))
    }

    /// Storage names of the databases there are, sorted. Costs as much as there are databases.
    fn list(&self) -> Result<Vec<String>, StoreError>;

    /// Writes the server's own database and those named into a new folder that a server can be started from. Each is
    /// as it is at one moment, the server's own first.
    fn backup(&self, names: &[String], folder: &Path) -> Result<(), StoreError>;

    /// Whether a point read takes so little that it may be made on the thread on which a request arrives.
    fn reads_at_once(&self) -> bool;
}

/// What [`Home::replace`] carries over from the old content to the new: it is given a transaction on each and may read
/// the first and write the second.
pub type Carry<'a> = dyn FnMut(&mut dyn Tx, &mut dyn Tx) -> Result<(), StoreError> + 'a;

/// See [`Home::claim`]. It ends when this is dropped, with the process, or with the connection that holds it.
pub struct Claim(pub(crate) Option<Box<dyn Held>>);

/// What a claim is held by.
pub(crate) trait Held {
    /// Fails where it is not held any more.
    fn stands(&mut self) -> Result<(), StoreError>;
}

impl Claim {
    /// Fails where the claim is not held any more: asked before the step of an act that can't be taken back.
    pub fn stands(&mut self) -> Result<(), StoreError> {
        self.0.as_mut().map_or(Ok(()), |held| held.stands())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

/// Refuses what is no storage name.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let good = name.len() <= 40
        && name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if good { Ok(()) } else { Err(StoreError::Other(format!("no storage name: {name}"))) }
}

/// The error for a database that is not there.
pub fn missing(name: &str) -> StoreError {
    StoreError::Other(format!("there is no database {name}"))
}

/// The error for a database that is there already.
pub fn exists(name: &str) -> StoreError {
    StoreError::Other(format!("there is a database {name} already"))
}
