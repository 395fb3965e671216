//! What a student knows: for each topic the share of its questions that the student would get right now, how sure that
//! is, and which topics are worth the next hour.
//!
//! An additive logistic model, updated with every attempt at constant cost (multivariate Elo: Pelánek 2016; the weight
//! of recent answers: Galyardt & Goldin 2015). `docs/mastery.md` has the formulas, their sources and measured figures.
//!
//! - [`Mastery`] is one student's state in one course. It changes with each attempt of that student and nothing else.
//! - [`Calibration`] is what all students of the course share: how hard its topics and questions are. It is learnt by
//!   [`Calibration::fold`] from all attempts, and fixed between two calibrations.
//! - [`Estimate`] is what a student is told of a topic; [`rank`] puts topics in order and says why.
//!
//! Invariants, which the tests hold:
//! - probabilities lie strictly between 0 and 1, and low ≤ mastery ≤ high;
//! - a right answer never lowers the estimate of its topic, a wrong one never raises it;
//! - a state that was stored and read between any two attempts equals the fold of all of them;
//! - the order in which attempts of different students at one time come does not matter to a calibration;
//! - whatever the numbers and clocks are, nothing becomes infinite and nothing panics.
//!
//! Limits: topics are independent of each other but for the student's general level, and a question has one topic. How
//! long a student took and what was answered does not matter, only whether it was right.

mod calibration;
mod estimate;
mod evidence;
mod parameters;
#[cfg(test)]
mod properties;
mod reason;
mod state;
mod weak;

pub use calibration::{Attempt, Calibration, Effect, initial_effect};
pub use estimate::{Estimate, INTERVAL_SDS, estimate};
pub use evidence::{Evidence, evidence};
pub use parameters::*;
pub use state::{Mastery, Outcome, TopicMastery};
pub use weak::{
    Candidate, HARD_ATTEMPTS_MIN, HARD_LOGITS, Priority, REPORT_ATTEMPTS, REPORT_LOGITS, WEAK_LOGITS, WeakTopic, rank,
};
