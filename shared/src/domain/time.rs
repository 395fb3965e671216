//! The clock is an argument. Only [`SystemClock`] reads the system time, so tests can set it.

use jiff::{SignedDuration, Timestamp};

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// Current time in whole milliseconds, the resolution that is stored and shown.
    fn now(&self) -> Timestamp;
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's time")]
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

/// `at` plus a number of seconds; saturates at the limits of `Timestamp`.
#[must_use]
pub fn plus_seconds(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// Whole days since 1970-01-01 in UTC.
#[must_use]
pub fn day_number(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_SECONDS)
}
