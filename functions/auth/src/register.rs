//! `POST /api/auth/register`

use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use shared::app::App;
use shared::domain::account::mailbox::{NewEmail, NewName};
use shared::domain::account::profile::Profile;
use shared::domain::account::session::Session;
use shared::domain::account::token::SessionToken;
use shared::domain::account::{Name, NewPassword};
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{Settlement, Wallet};
use shared::domain::id::{EntryId, UserId};
use shared::domain::mail::MailKind;
use shared::domain::mail::language::Language;
use shared::http::{Body, Code, Json, LimitSubject, Limiter, Problem};
use shared::store::{NewAccount, OpenAccountError};
use utoipa::ToSchema;

use crate::new_password::check_context;
use crate::session_started::SessionStarted;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[serde(default)]
    name: NewName,
    email: NewEmail,
    password: NewPassword,
}

impl Body for Registration {
    const REQUIRED: &'static [&'static str] = &["email", "password"];
}

/// Creates an account with the signup bonus, and a session for it. A mail asks the user to confirm the address.
///
/// `Accept-Language` decides the language of mails.
#[utoipa::path(
    post, path = "/api/auth/register",
    request_body = Registration,
    responses(
        (
            status = 200,
            description = "The account and its first session. The token is in no later response.",
            body = SessionStarted
        )
    ),
    extensions(("x-problems" = json!(["email_taken"])))
)]
pub(crate) async fn register(
    State(app): State<App>,
    limiter: Limiter,
    headers: HeaderMap,
    Json(new): Json<Registration>,
) -> Result<axum::Json<SessionStarted>, Problem> {
    let (mailbox, name) = (new.email.mailbox(), Name::from(new.name));
    let email = mailbox.normal();
    check_context("password", &new.password, email, &name)?;
    limiter.admit(LimitSubject { user: None, email: Some(email.as_str()) }).await?;
    let password_hash = app.hash_password_before(limiter, new.password.password().clone()).await?;
    let now = app.now();
    let user_id = UserId(app.random.uuid_v4());
    let Settlement { wallet, movements } = Wallet::open(now, app.terms());
    let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let profile = Profile {
        // Where no mail is sent, nobody could verify an email.
        email_unverified: app.sends_mail(),
        language: Language::accepted(accepted),
        only_purchases: true,
        ..Profile::open(user_id, email.clone(), name, wallet, now)
    };
    let mail = app.mail_to(&profile, MailKind::Verify);
    let [bonus] = movements.as_slice() else { return Err(Problem::internal("an account opens with one entry")) };
    let bonus = Entry::of(bonus, EntryId::new(1, now, app.random.bytes()), user_id, 1, now);
    let token = SessionToken::new(user_id, app.random.bytes());
    let session = Session::open(user_id, 0, now);
    let account = NewAccount {
        profile: &profile,
        password_hash,
        bonus: &bonus,
        session: (&session, &token.hash()),
        mail: mail.as_ref(),
        other_forms: &mailbox.other_forms(),
    };
    let profile = app.store.open_account(account, &app.random).await.map_err(|error| match error {
        OpenAccountError::EmailTaken => Problem::new(Code::EmailTaken, "An account with this email exists; sign in."),
        OpenAccountError::AlreadyThere | OpenAccountError::CustomerTaken => Problem::internal(error),
        OpenAccountError::Store(error) => error.into(),
    })?;
    Ok(axum::Json(SessionStarted::of(profile, &token, now)))
}
