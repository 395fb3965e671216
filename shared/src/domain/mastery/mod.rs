//! Mastery: for each topic the share of its questions that the student would answer correctly now, with an interval, and
//! a ranking of the topics to study next.
//!
//! An additive logistic model, updated with every attempt at constant cost (multivariate Elo: Pelánek 2016; the weight
//! of recent answers: Galyardt & Goldin 2015). `docs/mastery.md` has the formulas, their sources and measured figures.
//!
//! - [`Mastery`] is one student's state in one course. It changes with each attempt of that student and nothing else.
//! - [`Calibration`] is the difficulty of topics and questions, shared by all students of the course. It is learnt by
//!   [`Calibration::fold`] from all attempts, and fixed between two calibrations.
//! - [`Estimate`] is the mastery of a topic; [`rank`] orders topics and gives a reason for each.
//!
//! Invariants, which the tests hold:
//! - probabilities lie strictly between 0 and 1, and low ≤ mastery ≤ high;
//! - a right answer never lowers the estimate of its topic, a wrong one never raises it;
//! - a state that was stored and read between any two attempts equals the fold of all of them;
//! - a calibration does not depend on the order of attempts of different students at the same time;
//! - no input and no clock makes a number infinite or causes a panic.
//!
//! Limits: topics are independent of each other but for the student's general level, and a question has one topic. How
//! long a student took and what was answered does not matter, only whether it was right.

mod calibration;
mod estimate;
mod evidence;
mod level;
mod parameters;
#[cfg(test)]
mod properties;
mod reason;
mod state;
mod weak;

pub use calibration::{Calibration, Effect, Observation, initial_effect};
pub use estimate::{Estimate, INTERVAL_SDS, estimate};
pub use evidence::{Evidence, evidence};
pub use level::{Levels, TopicLevel};
pub use parameters::*;
pub use state::{AttemptResult, Ease, Mastery, TopicMastery};
pub use weak::{
    HARD_ATTEMPTS_MIN, HARD_LOGITS, Priority, REPORT_ATTEMPTS, REPORT_LOGITS, Ranking, TopicCandidate, TopicStanding,
    WEAK_LOGITS, WeakTopic, rank,
};
