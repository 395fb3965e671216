//! Questions: the bank of a course, which is cached in memory, and complete questions from the table.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Store;
use super::drawn;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item};
use super::keys::{self, Key};
use super::size::item_bytes;
use crate::domain::account::profile::Profile;
use crate::domain::catalog::{Bank, Course, Question, QuestionOption, QuestionSummary};
use crate::domain::id::{QuestionId, UserId};
use crate::domain::study::progress::{Holding, Progress};

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

    /// The bank of a course, if it is in memory.
    #[must_use]
    pub fn bank_in_memory(&self, course: &Course) -> Option<Arc<Bank>> {
        self.cache.banks.get(&(course.id.clone(), course.catalog_version))
    }

    /// Reads one complete question.
    pub async fn question(&self, id: &QuestionId) -> Result<Option<Question>, StoreError> {
        let items = self.query(&keys::question_partition(id), "", false).await?;
        Ok(assemble(items)?.remove(id).map(|read| read.question))
    }

    /// Reads a complete question, the student's item of progress on it and its course. The reads are concurrent if the
    /// question's course is cached, otherwise sequential. [`Store::for_student`] says whether the student may see it.
    pub async fn find_question(&self, user: UserId, id: &QuestionId) -> Result<Option<FoundQuestion>, StoreError> {
        let (question, own, course) = if let Some(course_id) = self.cache.courses.get(id) {
            tokio::try_join!(self.question(id), self.progress_on(user, &course_id, id), self.course(&course_id))?
        } else {
            let Some(question) = self.question(id).await? else { return Ok(None) };
            let course_id = question.meta.course_id.clone();
            let (own, course) = tokio::try_join!(self.progress_on(user, &course_id, id), self.course(&course_id))?;
            self.cache.courses.insert(id.clone(), course_id);
            (Some(question), own, course)
        };
        Ok(question.map(|question| FoundQuestion { question, own, course }))
    }

    /// A question that was found, and what the student of `profile` has of it, if the student may see it: an unlocked question
    /// always, any other question only in an active course. One more read, for an account with deliveries, if
    /// the question has no item of progress and neither the profile nor the memory says whether it was delivered.
    pub async fn for_student(
        &self,
        profile: &Profile,
        found: Option<FoundQuestion>,
    ) -> Result<Option<HeldQuestion>, StoreError> {
        let Some(FoundQuestion { question, own, course }) = found else { return Ok(None) };
        let holding = self.holding(profile, &question, own, course.as_ref()).await?;
        let is_active = course.as_ref().is_some_and(|course| course.is_active);
        let is_shown = is_active && !question.withheld && question.retired_at.is_none();
        Ok((holding.is_unlocked() || is_shown).then_some(HeldQuestion { question, holding, course }))
    }

    /// Reads a complete question of `course`, cached in memory until the catalogue changes.
    pub async fn kept_whole(&self, course: &Course, id: &QuestionId) -> Result<Option<Arc<Question>>, StoreError> {
        let key = (id.clone(), course.catalog_version);
        if let Some(kept) = self.cache.whole.get(&key) {
            return Ok(Some(kept.question));
        }
        let items = self.query(&keys::question_partition(id), "", true).await?;
        let read = assemble(items)?.remove(id).map(KeptQuestion::from);
        if let Some(kept) = &read {
            self.cache.whole.insert(key, kept.clone());
        }
        Ok(read.map(|kept| kept.question))
    }

    /// Returns complete questions of `course` for their summaries, by id. They are cached in memory until the catalogue
    /// changes. The read is strongly consistent, so that what is cached is not older than the course.
    pub async fn kept_questions(
        &self,
        course: &Course,
        summaries: &[&QuestionSummary],
    ) -> Result<HashMap<QuestionId, Arc<Question>>, StoreError> {
        let mut found = HashMap::with_capacity(summaries.len());
        let mut missing = Vec::new();
        for summary in summaries {
            let id = &summary.meta.id;
            match self.cache.whole.get(&(id.clone(), course.catalog_version)) {
                Some(kept) => {
                    found.insert(id.clone(), kept.question);
                }
                None => missing.extend(keys_of(summary)),
            }
        }
        if !missing.is_empty() {
            for (id, read) in assemble(self.get_many(&missing, true).await?)? {
                let kept = KeptQuestion::from(read);
                found.insert(id.clone(), Arc::clone(&kept.question));
                self.cache.whole.insert((id, course.catalog_version), kept);
            }
        }
        Ok(found)
    }

    /// Reads complete questions for their summaries. Returns them by id.
    pub async fn whole(&self, summaries: &[&QuestionSummary]) -> Result<HashMap<QuestionId, Question>, StoreError> {
        let keys: Vec<Key> = summaries.iter().flat_map(|summary| keys_of(summary)).collect();
        let read = assemble(self.get_many(&keys, false).await?)?;
        Ok(read.into_iter().map(|(id, read)| (id, read.question)).collect())
    }
}

/// A question as it was found, before the student's profile is known.
#[derive(Debug)]
pub struct FoundQuestion {
    pub question: Question,
    /// Its own item of progress.
    pub own: Option<Progress>,
    /// Its course, if it still exists.
    pub course: Option<Course>,
}

/// A question that a student may see.
#[derive(Debug)]
pub struct HeldQuestion {
    pub question: Question,
    /// What the student has of it.
    pub holding: Holding,
    /// Its course, if it still exists.
    pub course: Option<Course>,
}

/// A question and the bytes of its items.
pub(super) struct ReadQuestion {
    pub(super) question: Question,
    bytes: usize,
}

/// A cached question.
#[derive(Clone)]
pub(super) struct KeptQuestion {
    question: Arc<Question>,
    /// Estimated bytes in memory.
    pub(super) bytes: u64,
}

/// What a question takes in memory besides its texts: its members, options and place in the cache.
const QUESTION_OVERHEAD_BYTES: usize = 2_000;

impl From<ReadQuestion> for KeptQuestion {
    fn from(read: ReadQuestion) -> Self {
        let drawn = read.question.drawn.as_ref().map_or(0, |drawn| drawn.markup_bytes());
        let bytes = (read.bytes + drawn + QUESTION_OVERHEAD_BYTES) as u64;
        Self { question: Arc::new(read.question), bytes }
    }
}

/// Attribute with the letters of a question's current options.
pub(super) const OPTION_LETTERS: &str = "option_letters";

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
pub(super) fn assemble(items: Vec<Item>) -> Result<HashMap<QuestionId, ReadQuestion>, StoreError> {
    let mut bytes: HashMap<String, usize> = HashMap::new();
    let mut options: HashMap<String, Vec<_>> = HashMap::new();
    let mut questions: Vec<Question> = Vec::new();
    let mut letters: HashMap<String, Vec<String>> = HashMap::new();
    for item in items {
        let Some(key) = item::key_of(&item) else { continue };
        *bytes.entry(key.pk.clone()).or_default() += item_bytes(&item);
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
        let bytes = bytes.remove(&partition).unwrap_or_default();
        (question.meta.id.clone(), ReadQuestion { question, bytes })
    });
    Ok(whole.collect())
}
