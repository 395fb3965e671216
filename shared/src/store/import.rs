//! Imports of courses by operators. Only differences are written, so repeating an import changes nothing, and a course's version
//! increases only if its content changed.
//!
//! A course is compared and written some questions at a time, so that memory does not grow with what is stored and drawn. What an
//! import replaces is kept before (`import_record.rs`).

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Store;
use super::bank::PackedBank;
use super::content::{RETIRED_AT, TAKEN_BACK};
use super::corrections::{CORRECTED_AT, QuestionChange, VERSION, raise_version};
use super::drawn;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, text};
use super::dynamodb::plain::ConditionalPut;
use super::dynamodb::transact::pause;
use super::import_base::CatalogBase;
use super::import_error::ImportError;
use super::import_record::{FORMER_ITEMS_MAX, Keeper};
use super::keys::{self, Key};
use super::questions::OPTION_LETTERS;
use crate::domain::catalog::complete::Catalog;
use crate::domain::catalog::{Bank, Course, Exam, Pattern, Question, QuestionSummary, Topic};
use crate::domain::id::{CourseId, QuestionId};
use crate::domain::questions::preview::preview;

/// Questions that are compared and written at a time.
const QUESTIONS_AT_ONCE: usize = 500;
/// How often an import begins again after another import or command was faster.
const IMPORTS_MAX: u32 = 8;

/// Number of items of one entity that an import wrote, or would write in a dry run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriteCounts {
    /// New items.
    pub created: usize,
    /// Items that differed from the stored ones.
    pub changed: usize,
    /// Items that were stored already.
    pub unchanged: usize,
    /// Changed questions that have a new version.
    pub corrected: usize,
}

/// Counts of an import, by entity.
pub type WriteReport = BTreeMap<String, WriteCounts>;

/// How a catalogue is written.
#[derive(Clone, Copy)]
pub struct CatalogWrite<'a> {
    /// The time of the import.
    pub now: Timestamp,
    /// Counts only.
    pub dry_run: bool,
    /// The stored course from which the catalogue was made. Then what another import changed since is not overwritten. `None` if the
    /// catalogue does not depend on what is stored: if another import is faster, this one begins again.
    pub based_on: Option<&'a CatalogBase>,
    /// Draws the formulas of some questions, before they are compared.
    pub draw: &'a (dyn Fn(&mut [Question]) + Sync),
    /// Whether it is an import, which can be taken back.
    pub is_import: bool,
    /// Most items that are kept; an import that replaces more cannot be taken back.
    pub kept_max: usize,
}

impl CatalogWrite<'_> {
    /// An import of a whole course, whose formulas are as they are.
    #[must_use]
    pub fn whole(now: Timestamp) -> Self {
        Self { now, dry_run: false, based_on: None, draw: &|_| {}, is_import: true, kept_max: FORMER_ITEMS_MAX }
    }
}

/// What was compared so far.
#[derive(Default)]
pub(super) struct Compared {
    report: WriteReport,
    /// The rows of the course's bank.
    pub(super) rows: Bank,
    /// Questions that belong to another course.
    foreign: Vec<QuestionId>,
    pub(super) is_changed: bool,
    /// The version under which the import keeps what it replaces, once it does.
    begun: Option<u64>,
}

/// What some drafts change.
#[derive(Default)]
pub(super) struct Differences {
    /// Items that are put, without a condition.
    pub(super) writes: Vec<Item>,
    /// Changes of stored questions.
    pub(super) changes: Vec<QuestionChange>,
    /// Keys of stored items that are replaced.
    pub(super) replaced: Vec<Key>,
    /// Keys of new questions, exams, topics and patterns.
    pub(super) created: Vec<Key>,
}

impl Store {
    /// Stores a course. Returns the counts, and the questions that were skipped because they belong to another course.
    /// Items that are stored but missing from `catalog` are kept: students may have bought them.
    pub async fn write_catalog(
        &self,
        mut catalog: Catalog,
        how: &CatalogWrite<'_>,
    ) -> Result<(WriteReport, Vec<QuestionId>), ImportError> {
        let store = self.patient();
        let mut earlier = WriteReport::new();
        for attempt in 0..IMPORTS_MAX {
            let mut compared = Compared::default();
            // Boxed: the future is large and rarely needed.
            match Box::pin(store.write_course(&mut catalog, how, &mut compared)).await {
                Ok(()) => return Ok((with_earlier(compared.report, &earlier), compared.foreign)),
                Err(ImportError::Overtaken(_)) if how.based_on.is_none() => {
                    let record = store.import_record(&catalog.course.id).await?;
                    if let Some(record) =
                        record.filter(|record| Some(record.version) == compared.begun && record.is_undone())
                    {
                        return Err(ImportError::Undone { course: catalog.course.id.clone(), version: record.version });
                    }
                    earlier = with_earlier(compared.report, &earlier);
                    pause(attempt).await;
                }
                Err(error) => return Err(error),
            }
        }
        Err(ImportError::Overtaken(catalog.course.id.clone()))
    }

    async fn write_course(
        &self,
        catalog: &mut Catalog,
        how: &CatalogWrite<'_>,
        compared: &mut Compared,
    ) -> Result<(), ImportError> {
        let id = &catalog.course.id;
        let course_key = keys::course(id);
        let (stored, record) = tokio::try_join!(self.get(&course_key, true), self.import_record(id))?;
        let before: Option<Course> = stored.clone().map(item::read).transpose()?;
        let version = before.as_ref().map_or(0, |course| course.catalog_version);
        if how.based_on.is_some_and(|base| base.version != version) {
            return Err(ImportError::Overtaken(id.clone()));
        }
        let mut items = row_items(catalog)?;
        let mut keeper = Keeper::new(self, &catalog.course, before.as_ref(), how, record);
        // A catalogue that depends on what is stored is not written a second time, so its questions need not stay.
        let mut left: Box<dyn Iterator<Item = Question> + Send> = match how.based_on {
            Some(_) => Box::new(std::mem::take(&mut catalog.questions).into_iter()),
            None => Box::new(catalog.questions.iter().cloned()),
        };
        loop {
            let mut questions: Vec<Question> = left.by_ref().take(QUESTIONS_AT_ONCE).collect();
            let is_end = questions.is_empty();
            (how.draw)(&mut questions);
            for question in &questions {
                items.extend(question_items(question)?);
            }
            self.write_chunk(std::mem::take(&mut items), questions, &mut keeper, how, compared).await?;
            if is_end {
                break;
            }
        }
        drop(left);
        self.publish_course(&catalog.course, before, stored, &mut keeper, how, compared).await
    }

    /// Compares some items of a course and writes those that differ.
    async fn write_chunk(
        &self,
        items: Vec<Item>,
        questions: Vec<Question>,
        keeper: &mut Keeper<'_>,
        how: &CatalogWrite<'_>,
        compared: &mut Compared,
    ) -> Result<(), ImportError> {
        let course = keeper.course();
        let stored = self.stored(&items).await?;
        let mut drafts = Draft::of(items, &stored);
        let foreign: Vec<QuestionId> = questions
            .into_iter()
            .filter(|question| is_foreign(stored.get(&keys::question(&question.meta.id)), course))
            .map(|question| question.meta.id)
            .collect();
        let partitions: Vec<String> = foreign.iter().map(keys::question_partition).collect();
        drafts.retain(|draft| !partitions.contains(&draft.key.pk));
        compared.foreign.extend(foreign);
        if let Some(base) = how.based_on {
            for draft in &drafts {
                if base.is_overtaken(draft, &stored)? {
                    return Err(ImportError::Overtaken(course.clone()));
                }
            }
        }
        let differences = compare(drafts, &stored, how.now, compared)?;
        if how.dry_run || differences.is_empty() {
            return Ok(());
        }
        keeper.keep(&differences, &stored).await?;
        compared.begun = keeper.begun();
        drop(stored);
        self.put_all(differences.writes).await?;
        self.change_questions(differences.changes).await.map_err(|error| ImportError::of(error, course))
    }

    /// Writes the bank and then the course, so that readers of the course find its bank.
    async fn publish_course(
        &self,
        course: &Course,
        before: Option<Course>,
        stored: Option<Item>,
        keeper: &mut Keeper<'_>,
        how: &CatalogWrite<'_>,
        compared: &mut Compared,
    ) -> Result<(), ImportError> {
        let bank_before = match &before {
            Some(course) => self.read_bank(course, true).await?,
            None => Bank::default(),
        };
        let is_broken = before.as_ref().is_some_and(|course| bank_before.stats() != course.stats);
        let bank = bank_before.with(std::mem::take(&mut compared.rows));
        let mut course = course.clone();
        course.stats = bank.stats();
        let bank = PackedBank::of(bank)?;
        course.bank.clone_from(&bank.digest);
        course.catalog_version = keeper.version_before();
        course.created_at = before.as_ref().map_or(course.created_at, |course| course.created_at);
        let is_different = before.as_ref() != Some(&course);
        let is_changed = compared.is_changed || is_broken || is_different || keeper.is_interrupted();
        compared.report.entry(Course::NAME.to_owned()).or_default().add(match (&before, is_changed) {
            (None, _) => Merge::Created,
            (Some(_), true) => Merge::Changed,
            (Some(_), false) => Merge::Unchanged,
        });
        if !is_changed || how.dry_run {
            return Ok(());
        }
        let course_key = keys::course(&course.id);
        let mut differences = Differences::default();
        let mut kept = HashMap::new();
        if let Some(stored) = stored {
            differences.replaced.push(course_key.clone());
            kept.insert(course_key.clone(), stored);
        }
        keeper.keep(&differences, &kept).await?;
        compared.begun = keeper.begun();
        self.publish_bank(&course.id, bank).await?;
        course.catalog_version += 1;
        self.put_course(&course_key, &course).await.map_err(|error| ImportError::of(error, &course.id))?;
        self.forget_courses();
        keeper.forget_earlier().await?;
        if let Some(before) = before {
            self.retire_bank(&before, how.now).await?;
        }
        Ok(())
    }

    /// The stored items with the keys of these ones.
    pub(super) async fn stored(&self, items: &[Item]) -> Result<HashMap<Key, Item>, StoreError> {
        let keys: Vec<Key> = items.iter().filter_map(item::key_of).collect();
        let stored = self.get_many(&keys, true).await?;
        Ok(stored.into_iter().filter_map(|item| Some((item::key_of(&item)?, item))).collect())
    }

    /// Writes a course unless a concurrent import wrote it first: two imports must not share a version.
    pub(super) async fn put_course(&self, key: &Key, course: &Course) -> Result<(), StoreError> {
        let condition = "attribute_not_exists(pk) OR catalog_version = :before";
        let before = item::number(course.catalog_version - 1);
        match self.put_if(item::write(key, course)?, condition, &[(":before", before)]).await? {
            ConditionalPut::Done => Ok(()),
            ConditionalPut::Refused(_) => Err(StoreError::Contention { attempts: 1 }),
        }
    }
}

/// The counts of an attempt, with what attempts before it wrote and this one found unchanged.
fn with_earlier(mut report: WriteReport, earlier: &WriteReport) -> WriteReport {
    for (entity, before) in earlier {
        let counts = report.entry(entity.clone()).or_default();
        counts.unchanged = counts.unchanged.saturating_sub(before.created + before.changed);
        counts.created += before.created;
        counts.changed += before.changed;
        counts.corrected += before.corrected;
    }
    report
}

/// Whether the id of a question belongs to a question of another course. That one is not changed, because students have bought it.
fn is_foreign(stored: Option<&Item>, course: &CourseId) -> bool {
    let of = stored.and_then(|item| item.get("course_id")?.as_s().ok());
    of.is_some_and(|of| of != course.as_str())
}

impl Differences {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.changes.is_empty()
    }
}

/// Finds what drafts change, counts them, and collects their rows. The drafts of a question come together, its own first.
pub(super) fn compare(
    drafts: Vec<Draft>,
    stored: &HashMap<Key, Item>,
    now: Timestamp,
    compared: &mut Compared,
) -> Result<Differences, StoreError> {
    let mut found = Differences::default();
    // A question is followed by its options. Other rows of a course share a partition.
    for mut group in groups(drafts, |one, next| one.key.pk == next.key.pk) {
        let is_question = group.first().is_some_and(|draft| keys::is_question(&draft.key));
        if is_question && raise_version(&mut group, stored, now)? {
            compared.report.entry(Question::NAME.to_owned()).or_default().corrected += 1;
        }
        for draft in &group {
            compared.report.entry(item::entity_of(&draft.item)).or_default().add(draft.merge);
            match draft.merge {
                Merge::Created if !keys::is_option(&draft.key) => found.created.push(draft.key.clone()),
                Merge::Changed => found.replaced.push(draft.key.clone()),
                Merge::Created | Merge::Unchanged => {}
            }
            add_row(&mut compared.rows, draft.item.clone())?;
        }
        if is_question && group.first().is_some_and(|draft| stored.contains_key(&draft.key)) {
            found.changes.extend(QuestionChange::of(group, stored));
        } else {
            let is_written = |draft: &Draft| !matches!(draft.merge, Merge::Unchanged);
            found.writes.extend(group.into_iter().filter(is_written).map(|draft| draft.item));
        }
    }
    compared.is_changed |= !found.is_empty();
    Ok(found)
}

/// An item that an import would write.
pub(super) struct Draft {
    pub(super) key: Key,
    pub(super) item: Item,
    pub(super) merge: Merge,
}

impl Draft {
    /// Compares items with the stored ones.
    pub(super) fn of(items: Vec<Item>, stored: &HashMap<Key, Item>) -> Vec<Self> {
        let draft = |mut item: Item| {
            let key = item::key_of(&item)?;
            let merge = merge(&mut item, stored.get(&key));
            Some(Self { key, item, merge })
        };
        items.into_iter().filter_map(draft).collect()
    }
}

/// Splits `rows` where `is_same` is false of two neighbours.
fn groups<T>(rows: Vec<T>, is_same: impl Fn(&T, &T) -> bool) -> impl Iterator<Item = Vec<T>> {
    let mut rows = rows.into_iter().peekable();
    std::iter::from_fn(move || {
        let mut group = vec![rows.next()?];
        while let Some(next) = rows.next_if(|next| group.last().is_some_and(|last| is_same(last, next))) {
            group.push(next);
        }
        Some(group)
    })
}

/// What happens to a draft.
#[derive(Clone, Copy)]
pub(super) enum Merge {
    Created,
    Changed,
    Unchanged,
}

impl WriteCounts {
    fn add(&mut self, merge: Merge) {
        match merge {
            Merge::Created => self.created += 1,
            Merge::Changed => self.changed += 1,
            Merge::Unchanged => self.unchanged += 1,
        }
    }
}

/// Compares `draft` with the stored item. Keeps the stored creation time, the version, and that an operator retired it. A question
/// that was taken back comes back, unless the draft is an item from before, which says itself that it was taken back.
fn merge(draft: &mut Item, stored: Option<&Item>) -> Merge {
    let Some(stored) = stored else { return Merge::Created };
    if let (Some(first), true) = (stored.get("created_at"), draft.contains_key("created_at")) {
        draft.insert("created_at".to_owned(), first.clone());
    }
    for name in [VERSION, CORRECTED_AT] {
        keep(draft, name, stored.get(name));
    }
    if !draft.contains_key(TAKEN_BACK) {
        let is_kept = !stored.contains_key(TAKEN_BACK);
        keep(draft, RETIRED_AT, stored.get(RETIRED_AT).filter(|_| is_kept));
    }
    if item::is_same(draft, stored) { Merge::Unchanged } else { Merge::Changed }
}

fn keep(draft: &mut Item, name: &str, value: Option<&AttributeValue>) {
    match value {
        Some(kept) => draft.insert(name.to_owned(), kept.clone()),
        None => draft.remove(name),
    };
}

/// Adds the row of an item to a bank.
fn add_row(bank: &mut Bank, item: Item) -> Result<(), StoreError> {
    match item::entity_of(&item).as_str() {
        Exam::NAME => bank.exams.push(item::read(item)?),
        Topic::NAME => bank.topics.push(item::read(item)?),
        Pattern::NAME => bank.patterns.push(item::read(item)?),
        QuestionSummary::NAME => bank.questions.push(item::read(item)?),
        _ => {}
    }
    Ok(())
}

/// The items of the exams, topics and patterns of a course.
fn row_items(catalog: &Catalog) -> Result<Vec<Item>, StoreError> {
    let course = &catalog.course.id;
    let mut items = Vec::new();
    for exam in &catalog.exams {
        items.push(item::write_row(&keys::exam(course, &exam.id), exam, &exam.extra)?);
    }
    for topic in &catalog.topics {
        items.push(item::write_row(&keys::topic(course, &topic.id), topic, &topic.extra)?);
    }
    for pattern in &catalog.patterns {
        items.push(item::write_row(&keys::pattern(course, &pattern.id), pattern, &pattern.extra)?);
    }
    Ok(items)
}

/// The item of a question, followed by those of its options.
fn question_items(question: &Question) -> Result<Vec<Item>, StoreError> {
    let mut items = vec![question_item(question)?];
    for option in &question.options {
        items.push(item::write(&keys::option(&question.meta.id, &option.letter), option)?);
    }
    Ok(items)
}

/// The item of a question, with the attributes that only its summary needs.
fn question_item(question: &Question) -> Result<Item, StoreError> {
    let mut item = item::write_row(&keys::question(&question.meta.id), question, &question.extra)?;
    item.insert("preview".to_owned(), text(preview(&question.whole().text)));
    let letters = question.options.iter().map(|option| text(option.letter.clone())).collect();
    item.insert(OPTION_LETTERS.to_owned(), AttributeValue::L(letters));
    let section = match question.extra.get("section") {
        Some(serde_json::Value::String(name)) => name.trim().to_owned(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if !section.is_empty() {
        item.insert("section".to_owned(), text(section));
    }
    drawn::add(&mut item, question.drawn.as_deref())?;
    Ok(item)
}
