//! `POST /api/auth/login`

use axum::extract::State;
use serde::Deserialize;
use shared::app::App;
use shared::domain::account::{Email, Password};
use shared::domain::password::Verdict;
use shared::domain::session::Session;
use shared::domain::token::Token;
use shared::http::{Body, Code, Json, Problem};
use shared::store::{Credential, StoreError};
use utoipa::ToSchema;

use crate::session_started::SessionStarted;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Credentials {
    /// Any text: one that is no address belongs to nobody, and is answered so.
    #[schema(min_length = 1, pattern = r"\S", examples("ada@example.org"))]
    email: String,
    password: Password,
}

impl Body for Credentials {
    const REQUIRED: &'static [&'static str] = &["email", "password"];
}

/// Begins a session. An unknown email takes the time and gets the answer of a wrong password.
#[utoipa::path(
    post, path = "/api/auth/login",
    request_body = Credentials,
    responses((status = 200, body = SessionStarted)),
    extensions(("x-problems" = json!(["invalid_credentials"])))
)]
pub(crate) async fn login(
    State(app): State<App>,
    Json(typed): Json<Credentials>,
) -> Result<axum::Json<SessionStarted>, Problem> {
    let known = match Email::try_from(typed.email) {
        Ok(email) => app.store.credential(&email).await?.map(|credential| (email, credential)),
        Err(_) => None,
    };
    let stored = known.as_ref().map(|(_, credential)| credential.password_hash.clone());
    let verdict = app.verify_password(typed.password.clone(), stored).await?;
    let (email, credential) = match known {
        Some(known) if verdict != Verdict::Wrong => known,
        _ => return Err(Problem::new(Code::InvalidCredentials, "Email and password do not belong together.")),
    };

    let now = app.now();
    let token = Token::new(credential.user_id, app.random.bytes());
    let session = Session::open(credential.user_id, now);
    let hash = token.hash();
    let (profile, (), ()) = tokio::try_join!(
        async { Ok(app.store.profile(credential.user_id).await?) },
        async { Ok(app.store.open_session(&session, &hash).await?) },
        async {
            upgrade(&app, verdict, &email, &credential, typed.password).await;
            Ok::<_, Problem>(())
        },
    )?;
    let profile = profile.ok_or_else(|| {
        Problem::internal(StoreError::Corrupt { entity: "Credential", cause: "it names no profile".to_owned() })
    })?;
    Ok(axum::Json(SessionStarted::of(profile, &token, now)))
}

/// Writes an outdated hash anew, now that the password is at hand. What fails here is done at the next login.
async fn upgrade(app: &App, verdict: Verdict, email: &Email, credential: &Credential, password: Password) {
    if verdict != Verdict::RightButOutdated {
        return;
    }
    let Ok(new) = app.hash_password(password).await else { return };
    if let Err(error) = app.store.replace_hash(email, &credential.password_hash, &new).await {
        tracing::warn!(%error, "an outdated password hash stays");
    }
}
