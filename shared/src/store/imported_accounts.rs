//! Imports of accounts by operators. An account that exists is never changed.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;
use serde_dynamo::aws_sdk_dynamodb_1::from_item;
use serde_json::{Map, Value};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Item, number, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, fresh_token, pause};
use super::held_grants::WithHeld;
use super::keys::{self, Key};
use super::{Credential, accounts::OpenAccountError};
use crate::domain::account::Email;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::profile::Profile;
use crate::domain::credits::EntryType;
use crate::domain::credits::held::HeldGrants;
use crate::domain::credits::ledger::Entry;
use crate::domain::id::UserId;
use crate::domain::random::Random;

/// Actions per transaction: DynamoDB's limit.
const TRANSACTION_MAX: usize = 100;

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
