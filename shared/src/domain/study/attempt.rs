//! An attempt: an answer of a student to a question.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::catalog::version::{first_version, is_first_version};
use crate::domain::id::{CourseId, QuestionId, TopicId};
use crate::domain::mastery::{Ease, Evidence, evidence};
use crate::domain::number::{ratio, rounded};
use crate::domain::study::marking::PartMark;
use crate::domain::study::progress::Progress;
use crate::domain::time::plus_seconds;

/// Id of an attempt: a UUID version 7, so that attempts sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId(pub Uuid);

/// Who decided whether the answer is correct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GradedBy {
    /// Comparison with the letters of the correct choices.
    Options,
    /// The answer checker.
    Answer,
    #[serde(rename = "self")]
    Student,
}

/// One attempt. Never changed: the state of a student is a fold of their attempts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// Sorts by time.
    pub id: AttemptId,
    pub course_id: CourseId,
    pub topic_id: TopicId,
    pub question_id: QuestionId,
    /// Version of the question that marked the answer. A later correction does not change the verdict.
    #[serde(default = "first_version", skip_serializing_if = "is_first_version")]
    pub version: u32,
    /// Whether the student may have answered an earlier version: the question was corrected after it was delivered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub saw_earlier: bool,
    /// Text of the answer, if any.
    #[serde(default)]
    pub answer: Option<String>,
    /// Answers to parts, by label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, String>,
    /// Whether the score was 1. Counts and mastery use this; a partial score is not correct.
    pub correct: bool,
    /// Share of the points, 0 to 1. `None` in attempts from before there were scores: then `correct` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The marks of the parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartMark>,
    pub graded_by: GradedBy,
    /// Whether the student had seen the solution or tried the question before.
    pub solution_seen: bool,
    /// Weight of this attempt as evidence of mastery.
    #[serde(default = "no_evidence")]
    pub evidence: Evidence,
    /// Ease of the question in logits, by the calibration at that time.
    #[serde(default)]
    pub ease: f64,
    /// What practice on the topic adds, by that calibration: logits for each ln(1 + attempts on the topic).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub practice: f64,
    /// Position among the student's attempts in the course, from 1: the order of the fold.
    #[serde(default)]
    pub position: u64,
    /// Version of the review parameters by which it moved the question's schedule; `None` in attempts from before there were
    /// schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_parameters: Option<u32>,
    /// Seconds that the student took, as reported by the client.
    #[serde(default)]
    pub time_spent_seconds: Option<u32>,
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
    /// Version of the question that marked the answer.
    pub version: u32,
    /// When that version replaced an earlier one; `None` if the student has surely seen that version.
    pub corrected_at: Option<Timestamp>,
    /// The student's text, if any.
    pub answer: Option<String>,
    /// The student's texts for the parts, by label.
    pub answers: BTreeMap<String, String>,
    /// The verdict.
    pub correct: bool,
    /// Share of the points, 0 to 1.
    pub score: f64,
    /// The marks of the parts.
    pub parts: Vec<PartMark>,
    /// Who gave the verdict.
    pub graded_by: GradedBy,
    /// How easy the question is by the current calibration.
    pub ease: Ease,
    /// Seconds that the student took, as the client says.
    pub time_spent_seconds: Option<u32>,
    /// When the answer came.
    pub created_at: Timestamp,
}

/// A correction is surely delivered so many seconds after its import began: an import takes minutes at most, and processes
/// keep a course for a minute.
const CORRECTION_SECONDS: i64 = 600;

impl Attempt {
    /// Whether the student saw this version of the question, and it marked the answer.
    #[must_use]
    pub fn is_on(&self, version: u32) -> bool {
        self.version == version && !self.saw_earlier
    }
}

impl MarkedAnswer {
    /// The attempt at `position` among the student's attempts in the course. `progress` is that on the question before the
    /// attempt. `review_parameters` is the version of those that move the schedule.
    #[must_use]
    pub fn placed(&self, progress: &Progress, position: u64, review_parameters: u32) -> Attempt {
        let knew_solution = progress.knows_solution();
        let delivered_later = |corrected: Timestamp| progress.seen_at >= plus_seconds(corrected, CORRECTION_SECONDS);
        let Self { id, correct, score, graded_by, ease, time_spent_seconds, created_at, .. } = *self;
        Attempt {
            id,
            course_id: self.course_id.clone(),
            topic_id: self.topic_id.clone(),
            question_id: self.question_id.clone(),
            version: self.version,
            saw_earlier: !self.corrected_at.is_none_or(delivered_later),
            answer: self.answer.clone(),
            answers: self.answers.clone(),
            correct,
            score: Some(score),
            parts: self.parts.clone(),
            graded_by,
            solution_seen: knew_solution,
            evidence: evidence(knew_solution, graded_by == GradedBy::Student, correct),
            ease: ease.logits,
            practice: ease.practice,
            position,
            review_parameters: Some(review_parameters),
            time_spent_seconds,
            created_at,
        }
    }
}

/// Default for attempts that were recorded before the mastery model existed.
fn no_evidence() -> Evidence {
    Evidence::None
}

/// Whether a stored attempt leaves the number out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &f64) -> bool {
    number.abs() < f64::MIN_POSITIVE
}

/// Share of correct attempts, to two decimals.
#[must_use]
pub fn accuracy_rate(correct_attempts: u32, attempts: u32) -> f64 {
    rounded(ratio(correct_attempts as usize, attempts as usize).unwrap_or(0.0), 2)
}
