//! Bodies that may exceed the size of an item. A body is compressed into its item. If the compressed body has more than
//! [`BODY_IN_ITEM_MAX`] bytes, it is split into parts beside the item, and the item holds their number and their
//! digest.
//!
//! Parts are named by the digest of their content, so concurrent writes of two processes never mix. Parts are written
//! in the same transaction as their item, or before it, so a reader who finds the item also finds its parts.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, number, text};
use super::dynamodb::packed::{deflate, inflate, unpack, with_body};
use super::keys::{self, Key};

/// Maximum bytes of a compressed body inside its item. DynamoDB limits an item to 400 KB, names and other attributes
/// included.
const BODY_IN_ITEM_MAX: usize = 300_000;
/// Maximum bytes of a part.
const PART_BYTES_MAX: usize = 350_000;
const DIGEST_BYTES: usize = 16;
/// The attribute with the number of parts.
const PARTS: &str = "parts";
/// The attribute with the digest of all parts.
const PARTS_DIGEST: &str = "parts_digest";

/// The item of a part. Its whole content is compressed.
#[derive(Serialize, Deserialize)]
pub(super) struct BodyPart {}

impl Entity for BodyPart {
    const NAME: &'static str = "Part";
}

/// An item with its body in stored form.
pub(super) struct WithBody {
    pub(super) item: Item,
    /// The parts of the body; empty if the item holds the body.
    pub(super) parts: Vec<Item>,
}

/// Builds the item of `row` under `key` with a compressed `body`.
pub(super) fn with_large_body<T: Entity>(key: &Key, row: &T, body: &impl Serialize) -> Result<WithBody, StoreError> {
    let mut item = item::write(key, row)?;
    let json = serde_json::to_vec(body).map_err(|error| StoreError::corrupt(T::NAME, error))?;
    let packed = deflate(&json).map_err(|error| StoreError::corrupt(T::NAME, error))?;
    if packed.len() <= BODY_IN_ITEM_MAX {
        return Ok(WithBody { item: with_body(item, packed), parts: Vec::new() });
    }
    let digest = hex::encode(&Sha256::digest(&packed)[..DIGEST_BYTES]);
    let chunks = packed.chunks(PART_BYTES_MAX).enumerate();
    let part = |(number, chunk): (usize, &[u8])| {
        Ok(with_body(item::write(&keys::part(key, &digest, number), &BodyPart {})?, chunk.to_vec()))
    };
    let parts: Vec<Item> = chunks.map(part).collect::<Result<_, StoreError>>()?;
    item.insert(PARTS.to_owned(), number(i128::try_from(parts.len()).unwrap_or(i128::MAX)));
    item.insert(PARTS_DIGEST.to_owned(), text(digest));
    Ok(WithBody { item, parts })
}

/// The digest of an item's parts, if it has any.
pub(super) fn parts_digest(item: &Item) -> Option<String> {
    match item.get(PARTS_DIGEST) {
        Some(AttributeValue::S(digest)) => Some(digest.clone()),
        _ => None,
    }
}

impl Store {
    /// Writes parts. Call this before writing their item.
    pub(super) async fn put_parts(&self, parts: Vec<Item>) -> Result<(), StoreError> {
        // One by one: parts are few and rare, and so the functions need no permission for batch writes.
        for part in parts {
            self.put_item(part).await?;
        }
        Ok(())
    }

    /// Deletes the parts with a digest of an item that refers to them no more.
    pub(super) async fn delete_parts(&self, key: &Key, digest: &str) -> Result<(), StoreError> {
        let parts = self.query(&key.pk, &keys::parts(key, digest), true).await?;
        self.delete_all(parts.iter().filter_map(item::key_of).collect()).await
    }

    /// Removes the body from an item of the entity `name` and parses it. Reads the parts if there are any.
    pub(super) async fn large_body<T: DeserializeOwned>(
        &self,
        item: &mut Item,
        name: &'static str,
    ) -> Result<T, StoreError> {
        let (Some(AttributeValue::N(count)), Some(AttributeValue::S(digest))) =
            (item.remove(PARTS), item.remove(PARTS_DIGEST))
        else {
            return unpack(item, name);
        };
        let key = item::key_of(item).ok_or_else(|| StoreError::corrupt(name, "it has no key"))?;
        let parts = self.query(&key.pk, &keys::parts(&key, &digest), true).await?;
        if parts.len().to_string() != count {
            let cause = format!("{} of its {count} parts are there", parts.len());
            return Err(StoreError::corrupt(name, cause));
        }
        let mut packed = Vec::new();
        for mut part in parts {
            let Some(AttributeValue::B(chunk)) = part.remove("body") else {
                return Err(StoreError::corrupt(name, "a part has no body"));
            };
            packed.extend_from_slice(chunk.as_ref());
        }
        inflate(&packed).map_err(|error| StoreError::corrupt(name, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::CourseId;
    use crate::store::size::item_bytes;

    #[test]
    fn a_body_is_in_its_item_or_in_parts_that_fit() {
        let key = keys::analysis(&CourseId::try_from("c").unwrap(), "0a1b");
        let mut random = fastrand::Rng::with_seed(1);
        for (length, parts) in [(10, 0), (300_000, 0), (500_000, 2), (2_000_000, 5)] {
            let body: String = std::iter::repeat_with(|| random.alphanumeric()).take(length).collect();
            let stored = with_large_body(&key, &BodyPart {}, &body).unwrap();
            assert_eq!(stored.parts.len(), parts, "{length}");
            for item in stored.parts.iter().chain([&stored.item]) {
                assert!(item_bytes(item) < 400_000);
            }
        }
    }
}
