//! The stored course from which a catalogue was made.
//!
//! Papers are added to what is stored, and the result is written. What another import changed meanwhile must not be written back as it
//! was: such a question is refused, and the papers are added again.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Item};
use super::import::{Draft, Merge};
use super::keys::{self, Key};
use crate::domain::catalog::Question;
use crate::domain::catalog::complete::Catalog;

const DIGEST_BYTES: usize = 16;

/// What was stored: digests of the questions. They hold the version, which rises when options change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogBase {
    /// The version of the course; 0 if there was none.
    pub version: u64,
    questions: HashMap<Key, [u8; DIGEST_BYTES]>,
}

impl CatalogBase {
    /// Notes the questions of a course as they were read.
    #[must_use]
    pub fn of(stored: &Catalog) -> Self {
        let questions = stored.questions.iter();
        let questions = questions.map(|question| (keys::question(&question.meta.id), digest(question))).collect();
        Self { version: stored.course.catalog_version, questions }
    }

    /// Whether a draft would overwrite what another import stored since. A question that was not listed, such as one that an interrupted
    /// import left, may be overwritten. So may exams, topics and patterns, because the other import or this one writes them again.
    pub(super) fn is_overtaken(&self, draft: &Draft, stored: &HashMap<Key, Item>) -> Result<bool, StoreError> {
        if matches!(draft.merge, Merge::Unchanged) {
            return Ok(false);
        }
        let (Some(base), Some(now)) = (self.questions.get(&draft.key), stored.get(&draft.key)) else {
            return Ok(false);
        };
        Ok(digest(&item::read::<Question>(now.clone())?) != *base)
    }
}

fn digest(question: &Question) -> [u8; DIGEST_BYTES] {
    // Maps are sorted, so equal questions have equal JSON.
    let json = serde_json::to_vec(question).unwrap_or_default();
    let mut digest = [0; DIGEST_BYTES];
    digest.copy_from_slice(&Sha256::digest(&json)[..DIGEST_BYTES]);
    digest
}
