//! Progress of a student on a question: what is unlocked, and their attempts.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{CourseId, QuestionId};
use crate::domain::questions::view::Access;

/// Progress of a student on one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub course_id: CourseId,
    pub question_id: QuestionId,
    /// Time at which the question was paid for.
    pub unlocked_at: Timestamp,
    /// Time at which the solution was unlocked.
    #[serde(default)]
    pub solution_at: Option<Timestamp>,
    /// Time at which the student requested the solution; practice includes it without a request.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// Time of the last delivery.
    pub seen_at: Timestamp,
    #[serde(default)]
    pub attempts: u32,
    #[serde(default)]
    pub correct_attempts: u32,
    /// Whether the last attempt was correct.
    #[serde(default)]
    pub was_correct: Option<bool>,
    /// Seconds spent on all attempts.
    #[serde(default)]
    pub time_spent_seconds: u64,
}

/// When a student last received each question of a course.
pub type LastSeen = HashMap<QuestionId, Timestamp>;

/// Progress of a student in a course, by question.
pub type Rows = HashMap<QuestionId, Progress>;

impl Progress {
    /// What the student may see of the question.
    #[must_use]
    pub fn access(&self) -> Access {
        if self.solution_at.is_some() { Access::Solution } else { Access::Question }
    }

    /// Whether the student requested the solution or tried before, so that the answer may be copied.
    #[must_use]
    pub fn knows_solution(&self) -> bool {
        self.opened_at.is_some() || self.attempts > 0
    }
}

/// What a student may see of a question; nothing without a row.
#[must_use]
pub fn access(progress: Option<&Progress>) -> Access {
    progress.map_or(Access::Locked, Progress::access)
}
