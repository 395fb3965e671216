//! `POST /api/auth/logout`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct LoggedOut {
    success: bool,
}

/// Ends the session. The delete itself tells whether there was one: one round trip.
#[utoipa::path(
    post, path = "/api/auth/logout",
    responses((status = 200, body = LoggedOut))
)]
pub(crate) async fn logout(State(app): State<App>, claim: Claim) -> Result<axum::Json<LoggedOut>, Problem> {
    let ended = app.store.close_session(claim.token()).await?.ok_or_else(Problem::unauthenticated)?;
    if !ended.is_live(app.now()) {
        return Err(Problem::session_expired());
    }
    Ok(axum::Json(LoggedOut { success: true }))
}
