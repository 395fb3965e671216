//! `POST /api/credits/purchase`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::credits::Plan;
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::payments::Billing;
use shared::http::{Body, Claim, Code, Once, Problem};
use shared::stripe::{CheckoutSession, Purchase, StripeError};
use utoipa::ToSchema;

/// What the worker answered, and its clients expect of a local server without a key of Stripe.
const LOCAL_CHECKOUT_URL: &str = "https://checkout.stripe.com/placeholder";
const LOCAL_SESSION_ID: &str = "cs_test";

#[derive(Deserialize, ToSchema)]
pub(crate) struct PurchaseRequest {
    plan: Paid,
}

/// A plan that costs money.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[schema(as = PaidPlan)]
#[serde(rename_all = "lowercase")]
enum Paid {
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

/// Where to pay for a plan: a page of Stripe. The plan changes when Stripe tells us that it was paid.
#[utoipa::path(
    post, path = "/api/credits/purchase",
    params(("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    request_body = PurchaseRequest,
    responses((status = 200, body = Checkout)),
    extensions(("x-problems" = json!(["already_subscribed"])))
)]
pub(crate) async fn purchase_plan(
    State(app): State<App>,
    claim: Claim,
    Once(request, intent): Once<PurchaseRequest>,
) -> Result<axum::Json<Checkout>, Problem> {
    let plan = match request.plan {
        Paid::Starter => Plan::Starter,
        Paid::Unlimited => Plan::Unlimited,
    };
    let (signed_in, billing) = claim.with(app.store.billing(claim.user_id())).await?;
    check_is_new(plan, &signed_in.profile.with_plan_at(app.now()), &billing)?;
    if !app.stripe.is_configured() && app.config.is_local() {
        return Ok(axum::Json(Checkout {
            checkout_url: LOCAL_CHECKOUT_URL.to_owned(),
            session_id: LOCAL_SESSION_ID.to_owned(),
        }));
    }
    let customer = customer(&app, &signed_in.profile).await?;
    let key = intent.key.map_or_else(|| app.random.uuid_v4().to_string(), |key| key.as_str().to_owned());
    let purchase = Purchase { user: signed_in.profile.id, customer: &customer, plan, key: &key };
    let CheckoutSession { id, url } = app.stripe.create_checkout(&purchase).await?;
    Ok(axum::Json(Checkout { checkout_url: url, session_id: id }))
}

/// A second subscription beside the first would be paid twice.
fn check_is_new(plan: Plan, profile: &Profile, billing: &Billing) -> Result<(), Problem> {
    let refuse = |detail| Err(Problem::new(Code::AlreadySubscribed, detail));
    if profile.wallet.plan == plan {
        return refuse("You have this plan already; nothing was charged.");
    }
    if billing.is_subscribed(profile) {
        return refuse("You have another plan: change it with `POST /api/credits/portal`; nothing was charged.");
    }
    Ok(())
}

/// The user's customer at Stripe, created once.
async fn customer(app: &App, profile: &Profile) -> Result<String, Problem> {
    if let Some(customer) = &profile.stripe_customer_id {
        return Ok(customer.clone());
    }
    let created = match app.stripe.create_customer(profile.id, profile.email.as_str()).await {
        Err(StripeError::KeyReused) => return Err(Problem::unavailable("a customer was created with another email")),
        created => created?,
    };
    let adopted = app.store.adopt_customer(profile.id, &created, app.now(), &app.random).await?;
    adopted.ok_or_else(Problem::unauthenticated)
}
