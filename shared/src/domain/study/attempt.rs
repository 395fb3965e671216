//! An answer that a student gave.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::id::{CourseId, QuestionId, TopicId};
use crate::domain::mastery::{Evidence, evidence};
use crate::domain::number::{ratio, rounded};

/// An attempt: a UUID version 7, so that attempts sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId(pub Uuid);

/// Whose verdict it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GradedBy {
    /// The letters of the right choices.
    Options,
    /// The checker of answers.
    Answer,
    /// The student's own.
    #[serde(rename = "self")]
    Student,
}

/// One attempt. Never changed, never deleted: what is learnt of a student is a fold of these.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Whether the student had opened the solution, or tried the question, before.
    pub solution_seen: bool,
    /// How much it says of what the student knows.
    #[serde(default = "no_evidence")]
    pub evidence: Evidence,
    /// How easy the question was, in logits, by the calibration of the time.
    #[serde(default)]
    pub ease: f64,
    /// Its place among the student's attempts in the course, from 1: the order in which they are folded.
    #[serde(default)]
    pub position: u64,
    /// Seconds that the student took, as the client says.
    #[serde(default)]
    pub time_spent_seconds: Option<u32>,
    /// When.
    pub created_at: Timestamp,
}

/// A marked answer that is not recorded yet: what an attempt says whenever it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct MarkedAnswer {
    /// Sorts by time.
    pub id: AttemptId,
    /// The course.
    pub course_id: CourseId,
    /// The topic.
    pub topic_id: TopicId,
    /// The question.
    pub question_id: QuestionId,
    /// The student's text, if any.
    pub answer: Option<String>,
    /// The verdict.
    pub correct: bool,
    /// Who gave the verdict.
    pub graded_by: GradedBy,
    /// How easy the question is, in logits, by the current calibration.
    pub ease: f64,
    /// Seconds that the student took, as the client says.
    pub time_spent_seconds: Option<u32>,
    /// When the answer came.
    pub created_at: Timestamp,
}

impl MarkedAnswer {
    /// The attempt at `position` among the student's attempts in the course. `knew_solution` says whether the student had
    /// opened the solution, or tried the question, before.
    #[must_use]
    pub fn placed(&self, knew_solution: bool, position: u64) -> Attempt {
        let Self { id, correct, graded_by, ease, time_spent_seconds, created_at, .. } = *self;
        Attempt {
            id,
            course_id: self.course_id.clone(),
            topic_id: self.topic_id.clone(),
            question_id: self.question_id.clone(),
            answer: self.answer.clone(),
            correct,
            graded_by,
            solution_seen: knew_solution,
            evidence: evidence(knew_solution, graded_by == GradedBy::Student),
            ease,
            position,
            time_spent_seconds,
            created_at,
        }
    }
}

/// Of attempts that were recorded before there was a model to feed.
fn no_evidence() -> Evidence {
    Evidence::None
}

/// Share of right attempts, to two decimals.
#[must_use]
pub fn accuracy_rate(correct_attempts: u32, attempts: u32) -> f64 {
    rounded(ratio(correct_attempts as usize, attempts as usize).unwrap_or(0.0), 2)
}
