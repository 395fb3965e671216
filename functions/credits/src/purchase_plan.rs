//! `POST /api/credits/purchase`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::credits::Plan;
use shared::http::{Body, Claim, Code, Json, Problem};
use utoipa::ToSchema;

/// What the worker answered, and its clients expect of a local server.
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
    checkout_url: &'static str,
    session_id: &'static str,
}

/// Where to pay for a plan. Payments are not taken yet: locally it is the worker's placeholder, elsewhere 503.
#[utoipa::path(
    post, path = "/api/credits/purchase",
    request_body = PurchaseRequest,
    responses((status = 200, body = Checkout)),
    extensions(("x-problems" = json!(["already_subscribed"])))
)]
pub(crate) async fn purchase_plan(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<PurchaseRequest>,
) -> Result<axum::Json<Checkout>, Problem> {
    let plan = match request.plan {
        Paid::Starter => Plan::Starter,
        Paid::Unlimited => Plan::Unlimited,
    };
    if claim.check().await?.profile.wallet.plan == plan {
        return Err(Problem::new(Code::AlreadySubscribed, "You have this plan already; nothing was charged."));
    }
    if app.config.is_local() {
        Ok(axum::Json(Checkout { checkout_url: LOCAL_CHECKOUT_URL, session_id: LOCAL_SESSION_ID }))
    } else {
        Err(Problem::unavailable("payments are not set up"))
    }
}
