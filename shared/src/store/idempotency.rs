//! Records of requests with an idempotency key.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;

use super::Store;
use super::error::StoreError;
use super::item::{self, number};
use super::keys;
use crate::domain::id::UserId;
use crate::domain::idempotency::{IdempotencyKey, Intent, Record};

impl Store {
    /// What the request with this intent did before, if anything. Without a key there is nothing to ask.
    pub async fn record(&self, user: UserId, intent: &Intent, now: Timestamp) -> Result<Option<Record>, StoreError> {
        let Some(key) = &intent.key else { return Ok(None) };
        let record: Option<Record> = self.get(&keys::record(user, key), true).await?.map(item::read).transpose()?;
        Ok(record.filter(|record| record.is_live(now)))
    }

    /// The write of a record, which fails when a live one is there.
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
            // The table's TTL deletes late.
            .condition_expression("attribute_not_exists(pk) OR expires_at <= :now")
            .expression_attribute_values(":now", number(now.as_second()))
            .build()
            .map_err(|error| StoreError::corrupt("Put", error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
