//! `POST /api/credits/redeem`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::credits::Credits;
use shared::domain::time::in_answer;
use shared::domain::vouchers::{Redemption, TypedVoucherCode};
use shared::http::{Body, Claim, Json, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct RedeemRequest {
    /// The code. Case, spaces and hyphens do not matter.
    code: TypedVoucherCode,
}

impl Body for RedeemRequest {
    const REQUIRED: &'static [&'static str] = &["code"];
    const MISSING: &'static str = "Missing code";
}

#[derive(Serialize, ToSchema)]
#[schema(as = Redeemed)]
pub(crate) struct VoucherAnswer {
    credits_granted: Credits,
    /// The balance afterwards.
    credits: Credits,
    #[serde(serialize_with = "in_answer")]
    redeemed_at: Timestamp,
}

/// Redeems a voucher for credits.
///
/// A user redeems a voucher once: another request with its code changes nothing and returns the first answer. A code that is
/// unknown, used up, expired or stopped is 404 `not_found`.
#[utoipa::path(
    post, path = "/api/credits/redeem",
    request_body = RedeemRequest,
    responses((status = 200, description = "The credits were added to the balance, by this or an earlier request.", body = VoucherAnswer)),
    extensions(("x-problems" = json!(["not_found"])))
)]
pub(crate) async fn redeem_voucher(
    State(app): State<App>,
    claim: Claim,
    Json(request): Json<RedeemRequest>,
) -> Result<axum::Json<VoucherAnswer>, Problem> {
    let Redemption { credits_granted, credits, redeemed_at, .. } =
        app.redeem_voucher(&claim, &request.code.id()).await?;
    Ok(axum::Json(VoucherAnswer { credits_granted, credits, redeemed_at }))
}
