//! `GET /api/credits/transactions`

use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{Amount, Credits, EntryType};
use shared::domain::id::EntryId;
use shared::domain::time::in_answer;
use shared::http::page::{PageQuery, next_cursor};
use shared::http::{Claim, Problem, Query};
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub(crate) struct TransactionPage {
    transactions: Vec<Transaction>,
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Transaction {
    id: EntryId,
    amount: Amount,
    #[serde(rename = "type")]
    kind: EntryType,
    description: Option<String>,
    balance_after: Credits,
    #[serde(serialize_with = "in_answer")]
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stripe_payment_intent_id: Option<String>,
}

impl From<Entry> for Transaction {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            amount: entry.amount,
            kind: entry.kind,
            description: entry.description,
            balance_after: entry.balance_after,
            created_at: entry.created_at,
            stripe_payment_intent_id: entry.stripe_payment_intent_id,
        }
    }
}

/// Lists the user's ledger entries, newest first.
#[utoipa::path(
    get, path = "/api/credits/transactions",
    params(PageQuery),
    responses((status = 200, description = "One page of the ledger, newest first.", body = TransactionPage))
)]
pub(crate) async fn list_transactions(
    State(app): State<App>,
    claim: Claim,
    Query(query): Query<PageQuery>,
) -> Result<axum::Json<TransactionPage>, Problem> {
    let before = query.before()?.map(EntryId);
    let (_, page) = claim.with(app.store.entries_before(claim.user_id(), before, query.limit())).await?;
    let next_cursor = next_cursor(&page, |entry| entry.id.0);
    let transactions = page.items.into_iter().map(Transaction::from).collect();
    Ok(axum::Json(TransactionPage { transactions, next_cursor }))
}
