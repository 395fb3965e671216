//! `GET /api/midterm`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::id::CourseId;
use shared::domain::midterm::MidtermId;
use shared::domain::time::in_answer;
use shared::http::page::{Cursor, Limit};
use shared::http::{Body, Claim, Problem, Query};
use shared::store::MidtermSummary;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::sheet::difficulty;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

impl Body for Page {
    const REQUIRED: &'static [&'static str] = &[];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MidtermList {
    midterms: Vec<Row>,
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = MidtermRow)]
struct Row {
    midterm_id: MidtermId,
    course_id: CourseId,
    difficulty: &'static str,
    question_count: usize,
    points: f64,
    minutes: f64,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
}

impl From<MidtermSummary> for Row {
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
    params(Page),
    responses((status = 200, body = MidtermList))
)]
pub(crate) async fn list_midterms(
    State(app): State<App>,
    claim: Claim,
    Query(page): Query<Page>,
) -> Result<axum::Json<MidtermList>, Problem> {
    let before = page.cursor.as_ref().map(midterm_of).transpose()?;
    let limit = page.limit.unwrap_or_default().get();
    let (_, page) = claim.with(app.store.midterms_before(claim.user_id(), before, limit)).await?;
    let last = page.midterms.last().filter(|_| page.has_more);
    let next_cursor = last.map(|midterm| Cursor::encode(&midterm.id.0.to_string()));
    Ok(axum::Json(MidtermList { midterms: page.midterms.into_iter().map(Row::from).collect(), next_cursor }))
}

fn midterm_of(cursor: &Cursor) -> Result<MidtermId, Problem> {
    let id = Uuid::try_parse(cursor.place()).map(MidtermId);
    id.map_err(|_| Problem::invalid_field("cursor", "must be the `next_cursor` of an earlier page"))
}
