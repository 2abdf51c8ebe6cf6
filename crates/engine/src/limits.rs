//! Counting of API requests.
//!
//! Each process counts for itself and adds what is new to a row that all servers of a database share, every second or so and
//! when it ends: no request waits for that. What is shown is what all had counted then and what this one counted since, so
//! that it never goes back within a day.

use crate::ids::{Counters, bump};
use crate::system::{int, own};
use crate::{Failure, Org, Server};
use orglet_base::{DateTime, Id};
use orglet_store::Tx;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;
/// What the names of counters of requests begin with; then come the day, in as many digits for centuries, and the org.
const PREFIX: &str = "requests ";

fn day_of(now: DateTime) -> i64 {
    now.0.div_euclid(DAY_MS)
}

fn counter(day: i64, org: Id) -> String {
    format!("{PREFIX}{day} {}", org.as_15())
}

/// The API requests of the running day.
#[derive(Debug, Default)]
pub struct Usage {
    day: Mutex<Day>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Day {
    number: i64,
    /// Counted by all, as far as that is known.
    shared: u64,
    /// Counted here since.
    fresh: u64,
}

impl Usage {
    /// Counts a request; answers how many the day has now.
    pub fn count(&self, now: DateTime) -> u64 {
        self.count_up_to(now, None).unwrap_or_else(|used| used)
    }

    /// Counts a request where the day has fewer than `most`; answers how many it has now, and where it has no room, has.
    pub fn count_up_to(&self, now: DateTime, most: Option<u64>) -> Result<u64, u64> {
        let mut day = self.today(now);
        let used = day.shared + day.fresh;
        if most.is_some_and(|most| used >= most) {
            return Err(used);
        }
        day.fresh += 1;
        Ok(used + 1)
    }

    /// Requests counted today.
    pub fn used(&self, now: DateTime) -> u64 {
        let day = self.today(now);
        day.shared + day.fresh
    }

    fn today(&self, now: DateTime) -> MutexGuard<'_, Day> {
        let mut day = self.day.lock();
        if day.number != day_of(now) {
            *day = Day { number: day_of(now), ..Day::default() };
        }
        day
    }

    /// What the others don't know yet.
    fn fresh(&self, now: DateTime) -> u64 {
        let day = self.day.lock();
        if day.number == day_of(now) { day.fresh } else { 0 }
    }

    /// Takes note that all have counted `total`, `told` of them from here.
    fn learn(&self, now: DateTime, total: u64, told: u64) {
        let mut day = self.day.lock();
        if day.number > day_of(now) {
            // Midnight was in between.
            return;
        }
        if day.number < day_of(now) {
            *day = Day { number: day_of(now), ..Day::default() };
        }
        day.fresh = day.fresh.saturating_sub(told);
        day.shared = day.shared.max(total);
    }

    /// Takes up what was counted before this process, or by others.
    pub(crate) fn recall(&self, tx: &mut dyn Tx, org: Id, now: DateTime) -> Result<(), Failure> {
        let row = tx.first(&own("SELECT next FROM \"_counters\" WHERE name = ?1", vec![counter(day_of(now), org).into()]))?;
        if let Some(row) = row {
            self.learn(now, u64::try_from(int(&row[0])).unwrap_or(0), 0);
        }
        Ok(())
    }
}

impl Server {
    /// Tells the other servers of these databases what API requests were counted here, and learns what they counted, for
    /// each org that had any since the last time. To be called every second or so, and at the end.
    pub fn share_usage(&self) -> Result<(), Failure> {
        let now = self.now();
        let default = self.default_org();
        let met = self.orgs.usages().into_iter().chain([(default.id, default.usage.clone())]);
        let orgs: Vec<(Id, Arc<Usage>)> = met.filter(|(_, usage)| usage.fresh(now) > 0).collect();
        self.share(&orgs, now)
    }

    /// API requests of an org today, over all servers of these databases.
    pub fn requests_today(&self, org: &Org) -> Result<u64, Failure> {
        let now = org.now();
        if org.is_shared() {
            self.share(&[(org.id, org.usage.clone())], now)?;
        }
        Ok(org.usage.used(now))
    }

    fn share(&self, orgs: &[(Id, Arc<Usage>)], now: DateTime) -> Result<(), Failure> {
        if orgs.is_empty() {
            return Ok(());
        }
        // One exchange at a time: two would tell the same twice.
        let _one_at_a_time = self.sharing.lock();
        let told: Vec<u64> = orgs.iter().map(|(_, usage)| usage.fresh(now)).collect();
        let today = day_of(now);
        let totals = self.store.transact_with::<_, Failure>(|tx| {
            let mut totals = Vec::with_capacity(orgs.len());
            for ((org, _), told) in orgs.iter().zip(&told) {
                totals.push(bump(tx, Counters::Named, &counter(today, *org), 0, *told)? + told);
            }
            // Clocks of servers may differ by a little: yesterday's stay.
            let old = "DELETE FROM \"_counters\" WHERE name >= ?1 AND name < ?2";
            tx.execute(&own(old, vec![PREFIX.into(), format!("{PREFIX}{}", today - 1).into()]))?;
            Ok(totals)
        })?;
        for (((_, usage), told), total) in orgs.iter().zip(told).zip(totals) {
            usage.learn(now, total, told);
        }
        Ok(())
    }
}
