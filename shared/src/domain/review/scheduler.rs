//! FSRS-6 by the crate `fsrs`, within bounds.

use fsrs::{DEFAULT_PARAMETERS, FSRS, MemoryState, current_retrievability};

use super::{ReviewParameters, ReviewState};

/// Shortest interval in days.
pub const INTERVAL_DAYS_MIN: u16 = 1;
/// Longest interval in days: a hundred years.
pub const INTERVAL_DAYS_MAX: u16 = 36_500;
/// Bounds of the crate for the difficulty.
const DIFFICULTY: (f32, f32) = (1.0, 10.0);
/// Bounds of the crate for the stability, in days.
const STABILITY_DAYS: (f32, f32) = (0.001, 36_500.0);
/// Bounds of the crate for the parameter that shapes the forgetting curve, w20.
const DECAY: (f32, f32) = (0.1, 0.8);

/// The probability of a right answer at which a question is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retention(f32);

impl Retention {
    /// Lowest retention. Below it, a question is asked when most of it is forgotten.
    pub const MIN: f32 = 0.70;
    /// Highest retention. The work grows without bound towards 1.
    pub const MAX: f32 = 0.97;

    /// A retention within the bounds; the default if it is no number.
    #[must_use]
    pub fn new(wanted: f32) -> Self {
        if wanted.is_nan() { Self::default() } else { Self(wanted.clamp(Self::MIN, Self::MAX)) }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self(0.90)
    }
}

/// The model with the parameters of a course.
#[derive(Debug, Clone)]
pub struct Scheduler {
    pub(super) model: FSRS,
    version: u32,
    decay: f32,
}

impl Scheduler {
    /// The model with these parameters; with the defaults of FSRS-6 if there are none, or if one is no finite number.
    #[must_use]
    pub fn new(parameters: Option<&ReviewParameters>) -> Self {
        let learnt = parameters.and_then(|learnt| Some((FSRS::new(&learnt.weights).ok()?, learnt)));
        let decay = |weights: &[f32]| weights.last().copied().unwrap_or(DECAY.0).clamp(DECAY.0, DECAY.1);
        match learnt {
            Some((model, learnt)) => Self { model, version: learnt.version, decay: decay(&learnt.weights) },
            None => Self { model: FSRS::default(), version: 0, decay: decay(&DEFAULT_PARAMETERS) },
        }
    }

    /// Version of the parameters; 0 for the defaults.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The state after an answer on `day`: right is Good, wrong is Again.
    ///
    /// A day before the last one counts as the last one, so that no time passes twice.
    #[must_use]
    pub fn after(&self, before: Option<&ReviewState>, is_right: bool, day: i64) -> ReviewState {
        let day = before.map_or(day, |before| before.day.max(day));
        let memory = before.map(memory);
        let elapsed = before.map_or(0, |before| elapsed_days(before.day, day));
        let next = self.model.next_states(memory, Retention::default().0, elapsed);
        let next = next.map(|next| if is_right { next.good.memory } else { next.again.memory });
        // The crate refuses only states that are no finite numbers, and `memory` gives none.
        let next = next.unwrap_or_else(|_| memory.unwrap_or(MemoryState { stability: 1.0, difficulty: DIFFICULTY.1 }));
        ReviewState { stability: next.stability, difficulty: next.difficulty, day }
    }

    /// Days from the last answer until the question is due: rounded half away from zero, without a random share.
    #[must_use]
    pub fn interval_days(&self, state: &ReviewState, retention: Retention) -> u16 {
        const GOOD: u32 = 3;
        let exact = self.model.next_interval(Some(memory(state).stability), retention.0, GOOD);
        let whole = exact.round().max(f32::from(INTERVAL_DAYS_MIN)).min(f32::from(INTERVAL_DAYS_MAX));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and within the bounds")]
        {
            whole as u16
        }
    }

    /// The day on which the question is due.
    #[must_use]
    pub fn due_day(&self, state: &ReviewState) -> i64 {
        state.day.saturating_add(self.interval_days(state, Retention::default()).into())
    }

    /// Probability of a right answer on `day`.
    #[must_use]
    pub fn recall(&self, state: &ReviewState, day: i64) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "at most 36,500")]
        let elapsed = elapsed_days(state.day, day) as f32;
        current_retrievability(memory(state), elapsed, self.decay).clamp(0.0, 1.0)
    }
}

/// Whole days between two days, within 0 to 36,500: the crate takes no negative ones, and a larger number changes nothing.
fn elapsed_days(from: i64, to: i64) -> u32 {
    let days = to.saturating_sub(from).clamp(0, INTERVAL_DAYS_MAX.into());
    u32::try_from(days).unwrap_or_default()
}

/// The state for the crate. A stored number outside of the crate's bounds is brought into them.
fn memory(state: &ReviewState) -> MemoryState {
    let within = |number: f32, (low, high): (f32, f32)| if number.is_nan() { low } else { number.clamp(low, high) };
    MemoryState { stability: within(state.stability, STABILITY_DAYS), difficulty: within(state.difficulty, DIFFICULTY) }
}
