//! `GET /api/courses/{id}/stats`

use axum::extract::State;
use shared::app::{App, active_course};
use shared::domain::catalog::CourseStats;
use shared::domain::id::CourseId;
use shared::http::{Catalogue, Claim, Path, Problem};

/// Returns the numbers of exams, questions and topics of a course.
#[utoipa::path(
    get, path = "/api/courses/{id}/stats",
    params(("id" = CourseId, Path)),
    responses((status = 200, description = "The numbers of the course.", body = CourseStats), (status = 304))
)]
pub(crate) async fn show_stats(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
) -> Result<Catalogue<CourseStats>, Problem> {
    let (_, course) = claim.with(active_course(&app, &id)).await?;
    Ok(Catalogue(course.stats))
}
