//! Vouchers and what users got for them. One transaction counts the use, writes the ledger entry and records that the user
//! redeemed the voucher, so a voucher is never used more often than allowed, and a user gets its credits once.

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use jiff::Timestamp;

use super::Store;
use super::accounts::is_condition_failed;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, number, text};
use super::dynamodb::plain::{ConditionalPut, IS_NEW};
use super::dynamodb::transact::{ATTEMPTS_MAX, pause};
use super::keys::{self, REDEMPTIONS, VOUCHERS};
use super::ledger::{Committed, SpendAction, SpendError, SpendNotes};
use crate::domain::account::profile::Profile;
use crate::domain::credits::Amount;
use crate::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use crate::domain::id::UserId;
use crate::domain::random::Random;
use crate::domain::vouchers::{Redemption, Voucher, VoucherId};

/// The description of the ledger entry.
const REASON: &str = "Voucher";

/// Why a voucher was not redeemed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RedeemError {
    /// It is used up, expired or stopped, or the balance cannot hold its credits.
    #[error("the voucher cannot be redeemed")]
    Refused,
    /// The account does not exist any more.
    #[error("the account is gone")]
    Gone,
    /// DynamoDB failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Stores a new voucher. Returns `false` if one with the same code exists.
    pub async fn create_voucher(&self, voucher: &Voucher) -> Result<bool, StoreError> {
        let item = item::write(&keys::voucher(&voucher.id), voucher)?;
        Ok(matches!(self.put_if(item, IS_NEW, &[]).await?, ConditionalPut::Done))
    }

    /// All vouchers.
    pub async fn vouchers(&self) -> Result<Vec<Voucher>, StoreError> {
        item::read_all(self.query(VOUCHERS, "", true).await?)
    }

    /// Stops a voucher. What was redeemed stays. Returns `false` if there is no such voucher.
    pub async fn stop_voucher(&self, id: &VoucherId, now: Timestamp) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .set_key(Some(keys::voucher(id).attributes()))
            .update_expression("SET stopped_at = if_not_exists(stopped_at, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", text(now.to_string()));
        match self.update_item(update).await {
            Ok(_) => Ok(true),
            Err(error) if is_condition_failed(&error) => Ok(false),
            Err(error) => Err(StoreError::call("UpdateItem", &error)),
        }
    }

    /// A voucher.
    pub async fn voucher(&self, id: &VoucherId) -> Result<Option<Voucher>, StoreError> {
        self.get(&keys::voucher(id), true).await?.map(item::read).transpose()
    }

    /// What a user got for a voucher.
    pub async fn redemption(&self, user: UserId, id: &VoucherId) -> Result<Option<Redemption>, StoreError> {
        self.get(&keys::redemption(user, id), true).await?.map(item::read).transpose()
    }

    /// What a user got for vouchers.
    pub async fn redemptions(&self, user: UserId) -> Result<Vec<Redemption>, StoreError> {
        item::read_all(self.query(&keys::user(user), REDEMPTIONS, true).await?)
    }

    /// Gives the user the credits of a voucher, once.
    pub async fn redeem(
        &self,
        profile: Profile,
        voucher: &Voucher,
        now: Timestamp,
        random: &Random,
    ) -> Result<Redemption, RedeemError> {
        let reason = AdjustmentReason::try_from(REASON).map_err(|error| StoreError::corrupt("Voucher", error))?;
        let mut current = profile;
        for attempt in 0..ATTEMPTS_MAX {
            current = self.with_month_of_plan(current, now).await?;
            let credits = Adjustment::Credits(Amount::from(voucher.credits));
            let Ok(settlement) = credits.settle(current.wallet, &reason, &self.terms, now) else {
                return Err(RedeemError::Refused);
            };
            let redemption = Redemption {
                voucher_id: voucher.id.clone(),
                credits_granted: voucher.credits,
                credits: settlement.wallet.credits,
                position: current.entry_count + settlement.movements.len() as u64,
                redeemed_at: now,
            };
            let record = self.put_new(item::write(&keys::redemption(current.id, &voucher.id), &redemption)?)?;
            let parts = vec![(SpendAction::Record, record), (SpendAction::Voucher, self.use_voucher(voucher, now)?)];
            match self.commit_parts(&current, &settlement, SpendNotes::default(), parts, now, random).await {
                Ok(Committed::Yes(_)) => return Ok(redemption),
                Ok(Committed::Outdated(newer)) => current = newer,
                Err(SpendError::Replayed) => {
                    let earlier = self.redemption(current.id, &voucher.id).await?;
                    return earlier.ok_or(RedeemError::Gone);
                }
                Err(SpendError::VoucherClosed) => return Err(RedeemError::Refused),
                Err(SpendError::AccountGone) => return Err(RedeemError::Gone),
                Err(SpendError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(StoreError::corrupt("Redemption", error).into()),
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }

    /// Counts a use. The condition is that the voucher is still open.
    fn use_voucher(&self, voucher: &Voucher, now: Timestamp) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::voucher(&voucher.id).attributes()))
            .update_expression("SET uses = uses + :one")
            .condition_expression("uses < uses_max AND ends_at > :now AND attribute_not_exists(stopped_at)")
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":now", number(now.as_second()))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
