//! `GET /api/credits/transactions`

use axum::extract::State;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{Amount, Credits, EntryType};
use shared::domain::id::EntryId;
use shared::domain::time::in_answer;
use shared::http::page::{Cursor, Limit};
use shared::http::{Body, Claim, Problem, Query};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    limit: Option<Limit>,
    cursor: Option<Cursor>,
}

impl Body for Page {
    const REQUIRED: &'static [&'static str] = &[];
}

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
    params(Page),
    responses((status = 200, body = TransactionPage))
)]
pub(crate) async fn list_transactions(
    State(app): State<App>,
    claim: Claim,
    Query(page): Query<Page>,
) -> Result<axum::Json<TransactionPage>, Problem> {
    let before = page.cursor.as_ref().map(entry_of).transpose()?;
    let limit = page.limit.unwrap_or_default().get();
    let (_, page) = claim.with(app.store.entries_before(claim.user_id(), before, limit)).await?;
    let last = page.entries.last().filter(|_| page.has_more);
    let next_cursor = last.map(|entry| Cursor::encode(&entry.id.to_string()));
    let transactions = page.entries.into_iter().map(Transaction::from).collect();
    Ok(axum::Json(TransactionPage { transactions, next_cursor }))
}

fn entry_of(cursor: &Cursor) -> Result<EntryId, Problem> {
    let id = Uuid::try_parse(cursor.place()).map(EntryId);
    id.map_err(|_| Problem::invalid_field("cursor", "must be the `next_cursor` of an earlier page"))
}
