//! The number of a user's spends in the current window of their limit.
//!
//! It is a field of the profile. Every spend writes the profile on the condition that nobody else has written it, so the
//! count costs no write of its own, and concurrent spends cannot exceed the quota.

use serde::{Deserialize, Serialize};

use crate::domain::limits::Window;

/// Spends of a user in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendCount {
    /// Start of the window, in epoch seconds.
    starts_at: i64,
    spends: u32,
}

impl SpendCount {
    /// Whether nothing was counted yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Spends in `window`.
    #[must_use]
    pub fn within(self, window: Window) -> u64 {
        if self.is_of(window) { self.spends.into() } else { 0 }
    }

    /// The count after one more spend in `window`.
    #[must_use]
    pub fn with_one_more(self, window: Window) -> Self {
        if self.is_of(window) {
            Self { spends: self.spends.saturating_add(1), ..self }
        } else {
            Self { starts_at: window.starts_at, spends: 1 }
        }
    }

    /// Whether the spends count in `window`. Those of the window after it do, too: the clock of another process may be
    /// ahead, and its count must not be forgotten.
    fn is_of(self, window: Window) -> bool {
        let ahead = i128::from(self.starts_at) - i128::from(window.starts_at);
        (0..=i128::from(window.policy.window_seconds)).contains(&ahead)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::limits::{LimitedAction, Limits};

    fn window(now: i64) -> Window {
        Limits::default().window(LimitedAction::Spend, Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn a_window_begins_without_spends() {
        let mut count = SpendCount::default();
        assert!(count.is_empty());
        for spends in 1..=3 {
            count = count.with_one_more(window(125));
            assert_eq!((count.within(window(179)), count.within(window(180))), (spends, 0));
        }
        assert_eq!(count.with_one_more(window(180)).within(window(180)), 1);
    }

    #[test]
    fn a_clock_that_is_behind_does_not_begin_the_window_again() {
        let ahead = SpendCount::default().with_one_more(window(180)).with_one_more(window(180));
        assert_eq!(ahead.within(window(179)), 2);
        assert_eq!(ahead.with_one_more(window(179)).within(window(180)), 3);
        // A clock that was hours ahead does not lock the user out until then.
        let far_ahead = SpendCount::default().with_one_more(window(36_000));
        assert_eq!(far_ahead.within(window(179)), 0);
        assert_eq!(far_ahead.with_one_more(window(179)).within(window(179)), 1);
    }

    proptest! {
        #[test]
        fn no_window_has_more_spends_than_were_counted_in_it(times in prop::collection::vec(0..600_i64, 0..60)) {
            let mut times = times;
            times.sort_unstable();
            let mut count = SpendCount::default();
            for (place, now) in times.iter().enumerate() {
                count = count.with_one_more(window(*now));
                let same = times[..=place].iter().filter(|time| window(**time) == window(*now)).count();
                prop_assert_eq!(count.within(window(*now)), same as u64);
            }
        }
    }
}
