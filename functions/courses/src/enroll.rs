//! `POST /api/courses/{id}/enroll`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::{App, active_course};
use shared::domain::id::CourseId;
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::time::in_answer;
use shared::http::{Claim, OnceWithoutBody, Path, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct Enrolled {
    success: bool,
    #[serde(serialize_with = "in_answer")]
    enrolled_at: Timestamp,
}

/// Enrols the user in a course. Idempotent: a repeated request returns the same response. `Idempotency-Key` is accepted
/// but not required.
#[utoipa::path(
    post, path = "/api/courses/{id}/enroll",
    params(("id" = CourseId, Path), ("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses((status = 200, description = "The user is enrolled.", body = Enrolled)),
    extensions(("x-problems" = json!(["invalid_json", "unsupported_media_type"])))
)]
pub(crate) async fn enroll(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
    _: OnceWithoutBody,
) -> Result<axum::Json<Enrolled>, Problem> {
    let (user, course) = claim.with(active_course(&app, &id)).await?;
    let enrolled_at = app.store.enroll(user.profile.id, &course.id, app.now()).await?;
    Ok(axum::Json(Enrolled { success: true, enrolled_at }))
}
