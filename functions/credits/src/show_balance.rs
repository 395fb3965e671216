//! `GET /api/credits/balance`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::credits::{Credits, Plan};
use shared::domain::payments::Billing;
use shared::domain::time::in_answer;
use shared::http::{Claim, Problem};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct Balance {
    credits: Credits,
    plan: Plan,
    /// Credits per month of the plan, including those of the free plan.
    monthly_credits: Credits,
    /// When the next monthly refresh is due, in epoch seconds. A month is 30 days.
    credits_reset_at: i64,
    /// When the account was opened.
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
    /// Whether everything is free now.
    has_unlimited: bool,
    /// End of an unlimited period that is not a subscription, in epoch seconds.
    unlimited_until: Option<i64>,
    /// The paid Stripe subscription; null without one.
    subscription: Option<Subscription>,
}

#[derive(Serialize, ToSchema)]
struct Subscription {
    /// When a cancelled subscription ends, in epoch seconds.
    ends_at: Option<i64>,
    /// Stripe could not collect the last payment and will retry.
    payment_failing: bool,
}

/// Returns the balance and plan, after any refresh that is due.
#[utoipa::path(
    get, path = "/api/credits/balance",
    responses((status = 200, description = "The balance and the plan.", body = Balance))
)]
pub(crate) async fn show_balance(State(app): State<App>, claim: Claim) -> Result<axum::Json<Balance>, Problem> {
    let (signed_in, billing) = claim.with(app.store.billing(claim.user_id())).await?;
    let now = app.now();
    let profile = app.store.refresh(signed_in.profile, now, &app.random).await?.with_plan_at(now);
    let wallet = profile.wallet;
    Ok(axum::Json(Balance {
        credits: wallet.credits,
        plan: wallet.plan,
        monthly_credits: wallet.monthly_credits.max(app.terms().monthly(wallet.plan)),
        credits_reset_at: wallet.credits_reset_at,
        created_at: profile.created_at,
        has_unlimited: wallet.plan == Plan::Unlimited,
        unlimited_until: wallet.unlimited_end(now),
        subscription: subscription(&billing, &profile),
    }))
}

fn subscription(billing: &Billing, profile: &Profile) -> Option<Subscription> {
    let found = || Subscription { ends_at: billing.ends_at(), payment_failing: billing.payment_failing() };
    billing.is_subscribed(profile).then(found)
}
