//! `GET /api/courses/{id}`

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::app::{App, CourseError, active_course};
use shared::domain::catalog::{CourseStats, Topic, row_with_extra_columns};
use shared::domain::id::CourseId;
use shared::http::{Catalogue, Claim, Path, Problem};
use utoipa::ToSchema;

use crate::course_view::CourseView;

#[derive(Serialize, ToSchema)]
pub(crate) struct CourseAnswer {
    course: WholeCourse,
}

#[derive(Serialize, ToSchema)]
struct WholeCourse {
    #[serde(flatten)]
    course: CourseView,
    #[schema(value_type = Vec<Topic>)]
    topics: Vec<Value>,
    stats: CourseStats,
}

/// Returns a course with its topics and statistics.
#[utoipa::path(
    get, path = "/api/courses/{id}",
    params(("id" = CourseId, Path)),
    responses((status = 200, description = "The course.", body = CourseAnswer), (status = 304))
)]
pub(crate) async fn show_course(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
) -> Result<Catalogue<CourseAnswer>, Problem> {
    let enrolled = async { app.store.is_enrolled(claim.user_id(), &id).await.map_err(CourseError::from) };
    let reads = async { tokio::try_join!(active_course(&app, &id), enrolled) };
    let (_, (course, is_enrolled)) = claim.with(reads).await?;
    let bank = app.store.bank(&course).await?;
    let topics = bank.topics_in_order().into_iter().map(row_with_extra_columns).collect();
    let stats = course.stats;
    let course = WholeCourse { course: CourseView::of(&course, is_enrolled), topics, stats };
    Ok(Catalogue(CourseAnswer { course }))
}
