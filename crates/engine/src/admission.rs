//! Whether an org lets a request in: the requests of the day, and how many may run long at once. Only what somebody chose
//! a limit for is refused; see [`crate::settings`].

use crate::settings::Setting;
use crate::{Failure, Org};
use orglet_base::{ApiError, ErrorCode};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After how many seconds a request runs long when nothing else is chosen.
const LONG_SECONDS: i64 = 20;
/// What the day's requests are told to be limited to where no limit is chosen. Developer Edition has 15,000; nothing is
/// refused then, so the figure is large enough for clients that check their quota.
const UNLIMITED_REQUESTS: u64 = 100_000;

/// What runs now, by when it began.
#[derive(Debug, Default)]
pub(crate) struct Running(Mutex<Begun>);

#[derive(Debug, Default)]
struct Begun {
    next: u64,
    /// Numbers are given in the order of time.
    by_number: BTreeMap<u64, Instant>,
}

impl Running {
    /// Takes a place; `None` where `most` have run for `long` or longer.
    fn enter(self: &Arc<Self>, most: usize, long: Duration) -> Option<Place> {
        let now = Instant::now();
        let mut begun = self.0.lock();
        let running_long = begun.by_number.values().take_while(|since| now.duration_since(**since) >= long).take(most).count();
        if running_long >= most {
            return None;
        }
        let number = begun.next;
        begun.next += 1;
        begun.by_number.insert(number, now);
        Some(Place { running: self.clone(), number })
    }
}

/// A place among what runs, given back when dropped.
#[derive(Debug)]
pub struct Place {
    running: Arc<Running>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.0.lock().by_number.remove(&self.number);
    }
}

/// What became of a request at the door.
#[derive(Debug)]
pub struct Admission {
    /// API requests of the day, this one among them where it was let in.
    pub used: u64,
    /// API requests that the day may have.
    pub allowed: u64,
    /// Why it is refused, if it is.
    pub refusal: Option<ApiError>,
    /// Held while the request runs, where that is watched.
    pub place: Option<Place>,
}

impl Org {
    /// Lets an API request in and counts it, or says why not. One that is refused is not counted.
    pub fn admit(&self) -> Admission {
        let now = self.now();
        let chosen = self.settings.number(Setting::DailyApiRequests).map(|n| u64::try_from(n).unwrap_or(0));
        let allowed = self.allowed_requests();
        let refused =
            |used, text| Admission { used, allowed, refusal: Some(ApiError::new(ErrorCode::RequestLimitExceeded, text)), place: None };
        // limits-002
        let Ok(place) = self.enter(&self.requests, Setting::ConcurrentRequests) else {
            return refused(self.usage.used(now), "ConcurrentRequests (Concurrent API Requests) Limit exceeded.");
        };
        match self.usage.count_up_to(now, chosen) {
            Ok(used) => Admission { used, allowed, refusal: None, place },
            // limits-001
            Err(used) => refused(used, "TotalRequests Limit exceeded."),
        }
    }

    /// API requests that a day may have, as clients are told.
    pub fn allowed_requests(&self) -> u64 {
        self.settings.number(Setting::DailyApiRequests).and_then(|n| u64::try_from(n).ok()).unwrap_or(UNLIMITED_REQUESTS)
    }

    /// Lets a save in, or says why not (limits-003).
    pub(crate) fn admit_save(&self) -> Result<Option<Place>, Failure> {
        self.enter(&self.saves, Setting::ConcurrentTransactions)
            .map_err(|Full| ApiError::new(ErrorCode::RequestLimitExceeded, "ConcurrentPerOrgLongTxn Limit exceeded.").into())
    }

    /// A place among what runs, where a limit is chosen.
    fn enter(&self, running: &Arc<Running>, limit: Setting) -> Result<Option<Place>, Full> {
        let Some(most) = self.settings.number(limit) else { return Ok(None) };
        let long = self.settings.number(Setting::LongRequestSeconds).unwrap_or(LONG_SECONDS);
        let (most, long) = (usize::try_from(most).unwrap_or(usize::MAX), Duration::from_secs(u64::try_from(long).unwrap_or(0)));
        running.enter(most, long).map(Some).ok_or(Full)
    }
}

/// As many run long as may.
struct Full;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_long_takes_room() {
        let running = Arc::<Running>::default();
        let hour = Duration::from_secs(3600);
        let young: Vec<Place> = (0..5).filter_map(|_| running.enter(1, hour)).collect();
        assert_eq!(young.len(), 5);
        assert!(running.enter(5, Duration::ZERO).is_none());
        drop(young);
        let held = running.enter(1, Duration::ZERO);
        assert!(held.is_some() && running.enter(1, Duration::ZERO).is_none());
        drop(held);
        assert!(running.enter(1, Duration::ZERO).is_some());
    }
}
