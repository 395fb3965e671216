//! `POST /api/auth/notices/unsubscribe`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::mail::notices::OptionalNotice;
use shared::domain::mail::token::{LinkPurpose, TypedToken};
use shared::http::{Body, Code, LimitSubject, Limiter, Problem, Query};
use shared::store::LinkTokenState;
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Unsubscription {
    /// The token of the mail's header.
    token: TypedToken,
    /// The notice to turn off.
    kind: OptionalNotice,
}

impl Body for Unsubscription {
    const REQUIRED: &'static [&'static str] = &["token", "kind"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Unsubscribed {
    success: bool,
    kind: OptionalNotice,
    enabled: bool,
}

/// Turns an optional notice off, with the token in the header of a mail (RFC 8058).
///
/// It needs no session: mail programs send it. A body is ignored. A repetition gets the same answer.
#[utoipa::path(
    post, path = "/api/auth/notices/unsubscribe",
    params(Unsubscription),
    responses((status = 200, description = "The notice is off; `PATCH /api/auth/notices` turns it on again.", body = Unsubscribed)),
    extensions(("x-problems" = json!(["invalid_token"])))
)]
pub(crate) async fn unsubscribe(
    State(app): State<App>,
    limiter: Limiter,
    Query(request): Query<Unsubscription>,
) -> Result<axum::Json<Unsubscribed>, Problem> {
    let token = request.token.parsed().map_err(|_| invalid())?;
    let now = app.now();
    let read = async { Ok::<_, Problem>(app.store.link_token(&token, LinkPurpose::Unsubscribe, now).await?) };
    let (state, ()) = tokio::try_join!(read, limiter.admit(LimitSubject::default()))?;
    let LinkTokenState::Valid(profile) = state else { return Err(invalid()) };
    let mut off = profile.notices_off.clone();
    if off.insert(request.kind) && !app.store.set_notices_off(&profile, &off, now).await? {
        return Err(invalid());
    }
    Ok(axum::Json(Unsubscribed { success: true, kind: request.kind, enabled: false }))
}

fn invalid() -> Problem {
    Problem::new(Code::InvalidToken, "The link is wrong or has expired; sign in to choose which mails you get.")
}
