//! `GET /api/credits/balance`

use axum::extract::State;
use shared::app::App;
use shared::domain::credits::Wallet;
use shared::http::{Claim, Problem};

/// The wallet, after any refresh that was due.
#[utoipa::path(
    get, path = "/api/credits/balance",
    responses((status = 200, body = Wallet))
)]
pub(crate) async fn show_balance(State(app): State<App>, claim: Claim) -> Result<axum::Json<Wallet>, Problem> {
    let signed_in = claim.check().await?;
    let profile = app.store.refresh(signed_in.profile, app.now(), &app.random).await?;
    Ok(axum::Json(profile.wallet))
}
