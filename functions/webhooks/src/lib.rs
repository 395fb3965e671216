//! The `webhooks` group. It has no routes yet: every path is a problem+json 404.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;
use utoipa::OpenApi;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("webhooks").build(app)
}

/// The group's part of the contract.
#[derive(OpenApi)]
#[openapi()]
pub struct Contract;
