//! Progress of a student on a question: what is unlocked, and their attempts.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The delivery that says so; `None` if the question has an item of its own.
    #[serde(skip)]
    pub delivered_by: Option<DeliveryId>,
}

/// Id of a delivery: a UUID version 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub Uuid);

/// New questions that a student bought together, with their solutions. It stands for an item of progress for each, until the
/// student tries one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionDelivery {
    pub id: DeliveryId,
    pub course_id: CourseId,
    pub question_ids: Vec<QuestionId>,
    pub delivered_at: Timestamp,
}

impl QuestionDelivery {
    /// Progress on one of the questions, if it has no item of its own.
    #[must_use]
    pub fn progress(&self, question: QuestionId) -> Progress {
        Progress {
            course_id: self.course_id.clone(),
            question_id: question,
            unlocked_at: self.delivered_at,
            solution_at: Some(self.delivered_at),
            opened_at: None,
            seen_at: self.delivered_at,
            attempts: 0,
            correct_attempts: 0,
            was_correct: None,
            time_spent_seconds: 0,
            review: None,
            delivered_by: Some(self.id),
        }
    }
}

/// Merges items of progress with deliveries. An item of a question's own says everything but when it was unlocked: that is
/// the earliest of both.
#[must_use]
pub fn merged(items: Vec<Progress>, deliveries: &[QuestionDelivery]) -> Vec<Progress> {
    let key = |row: &Progress| (row.course_id.clone(), row.question_id.clone());
    let mut rows: HashMap<(CourseId, QuestionId), Progress> = items.into_iter().map(|row| (key(&row), row)).collect();
    for delivery in deliveries {
        for question in &delivery.question_ids {
            let row = rows.entry((delivery.course_id.clone(), question.clone()));
            let row = row.or_insert_with(|| delivery.progress(question.clone()));
            row.unlocked_at = row.unlocked_at.min(delivery.delivered_at);
        }
    }
    rows.into_values().collect()
}

/// What a student has of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Holding {
    Locked,
    /// A delivery names it, and it has no item of its own.
    Delivered,
    Progress(Progress),
}

impl Holding {
    /// What the student may see.
    #[must_use]
    pub fn access(&self) -> Access {
        match self {
            Self::Locked => Access::Locked,
            Self::Delivered => Access::Solution,
            Self::Progress(progress) => progress.access(),
        }
    }

    /// Whether the question is unlocked.
    #[must_use]
    pub const fn is_unlocked(&self) -> bool {
        !matches!(self, Self::Locked)
    }
}

/// When a student last received each question of a course.
pub type LastSeen = HashMap<QuestionId, Timestamp>;

/// What a student has unlocked in a course.
#[derive(Debug, Clone, Default)]
pub struct UnlockedTimes {
    /// All unlocked questions.
    pub last_seen: LastSeen,
    /// Those that a delivery names.
    pub delivered: HashSet<QuestionId>,
}

/// Progress of a student in a course, by question.
pub type Rows = HashMap<QuestionId, Progress>;

/// What a student may see of each unlocked question of a course.
pub type Accesses = HashMap<QuestionId, Access>;

impl Progress {
    /// What the student may see of the question.
    #[must_use]
    pub fn access(&self) -> Access {
        Access::unlocked(self.solution_at.is_some())
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
