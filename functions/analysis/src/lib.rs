//! The `analysis` group. It has no routes yet: every path is a problem+json 404.

use axum::Router;
use shared::app::App;
use shared::http::routes::Routes;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("analysis").build(app)
}
