//! Imports by operators. Only differences are written, so repeating an import changes nothing, and a course's version
//! increases only if its content changed.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::Timestamp;
use serde_dynamo::aws_sdk_dynamodb_1::from_item;
use serde_json::{Map, Value};

use super::Store;
use super::bank::PackedBank;
use super::content::RETIRED_AT;
use super::corrections::{CORRECTED_AT, QuestionChange, VERSION, raise_version};
use super::drawn;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, number, text};
use super::dynamodb::plain::ConditionalPut;
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, fresh_token, pause};
use super::held_grants::WithHeld;
use super::keys::{self, Key};
use super::questions::OPTION_LETTERS;
use super::{Credential, accounts::OpenAccountError};
use crate::domain::account::Email;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::profile::Profile;
use crate::domain::catalog::complete::Catalog;
use crate::domain::catalog::{Bank, Course, Exam, Pattern, Question, QuestionSummary, Topic};
use crate::domain::credits::EntryType;
use crate::domain::credits::held::HeldGrants;
use crate::domain::credits::ledger::Entry;
use crate::domain::id::{QuestionId, UserId};
use crate::domain::questions::preview::preview;
use crate::domain::random::Random;

/// Actions per transaction: DynamoDB's limit.
const TRANSACTION_MAX: usize = 100;

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

/// An account with its complete ledger.
pub struct ImportedAccount {
    /// The profile. Its `entry_count` must equal the number of entries.
    pub profile: Profile,
    /// The login credential.
    pub credential: Credential,
    /// The ledger, oldest entry first.
    pub entries: Vec<Entry>,
}

impl ImportedAccount {
    /// All items of the account as JSON, for filling a table in bulk.
    pub fn items(&self) -> Result<Vec<Map<String, Value>>, StoreError> {
        let Self { profile, credential, entries } = self;
        let mut items = vec![
            item::write(&keys::credential(&profile.email), credential)?,
            item::write(&keys::profile(profile.id), profile)?,
        ];
        for entry in entries {
            items.push(item::write(&keys::entry(profile.id, entry.id), entry)?);
        }
        items.into_iter().map(|item| from_item(item).map_err(|error| StoreError::corrupt("item", error))).collect()
    }
}

impl Store {
    /// Stores a course. Returns the counts, and the questions that were skipped because they belong to another course.
    /// Items that are stored but missing from `catalog` are kept: students may have bought them.
    pub async fn write_catalog(
        &self,
        catalog: &Catalog,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<(WriteReport, Vec<QuestionId>), StoreError> {
        // Boxed: the future is large and rarely needed.
        Box::pin(self.patient().write_course(catalog, now, dry_run)).await
    }

    async fn write_course(
        &self,
        catalog: &Catalog,
        now: Timestamp,
        dry_run: bool,
    ) -> Result<(WriteReport, Vec<QuestionId>), StoreError> {
        let drafts = catalog_items(catalog)?;
        let keys: Vec<Key> = drafts.iter().filter_map(item::key_of).collect();
        let course_key = keys::course(&catalog.course.id);
        let (stored, stored_course) = tokio::try_join!(self.get_many(&keys, true), self.get(&course_key, true))?;
        let stored: HashMap<Key, Item> =
            stored.into_iter().filter_map(|item| Some((item::key_of(&item)?, item))).collect();

        let mut report = WriteReport::new();
        let mut rows = Bank::default();
        let (mut writes, mut changes) = (Vec::new(), Vec::new());
        let foreign = foreign_questions(catalog, &stored);
        let mut drafts = Draft::of(drafts, &stored);
        drafts.retain(|draft| !foreign.iter().any(|(partition, _)| *partition == draft.key.pk));
        // A question is followed by its options. Other rows of a course share a partition.
        for mut group in groups(drafts, |one, next| one.key.pk == next.key.pk) {
            let is_question = group.first().is_some_and(|draft| keys::is_question(&draft.key));
            if is_question && raise_version(&mut group, &stored, now)? {
                report.entry(Question::NAME.to_owned()).or_default().corrected += 1;
            }
            for draft in &group {
                report.entry(item::entity_of(&draft.item)).or_default().add(draft.merge);
                add_row(&mut rows, draft.item.clone())?;
            }
            if is_question && group.first().is_some_and(|draft| stored.contains_key(&draft.key)) {
                changes.extend(QuestionChange::of(group, &stored));
            } else {
                let is_written = |draft: &Draft| !matches!(draft.merge, Merge::Unchanged);
                writes.extend(group.into_iter().filter(is_written).map(|draft| draft.item));
            }
        }

        let before: Option<Course> = stored_course.map(item::read).transpose()?;
        let bank_before = match &before {
            Some(course) => self.read_bank(course, true).await?,
            None => Bank::default(),
        };
        let is_broken = before.as_ref().is_some_and(|course| bank_before.stats() != course.stats);
        let bank = bank_before.with(rows);
        let mut course = catalog.course.clone();
        course.stats = bank.stats();
        let bank = PackedBank::of(bank)?;
        course.bank.clone_from(&bank.digest);
        course.catalog_version = before.as_ref().map_or(0, |course| course.catalog_version);
        course.created_at = before.as_ref().map_or(course.created_at, |course| course.created_at);
        let is_changed = !writes.is_empty() || !changes.is_empty() || is_broken || before.as_ref() != Some(&course);
        report.entry("Course".to_owned()).or_default().add(match (&before, is_changed) {
            (None, _) => Merge::Created,
            (Some(_), true) => Merge::Changed,
            (Some(_), false) => Merge::Unchanged,
        });
        if is_changed && !dry_run {
            self.put_all(writes).await?;
            self.change_questions(changes).await?;
            self.publish_bank(&course.id, bank).await?;
            // Write the course last, so that its readers find its bank.
            course.catalog_version += 1;
            self.put_course(&course_key, &course).await?;
            self.forget_courses();
            if let Some(before) = before {
                self.retire_bank(&before, now).await?;
            }
        }
        Ok((report, foreign.into_iter().map(|(_, id)| id).collect()))
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

    /// Dry run of [`Store::write_account`].
    pub async fn check_account(&self, account: &ImportedAccount) -> Result<(), OpenAccountError> {
        let id = account.profile.id;
        let (profile, credential) = tokio::try_join!(self.profile(id), self.credential(&account.profile.email))?;
        match (profile, credential) {
            (Some(_), _) => Err(OpenAccountError::AlreadyThere),
            (None, Some(other)) if other.user_id != id => Err(OpenAccountError::EmailTaken),
            _ => Ok(()),
        }
    }

    /// Stores an account unless its id or email is taken. An existing account is never changed, since its owner may
    /// have spent credits.
    pub async fn write_account(
        &self,
        account: &ImportedAccount,
        with: (Timestamp, &Random),
    ) -> Result<(), OpenAccountError> {
        Box::pin(self.patient().write_new_account(account, with)).await
    }

    /// Writes the account with what its email holds.
    async fn write_new_account(
        &self,
        account: &ImportedAccount,
        with: (Timestamp, &Random),
    ) -> Result<(), OpenAccountError> {
        self.check_account(account).await?;
        let normal = Mailbox::of(account.profile.email.clone()).normal().clone();
        for attempt in 0..ATTEMPTS_MAX {
            let held = self.held_under(&normal).await?;
            let done = self.write_account_over(account, held.as_ref().map(|held| (&normal, held)), with).await;
            // What it held changed meanwhile, and that was the reason.
            if !matches!(done, Err(OpenAccountError::EmailTaken | OpenAccountError::AlreadyThere))
                || self.held_under(&normal).await? == held
            {
                return done;
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    async fn write_account_over(
        &self,
        account: &ImportedAccount,
        held: Option<(&Email, &HeldGrants)>,
        with: (Timestamp, &Random),
    ) -> Result<(), OpenAccountError> {
        let id = account.profile.id;
        let WithHeld { profile, writes } = self.with_held(&account.profile, held.map(|(_, held)| held), with)?;
        let entries = account.entries.iter().map(|entry| item::write(&keys::entry(id, entry.id), entry));
        let entries: Vec<Item> = entries.collect::<Result<_, _>>()?;
        // A ledger longer than a transaction is partly written before the profile. An interrupted import leaves entries
        // without an account, and the next import writes the same ones again.
        let (early, last) = entries.split_at(entries.len().saturating_sub(TRANSACTION_MAX - 5 - writes.len()));
        self.put_missing(early).await?;
        let place = keys::credential(&profile.email);
        let credential = item::write(&place, &account.credential)?;
        let of_email = held.filter(|(normal, _)| **normal == profile.email).map(|(_, held)| held);
        let mut actions = vec![
            match of_email {
                Some(held) => self.put_over(credential, Some(held), with.0)?,
                None => self.put_new(credential)?,
            },
            self.put_new(item::write(&keys::profile(id), &profile)?)?,
        ];
        for entry in last {
            actions.push(self.put_new(entry.clone())?);
        }
        actions.extend(writes);
        // The account may be stored under another spelling of its email.
        if let Some((normal, held)) = held.filter(|_| of_email.is_none()) {
            actions.push(self.delete_held(&keys::credential(normal), held)?);
        }
        actions.extend(self.put_import(&account.profile)?);
        // It is last, so that its refusal can be recognised.
        if let Some(customer) = &account.profile.stripe_customer_id {
            actions.push(self.put_customer(customer, id)?);
        }
        match self.transact(actions, &fresh_token()).await? {
            TransactionResult::Committed => Ok(()),
            TransactionResult::Refused(verdicts) => match verdicts.as_slice() {
                [ActionOutcome::ConditionFailed(_), ..] => Err(OpenAccountError::EmailTaken),
                [_, ActionOutcome::Held, .., ActionOutcome::ConditionFailed(_)]
                    if account.profile.stripe_customer_id.is_some() =>
                {
                    Err(OpenAccountError::CustomerTaken)
                }
                _ => Err(OpenAccountError::AlreadyThere),
            },
        }
    }
}

impl Store {
    /// Puts the items that are not stored yet in the same form. So a repeated import skips what an interrupted one
    /// wrote.
    pub(super) async fn put_missing(&self, items: &[Item]) -> Result<(), StoreError> {
        let keys: Vec<Key> = items.iter().filter_map(item::key_of).collect();
        let stored = self.get_many(&keys, true).await?;
        let stored: HashMap<Key, Item> =
            stored.into_iter().filter_map(|item| Some((item::key_of(&item)?, item))).collect();
        let is_there = |item: &&Item| {
            let stored = item::key_of(item).and_then(|key| stored.get(&key));
            stored.is_some_and(|stored| item::is_same(stored, item))
        };
        self.put_all(items.iter().filter(|item| !is_there(item)).cloned().collect()).await
    }
}

/// Questions of `catalog` whose id belongs to another course, with their partitions. They are not changed, because
/// students have bought them.
fn foreign_questions(catalog: &Catalog, stored: &HashMap<Key, Item>) -> Vec<(String, QuestionId)> {
    let is_foreign = |question: &&Question| {
        let course = stored.get(&keys::question(&question.meta.id)).and_then(|item| item.get("course_id"));
        course.and_then(|course| course.as_s().ok()).is_some_and(|course| course != catalog.course.id.as_str())
    };
    let foreign = catalog.questions.iter().filter(is_foreign);
    foreign.map(|question| (keys::question_partition(&question.meta.id), question.meta.id.clone())).collect()
}

impl Store {
    /// Adds the end of an unlimited time to a stored account that has none. Returns whether it was added: an account that
    /// has one, is being deleted or does not exist stays as it is, and so does one whose plan an operator has set.
    pub async fn add_unlimited_time(
        &self,
        user: UserId,
        until: i64,
        now: Timestamp,
        dry_run: bool,
        random: &Random,
    ) -> Result<bool, StoreError> {
        let Some(profile) = self.profile(user).await? else { return Ok(false) };
        let is_missing = profile.wallet.unlimited_until.is_none() && profile.state.closing.is_none();
        if !is_missing || until <= now.as_second() || self.has_plan_of_operator(user).await? {
            return Ok(false);
        }
        if dry_run {
            return Ok(true);
        }
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::profile(user).attributes()))
            .update_expression("SET unlimited_until = :until, #version = :after, updated_at = :now")
            .condition_expression("#version = :before AND attribute_not_exists(unlimited_until)")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":until", number(until))
            .expression_attribute_values(":before", number(profile.version))
            .expression_attribute_values(":after", number(profile.version + 1))
            .expression_attribute_values(":now", text(now.to_string()))
            .build()?;
        let actions = vec![TransactWriteItem::builder().update(update).build()];
        match self.transact(actions, &random.uuid_v4().to_string()).await? {
            TransactionResult::Committed => Ok(true),
            TransactionResult::Refused(_) => Err(StoreError::Contention { attempts: 1 }),
        }
    }

    /// Whether an operator has set the plan: such a change is an adjustment of 0 credits.
    async fn has_plan_of_operator(&self, user: UserId) -> Result<bool, StoreError> {
        let entries = self.entries(user).await?;
        Ok(entries.iter().any(|entry| entry.kind == EntryType::Adjustment && entry.amount == 0))
    }
}

/// An item that an import would write.
pub(super) struct Draft {
    pub(super) key: Key,
    pub(super) item: Item,
    pub(super) merge: Merge,
}

impl Draft {
    /// Compares items with the stored ones.
    fn of(items: Vec<Item>, stored: &HashMap<Key, Item>) -> Vec<Self> {
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

/// Compares `draft` with the stored item. Keeps the stored creation time, the version, and that an operator retired it.
fn merge(draft: &mut Item, stored: Option<&Item>) -> Merge {
    let Some(stored) = stored else { return Merge::Created };
    if let (Some(first), true) = (stored.get("created_at"), draft.contains_key("created_at")) {
        draft.insert("created_at".to_owned(), first.clone());
    }
    for name in [RETIRED_AT, VERSION, CORRECTED_AT] {
        match stored.get(name) {
            Some(kept) => draft.insert(name.to_owned(), kept.clone()),
            None => draft.remove(name),
        };
    }
    if item::is_same(draft, stored) { Merge::Unchanged } else { Merge::Changed }
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

/// The items of everything in a course except the course itself.
fn catalog_items(catalog: &Catalog) -> Result<Vec<Item>, StoreError> {
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
    for question in &catalog.questions {
        items.push(question_item(question)?);
        for option in &question.options {
            items.push(item::write(&keys::option(&question.meta.id, &option.letter), option)?);
        }
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
