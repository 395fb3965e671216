//! What an import changes of stored questions.
//!
//! A question that an import corrects gets the next version. Its item is written with those of its options in one transaction,
//! on the condition that its version is still the one that was compared. So nobody reads a new text with old options, an
//! interrupted import raises no version twice, and of two concurrent imports one is refused instead of reusing a version.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::Store;
use super::content::RETIRED_AT;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{Item, number, text};
use super::dynamodb::plain::ConditionalPut;
use super::dynamodb::transact::{TransactionResult, fresh_token};
use super::import::{Draft, Merge};
use super::keys::{self, Key};
use super::questions::{OPTION_LETTERS, assemble};
use crate::domain::catalog::version::FIRST_VERSION;

/// Attribute with the version of a question; absent for the first.
pub(super) const VERSION: &str = "version";
/// Attribute with the time when the version replaced the one before.
pub(super) const CORRECTED_AT: &str = "corrected_at";
/// Concurrent writes.
const WRITES_AT_ONCE: usize = 16;

/// A change of a stored question.
pub(super) struct QuestionChange {
    /// What the item of the question must still say: its version, and since when it is retired.
    version: Option<AttributeValue>,
    retired_at: Option<AttributeValue>,
    /// The item of the question, followed by those of its options that change.
    items: Vec<Item>,
}

/// Gives a question the next version if its drafts correct it. `drafts` are the item of the question and those of its options.
/// Returns whether they do.
pub(super) fn raise_version(
    drafts: &mut [Draft],
    stored: &HashMap<Key, Item>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(before) = drafts.first().and_then(|draft| stored.get(&draft.key)) else { return Ok(false) };
    let is_unchanged = drafts.iter().all(|draft| matches!(draft.merge, Merge::Unchanged));
    if is_unchanged || !is_corrected(before, drafts, stored)? {
        return Ok(false);
    }
    let version = before.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok()).unwrap_or(FIRST_VERSION);
    let question = &mut drafts[0];
    question.item.insert(VERSION.to_owned(), number(version.saturating_add(1)));
    question.item.insert(CORRECTED_AT.to_owned(), text(now.to_string()));
    question.merge = Merge::Changed;
    Ok(true)
}

fn is_corrected(before: &Item, drafts: &[Draft], stored: &HashMap<Key, Item>) -> Result<bool, StoreError> {
    if before.get(OPTION_LETTERS) != drafts[0].item.get(OPTION_LETTERS) {
        return Ok(true);
    }
    let old = drafts.iter().filter_map(|draft| stored.get(&draft.key)).cloned().collect();
    let new = drafts.iter().map(|draft| draft.item.clone()).collect();
    let (old, new) = (assemble(old)?.into_values().next(), assemble(new)?.into_values().next());
    Ok(old.zip(new).is_some_and(|(old, new)| old.question.is_corrected_by(&new.question)))
}

impl QuestionChange {
    /// The change of a stored question, if its drafts change it.
    pub(super) fn of(drafts: Vec<Draft>, stored: &HashMap<Key, Item>) -> Option<Self> {
        let before = stored.get(&drafts.first()?.key)?;
        let is_changed = drafts.iter().any(|draft| !matches!(draft.merge, Merge::Unchanged));
        let is_written = |draft: &Draft| keys::is_question(&draft.key) || !matches!(draft.merge, Merge::Unchanged);
        let items = drafts.into_iter().filter(is_written).map(|draft| draft.item).collect();
        let [version, retired_at] = [VERSION, RETIRED_AT].map(|name| before.get(name).cloned());
        is_changed.then_some(Self { version, retired_at, items })
    }

    /// The condition that the question is as it was compared, and its values.
    fn condition(&self) -> (String, Vec<(&'static str, AttributeValue)>) {
        let (mut terms, mut values) = (Vec::new(), Vec::new());
        for (name, placeholder, value) in
            [(VERSION, ":version", &self.version), (RETIRED_AT, ":retired_at", &self.retired_at)]
        {
            if let Some(value) = value {
                terms.push(format!("{name} = {placeholder}"));
                values.push((placeholder, value.clone()));
            } else {
                terms.push(format!("attribute_not_exists({name})"));
            }
        }
        (terms.join(" AND "), values)
    }
}

impl Store {
    /// Writes the changes of stored questions. Fails if a concurrent import or command changed one of them first.
    pub(super) async fn change_questions(&self, changes: Vec<QuestionChange>) -> Result<(), StoreError> {
        let writes = changes.into_iter().map(|change| self.change_question(change));
        stream::iter(writes).buffer_unordered(WRITES_AT_ONCE).try_for_each(|()| async { Ok(()) }).await
    }

    async fn change_question(&self, change: QuestionChange) -> Result<(), StoreError> {
        let (condition, values) = change.condition();
        let overtaken = StoreError::Contention { attempts: 1 };
        let mut items = change.items.into_iter();
        let Some(question) = items.next() else { return Ok(()) };
        if items.len() == 0 {
            return match self.put_if(question, &condition, &values).await? {
                ConditionalPut::Done => Ok(()),
                ConditionalPut::Refused(_) => Err(overtaken),
            };
        }
        let mut put = Put::builder().table_name(&self.table).set_item(Some(question)).condition_expression(condition);
        for (name, value) in values {
            put = put.expression_attribute_values(name, value);
        }
        let mut actions = vec![TransactWriteItem::builder().put(put.build()?).build()];
        for option in items {
            let put = Put::builder().table_name(&self.table).set_item(Some(option)).build()?;
            actions.push(TransactWriteItem::builder().put(put).build());
        }
        match self.transact(actions, &fresh_token()).await? {
            TransactionResult::Committed => Ok(()),
            TransactionResult::Refused(_) => Err(overtaken),
        }
    }
}
