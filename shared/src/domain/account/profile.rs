//! A user's profile: who they are and what they may spend.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::account::{Email, Name};
use crate::domain::credits::Wallet;
use crate::domain::id::UserId;

/// The row of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The user.
    pub id: UserId,
    /// Display name.
    #[serde(default)]
    pub name: Name,
    /// Normalised address.
    pub email: Email,
    /// The projection of the ledger, the plan, the next refresh.
    #[serde(flatten)]
    pub wallet: Wallet,
    /// Counts up with every write: a spend that read an older one starts again.
    pub version: u64,
    /// Entries of the ledger so far: the position of the newest.
    pub entry_count: u64,
    /// The customer at Stripe.
    #[serde(default)]
    pub stripe_customer_id: Option<String>,
    /// The subscription at Stripe.
    #[serde(default)]
    pub stripe_subscription_id: Option<String>,
    /// Whether and whom it signs in.
    #[serde(flatten)]
    pub state: AccountState,
    /// When the account was opened.
    pub created_at: Timestamp,
    /// When the profile was written last.
    pub updated_at: Timestamp,
}

/// What decides whether the account's sessions hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccountState {
    /// Sessions of another epoch are over: a new password begins a new one.
    #[serde(default)]
    pub session_epoch: u32,
    /// The ledger of nobody that takes over what is kept, once the account is being deleted.
    #[serde(default)]
    pub closing: Option<ClosedLedgerId>,
}

/// The ledger of an account that is gone; drawn by lot, so that it leads back to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClosedLedgerId(pub Uuid);

impl Profile {
    /// The profile with the plan that counts at `now`, to look at and not to be stored.
    #[must_use]
    pub fn with_plan_at(&self, now: Timestamp) -> Self {
        let plan = self.wallet.plan_at(now);
        Self { wallet: Wallet { plan, ..self.wallet }, ..self.clone() }
    }

    /// What stands in place of the email while an account is being deleted.
    pub const CLOSING_EMAIL: &'static str = "deleted@account.invalid";
}
