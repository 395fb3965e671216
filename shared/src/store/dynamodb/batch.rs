//! Many items: batches in full, queries to their last page.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::error::StoreError;
use super::item::{Item, text};
use crate::store::Store;
use crate::store::keys::Key;

/// Keys of one `BatchGetItem`: DynamoDB's limit.
pub(in crate::store) const BATCH_GET_MAX: usize = 100;
/// Writes of one `BatchWriteItem`: DynamoDB's limit.
const BATCH_WRITE_MAX: usize = 25;
/// Batches that run at the same time: all of a request, some of an import.
const BATCHES_AT_ONCE: usize = 8;
/// How often what DynamoDB left over is asked for again.
const LEFTOVER_ATTEMPTS_MAX: u32 = 6;

/// The pause before what was left over is asked for again.
fn leftover_pause(attempt: u32) -> Duration {
    Duration::from_millis(10 << attempt.min(6))
}

impl Store {
    /// One item.
    pub(in crate::store) async fn get(&self, key: &Key, consistent: bool) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(consistent);
        let answer = request.set_key(Some(key.attributes())).send().await;
        Ok(answer.map_err(|error| StoreError::call("GetItem", &error))?.item)
    }

    /// The items of these keys that there are, in no order; batches run at once.
    pub(in crate::store) async fn get_many(&self, keys: &[Key], consistent: bool) -> Result<Vec<Item>, StoreError> {
        let mut batches = Vec::new();
        for chunk in keys.chunks(BATCH_GET_MAX) {
            batches.push(self.get_batch(chunk, consistent));
        }
        let found: Vec<Vec<Item>> = stream::iter(batches).buffer_unordered(BATCHES_AT_ONCE).try_collect().await?;
        Ok(found.concat())
    }

    async fn get_batch(&self, keys: &[Key], consistent: bool) -> Result<Vec<Item>, StoreError> {
        let mut wanted: Vec<_> = keys.iter().map(Key::attributes).collect();
        let mut found = Vec::with_capacity(wanted.len());
        for attempt in 0..LEFTOVER_ATTEMPTS_MAX {
            if wanted.is_empty() {
                return Ok(found);
            }
            if attempt > 0 {
                tokio::time::sleep(leftover_pause(attempt)).await;
            }
            let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(consistent).build();
            let request = request.map_err(|error| StoreError::corrupt("BatchGetItem", error))?;
            let answer = self.client.batch_get_item().request_items(&self.table, request).send().await;
            let mut answer = answer.map_err(|error| StoreError::call("BatchGetItem", &error))?;
            found.extend(answer.responses.as_mut().and_then(|tables| tables.remove(&self.table)).unwrap_or_default());
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            wanted = left.map(|left| left.keys).unwrap_or_default();
        }
        if wanted.is_empty() { Ok(found) } else { Err(StoreError::Contention { attempts: LEFTOVER_ATTEMPTS_MAX }) }
    }

    /// Puts items, whatever is there.
    pub(in crate::store) async fn put_all(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(items.len());
        for item in items {
            let put = PutRequest::builder().set_item(Some(item)).build();
            let put = put.map_err(|error| StoreError::corrupt("PutRequest", error))?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        self.write_all(&requests).await
    }

    /// Deletes the items of these keys, those that there are.
    pub(in crate::store) async fn delete_all(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build();
            let delete = delete.map_err(|error| StoreError::corrupt("DeleteRequest", error))?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        self.write_all(&requests).await
    }

    async fn write_all(&self, requests: &[WriteRequest]) -> Result<(), StoreError> {
        let batches: Vec<_> = requests.chunks(BATCH_WRITE_MAX).map(|batch| self.write_batch(batch.to_vec())).collect();
        stream::iter(batches).buffer_unordered(BATCHES_AT_ONCE).try_collect::<()>().await
    }

    /// Writes a batch, again as far as it was left over.
    async fn write_batch(&self, mut left: Vec<WriteRequest>) -> Result<(), StoreError> {
        for attempt in 0..LEFTOVER_ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(leftover_pause(attempt)).await;
            }
            let answer = self.client.batch_write_item().request_items(&self.table, left).send().await;
            let answer = answer.map_err(|error| StoreError::call("BatchWriteItem", &error))?;
            left = answer.unprocessed_items.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(StoreError::Contention { attempts: LEFTOVER_ATTEMPTS_MAX })
    }

    /// All items of a partition whose sort key begins with `prefix` (empty: all), in its order.
    pub(in crate::store) async fn query(
        &self,
        pk: &str,
        prefix: &str,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        self.query_pages(pk, prefix, consistent, Ok).await
    }

    /// The same, with each page read as it comes: a page is 1 MB, and as items takes several times as much.
    pub(in crate::store) async fn query_pages<T>(
        &self,
        pk: &str,
        prefix: &str,
        consistent: bool,
        read: fn(Item) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let mut request = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(consistent)
                .expression_attribute_values(":pk", text(pk))
                .set_exclusive_start_key(start);
            request = if prefix.is_empty() {
                request.key_condition_expression("pk = :pk")
            } else {
                request
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", text(prefix))
            };
            let page = request.send().await.map_err(|error| StoreError::call("Query", &error))?;
            for item in page.items.unwrap_or_default() {
                found.push(read(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}
