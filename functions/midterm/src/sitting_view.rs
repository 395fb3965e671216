//! A sitting as returned by the API.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::id::CourseId;
use shared::domain::midterm::MidtermId;
use shared::domain::midterm::sitting::{HandedIn, ReviewTopic, SatQuestion, Sitting, Totals};
use shared::domain::time::{in_answer, shown};
use utoipa::ToSchema;

/// A sitting of a midterm.
#[derive(Serialize, ToSchema)]
#[schema(as = Sitting)]
pub(crate) struct SittingView {
    #[serde(serialize_with = "in_answer")]
    started_at: Timestamp,
    /// The end of the time. Answers that come until 30 seconds after it are in time.
    #[serde(serialize_with = "in_answer")]
    deadline: Timestamp,
    /// The time of the service, so that a client can show the time left whatever its own clock says.
    #[serde(serialize_with = "in_answer")]
    now: Timestamp,
    /// When the answers were handed in; null while the sitting runs.
    handed_in_at: Option<String>,
    /// Whether the answers came after the deadline; of a sitting that runs, whether they would be now.
    late: bool,
}

impl SittingView {
    pub(crate) fn of(sitting: &Sitting, now: Timestamp) -> Self {
        let open = HandedIn { at: now, questions: Vec::new() };
        let handed_in = sitting.handed_in.as_ref();
        Self {
            started_at: sitting.started_at,
            deadline: sitting.deadline,
            now,
            handed_in_at: handed_in.map(|handed_in| shown(handed_in.at)),
            late: handed_in.unwrap_or(&open).is_late(sitting.deadline),
        }
    }
}

/// A started sitting.
#[derive(Serialize, ToSchema)]
pub(crate) struct StartedMidterm {
    midterm_id: MidtermId,
    sitting: SittingView,
}

impl StartedMidterm {
    pub(crate) fn of(sitting: &Sitting, now: Timestamp) -> Self {
        Self { midterm_id: sitting.midterm_id, sitting: SittingView::of(sitting, now) }
    }
}

/// The result of a sitting.
#[derive(Serialize, ToSchema)]
pub(crate) struct SittingResult {
    midterm_id: MidtermId,
    course_id: CourseId,
    #[serde(serialize_with = "in_answer")]
    started_at: Timestamp,
    #[serde(serialize_with = "in_answer")]
    deadline: Timestamp,
    #[serde(serialize_with = "in_answer")]
    handed_in_at: Timestamp,
    /// Whether the answers came more than 30 seconds after the deadline. They are marked all the same.
    pub(crate) late: bool,
    /// Seconds from the start to the hand-in.
    pub(crate) seconds: i64,
    /// Seconds that the student had.
    pub(crate) seconds_allowed: i64,
    /// Points of the midterm.
    pub(crate) points: f64,
    pub(crate) earned: f64,
    /// Points of answers that only the student can mark.
    pub(crate) unmarked: f64,
    /// Share of the marked points, in percent; null if nothing is marked.
    pub(crate) percent: Option<f64>,
    /// In the order of the midterm.
    pub(crate) questions: Vec<SatQuestion>,
    /// What to review: topics by the points that they cost, the most expensive first.
    pub(crate) review: Vec<ReviewTopic>,
}

impl SittingResult {
    /// The result of a sitting that was handed in.
    pub(crate) fn of(sitting: Sitting) -> Option<Self> {
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
