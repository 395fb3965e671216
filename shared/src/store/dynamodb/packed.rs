//! Items with one compressed attribute for the larger part of their data. Compression reduces our JSON to a third, and
//! the cost of writing with it.

use std::io::{self, Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use super::item::Item;

/// The compressed attribute.
const BODY: &str = "body";
/// Maximum bytes of a decompressed body: far more than fits compressed into an item.
const BODY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// Adds an already compressed body to `item`.
pub(in crate::store) fn with_body(mut item: Item, packed: Vec<u8>) -> Item {
    item.insert(BODY.to_owned(), AttributeValue::B(Blob::new(packed)));
    item
}

/// Removes the body from an item of `entity` and parses it.
pub(in crate::store) fn unpack<T: DeserializeOwned>(item: &mut Item, entity: &'static str) -> Result<T, StoreError> {
    let Some(AttributeValue::B(packed)) = item.remove(BODY) else {
        return Err(StoreError::corrupt(entity, "it has no body"));
    };
    inflate(packed.as_ref()).map_err(|error| StoreError::corrupt(entity, error))
}

/// Compresses JSON for storage.
pub(in crate::store) fn deflate(json: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json)?;
    encoder.finish()
}

/// Decompresses and parses what [`deflate`] returned.
pub(in crate::store) fn inflate<T: DeserializeOwned>(packed: &[u8]) -> io::Result<T> {
    let mut json = Vec::new();
    DeflateDecoder::new(packed).take(BODY_BYTES_MAX).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}
