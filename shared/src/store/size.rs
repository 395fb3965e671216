//! Item sizes, and items that grow with the age of an account.
//!
//! A student's mastery item grows with the topics that the student tries, and a payment item grows with every invoice.
//! A small item is stored as plain attributes, so that it can be read in the table. Above [`PLAIN_BYTES_MAX`], its
//! lists and maps are compressed to about a fifth.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use serde_json::{Map, Value};

use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, ENTITY, Entity, Item};
use super::dynamodb::packed::{deflate, inflate};
use super::keys::{Key, PK, SK};

/// Maximum bytes of an item that is stored as plain attributes.
const PLAIN_BYTES_MAX: usize = 150_000;
/// The attribute with the compressed lists and maps.
const FOLDED: &str = "folded";

/// An upper bound of the item's size as DynamoDB counts it, in bytes.
pub(super) fn item_bytes(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_bytes(value)).sum()
}

fn value_bytes(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len() / 2 + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + value_bytes(value)).sum::<usize>(),
        AttributeValue::M(values) => {
            3 + values.iter().map(|(name, value)| 1 + name.len() + value_bytes(value)).sum::<usize>()
        }
        _ => 1,
    }
}

/// Builds an item that may grow.
pub(super) fn write_growing<T: Entity>(key: &Key, row: &T) -> Result<Item, StoreError> {
    let plain = item::write(key, row)?;
    if item_bytes(&plain) <= PLAIN_BYTES_MAX {
        return Ok(plain);
    }
    let corrupt = |error: &dyn std::fmt::Display| StoreError::corrupt(T::NAME, error);
    let (mut single, mut folded) = (Item::new(), Item::new());
    for (name, value) in plain {
        let is_many = matches!(value, AttributeValue::L(_) | AttributeValue::M(_));
        let into = if is_many { &mut folded } else { &mut single };
        into.insert(name, value);
    }
    let folded: Map<String, Value> = from_item(folded).map_err(|error| corrupt(&error))?;
    let packed = serde_json::to_vec(&folded).map_err(|error| corrupt(&error))?;
    let packed = deflate(&packed).map_err(|error| corrupt(&error))?;
    single.insert(FOLDED.to_owned(), AttributeValue::B(packed.into()));
    Ok(single)
}

/// Parses an item that [`write_growing`] built.
pub(super) fn read_growing<T: Entity>(item: Item) -> Result<T, StoreError> {
    item::read(unfolded(item)?)
}

/// Parses items that [`write_growing`] built.
pub(super) fn read_all_growing<T: Entity>(items: Vec<Item>) -> Result<Vec<T>, StoreError> {
    items.into_iter().map(read_growing).collect()
}

/// Expands the compressed attributes of an item.
pub(super) fn unfolded(mut item: Item) -> Result<Item, StoreError> {
    let Some(AttributeValue::B(packed)) = item.remove(FOLDED) else { return Ok(item) };
    let corrupt = |error: &dyn std::fmt::Display| StoreError::corrupt("folded", error);
    let folded: Map<String, Value> = inflate(packed.as_ref()).map_err(|error| corrupt(&error))?;
    let folded: Item = to_item(folded).map_err(|error| corrupt(&error))?;
    item.extend(folded.into_iter().filter(|(name, _)| ![PK, SK, ENTITY].contains(&name.as_str())));
    Ok(item)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::domain::id::{CourseId, UserId};
    use crate::store::keys;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        version: u64,
        name: String,
        numbers: BTreeMap<String, f64>,
        pairs: Vec<(u64, u64)>,
        nothing: Option<u32>,
    }

    impl Entity for Row {
        const NAME: &'static str = "Row";
    }

    #[test]
    fn a_row_of_any_size_round_trips_and_fits() {
        let key = keys::mastery(UserId(uuid::Uuid::nil()), &CourseId::try_from("c").unwrap());
        for (length, is_folded) in [(0_u32, false), (1_000, false), (8_000, true)] {
            let number = |index: u32| (format!("topic-{index:05}"), f64::from(index).sin() / 3.0);
            let row = Row {
                version: u64::from(length),
                name: "n".to_owned(),
                numbers: (0..length).map(number).collect(),
                pairs: (0..u64::from(length)).map(|index| (index, u64::MAX - index)).collect(),
                nothing: None,
            };
            let item = write_growing(&key, &row).unwrap();
            assert_eq!((item.contains_key(FOLDED), item.contains_key("version")), (is_folded, true), "{length}");
            assert!(item_bytes(&item) < 400_000, "{}", item_bytes(&item));
            assert_eq!(read_growing::<Row>(item).unwrap(), row);
        }
    }
}
