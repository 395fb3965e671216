//! `GET /api/courses/{id}`

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use shared::app::App;
use shared::domain::catalog::{CourseStats, row_with_extra_columns};
use shared::domain::id::CourseId;
use shared::http::{Catalogue, Claim, Path, Problem, active_course};

use crate::course_view::CourseView;

#[derive(Serialize)]
pub(crate) struct CourseAnswer {
    course: WholeCourse,
}

#[derive(Serialize)]
struct WholeCourse {
    #[serde(flatten)]
    course: CourseView,
    topics: Vec<Value>,
    stats: CourseStats,
}

/// A course with its topics and numbers.
pub(crate) async fn show_course(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<CourseId>,
) -> Result<Catalogue<CourseAnswer>, Problem> {
    let enrolled = async { app.store.is_enrolled(claim.user_id(), &id).await.map_err(Problem::from) };
    let reads = async { tokio::try_join!(active_course(&app, &id), enrolled) };
    let (_, (course, is_enrolled)) = claim.with(reads).await?;
    let bank = app.store.bank(&course).await?;
    let topics = bank.topics.iter().map(row_with_extra_columns).collect();
    let stats = course.stats;
    let course = WholeCourse { course: CourseView::of(&course, is_enrolled), topics, stats };
    Ok(Catalogue(CourseAnswer { course }))
}
