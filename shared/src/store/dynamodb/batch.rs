//! Batches that are processed completely, and queries over all pages.

use std::collections::{HashMap, VecDeque};
use std::future::Future;

use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::backoff::{Patience, Refusal, Tries, refusal};
use super::error::StoreError;
use super::item::{Item, text};
use crate::store::Store;
use crate::store::keys::Key;

/// Keys per `BatchGetItem`: DynamoDB's limit.
pub(in crate::store) const BATCH_GET_MAX: usize = 100;
/// Writes per `BatchWriteItem`: DynamoDB's limit.
const BATCH_WRITE_MAX: usize = 25;
/// Concurrent batches. A request usually needs no more; an import does.
const BATCHES_AT_ONCE: usize = 8;

impl Store {
    /// Reads one item.
    pub(in crate::store) async fn get(&self, key: &Key, consistent: bool) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(consistent);
        let request = request.set_key(Some(key.attributes()));
        let answer = self.call(|| request.clone().send()).await;
        Ok(answer.map_err(|error| StoreError::call("GetItem", &error))?.item)
    }

    /// Reads the items of these keys, in any order. Missing items are left out. Batches run concurrently.
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
        let mut tries = Tries::new(self.patience);
        while !wanted.is_empty() {
            let asked = wanted.len();
            let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(consistent).build()?;
            let request = self.client.batch_get_item().request_items(&self.table, request);
            let answer = self.call(|| request.clone().send()).await;
            let mut answer = answer.map_err(|error| StoreError::call("BatchGetItem", &error))?;
            found.extend(answer.responses.as_mut().and_then(|tables| tables.remove(&self.table)).unwrap_or_default());
            let left = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.table));
            wanted = left.map(|left| left.keys).unwrap_or_default();
            let left_over = Refusal::LeftOver { got_on: wanted.len() < asked };
            if !wanted.is_empty() && !tries.wait(left_over).await {
                return Err(StoreError::Contention { attempts: tries.refused() });
            }
        }
        Ok(found)
    }

    /// Puts items unconditionally.
    pub(in crate::store) async fn put_all(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(items.len());
        for item in items {
            let put = PutRequest::builder().set_item(Some(item)).build()?;
            requests.push(WriteRequest::builder().put_request(put).build());
        }
        self.write_all(requests).await
    }

    /// Deletes the items of these keys. Missing items are ignored.
    pub(in crate::store) async fn delete_all(&self, keys: Vec<Key>) -> Result<(), StoreError> {
        let mut requests = Vec::with_capacity(keys.len());
        for key in keys {
            let delete = DeleteRequest::builder().set_key(Some(key.attributes())).build()?;
            requests.push(WriteRequest::builder().delete_request(delete).build());
        }
        self.write_all(requests).await
    }

    async fn write_all(&self, requests: Vec<WriteRequest>) -> Result<(), StoreError> {
        write_paced(requests, self.patience, |batch| self.write_batch(batch)).await
    }

    /// Writes a batch. Returns its unprocessed items.
    async fn write_batch(&self, batch: Vec<WriteRequest>) -> Result<Vec<WriteRequest>, StoreError> {
        let answer = self.client.batch_write_item().request_items(&self.table, batch.clone()).send().await;
        match answer {
            Ok(answer) => {
                let left = answer.unprocessed_items.and_then(|mut tables| tables.remove(&self.table));
                Ok(left.unwrap_or_default())
            }
            // If a batch is throttled as a whole, nothing of it was written.
            Err(error) => match refusal(&error) {
                Some(Refusal::Conflict) => Ok(batch),
                Some(_) if self.patience == Patience::Import => Ok(batch),
                _ => Err(StoreError::call("BatchWriteItem", &error)),
            },
        }
    }

    /// Reads all items of a partition whose sort key begins with `prefix` (empty: all), ordered by sort key.
    pub(in crate::store) async fn query(
        &self,
        pk: &str,
        prefix: &str,
        consistent: bool,
    ) -> Result<Vec<Item>, StoreError> {
        self.query_pages(pk, prefix, consistent, Ok).await
    }

    /// Like [`Store::query`], but converts each page as it arrives: a page of 1 MB takes several times as much memory
    /// as items.
    pub(in crate::store) async fn query_pages<T>(
        &self,
        pk: &str,
        prefix: &str,
        consistent: bool,
        read: fn(Item) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.query_attributes(pk, prefix, consistent, None, read).await
    }

    /// Like [`Store::query_pages`], but only these attributes of the items, if any are named.
    pub(in crate::store) async fn query_attributes<T>(
        &self,
        pk: &str,
        prefix: &str,
        consistent: bool,
        attributes: Option<&str>,
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
                .set_projection_expression(attributes.map(str::to_owned))
                .set_exclusive_start_key(start);
            request = if prefix.is_empty() {
                request.key_condition_expression("pk = :pk")
            } else {
                request
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", text(prefix))
            };
            let page = self.call(|| request.clone().send()).await;
            let page = page.map_err(|error| StoreError::call("Query", &error))?;
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

/// Writes all of `writes` in batches, as fast as DynamoDB accepts them. Unprocessed items go to the end of the queue,
/// so that one throttled partition does not delay the others. After unprocessed items, fewer batches run concurrently
/// and the pauses grow; after each complete round the pauses shrink again.
async fn write_paced<T, F>(writes: Vec<T>, patience: Patience, write: impl Fn(Vec<T>) -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<Vec<T>, StoreError>>,
{
    let mut queue = VecDeque::from(writes);
    let mut tries = Tries::new(patience);
    let mut at_once = BATCHES_AT_ONCE;
    while !queue.is_empty() {
        let mut round = Vec::with_capacity(at_once);
        let before = queue.len();
        while round.len() < at_once && !queue.is_empty() {
            let batch = queue.drain(..queue.len().min(BATCH_WRITE_MAX)).collect();
            round.push(write(batch));
        }
        for left in try_join_all(round).await? {
            queue.extend(left);
        }
        let written = before - queue.len();
        let sent = before.min(at_once * BATCH_WRITE_MAX);
        if written == sent {
            at_once = (at_once + 1).min(BATCHES_AT_ONCE);
            tries.succeed();
        } else {
            at_once = (at_once / 2).max(1);
            if !tries.wait(Refusal::LeftOver { got_on: written > 0 }).await {
                return Err(StoreError::Contention { attempts: tries.refused() });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    /// A table whose partitions accept a number of units per second each, and save the unused units of one second.
    struct Table {
        units_a_second: f64,
        partitions: RefCell<HashMap<u32, (Instant, f64)>>,
        written: RefCell<Vec<u32>>,
        calls: RefCell<u32>,
    }

    /// A write: its partition, its name and its units.
    type Put = (u32, u32, f64);

    impl Table {
        fn new(units_a_second: f64) -> Self {
            let (partitions, written, calls) = Default::default();
            Self { units_a_second, partitions, written, calls }
        }

        /// Simulates DynamoDB's handling of a batch, which takes 10 ms.
        async fn write(&self, batch: Vec<Put>) -> Result<Vec<Put>, StoreError> {
            *self.calls.borrow_mut() += 1;
            tokio::time::sleep(Duration::from_millis(10)).await;
            let mut left = Vec::new();
            for (partition, name, units) in batch {
                let now = Instant::now();
                let mut partitions = self.partitions.borrow_mut();
                let (since, stock) = partitions.entry(partition).or_insert((now, self.units_a_second));
                *stock =
                    (*stock + self.units_a_second * now.duration_since(*since).as_secs_f64()).min(self.units_a_second);
                *since = now;
                if *stock >= units {
                    *stock -= units;
                    self.written.borrow_mut().push(name);
                } else {
                    left.push((partition, name, units));
                }
            }
            Ok(left)
        }
    }

    async fn import(table: &Table, writes: &[Put]) -> Result<Duration, StoreError> {
        let started = Instant::now();
        write_paced(writes.to_vec(), Patience::Import, |batch| table.write(batch)).await?;
        Ok(started.elapsed())
    }

    /// 50,000 questions with their options, and the parts of their bank, in one partition with 1,000 units per second.
    #[tokio::test(start_paused = true)]
    async fn a_throttled_import_is_written_completely_and_once() {
        let questions = (0..50_000).map(|name| (0, name, 2.0));
        let parts = (50_000..50_040).map(|name| (0, name, 300.0));
        let writes: Vec<Put> = questions.chain(parts).collect();
        let table = Table::new(1_000.0);
        let taken = import(&table, &writes).await.unwrap();
        let ideal = Duration::from_secs((50_000 * 2 + 40 * 300) / 1_000);
        assert!(taken < ideal * 3 / 2, "{taken:?} where {ideal:?} would do");
        assert!(*table.calls.borrow() < 3 * 2_002, "{} calls for 2,002 batches", table.calls.borrow());
        let mut written = table.written.take();
        written.sort_unstable();
        assert_eq!(written, (0..50_040).collect::<Vec<_>>());
    }

    /// A partition that accepts almost nothing does not delay the others.
    #[tokio::test(start_paused = true)]
    async fn a_slow_partition_does_not_delay_the_others() {
        let slow = (0..200).map(|name| (0, name, 100.0));
        let others = (200..5_200).map(|name| (name, name, 100.0));
        let writes: Vec<Put> = slow.chain(others).collect();
        let table = Table::new(100.0);
        import(&table, &writes).await.unwrap();
        let written = table.written.take();
        let last_of_others = written.iter().rposition(|name| *name >= 200).unwrap();
        assert_eq!(written.len(), 5_200);
        assert!(last_of_others < 5_100, "{last_of_others}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_import_without_progress_ends_after_minutes() {
        let table = Table::new(1.0);
        let started = Instant::now();
        let error = import(&table, &[(0, 0, 2.0)]).await.unwrap_err();
        assert!(matches!(error, StoreError::Contention { .. }), "{error}");
        assert!((300..330).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_gives_up_within_seconds() {
        let table = Table::new(1.0);
        let started = Instant::now();
        let writes = (0..30).map(|name| (0, name, 2.0)).collect();
        let ended = write_paced(writes, Patience::Request, |batch| table.write(batch)).await;
        assert!(ended.is_err() && started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
}
