//! Typed items: converts a domain type, its key and its `entity` name to DynamoDB attributes and back.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use serde_json::{Map, Value};

use super::error::StoreError;
use super::json;
use crate::store::keys::{Key, PK, SK};

/// An item in the SDK's representation.
pub(in crate::store) type Item = HashMap<String, AttributeValue>;

/// The attribute with the type of the item.
pub(in crate::store) const ENTITY: &str = "entity";
/// The attribute with imported columns that the schema does not know.
const EXTRA: &str = "extra";

/// A type that is stored as an item.
pub(in crate::store) trait Entity: Serialize + DeserializeOwned {
    /// The value of `entity`.
    const NAME: &'static str;
}

/// Builds the item of `body` under `key`. Null members are omitted: an absent attribute costs nothing.
pub(in crate::store) fn write<T: Entity>(key: &Key, body: &T) -> Result<Item, StoreError> {
    let mut item: Item = to_item(body).map_err(|error| StoreError::corrupt(T::NAME, error))?;
    item.retain(|_, value| !value.is_null());
    item.extend(key.attributes());
    item.insert(ENTITY.to_owned(), AttributeValue::S(T::NAME.to_owned()));
    Ok(item)
}

/// Like [`write`], and also stores unknown columns unchanged.
pub(in crate::store) fn write_row<T: Entity>(
    key: &Key,
    body: &T,
    extra: &Map<String, Value>,
) -> Result<Item, StoreError> {
    let mut item = write(key, body)?;
    item.insert(EXTRA.to_owned(), json::columns(extra));
    Ok(item)
}

/// Parses an item.
pub(in crate::store) fn read<T: Entity>(mut item: Item) -> Result<T, StoreError> {
    if let Some(extra) = item.remove(EXTRA) {
        item.insert(EXTRA.to_owned(), json::read_columns(extra));
    }
    match item.get(ENTITY).and_then(|entity| entity.as_s().ok()) {
        Some(entity) if entity == T::NAME => from_item(item).map_err(|error| StoreError::corrupt(T::NAME, error)),
        other => Err(StoreError::corrupt(T::NAME, format!("entity is {other:?}"))),
    }
}

/// Parses items.
pub(in crate::store) fn read_all<T: Entity>(items: Vec<Item>) -> Result<Vec<T>, StoreError> {
    items.into_iter().map(read).collect()
}

/// Returns the primary key of an item.
pub(in crate::store) fn key_of(item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Key { pk: text(PK)?, sk: text(SK)? })
}

/// Whether an item has this primary key.
pub(in crate::store) fn has_key(item: &Item, key: &Key) -> bool {
    let is =
        |name: &str, value: &str| item.get(name).is_some_and(|found| found.as_s().is_ok_and(|found| found == value));
    is(PK, &key.pk) && is(SK, &key.sk)
}

/// Whether two items are equal. Numbers are compared by value, because DynamoDB may return another spelling: `1e21` may
/// come back as a one with 21 zeros.
pub(in crate::store) fn is_same(one: &Item, other: &Item) -> bool {
    let same = |(name, value): (&String, &AttributeValue)| other.get(name).is_some_and(|other| is_equal(value, other));
    one.len() == other.len() && one.iter().all(same)
}

fn is_equal(one: &AttributeValue, other: &AttributeValue) -> bool {
    match (one, other) {
        (AttributeValue::N(one), AttributeValue::N(other)) => one == other || decimal(one) == decimal(other),
        (AttributeValue::M(one), AttributeValue::M(other)) => is_same(one, other),
        (AttributeValue::L(one), AttributeValue::L(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        _ => one == other,
    }
}

/// Normalises a number: its sign, its digits without leading and trailing zeros, and the power of ten of the last
/// digit.
pub(in crate::store) fn decimal(number: &str) -> Option<(bool, String, i64)> {
    let (is_negative, unsigned) = match number.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (digits, power) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    let digits = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - digits.len()).ok()?;
    let power = power.parse::<i64>().ok()? - i64::try_from(part.len()).ok()? + zeros;
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { (false, String::new(), 0) } else { (is_negative, digits.to_owned(), power) })
}

/// Returns the `entity` of an item.
pub(in crate::store) fn entity_of(item: &Item) -> String {
    item.get(ENTITY).and_then(|entity| entity.as_s().ok()).cloned().unwrap_or_default()
}

/// Builds a text attribute.
pub(in crate::store) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Builds a number attribute.
pub(in crate::store) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_however_they_are_spelled() {
        for (one, other, is_same) in [
            ("1e21", "1000000000000000000000", true),
            ("0.0000001", "1E-7", true),
            ("-0", "0", true),
            ("0.50", "5e-1", true),
            ("+7", "7.0", true),
            ("-7", "7", false),
            ("100", "10", false),
            ("0.1", "0.10000000000000001", false),
        ] {
            let item = |number: &str| Item::from([("n".to_owned(), AttributeValue::N(number.to_owned()))]);
            let nested = |number: &str| {
                let list = AttributeValue::L(vec![AttributeValue::M(item(number))]);
                Item::from([("list".to_owned(), list)])
            };
            assert_eq!(super::is_same(&item(one), &item(other)), is_same, "{one} {other}");
            assert_eq!(super::is_same(&nested(one), &nested(other)), is_same, "{one} {other}");
        }
    }
}
