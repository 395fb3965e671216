//! Errors of the assembly.

use thiserror::Error;

/// Why no form can be assembled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AssemblyError {
    /// The blueprint asks for no question at all.
    #[error("a form has at least one question")]
    NoQuestions,
    /// A number of the blueprint is negative, infinite or not a number.
    #[error("the blueprint's {field} is not a finite number of at least 0")]
    Blueprint { field: &'static str },
    /// A number of a candidate is out of its range.
    #[error("the {field} of candidate {index} is out of range")]
    Candidate {
        /// The candidate, counted from 0.
        index: usize,
        field: &'static str,
    },
    /// No form of the requested length satisfies the rules on patterns and families.
    #[error("{asked} questions were asked for; the rules on patterns and families leave {possible} of {candidates}")]
    TooFew {
        /// Questions that the blueprint asks for.
        asked: usize,
        /// The longest form that the rules allow. Exact.
        possible: usize,
        candidates: usize,
    },
}
