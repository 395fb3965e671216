//! `POST /api/auth/login/factor`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::account::challenge::TypedChallenge;
use shared::domain::account::factor::TypedCode;
use shared::domain::account::session::Session;
use shared::domain::account::token::SessionToken;
use shared::domain::limits::LimitedAction;
use shared::domain::mail::MailKind;
use shared::http::{Body, Code, Json, LimitSubject, Limiter, Problem};
use shared::store::{Answered, Challenged};
use utoipa::ToSchema;

use crate::confirm_factor::wrong_code;
use crate::session_started::SessionStarted;

/// Attempts when the factor keeps changing meanwhile.
const ATTEMPTS_MAX: u32 = 4;

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorAnswer {
    /// The challenge of the login.
    challenge: TypedChallenge,
    /// A code of the app, or a recovery code.
    code: TypedCode,
}

impl Body for FactorAnswer {
    const REQUIRED: &'static [&'static str] = &["challenge", "code"];
}

/// Completes a login that needs a second factor, and creates its session.
///
/// A code works once, and a challenge until a right code was sent, for 5 minutes.
#[utoipa::path(
    post, path = "/api/auth/login/factor",
    request_body = FactorAnswer,
    responses((status = 200, description = "A new session. The token is in no later response.", body = SessionStarted)),
    extensions(("x-problems" = json!(["invalid_token", "invalid_code"])))
)]
pub(crate) async fn login_with_factor(
    State(app): State<App>,
    limiter: Limiter,
    Json(request): Json<FactorAnswer>,
) -> Result<axum::Json<SessionStarted>, Problem> {
    let challenge = request.challenge.parsed().ok_or_else(over)?;
    let user = challenge.user_id();
    let now = app.now();
    for attempt in 0..ATTEMPTS_MAX {
        let read = async { Ok::<_, Problem>(app.store.challenged(&challenge, now).await?) };
        let state =
            if attempt == 0 { tokio::try_join!(read, limiter.admit(LimitSubject::default()))?.0 } else { read.await? };
        let Challenged { factor, profile, tells_of_sign_in } = state.ok_or_else(over)?;
        // Counted before the code is looked at, and only for who knows the password: else anybody could exhaust it.
        limiter.admit_user_to(LimitedAction::FactorCode, user).await?;
        let keys = app.factor_keys().await?;
        let after = factor.after(&request.code, &keys, now).map_err(Problem::internal)?.ok_or_else(wrong_code)?;
        let token = SessionToken::new(user, app.random.bytes());
        let session = Session::open(user, profile.state.session_epoch, now);
        let hash = token.hash();
        let opened = (&session, &hash);
        let notice = if tells_of_sign_in { app.mail_to(&profile, MailKind::NewSignIn) } else { None };
        let notice = notice.as_ref().map(|notice| (&profile.email, notice));
        match app.store.answer_challenge(&challenge, (&factor, &after), opened, notice, &app.random).await? {
            Answered::Done => {}
            Answered::ChallengeGone => return Err(over()),
            Answered::Outdated => continue,
        }
        let (others, ()) = tokio::try_join!(async { Ok::<_, Problem>(app.store.sessions(user).await?) }, async {
            limiter.give_back(LimitedAction::FactorCode).await;
            Ok(())
        },)?;
        app.store.keep_newest(opened, others).await?;
        let profile = app.store.with_month_of_plan(profile, now).await?;
        return Ok(axum::Json(SessionStarted::of(profile, &token, now)));
    }
    Err(Problem::unavailable("the account kept changing"))
}

/// The challenge is unknown, was answered, or has expired.
fn over() -> Problem {
    Problem::new(Code::InvalidToken, "The sign-in was completed or has expired; sign in again.")
}
