//! The `courses` group: courses, their exams and statistics, and the status of the service.

use axum::Router;
use shared::app::App;
use shared::domain::idempotency::IdempotencyKey;
use shared::http::Routes;
use utoipa::OpenApi;

mod course_view;
mod enroll;
mod list_courses;
mod list_exams;
mod show_course;
mod show_health;
mod show_stats;
mod show_status;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("courses")
        .handle("show_status", show_status::show_status)
        .handle("show_health", show_health::show_health)
        .handle("list_courses", list_courses::list_courses)
        .handle("show_course", show_course::show_course)
        .handle("list_exams", list_exams::list_exams)
        .handle("enroll", enroll::enroll)
        .handle("show_stats", show_stats::show_stats)
        .build(app)
}

/// The OpenAPI description of the group.
#[derive(OpenApi)]
#[openapi(
    paths(
        show_status::show_status,
        show_health::show_health,
        list_courses::list_courses,
        show_course::show_course,
        list_exams::list_exams,
        enroll::enroll,
        show_stats::show_stats
    ),
    components(schemas(IdempotencyKey))
)]
pub struct Contract;
