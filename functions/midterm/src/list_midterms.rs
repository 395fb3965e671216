//! `GET /api/midterm`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::domain::id::CourseId;
use shared::domain::midterm::MidtermId;
use shared::domain::time::in_answer;
use shared::http::page::{PageQuery, next_cursor};
use shared::http::{Claim, Problem, Query};
use shared::store::MidtermSummary;
use utoipa::ToSchema;

use crate::sheet::difficulty;

#[derive(Serialize, ToSchema)]
pub(crate) struct MidtermList {
    midterms: Vec<MidtermRow>,
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct MidtermRow {
    midterm_id: MidtermId,
    course_id: CourseId,
    difficulty: &'static str,
    question_count: usize,
    points: f64,
    minutes: f64,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
}

impl From<MidtermSummary> for MidtermRow {
    fn from(summary: MidtermSummary) -> Self {
        Self {
            midterm_id: summary.id,
            course_id: summary.course_id,
            difficulty: difficulty(summary.level),
            question_count: summary.question_count,
            points: summary.points,
            minutes: summary.minutes,
            created_at: summary.created_at,
        }
    }
}

/// Lists the user's midterms, newest first.
#[utoipa::path(
    get, path = "/api/midterm",
    params(PageQuery),
    responses((status = 200, description = "One page of midterms, newest first.", body = MidtermList))
)]
pub(crate) async fn list_midterms(
    State(app): State<App>,
    claim: Claim,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<MidtermList>, Problem> {
    let before = query.before()?.map(MidtermId);
    let (_, page) = claim.with(app.store.midterms_before(claim.user_id(), before, query.limit())).await?;
    let next_cursor = next_cursor(&page, |midterm| midterm.id.0);
    let midterms = page.items.into_iter().map(MidtermRow::from).collect();
    Ok(axum::Json(MidtermList { midterms, next_cursor }))
}
