//! Grants that an email holds until an account has it (`docs/decisions/0048`).
//!
//! They stand where the credential of the email will stand. So a registration meets them by the condition that it has anyway, and
//! costs nothing more where nothing is held; and an email never has both.

use aws_sdk_dynamodb::types::{Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use jiff::Timestamp;

use super::Store;
use super::adjustments::AdjustmentRecord;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, text};
use super::dynamodb::transact::{ATTEMPTS_MAX, ActionOutcome, TransactionResult, pause};
use super::emails::{AddressState, address_state};
use super::keys::{self, Key};
use super::ledger::{Committed, SpendAction, SpendError, SpendNotes, after};
use crate::domain::account::Email;
use crate::domain::account::mailbox::Mailbox;
use crate::domain::account::profile::Profile;
use crate::domain::credits::adjustment::Adjustment;
use crate::domain::credits::held::{HeldGrant, HeldGrants, NotHeld, give};
use crate::domain::credits::{Amount, Settlement};
use crate::domain::id::UserId;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::random::Random;

impl Entity for HeldGrants {
    const NAME: &'static str = "HeldGrants";
}

/// Condition: the email still holds what was read.
const IS_AS_READ: &str = "entity = :held AND revision = :revision";

/// Result of holding a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It is held from now on.
    Now,
    /// The email already holds it, or cannot.
    Not(NotHeld),
    /// An account left this email lately and can take it back until then.
    Reserved(Timestamp),
    /// An account has the email: grant it there.
    Account,
}

/// A new account with what its email held.
pub(super) struct WithHeld {
    pub(super) profile: Profile,
    /// Entries and records of the grants.
    pub(super) writes: Vec<TransactWriteItem>,
}

impl Store {
    /// Holds a grant for a mailbox that has no account.
    pub async fn hold_grant(
        &self,
        mailbox: &Mailbox,
        grant: &HeldGrant,
        (now, random): (Timestamp, &Random),
    ) -> Result<Hold, StoreError> {
        let key = keys::credential(mailbox.normal());
        for attempt in 0..ATTEMPTS_MAX {
            let before = match self.get(&key, true).await?.map(|item| address_state(item, now)).transpose()? {
                Some(AddressState::Account(_)) => return Ok(Hold::Account),
                Some(AddressState::Reserved(until)) => return Ok(Hold::Reserved(until)),
                Some(AddressState::Held(held)) => Some(held),
                Some(AddressState::Free) | None => None,
            };
            let held = match HeldGrants::with(before.as_ref(), grant.clone(), random.uuid_v4()) {
                Ok(held) => held,
                Err(why) => return Ok(Hold::Not(why)),
            };
            let mut actions = vec![self.put_over(item::write(&key, &held)?, before.as_ref(), now)?];
            for form in mailbox.other_forms() {
                actions.push(self.check_free(&keys::credential(form), now)?);
            }
            match self.transact(actions, &random.uuid_v4().to_string()).await? {
                TransactionResult::Committed => return Ok(Hold::Now),
                TransactionResult::Refused(verdicts) => {
                    if verdicts.iter().skip(1).any(|verdict| matches!(verdict, ActionOutcome::ConditionFailed(_))) {
                        return Ok(Hold::Account);
                    }
                }
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX })
    }

    /// Takes back what an email holds for a key. Returns what was taken back; `None` if nothing is held for it.
    pub async fn withdraw_grant(
        &self,
        email: &Email,
        key: &IdempotencyKey,
        random: &Random,
    ) -> Result<Option<HeldGrant>, StoreError> {
        let place = keys::credential(email);
        for attempt in 0..ATTEMPTS_MAX {
            let Some(held) = self.held_under(email).await? else { return Ok(None) };
            let Some(grant) = held.grants().iter().find(|grant| grant.key == *key).cloned() else { return Ok(None) };
            let change = match held.without(key, random.uuid_v4()) {
                Some(left) => self.put_as_read(item::write(&place, &left)?, &held)?,
                None => self.delete_held(&place, &held)?,
            };
            let done = self.transact(vec![change], &random.uuid_v4().to_string()).await?;
            if matches!(done, TransactionResult::Committed) {
                return Ok(Some(grant));
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX })
    }

    /// Gives an account what an email holds that it is about to get. The email holds nothing afterwards. A grant of a key that the
    /// account was granted before is dropped.
    pub async fn give_held(
        &self,
        profile: Profile,
        email: &Email,
        (now, random): (Timestamp, &Random),
    ) -> Result<(), SpendError> {
        let mut current = profile;
        for attempt in 0..ATTEMPTS_MAX {
            let Some(held) = self.held_under(email).await? else { return Ok(()) };
            let gone = self.delete_held(&keys::credential(email), &held)?;
            let due = self.not_granted(current.id, &held).await?;
            current = self.with_month_of_plan(current, now).await?;
            let settlement = give(&due, current.wallet, &self.terms, now).unwrap_or_else(|error| {
                tracing::warn!(%error, "a balance cannot hold what its email held; the grants are dropped");
                Settlement { wallet: current.wallet, movements: Vec::new() }
            });
            // Its refusal means that somebody else was faster, as that of a record does: read again.
            let mut parts = vec![(SpendAction::Record, gone)];
            for grant in &due {
                parts.push((SpendAction::Record, self.record_held(current.id, grant, now)?));
            }
            match self.commit_parts(&current, &settlement, SpendNotes::default(), parts, now, random).await {
                Ok(Committed::Yes(_)) => return Ok(()),
                Ok(Committed::Outdated(newer)) => current = newer,
                Err(SpendError::Replayed) => {}
                Err(error) => return Err(error),
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// What an email holds.
    pub(super) async fn held_under(&self, email: &Email) -> Result<Option<HeldGrants>, StoreError> {
        Ok(self.get(&keys::credential(email), true).await?.map(held_in).transpose()?.flatten())
    }

    /// A new account with what its email holds, and the writes of that.
    pub(super) fn with_held(
        &self,
        profile: &Profile,
        held: Option<&HeldGrants>,
        (now, random): (Timestamp, &Random),
    ) -> Result<WithHeld, StoreError> {
        let Some(held) = held else { return Ok(WithHeld { profile: profile.clone(), writes: Vec::new() }) };
        let settlement = give(held.grants(), profile.wallet, &self.terms, now);
        let settlement = settlement.map_err(|error| StoreError::corrupt(HeldGrants::NAME, error))?;
        let opened = Profile { version: profile.version, ..after(profile, &settlement, now) };
        let mut writes = self.put_movements(profile, &opened, &settlement, random)?;
        for grant in held.grants() {
            writes.push(self.record_held(profile.id, grant, now)?);
        }
        Ok(WithHeld { profile: opened, writes })
    }

    /// The put of a credential or of held grants, in the place of what the email held. Without that, it fails if the address is not
    /// free, and the failure has the item.
    pub(super) fn put_over(
        &self,
        item: Item,
        held: Option<&HeldGrants>,
        now: Timestamp,
    ) -> Result<TransactWriteItem, StoreError> {
        held.map_or_else(|| self.put_free(item.clone(), now), |held| self.put_as_read(item.clone(), held))
    }

    fn put_as_read(&self, item: Item, held: &HeldGrants) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(IS_AS_READ)
            .expression_attribute_values(":held", text(HeldGrants::NAME))
            .expression_attribute_values(":revision", text(held.revision().to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The deletion of what an email holds, unless it changed.
    pub(super) fn delete_held(&self, key: &Key, held: &HeldGrants) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.attributes()))
            .condition_expression(IS_AS_READ)
            .expression_attribute_values(":held", text(HeldGrants::NAME))
            .expression_attribute_values(":revision", text(held.revision().to_string()))
            .build()?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// The record that an account was granted something with the key of a held grant.
    fn record_held(&self, user: UserId, grant: &HeldGrant, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let record = AdjustmentRecord::of(Adjustment::Credits(Amount::from(grant.credits)), now);
        self.put_new(item::write(&keys::adjustment(user, &grant.key), &record)?)
    }

    /// The grants whose keys the account was not granted before.
    async fn not_granted(&self, user: UserId, held: &HeldGrants) -> Result<Vec<HeldGrant>, StoreError> {
        let key = |grant: &HeldGrant| keys::adjustment(user, &grant.key);
        let records = self.get_many(&held.grants().iter().map(key).collect::<Vec<_>>(), true).await?;
        let made: Vec<Key> = records.iter().filter_map(item::key_of).collect();
        Ok(held.grants().iter().filter(|grant| !made.contains(&key(grant))).cloned().collect())
    }
}

/// Reads held grants; `None` for a credential or a reservation.
pub(super) fn held_in(item: Item) -> Result<Option<HeldGrants>, StoreError> {
    if item::entity_of(&item) == HeldGrants::NAME { item::read(item).map(Some) } else { Ok(None) }
}

/// The held grants that refused a put of [`Store::put_over`]; `Some(None)` if they are gone, `None` if something else is there.
pub(super) fn held_instead(
    verdict: Option<ActionOutcome>,
    before: Option<&HeldGrants>,
) -> Result<Option<Option<HeldGrants>>, StoreError> {
    match verdict {
        Some(ActionOutcome::ConditionFailed(Some(found))) => Ok(held_in(found)?.map(Some)),
        Some(ActionOutcome::ConditionFailed(None)) if before.is_some() => Ok(Some(None)),
        _ => Ok(None),
    }
}
