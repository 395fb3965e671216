//! `POST /api/auth/verify`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::mail::token::{LinkPurpose, TypedToken};
use shared::http::{Body, Json, LimitSubject, Limiter, Problem};
use utoipa::ToSchema;

use crate::link_token::{account, invalid};

#[derive(Deserialize, ToSchema)]
pub(crate) struct Verification {
    /// The token in the link of the mail.
    token: TypedToken,
}

impl Body for Verification {
    const REQUIRED: &'static [&'static str] = &["token"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EmailVerified {
    success: bool,
    email_verified: bool,
}

/// Confirms the email of an account with the token of a mail.
///
/// It needs no session, because the mail may be read on another device. A repetition gets the same answer.
#[utoipa::path(
    post, path = "/api/auth/verify",
    request_body = Verification,
    responses((status = 200, description = "The email is verified.", body = EmailVerified)),
    extensions(("x-problems" = json!(["invalid_token"])))
)]
pub(crate) async fn verify_email(
    State(app): State<App>,
    limiter: Limiter,
    Json(request): Json<Verification>,
) -> Result<axum::Json<EmailVerified>, Problem> {
    let token = request.token.parsed().map_err(|_| invalid())?;
    let now = app.now();
    let read = async { Ok(app.store.link_token(&token, LinkPurpose::Verify, now).await?) };
    let (state, ()) = tokio::try_join!(read, limiter.admit(LimitSubject::default()))?;
    let profile = account(state)?;
    let is_verified = !profile.email_unverified || app.store.verify_email(&profile, now).await?;
    if !is_verified {
        return Err(invalid());
    }
    Ok(axum::Json(EmailVerified { success: true, email_verified: true }))
}
