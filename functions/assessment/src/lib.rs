//! The `assessment` group: mastery by topic, and what to study next.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod find_weak_topics;
mod show_progress;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("assessment")
        .handle("find_weak_topics", find_weak_topics::find_weak_topics)
        .handle("show_progress", show_progress::show_progress)
        .build(app)
}

/// The OpenAPI description of the group.
#[derive(OpenApi)]
#[openapi(paths(find_weak_topics::find_weak_topics, show_progress::show_progress))]
pub struct Contract;
