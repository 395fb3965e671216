//! Customers: whom Stripe charges.

use serde::Deserialize;

use super::{Stripe, StripeError};
use crate::domain::id::UserId;
use crate::domain::payments::Payer;

#[derive(Deserialize)]
struct Customer {
    id: String,
}

/// A charge or an invoice, as far as it says whose it is.
#[derive(Deserialize)]
struct Owned {
    #[serde(default)]
    customer: Option<String>,
}

impl Stripe {
    /// A customer for `user`; asked again within a day, the same one.
    ///
    /// # Errors
    /// When Stripe does not answer, or refuses.
    pub async fn create_customer(&self, user: UserId, email: &str) -> Result<String, StripeError> {
        let user_id = user.to_string();
        let form = [("email", email), ("metadata[user_id]", &user_id)];
        let customer: Customer = self.post("/v1/customers", &form, &format!("customer-{user_id}")).await?;
        Ok(customer.id)
    }

    /// The customer of an event's payer; asks Stripe where the event names only a charge or an invoice.
    ///
    /// # Errors
    /// When Stripe is asked and does not answer, or refuses.
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

/// An id as a part of a path.
fn encoded(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
