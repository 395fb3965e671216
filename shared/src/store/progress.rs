//! Progress on unlocked questions.

use std::collections::HashMap;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item;
use super::keys;
use crate::domain::id::{CourseId, QuestionId, UserId};
use crate::domain::study::progress::Progress;

impl Store {
    /// All of a student's progress in a course. The read is strongly consistent, so a question is available directly
    /// after the payment.
    pub async fn progress(&self, user: UserId, course: &CourseId) -> Result<HashMap<QuestionId, Progress>, StoreError> {
        let items = self.query(&keys::user(user), &keys::progress_of_course(course), true).await?;
        let rows: Vec<Progress> = item::read_all(items)?;
        Ok(rows.into_iter().map(|row| (row.question_id.clone(), row)).collect())
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
