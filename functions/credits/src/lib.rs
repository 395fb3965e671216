//! The `credits` group: balance, ledger, plans and checkout.

use axum::Router;
use shared::app::App;
use shared::http::Routes;
use shared::http::page::{Cursor, Limit};
use utoipa::OpenApi;

mod customer;
mod list_prices;
mod list_transactions;
mod open_portal;
mod purchase_plan;
mod redeem_voucher;
mod show_balance;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("credits")
        .handle("purchase_plan", purchase_plan::purchase_plan)
        .handle("open_portal", open_portal::open_portal)
        .handle("redeem_voucher", redeem_voucher::redeem_voucher)
        .handle("show_balance", show_balance::show_balance)
        .handle("list_transactions", list_transactions::list_transactions)
        .handle("list_prices", list_prices::list_prices)
        .build(app)
}

/// The group's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        purchase_plan::purchase_plan,
        open_portal::open_portal,
        redeem_voucher::redeem_voucher,
        show_balance::show_balance,
        list_transactions::list_transactions,
        list_prices::list_prices
    ),
    components(schemas(Cursor, Limit))
)]
pub struct Contract;
