//! A subscription that an import brought. Its payments were booked elsewhere, so the import itself counts as a payment:
//! its plan is paid until its reset date.
//!
//! It counts as ours at any price, because the student bought it from us.

use serde::{Deserialize, Serialize};

use super::subscription::Billing;
use crate::domain::account::profile::Profile;
use crate::domain::credits::{Credits, Plan};

/// What an import says of a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Imported {
    /// `sub_…`.
    pub(super) subscription: String,
    /// `cus_…`.
    pub(super) customer: Option<String>,
    pub(super) plan: Plan,
    /// Monthly credits until the first payment is known.
    pub(super) monthly_credits: Credits,
    /// The reset date of the import.
    pub(super) paid_until: i64,
}

impl Billing {
    /// The facts with the imported subscription in `profile`. Older imports are recognised by a subscription in the
    /// profile without any event. The profile's month must be at least that of its plan.
    #[must_use]
    pub fn with_import(&self, profile: &Profile) -> Self {
        let mut billing = self.clone();
        let is_of_events = self.booked.plan.is_some() || self.known_subscriptions().next().is_some();
        if let (None, Some(subscription)) = (&self.imported, &profile.stripe_subscription_id)
            && !is_of_events
            && profile.wallet.plan != Plan::Free
        {
            let wallet = profile.wallet;
            billing.booked.plan = Some(wallet.plan);
            billing.imported = Some(Imported {
                subscription: subscription.clone(),
                customer: profile.stripe_customer_id.clone(),
                plan: wallet.plan,
                monthly_credits: wallet.monthly_credits,
                paid_until: wallet.credits_reset_at,
            });
        }
        billing
    }

    /// The imported data of this subscription.
    pub(super) fn import_of(&self, subscription: &str) -> Option<&Imported> {
        self.imported.as_ref().filter(|import| import.subscription == subscription)
    }

    /// Whether nothing but the import is known about its subscription, and there is no other.
    pub(super) fn is_import_alone(&self) -> bool {
        self.imported.is_some() && self.known_subscriptions().next().is_none() && self.periods().next().is_none()
    }

    /// Whether the imported monthly credits still apply: the plan is the imported one, and no paid month grants the
    /// rest.
    pub(super) fn refreshes_as_imported(&self) -> bool {
        let plan = self.imported.as_ref().map(|import| import.plan);
        plan.is_some() && self.plan() == plan && self.months().next().is_none()
    }
}
