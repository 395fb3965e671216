//! Redeeming a voucher. A user who has redeemed it gets the first answer again, whatever has become of the voucher.

use super::App;
use super::caller::Caller;
use crate::domain::vouchers::{Redemption, VoucherId, VoucherState};
use crate::store::{RedeemError, StoreError};

/// Why a voucher was not redeemed.
#[derive(Debug, thiserror::Error)]
pub enum VoucherError {
    /// Unknown, used up, expired or stopped. Clients do not learn which.
    #[error("no such voucher can be redeemed")]
    NotRedeemable,
    /// The account does not exist any more.
    #[error("the account is gone")]
    AccountGone,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// Gives the caller the credits of a voucher, once.
    ///
    /// # Errors
    /// When no such voucher can be redeemed, the session is invalid, or storage fails. Nothing was given then.
    pub async fn redeem_voucher<C>(&self, caller: &C, id: &VoucherId) -> Result<Redemption, C::Error>
    where
        C: Caller,
        C::Error: From<VoucherError> + From<StoreError>,
    {
        let user = caller.user_id();
        let reads = async { tokio::try_join!(self.store.redemption(user, id), self.store.voucher(id)) };
        let (signed_in, (earlier, voucher)) = caller.with(reads).await?;
        if let Some(earlier) = earlier {
            return Ok(earlier);
        }
        let now = self.now();
        let open = voucher.filter(|voucher| voucher.state(now) == VoucherState::Open);
        let redeemed = match open {
            Some(voucher) => self.store.redeem(signed_in.profile, &voucher, now, &self.random).await,
            None => Err(RedeemError::Refused),
        };
        match redeemed {
            Ok(redemption) => Ok(redemption),
            // A request of the same user that ran at the same time may have taken the last use.
            Err(RedeemError::Refused) => {
                let earlier = self.store.redemption(user, id).await?;
                earlier.ok_or_else(|| VoucherError::NotRedeemable.into())
            }
            Err(RedeemError::Gone) => Err(VoucherError::AccountGone.into()),
            Err(RedeemError::Store(error)) => Err(error.into()),
        }
    }
}
