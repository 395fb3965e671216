//! Analyses. Each edition is published once per course, and owned by the users who bought it.

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

/// A published analysis. Its body is compressed; older items hold it as JSON text.
#[derive(Serialize, Deserialize)]
pub(super) struct Publication {
    edition: String,
    created_at: Timestamp,
}

impl Entity for Publication {
    const NAME: &'static str = "Analysis";
}

/// Marks that a user owns an edition.
#[derive(Serialize, Deserialize)]
pub(super) struct OwnedAnalysis {
    edition: String,
    created_at: Timestamp,
}

impl Entity for OwnedAnalysis {
    const NAME: &'static str = "OwnedAnalysis";
}

impl Store {
    /// Returns the current analysis of a course, cached in memory until the catalogue changes. `None` if the course has
    /// no past exams.
    ///
    /// An edition is immutable: every user gets the analysis that was published first, so what a user bought never
    /// changes.
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

    /// Publishes `analysis` unless another process published the edition first. Returns what is published.
    async fn publish(&self, course: &CourseId, analysis: Analysis, now: Timestamp) -> Result<Analysis, StoreError> {
        let publication = Publication { edition: analysis.edition.clone(), created_at: now };
        let stored = with_large_body(&keys::analysis(course, &analysis.edition), &publication, &analysis)?;
        // Write the parts before the item, so that a reader who finds the item also finds its parts.
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

    /// When a user last bought an edition of a course's analysis.
    pub async fn last_edition_bought(&self, user: UserId, course: &CourseId) -> Result<Option<Timestamp>, StoreError> {
        let items = self.query(&keys::user(user), &keys::owned_analyses(course), true).await?;
        let owned: Vec<OwnedAnalysis> = item::read_all(items)?;
        Ok(owned.into_iter().map(|owned| owned.created_at).max())
    }

    /// A write that gives an edition to a user. It fails if the user owns it already.
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
