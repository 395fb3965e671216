//! Assembles an exam: selects N questions of a bank so that topics, difficulty, points, minutes and techniques match a
//! blueprint as closely as the bank allows. Prefers the questions that are most useful to the student.
//!
//! [`Instance::new`] checks a blueprint and its candidates, [`assemble`] searches, [`loss()`] and [`FormFit`] measure any
//! selection from scratch. `docs/assembly.md` has the formulas, their sources, the search and measured figures.
//!
//! Invariants, which the tests hold:
//! - a form has exactly N different questions, at most `pattern_max` of a pattern and one of a family;
//! - when no such form exists [`AssemblyError::TooFew`] says how many questions are possible, and only then;
//! - the loss of a form is never above that of the greedy form;
//! - the same instance, seed and effort give the same form on every machine: work is counted, not timed.
//!
//! Limits: the search is a heuristic and proves nothing about the optimum. The caller leaves out questions that must
//! not be asked, such as those seen lately. The crate knows no courses, students or storage.

mod error;
mod exchange;
mod fit;
mod greedy;
mod instance;
mod loss;
mod matching;
mod pool;
#[cfg(test)]
mod properties;
mod running;
mod search;
#[cfg(test)]
mod testing;

pub use error::AssemblyError;
pub use fit::{FormFit, Measure};
pub use instance::{Blueprint, Candidate, DIFFICULTIES, Instance, Weights};
pub use loss::{Deviations, deviations, loss};
pub use search::{AssembledForm, Effort, assemble};

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "a form or a bank has far fewer than 2^52 questions")]
const fn real(count: usize) -> f64 {
    count as f64
}
