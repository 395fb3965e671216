//! The `credits` group: what a user may spend.

use axum::Router;
use shared::app::App;
use shared::http::page::{Cursor, Limit};
use shared::http::routes::Routes;
use utoipa::OpenApi;

mod list_transactions;
mod purchase_plan;
mod show_balance;

/// The group's routes.
pub fn router(app: App) -> Router {
    Routes::of("credits")
        .handle("purchase_plan", purchase_plan::purchase_plan)
        .handle("show_balance", show_balance::show_balance)
        .handle("list_transactions", list_transactions::list_transactions)
        .build(app)
}

/// The group's part of the contract.
#[derive(OpenApi)]
#[openapi(
    paths(purchase_plan::purchase_plan, show_balance::show_balance, list_transactions::list_transactions),
    components(schemas(Cursor, Limit))
)]
pub struct Contract;
