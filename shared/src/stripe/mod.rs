//! Stripe client: the few API calls that we make, and the secrets for them.
//!
//! Typed calls over the HTTP client that is linked anyway; `docs/decisions/0012-stripe-calls.md` explains why no Stripe
//! crate is used. Webhook events are handled in [`crate::domain::payments`].

mod call;
mod customers;
mod invoices;
mod secrets;
mod sessions;

use std::sync::OnceLock;

pub use customers::Existence;
pub use sessions::{CheckoutSession, PlanPurchase};

use crate::config::stripe::StripeSettings;
use crate::outbound::HttpClient;

/// Client of our Stripe account.
pub struct Stripe {
    settings: StripeSettings,
    /// Created at the first call: reading the root certificates takes milliseconds, and most requests need none.
    http: OnceLock<HttpClient>,
    /// For the Lambda extension, which uses plain HTTP.
    extension: OnceLock<HttpClient>,
}

/// Why a Stripe request failed. The text is for the log; it holds no secret and no user input.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// The secret key or the webhook secret is not configured.
    #[error("payments are not set up")]
    NotConfigured,
    /// A secret could not be fetched.
    #[error("secret: {0}")]
    Secret(String),
    /// No answer, or 5xx, after all attempts.
    #[error("no answer from Stripe: {0}")]
    Unavailable(String),
    /// Stripe refused because of our key or our configuration: an operator can fix it.
    #[error("Stripe refused: {0}")]
    Refused(String),
    /// Stripe rejected this request, and a retry will be rejected too.
    #[error("Stripe rejected the request: {0}")]
    Rejected(String),
    /// Stripe permanently rejects the email.
    #[error("Stripe does not accept the email")]
    EmailRejected,
    /// Stripe has no such customer: it was deleted there, or is of another account.
    #[error("the customer does not exist at Stripe")]
    CustomerMissing,
    /// The idempotency key was used for a different request.
    #[error("Stripe knows the idempotency key from another request")]
    KeyReused,
    /// The answer does not have the documented format.
    #[error("an answer of Stripe cannot be read: {0}")]
    Unreadable(String),
}

impl Stripe {
    /// Creates a client. Makes no call.
    #[must_use]
    pub fn new(settings: StripeSettings) -> Self {
        Self { settings, http: OnceLock::new(), extension: OnceLock::new() }
    }

    /// Whether payments are enabled.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.settings.secret_key.is_some()
    }

    /// Returns the settings.
    #[must_use]
    pub fn settings(&self) -> &StripeSettings {
        &self.settings
    }
}
