//! `PATCH /api/auth/me`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::account::mailbox::{Mailbox, NewEmail, NewName};
use shared::domain::account::password::PasswordMatch;
use shared::domain::account::profile::{DatedEmail, Profile};
use shared::domain::account::{Name, Password};
use shared::domain::limits::LimitedAction;
use shared::domain::mail::token::LinkPurpose;
use shared::domain::mail::{Mail, MailKind, deliverable};
use shared::http::{Body, Claim, Code, Json, Problem};
use shared::store::AddressRequest;
use utoipa::ToSchema;

use crate::show_me::Me;

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MeUpdate {
    /// The new name; an empty text removes it. Null or absent: the name stays.
    #[serde(default)]
    name: Option<NewName>,
    /// The new email. A link in a mail to it confirms it; until then the account keeps its email. The current email
    /// withdraws an earlier request. Null or absent: the email stays.
    #[serde(default)]
    email: Option<NewEmail>,
    /// The user's password. Required with `email`.
    #[serde(default)]
    password: Option<Password>,
}

impl Body for MeUpdate {
    const REQUIRED: &'static [&'static str] = &[];
}

/// What becomes of the address.
enum Decision {
    Keep,
    Withdraw,
    Ask(DatedEmail, Box<Mail>),
}

/// Changes the name, and asks for another email.
///
/// The new email is confirmed with `POST /api/auth/email/confirm`. The former one is told then, and can undo the change for 7
/// days; meanwhile the email cannot be changed again.
#[utoipa::path(
    patch, path = "/api/auth/me",
    request_body = MeUpdate,
    responses((status = 200, description = "The user as `GET /api/auth/me` shows it.", body = Me)),
    extensions((
        "x-problems" =
            json!(["missing_field", "invalid_credentials", "email_taken", "email_changed_recently", "email_undeliverable"])
    ))
)]
pub(crate) async fn update_me(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<MeUpdate>,
) -> Result<axum::Json<Me>, Problem> {
    let profile = claim.check().await?.profile;
    let name = request.name.map(Name::from);
    let decision = match request.email {
        Some(email) => decide(&app, &claim, &profile, email.mailbox(), request.password).await?,
        None => Decision::Keep,
    };
    let address = match &decision {
        Decision::Keep => AddressRequest::Keep,
        Decision::Withdraw => AddressRequest::Withdraw,
        Decision::Ask(new, mail) => AddressRequest::Ask(new, mail),
    };
    let now = app.now();
    if name.is_none() && matches!(decision, Decision::Keep) {
        return Ok(axum::Json(Me::of(profile, now)));
    }
    let after = app.store.change_profile(&profile, name.as_ref(), address, (now, &*app.random)).await?;
    let after = after.ok_or_else(|| Problem::unavailable("the account changed meanwhile"))?;
    Ok(axum::Json(Me::of(after, now)))
}

/// Decides about another address. Each refusal comes after the password, so that a thief of a session learns nothing.
async fn decide(
    app: &App,
    claim: &Claim,
    profile: &Profile,
    mailbox: &Mailbox,
    password: Option<Password>,
) -> Result<Decision, Problem> {
    let password = password.ok_or_else(|| {
        Problem::new(Code::MissingField, "`password` is required with `email`.").with_member("field", "password")
    })?;
    let (own, other) = tokio::try_join!(app.store.credential(&profile.email), app.store.credential_of(mailbox))?;
    let stored = own.filter(|own| own.user_id == profile.id).map(|own| own.password_hash);
    if app.verify_password(claim.limiter(), password, stored).await? == PasswordMatch::Wrong {
        return Err(Problem::new(Code::InvalidCredentials, "The password is wrong; nothing was changed."));
    }
    if Mailbox::of(profile.email.clone()).normal() == mailbox.normal() {
        return Ok(Decision::Withdraw);
    }
    if !app.sends_mail() {
        return Err(Problem::unavailable("mail is not set up"));
    }
    if deliverable(mailbox.normal()).is_none() {
        let detail = "No mail can be sent to this email: the part before the @ must be plain ASCII.";
        return Err(Problem::new(Code::EmailUndeliverable, detail));
    }
    let now = app.now();
    if profile.former_email.as_ref().is_some_and(|former| former.is_meant_at(now)) {
        let detail = "The email was changed less than 7 days ago; the former one can still undo that.";
        return Err(Problem::new(Code::EmailChangedRecently, detail));
    }
    if other.is_some() {
        return Err(Problem::new(Code::EmailTaken, "Another account has this email."));
    }
    claim.admit_to(LimitedAction::EmailChange).await?;
    claim.admit_email_to(LimitedAction::EmailChangeAddress, mailbox.normal()).await?;
    let until = now.as_second() + LinkPurpose::ConfirmEmail.ttl_seconds();
    let new = DatedEmail { email: mailbox.normal().clone(), until };
    let mail = app.mail_to_other(profile, &new.email, MailKind::ConfirmEmail);
    Ok(Decision::Ask(new, Box::new(mail)))
}
