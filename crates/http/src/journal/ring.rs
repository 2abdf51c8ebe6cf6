//! The entries of an org's journal, written over in the order of their numbers.
//!
//! Each entry has its place, with a lock of its own, by its number: those who write meet nobody, but for one number that is
//! counted up. A number is given by who holds the lock of its place, so that whoever sees a number finds its entry written.

use super::{Entry, Filter, LONGEST_WAIT, MOST_BODIES, MOST_WAITING, Page};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Places that are made at once: an org that is asked little takes little room.
const CHUNK: usize = 32;

type Chunk = Box<[Mutex<Entry>]>;

/// The journal of an org.
#[derive(Debug)]
pub struct Journal {
    entries: usize,
    /// When it was last asked for, as [`super::Journals`] counts.
    pub(super) used: AtomicU64,
    /// Whether bodies are kept.
    bodies: AtomicBool,
    /// The number of the newest entry.
    newest: AtomicU64,
    /// The number of the newest entry that was forgotten, with all before it.
    forgotten: AtomicU64,
    chunks: Box<[OnceLock<Chunk>]>,
    /// Bytes of bodies.
    kept: AtomicUsize,
    /// The number of the newest entry whose bodies were dropped: those before it have none.
    bare: Mutex<u64>,
    /// How many wait for an entry.
    waiting: AtomicUsize,
    room: Mutex<()>,
    more: Condvar,
}

impl Journal {
    pub(super) fn new(entries: usize, bodies: bool) -> Self {
        Self {
            entries,
            used: AtomicU64::new(0),
            bodies: AtomicBool::new(bodies),
            newest: AtomicU64::new(0),
            forgotten: AtomicU64::new(0),
            chunks: (0..entries.div_ceil(CHUNK)).map(|_| OnceLock::new()).collect(),
            kept: AtomicUsize::new(0),
            bare: Mutex::new(0),
            waiting: AtomicUsize::new(0),
            room: Mutex::new(()),
            more: Condvar::new(),
        }
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
        let newest = self.newest.load(Ordering::SeqCst);
        self.forgotten.fetch_max(newest, Ordering::SeqCst);
        for place in self.chunks.iter().filter_map(OnceLock::get).flat_map(|chunk| chunk.iter()) {
            let mut entry = place.lock();
            if entry.number <= newest {
                self.kept.fetch_sub(entry.bodies(), Ordering::Relaxed);
                *entry = Entry::none();
            }
        }
    }

    /// Writes an entry into the place of the oldest. `write` finds what is left of that, its bodies apart: texts are best
    /// written over, so that nothing need be allocated.
    pub(super) fn push(&self, write: impl FnOnce(&mut Entry)) {
        let (mut entry, number) = self.next();
        let before = entry.bodies();
        (entry.number, entry.request, entry.response) = (number, None, None);
        write(&mut entry);
        let bodies = entry.bodies();
        if bodies != before {
            // While the place is held, so that nobody takes off what was not added yet.
            self.kept.fetch_add(bodies, Ordering::Relaxed);
            self.kept.fetch_sub(before, Ordering::Relaxed);
        }
        drop(entry);
        if bodies > 0 {
            self.drop_bodies();
        }
        if self.waiting.load(Ordering::SeqCst) > 0 {
            // Who waits has looked for the number under this lock.
            drop(self.room.lock());
            self.more.notify_all();
        }
    }

    /// The place of the next entry, and its number.
    fn next(&self) -> (MutexGuard<'_, Entry>, u64) {
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            let entry = self.place(newest + 1).lock();
            match self.newest.compare_exchange(newest, newest + 1, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => return (entry, newest + 1),
                Err(now) => newest = now,
            }
        }
    }

    /// Bytes of bodies.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    fn place(&self, number: u64) -> &Mutex<Entry> {
        let at = (number % self.entries as u64) as usize;
        let chunk = self.chunks[at / CHUNK].get_or_init(|| (0..CHUNK).map(|_| Mutex::new(Entry::none())).collect());
        &chunk[at % CHUNK]
    }

    /// The number of the oldest entry; where there is none, of the next.
    fn first(&self, newest: u64) -> u64 {
        (newest + 1).saturating_sub(self.entries as u64).max(self.forgotten.load(Ordering::SeqCst) + 1)
    }

    /// Drops the bodies of the oldest entries that have any, until the others fit.
    fn drop_bodies(&self) {
        if self.kept.load(Ordering::Relaxed) <= MOST_BODIES {
            return;
        }
        let mut bare = self.bare.lock();
        let newest = self.newest.load(Ordering::SeqCst);
        let first = self.first(newest);
        *bare = (*bare).max(first.saturating_sub(1));
        while self.kept.load(Ordering::Relaxed) > MOST_BODIES && *bare < newest {
            *bare += 1;
            let mut entry = self.place(*bare).lock();
            if entry.number == *bare {
                self.kept.fetch_sub(entry.bodies(), Ordering::Relaxed);
                (entry.request, entry.response) = (None, None);
            }
        }
    }

    /// The entries that a filter lets pass. Where there are none behind its `after`, this waits for one so long at most.
    ///
    /// Those who write go on meanwhile; the entries that come are for the next page.
    pub fn page(&self, filter: &Filter, wait: Duration) -> Page {
        let newest = match filter.after {
            Some(after) if !wait.is_zero() => self.newest_behind(after, wait.min(LONGEST_WAIT)),
            _ => self.newest.load(Ordering::SeqCst),
        };
        let first = self.first(newest);
        let (mut entries, mut target) = (Vec::new(), String::new());
        let Some(after) = filter.after else {
            for number in (first..=newest).rev() {
                if entries.len() >= filter.limit {
                    break;
                }
                entries.extend(self.fitting(number, filter, &mut target).flatten());
            }
            entries.reverse();
            return Page { entries, next: newest, missed: 0 };
        };
        let begin = after.saturating_add(1);
        let mut missed = first.saturating_sub(begin);
        for number in begin.max(first)..=newest {
            if entries.len() >= filter.limit {
                break;
            }
            match self.fitting(number, filter, &mut target) {
                Some(entry) => entries.extend(entry),
                None => missed += 1,
            }
        }
        // A full page may have more behind it.
        let next = entries.last().filter(|_| entries.len() == filter.limit).map_or(newest, |entry| entry.number);
        Page { entries, next, missed }
    }

    /// The number of the newest entry, once it is behind another or the time is up.
    fn newest_behind(&self, after: u64, wait: Duration) -> u64 {
        let newest = || self.newest.load(Ordering::SeqCst);
        if newest() > after {
            return newest();
        }
        let mut room = self.room.lock();
        if self.waiting.load(Ordering::SeqCst) < MOST_WAITING {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            self.more.wait_while_for(&mut room, |()| newest() <= after, wait);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        newest()
    }

    /// The entry with a number, as far as a filter lets it pass; `None` where it is gone. What takes time to compare is
    /// compared while nobody can wait for its place. `target` is for its use.
    fn fitting(&self, number: u64, filter: &Filter, target: &mut String) -> Option<Option<Entry>> {
        let entry = self.there(number)?;
        if !filter.fits(&entry) {
            return Some(None);
        }
        if !filter.asks_for_targets() {
            return Some(Some(entry.clone()));
        }
        target.clone_from(&entry.target);
        drop(entry);
        if !filter.fits_target(target) {
            return Some(None);
        }
        self.there(number).map(|entry| Some(entry.clone()))
    }

    fn there(&self, number: u64) -> Option<MutexGuard<'_, Entry>> {
        let entry = self.place(number).lock();
        (entry.number == number).then_some(entry)
    }
}
