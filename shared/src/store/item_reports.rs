//! The published statistics of a course's questions.

use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{Entity, number};
use super::dynamodb::plain::ConditionalPut;
use super::keys;
use super::parts::{parts_digest, with_large_body};
use crate::domain::id::CourseId;
use crate::domain::items::ItemReport;

/// The item of a report. Its content is compressed beside it.
#[derive(Serialize, Deserialize)]
struct ItemReportRow {
    /// In epoch seconds, so that times can be compared.
    made_at: i64,
}

impl Entity for ItemReportRow {
    const NAME: &'static str = "ItemReport";
}

impl Store {
    /// The published statistics of a course's questions, if there are any.
    pub async fn item_report(&self, course: &CourseId) -> Result<Option<ItemReport>, StoreError> {
        let Some(mut item) = self.get(&keys::item_report(course), true).await? else { return Ok(None) };
        let report: ItemReport = self.large_body(&mut item, ItemReportRow::NAME).await?;
        Ok(Some(report.flagged()))
    }

    /// Replaces the published statistics. Newer ones stay. Returns whether these are published.
    pub async fn publish_item_report(&self, course: &CourseId, report: &ItemReport) -> Result<bool, StoreError> {
        let key = keys::item_report(course);
        let replaced = self.get(&key, true).await?;
        let made_at = report.made_at.as_second();
        let stored = with_large_body(&key, &ItemReportRow { made_at }, report)?;
        let digest = parts_digest(&stored.item);
        let former = replaced.as_ref().and_then(parts_digest);
        // Write the parts before the item, so that a reader who finds the item also finds its parts.
        self.put_parts(stored.parts).await?;
        let is_not_newer = "attribute_not_exists(pk) OR made_at <= :made_at";
        let (is_published, unused) =
            match self.put_if(stored.item, is_not_newer, &[(":made_at", number(made_at))]).await? {
                ConditionalPut::Done => (true, former.filter(|former| Some(former) != digest.as_ref())),
                ConditionalPut::Refused(newer) => {
                    (false, digest.filter(|digest| parts_digest(&newer).as_ref() != Some(digest)))
                }
            };
        if let Some(unused) = unused {
            self.delete_parts(&key, &unused).await?;
        }
        Ok(is_published)
    }
}
