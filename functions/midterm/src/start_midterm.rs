//! `POST /api/midterm/{id}/start`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::midterm::MidtermId;
use shared::domain::midterm::sitting::Sitting;
use shared::http::fields::Whole;
use shared::http::{Body, Claim, Json, Path, Problem};
use utoipa::ToSchema;

use crate::sitting_view::StartedMidterm;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartMidterm {
    /// Replaces the time of the midterm, for students who have more or less of it.
    minutes: Option<Whole<1, 600>>,
}

impl Body for StartMidterm {
    const REQUIRED: &'static [&'static str] = &[];
}

/// Starts the sitting of a midterm, and with it the time.
///
/// A midterm has one sitting. If it was started before, also on another device, this returns that sitting with its deadline.
#[utoipa::path(
    post, path = "/api/midterm/{id}/start",
    request_body = StartMidterm,
    params(("id" = MidtermId, Path)),
    responses((status = 200, description = "The sitting.", body = StartedMidterm))
)]
pub(crate) async fn start_midterm(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<MidtermId>,
    Json(request): Json<StartMidterm>,
) -> Result<axum::Json<StartedMidterm>, Problem> {
    let user = claim.user_id();
    let (_, midterm) = claim.with(app.store.midterm(user, id)).await?;
    let midterm = midterm.ok_or_else(|| Problem::not_found("midterm"))?;
    let now = app.now();
    let sitting = Sitting::begin(&midterm, request.minutes.map(Whole::get), now);
    let sitting = app.store.start_sitting(user, sitting, &app.random).await?;
    Ok(axum::Json(StartedMidterm::of(&sitting, now)))
}
