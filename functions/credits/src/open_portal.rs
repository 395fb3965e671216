//! `POST /api/credits/portal`

use axum::extract::State;
use serde::Serialize;
use shared::app::App;
use shared::domain::idempotency::IdempotencyKey;
use shared::http::{Claim, Code, OnceWithoutBody, Problem};
use utoipa::ToSchema;

use crate::customer;

#[derive(Serialize, ToSchema)]
pub(crate) struct Portal {
    portal_url: String,
}

/// Creates a Stripe customer portal session and returns its URL.
///
/// In the portal, the user can change or cancel the plan or replace its card.
#[utoipa::path(
    post, path = "/api/credits/portal",
    params(("Idempotency-Key" = Option<IdempotencyKey>, Header)),
    responses((status = 200, description = "The address of Stripe's portal.", body = Portal)),
    extensions(("x-problems" = json!(["not_subscribed", "payment_rejected", "invalid_json", "unsupported_media_type"])))
)]
pub(crate) async fn open_portal(
    State(app): State<App>,
    claim: Claim,
    OnceWithoutBody(intent): OnceWithoutBody,
) -> Result<axum::Json<Portal>, Problem> {
    let profile = claim.check().await?.profile;
    let customer = profile.stripe_customer_id.clone().ok_or_else(|| {
        Problem::new(Code::NotSubscribed, "There is no paid plan yet; buy one with `POST /api/credits/purchase`.")
    })?;
    app.refresh_customer_email(&profile).await;
    let key = intent.key.map_or_else(|| app.random.uuid_v4().to_string(), |key| key.as_str().to_owned());
    let portal = |customer: String| {
        let (app, key, user) = (&app, &key, profile.id);
        async move { app.stripe.create_portal(user, &customer, key).await }
    };
    let portal_url = customer::with_replacement(&app, &profile, customer, portal).await?;
    Ok(axum::Json(Portal { portal_url }))
}
