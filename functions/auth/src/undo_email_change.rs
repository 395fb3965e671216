//! `POST /api/auth/email/undo`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::mail::MailKind;
use shared::domain::mail::token::{LinkPurpose, TypedToken};
use shared::http::{Body, Json, LimitSubject, Limiter, Problem};
use shared::store::EmailChange;
use utoipa::ToSchema;

use crate::confirm_email::ATTEMPTS_MAX;
use crate::link_token::{account, invalid, used};

#[derive(Deserialize, ToSchema)]
pub(crate) struct EmailUndoing {
    /// The token in the link of the mail.
    token: TypedToken,
}

impl Body for EmailUndoing {
    const REQUIRED: &'static [&'static str] = &["token"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EmailRestored {
    success: bool,
    /// The email of the account from now on.
    email: Email,
}

/// Gives an account its former email back, with the token of the mail that told of the change.
///
/// Every session ends, and no password works until a new one is set: a mail with a link for that is sent. Whoever changed
/// the email knew the password.
#[utoipa::path(
    post, path = "/api/auth/email/undo",
    request_body = EmailUndoing,
    responses((status = 200, description = "The account has its former email; every session has ended.", body = EmailRestored)),
    extensions(("x-problems" = json!(["invalid_token"])))
)]
pub(crate) async fn undo_email_change(
    State(app): State<App>,
    limiter: Limiter,
    Json(request): Json<EmailUndoing>,
) -> Result<axum::Json<EmailRestored>, Problem> {
    let token = request.token.parsed().map_err(|_| invalid())?;
    let now = app.now();
    for attempt in 0..ATTEMPTS_MAX {
        let read = async { Ok::<_, Problem>(app.store.link_token(&token, LinkPurpose::UndoEmail, now).await?) };
        let state =
            if attempt == 0 { tokio::try_join!(read, limiter.admit(LimitSubject::default()))?.0 } else { read.await? };
        let profile = account(state)?;
        let former = profile.former_email.as_ref().map(|former| former.email.clone()).ok_or_else(invalid)?;
        let mail = app.mail_to_address(&former, MailKind::Reset);
        match app.store.undo_email((&profile, &former), &token, &mail, (now, &*app.random)).await? {
            EmailChange::Done => return Ok(axum::Json(EmailRestored { success: true, email: former })),
            EmailChange::TokenGone => return Err(used()),
            EmailChange::Taken | EmailChange::Held | EmailChange::Outdated => {}
        }
    }
    Err(Problem::unavailable("the account kept changing"))
}
