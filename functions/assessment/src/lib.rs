//! The `assessment` group: mastery by topic, what to study next, and what to see again.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod charts;
mod find_weak_topics;
mod plan_page;
mod progress_page;
mod show_progress;
mod show_review;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("assessment")
        .handle("find_weak_topics", find_weak_topics::find_weak_topics)
        .handle("show_progress", show_progress::show_progress)
        .handle("show_review", show_review::show_review)
        .build(app)
}

/// The OpenAPI description of the group.
#[derive(OpenApi)]
#[openapi(paths(find_weak_topics::find_weak_topics, show_progress::show_progress, show_review::show_review))]
pub struct Contract;
