//! An answer that a student gave.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::derive::{ratio, rounded};
use super::id::{CourseId, QuestionId, TopicId};

/// An attempt: a UUID version 7, so that attempts sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId(pub Uuid);

/// Whose verdict it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GradedBy {
    /// The letters of the right choices.
    Options,
    /// The student's own, after a look at the solution.
    #[serde(rename = "self")]
    Student,
}

/// One attempt. Never changed, never deleted: what is learnt of a student is a fold of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Sorts by time.
    pub id: AttemptId,
    /// The course.
    pub course_id: CourseId,
    /// The topic.
    pub topic_id: TopicId,
    /// The question.
    pub question_id: QuestionId,
    /// What was typed, if anything.
    #[serde(default)]
    pub answer: Option<String>,
    /// The verdict.
    pub correct: bool,
    /// Whose verdict.
    pub graded_by: GradedBy,
    /// Whether the solution had been opened before.
    pub solution_seen: bool,
    /// Seconds that the student took, as the client says.
    #[serde(default)]
    pub time_spent_seconds: Option<u32>,
    /// When.
    pub created_at: Timestamp,
}

/// Share of right attempts, to two decimals.
#[must_use]
pub fn accuracy_rate(correct_attempts: u32, attempts: u32) -> f64 {
    rounded(ratio(correct_attempts as usize, attempts as usize).unwrap_or(0.0), 2)
}
