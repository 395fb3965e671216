//! Progress on unlocked questions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item};
use super::keys;
use crate::domain::id::{CourseId, QuestionId, UserId};
use crate::domain::study::progress::{LastSeen, Progress};

impl Store {
    /// All of a student's progress in a course. The read is strongly consistent, so a question is available directly
    /// after the payment.
    pub async fn progress(&self, user: UserId, course: &CourseId) -> Result<HashMap<QuestionId, Progress>, StoreError> {
        let items = self.query(&keys::user(user), &keys::progress_of_course(course), true).await?;
        let rows: Vec<Progress> = item::read_all(items)?;
        Ok(rows.into_iter().map(|row| (row.question_id.clone(), row)).collect())
    }

    /// All of a student's progress, in all courses.
    pub async fn all_progress(&self, user: UserId) -> Result<Vec<Progress>, StoreError> {
        item::read_all(self.query(&keys::user(user), keys::PROGRESS, true).await?)
    }

    /// When a student last received each question of a course. Like [`Store::progress`], but reads two attributes only:
    /// most of the time of a spend would go into the others.
    pub async fn last_seen(&self, user: UserId, course: &CourseId) -> Result<LastSeen, StoreError> {
        let (user, prefix) = (keys::user(user), keys::progress_of_course(course));
        let rows = self.query_attributes(&user, &prefix, true, Some("question_id, seen_at"), last_seen).await?;
        Ok(rows.into_iter().collect())
    }

    /// A student's progress on one question.
    pub async fn progress_on(
        &self,
        user: UserId,
        course: &CourseId,
        question: &QuestionId,
    ) -> Result<Option<Progress>, StoreError> {
        self.get(&keys::progress(user, course, question), true).await?.map(item::read).transpose()
    }
}

fn last_seen(mut item: Item) -> Result<(QuestionId, Timestamp), StoreError> {
    let mut text = |name: &str| match item.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        other => Err(StoreError::corrupt(Progress::NAME, format!("{name} is {other:?}"))),
    };
    let (id, at) = (text("question_id")?, text("seen_at")?);
    let id = QuestionId::try_from(id).map_err(|error| StoreError::corrupt(Progress::NAME, error))?;
    Ok((id, at.parse().map_err(|error: jiff::Error| StoreError::corrupt(Progress::NAME, error))?))
}
