//! Analyses: published once for each edition of a course, owned by those who paid for it.

use std::collections::HashSet;
use std::sync::Arc;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::keys;
use super::parts::with_large_body;
use crate::domain::analysis::{Analysis, PastExams, analyse, edition};
use crate::domain::catalog::Course;
use crate::domain::id::{CourseId, UserId};

/// A published analysis. Its body is packed; of older ones it is JSON text.
#[derive(Serialize, Deserialize)]
pub(super) struct Publication {
    edition: String,
    created_at: Timestamp,
}

impl Entity for Publication {
    const NAME: &'static str = "Analysis";
}

/// What a user owns.
#[derive(Serialize, Deserialize)]
pub(super) struct OwnedAnalysis {
    edition: String,
    created_at: Timestamp,
}

impl Entity for OwnedAnalysis {
    const NAME: &'static str = "OwnedAnalysis";
}

impl Store {
    /// The analysis of a course as it is now, in memory for as long as the catalogue stays; none without past exams.
    ///
    /// What was published under an edition is what everybody gets of it, so that what was bought stays the same.
    pub async fn analysis(&self, course: &Course, now: Timestamp) -> Result<Option<Arc<Analysis>>, StoreError> {
        let key = (course.id.clone(), course.catalog_version);
        match self.cache.analyses.get_value_or_guard_async(&key).await {
            Ok(analysis) => Ok(Some(analysis)),
            Err(guard) => {
                let bank = self.bank(course).await?;
                let past = PastExams::of(&bank);
                if past.exams.is_empty() {
                    return Ok(None);
                }
                let analysis = match self.published(&course.id, &edition(&past)).await? {
                    Some(published) => published,
                    None => self.publish(&course.id, analyse(&past), now).await?,
                };
                let analysis = Arc::new(analysis);
                let _ = guard.insert(Arc::clone(&analysis));
                Ok(Some(analysis))
            }
        }
    }

    async fn published(&self, course: &CourseId, edition: &str) -> Result<Option<Analysis>, StoreError> {
        let Some(mut item) = self.get(&keys::analysis(course, edition), false).await? else { return Ok(None) };
        if let Some(AttributeValue::S(json)) = item.get("body") {
            return serde_json::from_str(json).map(Some).map_err(|error| StoreError::corrupt("Analysis", error));
        }
        self.large_body(&mut item, "Analysis").await.map(Some)
    }

    /// Publishes `analysis` unless another process was faster; what is published either way.
    async fn publish(&self, course: &CourseId, analysis: Analysis, now: Timestamp) -> Result<Analysis, StoreError> {
        let publication = Publication { edition: analysis.edition.clone(), created_at: now };
        let stored = with_large_body(&keys::analysis(course, &analysis.edition), &publication, &analysis)?;
        // Before the item, so that whoever finds the item finds its parts.
        self.put_parts(stored.parts).await?;
        match self.put_if(stored.item, IS_NEW, &[]).await? {
            ConditionalPut::Done => Ok(analysis),
            ConditionalPut::Refused(_) => {
                let first = self.published(course, &analysis.edition).await?;
                Ok(first.unwrap_or(analysis))
            }
        }
    }

    /// The editions of a course's analysis that a user owns.
    pub async fn owned_editions(&self, user: UserId, course: &CourseId) -> Result<HashSet<String>, StoreError> {
        let items = self.query(&keys::user(user), &keys::owned_analyses(course), true).await?;
        let owned: Vec<OwnedAnalysis> = item::read_all(items)?;
        Ok(owned.into_iter().map(|owned| owned.edition).collect())
    }

    /// The write that makes an edition a user's; it fails when it is theirs already.
    pub(super) fn own_analysis(
        &self,
        user: UserId,
        course: &CourseId,
        edition: &str,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        let owned = OwnedAnalysis { edition: edition.to_owned(), created_at: now };
        self.put_new(item::write(&keys::owned_analysis(user, course, edition), &owned)?)
    }
}
