//! `TransactWriteItems` with a reason per action for a refusal, and retries on contention.
//!
//! The SDK does not retry `TransactionConflict`. We do, with full jitter and the same token, so that an attempt whose
//! answer was lost is not applied twice.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Put, TransactWriteItem};

use super::backoff::{Patience, Refusal, Tries, refusal};
use super::error::StoreError;
use super::item::Item;
use crate::domain::random::{Random, SystemEntropy};
use crate::store::Store;
use crate::store::keys::Key;

pub(in crate::store) use super::backoff::{ATTEMPTS_MAX, pause};

/// Result of a transaction.
pub(in crate::store) enum TransactionResult {
    /// All actions were applied.
    Committed,
    /// No action was applied. Gives, for each action in order, whether its condition held.
    Refused(Vec<ActionOutcome>),
}

/// Result of one action of a refused transaction.
#[derive(Debug)]
pub(in crate::store) enum ActionOutcome {
    /// The action did not cause the refusal.
    Held,
    /// The condition did not hold. Holds the current item if the action asked for it.
    ConditionFailed(Option<Item>),
}

impl Store {
    /// Commits `actions` together or not at all. `token` must be random: for ten minutes, DynamoDB answers a known
    /// token with success without doing anything.
    pub(in crate::store) async fn transact(
        &self,
        actions: Vec<TransactWriteItem>,
        token: &str,
    ) -> Result<TransactionResult, StoreError> {
        let mut tries = Tries::new(self.patience);
        loop {
            let request = self.client.transact_write_items().client_request_token(token);
            let Err(error) = request.set_transact_items(Some(actions.clone())).send().await else {
                return Ok(TransactionResult::Committed);
            };
            let failed = || StoreError::call("TransactWriteItems", &error);
            let refusal = match cancellation_reasons(&error) {
                None => match refusal(&error) {
                    Some(Refusal::Throttled) if self.patience == Patience::Request => return Err(failed()),
                    refusal => refusal.ok_or_else(failed)?,
                },
                Some(reasons) => match verdicts(reasons) {
                    Some(verdicts) => return Ok(TransactionResult::Refused(verdicts)),
                    // The SDK retries a throttled call, but not a throttled item inside a transaction.
                    None if reasons.iter().all(is_transient) => match self.patience {
                        Patience::Import if reasons.iter().any(is_throttled) => Refusal::Throttled,
                        _ => Refusal::Conflict,
                    },
                    None => return Err(invalid(reasons).unwrap_or_else(failed)),
                },
            };
            if !tries.wait(refusal).await {
                return Err(StoreError::Contention { attempts: tries.refused() });
            }
        }
    }

    /// A check that fails unless the condition holds for the item under `key`.
    pub(in crate::store) fn check(&self, key: &Key, condition: &str) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression(condition)
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// A put that fails if the item exists.
    pub(in crate::store) fn put_new(&self, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// Returns the error of an action that DynamoDB refuses permanently, such as a put of an item that is too large.
fn invalid(reasons: &[CancellationReason]) -> Option<StoreError> {
    let reason = reasons.iter().find(|reason| reason.code() == Some("ValidationError"))?;
    let cause = reason.message().unwrap_or("ValidationError").to_owned();
    Some(StoreError::Refused { operation: "TransactWriteItems", cause })
}

fn cancellation_reasons(error: &SdkError<TransactWriteItemsError>) -> Option<&[CancellationReason]> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => Some(canceled.cancellation_reasons()),
        _ => None,
    }
}

/// A unique token for a transaction.
pub(in crate::store) fn fresh_token() -> String {
    Random::new(SystemEntropy).uuid_v4().to_string()
}

/// Returns the result of each action if at least one condition failed and nothing else went wrong.
fn verdicts(reasons: &[CancellationReason]) -> Option<Vec<ActionOutcome>> {
    let mut any_failed = false;
    let verdicts = reasons.iter().map(|reason| match reason.code() {
        None | Some("None") => Some(ActionOutcome::Held),
        Some("ConditionalCheckFailed") => {
            any_failed = true;
            Some(ActionOutcome::ConditionFailed(reason.item().cloned()))
        }
        // A conflict beside a failed condition: the failed condition decides.
        Some(_) if is_transient(reason) => Some(ActionOutcome::Held),
        Some(_) => None,
    });
    let verdicts: Option<Vec<ActionOutcome>> = verdicts.collect();
    verdicts.filter(|_| any_failed)
}

/// Whether the same action may succeed on a retry.
fn is_transient(reason: &CancellationReason) -> bool {
    matches!(
        reason.code(),
        None | Some("None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded")
    )
}

/// Whether the item's partition exceeds its throughput.
fn is_throttled(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("ThrottlingError" | "ProvisionedThroughputExceeded"))
}
