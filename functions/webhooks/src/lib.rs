//! The `webhooks` group: Stripe events.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use utoipa::OpenApi;

mod receive_event;
mod signed_event;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("webhooks").handle("receive_event", receive_event::receive_event).build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(receive_event::receive_event))]
pub struct Contract;
