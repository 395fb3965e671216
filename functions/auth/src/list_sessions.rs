//! `GET /api/auth/sessions`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::domain::account::session::SessionId;
use shared::domain::time::in_answer;
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<SessionView>,
}

#[derive(Serialize, ToSchema)]
struct SessionView {
    id: SessionId,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
    #[serde(serialize_with = "in_answer")]
    expires_at: Timestamp,
    current: bool,
}

/// Lists the user's active sessions, newest first.
#[utoipa::path(
    get, path = "/api/auth/sessions",
    responses((status = 200, description = "The sessions of the user.", body = SessionList))
)]
pub(crate) async fn list_sessions(State(app): State<App>, claim: Claim) -> Result<axum::Json<SessionList>, Problem> {
    let (user, mut sessions) = claim.with(app.store.sessions(claim.user_id())).await?;
    let (now, own) = (app.now(), claim.token().hash());
    sessions.retain(|(_, session)| session.is_live(now) && session.epoch == user.session.epoch);
    sessions.sort_by(|(a, older), (b, newer)| (newer.created_at, a.as_str()).cmp(&(older.created_at, b.as_str())));
    let sessions = sessions.into_iter().map(|(hash, session)| SessionView {
        id: SessionId::of(&hash),
        created_at: session.created_at,
        expires_at: Timestamp::from_second(session.expires_at).unwrap_or(session.created_at),
        current: hash == own,
    });
    Ok(axum::Json(SessionList { sessions: sessions.collect() }))
}
