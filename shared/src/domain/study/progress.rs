//! Progress of a student on a question: what is unlocked, and their attempts.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{CourseId, QuestionId};
use crate::domain::questions::view::Access;
use crate::domain::review::{ReviewState, Scheduler};
use crate::domain::time::day_number;

/// Progress of a student on one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The schedule after the last attempt; `None` before the first, and if all attempts are from before there were schedules.
    #[serde(default)]
    pub review: Option<ReviewState>,
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

    /// The question's schedule; `None` before the first attempt.
    ///
    /// Attempts from before there were schedules count as one: the last, on the day of the last delivery. The item has no time
    /// of an attempt, and that day is never after the last attempt on this delivery.
    #[must_use]
    pub fn review_state(&self, scheduler: &Scheduler) -> Option<ReviewState> {
        let of_older = || scheduler.after(None, self.was_correct == Some(true), day_number(self.seen_at));
        self.review.or_else(|| (self.attempts > 0).then(of_older))
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
