//! Several requests whose saves share a commit, run one after the other by one thread.
//!
//! A thread that waits for the disk after each save needs as many threads as there are saves to share a commit. Here a
//! save of [`crate::Store::transact_shared`] answers before its commit, and [`together`] makes the commit after the
//! last: nobody is told of a save that is not committed, because the answers are held back until then.

use crate::StoreError;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// A commit that is still to be made.
pub(crate) trait Pending {
    /// Commits, if nobody has yet; answers how it went.
    fn settle(&self) -> Result<(), StoreError>;
}

thread_local! {
    /// The commits that the work run by [`together`] on this thread waits for; none outside of it.
    static JOINED: RefCell<Option<Vec<Rc<dyn Pending>>>> = const { RefCell::new(None) };
    /// Since when the work run by [`together`] on this thread waits for its turn.
    static SINCE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// A piece of work.
pub type Work<'a, T> = Box<dyn FnOnce() -> T + 'a>;

/// Runs pieces of work one after the other. What they change by [`crate::Store::transact_shared`] is committed when
/// this returns; a piece whose changes could not be committed answers the error instead of its result.
pub fn together<T>(work: Vec<Work<'_, T>>) -> Vec<Result<T, StoreError>> {
    if defers() {
        return work.into_iter().map(|piece| Ok(piece())).collect();
    }
    let scope = Scope::begin();
    let mut done = Vec::with_capacity(work.len());
    for piece in work {
        let from = count();
        let result = piece();
        done.push((result, from..count()));
    }
    let settled: Vec<Result<(), StoreError>> = scope.end().iter().map(|pending| pending.settle()).collect();
    done.into_iter()
        .map(|(result, own)| match settled.get(own).into_iter().flatten().find_map(|s| s.as_ref().err()) {
            Some(error) => Err(error.clone()),
            None => Ok(result),
        })
        .collect()
}

/// Whether a save on this thread may leave its commit to [`together`].
pub(crate) fn defers() -> bool {
    JOINED.with_borrow(Option::is_some)
}

/// Has [`together`] wait for a commit.
pub(crate) fn join(pending: Rc<dyn Pending>) {
    JOINED.with_borrow_mut(|joined| joined.as_mut().map(|joined| joined.push(pending)));
}

/// How long a transaction on this thread waits for what others hold, where it would wait for `whole` by itself. Pieces of work that
/// [`together`] runs have waited for those before them: what these took is off, down to `least`.
pub(crate) fn patience(whole: Duration, least: Duration) -> Duration {
    let waited = SINCE.get().map_or(Duration::ZERO, |since| since.elapsed());
    whole.saturating_sub(waited).max(least.min(whole))
}

fn count() -> usize {
    JOINED.with_borrow(|joined| joined.as_ref().map_or(0, Vec::len))
}

/// The time in which commits are put off. A panic ends it too, and leaves no transaction open.
struct Scope;

impl Scope {
    fn begin() -> Self {
        JOINED.set(Some(Vec::new()));
        SINCE.set(Some(Instant::now()));
        Self
    }

    fn end(self) -> Vec<Rc<dyn Pending>> {
        JOINED.take().unwrap_or_default()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        SINCE.set(None);
        for pending in JOINED.take().unwrap_or_default() {
            // Who waits for it is told by the batch itself.
            let _ = pending.settle();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_waited_in_a_lane_waits_less_for_others() {
        let (whole, least) = (Duration::from_secs(10), Duration::from_millis(250));
        assert_eq!(patience(whole, least), whole);
        let piece = || -> Work<'static, Duration> {
            Box::new(move || {
                let patience = patience(whole, least);
                std::thread::sleep(Duration::from_millis(30));
                patience
            })
        };
        let waits: Vec<Duration> = together(vec![piece(), piece(), piece()]).into_iter().flatten().collect();
        assert!(waits[1] <= whole - Duration::from_millis(30) && waits[2] <= whole - Duration::from_millis(60), "{waits:?}");
        assert_eq!(patience(whole, least), whole);
        assert_eq!(patience(Duration::from_millis(100), least), Duration::from_millis(100));
    }
}
