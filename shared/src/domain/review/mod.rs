//! The review queue: when a student should see an answered question again.
//!
//! The model is FSRS-6, computed by the crate `fsrs`. This module adds what the crate leaves open: which day an answer belongs
//! to, what a right and a wrong answer are, and the bounds of every number. `docs/review.md` has the formulas and the rules.
//!
//! - [`ReviewState`] is what is stored of a question: two numbers of the model, and the day of the last answer.
//! - [`Scheduler`] moves a state by an answer, and says after how many days a question is due.
//! - [`review_queue`] lists what is due, and counts what comes.
//! - [`fit`] learns the parameters of a course from the answers of all its students.
//!
//! Invariants, which the tests hold:
//! - a state that is moved answer by answer equals the crate's state of the whole history, bit for bit;
//! - no answer, clock, stored number or parameter makes a number infinite, an interval shorter than a day or longer than
//!   36,500 days, or causes a panic;
//! - a clock that runs back counts as the same day.

mod check;
mod fit;
mod queue;
mod scheduler;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use check::schedule_fault;
pub use fit::{FIT_REVIEWS_MIN, FitOutcome, ReviewRecord, fit};
pub use queue::{DueCount, DueQuestion, MemoryView, ReviewQueue, review_queue};
pub use scheduler::{INTERVAL_DAYS_MAX, INTERVAL_DAYS_MIN, Retention, Scheduler};

/// Number of parameters of FSRS-6.
pub const PARAMETERS: usize = 21;

/// Parameters of FSRS-6, learnt from the answers of all students of a course. A version never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewParameters {
    /// Number of the course's calibration that brought them.
    pub version: u32,
    /// The parameters, w0 to w20.
    pub weights: [f32; PARAMETERS],
    /// Reviews that they were learnt from.
    pub reviews: u32,
    /// Mean log loss on those reviews.
    pub log_loss: f32,
}

/// What is stored of an answered question: the memory state after the last answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReviewState {
    /// Days after which the probability of a right answer has fallen to 90 %.
    pub stability: f32,
    /// From 1 (easy to keep) to 10.
    pub difficulty: f32,
    /// The day of the last answer: whole days since 1970-01-01 in UTC.
    pub day: i64,
}
