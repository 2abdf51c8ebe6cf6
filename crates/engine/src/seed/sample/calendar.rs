//! Days counted from the one on which the org is filled.

use super::Dice;
use orglet_base::{Date, DateTime, Value};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The day of filling, in UTC.
#[derive(Clone, Copy)]
pub(super) struct Calendar {
    midnight: i64,
    now: DateTime,
}

impl Calendar {
    pub(super) fn new(now: DateTime) -> Self {
        Self { midnight: now.0.div_euclid(DAY) * DAY, now: DateTime(now.0.div_euclid(HOUR) * HOUR) }
    }

    /// A day; negative counts are past.
    pub(super) fn date(&self, day: i64) -> Date {
        DateTime(self.midnight + day * DAY).split().0
    }

    /// [`Calendar::date`] as a value.
    pub(super) fn day(&self, day: i64) -> Value {
        Value::Date(self.date(day))
    }

    /// A time of a day.
    pub(super) fn at(&self, day: i64, minutes: i64) -> DateTime {
        DateTime(self.midnight + day * DAY + minutes * HOUR / 60)
    }

    /// Some time in the working hours of a day, never in the future.
    pub(super) fn worked(&self, day: i64, dice: &mut Dice) -> DateTime {
        self.at(day, 8 * 60 + dice.range(0, 9 * 60)).min(self.now)
    }
}
