//! Everything that is stored of a user, as it is stored: so what is added later is exported too. In pages, since an account
//! may hold more than an answer.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::from_item;
use serde_json::{Map, Value};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, ENTITY, Entity, Item, text};
use super::keys::{self, PK, SK, is_place, place_after};
use super::parts::Part;
use super::size::unfolded;
use crate::domain::account::session::SessionId;
use crate::domain::id::UserId;

/// An item of a user, without its keys: those hold hashes.
#[derive(Debug, Clone)]
pub struct StoredItem {
    /// What it is.
    pub entity: String,
    /// Its attributes.
    pub attributes: Map<String, Value>,
}

/// Some of a user's items, in the order of their keys.
#[derive(Debug, Clone)]
pub struct ItemPage {
    /// The items.
    pub items: Vec<StoredItem>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<String>,
}

impl Store {
    /// The items of a user from behind `place`, as many as `fits` lets in, and one at least. It is asked once for each, in
    /// their order.
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

    /// Whether a text may be the place of [`ItemPage::next`].
    #[must_use]
    pub fn is_place(text: &str) -> bool {
        is_place(text)
    }
}

/// An item as it is exported; nothing for a part of another.
fn stored(item: Item) -> Result<Option<StoredItem>, StoreError> {
    let entity = item::entity_of(&item);
    if entity == Part::NAME {
        return Ok(None);
    }
    let mut item = unfolded(item)?;
    let key = item::key_of(&item);
    let session = key.as_ref().and_then(|key| keys::hash_of_session(&key.sk)).map(|hash| SessionId::of(&hash));
    for name in [PK, SK, ENTITY] {
        item.remove(name);
    }
    // What is packed is of the catalogue: the questions of a midterm, which its id opens.
    item.retain(|_, value| !matches!(value, AttributeValue::B(_)));
    let mut attributes: Map<String, Value> = from_item(item).map_err(|error| StoreError::corrupt("item", error))?;
    if let Some(id) = session {
        attributes.insert("id".to_owned(), Value::from(id.as_str()));
    }
    Ok(Some(StoredItem { entity, attributes }))
}
