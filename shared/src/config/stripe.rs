//! Stripe settings from the environment.

use std::fmt;

use crate::config::InvalidConfig;
use crate::domain::credits::Plan;
use crate::domain::payments::Prices;

/// Stripe's API; `STRIPE_API_BASE` replaces it in tests.
pub(super) const API_BASE: &str = "https://api.stripe.com";
/// Default port of the AWS Parameters and Secrets Lambda extension.
const EXTENSION_PORT: u16 = 2773;

/// A secret that `Debug` does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the secret, to send it or to verify a signature with it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

/// Where a secret is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The value itself, from the environment.
    Here(Secret),
    /// The name of a `SecureString` in SSM Parameter Store.
    Parameter(String),
}

impl Source {
    /// Reads a secret's variable, or the one that names its parameter.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>, value: &str, parameter: &str) -> Option<Self> {
        match get(value) {
            Some(secret) => Some(Self::Here(Secret(secret))),
            None => get(parameter).map(Self::Parameter),
        }
    }
}

/// Stripe settings.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`, or the parameter named by `STRIPE_SECRET_KEY_PARAMETER`. `None` disables payments.
    pub(crate) secret_key: Option<Source>,
    /// `STRIPE_WEBHOOK_SECRET`, or the parameter named by `STRIPE_WEBHOOK_SECRET_PARAMETER`. Comma-separated during a
    /// rotation.
    pub(crate) webhook_secret: Option<Source>,
    /// `STRIPE_API_BASE`.
    pub(crate) api_base: String,
    /// `STRIPE_PRICE_STARTER`, comma-separated: the first price is for sale, the others are retired. Empty if payments
    /// are disabled.
    pub(crate) starter_prices: Vec<String>,
    /// `STRIPE_PRICE_UNLIMITED`, in the same format.
    pub(crate) unlimited_prices: Vec<String>,
    /// `CHECKOUT_SUCCESS_URL`: where Stripe redirects the browser after a payment.
    pub(crate) success_url: String,
    /// `CHECKOUT_CANCEL_URL`: where Stripe redirects the browser after a cancelled checkout, and from the portal.
    pub(crate) cancel_url: String,
    /// `PARAMETERS_SECRETS_EXTENSION_HTTP_PORT`: port of the Lambda extension.
    pub(crate) extension_port: u16,
    /// `AWS_SESSION_TOKEN`: the extension requires it in a header.
    pub(crate) extension_token: Secret,
}

impl StripeSettings {
    /// Reads the settings with `get`, which returns `None` for an empty variable.
    ///
    /// # Errors
    /// Names the first variable that is missing or invalid. If a secret is set, prices and URLs are required.
    pub(crate) fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        let source = |value: &str, parameter: &str| Source::read(&get, value, parameter);
        let secret_key = source("STRIPE_SECRET_KEY", "STRIPE_SECRET_KEY_PARAMETER");
        let webhook_secret = source("STRIPE_WEBHOOK_SECRET", "STRIPE_WEBHOOK_SECRET_PARAMETER");
        let is_shop = secret_key.is_some() || webhook_secret.is_some();
        let required = |name: &'static str| match get(name) {
            None if is_shop => Err(InvalidConfig::new(name, "is not set, but a secret of Stripe is")),
            value => Ok(value.unwrap_or_default()),
        };
        let url = |name: &'static str, value: String| {
            let is_url = value.starts_with("https://") || value.starts_with("http://");
            if is_url { Ok(value) } else { Err(InvalidConfig::new(name, "must begin with http:// or https://")) }
        };
        let required_url = |name| required(name).and_then(|value| if is_shop { url(name, value) } else { Ok(value) });
        let port = get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT");
        let port = port.map_or(Ok(EXTENSION_PORT), |port| port.parse());
        let settings = Self {
            api_base: url("STRIPE_API_BASE", get("STRIPE_API_BASE").unwrap_or_else(|| API_BASE.to_owned()))?,
            starter_prices: list(&required("STRIPE_PRICE_STARTER")?),
            unlimited_prices: list(&required("STRIPE_PRICE_UNLIMITED")?),
            success_url: required_url("CHECKOUT_SUCCESS_URL")?,
            cancel_url: required_url("CHECKOUT_CANCEL_URL")?,
            extension_port: port
                .map_err(|_| InvalidConfig::new("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "must be a port"))?,
            extension_token: Secret(get("AWS_SESSION_TOKEN").unwrap_or_default()),
            secret_key,
            webhook_secret,
        };
        if settings.starter_prices.iter().any(|price| settings.unlimited_prices.contains(price)) {
            return Err(InvalidConfig::new("STRIPE_PRICE_UNLIMITED", "must differ from STRIPE_PRICE_STARTER"));
        }
        Ok(settings)
    }

    /// Maps price ids to plans, retired prices included.
    #[must_use]
    pub fn prices(&self) -> Prices {
        let starter = self.starter_prices.iter().map(|price| (price, Plan::Starter));
        starter.chain(self.unlimited_prices.iter().map(|price| (price, Plan::Unlimited))).collect()
    }

    /// The price id for which a plan is sold. The free plan has none.
    pub(crate) fn price(&self, plan: Plan) -> Option<&str> {
        let prices = match plan {
            Plan::Free => return None,
            Plan::Starter => &self.starter_prices,
            Plan::Unlimited => &self.unlimited_prices,
        };
        prices.first().map(String::as_str)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|price| !price.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: [(&str, &str); 5] = [
        ("STRIPE_SECRET_KEY", "sk_test_hush"),
        ("STRIPE_PRICE_STARTER", "price_1, price_0"),
        ("STRIPE_PRICE_UNLIMITED", "price_2"),
        ("CHECKOUT_SUCCESS_URL", "https://app.example.org/paid"),
        ("CHECKOUT_CANCEL_URL", "https://app.example.org/plans"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<StripeSettings, InvalidConfig> {
        StripeSettings::read(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_stripe_settings_are_required_without_payments() {
        let settings = read(&[]).unwrap();
        assert_eq!((settings.secret_key, settings.api_base.as_str()), (None, "https://api.stripe.com"));
        assert_eq!(read(&[]).unwrap().prices().plan(""), None);
    }

    #[test]
    fn with_a_secret_everything_else_is_required_and_named() {
        let settings = read(&SHOP).unwrap();
        assert_eq!(settings.prices().plan("price_2"), Some(Plan::Unlimited));
        // A retired price is recognised, but not sold.
        assert_eq!(
            (settings.prices().plan("price_0"), settings.price(Plan::Starter)),
            (Some(Plan::Starter), Some("price_1"))
        );
        for (missing, _) in &SHOP[1..] {
            let rest: Vec<_> = SHOP.into_iter().filter(|(name, _)| name != missing).collect();
            assert!(read(&rest).unwrap_err().to_string().starts_with(missing), "{missing}");
        }
        let wrong = [("STRIPE_PRICE_UNLIMITED", "price_1"), ("CHECKOUT_CANCEL_URL", "app"), ("STRIPE_API_BASE", "x")];
        for (name, value) in wrong {
            let mut variables = vec![(name, value)];
            variables.extend(SHOP.into_iter().filter(|(other, _)| *other != name));
            assert!(read(&variables).unwrap_err().to_string().starts_with(name), "{name}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut variables = vec![("STRIPE_WEBHOOK_SECRET", "whsec_hush"), ("AWS_SESSION_TOKEN", "hush-hush")];
        variables.extend(SHOP);
        assert!(!format!("{:?}", read(&variables).unwrap()).contains("hush"));
    }
}
