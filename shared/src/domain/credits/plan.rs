//! The plans. Stripe holds their prices in money; the credits that each brings per month, and the prices of what credits buy, are
//! in `domain::settings`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Credits;

/// A user's plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// What every account has.
    Free,
    /// More credits per month.
    Starter,
    /// Nothing is charged.
    Unlimited,
}

impl Plan {
    /// Name in storage and responses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Starter => "starter",
            Self::Unlimited => "unlimited",
        }
    }

    /// What a price costs under this plan.
    pub(super) const fn debit(self, price: Credits) -> Credits {
        match self {
            Self::Free | Self::Starter => price,
            Self::Unlimited => 0,
        }
    }
}
