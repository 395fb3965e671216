//! What a student has unlocked and done of a question.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{CourseId, QuestionId};
use crate::domain::questions::view::Access;

/// A student's row of one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The course.
    pub course_id: CourseId,
    /// The question.
    pub question_id: QuestionId,
    /// When the question was paid for.
    pub unlocked_at: Timestamp,
    /// When the solution was unlocked, for good.
    #[serde(default)]
    pub solution_at: Option<Timestamp>,
    /// When the student asked for the solution. Practice brings it along without their asking.
    #[serde(default)]
    pub opened_at: Option<Timestamp>,
    /// When it was given out last.
    pub seen_at: Timestamp,
    /// Attempts so far.
    #[serde(default)]
    pub attempts: u32,
    /// Right ones among them.
    #[serde(default)]
    pub correct_attempts: u32,
    /// The verdict on the last one.
    #[serde(default)]
    pub was_correct: Option<bool>,
    /// Seconds spent on all of them.
    #[serde(default)]
    pub time_spent_seconds: u64,
}

/// A student's rows of a course, by question.
pub type Rows = HashMap<QuestionId, Progress>;

impl Progress {
    /// What the row entitles to.
    #[must_use]
    pub fn access(&self) -> Access {
        if self.solution_at.is_some() { Access::Solution } else { Access::Question }
    }

    /// Whether the student has asked for the solution, or tried before: what they answer now may be what they read.
    #[must_use]
    pub fn knows_solution(&self) -> bool {
        self.opened_at.is_some() || self.attempts > 0
    }
}

/// What no row, or this one, entitles to.
#[must_use]
pub fn access(progress: Option<&Progress>) -> Access {
    progress.map_or(Access::Locked, Progress::access)
}
