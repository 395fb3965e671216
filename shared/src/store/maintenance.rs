//! What only operators' tools do: walking the whole table. Never in a request.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::Store;
use super::error::StoreError;
use super::item::{self, text};
use super::keys::{self, ENTRIES};
use crate::domain::id::UserId;
use crate::domain::ledger::Entry;
use crate::domain::profile::Profile;

/// A page of users, and where the next one begins.
pub struct ProfilePage {
    /// Users, in no order.
    pub profiles: Vec<Profile>,
    /// Profiles that cannot be read: their partition, and why.
    pub corrupt: Vec<(String, StoreError)>,
    /// The next page, if there is one.
    pub next: Option<NextPage>,
}

/// A place in the walk.
pub struct NextPage(HashMap<String, AttributeValue>);

impl Store {
    /// One page of all profiles.
    pub async fn scan_profiles(&self, from: Option<NextPage>) -> Result<ProfilePage, StoreError> {
        let request = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .filter_expression("sk = :profile")
            .expression_attribute_values(":profile", text(keys::PROFILE))
            .set_exclusive_start_key(from.map(|page| page.0));
        let page = request.send().await.map_err(|error| StoreError::call("Scan", &error))?;
        let mut found =
            ProfilePage { profiles: Vec::new(), corrupt: Vec::new(), next: page.last_evaluated_key.map(NextPage) };
        for item in page.items.unwrap_or_default() {
            let partition = item::key_of(&item).map_or_else(String::new, |key| key.pk);
            match item::read(item) {
                Ok(profile) => found.profiles.push(profile),
                Err(error) => found.corrupt.push((partition, error)),
            }
        }
        Ok(found)
    }

    /// All ledger entries of a user, oldest first.
    pub async fn entries(&self, user: UserId) -> Result<Vec<Entry>, StoreError> {
        item::read_all(self.query(&keys::user(user), ENTRIES, true).await?)
    }
}
