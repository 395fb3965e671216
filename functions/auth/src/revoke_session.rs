//! `DELETE /api/auth/sessions/{id}`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::account::session::SessionId;
use shared::http::{Claim, Path, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct Revoked {
    success: bool,
}

/// Ends one of the user's sessions. It may be the current one.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{id}",
    params(("id" = SessionId, Path)),
    responses((status = 200, description = "The session has ended.", body = Revoked))
)]
pub(crate) async fn revoke_session(
    State(app): State<App>,
    claim: Claim,
    Path(id): Path<SessionId>,
) -> Result<axum::Json<Revoked>, Problem> {
    let (user, found) = claim.with(app.store.session_of_id(claim.user_id(), &id)).await?;
    let is_live = |session: &shared::domain::account::session::Session| {
        session.is_live(app.now()) && session.epoch == user.session.epoch
    };
    let found = found.filter(|(_, session)| is_live(session));
    let (hash, _) = found.ok_or_else(|| Problem::not_found("session"))?;
    app.store.end_session(user.profile.id, &hash).await?;
    Ok(axum::Json(Revoked { success: true }))
}
