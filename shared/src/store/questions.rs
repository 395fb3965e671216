//! Questions: the bank of a course, which is cached in memory, and complete questions from the table.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Store;
use super::drawn;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item};
use super::keys::{self, Key};
use crate::domain::catalog::{Bank, Course, Question, QuestionOption, QuestionSummary};
use crate::domain::id::{QuestionId, UserId};
use crate::domain::study::progress::Progress;

impl Store {
    /// Returns the summaries of all questions of a course. They are cached until the catalogue changes; concurrent
    /// calls share one load.
    pub async fn bank(&self, course: &Course) -> Result<Arc<Bank>, StoreError> {
        let key = (course.id.clone(), course.catalog_version);
        match self.cache.banks.get_value_or_guard_async(&key).await {
            Ok(bank) => Ok(bank),
            Err(guard) => {
                // Remove the course's old bank first: two large banks do not fit into a function's memory.
                self.cache.banks.retain(|(id, _), _| *id != course.id);
                // Boxed: loading is rare, and otherwise the future of every request would be as large.
                let bank = Arc::new(Box::pin(self.load_bank(course)).await?);
                let _ = guard.insert(Arc::clone(&bank));
                Ok(bank)
            }
        }
    }

    /// Reads one complete question.
    pub async fn question(&self, id: &QuestionId) -> Result<Option<Question>, StoreError> {
        let items = self.query(&keys::question_partition(id), "", false).await?;
        Ok(assemble(items)?.remove(id))
    }

    /// Reads a complete question and the student's progress on it, if the student may see it: an unlocked question
    /// always, any other question only in an active course. The reads are concurrent if the question's course is
    /// cached, otherwise sequential.
    pub async fn question_for(
        &self,
        user: UserId,
        id: &QuestionId,
    ) -> Result<Option<(Question, Option<Progress>)>, StoreError> {
        let found = Box::pin(self.find_question(user, id)).await?;
        Ok(found.map(|(question, progress, _)| (question, progress)))
    }

    /// Like [`Store::question_for`], but also returns the course, if it still exists.
    pub(super) async fn find_question(
        &self,
        user: UserId,
        id: &QuestionId,
    ) -> Result<Option<(Question, Option<Progress>, Option<Course>)>, StoreError> {
        let (question, progress, course) = if let Some(course_id) = self.cache.courses.get(id) {
            tokio::try_join!(self.question(id), self.progress_on(user, &course_id, id), self.course(&course_id))?
        } else {
            let Some(question) = self.question(id).await? else { return Ok(None) };
            let course_id = question.meta.course_id.clone();
            let (progress, course) = tokio::try_join!(self.progress_on(user, &course_id, id), self.course(&course_id))?;
            self.cache.courses.insert(id.clone(), course_id);
            (Some(question), progress, course)
        };
        let is_active = course.as_ref().is_some_and(|course| course.is_active);
        let may_see = |question: &Question| {
            progress.is_some() || (is_active && !question.withheld && question.retired_at.is_none())
        };
        Ok(question.filter(may_see).map(|question| (question, progress, course)))
    }

    /// Reads a complete question of `course`, cached in memory until the catalogue changes.
    pub async fn kept_whole(&self, course: &Course, id: &QuestionId) -> Result<Option<Arc<Question>>, StoreError> {
        let key = (id.clone(), course.catalog_version);
        if let Some(question) = self.cache.whole.get(&key) {
            return Ok(Some(question));
        }
        let question = self.question(id).await?.map(Arc::new);
        if let Some(question) = &question {
            self.cache.whole.insert(key, Arc::clone(question));
        }
        Ok(question)
    }

    /// Reads complete questions for their summaries. Returns them by id.
    pub async fn whole(&self, summaries: &[&QuestionSummary]) -> Result<HashMap<QuestionId, Question>, StoreError> {
        let keys: Vec<Key> = summaries.iter().flat_map(|summary| keys_of(summary)).collect();
        assemble(self.get_many(&keys, false).await?)
    }
}

/// The letters of a question's current options.
#[derive(Serialize, Deserialize)]
pub(super) struct OptionLetters {
    #[serde(default)]
    option_letters: Vec<String>,
}

impl Entity for OptionLetters {
    const NAME: &'static str = "Question";
}

/// The keys of all items of a question.
fn keys_of(summary: &QuestionSummary) -> Vec<Key> {
    let id = &summary.meta.id;
    let options = summary.option_letters.iter().map(|letter| keys::option(id, letter));
    std::iter::once(keys::question(id)).chain(options).collect()
}

/// Builds questions with their options from items in any order.
fn assemble(items: Vec<Item>) -> Result<HashMap<QuestionId, Question>, StoreError> {
    let mut options: HashMap<String, Vec<_>> = HashMap::new();
    let mut questions: Vec<Question> = Vec::new();
    let mut letters: HashMap<String, Vec<String>> = HashMap::new();
    for item in items {
        let Some(key) = item::key_of(&item) else { continue };
        if keys::is_question(&key) {
            let summary: OptionLetters = item::read(item.clone())?;
            letters.insert(key.pk, summary.option_letters);
            questions.push(drawn::read_question(item)?);
        } else {
            options.entry(key.pk).or_default().push(item::read(item)?);
        }
    }
    let whole = questions.into_iter().map(|mut question| {
        let partition = keys::question_partition(&question.meta.id);
        let current = letters.remove(&partition).unwrap_or_default();
        question.options = options.remove(&partition).unwrap_or_default();
        // Imports never delete: an option that was removed from the question is still stored, and must be ignored.
        question.options.retain(|option: &QuestionOption| current.contains(&option.letter));
        question.options.sort_by(|a, b| a.letter.cmp(&b.letter));
        (question.meta.id.clone(), question)
    });
    Ok(whole.collect())
}
