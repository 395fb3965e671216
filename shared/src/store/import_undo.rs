//! Takes the last import of a course back (`docs/decisions/0047`).
//!
//! First the record says so, and imports are refused. Then items are written as they were, by the comparison of imports, so versions
//! rise; then the bank and the course; at last what was kept is deleted. Each step can be repeated.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::Store;
use super::accounts::is_condition_failed;
use super::bank::PackedBank;
use super::content::ContentError;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, number, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, pause};
use super::import::{Compared, Draft, compare};
use super::import_record::{FORMER_ITEMS_MAX, ImportRecord, item_before};
use super::keys::{self, Key};
use crate::domain::catalog::{Course, Exam, Pattern, Topic, Unlisted};
use crate::domain::id::{CourseId, QuestionId};

/// What was taken back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Undone {
    /// Questions that are as before the import.
    pub restored: usize,
    /// Questions that the import created. They are retired until an import has them again.
    pub taken_back: usize,
    /// Questions that the import retired, and that are for sale again.
    pub returned: usize,
    /// Exams, topics and patterns that the import created, and that are listed no more.
    pub unlisted: usize,
    /// Whether the import created the course. It is hidden.
    pub is_hidden: bool,
}

/// Why an import was not taken back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// No course has this id.
    #[error("there is no course {:?}", .0.as_str())]
    NoCourse(CourseId),
    /// The last import was by a release that kept nothing.
    #[error("no import of {0} can be taken back: its last import was by a release of pastpaper that kept no record")]
    NoRecord(CourseId),
    /// The last import was taken back. Only one can be.
    #[error("the last import of {course} was taken back already, at {at}. Imports before it cannot be taken back")]
    Already {
        /// The course.
        course: CourseId,
        /// When it was taken back.
        at: Timestamp,
    },
    /// Another import is the last one.
    #[error("{course}@{version} is not the last import of {course}. That is {course}@{last}")]
    NotTheLast {
        /// The course.
        course: CourseId,
        /// The import that was named.
        version: u64,
        /// The last one.
        last: u64,
    },
    /// It replaced too much.
    #[error(
        "the import {course}@{version} cannot be taken back: it replaced more than {FORMER_ITEMS_MAX} rows, or one of more than 390 KB, \
         and did not keep them. Import a corrected file"
    )]
    NotKept {
        /// The course.
        course: CourseId,
        /// The version that the import made.
        version: u64,
    },
    /// Another command changed the same things.
    #[error("another command changed {0} at the same time. Run this one again to complete it")]
    Overtaken(CourseId),
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ContentError {
    /// The error of storage. That a question or course is missing is none that happens to who has just read it.
    pub(super) fn into_store(self) -> StoreError {
        match self {
            Self::Store(error) => error,
            gone => StoreError::corrupt("Course", gone),
        }
    }
}

/// What an undoing has found so far.
#[derive(Default)]
struct Undoing {
    compared: Compared,
    /// The course before the import, if there was one and the import changed it.
    course: Option<Course>,
    undone: Undone,
}

impl Store {
    /// The last import of a course, if it can be taken back.
    pub async fn last_import(&self, id: &CourseId) -> Result<ImportRecord, UndoError> {
        let key = keys::course(id);
        let (course, record) = tokio::try_join!(self.get(&key, true), self.import_record(id))?;
        match record {
            Some(ImportRecord { undone_at: Some(at), .. }) => Err(UndoError::Already { course: id.clone(), at }),
            Some(record) if !record.is_kept => Err(UndoError::NotKept { course: id.clone(), version: record.version }),
            Some(record) => Ok(record),
            None if course.is_none() => Err(UndoError::NoCourse(id.clone())),
            None => Err(UndoError::NoRecord(id.clone())),
        }
    }

    /// Takes the import back that made this version of a course. Can be repeated after a failure.
    pub async fn undo_import(&self, id: &CourseId, version: u64, now: Timestamp) -> Result<Undone, UndoError> {
        Box::pin(self.patient().undo(id, version, now)).await
    }

    async fn undo(&self, id: &CourseId, version: u64, now: Timestamp) -> Result<Undone, UndoError> {
        let record = self.last_import(id).await?;
        if record.version != version {
            return Err(UndoError::NotTheLast { course: id.clone(), version, last: record.version });
        }
        self.begin_undoing(id, version, now).await?;
        let mut undoing = Undoing::default();
        let list = self.import_list(id, version).await?;
        let created: HashSet<Key> = list.created.into_iter().map(|(pk, sk)| Key::new(pk, sk)).collect();
        // Questions first, so that nobody buys what is about to go.
        let questions = self.take_back(&created, now).await?;
        undoing.undone.taken_back = questions.len();
        let returned = self.mark_all(&list.retired, false, now).await.map_err(ContentError::into_store)?;
        undoing.undone.returned = returned;
        self.restore(id, version, now, &created, &mut undoing).await?;
        let changed: Vec<&QuestionId> = questions.iter().chain(&list.retired).collect();
        let unlisted = unlisted(&created);
        undoing.undone.unlisted = unlisted.count();
        undoing.compared.rows.questions.extend(self.summaries_now(&changed).await?);
        self.publish_former(id, &record, &unlisted, &mut undoing, now).await?;
        // Nobody reads them but imports. If they stayed, the next import would not know that it lists them.
        self.delete_all(created.into_iter().filter(|key| keys::row_of(key).is_some()).collect()).await?;
        let (from, to) = (keys::kept_by(0), keys::kept_by(version + 1));
        self.delete_kept(id, &from, &to).await?;
        self.end_undoing(id, version, now).await?;
        Ok(undoing.undone)
    }

    /// Says that the import is being taken back. From then on, imports are refused.
    async fn begin_undoing(&self, id: &CourseId, version: u64, now: Timestamp) -> Result<(), UndoError> {
        let change = "SET undoing_at = if_not_exists(undoing_at, :now)";
        self.change_record(id, version, change, now).await
    }

    async fn end_undoing(&self, id: &CourseId, version: u64, now: Timestamp) -> Result<(), UndoError> {
        self.change_record(id, version, "SET undone_at = :now REMOVE undoing_at", now).await
    }

    async fn change_record(&self, id: &CourseId, version: u64, change: &str, now: Timestamp) -> Result<(), UndoError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::import_record(id).attributes()))
            .update_expression(change)
            .condition_expression("version = :version AND (attribute_not_exists(undone_at) OR undone_at = :now)")
            .expression_attribute_values(":version", number(version))
            .expression_attribute_values(":now", text(now.to_string()));
        match self.update_item(update).await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failed(&error) => Err(UndoError::Overtaken(id.clone())),
            Err(error) => Err(StoreError::call("UpdateItem", &error).into()),
        }
    }

    /// Retires the questions that an import created. Returns those that exist: an interrupted import may not have written all.
    async fn take_back(&self, created: &HashSet<Key>, now: Timestamp) -> Result<Vec<QuestionId>, UndoError> {
        let questions = created.iter().filter(|key| keys::is_question(key)).cloned().collect::<Vec<_>>();
        let there = self.get_many(&questions, true).await?;
        let id = |item: &Item| QuestionId::try_from(item.get("id")?.as_s().ok()?.as_str()).ok();
        let mut ids: Vec<QuestionId> = there.iter().filter_map(id).collect();
        drop(there);
        ids.sort();
        self.mark_taken_back(&ids, now).await?;
        Ok(ids)
    }

    /// Writes items as they were.
    async fn restore(
        &self,
        id: &CourseId,
        version: u64,
        now: Timestamp,
        created: &HashSet<Key>,
        undoing: &mut Undoing,
    ) -> Result<(), UndoError> {
        let new_questions: HashSet<&str> =
            created.iter().filter(|key| keys::is_question(key)).map(|key| key.pk.as_str()).collect();
        let (from, to) = keys::former_items(version);
        let (mut start, mut left) = (None, Vec::new());
        loop {
            let page = self.kept_page(id, (&from, &to), None, start).await?;
            let mut items = std::mem::take(&mut left);
            for kept in page.items {
                let item = item_before(kept)?;
                let Some(key) = item::key_of(&item) else { continue };
                if created.contains(&key) || new_questions.contains(key.pk.as_str()) {
                    continue;
                }
                if key == keys::course(id) {
                    undoing.course = Some(item::read(item)?);
                } else {
                    items.push((key, item));
                }
            }
            start = page.next;
            if start.is_some() {
                // The last question may go on in the next page.
                let last = items.last().map(|(key, _)| key.pk.clone()).unwrap_or_default();
                let at = items.iter().position(|(key, _)| key.pk == last).unwrap_or_default();
                left = items.split_off(at);
            }
            self.restore_items(id, items, now, undoing).await?;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    async fn restore_items(
        &self,
        id: &CourseId,
        items: Vec<(Key, Item)>,
        now: Timestamp,
        undoing: &mut Undoing,
    ) -> Result<(), UndoError> {
        let partition = keys::course_partition(id);
        let keys: HashSet<&Key> = items.iter().map(|(key, _)| key).collect();
        let partitions: BTreeSet<String> =
            items.iter().map(|(key, _)| key.pk.clone()).filter(|pk| *pk != partition).collect();
        undoing.undone.restored += partitions.len();
        // An option of a question that did not change itself.
        let questions: Vec<Key> = partitions.iter().map(|pk| keys::question_of(pk)).collect();
        let missing: Vec<Key> = questions.into_iter().filter(|key| !keys.contains(key)).collect();
        let others = self.get_many(&missing, true).await?;
        let mut items: Vec<(Key, Item)> =
            items.into_iter().chain(others.into_iter().filter_map(|item| Some((item::key_of(&item)?, item)))).collect();
        // As an import has them: a question before its options.
        items.sort_by_cached_key(|(key, _)| (key.pk.clone(), !keys::is_question(key), key.sk.clone()));
        let items: Vec<Item> = items.into_iter().map(|(_, item)| item).collect();
        let stored: HashMap<Key, Item> = self.stored(&items).await?;
        let differences = compare(Draft::of(items, &stored), &stored, now, &mut undoing.compared)?;
        self.put_all(differences.writes).await?;
        self.change_questions(differences.changes).await.map_err(|error| overtaken(error, id))
    }

    /// Writes the bank and the course as before the import. What operators changed since stays.
    async fn publish_former(
        &self,
        id: &CourseId,
        record: &ImportRecord,
        unlisted: &Unlisted,
        undoing: &mut Undoing,
        now: Timestamp,
    ) -> Result<(), UndoError> {
        for attempt in 0..ATTEMPTS_MAX {
            // An import that was interrupted before its end did not create the course.
            let Some(present) = self.get(&keys::course(id), true).await? else { return Ok(()) };
            let present: Course = item::read(present)?;
            let is_new = record.is_new;
            let is_changed_since = present.is_active != record.is_active;
            let mut course = undoing.course.clone().unwrap_or_else(|| present.clone());
            course.is_active = match (&undoing.course, is_changed_since) {
                (_, true) | (None, false) => present.is_active && !is_new,
                (Some(before), false) => before.is_active,
            };
            undoing.undone.is_hidden = is_new;
            let rows = undoing.compared.rows.clone();
            let bank = self.read_bank(&present, true).await?.with(rows).without(unlisted);
            course.stats = bank.stats();
            let bank = PackedBank::of(bank)?;
            course.bank.clone_from(&bank.digest);
            course.catalog_version = present.catalog_version;
            // Processes keep questions by the version of the course. An interrupted import raised none.
            let is_current = present.catalog_version > record.version && !undoing.compared.is_changed;
            if course == present && is_current {
                return Ok(());
            }
            self.publish_bank(id, bank).await?;
            course.catalog_version += 1;
            match self.put_course(&keys::course(id), &course).await {
                Ok(()) => {
                    self.forget_courses();
                    return Ok(self.retire_bank(&present, now).await?);
                }
                // A concurrent command was faster.
                Err(StoreError::Contention { attempts: 1 }) => pause(attempt).await,
                Err(error) => return Err(error.into()),
            }
        }
        Err(UndoError::Overtaken(id.clone()))
    }
}

fn overtaken(error: StoreError, id: &CourseId) -> UndoError {
    match error {
        StoreError::Contention { attempts: 1 } => UndoError::Overtaken(id.clone()),
        error => error.into(),
    }
}

/// The rows among new items that are listed no more.
fn unlisted(created: &HashSet<Key>) -> Unlisted {
    let mut unlisted = Unlisted::default();
    for key in created {
        let Some((kind, id)) = keys::row_of(key) else { continue };
        match kind {
            Exam::NAME => unlisted.exams.insert(id),
            Topic::NAME => unlisted.topics.insert(id),
            Pattern::NAME => unlisted.patterns.insert(id),
            _ => false,
        };
    }
    unlisted
}
