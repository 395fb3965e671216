//! `POST /api/auth/forgot`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::mail::MailKind;
use shared::http::{Body, Json, LimitSubject, Limiter, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct ForgottenPassword {
    email: Email,
}

impl Body for ForgottenPassword {
    const REQUIRED: &'static [&'static str] = &["email"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ResetRequested {
    success: bool,
}

/// Sends a mail with a link to set a new password, if an account has this email.
///
/// Every email gets the same answer after the same work. The link works once, within 30 minutes, and replaces earlier ones.
/// At most one mail a minute is sent to an address; a request in between changes nothing.
#[utoipa::path(
    post, path = "/api/auth/forgot",
    request_body = ForgottenPassword,
    responses((status = 200, description = "A mail will be sent if an account has this email.", body = ResetRequested))
)]
pub(crate) async fn forgot_password(
    State(app): State<App>,
    limiter: Limiter,
    Json(request): Json<ForgottenPassword>,
) -> Result<axum::Json<ResetRequested>, Problem> {
    if !app.sends_mail() {
        return Err(Problem::unavailable("mail is not set up"));
    }
    // Nothing is looked up here: the sender of mail finds out whether anybody has this email. So nothing in this request
    // depends on it, not even its time.
    let mailbox = Mailbox::of(request.email);
    limiter.admit(LimitSubject { user: None, email: Some(mailbox.normal().as_str()) }).await?;
    app.store.ask_for_mail(&app.mail_to_address(mailbox.exact(), MailKind::Reset)).await?;
    Ok(axum::Json(ResetRequested { success: true }))
}
