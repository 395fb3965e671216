//! Everything that is stored of a user, as it is stored: so what is added later is exported too.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::from_item;
use serde_json::{Map, Value};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, ENTITY, Item};
use super::keys::{self, PK, SK};
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

impl Store {
    /// All items of a user, in the order of their keys.
    pub async fn items_of(&self, user: UserId) -> Result<Vec<StoredItem>, StoreError> {
        self.query(&keys::user(user), "", true).await?.into_iter().map(stored).collect()
    }
}

fn stored(mut item: Item) -> Result<StoredItem, StoreError> {
    let entity = item::entity_of(&item);
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
    Ok(StoredItem { entity, attributes })
}
