//! `GET /`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = ServiceStatus)]
pub(crate) struct Service {
    name: &'static str,
    version: &'static str,
    environment: String,
    status: &'static str,
}

impl Service {
    pub(crate) fn of(app: &App) -> Self {
        Self {
            name: "pastpaper",
            version: env!("CARGO_PKG_VERSION"),
            environment: app.config.stage.clone(),
            status: "healthy",
        }
    }
}

/// Returns the name, version and environment of the service. It does not check the database.
#[utoipa::path(
    get, path = "/",
    responses((status = 200, description = "The service runs.", body = Service))
)]
pub(crate) async fn show_status(State(app): State<App>) -> axum::Json<Service> {
    axum::Json(Service::of(&app))
}
