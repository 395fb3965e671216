//! Stripe: the few calls that we make of it, and the secrets that it knows us by.
//!
//! Typed calls over the HTTP client that is linked anyway; why no Stripe crate: `docs/decisions/0012-stripe-calls.md`.
//! What Stripe tells us by webhook is in [`crate::domain::payments`].

mod call;
mod customers;
mod invoices;
mod secrets;
mod sessions;

use std::sync::OnceLock;

pub use customers::Existence;
pub use sessions::{CheckoutSession, Purchase};

use crate::config::stripe::Settings;
use crate::outbound::HttpClient;

/// Our account at Stripe.
pub struct Stripe {
    settings: Settings,
    /// Made at the first call: reading the root certificates takes milliseconds, and most requests need none.
    http: OnceLock<HttpClient>,
    /// For Lambda's extension, which needs no certificates.
    extension: OnceLock<HttpClient>,
}

/// Why a call of Stripe came to nothing. Its text is for the log: it holds no secret and nothing that a user wrote.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// No secret key, or no webhook secret, is configured.
    #[error("payments are not set up")]
    NotConfigured,
    /// A secret could not be fetched.
    #[error("secret: {0}")]
    Secret(String),
    /// No answer, or 5xx, however often it was tried.
    #[error("no answer from Stripe: {0}")]
    Unavailable(String),
    /// Stripe says no because of our key or our configuration: an operator can change that.
    #[error("Stripe refused: {0}")]
    Refused(String),
    /// Stripe says no to this request, and will again.
    #[error("Stripe rejected the request: {0}")]
    Rejected(String),
    /// Stripe says no to the email, and will again.
    #[error("Stripe does not accept the email")]
    EmailRejected,
    /// Stripe has no such customer: it was deleted there, or is of another account.
    #[error("the customer does not exist at Stripe")]
    CustomerMissing,
    /// The idempotency key stands for another request.
    #[error("Stripe knows the idempotency key from another request")]
    KeyReused,
    /// An answer that is not what Stripe documents.
    #[error("an answer of Stripe cannot be read: {0}")]
    Unreadable(String),
}

impl Stripe {
    /// An account as `settings` say. Nothing is called yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, http: OnceLock::new(), extension: OnceLock::new() }
    }

    /// Whether money can be taken here.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        self.settings.secret_key.is_some()
    }

    /// What the environment says.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
