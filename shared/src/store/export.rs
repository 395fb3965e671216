//! Exports everything that is stored about a user, in its stored form, so that new entities are exported automatically.
//! The export is paginated, because an account may be larger than a response.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::from_item;
use serde_json::{Map, Value};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, ENTITY, Entity, Item, text};
use super::keys::{self, PK, SK, is_place, place_after};
use super::parts::BodyPart;
use super::size::unfolded;
use crate::domain::account::session::SessionId;
use crate::domain::id::UserId;

/// The attributes with secrets and hashes of secrets: the hash of a link's token, and those of a second factor.
const SECRETS: [&str; 3] = ["token_hash", "secret", "recovery_codes"];

/// An item of a user, without its keys, because keys contain hashes.
#[derive(Debug, Clone)]
pub struct StoredItem {
    /// The entity name.
    pub entity: String,
    pub attributes: Map<String, Value>,
}

/// A page of a user's items, ordered by key.
#[derive(Debug, Clone)]
pub struct ItemPage {
    pub items: Vec<StoredItem>,
    /// Position of the next page; `None` on the last page.
    pub next: Option<String>,
}

impl Store {
    /// Returns a user's items after `place`. Adds items while `fits` returns `true`, but at least one. `fits` is called
    /// once per item, in order.
    pub async fn items_of(
        &self,
        user: UserId,
        place: Option<&str>,
        mut fits: impl FnMut(&StoredItem) -> bool,
    ) -> Result<ItemPage, StoreError> {
        let mut items = Vec::new();
        let mut last: Option<String> = None;
        let mut start: Option<HashMap<String, AttributeValue>> = None;
        loop {
            let mut request = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .expression_attribute_values(":pk", text(keys::user(user)))
                .set_exclusive_start_key(start);
            request = match place {
                Some(place) => request
                    .key_condition_expression("pk = :pk AND sk > :place")
                    .expression_attribute_values(":place", text(place)),
                None => request.key_condition_expression("pk = :pk"),
            };
            let page = request.send().await.map_err(|error| StoreError::call("Query", &error))?;
            for item in page.items.unwrap_or_default() {
                let sk = item::key_of(&item).map(|key| key.sk).unwrap_or_default();
                if let Some(stored) = stored(item)? {
                    if !fits(&stored) && !items.is_empty() {
                        return Ok(ItemPage { items, next: last.as_deref().map(place_after) });
                    }
                    items.push(stored);
                }
                last = Some(sk);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(ItemPage { items, next: None });
            }
        }
    }

    /// Whether a text may be a position from [`ItemPage::next`].
    #[must_use]
    pub fn is_place(text: &str) -> bool {
        is_place(text)
    }
}

/// Converts an item for the export; `None` for a part of another item.
fn stored(item: Item) -> Result<Option<StoredItem>, StoreError> {
    let entity = item::entity_of(&item);
    if entity == BodyPart::NAME {
        return Ok(None);
    }
    let mut item = unfolded(item)?;
    let key = item::key_of(&item);
    let session = key.as_ref().and_then(|key| keys::hash_of_session(&key.sk)).map(|hash| SessionId::of(&hash));
    for name in [PK, SK, ENTITY].into_iter().chain(SECRETS) {
        item.remove(name);
    }
    // Leave out compressed attributes: they hold catalogue data, such as the questions of a midterm, which its id gives
    // access to.
    item.retain(|_, value| !matches!(value, AttributeValue::B(_)));
    let mut attributes: Map<String, Value> = from_item(item).map_err(|error| StoreError::corrupt("item", error))?;
    if let Some(id) = session {
        attributes.insert("id".to_owned(), Value::from(id.as_str()));
    }
    Ok(Some(StoredItem { entity, attributes }))
}
