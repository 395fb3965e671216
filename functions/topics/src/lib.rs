//! The `topics` group: topics of a course.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod list_open_topics;
mod list_public_topics;
mod list_topics;
mod show_public_topic;
mod show_topic;
mod topic_page;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("topics")
        .handle("list_topics", list_topics::list_topics)
        .handle("show_topic", show_topic::show_topic)
        .handle("list_public_topics", list_public_topics::list_public_topics)
        .handle("list_open_topics", list_open_topics::list_open_topics)
        .handle("show_public_topic", show_public_topic::show_public_topic)
        .build(app)
}

/// The OpenAPI description of the group.
#[derive(OpenApi)]
#[openapi(paths(
    list_topics::list_topics,
    show_topic::show_topic,
    list_public_topics::list_public_topics,
    list_open_topics::list_open_topics,
    show_public_topic::show_public_topic
))]
pub struct Contract;
