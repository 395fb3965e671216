//! `GET /api/courses`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::http::{Catalogue, Claim, Problem};
use utoipa::ToSchema;

use crate::course_view::CourseView;

#[derive(Serialize, ToSchema)]
pub(crate) struct CourseList {
    courses: Vec<CourseView>,
}

/// Lists the active courses by id.
#[utoipa::path(
    get, path = "/api/courses",
    responses((status = 200, description = "The active courses.", body = CourseList), (status = 304))
)]
pub(crate) async fn list_courses(State(app): State<App>, claim: Claim) -> Result<Catalogue<CourseList>, Problem> {
    let reads = async { tokio::try_join!(app.store.recent_courses(app.now()), app.store.enrollments(claim.user_id())) };
    let (_, (courses, enrolled)) = claim.with(reads).await?;
    let active = courses.iter().filter(|course| course.is_active);
    let courses = active.map(|course| {
        let is_enrolled = enrolled.contains(&course.id);
        CourseView::of(course, is_enrolled)
    });
    Ok(Catalogue(CourseList { courses: courses.collect() }))
}
