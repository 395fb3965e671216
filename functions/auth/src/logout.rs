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

/// Ends the current session.
#[utoipa::path(
    post, path = "/api/auth/logout",
    responses((status = 200, description = "The session has ended.", body = LoggedOut))
)]
pub(crate) async fn logout(State(app): State<App>, claim: Claim) -> Result<axum::Json<LoggedOut>, Problem> {
    // One round trip: the delete reports whether the session existed. The request counts towards the rate limit but is
    // never refused, because a rate-limited user must still be able to sign out.
    let (ended, _) = tokio::join!(app.store.close_session(claim.token()), claim.admit());
    match ended? {
        Closed::Ended(session) if session.is_live(app.now()) => {}
        Closed::Perhaps => {}
        Closed::Ended(_) => return Err(claim.refuse(Problem::session_expired()).await),
        Closed::NothingThere => return Err(claim.refuse(Problem::unauthenticated()).await),
    }
    Ok(axum::Json(LoggedOut { success: true }))
}
