//! Unlocked questions and enrolments of an old service, written where there is nothing yet.

use std::collections::HashSet;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::Store;
use super::catalog::Enrollment;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Item};
use super::keys::{self, Key};
use crate::domain::id::{CourseId, UserId};
use crate::domain::study::progress::Progress;

/// Writes that run at the same time.
const WRITES_AT_ONCE: usize = 16;

/// What a user did elsewhere.
pub struct ImportedStudies {
    /// Questions that they unlocked.
    pub progress: Vec<Progress>,
    /// Courses that they are enrolled in, and since when.
    pub enrollments: Vec<(CourseId, Timestamp)>,
}

/// What was written of it, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StudiesWritten {
    /// Questions.
    pub progress: usize,
    /// Enrolments.
    pub enrollments: usize,
}

impl Store {
    /// Writes what is not there yet of a user who has an account.
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
            progress: self.put_missing(progress, dry_run).await?,
            enrollments: self.put_missing(enrollments, dry_run).await?,
        })
    }

    /// Puts the items whose keys are free; how many. Of two with one key the first is put.
    async fn put_missing(&self, items: Vec<(Item, Key)>, dry_run: bool) -> Result<usize, StoreError> {
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

    async fn put_if_free(&self, item: Item) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Ok(_) => Ok(true),
            // The student was faster.
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(false)
            }
            Err(error) => Err(StoreError::call("PutItem", &error)),
        }
    }
}
