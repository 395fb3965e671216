//! The `analysis` group: statistics of a course's past exams.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod show_analysis;
mod show_detailed_analysis;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("analysis")
        .handle("show_analysis", show_analysis::show_analysis)
        .handle("show_detailed_analysis", show_detailed_analysis::show_detailed_analysis)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(show_analysis::show_analysis, show_detailed_analysis::show_detailed_analysis))]
pub struct Contract;
