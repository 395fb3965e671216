//! `POST /api/auth/password`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::password::PasswordMatch;
use shared::domain::account::{NewPassword, Password};
use shared::domain::mail::MailKind;
use shared::http::{Body, Claim, Code, Json, Problem};
use shared::store::PasswordChange;
use utoipa::ToSchema;

use crate::new_password::check_context;

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordRequest {
    current_password: Password,
    new_password: NewPassword,
}

impl Body for PasswordRequest {
    const REQUIRED: &'static [&'static str] = &["current_password", "new_password"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordChanged {
    success: bool,
}

/// Sets a new password and ends every other session.
#[utoipa::path(
    post, path = "/api/auth/password",
    request_body = PasswordRequest,
    responses(
        (
            status = 200,
            description = "The password is changed, and all other sessions have ended.",
            body = PasswordChanged
        )
    ),
    extensions(("x-problems" = json!(["invalid_credentials"])))
)]
pub(crate) async fn change_password(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<PasswordRequest>,
) -> Result<axum::Json<PasswordChanged>, Problem> {
    let profile = claim.check().await?.profile;
    check_context("new_password", &request.new_password, &profile.email, &profile.name)?;
    let wrong = || Problem::new(Code::InvalidCredentials, "The current password is wrong.");
    let credential = app.store.credential(&profile.email).await?;
    let credential = credential.filter(|credential| credential.user_id == profile.id).ok_or_else(wrong)?;
    let stored = Some(credential.password_hash.clone());
    if app.verify_password(claim.limiter(), request.current_password, stored).await? == PasswordMatch::Wrong {
        return Err(wrong());
    }
    let new = app.hash_password(request.new_password.password().clone()).await?;
    let notice = app.mail_to(&profile, MailKind::PasswordChanged);
    let (kept, with) = (claim.token().hash(), (app.now(), &*app.random));
    let done = app.store.change_password(&profile, &credential, &new, &kept, notice.as_ref(), with).await?;
    match done {
        PasswordChange::Done => Ok(axum::Json(PasswordChanged { success: true })),
        PasswordChange::Outdated => Err(wrong()),
        PasswordChange::SessionGone => Err(Problem::unauthenticated()),
    }
}
