//! Pages of the items under one prefix of a user's partition, newest first.
//!
//! The sort keys grow with time, so a new item comes before the first page and the following pages do not shift.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use serde::de::DeserializeOwned;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, text};
use super::keys::{self, Key};
use crate::domain::id::UserId;

/// A page of a user's items, newest first.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Whether older items follow.
    pub has_more: bool,
}

impl Store {
    /// Reads at most `limit` items whose sort key begins with `prefix` and which are older than `before`. `project` may
    /// restrict the attributes that are read.
    pub(super) async fn page<T: Entity + DeserializeOwned>(
        &self,
        user: UserId,
        prefix: &str,
        before: Option<Key>,
        limit: usize,
        project: impl FnOnce(QueryFluentBuilder) -> QueryFluentBuilder,
    ) -> Result<Page<T>, StoreError> {
        let request = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(keys::user(user)))
            .expression_attribute_values(":prefix", text(prefix))
            .scan_index_forward(false)
            // One more than requested, to know whether another page follows.
            .limit(i32::try_from(limit.saturating_add(1)).unwrap_or(i32::MAX))
            .set_exclusive_start_key(before.map(|key| key.attributes()));
        let page = project(request).send().await.map_err(|error| StoreError::call("Query", &error))?;
        // DynamoDB also ends a page after one megabyte.
        let is_cut = page.last_evaluated_key.is_some();
        let mut items: Vec<T> = item::read_all(page.items.unwrap_or_default())?;
        let has_more = items.len() > limit || is_cut;
        items.truncate(limit);
        Ok(Page { items, has_more })
    }
}
