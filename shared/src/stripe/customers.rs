//! Stripe customers.

use serde::Deserialize;

use super::sessions::key_of;
use super::{Stripe, StripeError};
use crate::domain::id::UserId;
use crate::domain::payments::Payer;

#[derive(Deserialize)]
struct CreatedCustomer {
    id: String,
}

/// Whether Stripe has a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existence {
    /// It exists.
    Exists,
    /// It was deleted, and all of its subscriptions with it.
    Deleted,
    /// Stripe does not know it. It never existed, or our key belongs to another account.
    Unknown,
}

#[derive(Deserialize)]
struct Tombstone {
    #[serde(default)]
    deleted: bool,
}

/// A charge or an invoice, with its customer.
#[derive(Deserialize)]
struct Owned {
    #[serde(default)]
    customer: Option<String>,
}

impl Stripe {
    /// Creates a customer for `user`. A repeated call within a day returns the same customer. `missing` is a customer
    /// that was deleted at Stripe: its replacement needs a different idempotency key, otherwise Stripe would replay the
    /// old one.
    ///
    /// # Errors
    /// If Stripe does not answer or refuses.
    pub async fn create_customer(
        &self,
        user: UserId,
        email: &str,
        missing: Option<&str>,
    ) -> Result<String, StripeError> {
        let user_id = user.to_string();
        let form = [("email", email), ("metadata[user_id]", &user_id)];
        let key = match missing {
            None => format!("customer-{user_id}"),
            Some(missing) => {
                tracing::warn!("the customer was deleted at Stripe; creating a new one");
                key_of("customer-after", user, missing)
            }
        };
        let customer: CreatedCustomer = match self.post("/v1/customers", &form, &key).await {
            // The idempotency key was used with an earlier email.
            Err(StripeError::KeyReused) => self.post("/v1/customers", &form, &key_of(&key, user, email)).await?,
            created => created?,
        };
        Ok(customer.id)
    }

    /// Sets the address of `customer`. Every call needs a `key` of its own: Stripe would answer a repeated one without
    /// doing anything, also after another change in between.
    ///
    /// # Errors
    /// If Stripe does not answer or refuses.
    pub async fn set_customer_email(&self, customer: &str, email: &str, key: &str) -> Result<(), StripeError> {
        let path = format!("/v1/customers/{}", encoded(customer));
        let _: CreatedCustomer = self.post(&path, &[("email", email)], key).await?;
        Ok(())
    }

    /// Whether Stripe has `customer`.
    ///
    /// # Errors If Stripe does not answer or refuses.
    pub async fn existence_of(&self, customer: &str) -> Result<Existence, StripeError> {
        let found: Option<Tombstone> = self.get(&format!("/v1/customers/{}", encoded(customer))).await?;
        Ok(match found {
            Some(Tombstone { deleted: true }) => Existence::Deleted,
            Some(Tombstone { deleted: false }) => Existence::Exists,
            None => Existence::Unknown,
        })
    }

    /// The customer of an event's payer; asks Stripe where the event names only a charge or an invoice.
    ///
    /// # Errors
    /// If Stripe is asked, and does not answer or refuses.
    pub async fn customer_of(&self, payer: Payer<'_>) -> Result<Option<String>, StripeError> {
        let owned: Option<Owned> = match payer {
            Payer::Customer(customer) => return Ok(Some(customer.to_owned())),
            Payer::Nobody => return Ok(None),
            Payer::OfCharge(charge) => self.get(&format!("/v1/charges/{}", encoded(charge))).await?,
            Payer::OfInvoice(invoice) => self.get(&format!("/v1/invoices/{}", encoded(invoice))).await?,
        };
        Ok(owned.and_then(|owned| owned.customer))
    }
}

/// Encodes an id as a path segment.
pub(super) fn encoded(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
