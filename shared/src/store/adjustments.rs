//! Changes that an operator makes of a wallet, with their entries. One with a key is made once: the record of it is written
//! in its transaction, and stays as long as the account.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity};
use super::dynamodb::transact::{ATTEMPTS_MAX, pause};
use super::keys;
use super::ledger::{Committed, SpendError};
use crate::domain::account::profile::Profile;
use crate::domain::credits::Amount;
use crate::domain::credits::adjustment::{Adjustment, Reason, Refused};
use crate::domain::id::UserId;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::random::Random;

/// A change that was made under a key.
#[derive(Serialize, Deserialize)]
struct AdjustmentRecord {
    /// The credits that were given or taken; none for a plan.
    amount: Option<Amount>,
    /// The plan that was set.
    #[serde(default)]
    plan: Option<String>,
    created_at: Timestamp,
}

impl Entity for AdjustmentRecord {
    const NAME: &'static str = "Adjustment";
}

impl AdjustmentRecord {
    fn of(adjustment: Adjustment, now: Timestamp) -> Self {
        let (amount, plan) = match adjustment {
            Adjustment::Credits(amount) => (Some(amount), None),
            Adjustment::Plan(plan) => (None, Some(plan.as_str().to_owned())),
        };
        Self { amount, plan, created_at: now }
    }

    fn is_of(&self, adjustment: Adjustment) -> bool {
        let wanted = Self::of(adjustment, self.created_at);
        (self.amount, &self.plan) == (wanted.amount, &wanted.plan)
    }
}

/// A change of an operator.
pub struct OperatorChange<'a> {
    /// What is changed.
    pub adjustment: Adjustment,
    /// Why, as the user reads it.
    pub reason: &'a Reason,
    /// Names the change, so that it is made once however often it is asked for.
    pub key: Option<&'a IdempotencyKey>,
}

/// An adjustment that is made.
#[derive(Debug)]
pub enum Adjusted {
    /// Now: the profile after it.
    Now(Profile),
    /// Under the same key before, at this time: the profile as it is.
    Before(Profile, Timestamp),
}

/// Why nothing was adjusted. Nothing has moved.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// The balance does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The key stands for another change of this account.
    #[error("the key was used for another change of this account: use a new one")]
    KeyReused,
    /// The account is not there any more.
    #[error("the account is gone")]
    Gone,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a change, once however many requests of the user race with it.
    pub async fn adjust(
        &self,
        profile: Profile,
        change: OperatorChange<'_>,
        now: Timestamp,
        random: &Random,
    ) -> Result<Adjusted, AdjustError> {
        let mut current = profile;
        for attempt in 0..ATTEMPTS_MAX {
            if let Some(before) = self.adjusted_before(current.id, &change).await? {
                return self.made_before(current, before).await;
            }
            current = self.with_month_of_plan(current, now).await?;
            let settlement = match change.adjustment.settle(current.wallet, change.reason, now) {
                Ok(settlement) => settlement,
                // The twin with the same key may have changed the balance.
                Err(refused) => {
                    return match self.adjusted_before(current.id, &change).await? {
                        Some(before) => self.made_before(current, before).await,
                        None => Err(refused.into()),
                    };
                }
            };
            let record = AdjustmentRecord::of(change.adjustment, now);
            let record = change.key.map(|key| item::write(&keys::adjustment(current.id, key), &record)).transpose()?;
            let record = record.map(|record| self.put_new(record)).transpose()?;
            match self.commit_with_record(&current, &settlement, record, now, random).await {
                Ok(Committed::Yes(profile)) => return Ok(Adjusted::Now(profile)),
                Ok(Committed::Outdated(newer)) => current = newer,
                // Its record says what it was.
                Err(SpendError::Replayed) => {}
                Err(SpendError::AccountGone) => return Err(AdjustError::Gone),
                Err(SpendError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(StoreError::corrupt("Adjustment", error).into()),
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// When the same change was made under its key.
    async fn adjusted_before(
        &self,
        user: UserId,
        change: &OperatorChange<'_>,
    ) -> Result<Option<Timestamp>, AdjustError> {
        let Some(key) = change.key else { return Ok(None) };
        let Some(found) = self.get(&keys::adjustment(user, key), true).await? else { return Ok(None) };
        let record: AdjustmentRecord = item::read(found)?;
        if record.is_of(change.adjustment) { Ok(Some(record.created_at)) } else { Err(AdjustError::KeyReused) }
    }

    async fn made_before(&self, profile: Profile, at: Timestamp) -> Result<Adjusted, AdjustError> {
        let now = self.profile(profile.id).await?.ok_or(AdjustError::Gone)?;
        Ok(Adjusted::Before(now, at))
    }
}
