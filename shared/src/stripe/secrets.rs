//! Secrets, from the environment or from SSM Parameter Store.
//!
//! In Lambda, the Parameters and Secrets extension fetches and decrypts them. It caches them for five minutes, so a
//! rotated secret takes effect within five minutes
//! (<https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html>).

use axum::body::Bytes;
use axum::http::Request;
use http_body_util::Full;
use serde::Deserialize;

use super::{Stripe, StripeError};
use crate::config::stripe::{Secret, Source};
use crate::domain::payments::SigningSecret;

#[derive(Deserialize)]
struct ParameterAnswer {
    #[serde(rename = "Parameter")]
    parameter: SsmParameter,
}

#[derive(Deserialize)]
struct SsmParameter {
    #[serde(rename = "Value")]
    value: String,
}

impl Stripe {
    /// The API key for our calls.
    pub(super) async fn secret_key(&self) -> Result<Secret, StripeError> {
        self.secret(self.settings.secret_key.as_ref()).await
    }

    /// The signing secrets of webhooks: two during a rotation.
    ///
    /// # Errors
    /// If no secret is configured, or it cannot be fetched.
    pub async fn webhook_secrets(&self) -> Result<Vec<SigningSecret>, StripeError> {
        let list = self.secret(self.settings.webhook_secret.as_ref()).await?;
        let secrets: Vec<_> = list.reveal().split(',').filter_map(SigningSecret::new).collect();
        if secrets.is_empty() { Err(StripeError::NotConfigured) } else { Ok(secrets) }
    }

    async fn secret(&self, source: Option<&Source>) -> Result<Secret, StripeError> {
        match source {
            None => Err(StripeError::NotConfigured),
            Some(Source::Here(secret)) => Ok(secret.clone()),
            Some(Source::Parameter(name)) => self.parameter(name).await,
        }
    }

    /// Reads a secret that is not Stripe's from where it is stored.
    ///
    /// # Errors
    /// If it cannot be fetched.
    pub(crate) async fn secret_of(&self, source: &Source) -> Result<Secret, StripeError> {
        self.secret(Some(source)).await
    }

    async fn parameter(&self, name: &str) -> Result<Secret, StripeError> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("name", name)
            .append_pair("withDecryption", "true")
            .finish();
        let port = self.settings.extension_port;
        let request = Request::get(format!("http://localhost:{port}/systemsmanager/parameters/get?{query}"))
            .header("x-aws-parameters-secrets-token", self.settings.extension_token.reveal())
            .body(Full::new(Bytes::new()))
            .map_err(|error| StripeError::Secret(error.to_string()))?;
        let body = self.fetch(request).await.map_err(StripeError::Secret)?;
        let answer: Result<ParameterAnswer, _> = serde_json::from_slice(&body);
        let answer = answer.map_err(|_| StripeError::Secret("the extension's answer cannot be read".to_owned()))?;
        Ok(Secret::new(answer.parameter.value.trim().to_owned()))
    }
}
