//! Record ids: counters per key prefix, handed out from blocks that are reserved durably before their first id is
//! given, so that none is ever given twice, whatever happens to the process.

use crate::Failure;
use crate::system::{int, own};
use orglet_base::{Id, KeyPrefix};
use orglet_store::Store;
use orglet_store::Tx;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Ids reserved at a time.
const BLOCK: u64 = 1000;
/// The two characters after the key prefix.
const INSTANCE: [u8; 2] = *b"5g";
/// Where counting starts in an org that no seed was chosen for; below stand the rows that every org is seeded with.
const START: u64 = 100_000;

#[derive(Debug)]
pub(crate) struct Allocator {
    blocks: Mutex<HashMap<KeyPrefix, (u64, u64)>>,
    start: u64,
}

impl Allocator {
    /// Counting starts at a place that `seed` chooses.
    pub(crate) fn new(seed: u64) -> Self {
        Self { blocks: Mutex::default(), start: START + (seed % 1_000_000) * 1_000_000 }
    }

    /// Forgets the blocks in hand; the next ids come from new ones.
    pub(crate) fn forget(&self) {
        self.blocks.lock().clear();
    }

    /// `count` new ids with a prefix. What is reserved and not used is lost, which is what "never twice" costs.
    pub(crate) fn take(&self, store: &dyn Store, prefix: KeyPrefix, count: usize) -> Result<Vec<Id>, Failure> {
        let mut blocks = self.blocks.lock();
        let (next, end) = blocks.entry(prefix).or_insert((0, 0));
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            if *next == *end {
                (*next, *end) = self.reserve(store, prefix, BLOCK.max(count as u64))?;
            }
            ids.push(Id::new(prefix, INSTANCE, *next));
            *next += 1;
        }
        Ok(ids)
    }

    /// One new id, taken inside a transaction: undone with it, so that only what is kept counts.
    pub(crate) fn take_within(&self, tx: &mut dyn Tx, prefix: KeyPrefix) -> Result<Id, Failure> {
        Ok(Id::new(prefix, INSTANCE, bump(tx, Counters::Ids, prefix.as_str(), self.start, 1)?))
    }

    fn reserve(&self, store: &dyn Store, prefix: KeyPrefix, size: u64) -> Result<(u64, u64), Failure> {
        let next = store.transact_with(|tx| bump(tx, Counters::Ids, prefix.as_str(), self.start, size))?;
        Ok((next, next + size))
    }
}

/// The two kinds of counters that an org keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counters {
    /// Record ids, by key prefix.
    Ids,
    /// Auto-numbers by `Object.Field`, and what else is counted, by a name without a dot.
    Named,
}

/// Takes `by` numbers of a counter, which begins at `start`; answers the first of them. The rest follow it.
pub(crate) fn bump(tx: &mut dyn Tx, kind: Counters, key: &str, start: u64, by: u64) -> Result<u64, Failure> {
    let sql = match kind {
        Counters::Ids => "INSERT INTO \"_ids\" VALUES (?1, ?2) ON CONFLICT (prefix) DO UPDATE SET next = \"_ids\".next + ?3 RETURNING next",
        Counters::Named => {
            "INSERT INTO \"_counters\" VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET next = \"_counters\".next + ?3 RETURNING next"
        }
    };
    let rows = tx.all(&own(sql, vec![key.into(), ((start + by) as i64).into(), (by as i64).into()]))?;
    Ok(rows.first().map_or(start, |row| int(&row[0]) as u64 - by))
}

/// An id of the rows that every org is seeded with.
pub(crate) fn seeded(prefix: &str, counter: u64) -> Id {
    Id::new(KeyPrefix::parse(prefix).unwrap_or(KeyPrefix(*b"000")), INSTANCE, counter)
}
