//! `DELETE /api/auth/factor`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Password;
use shared::domain::account::factor::TypedCode;
use shared::domain::limits::LimitedAction;
use shared::domain::mail::MailKind;
use shared::http::{Body, Claim, Json, Problem};
use utoipa::ToSchema;

use crate::confirm_factor::wrong_code;
use crate::setup_factor::check_password;

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorRemoval {
    password: Password,
    /// A code of the app, or a recovery code.
    code: TypedCode,
}

impl Body for FactorRemoval {
    const REQUIRED: &'static [&'static str] = &["password", "code"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct FactorRemoved {
    success: bool,
}

/// Turns the second factor off. Its recovery codes are void.
///
/// The address of the account is told.
#[utoipa::path(
    delete, path = "/api/auth/factor",
    request_body = FactorRemoval,
    responses((status = 200, description = "A login needs no code any more.", body = FactorRemoved)),
    extensions(("x-problems" = json!(["invalid_credentials", "invalid_code", "not_found"])))
)]
pub(crate) async fn remove_factor(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<FactorRemoval>,
) -> Result<axum::Json<FactorRemoved>, Problem> {
    let (signed_in, factor) = claim.with(app.store.factor(claim.user_id())).await?;
    let profile = signed_in.profile;
    check_password(&app, &claim, &profile, request.password).await?;
    let factor = factor.filter(|factor| factor.confirmed_at.is_some());
    let factor = factor.ok_or_else(|| Problem::not_found("second factor"))?;
    claim.admit_to(LimitedAction::FactorCode).await?;
    let keys = app.factor_keys().await?;
    let used = factor.after(&request.code, &keys, app.now()).map_err(Problem::internal)?;
    let _ = used.ok_or_else(wrong_code)?;
    let notice = app.mail_to(&profile, MailKind::FactorRemoved);
    if !app.store.remove_factor(&profile, &factor, notice.as_ref(), (app.now(), &*app.random)).await? {
        return Err(Problem::unavailable("the account changed meanwhile"));
    }
    claim.limiter().give_back(LimitedAction::FactorCode).await;
    Ok(axum::Json(FactorRemoved { success: true }))
}
