//! What the last import of a course replaced, so that it can be taken back (`docs/decisions/0047`).
//!
//! | sort key in the course's partition | |
//! |---|---|
//! | `IMPORT` | the record: which import, and when it began |
//! | `IMPORT#<version>#FORMER#<partition key>\|<sort key>` | an item from before the import |
//! | `IMPORT#<version>#LIST#<digest>` | keys of new items, ids of questions that the import retired |
//!
//! An import keeps an item before it replaces it. An interrupted import is continued under the same version, since the version of
//! the course is written last; so what is kept is from before its beginning.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;
use super::accounts::is_condition_failed;
use super::content::ContentError;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, ENTITY, Entity, Item, number, text};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::import::{CatalogWrite, Differences};
use super::import_error::ImportError;
use super::keys::{self, Key, PK, SK};
use super::size::item_bytes;
use crate::domain::catalog::Course;
use crate::domain::id::{CourseId, QuestionId};

/// Most items that an import keeps. One that replaces more cannot be taken back.
pub const FORMER_ITEMS_MAX: usize = 50_000;
/// Most bytes of a kept item; DynamoDB takes 400 KB.
const FORMER_BYTES_MAX: usize = 390_000;
/// Keys in one item of a list.
const LIST_MAX: usize = 500;
/// Attributes that a kept item has beside those of the item that was replaced.
const FORMER_PK: &str = "former_pk";
const FORMER_SK: &str = "former_sk";
const FORMER_ENTITY: &str = "former_entity";
/// The `entity` of kept items.
const FORMER: &str = "FormerItem";
/// How often the record is read again, if another import began at the same time.
const BEGINNINGS_MAX: usize = 4;

/// The record of the last import of a course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// The version of the course that the import made.
    pub version: u64,
    /// When it began.
    pub began_at: Timestamp,
    /// Whether everything that it replaced is kept.
    pub is_kept: bool,
    /// Whether the file said that the course is active.
    pub is_active: bool,
    /// Whether the import created the course.
    #[serde(default)]
    pub is_new: bool,
    /// Since when it is being taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoing_at: Option<Timestamp>,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
}

impl ImportRecord {
    /// Whether the import is being taken back, or was.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.undoing_at.is_some() || self.undone_at.is_some()
    }
}

impl Entity for ImportRecord {
    const NAME: &'static str = "ImportRecord";
}

/// What an import created and retired.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ImportList {
    /// Keys of new questions, exams, topics and patterns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) created: Vec<(String, String)>,
    /// Questions that the import retired because its file does not have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) retired: Vec<QuestionId>,
}

impl Entity for ImportList {
    const NAME: &'static str = "ImportList";
}

/// Keeps what one import replaces.
pub(super) struct Keeper<'a> {
    store: &'a Store,
    course: &'a CourseId,
    /// The record that the import would begin.
    new: ImportRecord,
    /// The record that is stored.
    stored: Option<ImportRecord>,
    has_begun: bool,
    /// Items that are kept.
    kept: usize,
    is_import: bool,
    kept_max: usize,
}

impl<'a> Keeper<'a> {
    pub(super) fn new(
        store: &'a Store,
        course: &'a Course,
        before: Option<&Course>,
        how: &CatalogWrite<'_>,
        stored: Option<ImportRecord>,
    ) -> Self {
        // The first import of a course may have been interrupted and taken back. Its name is not used again.
        let undone = stored.as_ref().filter(|record| record.is_undone()).map_or(0, |record| record.version);
        let new = ImportRecord {
            version: before.map_or(undone, |before| before.catalog_version) + 1,
            began_at: how.now,
            is_kept: true,
            is_active: course.is_active,
            is_new: before.is_none(),
            undoing_at: None,
            undone_at: None,
        };
        Self {
            store,
            course: &course.id,
            new,
            stored,
            has_begun: false,
            kept: 0,
            is_import: how.is_import,
            kept_max: how.kept_max,
        }
    }

    /// Keeps under the version of the stored import, if that began after version `before` of the course.
    fn join(&mut self, before: u64) {
        let stored = self.stored.as_ref().filter(|record| record.version > before && record.undone_at.is_none());
        self.new.version = stored.map_or(self.new.version, |record| record.version);
    }

    pub(super) fn course(&self) -> &'a CourseId {
        self.course
    }

    /// The version of the course before the import.
    pub(super) fn version_before(&self) -> u64 {
        self.new.version - 1
    }

    /// Whether an earlier run of the import wrote something and was interrupted before it wrote the course.
    pub(super) fn is_interrupted(&self) -> bool {
        let is_of_this = |record: &ImportRecord| record.version == self.new.version && !record.is_undone();
        self.is_import && self.stored.as_ref().is_some_and(is_of_this)
    }

    /// The version under which it keeps, once it does.
    pub(super) fn begun(&self) -> Option<u64> {
        self.has_begun.then_some(self.new.version)
    }

    /// Keeps what is about to be replaced. Fails if the last import is being taken back.
    pub(super) async fn keep(
        &mut self,
        differences: &Differences,
        stored: &HashMap<Key, Item>,
    ) -> Result<(), ImportError> {
        if !self.is_import {
            return self.refuse_undoing();
        }
        self.begin().await?;
        if !self.stored.as_ref().is_some_and(|record| record.is_kept) {
            return Ok(());
        }
        let version = self.new.version;
        let formers: Vec<&Item> = differences.replaced.iter().filter_map(|key| stored.get(key)).collect();
        let is_large = formers.iter().any(|item| item_bytes(item) > FORMER_BYTES_MAX);
        if is_large || self.kept + formers.len() > self.kept_max {
            return self.give_up().await;
        }
        let items: Vec<Item> = formers.iter().filter_map(|item| former_item(self.course, version, item)).collect();
        // What an interrupted run of this import kept is from before it, and stays.
        let there = self.store.stored(&items).await?;
        let items: Vec<Item> =
            items.into_iter().filter(|item| item::key_of(item).is_some_and(|key| !there.contains_key(&key))).collect();
        self.kept += items.len();
        let created = differences.created.iter().map(|key| (key.pk.clone(), key.sk.clone())).collect();
        let lists = list_items(self.course, version, &ImportList { created, retired: Vec::new() })?;
        Ok(self.store.put_all(items.into_iter().chain(lists).collect()).await?)
    }

    /// Keeps that the import is about to retire questions.
    pub(super) async fn keep_retired(&mut self, retired: Vec<QuestionId>) -> Result<(), ImportError> {
        self.begin().await?;
        let list = ImportList { created: Vec::new(), retired };
        Ok(self.store.put_all(list_items(self.course, self.new.version, &list)?).await?)
    }

    /// Deletes what earlier imports kept: only the last one can be taken back.
    pub(super) async fn forget_earlier(&self) -> Result<(), StoreError> {
        if !self.has_begun {
            return Ok(());
        }
        self.store.delete_kept(self.course, &keys::kept_by(0), &keys::kept_by(self.new.version)).await
    }

    fn refuse_undoing(&self) -> Result<(), ImportError> {
        match &self.stored {
            Some(record) if record.undoing_at.is_some() => {
                Err(ImportError::BeingUndone { course: self.course.clone(), version: record.version })
            }
            _ => Ok(()),
        }
    }

    /// Begins the record, or checks that it is still the one of this import.
    async fn begin(&mut self) -> Result<(), ImportError> {
        if self.has_begun {
            self.stored = self.store.import_record(self.course).await?;
            self.refuse_undoing()?;
            return match &self.stored {
                Some(record) if record.version == self.new.version && record.undone_at.is_none() => Ok(()),
                Some(ImportRecord { version, undone_at: Some(_), .. }) if *version == self.new.version => {
                    Err(ImportError::Undone { course: self.course.clone(), version: *version })
                }
                _ => Err(ImportError::Overtaken(self.course.clone())),
            };
        }
        let key = keys::import_record(self.course);
        for _ in 0..BEGINNINGS_MAX {
            self.refuse_undoing()?;
            let there = match &self.stored {
                Some(record) if record.version >= self.new.version && record.undone_at.is_none() => {
                    if record.version > self.new.version {
                        return Err(ImportError::Overtaken(self.course.clone()));
                    }
                    // An interrupted run of this import, or another import at the same time.
                    self.kept = self.store.count_former(self.course, record.version).await?;
                    self.has_begun = true;
                    return Ok(());
                }
                Some(record) => {
                    let condition = "version = :version AND attribute_not_exists(undoing_at)";
                    let values = [(":version", number(record.version))];
                    self.store.put_if(item::write(&key, &self.new)?, condition, &values).await?
                }
                None => self.store.put_if(item::write(&key, &self.new)?, IS_NEW, &[]).await?,
            };
            match there {
                ConditionalPut::Done => {
                    self.stored = Some(self.new.clone());
                    self.has_begun = true;
                    return Ok(());
                }
                ConditionalPut::Refused(there) => self.stored = Some(item::read(there)?),
            }
        }
        Err(ImportError::Overtaken(self.course.clone()))
    }

    /// Says that the import cannot be taken back, because it replaces too much.
    async fn give_up(&mut self) -> Result<(), ImportError> {
        let update = self
            .store
            .client
            .update_item()
            .set_key(Some(keys::import_record(self.course).attributes()))
            .update_expression("SET is_kept = :no")
            .condition_expression("version = :version AND attribute_not_exists(undoing_at)")
            .expression_attribute_values(":no", AttributeValue::Bool(false))
            .expression_attribute_values(":version", number(self.new.version));
        match self.store.update_item(update).await {
            Ok(_) => Ok(()),
            Err(error) if is_condition_failed(&error) => Err(ImportError::Overtaken(self.course.clone())),
            Err(error) => Err(StoreError::call("UpdateItem", &error).into()),
        }
    }
}

/// A page of what is kept.
pub(super) struct KeptPage {
    pub(super) items: Vec<Item>,
    /// Position of the next page, if there is one.
    pub(super) next: Option<Item>,
}

impl Store {
    /// The record of the last import of a course. A course whose last import was by a release before records has none.
    pub async fn import_record(&self, course: &CourseId) -> Result<Option<ImportRecord>, StoreError> {
        self.get(&keys::import_record(course), true).await?.map(item::read).transpose()
    }

    /// Retires questions that the file of an import does not have. `before` is the version of the course before the import: if that
    /// wrote something, both are taken back together.
    pub async fn retire_missing(
        &self,
        id: &CourseId,
        questions: &[QuestionId],
        before: u64,
        now: Timestamp,
    ) -> Result<(), ImportError> {
        let store = self.patient();
        let key = keys::course(id);
        let (stored, record) = tokio::try_join!(store.get(&key, true), store.import_record(id))?;
        let Some(course) = stored.map(item::read::<Course>).transpose()? else { return Ok(()) };
        let mut keeper = Keeper::new(&store, &course, Some(&course), &CatalogWrite::whole(now), record);
        keeper.join(before);
        keeper.keep_retired(questions.to_vec()).await?;
        let _ = store.set_retired(id, questions, true, now).await.map_err(ContentError::into_store)?;
        Ok(keeper.forget_earlier().await?)
    }

    /// A page of what is kept between two sort keys.
    pub(super) async fn kept_page(
        &self,
        course: &CourseId,
        (from, to): (&str, &str),
        attributes: Option<&str>,
        start: Option<Item>,
    ) -> Result<KeptPage, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", text(keys::course_partition(course)))
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .set_projection_expression(attributes.map(str::to_owned))
            .set_exclusive_start_key(start);
        let page = self.call(|| query.clone().send()).await.map_err(|error| StoreError::call("Query", &error))?;
        Ok(KeptPage { items: page.items.unwrap_or_default(), next: page.last_evaluated_key })
    }

    /// Deletes what is kept between two sort keys.
    pub(super) async fn delete_kept(&self, course: &CourseId, from: &str, to: &str) -> Result<(), StoreError> {
        let mut start = None;
        loop {
            let page = self.kept_page(course, (from, to), Some("pk, sk"), start).await?;
            self.delete_all(page.items.iter().filter_map(item::key_of).collect()).await?;
            start = page.next;
            if start.is_none() {
                return Ok(());
            }
        }
    }

    /// Number of items that an import kept.
    async fn count_former(&self, course: &CourseId, version: u64) -> Result<usize, StoreError> {
        let (from, to) = keys::former_items(version);
        let (mut count, mut start) = (0, None);
        loop {
            let page = self.kept_page(course, (&from, &to), Some("pk, sk"), start).await?;
            count += page.items.len();
            start = page.next;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    /// What an import created and retired.
    pub(super) async fn import_list(&self, course: &CourseId, version: u64) -> Result<ImportList, StoreError> {
        let pk = keys::course_partition(course);
        let lists: Vec<ImportList> = self.query_pages(&pk, &keys::import_lists(version), true, item::read).await?;
        let mut all = ImportList::default();
        let mut seen = HashSet::new();
        for list in lists {
            all.created.extend(list.created.into_iter().filter(|key| seen.insert(key.clone())));
            all.retired.extend(list.retired);
        }
        all.retired.sort();
        all.retired.dedup();
        Ok(all)
    }
}

/// The item that keeps `item`.
fn former_item(course: &CourseId, version: u64, item: &Item) -> Option<Item> {
    let key = item::key_of(item)?;
    let mut kept = item.clone();
    if let Some(entity) = kept.remove(ENTITY) {
        kept.insert(FORMER_ENTITY.to_owned(), entity);
    }
    kept.extend(keys::former_item(course, version, &key).attributes());
    kept.insert(ENTITY.to_owned(), text(FORMER));
    kept.insert(FORMER_PK.to_owned(), text(key.pk));
    kept.insert(FORMER_SK.to_owned(), text(key.sk));
    Some(kept)
}

/// The item that was kept.
pub(super) fn item_before(mut kept: Item) -> Result<Item, StoreError> {
    let mut take = |name: &str| match kept.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(StoreError::corrupt(FORMER, format!("{name} is missing"))),
    };
    let (pk, sk, entity) = (take(FORMER_PK)?, take(FORMER_SK)?, take(FORMER_ENTITY)?);
    kept.insert(PK.to_owned(), text(pk));
    kept.insert(SK.to_owned(), text(sk));
    kept.insert(ENTITY.to_owned(), text(entity));
    Ok(kept)
}

/// The items of a list. Equal lists have equal keys, so that a repetition adds none.
fn list_items(course: &CourseId, version: u64, list: &ImportList) -> Result<Vec<Item>, StoreError> {
    let created = list.created.chunks(LIST_MAX).map(|keys| ImportList { created: keys.to_vec(), retired: Vec::new() });
    let retired = list.retired.chunks(LIST_MAX).map(|ids| ImportList { created: Vec::new(), retired: ids.to_vec() });
    created
        .chain(retired)
        .map(|list| {
            let json = serde_json::to_vec(&list).map_err(|error| StoreError::corrupt(ImportList::NAME, error))?;
            let digest = hex::encode(&Sha256::digest(&json)[..16]);
            item::write(&keys::import_list(course, version, &digest), &list)
        })
        .collect()
}
