//! `POST /api/auth/factor/confirm`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::factor::{RecoveryCode, TypedCode};
use shared::domain::limits::LimitedAction;
use shared::domain::mail::MailKind;
use shared::http::{Body, Claim, Code, Json, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorConfirmation {
    /// A code of the app.
    code: TypedCode,
}

impl Body for FactorConfirmation {
    const REQUIRED: &'static [&'static str] = &["code"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FactorConfirmed {
    success: bool,
    /// Each signs in once in place of a code.
    #[schema(min_items = 10, max_items = 10)]
    recovery_codes: Vec<String>,
}

/// Turns the second factor on, with a code of the app.
///
/// From now on a login needs a code. Sessions go on. The address of the account is told.
#[utoipa::path(
    post, path = "/api/auth/factor/confirm",
    request_body = FactorConfirmation,
    responses((status = 200, description = "The recovery codes. They are in no later response.", body = FactorConfirmed)),
    extensions(("x-problems" = json!(["invalid_code", "factor_exists", "not_found"])))
)]
pub(crate) async fn confirm_factor(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<FactorConfirmation>,
) -> Result<axum::Json<FactorConfirmed>, Problem> {
    let (signed_in, factor) = claim.with(app.store.factor(claim.user_id())).await?;
    let profile = signed_in.profile;
    let factor = factor.ok_or_else(|| Problem::not_found("second factor"))?;
    if factor.confirmed_at.is_some() {
        return Err(Problem::new(Code::FactorExists, "The second factor is on already."));
    }
    claim.admit_to(LimitedAction::FactorCode).await?;
    let keys = app.factor_keys().await?;
    let confirmed = factor.confirmed(&request.code, &keys, &app.random, app.now()).map_err(Problem::internal)?;
    let (after, codes) = confirmed.ok_or_else(wrong_code)?;
    let notice = app.mail_to(&profile, MailKind::FactorAdded);
    let with = (app.now(), &*app.random);
    if !app.store.confirm_factor(&profile, (&factor, &after), notice.as_ref(), with).await? {
        return Err(Problem::unavailable("the account changed meanwhile"));
    }
    claim.limiter().give_back(LimitedAction::FactorCode).await;
    let recovery_codes = codes.iter().map(RecoveryCode::reveal).collect();
    Ok(axum::Json(FactorConfirmed { success: true, recovery_codes }))
}

/// The code is wrong, is not of this time, or was used.
pub(crate) fn wrong_code() -> Problem {
    Problem::new(Code::InvalidCode, "The code is wrong, has expired or was used; wait for the next one.")
}
