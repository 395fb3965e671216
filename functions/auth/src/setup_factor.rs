//! `POST /api/auth/factor`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Password;
use shared::domain::account::factor::{Factor, FactorKind, FactorSetup};
use shared::domain::account::password::PasswordMatch;
use shared::http::{Body, Claim, Code, Json, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorRequest {
    password: Password,
}

impl Body for FactorRequest {
    const REQUIRED: &'static [&'static str] = &["password"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FactorStarted {
    success: bool,
    kind: FactorKind,
    /// The secret in base32, for typing into an app.
    secret: String,
    /// The same as an `otpauth:` URI, for a QR code.
    uri: String,
}

/// Begins to set up a second factor: makes the secret that the user puts into an app.
///
/// Nothing changes until a code of the app confirms it with `POST /api/auth/factor/confirm`. A newer secret replaces one that
/// was not confirmed.
#[utoipa::path(
    post, path = "/api/auth/factor",
    request_body = FactorRequest,
    responses((status = 200, description = "The secret. It is in no later response.", body = FactorStarted)),
    extensions(("x-problems" = json!(["invalid_credentials", "factor_exists"])))
)]
pub(crate) async fn setup_factor(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<FactorRequest>,
) -> Result<axum::Json<FactorStarted>, Problem> {
    let profile = claim.check().await?.profile;
    check_password(&app, &claim, &profile, request.password).await?;
    let keys = app.factor_keys().await?;
    let (factor, setup) = Factor::begin(profile.id, &profile.email, &keys, &app.random, app.now())
        .ok_or_else(|| Problem::internal("the secret of a factor could not be made"))?;
    if !app.store.begin_factor(profile.id, &factor).await? {
        let detail = "There is a second factor already; remove it with `DELETE /api/auth/factor` first.";
        return Err(Problem::new(Code::FactorExists, detail));
    }
    let FactorSetup { secret, uri } = setup;
    Ok(axum::Json(FactorStarted { success: true, kind: FactorKind::Totp, secret, uri }))
}

/// Refuses a wrong password.
pub(crate) async fn check_password(
    app: &App,
    claim: &Claim,
    profile: &shared::domain::account::profile::Profile,
    password: Password,
) -> Result<(), Problem> {
    let credential = app.store.credential(&profile.email).await?;
    let stored = credential.filter(|credential| credential.user_id == profile.id);
    let stored = stored.map(|credential| credential.password_hash);
    if app.verify_password(claim.limiter(), password, stored).await? == PasswordMatch::Wrong {
        return Err(Problem::new(Code::InvalidCredentials, "The password is wrong; nothing was changed."));
    }
    Ok(())
}
