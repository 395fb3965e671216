//! Sessions of Stripe's hosted pages: Checkout, where a plan is bought, and the customer portal, where it is changed or
//! cancelled.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{Stripe, StripeError};
use crate::domain::credits::Plan;
use crate::domain::id::UserId;

/// A plan purchase.
pub struct PlanPurchase<'a> {
    pub user: UserId,
    /// Customer id, `cus_…`.
    pub customer: &'a str,
    pub plan: Plan,
    /// The client's idempotency key, or a random one.
    pub key: &'a str,
}

/// A Checkout session.
#[derive(Debug, Clone, Deserialize)]
pub struct CheckoutSession {
    /// Session id, `cs_…`.
    pub id: String,
    /// URL of the payment page.
    pub url: String,
}

#[derive(Deserialize)]
struct PortalSession {
    url: String,
}

impl Stripe {
    /// Creates a Checkout session for a monthly subscription.
    ///
    /// # Errors
    /// If Stripe does not answer or refuses, or the key was used for another plan.
    pub async fn create_checkout(&self, purchase: &PlanPurchase<'_>) -> Result<CheckoutSession, StripeError> {
        let price = self.settings.price(purchase.plan).ok_or(StripeError::NotConfigured)?;
        let user_id = purchase.user.to_string();
        // Copied by Stripe into the events of the subscription and of its invoices.
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

    /// Creates a portal session, where the user changes or cancels a plan. `customer` must be the customer of `user`.
    ///
    /// # Errors
    /// If Stripe does not answer or refuses.
    pub async fn create_portal(&self, user: UserId, customer: &str, key: &str) -> Result<String, StripeError> {
        let form = [("customer", customer), ("return_url", &self.settings.cancel_url)];
        let key = key_of("portal", user, &with_customer(key, customer));
        let session: PortalSession = self.post("/v1/billing_portal/sessions", &form, &key).await?;
        Ok(session.url)
    }
}

/// Makes the client's key specific to a customer: the same request for another customer is a different request.
fn with_customer(key: &str, customer: &str) -> String {
    format!("{key} {customer}")
}

/// The idempotency key for Stripe. It is hashed with the user id, so that keys of different users never collide;
/// hashing also bounds the length, since a client's key may be as long as Stripe's limit.
pub(super) fn key_of(purpose: &str, user: UserId, key: &str) -> String {
    format!("{purpose}-{}", hex::encode(Sha256::digest(format!("{user} {key}"))))
}
