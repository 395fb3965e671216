//! Items with one compressed attribute for the larger part of their data. Compression reduces our JSON to a third, and
//! the cost of writing with it.

use std::cell::RefCell;
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

thread_local! {
    /// An encoder has 300 KB of state. One for each item fragments the heap: an import of 10,000 questions took 3 GB.
    static ENCODER: RefCell<DeflateEncoder<Vec<u8>>> =
        RefCell::new(DeflateEncoder::new(Vec::new(), Compression::default()));
}

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
    ENCODER.with_borrow_mut(|encoder| {
        encoder.write_all(json)?;
        encoder.reset(Vec::new())
    })
}

/// Decompresses and parses what [`deflate`] returned.
pub(in crate::store) fn inflate<T: DeserializeOwned>(packed: &[u8]) -> io::Result<T> {
    let mut json = Vec::new();
    DeflateDecoder::new(packed).take(BODY_BYTES_MAX).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compressed_independently_of_each_other() {
        let texts = ["a".repeat(1000), String::new(), "a".repeat(1000)];
        let packed: Vec<_> = texts.iter().map(|text| deflate(&serde_json::to_vec(text).unwrap()).unwrap()).collect();
        for (text, packed) in texts.iter().zip(&packed) {
            assert_eq!(inflate::<String>(packed).unwrap(), *text);
        }
        assert_eq!(packed[0], packed[2]);
    }
}
