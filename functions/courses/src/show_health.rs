//! `GET /api/health`

use axum::extract::State;
use shared::app::App;

use crate::show_status::Service;

/// Returns the same as `GET /`. The old service's clients ask here.
#[utoipa::path(
    get, path = "/api/health",
    responses((status = 200, description = "The service runs.", body = Service))
)]
pub(crate) async fn show_health(State(app): State<App>) -> axum::Json<Service> {
    axum::Json(Service::of(&app))
}
