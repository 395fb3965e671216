//! `POST /api/credits/purchase`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::credits::Plan;
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::payments::Billing;
use shared::http::{Body, Claim, Code, Once, Problem};
use shared::stripe::{CheckoutSession, PlanPurchase};
use utoipa::ToSchema;

use crate::customer;

/// The checkout URL of a local server without a Stripe key. The old service returned it, and its clients expect it.
const LOCAL_CHECKOUT_URL: &str = "https://checkout.stripe.com/placeholder";
const LOCAL_SESSION_ID: &str = "cs_test";

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PurchaseRequest {
    plan: PaidPlan,
}

/// A paid plan.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PaidPlan)]
#[serde(rename_all = "lowercase")]
enum PaidPlan {
    Starter,
    Unlimited,
}

impl Body for PurchaseRequest {
    const REQUIRED: &'static [&'static str] = &["plan"];
    const MISSING: &'static str = "Missing plan";
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Checkout {
    checkout_url: String,
    session_id: String,
}

/// Creates a Stripe Checkout session and returns its URL.
///
/// The plan changes when Stripe confirms the payment.
#[utoipa::path(
    post, path = "/api/credits/purchase",
    params(("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    request_body = PurchaseRequest,
    responses((status = 200, description = "The address of the checkout. Nothing is paid yet.", body = Checkout)),
    extensions(("x-problems" = json!(["already_subscribed", "payment_rejected"])))
)]
pub(crate) async fn purchase_plan(
    State(app): State<App>,
    claim: Claim,
    Once(request, intent): Once<PurchaseRequest>,
) -> Result<axum::Json<Checkout>, Problem> {
    let plan = match request.plan {
        PaidPlan::Starter => Plan::Starter,
        PaidPlan::Unlimited => Plan::Unlimited,
    };
    let (signed_in, billing) = claim.with(app.store.billing(claim.user_id())).await?;
    check_is_new(plan, &signed_in.profile.with_plan_at(app.now()), &billing)?;
    if !app.stripe.is_configured() && app.config.is_local() {
        return Ok(axum::Json(Checkout {
            checkout_url: LOCAL_CHECKOUT_URL.to_owned(),
            session_id: LOCAL_SESSION_ID.to_owned(),
        }));
    }
    let profile = &signed_in.profile;
    let customer = match &profile.stripe_customer_id {
        Some(customer) => customer.clone(),
        None => customer::create(&app, profile).await?,
    };
    app.refresh_customer_email(profile).await;
    let key = intent.key.map_or_else(|| app.random.uuid_v4().to_string(), |key| key.as_str().to_owned());
    let checkout = |customer: String| {
        let (app, key, user) = (&app, &key, profile.id);
        async move { app.stripe.create_checkout(&PlanPurchase { user, customer: &customer, plan, key }).await }
    };
    let CheckoutSession { id, url } = customer::with_replacement(&app, profile, customer, checkout).await?;
    Ok(axum::Json(Checkout { checkout_url: url, session_id: id }))
}

/// Refuses a second subscription: the user would pay for both.
fn check_is_new(plan: Plan, profile: &Profile, billing: &Billing) -> Result<(), Problem> {
    let refuse = |detail| Err(Problem::new(Code::AlreadySubscribed, detail));
    if profile.wallet.plan == plan {
        return refuse("You have this plan already; nothing was charged.");
    }
    if billing.is_subscribed(profile) && profile.wallet.plan == Plan::Free {
        return refuse(
            "You have a subscription that gives no plan now: its payment is awaited, paused or disputed. Look at it or \
             cancel it with `POST /api/credits/portal`; nothing was charged.",
        );
    }
    if billing.is_subscribed(profile) {
        return refuse("You have another plan: change it with `POST /api/credits/portal`; nothing was charged.");
    }
    Ok(())
}
