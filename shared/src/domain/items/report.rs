//! The statistics of a course's questions as they are published.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Flag, ItemStatistics, TwoParameter, flags};
use crate::domain::id::QuestionId;

/// The statistics of a course's questions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemReport {
    /// Name of the course.
    pub course: String,
    /// The time from which on answers may be missing.
    pub made_at: Timestamp,
    /// Students with at least one answer that counts.
    pub students: u32,
    /// Cronbach's alpha, and of how many questions.
    pub alpha: Option<(f64, usize)>,
    /// Those with flags first, then in the order of the course.
    pub rows: Vec<ItemRow>,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ItemRow {
    /// Its id.
    pub id: QuestionId,
    /// The beginning of its text.
    pub preview: String,
    /// Its statistics.
    pub statistics: ItemStatistics,
    /// The version of the question that the statistics are of.
    pub version: u32,
    /// First answers to another version, or by students who may have seen another one; they are in no other figure.
    pub earlier: u32,
    /// The two-parameter model; none for a question with too few answers, or with a key that may be wrong.
    #[serde(default)]
    pub two_parameter: Option<TwoParameter>,
    /// What to look at. It follows from the statistics.
    #[serde(skip)]
    pub flags: Vec<Flag>,
    /// Students with an answer in the course who unlocked it and have not answered it.
    pub omitted: u32,
    /// First answers that the student marked; they are in no other figure.
    pub own_marks: u32,
    /// Median of the seconds that students took.
    pub median_seconds: Option<u32>,
}

impl ItemReport {
    /// The report with the flags of its statistics, in its order.
    #[must_use]
    pub fn flagged(mut self) -> Self {
        for row in &mut self.rows {
            row.flags = flags(&row.statistics);
        }
        // Stable: the order of the course stays.
        self.rows.sort_by_key(|row| !row.flags.iter().any(|flag| !matches!(flag, Flag::TooFewAnswers { .. })));
        self
    }

    /// Whether the figures are those of another report.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let Self { course, made_at: _, students, alpha, rows } = self;
        (course, students, alpha, rows) == (&other.course, &other.students, &other.alpha, &other.rows)
    }
}
