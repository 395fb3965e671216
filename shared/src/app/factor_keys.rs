//! The keys that the secrets of second factors are encrypted with.

use super::App;
use crate::domain::account::factor::FactorKeys;

/// Why there are no keys. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum FactorKeysError {
    /// `FACTOR_KEY` is not set.
    #[error("second factors are not set up: FACTOR_KEY is not set")]
    NotConfigured,
    /// It cannot be fetched.
    #[error("the key of second factors cannot be fetched: {0}")]
    Unavailable(String),
    /// It is not a list of keys.
    #[error("FACTOR_KEY must be one or more keys of at least 32 characters, as in `2:<key>,1:<key>`")]
    Invalid,
}

impl App {
    /// The keys of second factors.
    ///
    /// # Errors
    /// If there are none, or they cannot be fetched.
    pub async fn factor_keys(&self) -> Result<FactorKeys, FactorKeysError> {
        let source = self.config.factor_key.as_ref().ok_or(FactorKeysError::NotConfigured)?;
        let secret = self.stripe.secret_of(source).await;
        let secret = secret.map_err(|error| FactorKeysError::Unavailable(error.to_string()))?;
        FactorKeys::parse(secret.reveal()).ok_or(FactorKeysError::Invalid)
    }
}
