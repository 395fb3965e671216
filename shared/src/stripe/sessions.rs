//! Sessions of Stripe's own pages: Checkout, where a plan is bought, and the portal, where it is changed or cancelled.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Stripe, StripeError};
use crate::domain::credits::Plan;
use crate::domain::id::UserId;

/// A plan to be bought.
pub struct Purchase<'a> {
    /// Who buys.
    pub user: UserId,
    /// `cus_…`.
    pub customer: &'a str,
    /// What.
    pub plan: Plan,
    /// The client's idempotency key, or one for this request alone.
    pub key: &'a str,
}

/// Where to pay.
#[derive(Debug, Clone, Deserialize)]
pub struct CheckoutSession {
    /// `cs_…`.
    pub id: String,
    /// The page.
    pub url: String,
}

#[derive(Deserialize)]
struct PortalSession {
    url: String,
}

impl Stripe {
    /// A page on which a plan is paid for, month by month.
    ///
    /// # Errors
    /// When Stripe does not answer or refuses, or the key stands for another plan.
    pub async fn create_checkout(&self, purchase: &Purchase<'_>) -> Result<CheckoutSession, StripeError> {
        let price = self.settings.price(purchase.plan).ok_or(StripeError::NotConfigured)?;
        let user_id = purchase.user.to_string();
        // What the events of the subscription and of its invoices will say.
        let form = [
            ("mode", "subscription"),
            ("customer", purchase.customer),
            ("client_reference_id", &user_id),
            ("line_items[0][price]", price),
            ("line_items[0][quantity]", "1"),
            ("success_url", &self.settings.success_url),
            ("cancel_url", &self.settings.cancel_url),
            ("metadata[user_id]", &user_id),
            ("subscription_data[metadata][user_id]", &user_id),
        ];
        let key = key_of("checkout", purchase.user, &with_customer(purchase.key, purchase.customer));
        self.post("/v1/checkout/sessions", &form, &key).await
    }

    /// A page on which `customer`, who is `user`, changes or cancels a plan.
    ///
    /// # Errors
    /// When Stripe does not answer, or refuses.
    pub async fn create_portal(&self, user: UserId, customer: &str, key: &str) -> Result<String, StripeError> {
        let form = [("customer", customer), ("return_url", &self.settings.cancel_url)];
        let key = key_of("portal", user, &with_customer(key, customer));
        let session: PortalSession = self.post("/v1/billing_portal/sessions", &form, &key).await?;
        Ok(session.url)
    }
}

/// The client's key for a request about `customer`: about another customer it is another request.
fn with_customer(key: &str, customer: &str) -> String {
    format!("{key} {customer}")
}

/// Stripe's key for a request of ours. Keys of different users must not meet, and a client's own may be as long as
/// Stripe's may be in all.
pub(super) fn key_of(purpose: &str, user: UserId, key: &str) -> String {
    format!("{purpose}-{}", hex::encode(Sha256::digest(format!("{user} {key}"))))
}
