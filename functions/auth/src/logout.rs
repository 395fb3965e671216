//! `POST /api/auth/logout`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::http::{Claim, Problem};
use shared::store::Closed;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct LoggedOut {
    success: bool,
}

/// Ends the session. The delete itself tells whether there was one: one round trip. It is counted and never refused:
/// a session ends once, and whoever asked too much may leave all the same.
#[utoipa::path(
    post, path = "/api/auth/logout",
    responses((status = 200, body = LoggedOut))
)]
pub(crate) async fn logout(State(app): State<App>, claim: Claim) -> Result<axum::Json<LoggedOut>, Problem> {
    let (ended, _) = tokio::join!(app.store.close_session(claim.token()), claim.admit());
    match ended? {
        Closed::Ended(session) if session.is_live(app.now()) => {}
        Closed::Perhaps => {}
        Closed::Ended(_) => return Err(claim.refuse(Problem::session_expired()).await),
        Closed::NothingThere => return Err(claim.refuse(Problem::unauthenticated()).await),
    }
    Ok(axum::Json(LoggedOut { success: true }))
}
