//! `POST /api/auth/login`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::account::challenge::{CHALLENGE_TTL_SECONDS, Challenge, StoredChallenge};
use shared::domain::account::mailbox::Mailbox;
use shared::domain::account::password::PasswordMatch;
use shared::domain::account::session::Session;
use shared::domain::account::token::SessionToken;
use shared::domain::account::{Email, Password};
use shared::domain::limits::LimitedAction;
use shared::http::{Body, Code, Json, LimitSubject, Limiter, Problem};
use shared::store::Credential;
use utoipa::ToSchema;

use crate::session_started::SessionStarted;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// Any text. A text that is not an email address gets the same answer as an unknown email.
    #[schema(min_length = 1, pattern = r"\S", examples("ada@example.org"))]
    email: String,
    password: Password,
}

impl Body for Credentials {
    const REQUIRED: &'static [&'static str] = &["email", "password"];
}

/// Creates a session.
///
/// An unknown email gets the same answer, after the same time, as a wrong password. If the user has a second factor, a right
/// password gets 401 `factor_required` with a challenge for `POST /api/auth/login/factor`.
#[utoipa::path(
    post, path = "/api/auth/login",
    request_body = Credentials,
    responses((status = 200, description = "A new session. The token is in no later response.", body = SessionStarted)),
    extensions(("x-problems" = json!(["invalid_credentials", "factor_required"])))
)]
pub(crate) async fn login(
    State(app): State<App>,
    limiter: Limiter,
    Json(typed): Json<Credentials>,
) -> Result<axum::Json<SessionStarted>, Problem> {
    let mailbox = Email::try_from(typed.email.clone()).ok().map(Mailbox::of);
    // All spellings of a mailbox share one counter.
    let subject = mailbox.as_ref().map_or(typed.email.as_str(), |mailbox| mailbox.normal().as_str());
    let asker = LimitSubject { user: None, email: Some(subject) };
    let known = async {
        Ok(match &mailbox {
            Some(mailbox) => app.store.credential_of(mailbox).await?,
            None => None,
        })
    };
    // Do not compute a password hash for a request over the limit.
    let (known, ()) = tokio::try_join!(known, limiter.admit(asker))?;
    let stored = known.as_ref().map(|(_, credential)| credential.password_hash.clone());
    let verdict = app.verify_password(limiter.clone(), typed.password.clone(), stored).await?;
    let (email, credential) = match known {
        Some(known) if verdict != PasswordMatch::Wrong => known,
        _ => return Err(wrong()),
    };

    let now = app.now();
    if credential.second_factor {
        return Err(challenge(&app, &limiter, (&email, &credential), verdict, typed.password).await?);
    }
    let token = SessionToken::new(credential.user_id, app.random.bytes());
    // Use the epoch read with the password hash: a concurrent password change then ends this session too.
    let session = Session::open(credential.user_id, credential.session_epoch, now);
    let hash = token.hash();
    // The first sign-in of an imported account, whose hash is replaced at the same time, is not told.
    let notice = app.mail_of_sign_in(&email, &credential).filter(|_| verdict == PasswordMatch::Right);
    let (profile, (), others, (), ()) = tokio::try_join!(
        async { Ok(app.store.profile(credential.user_id).await?) },
        async {
            match &notice {
                Some(notice) => app.store.open_session_telling((&session, &hash), &email, notice).await?,
                None => app.store.open_session(&session, &hash).await?,
            }
            Ok(())
        },
        async { Ok(app.store.sessions(credential.user_id).await?) },
        async {
            upgrade(&app, verdict, &email, &credential, typed.password).await;
            Ok::<_, Problem>(())
        },
        async {
            limiter.give_back(LimitedAction::LoginAddress).await;
            Ok(())
        },
    )?;
    let Some(profile) = profile.filter(|profile| profile.state.closing.is_none()) else {
        // The account was deleted after its credential was read.
        app.store.end_session(credential.user_id, &hash).await?;
        return Err(wrong());
    };
    app.store.keep_newest((&session, &hash), others).await?;
    let profile = app.store.with_month_of_plan(profile, now).await?;
    Ok(axum::Json(SessionStarted::of(profile, &token, now)))
}

/// The response to a right password where a code is needed too. No session begins.
async fn challenge(
    app: &App,
    limiter: &Limiter,
    (email, credential): (&Email, &Credential),
    verdict: PasswordMatch,
    password: Password,
) -> Result<Problem, Problem> {
    let challenge = Challenge::new(credential.user_id, app.random.bytes());
    // The epoch was read with the password hash: a concurrent password change then voids the challenge.
    let stored = StoredChallenge {
        epoch: credential.session_epoch,
        expires_at: app.now().as_second() + CHALLENGE_TTL_SECONDS,
        tells_of_sign_in: app.mail_of_sign_in(email, credential).is_some(),
    };
    tokio::try_join!(
        async { Ok::<_, Problem>(app.store.open_challenge(&challenge, &stored).await?) },
        async {
            upgrade(app, verdict, email, credential, password).await;
            Ok(())
        },
        async {
            limiter.give_back(LimitedAction::LoginAddress).await;
            Ok(())
        },
    )?;
    let detail = "The password is right; send a code of the second factor to `POST /api/auth/login/factor`.";
    Ok(Problem::new(Code::FactorRequired, detail)
        .with_member("challenge", challenge.reveal())
        .with_member("factors", vec!["totp"])
        .with_member("expires_in_seconds", CHALLENGE_TTL_SECONDS))
}

fn wrong() -> Problem {
    Problem::new(Code::InvalidCredentials, "Wrong email or password.")
}

/// Replaces an outdated hash while the password is available. On failure, the next login tries again.
async fn upgrade(app: &App, verdict: PasswordMatch, email: &Email, credential: &Credential, password: Password) {
    if verdict != PasswordMatch::RightButOutdated {
        return;
    }
    let Ok(new) = app.hash_password(password).await else { return };
    if let Err(error) = app.store.replace_hash(email, &credential.password_hash, &new).await {
        tracing::warn!(%error, "an outdated password hash could not be replaced");
    }
}
