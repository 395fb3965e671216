//! The result of a sitting as returned by the API.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::MidtermId;
use super::sitting::{ReviewTopic, SatQuestion, Sitting, Totals};
use crate::domain::id::CourseId;
use crate::domain::time::in_answer;

/// The result of a sitting.
#[derive(Serialize, ToSchema)]
pub struct SittingResult {
    midterm_id: MidtermId,
    course_id: CourseId,
    #[serde(serialize_with = "in_answer")]
    started_at: Timestamp,
    #[serde(serialize_with = "in_answer")]
    deadline: Timestamp,
    #[serde(serialize_with = "in_answer")]
    handed_in_at: Timestamp,
    /// Whether the answers came more than 30 seconds after the deadline. They are marked all the same.
    pub late: bool,
    /// Seconds from the start to the hand-in.
    pub seconds: i64,
    /// Seconds that the student had.
    pub seconds_allowed: i64,
    /// Points of the midterm.
    pub points: f64,
    pub earned: f64,
    /// Points of answers that only the student can mark.
    pub unmarked: f64,
    /// Share of the marked points, in percent; null if nothing is marked.
    pub percent: Option<f64>,
    /// In the order of the midterm.
    pub questions: Vec<SatQuestion>,
    /// What to review: topics by the points that they cost, the most expensive first.
    pub review: Vec<ReviewTopic>,
}

impl SittingResult {
    /// The result of a sitting that was handed in.
    #[must_use]
    pub fn of(sitting: Sitting) -> Option<Self> {
        let Sitting { midterm_id, course_id, started_at, deadline, handed_in } = sitting;
        let handed_in = handed_in?;
        let Totals { points, earned, unmarked, percent } = handed_in.totals();
        let between = |from: Timestamp, to: Timestamp| (to.as_second() - from.as_second()).max(0);
        Some(Self {
            midterm_id,
            course_id,
            started_at,
            deadline,
            handed_in_at: handed_in.at,
            late: handed_in.is_late(deadline),
            seconds: between(started_at, handed_in.at),
            seconds_allowed: between(started_at, deadline),
            points,
            earned,
            unmarked,
            percent,
            review: handed_in.review(),
            questions: handed_in.questions,
        })
    }
}
