//! Items whose larger part is one compressed attribute: JSON of ours shrinks to a third, and with it what it costs to
//! write.

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
/// Bytes that a body may have when it is read: far more than an item can hold compressed text of.
const BODY_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// `item` with a body that is packed already.
pub(in crate::store) fn with_body(mut item: Item, packed: Vec<u8>) -> Item {
    item.insert(BODY.to_owned(), AttributeValue::B(Blob::new(packed)));
    item
}

/// The body of an item of `entity`, taken out of it.
pub(in crate::store) fn unpack<T: DeserializeOwned>(item: &mut Item, entity: &'static str) -> Result<T, StoreError> {
    let Some(AttributeValue::B(packed)) = item.remove(BODY) else {
        return Err(StoreError::corrupt(entity, "it has no body"));
    };
    inflate(packed.as_ref()).map_err(|error| StoreError::corrupt(entity, error))
}

/// JSON as it is stored.
pub(in crate::store) fn deflate(json: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(json)?;
    encoder.finish()
}

/// What [`deflate`] was given, read.
pub(in crate::store) fn inflate<T: DeserializeOwned>(packed: &[u8]) -> io::Result<T> {
    let mut json = Vec::new();
    DeflateDecoder::new(packed).take(BODY_BYTES_MAX).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}
