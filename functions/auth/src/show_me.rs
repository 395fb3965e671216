//! `GET /api/auth/me`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::account::{Email, Name};
use shared::domain::credits::{Credits, Plan};
use shared::domain::id::UserId;
use shared::domain::mail::deliverable;
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    user: CurrentUser,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CurrentUser)]
struct CurrentUser {
    id: UserId,
    email: Email,
    name: Name,
    credits: Credits,
    plan: Plan,
    credits_reset_at: i64,
    /// Whether the user has proved that the address is theirs. Accounts from before emails were verified count as verified.
    email_verified: bool,
    /// Whether mail can be sent to the address: its part before the `@` is plain ASCII.
    email_deliverable: bool,
}

/// Returns the user and their balance, after any refresh that is due.
#[utoipa::path(
    get, path = "/api/auth/me",
    responses((status = 200, body = Me))
)]
pub(crate) async fn show_me(State(app): State<App>, claim: Claim) -> Result<axum::Json<Me>, Problem> {
    let signed_in = claim.check().await?;
    let profile = app.store.refresh(signed_in.profile, app.now(), &app.random).await?;
    let email_deliverable = deliverable(&profile.email).is_some();
    let user = CurrentUser {
        id: profile.id,
        email: profile.email,
        name: profile.name,
        credits: profile.wallet.credits,
        plan: profile.wallet.plan_at(app.now()),
        credits_reset_at: profile.wallet.credits_reset_at,
        email_verified: !profile.email_unverified,
        email_deliverable,
    };
    Ok(axum::Json(Me { user }))
}
