//! Figures: stored once each, by the digest of their bytes. They never change, and an import never deletes one.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item};
use super::dynamodb::plain::ConditionalPut;
use super::keys;
use crate::domain::catalog::figures::{FigureDigest, FigureFile, MediaType};
use crate::store::WriteCounts;

/// The attribute with the bytes.
const DATA: &str = "data";

/// The other attributes of a figure's item.
#[derive(Serialize, Deserialize)]
struct Row {
    digest: FigureDigest,
    media_type: MediaType,
}

impl Entity for Row {
    const NAME: &'static str = "Figure";
}

impl Store {
    /// Reads a figure.
    pub async fn figure(&self, digest: &FigureDigest) -> Result<Option<FigureFile>, StoreError> {
        let Some(mut item) = self.get(&keys::figure(digest), false).await? else { return Ok(None) };
        let Some(AttributeValue::B(data)) = item.remove(DATA) else {
            return Err(StoreError::corrupt("Figure", "it has no data"));
        };
        let row: Row = item::read(item)?;
        Ok(Some(FigureFile { digest: row.digest, media_type: row.media_type, bytes: data.into_inner() }))
    }

    /// Stores the figures that are not stored yet. Returns the counts.
    pub async fn write_figures(&self, figures: &[FigureFile], dry_run: bool) -> Result<WriteCounts, StoreError> {
        let mut counts = WriteCounts::default();
        for figure in figures {
            let is_new = self.get(&keys::figure(&figure.digest), true).await?.is_none();
            if is_new && !dry_run {
                // A concurrent import may be faster: it writes the same.
                let (ConditionalPut::Done | ConditionalPut::Refused(_)) =
                    self.patient().put_if(item_of(figure)?, "attribute_not_exists(pk)", &[]).await?;
            }
            if is_new { counts.created += 1 } else { counts.unchanged += 1 }
        }
        Ok(counts)
    }
}

fn item_of(figure: &FigureFile) -> Result<Item, StoreError> {
    let row = Row { digest: figure.digest.clone(), media_type: figure.media_type };
    let mut item = item::write(&keys::figure(&figure.digest), &row)?;
    item.insert(DATA.to_owned(), AttributeValue::B(Blob::new(figure.bytes.clone())));
    Ok(item)
}
