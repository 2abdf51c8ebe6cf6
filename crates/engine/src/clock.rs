//! The one clock.

use orglet_base::DateTime;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time: the machine's, or a fixed one for repeatable runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    fixed: Option<DateTime>,
}

impl Clock {
    /// A clock that stands at a time.
    pub fn fixed_at(time: DateTime) -> Self {
        Self { fixed: Some(time) }
    }

    /// The time, in milliseconds.
    pub fn now(&self) -> DateTime {
        self.fixed.unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            DateTime(i64::try_from(since.as_millis()).unwrap_or(0))
        })
    }
}
