//! The `analysis` group: what past exams say of a course.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;

mod show_analysis;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("analysis").handle("show_analysis", show_analysis::show_analysis).build(app)
}
