//! The clock is an argument. Only [`SystemClock`] reads the system time, so tests can set it.

use jiff::{SignedDuration, Timestamp};
use serde::Serializer;

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

/// Whole days since 1970-01-01 in UTC: the service's day. Streaks, weeks and reviews count days here and nowhere else, so a day
/// begins at midnight UTC for everyone.
#[must_use]
pub fn day_number(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_SECONDS)
}

/// The date of a day that [`day_number`] counts, such as `2026-11-16`.
#[must_use]
pub fn date_of_day(day: i64) -> String {
    let at = Timestamp::from_second(day.saturating_mul(DAY_SECONDS));
    at.unwrap_or(if day < 0 { Timestamp::MIN } else { Timestamp::MAX }).to_string().chars().take(10).collect()
}

/// An instant in RFC 3339 and UTC, always with three digits of fraction, so that texts sort like instants.
#[must_use]
pub fn shown(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Serializes as [`shown`]: `#[serde(serialize_with = "…")]` of each instant in an answer.
///
/// # Errors
/// Those of the serializer.
pub fn in_answer<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&shown(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_three_digits_of_fraction() {
        for (text, expected) in [
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"),
            ("2026-03-01T12:00:00.5Z", "2026-03-01T12:00:00.500Z"),
            ("2026-03-01T12:00:00.25+01:00", "2026-03-01T11:00:00.250Z"),
            // Truncated, not rounded, so that an instant is never shown later than it is.
            ("2026-03-01T12:00:00.123999Z", "2026-03-01T12:00:00.123Z"),
            ("1969-12-31T23:59:59.9994Z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(shown(text.parse().unwrap()), expected, "{text}");
        }
    }
}
