//! Item statistics: how each question of a course does its work, for operators and authors.
//!
//! Classical test theory over the students' answers, one answer of a student to a question. `docs/items.md` has the
//! formulas and the rule for answers that are missing.

mod correlation;
mod flags;
mod fold;
mod report;
mod statistics;
mod two_parameter;

pub use correlation::{ConfidenceInterval, share_interval};
pub use flags::{ANSWERS_MIN, Flag, flags};
pub use fold::{FirstAnswer, ItemCounts, ItemFigures, ItemFold};
pub use report::{ItemReport, ItemRow};
pub use statistics::{ItemStatistics, OptionStatistics, Responses, Statistics, statistics};
pub use two_parameter::{ANSWERS_2PL_MIN, TwoParameter, two_parameter};

/// What a student did with an item. An item that a student was not shown has no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Shown and left blank, which is wrong.
    Blank,
    /// Answered.
    Answered {
        /// Whether the answer is right.
        right: bool,
        /// The letters of the chosen options in order, such as `B` or `A, C`; none for another kind of item.
        chosen: Option<String>,
    },
}

impl Response {
    fn is_right(&self) -> bool {
        matches!(self, Self::Answered { right: true, .. })
    }

    fn chosen(&self) -> Option<&str> {
        match self {
            Self::Answered { chosen, .. } => chosen.as_deref(),
            Self::Blank => None,
        }
    }
}

/// An item: its options, if it has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The letters of the options.
    pub options: Vec<String>,
    /// The letters of the right ones, in order, as [`Response::Answered`] has them.
    pub key: Option<String>,
}

#[cfg(test)]
mod tests;
