//! `TransactWriteItems` with the reasons of a refusal read action by action, and contention retried.
//!
//! The SDK does not retry `TransactionConflict`; we do, with full jitter and under the same token, so that a try whose
//! answer was lost is not applied twice.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem};

use super::error::StoreError;
use super::item::Item;
use crate::request_metrics::count_conflict;
use crate::store::Store;

/// Tries of one transaction against conflicts, and of one decision against newer profiles.
///
/// Of requests of one user that race, each round lets at least one through, so a crowd of 32 needs up to 32 rounds;
/// pauses of 60 ms on average bound the whole to some three seconds.
pub(in crate::store) const ATTEMPTS_MAX: u32 = 48;
/// The longest first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(4);
/// The longest pause of all.
const PAUSE_MAX: Duration = Duration::from_millis(120);

/// How a transaction ended.
pub(in crate::store) enum Transaction {
    /// All of it happened.
    Committed,
    /// None of it: for each action, in order, whether its condition held.
    Refused(Vec<Verdict>),
}

/// What a refused transaction says of one action.
#[derive(Debug)]
pub(in crate::store) enum Verdict {
    /// Nothing against it.
    Held,
    /// Its condition did not hold; the item as it is, where the action asked for it.
    ConditionFailed(Option<Item>),
}

impl Store {
    /// Commits `actions` together or not at all.
    pub(in crate::store) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<Transaction, StoreError> {
        for attempt in 0..ATTEMPTS_MAX {
            let request = self.client.transact_write_items().client_request_token(token);
            let Err(error) = request.set_transact_items(Some(actions.clone())).send().await else {
                return Ok(Transaction::Committed);
            };
            let Some(reasons) = cancellation_reasons(&error) else {
                if is_in_progress(&error) {
                    pause(attempt).await;
                    continue;
                }
                return Err(StoreError::call("TransactWriteItems", &error));
            };
            match verdicts(reasons) {
                Some(verdicts) => return Ok(Transaction::Refused(verdicts)),
                None if reasons.iter().all(is_transient) => pause(attempt).await,
                // An item that is too large, for one: never to be tried again.
                None => {
                    return Err(match reasons.iter().find(|reason| reason.code() == Some("ValidationError")) {
                        Some(reason) => {
                            let cause = reason.message().unwrap_or("ValidationError").to_owned();
                            StoreError::Refused { operation: "TransactWriteItems", cause }
                        }
                        None => StoreError::call("TransactWriteItems", &error),
                    });
                }
            }
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX })
    }

    /// A put that fails when the item exists.
    pub(in crate::store) fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|error| StoreError::corrupt("Put", error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> Option<&[CancellationReason]> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => Some(canceled.cancellation_reasons()),
        _ => None,
    }
}

/// An earlier try under the same token has not ended yet.
fn is_in_progress(error: &SdkError<TransactWriteItemsError>) -> bool {
    error.as_service_error().is_some_and(TransactWriteItemsError::is_transaction_in_progress_exception)
}

/// The verdict on each action, when at least one condition failed and nothing else is wrong.
fn verdicts(reasons: &[CancellationReason]) -> Option<Vec<Verdict>> {
    let mut any_failed = false;
    let verdicts = reasons.iter().map(|reason| match reason.code() {
        None | Some("None") => Some(Verdict::Held),
        Some("ConditionalCheckFailed") => {
            any_failed = true;
            Some(Verdict::ConditionFailed(reason.item().cloned()))
        }
        // A conflict beside a failed condition: the condition is the answer.
        Some(_) if is_transient(reason) => Some(Verdict::Held),
        Some(_) => None,
    });
    let verdicts: Option<Vec<Verdict>> = verdicts.collect();
    verdicts.filter(|_| any_failed)
}

/// Whether the same action may succeed a little later.
fn is_transient(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        None | Some("None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    )
}

/// Waits a random part of a time that doubles with each attempt ("full jitter").
pub(in crate::store) async fn pause(attempt: u32) {
    count_conflict();
    let longest = PAUSE_FIRST.saturating_mul(1 << attempt.min(10)).min(PAUSE_MAX);
    tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
}
