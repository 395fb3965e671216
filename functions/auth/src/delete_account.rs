//! `DELETE /api/auth/account`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Password;
use shared::domain::account::password::PasswordMatch;
use shared::domain::account::profile::Profile;
use shared::http::{Body, Claim, Code, Json, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeletionRequest {
    password: Password,
}

impl Body for DeletionRequest {
    const REQUIRED: &'static [&'static str] = &["password"];
}

#[derive(Serialize, ToSchema)]
pub(crate) struct AccountDeleted {
    success: bool,
}

/// Deletes the account and its data.
///
/// If interrupted, send the request again to complete the deletion.
#[utoipa::path(
    delete, path = "/api/auth/account",
    request_body = DeletionRequest,
    responses((status = 200, description = "The account is deleted.", body = AccountDeleted)),
    extensions(("x-problems" = json!(["invalid_credentials", "subscription_active"])))
)]
pub(crate) async fn delete_account(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<DeletionRequest>,
) -> Result<axum::Json<AccountDeleted>, Problem> {
    let profile = claim.check_closing().await?.profile;
    let user = profile.id;
    // The password was checked when the deletion began. The stored hash has been deleted since.
    let ledger = if let Some(begun) = profile.state.closing {
        begun
    } else {
        may_delete(&app, &claim, &profile, request.password).await?;
        let notice = app.mail_of_deletion(&profile);
        let with = (app.now(), &*app.random);
        let begun = app.store.begin_closing_telling(profile, notice.as_ref(), with).await?;
        begun.ok_or_else(Problem::unauthenticated)?
    };
    app.store.finish_closing(user, ledger, Some(&claim.token().hash()), &app.random).await?;
    Ok(axum::Json(AccountDeleted { success: true }))
}

async fn may_delete(app: &App, claim: &Claim, profile: &Profile, password: Password) -> Result<(), Problem> {
    let (credential, billing) = tokio::try_join!(app.store.credential(&profile.email), app.store.billing(profile.id))?;
    let stored = credential.filter(|credential| credential.user_id == profile.id);
    let verdict =
        app.verify_password(claim.limiter(), password, stored.map(|credential| credential.password_hash)).await?;
    if verdict == PasswordMatch::Wrong {
        return Err(Problem::new(Code::InvalidCredentials, "The password is wrong; nothing was deleted."));
    }
    if billing.renews(&profile.with_plan_at(app.now())) {
        let detail = "The subscription is active and would still be charged; cancel it first. Nothing was deleted.";
        return Err(Problem::new(Code::SubscriptionActive, detail));
    }
    Ok(())
}
