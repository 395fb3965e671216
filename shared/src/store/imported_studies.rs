//! Imports unlocked questions and enrolments from an old service. Existing items are not overwritten, and neither is what a
//! delivery says.
//!
//! Unlocked questions are written together with the profile, on the condition of its version, so that no purchase relies on a
//! set that misses one of them, also if the import is interrupted.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::Store;
use super::catalog::Enrollment;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Item, number};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::dynamodb::transact::{ATTEMPTS_MAX, TransactionResult, fresh_token, pause};
use super::keys::{self, Key};
use crate::domain::account::profile::Profile;
use crate::domain::id::{CourseId, QuestionId, UserId};
use crate::domain::questions::seen::SeenQuestions;
use crate::domain::study::progress::Progress;

/// Concurrent writes.
const WRITES_AT_ONCE: usize = 16;
/// Unlocked questions per transaction: DynamoDB allows 100 actions.
const ROWS_AT_ONCE: usize = 50;

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
        let mut enrollments = Vec::new();
        for (course, enrolled_at) in &studies.enrollments {
            let key = keys::enrollment(user, course);
            let row = Enrollment { course_id: course.clone(), enrolled_at: *enrolled_at };
            enrollments.push((item::write(&key, &row)?, key));
        }
        Ok(StudiesWritten {
            progress: self.patient().add_progress(user, &studies.progress, dry_run).await?,
            enrollments: self.put_absent(enrollments, dry_run).await?,
        })
    }

    /// Writes progress on questions that are locked. Returns their number.
    async fn add_progress(&self, user: UserId, rows: &[Progress], dry_run: bool) -> Result<usize, StoreError> {
        let mut written = 0;
        for attempt in 0..ATTEMPTS_MAX {
            // What is unlocked is read after the profile, so that it holds for the version of the profile.
            let profile = self.profile(user).await?.filter(|profile| profile.state.closing.is_none());
            let unlocked = self.all_progress(user).await?;
            let mut known: HashSet<(&CourseId, &QuestionId)> =
                unlocked.iter().map(|row| (&row.course_id, &row.question_id)).collect();
            let missing: Vec<&Progress> =
                rows.iter().filter(|row| known.insert((&row.course_id, &row.question_id))).collect();
            if dry_run {
                return Ok(missing.len());
            }
            let Some(mut profile) = profile else { return Ok(written) };
            let mut is_refused = false;
            for chunk in missing.chunks(ROWS_AT_ONCE) {
                let mut actions = vec![self.forget_seen(&profile)?];
                for row in chunk {
                    let key = keys::progress(user, &row.course_id, &row.question_id);
                    actions.push(self.put_new(item::write(&key, *row)?)?);
                }
                if let TransactionResult::Refused(_) = self.transact(actions, &fresh_token()).await? {
                    is_refused = true;
                    break;
                }
                written += chunk.len();
                profile.version += 1;
            }
            if !is_refused {
                return Ok(written);
            }
            // The student did something meanwhile.
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX })
    }

    /// The write of a profile that removes its exact sets. Hints stay, because they may miss questions.
    fn forget_seen(&self, profile: &Profile) -> Result<TransactWriteItem, StoreError> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(profile.id).attributes()))
            .condition_expression("#version = :before AND attribute_not_exists(closing)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", number(profile.version))
            .expression_attribute_values(":after", number(profile.version + 1));
        update = if profile.seen_questions.is_exact() {
            let unknown = item::value("Profile", &SeenQuestions::UNKNOWN)?;
            update
                .update_expression("SET #version = :after, seen_questions = :seen REMOVE only_purchases")
                .expression_attribute_values(":seen", unknown)
        } else {
            update.update_expression("SET #version = :after REMOVE only_purchases")
        };
        Ok(TransactWriteItem::builder().update(update.build()?).build())
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
