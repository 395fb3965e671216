//! Typed items: a domain type, its key, and its `entity` name, to DynamoDB's attributes and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};

use super::error::StoreError;
use crate::store::keys::{Key, PK, SK};

/// An item as the SDK has it.
pub(in crate::store) type Item = HashMap<String, AttributeValue>;

/// The attribute that says what an item is.
pub(in crate::store) const ENTITY: &str = "entity";

/// A type that is stored as an item of its own.
pub(in crate::store) trait Entity: Serialize + DeserializeOwned {
    /// The value of `entity`.
    const NAME: &'static str;
}

/// The item of `body` under `key`. What is null is left out: an absent attribute costs nothing.
pub(in crate::store) fn write<T: Entity>(key: &Key, body: &T) -> Result<Item, StoreError> {
    let mut item: Item = to_item(body).map_err(|error| StoreError::corrupt(T::NAME, error))?;
    item.retain(|_, value| !value.is_null());
    item.extend(key.attributes());
    item.insert(ENTITY.to_owned(), AttributeValue::S(T::NAME.to_owned()));
    Ok(item)
}

/// The body of an item.
pub(in crate::store) fn read<T: Entity>(item: Item) -> Result<T, StoreError> {
    match item.get(ENTITY).and_then(|entity| entity.as_s().ok()) {
        Some(entity) if entity == T::NAME => from_item(item).map_err(|error| StoreError::corrupt(T::NAME, error)),
        other => Err(StoreError::corrupt(T::NAME, format!("entity is {other:?}"))),
    }
}

/// The bodies of items.
pub(in crate::store) fn read_all<T: Entity>(items: Vec<Item>) -> Result<Vec<T>, StoreError> {
    items.into_iter().map(read).collect()
}

/// The primary key of an item.
pub(in crate::store) fn key_of(item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Key { pk: text(PK)?, sk: text(SK)? })
}

/// What an item is.
pub(in crate::store) fn entity_of(item: &Item) -> String {
    item.get(ENTITY).and_then(|entity| entity.as_s().ok()).cloned().unwrap_or_default()
}

/// A text attribute.
pub(in crate::store) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(in crate::store) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}
