//! Idempotency records.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number};
use super::dynamodb::plain::ConditionalPut;
use super::keys;
use crate::domain::id::UserId;
use crate::domain::idempotency::{IdempotencyKey, Intent, Outcome, Record};

/// Condition that the key has no record, or only an expired one.
const IS_FREE: &str = "attribute_not_exists(pk) OR expires_at <= :now";

impl Store {
    /// Returns the live record of an earlier request with the same key. `None` if the request has no key.
    pub async fn record(&self, user: UserId, intent: &Intent, now: Timestamp) -> Result<Option<Record>, StoreError> {
        let Some(key) = &intent.key else { return Ok(None) };
        let record: Option<Record> = self.get(&keys::record(user, key), true).await?.map(item::read).transpose()?;
        Ok(record.filter(|record| record.is_live(now)))
    }

    /// Stores the record of a request that moved no credits. Returns `false` if the key has a live record already.
    pub async fn keep_record(
        &self,
        user: UserId,
        intent: &Intent,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(key) = &intent.key else { return Ok(true) };
        let record = Record::new(intent.fingerprint.clone(), outcome, now);
        let item = item::write(&keys::record(user, key), &record)?;
        let put = self.put_if(item, IS_FREE, &[(":now", number(now.as_second()))]).await?;
        Ok(matches!(put, ConditionalPut::Done))
    }

    /// A write of a record. It fails if the key has a live record.
    pub(super) fn put_record(
        &self,
        user: UserId,
        key: &IdempotencyKey,
        record: &Record,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item::write(&keys::record(user, key), record)?))
            // TTL deletes expired items late.
            .condition_expression(IS_FREE)
            .expression_attribute_values(":now", number(now.as_second()))
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
