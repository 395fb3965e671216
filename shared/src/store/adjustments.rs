//! Wallet changes by operators, with their ledger entries. A change with a key is made once: its record is written in
//! the same transaction and kept as long as the account.

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
use crate::domain::credits::adjustment::{Adjustment, AdjustmentReason, Refused};
use crate::domain::id::UserId;
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::random::Random;

/// Record of a change that was made with a key.
#[derive(Serialize, Deserialize)]
pub(super) struct AdjustmentRecord {
    /// Credits given or taken; `None` for a change of plan.
    amount: Option<Amount>,
    /// The new plan.
    #[serde(default)]
    plan: Option<String>,
    created_at: Timestamp,
}

impl Entity for AdjustmentRecord {
    const NAME: &'static str = "Adjustment";
}

impl AdjustmentRecord {
    pub(super) fn of(adjustment: Adjustment, now: Timestamp) -> Self {
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

/// A change requested by an operator.
pub struct OperatorChange<'a> {
    pub adjustment: Adjustment,
    /// The reason that the user sees.
    pub reason: &'a AdjustmentReason,
    /// Idempotency key: repeated requests with the same key make the change once.
    pub key: Option<&'a IdempotencyKey>,
}

/// Result of an adjustment.
#[derive(Debug)]
pub enum Adjusted {
    /// The change was made by this call; holds the updated profile.
    Now(Profile),
    /// The change was made at this time by an earlier call with the same key; holds the current profile.
    Before(Profile, Timestamp),
}

/// Why no adjustment was made. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AdjustError {
    /// The balance does not allow the change.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The key was used for a different change of this account.
    #[error("the key was used for another change of this account: use a new one")]
    KeyReused,
    /// The account does not exist any more.
    #[error("the account is gone")]
    Gone,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Makes a change once, however many requests of the user run concurrently.
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
            let settlement = match change.adjustment.settle(current.wallet, change.reason, &self.terms, now) {
                Ok(settlement) => settlement,
                // A concurrent duplicate with the same key may have changed the balance.
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
                // Read its record in the next iteration.
                Err(SpendError::Replayed) => {}
                Err(SpendError::AccountGone) => return Err(AdjustError::Gone),
                Err(SpendError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(StoreError::corrupt("Adjustment", error).into()),
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// Returns when the same change was made with its key; `None` if it was not made yet.
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
