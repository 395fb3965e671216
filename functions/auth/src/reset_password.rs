//! `POST /api/auth/reset`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::NewPassword;
use shared::domain::mail::MailKind;
use shared::domain::mail::token::{LinkPurpose, TypedToken};
use shared::http::{Body, Json, LimitSubject, Limiter, Problem};
use shared::store::Reset;
use utoipa::ToSchema;

use crate::link_token::{account, invalid, used};
use crate::new_password::check_context;

/// Attempts when the account keeps changing meanwhile.
const ATTEMPTS_MAX: u32 = 4;

#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordReset {
    /// The token in the link of the mail.
    token: TypedToken,
    new_password: NewPassword,
}

impl Body for PasswordReset {
    const REQUIRED: &'static [&'static str] = &["token", "new_password"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PasswordSet {
    success: bool,
}

/// Sets a new password with the token of a mail and ends every session.
///
/// It opens no session: sign in with the new password. A refused password does not use up the token.
#[utoipa::path(
    post, path = "/api/auth/reset",
    request_body = PasswordReset,
    responses((status = 200, description = "The password is set; every session has ended.", body = PasswordSet)),
    extensions(("x-problems" = json!(["invalid_token"])))
)]
pub(crate) async fn reset_password(
    State(app): State<App>,
    limiter: Limiter,
    Json(request): Json<PasswordReset>,
) -> Result<axum::Json<PasswordSet>, Problem> {
    let token = request.token.parsed().map_err(|_| invalid())?;
    let now = app.now();
    let mut hashed = None;
    for attempt in 0..ATTEMPTS_MAX {
        let read = async { Ok::<_, Problem>(app.store.link_token(&token, LinkPurpose::Reset, now).await?) };
        let state = if attempt == 0 {
            // A key is derived only for a request within the limit and with a valid token.
            tokio::try_join!(read, limiter.admit(LimitSubject::default()))?.0
        } else {
            read.await?
        };
        let profile = account(state)?;
        check_context("new_password", &request.new_password, &profile.email, &profile.name)?;
        let new = match hashed.take() {
            Some(new) => new,
            None => app.hash_password(request.new_password.password().clone()).await?,
        };
        let notice = app.mail_to(&profile, MailKind::PasswordChanged);
        let with = (now, &*app.random);
        match app.store.reset_password(&profile, &token, &new, notice.as_ref(), with).await? {
            Reset::Done => return Ok(axum::Json(PasswordSet { success: true })),
            Reset::TokenGone => return Err(used()),
            Reset::Outdated => hashed = Some(new),
        }
    }
    Err(Problem::unavailable("the account kept changing"))
}
