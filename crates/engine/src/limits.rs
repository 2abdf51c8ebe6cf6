//! Counting of API requests, and the allocations that the limits resource shows.

use orglet_base::DateTime;
use parking_lot::Mutex;

/// Requests an org may make in 24 hours. Developer Edition has 15,000; nothing is refused for passing it, so the figure
/// is large enough for clients that check their quota.
pub const DAILY_API_REQUESTS: u64 = 100_000;

const DAY_MS: i64 = 86_400_000;

/// The API requests of the running day.
#[derive(Debug, Default)]
pub struct Usage {
    day: Mutex<(i64, u64)>,
}

impl Usage {
    /// Counts a request; answers how many the day has now.
    pub fn count(&self, now: DateTime) -> u64 {
        let today = now.0.div_euclid(DAY_MS);
        let mut day = self.day.lock();
        if day.0 != today {
            *day = (today, 0);
        }
        day.1 += 1;
        day.1
    }

    /// Requests counted today.
    pub fn used(&self, now: DateTime) -> u64 {
        let day = self.day.lock();
        if day.0 == now.0.div_euclid(DAY_MS) { day.1 } else { 0 }
    }
}
