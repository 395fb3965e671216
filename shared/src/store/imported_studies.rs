//! Imports unlocked questions and enrolments from an old service. Existing items are not overwritten.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::Store;
use super::catalog::Enrollment;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Item};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::keys::{self, Key};
use crate::domain::id::{CourseId, UserId};
use crate::domain::study::progress::Progress;

/// Concurrent writes.
const WRITES_AT_ONCE: usize = 16;

/// A user's data from an old service.
pub struct ImportedStudies {
    /// Progress on the questions that the user unlocked.
    pub progress: Vec<Progress>,
    /// Courses and times of enrolment.
    pub enrollments: Vec<(CourseId, Timestamp)>,
}

/// Number of items that were written, or would be in a dry run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StudiesWritten {
    pub progress: usize,
    pub enrollments: usize,
}

impl Store {
    /// Writes the items that do not exist yet. The user must have an account.
    pub async fn write_studies(
        &self,
        user: UserId,
        studies: &ImportedStudies,
        dry_run: bool,
    ) -> Result<StudiesWritten, StoreError> {
        let mut progress = Vec::new();
        for row in &studies.progress {
            let key = keys::progress(user, &row.course_id, &row.question_id);
            progress.push((item::write(&key, row)?, key));
        }
        let mut enrollments = Vec::new();
        for (course, enrolled_at) in &studies.enrollments {
            let key = keys::enrollment(user, course);
            let row = Enrollment { course_id: course.clone(), enrolled_at: *enrolled_at };
            enrollments.push((item::write(&key, &row)?, key));
        }
        Ok(StudiesWritten {
            progress: self.put_absent(progress, dry_run).await?,
            enrollments: self.put_absent(enrollments, dry_run).await?,
        })
    }

    /// Puts the items whose keys are not in use. Returns their number. If two items share a key, the first one is put.
    async fn put_absent(&self, items: Vec<(Item, Key)>, dry_run: bool) -> Result<usize, StoreError> {
        let mut seen = HashSet::new();
        let items: Vec<(Item, Key)> = items.into_iter().filter(|(_, key)| seen.insert(key.clone())).collect();
        let keys: Vec<Key> = items.iter().map(|(_, key)| key.clone()).collect();
        let there: HashSet<Key> = self.get_many(&keys, true).await?.iter().filter_map(item::key_of).collect();
        let missing = items.into_iter().filter(|(_, key)| !there.contains(key));
        if dry_run {
            return Ok(missing.count());
        }
        let puts = missing.map(|(item, _)| self.put_if_free(item));
        let written: Vec<bool> = stream::iter(puts).buffer_unordered(WRITES_AT_ONCE).try_collect().await?;
        Ok(written.into_iter().filter(|is_written| *is_written).count())
    }

    /// Returns `false` if the student created the item concurrently.
    async fn put_if_free(&self, item: Item) -> Result<bool, StoreError> {
        Ok(matches!(self.put_if(item, IS_NEW, &[]).await?, ConditionalPut::Done))
    }
}
