//! Changes of the catalogue by operators that are no imports: a course is shown or hidden, a question is retired or restored.
//!
//! A retired question stays readable for who has bought it. It is in no list of others, not sold, not drawn for practice or
//! midterms, and no part of an analysis or forecast. The question's item says that it is retired, and imports keep that; the bank
//! has it in a list of its own.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::Store;
use super::accounts::is_condition_failed;
use super::bank::PackedBank;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, pause};
use super::keys::{self, Key};
use crate::domain::catalog::{Bank, Course, QuestionSummary};
use crate::domain::id::{CourseId, QuestionId};

/// Attribute of a retired question.
pub(super) const RETIRED_AT: &str = "retired_at";

/// Attribute of a question that is retired because the import which created it was taken back. The next import that has it brings
/// it back.
pub(super) const TAKEN_BACK: &str = "taken_back";
/// Questions that are marked at once.
const MARKS_AT_ONCE: usize = 16;

/// Why a question or course was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// No course has this id.
    #[error("there is no course {:?}", .0.as_str())]
    NoCourse(CourseId),
    /// No question has this id.
    #[error("there is no question {:?}", .0.as_str())]
    NoQuestion(QuestionId),
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Shows a course to students, or hides it. Returns whether that is a change.
    pub async fn set_active(&self, id: &CourseId, is_active: bool) -> Result<bool, ContentError> {
        for attempt in 0..ATTEMPTS_MAX {
            let Some(course) = self.course_now(id).await? else { return Err(ContentError::NoCourse(id.clone())) };
            if course.is_active == is_active {
                return Ok(false);
            }
            let changed = Course { is_active, catalog_version: course.catalog_version + 1, ..course };
            match self.put_course(&keys::course(id), &changed).await {
                Ok(()) => {
                    self.forget_courses();
                    return Ok(true);
                }
                // A concurrent import or command was faster.
                Err(StoreError::Contention { .. }) => pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// Retires questions of a course, or restores them, and returns how many of them that changed. Can be repeated after a
    /// failure: then the course's bank follows what the questions say.
    pub async fn set_retired(
        &self,
        course: &CourseId,
        questions: &[QuestionId],
        is_retired: bool,
        now: Timestamp,
    ) -> Result<usize, ContentError> {
        let changed = self.mark_all(questions, is_retired, now).await?;
        self.repack(course, questions, now).await?;
        Ok(changed)
    }

    /// The course of a question, and whether the question is retired.
    pub async fn course_of(&self, id: &QuestionId) -> Result<Option<(CourseId, bool)>, StoreError> {
        let summary: Option<QuestionSummary> =
            self.get(&keys::question(id), true).await?.map(item::read).transpose()?;
        Ok(summary.map(|summary| (summary.meta.course_id, summary.retired_at.is_some())))
    }

    /// The summaries of questions as their items say it, not the bank.
    pub async fn summaries_now(&self, ids: &[&QuestionId]) -> Result<Vec<QuestionSummary>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| keys::question(id)).collect();
        item::read_all(self.get_many(&keys, true).await?)
    }

    async fn course_now(&self, id: &CourseId) -> Result<Option<Course>, StoreError> {
        self.get(&keys::course(id), true).await?.map(item::read).transpose()
    }

    /// Changes the items of questions. Returns how many of them that changed.
    pub(super) async fn mark_all(
        &self,
        questions: &[QuestionId],
        is_retired: bool,
        now: Timestamp,
    ) -> Result<usize, ContentError> {
        let marks = questions.iter().map(|id| self.mark_retired(id, is_retired, now));
        let marked: Vec<bool> = stream::iter(marks).buffer_unordered(MARKS_AT_ONCE).try_collect().await?;
        Ok(marked.into_iter().filter(|is_changed| *is_changed).count())
    }

    /// Changes a question's item. Returns whether that was a change.
    async fn mark_retired(&self, id: &QuestionId, is_retired: bool, now: Timestamp) -> Result<bool, ContentError> {
        let (change, state) = if is_retired {
            (
                "SET retired_at = :now REMOVE taken_back",
                "attribute_exists(pk) AND (attribute_not_exists(retired_at) OR attribute_exists(taken_back))",
            )
        } else {
            ("REMOVE retired_at, taken_back", "attribute_exists(retired_at)")
        };
        let mut update = self
            .client
            .update_item()
            .set_key(Some(keys::question(id).attributes()))
            .update_expression(change)
            .condition_expression(state);
        if is_retired {
            update = update.expression_attribute_values(":now", text(now.to_string()));
        }
        match self.update_item(update).await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => match self.course_of(id).await? {
                Some(_) => Ok(false),
                None => Err(ContentError::NoQuestion(id.clone())),
            },
            Err(error) => Err(StoreError::call("UpdateItem", &error).into()),
        }
    }

    /// Retires questions whose import is taken back. Those that an operator retired stay as they are.
    pub(super) async fn mark_taken_back(&self, questions: &[QuestionId], now: Timestamp) -> Result<(), StoreError> {
        let marks = questions.iter().map(|id| async move {
            let update = self
                .client
                .update_item()
                .set_key(Some(keys::question(id).attributes()))
                .update_expression("SET retired_at = :now, taken_back = :yes")
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(retired_at)")
                .expression_attribute_values(":now", text(now.to_string()))
                .expression_attribute_values(":yes", AttributeValue::Bool(true));
            match self.update_item(update).await {
                Ok(_) => Ok(()),
                Err(error) if is_condition_failed(&error) => Ok(()),
                Err(error) => Err(StoreError::call("UpdateItem", &error)),
            }
        });
        stream::iter(marks).buffer_unordered(MARKS_AT_ONCE).try_collect().await
    }

    /// Writes the course's bank again, with these questions as their items say.
    async fn repack(&self, id: &CourseId, questions: &[QuestionId], now: Timestamp) -> Result<(), ContentError> {
        for attempt in 0..ATTEMPTS_MAX {
            let Some(before) = self.course_now(id).await? else { return Err(ContentError::NoCourse(id.clone())) };
            let rows =
                Bank { questions: self.summaries_now(&questions.iter().collect::<Vec<_>>()).await?, ..Bank::default() };
            let bank = self.read_bank(&before, true).await?.with(rows);
            let stats = bank.stats();
            let bank = PackedBank::of(bank)?;
            if bank.digest == before.bank && stats == before.stats {
                return Ok(());
            }
            let course = Course {
                stats,
                bank: bank.digest.clone(),
                catalog_version: before.catalog_version + 1,
                ..before.clone()
            };
            self.publish_bank(id, bank).await?;
            match self.put_course(&keys::course(id), &course).await {
                Ok(()) => {
                    self.forget_courses();
                    self.retire_bank(&before, now).await?;
                    return Ok(());
                }
                Err(StoreError::Contention { .. }) => pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }
}
