//! `POST /api/auth/email/confirm`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::mail::MailKind;
use shared::domain::mail::token::{LinkPurpose, TypedToken};
use shared::http::{Body, Code, Json, LimitSubject, Limiter, Problem};
use shared::store::EmailChange;
use utoipa::ToSchema;

use crate::link_token::{account, invalid, used};

/// Attempts when the account keeps changing meanwhile.
pub(crate) const ATTEMPTS_MAX: u32 = 4;

#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailConfirmation {
    /// The token in the link of the mail.
    token: TypedToken,
}

impl Body for EmailConfirmation {
    const REQUIRED: &'static [&'static str] = &["token"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EmailConfirmed {
    success: bool,
    /// The email of the account from now on.
    email: Email,
}

/// Gives an account the email that its user asked for, with the token of the mail to that email.
///
/// It needs no session, because the mail may be read on another device. Sessions go on. The former email gets a mail with a
/// link that undoes the change.
#[utoipa::path(
    post, path = "/api/auth/email/confirm",
    request_body = EmailConfirmation,
    responses((status = 200, description = "The account has the new email.", body = EmailConfirmed)),
    extensions(("x-problems" = json!(["invalid_token", "email_taken"])))
)]
pub(crate) async fn confirm_email(
    State(app): State<App>,
    limiter: Limiter,
    Json(request): Json<EmailConfirmation>,
) -> Result<axum::Json<EmailConfirmed>, Problem> {
    let token = request.token.parsed().map_err(|_| invalid())?;
    let now = app.now();
    for attempt in 0..ATTEMPTS_MAX {
        let read = async { Ok::<_, Problem>(app.store.link_token(&token, LinkPurpose::ConfirmEmail, now).await?) };
        let state =
            if attempt == 0 { tokio::try_join!(read, limiter.admit(LimitSubject::default()))?.0 } else { read.await? };
        let profile = account(state)?;
        let new = profile.new_email.as_ref().map(|new| new.email.clone()).ok_or_else(invalid)?;
        let credential = app.store.credential(&profile.email).await?;
        let Some(credential) = credential.filter(|credential| credential.user_id == profile.id) else { continue };
        let notice = app.mail_to(&profile, MailKind::EmailChanged);
        let undo_until = now.as_second() + LinkPurpose::UndoEmail.ttl_seconds();
        let (notice, with) = ((notice.as_ref(), undo_until), (now, &*app.random));
        match app.store.confirm_email((&profile, &new), credential, &token, notice, with).await? {
            EmailChange::Done => return Ok(axum::Json(EmailConfirmed { success: true, email: new })),
            EmailChange::Taken => {
                return Err(Problem::new(Code::EmailTaken, "Another account has this email by now."));
            }
            EmailChange::TokenGone => return Err(used()),
            // Whoever has the token reads the mail of this email, so what it holds is theirs.
            EmailChange::Held => app.store.give_held(*profile, &new, (now, &app.random)).await?,
            EmailChange::Outdated => {}
        }
    }
    Err(Problem::unavailable("the account kept changing"))
}
