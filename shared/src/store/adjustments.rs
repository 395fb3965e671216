//! Changes that an operator makes of a wallet, with their entries.

use jiff::Timestamp;

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::transact::{ATTEMPTS_MAX, pause};
use super::ledger::{Committed, SpendError};
use crate::domain::account::profile::Profile;
use crate::domain::credits::adjustment::{Adjustment, Reason};
use crate::domain::random::Random;

impl Store {
    /// The profile after an adjustment, which happens once however many requests of the user race with it.
    pub async fn adjust(
        &self,
        profile: Profile,
        adjustment: Adjustment,
        reason: &Reason,
        now: Timestamp,
        random: &Random,
    ) -> Result<Profile, SpendError> {
        let mut current = profile;
        for attempt in 0..ATTEMPTS_MAX {
            let settlement = adjustment.settle(current.wallet, reason, now)?;
            match self.commit(&current, &settlement, None, now, random).await? {
                Committed::Yes(profile) => return Ok(profile),
                Committed::Outdated(newer) => current = newer,
            }
            pause(attempt).await;
        }
        Err(StoreError::Contention { attempts: ATTEMPTS_MAX }.into())
    }
}
