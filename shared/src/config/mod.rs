//! Configuration, read once from the environment. An invalid variable stops the process with an error that names it.

pub mod mail;
pub mod stripe;
pub mod variables;

use std::borrow::Cow;
use std::fmt;

use self::stripe::{Source, StripeSettings};
use crate::domain::account::factor::FactorKeys;
use crate::domain::payments::Prices;
use crate::domain::settings::{InvalidSetting, Settings};

/// Default CORS origins for local development.
const LOCAL_ORIGINS: &str = "http://localhost:5173,http://localhost:3000";

/// Least length of `FIGURE_KEY`.
const FIGURE_KEY_BYTES_MIN: usize = crate::domain::questions::figure_address::FigureKey::BYTES_MIN;

/// Value of `STAGE` on a developer's machine.
const LOCAL_STAGE: &str = "local";

/// Name of the table, if nothing else is configured.
const TABLE: &str = "pastpaper";

/// Configuration of a process.
#[derive(Debug, Clone)]
pub struct Config {
    /// `STAGE`: the deployment environment; `local` by default.
    pub stage: String,
    /// `CORS_ALLOWED_ORIGINS`, comma-separated.
    pub cors_allowed_origins: Vec<String>,
    /// DynamoDB table and connection.
    pub database: Database,
    /// Stripe settings.
    pub stripe: StripeSettings,
    /// `FIGURE_KEY`, or the parameter named by `FIGURE_KEY_PARAMETER`: signs the addresses of figures. `None` shows questions
    /// without addresses of their figures.
    pub figure_key: Option<Source>,
    /// `FACTOR_KEY`, or the parameter named by `FACTOR_KEY_PARAMETER`: encrypts the secrets of second factors. One or more keys,
    /// as in `2:<key>,1:<key>`. `None`: no second factor can be set up.
    pub factor_key: Option<Source>,
    /// Settings of mail. `None` sends no mail: emails are not verified, and passwords cannot be reset.
    pub mail: Option<mail::MailSettings>,
    /// `REQUIRE_VERIFIED_EMAIL`: free credits can be spent only after the email is verified.
    pub require_verified_email: bool,
    /// Prices, credits and quotas.
    pub settings: Settings,
}

/// DynamoDB table and connection settings.
#[derive(Debug, Clone)]
pub struct Database {
    /// `TABLE_NAME`.
    pub table_name: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: replaces AWS's endpoint, for example with DynamoDB Local.
    pub endpoint_url: Option<String>,
    /// `AWS_REGION`; Lambda sets it.
    pub region: String,
    /// AWS credentials for DynamoDB.
    pub credentials: AwsCredentials,
}

/// AWS credentials, which Lambda puts into the environment.
#[derive(Clone)]
pub struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

/// A missing or invalid environment variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct InvalidConfig {
    name: &'static str,
    problem: Cow<'static, str>,
}

impl InvalidConfig {
    pub(crate) const fn new(name: &'static str, problem: &'static str) -> Self {
        Self { name, problem: Cow::Borrowed(problem) }
    }
}

impl From<InvalidSetting> for InvalidConfig {
    fn from(InvalidSetting { variable, problem }: InvalidSetting) -> Self {
        Self { name: variable, problem: Cow::Owned(problem) }
    }
}

impl Config {
    /// Reads the configuration from the process environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn from_env() -> Result<Self, InvalidConfig> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads the variables from `lookup`. An empty variable counts as missing.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        let get = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let stage = get("STAGE").unwrap_or_else(|| LOCAL_STAGE.to_owned());
        let origins = get("CORS_ALLOWED_ORIGINS")
            .or_else(|| (stage == LOCAL_STAGE).then(|| LOCAL_ORIGINS.to_owned()))
            .unwrap_or_default();
        let cors_allowed_origins = origins.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let cors_allowed_origins = cors_allowed_origins.map(origin).collect::<Result<_, _>>()?;
        let stripe = StripeSettings::read(get)?;
        let figure_key = Source::read(get, "FIGURE_KEY", "FIGURE_KEY_PARAMETER");
        let is_short =
            |source: &Source| matches!(source, Source::Here(key) if key.reveal().len() < FIGURE_KEY_BYTES_MIN);
        if figure_key.as_ref().is_some_and(is_short) {
            return Err(InvalidConfig::new("FIGURE_KEY", "must have at least 32 characters"));
        }
        let factor_key = Source::read(get, "FACTOR_KEY", "FACTOR_KEY_PARAMETER");
        if matches!(&factor_key, Some(Source::Here(keys)) if FactorKeys::parse(keys.reveal()).is_none()) {
            return Err(InvalidConfig::new(
                "FACTOR_KEY",
                "must be keys of at least 32 characters, as in 2:<key>,1:<key>",
            ));
        }
        if get("MONITORING").is_some_and(|level| !["lean", "full"].contains(&&*level)) {
            return Err(InvalidConfig::new("MONITORING", "must be lean or full"));
        }
        let mail = mail::MailSettings::read(get)?;
        let require_verified_email = mail::requires_verification(get, mail.as_ref())?;
        let database = Database::read(get)?;
        let settings = Settings::read(get)?;
        Ok(Self {
            stage,
            cors_allowed_origins,
            database,
            stripe,
            figure_key,
            factor_key,
            mail,
            require_verified_email,
            settings,
        })
    }

    /// Which price at Stripe buys which plan, under the terms in force.
    #[must_use]
    pub fn prices(&self) -> Prices {
        self.stripe.prices().under(self.settings.terms)
    }

    /// Whether the stage is `local`.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.stage == LOCAL_STAGE
    }
}

impl Database {
    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        let wrong = InvalidConfig::new;
        let endpoint_url = get("AWS_ENDPOINT_URL_DYNAMODB");
        if endpoint_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(wrong("AWS_ENDPOINT_URL_DYNAMODB", "must begin with http:// or https://"));
        }
        let table_name = get("TABLE_NAME").unwrap_or_else(|| TABLE.to_owned());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !(3..=255).contains(&table_name.len()) || !table_name.chars().all(is_plain) {
            return Err(wrong("TABLE_NAME", "must be 3 to 255 letters, digits, '_', '.' or '-'"));
        }
        // A custom endpoint does not check credentials, so they are optional there.
        let required = |name: &'static str| match get(name) {
            Some(value) => Ok(value),
            None if endpoint_url.is_some() => Ok("local".to_owned()),
            None => Err(wrong(name, "is not set")),
        };
        let credentials = AwsCredentials {
            access_key_id: required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
            session_token: get("AWS_SESSION_TOKEN"),
        };
        let region = required("AWS_REGION")?;
        Ok(Self { table_name, endpoint_url, region, credentials })
    }

    /// Settings for a database outside of AWS at `endpoint_url`.
    #[must_use]
    pub fn local(endpoint_url: String, table_name: &str) -> Self {
        let key = || "local".to_owned();
        Self {
            table_name: table_name.to_owned(),
            endpoint_url: Some(endpoint_url),
            region: key(),
            credentials: AwsCredentials { access_key_id: key(), secret_access_key: key(), session_token: None },
        }
    }
}

/// Validates one origin. `*` is refused: browsers reject it for requests with credentials, and any origin is never
/// intended.
fn origin(text: &str) -> Result<String, InvalidConfig> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => Ok(text.to_owned()),
        _ => Err(InvalidConfig::new(
            "CORS_ALLOWED_ORIGINS",
            "must be a comma list of origins such as https://app.example.org",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
        Config::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    const LOCAL: (&str, &str) = ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000");

    #[test]
    fn defaults_are_those_of_a_developer() {
        let config = read(&[LOCAL]).unwrap();
        assert_eq!(config.stage, "local");
        assert_eq!(config.database.table_name, "pastpaper");
        assert_eq!(config.cors_allowed_origins, ["http://localhost:5173", "http://localhost:3000"]);
    }

    #[test]
    fn outside_of_local_no_origin_is_assumed() {
        assert!(read(&[LOCAL, ("STAGE", "prod")]).unwrap().cors_allowed_origins.is_empty());
    }

    #[test]
    fn an_invalid_variable_is_named() {
        let error = |variables: &[(&str, &str)]| read(variables).unwrap_err().to_string();
        assert_eq!(error(&[]), "AWS_ACCESS_KEY_ID is not set");
        assert!(
            error(&[("AWS_ENDPOINT_URL_DYNAMODB", "localhost:8000")]).starts_with("AWS_ENDPOINT_URL_DYNAMODB must")
        );
        assert!(error(&[LOCAL, ("TABLE_NAME", "a b")]).starts_with("TABLE_NAME must"));
        for bad in ["*", "https://*", "example.org", "https://a/b", "https://"] {
            assert!(error(&[LOCAL, ("CORS_ALLOWED_ORIGINS", bad)]).starts_with("CORS_ALLOWED_ORIGINS must"), "{bad}");
        }
    }

    #[test]
    fn a_short_key_of_figures_is_refused() {
        let error = read(&[LOCAL, ("FIGURE_KEY", "short")]).unwrap_err();
        assert_eq!(error.to_string(), "FIGURE_KEY must have at least 32 characters");
        let key = "k".repeat(32);
        let config = read(&[LOCAL, ("FIGURE_KEY", &key)]).unwrap();
        assert!(config.figure_key.is_some() && !format!("{config:?}").contains(&key));
        let named = read(&[LOCAL, ("FIGURE_KEY_PARAMETER", "/pastpaper/figure-key")]).unwrap();
        assert_eq!(named.figure_key, Some(Source::Parameter("/pastpaper/figure-key".to_owned())));
    }

    #[test]
    fn keys_of_factors_have_versions_and_are_long() {
        for bad in ["short", "1:short", ","] {
            let error = read(&[LOCAL, ("FACTOR_KEY", bad)]).unwrap_err();
            assert!(error.to_string().starts_with("FACTOR_KEY must"), "{bad}");
        }
        let keys = format!("2:{},1:{}", "k".repeat(32), "l".repeat(32));
        let config = read(&[LOCAL, ("FACTOR_KEY", &keys)]).unwrap();
        assert!(config.factor_key.is_some() && !format!("{config:?}").contains("kkk"));
    }

    #[test]
    fn keys_are_not_printed() {
        let config = read(&[LOCAL, ("AWS_SECRET_ACCESS_KEY", "hush")]).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
