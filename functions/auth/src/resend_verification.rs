//! `POST /api/auth/verify/resend`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::mail::MailKind;
use shared::http::{Claim, Code, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct VerificationRequested {
    success: bool,
    /// If true, the email is verified already, and no mail is sent.
    email_verified: bool,
}

/// Sends the mail of verification again. The link in an earlier mail no longer works then.
///
/// At most one mail a minute is sent; a request in between changes nothing.
#[utoipa::path(
    post, path = "/api/auth/verify/resend",
    responses((status = 200, description = "A mail will be sent, unless the email is verified.", body = VerificationRequested)),
    extensions(("x-problems" = json!(["email_undeliverable"])))
)]
pub(crate) async fn resend_verification(
    State(app): State<App>,
    claim: Claim,
) -> Result<axum::Json<VerificationRequested>, Problem> {
    let profile = claim.check().await?.profile;
    if !profile.email_unverified {
        return Ok(axum::Json(VerificationRequested { success: true, email_verified: true }));
    }
    if !app.sends_mail() {
        return Err(Problem::unavailable("mail is not set up"));
    }
    let mail = app.mail_to(&profile, MailKind::Verify).ok_or_else(|| {
        let detail = "No mail can be sent to this email: it is not plain ASCII before the @, or it rejected mail. Contact support.";
        Problem::new(Code::EmailUndeliverable, detail)
    })?;
    app.store.ask_for_mail(&mail).await?;
    Ok(axum::Json(VerificationRequested { success: true, email_verified: false }))
}
