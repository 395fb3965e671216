//! The clock is an argument: `now()` of the system is read only in [`SystemClock`], so tests fix it.

use jiff::{SignedDuration, Timestamp};

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// Where the present comes from.
pub trait Clock: Send + Sync {
    /// The present, in whole milliseconds, the resolution that is stored and shown.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// `at` moved by whole seconds; saturates at the ends of time, which no stored instant is near.
#[must_use]
pub fn plus_seconds(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// Whole days since 1970-01-01 in UTC.
#[must_use]
pub fn day_number(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_SECONDS)
}
