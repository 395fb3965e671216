//! A sitting as returned by the API.

use jiff::Timestamp;
use serde::Serialize;
use shared::domain::midterm::MidtermId;
use shared::domain::midterm::sitting::{HandedIn, Sitting};
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
