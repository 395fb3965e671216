//! The address of a user at Stripe, after the user has changed it here.

use super::App;
use crate::domain::account::profile::Profile;

impl App {
    /// Gives the user's customer at Stripe the address of the account, if it changed since the last time. A failure is
    /// logged, and the next payment tries again: it must not stop a payment.
    pub async fn refresh_customer_email(&self, profile: &Profile) {
        let Some(customer) = profile.stripe_customer_id.as_ref().filter(|_| profile.customer_email_due) else { return };
        if !self.stripe.is_configured() {
            return;
        }
        let key = self.random.uuid_v4().to_string();
        if let Err(error) = self.stripe.set_customer_email(customer, profile.email.as_str(), &key).await {
            tracing::warn!(%error, "the email of a customer could not be changed");
            return;
        }
        if let Err(error) = self.store.customer_email_is_set(profile).await {
            tracing::warn!(%error, "the new email of a customer could not be noted");
        }
    }
}
