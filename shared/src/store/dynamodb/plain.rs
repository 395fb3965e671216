//! Single-item writes outside of transactions.
//!
//! While a transaction holds the item, DynamoDB refuses them with `TransactionConflictException`; they are retried. The
//! SDK also retries a write whose answer was lost. If the first attempt succeeded, the condition of the second one
//! fails because of the first; comparing the stored item detects this case.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::error::StoreError;
use super::item::{self, Item};
use crate::store::Store;
use crate::store::keys::Key;

/// Result of a conditional put.
pub(in crate::store) enum ConditionalPut {
    /// The item is stored, by this put or by an earlier attempt of it.
    Done,
    /// The condition failed because of this item.
    Refused(Item),
}

/// Result of a delete.
pub(in crate::store) enum Deletion {
    /// The item existed and was deleted.
    Done(Item),
    /// The item did not exist.
    NothingThere,
    /// The item is gone. An earlier attempt, whose answer was lost, may have deleted it.
    Perhaps,
}

/// Condition that no item exists under the key.
pub(in crate::store) const IS_NEW: &str = "attribute_not_exists(pk)";

/// Counts the attempts of one call.
#[derive(Debug, Clone, Default)]
struct CountTries(Arc<AtomicU32>);

impl Intercept for CountTries {
    fn name(&self) -> &'static str {
        "CountTries"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Store {
    /// Puts an item unconditionally.
    pub(in crate::store) async fn put_item(&self, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = self.call(|| put.clone().send()).await;
        put.map(drop).map_err(|error| StoreError::call("PutItem", &error))
    }

    /// Puts an item under a condition with the given values.
    pub(in crate::store) async fn put_if(
        &self,
        item: Item,
        condition: &str,
        values: &[(&str, AttributeValue)],
    ) -> Result<ConditionalPut, StoreError> {
        let mut put = self.client.put_item().table_name(&self.table).set_item(Some(item.clone()));
        put = put.condition_expression(condition);
        put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (name, value) in values {
            put = put.expression_attribute_values(*name, value.clone());
        }
        let Err(error) = self.call(|| put.clone().send()).await else { return Ok(ConditionalPut::Done) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let there = failed.item().cloned().unwrap_or_default();
                Ok(if item::is_same(&item, &there) { ConditionalPut::Done } else { ConditionalPut::Refused(there) })
            }
            _ => Err(StoreError::call("PutItem", &error)),
        }
    }

    /// Sends an update. An update without a condition may be applied twice if an answer is lost.
    pub(in crate::store) async fn update_item(
        &self,
        update: UpdateItemFluentBuilder,
    ) -> Result<UpdateItemOutput, SdkError<UpdateItemError>> {
        let update = update.table_name(&self.table);
        self.call(|| update.clone().send()).await
    }

    /// Deletes an item, if it exists.
    pub(in crate::store) async fn delete_item(&self, key: &Key) -> Result<Deletion, StoreError> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key.attributes()));
        let delete = delete.return_values(ReturnValue::AllOld);
        let tries = CountTries::default();
        let answer = self.call(|| delete.clone().customize().interceptor(tries.clone()).send()).await;
        let deleted = answer.map_err(|error| StoreError::call("DeleteItem", &error))?.attributes;
        Ok(match deleted {
            Some(item) => Deletion::Done(item),
            None if tries.0.load(Ordering::Relaxed) > 1 => Deletion::Perhaps,
            None => Deletion::NothingThere,
        })
    }
}
