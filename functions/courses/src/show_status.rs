//! `GET /`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;

#[derive(Serialize)]
pub(crate) struct Service {
    name: &'static str,
    version: &'static str,
    environment: String,
    status: &'static str,
}

/// Who answers here. It reads nothing, so it says nothing of the table.
pub(crate) async fn show_status(State(app): State<App>) -> axum::Json<Service> {
    axum::Json(Service {
        name: "pastpaper",
        version: env!("CARGO_PKG_VERSION"),
        environment: app.config.stage.clone(),
        status: "healthy",
    })
}
