//! Rate-limit counters. Processes share them through the table, so a limit holds however many processes run. A sampled
//! counter is read together with the session (`sessions.rs`), and updated by some requests only.
//!
//! If an update's answer is lost, the SDK sends it again and the request may be counted twice. A limit may therefore
//! apply one request early, but never late.

use aws_sdk_dynamodb::types::ReturnValue;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, number, text};
use super::keys;
use crate::domain::limits::Window;

/// A counter item.
#[derive(Serialize, Deserialize)]
pub(super) struct Counter {
    hits: i64,
    expires_at: i64,
}

impl Counter {
    /// The requests in the window.
    pub(super) fn requests(&self) -> u64 {
        u64::try_from(self.hits).unwrap_or(0)
    }
}

impl Entity for Counter {
    const NAME: &'static str = "Counter";
}

impl Store {
    /// Counts one request of `subject`. Returns the number of requests in the window, including this one.
    pub async fn count(&self, window: Window, subject: &str) -> Result<u64, StoreError> {
        self.count_many(window, subject, 1).await
    }

    /// Counts this many requests of `subject`. Returns the number of requests in the window, including these.
    pub async fn count_many(&self, window: Window, subject: &str, requests: u32) -> Result<u64, StoreError> {
        Ok(self.add(window, subject, requests.into()).await?.requests())
    }

    /// Takes back this many requests of [`Store::count`] or [`Store::count_many`].
    pub async fn uncount(&self, window: Window, subject: &str, requests: u32) -> Result<(), StoreError> {
        self.add(window, subject, -i64::from(requests)).await.map(|_| ())
    }

    async fn add(&self, window: Window, subject: &str, hits: i64) -> Result<Counter, StoreError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::limit(window, subject).attributes()))
            .update_expression("SET entity = :entity, expires_at = :expires_at ADD hits :hits")
            .expression_attribute_values(":entity", text("Counter"))
            .expression_attribute_values(":expires_at", number(window.expires_at()))
            .expression_attribute_values(":hits", number(hits))
            .return_values(ReturnValue::AllNew);
        let updated = self.update_item(update).await.map_err(|error| StoreError::call("UpdateItem", &error))?;
        item::read(updated.attributes.unwrap_or_default())
    }
}
