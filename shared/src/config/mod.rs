//! The environment, read once. A value that is wrong stops the start and is named.

pub mod stripe;

use std::fmt;

use self::stripe::Settings;

/// Origins that a browser may call from while developing.
const LOCAL_ORIGINS: &str = "http://localhost:5173,http://localhost:3000";

/// The stage of a developer's machine.
const LOCAL_STAGE: &str = "local";

/// Everything the environment decides.
#[derive(Debug, Clone)]
pub struct Config {
    /// `STAGE`: where this runs; `local` unless it is said.
    pub stage: String,
    /// `CORS_ALLOWED_ORIGINS`, a comma list.
    pub cors_allowed_origins: Vec<String>,
    /// Where the table is.
    pub database: Database,
    /// How money is taken.
    pub stripe: Settings,
}

/// The table and the way to it.
#[derive(Debug, Clone)]
pub struct Database {
    /// `TABLE_NAME`.
    pub table_name: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`: another DynamoDB than AWS's.
    pub endpoint_url: Option<String>,
    /// `AWS_REGION`, which Lambda sets.
    pub region: String,
    /// Who we are to it.
    pub credentials: Credentials,
}

/// The keys that Lambda puts into the environment.
#[derive(Clone)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

/// What is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct InvalidConfig {
    name: &'static str,
    problem: &'static str,
}

impl InvalidConfig {
    pub(crate) const fn new(name: &'static str, problem: &'static str) -> Self {
        Self { name, problem }
    }
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn from_env() -> Result<Self, InvalidConfig> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads variables from `lookup`; an empty one counts as missing.
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
        let stripe = Settings::read(get)?;
        Ok(Self { stage, cors_allowed_origins, database: Database::read(get)?, stripe })
    }

    /// Whether this is a developer's machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.stage == LOCAL_STAGE
    }
}

impl Database {
    fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidConfig> {
        let wrong = |name, problem| InvalidConfig { name, problem };
        let endpoint_url = get("AWS_ENDPOINT_URL_DYNAMODB");
        if endpoint_url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
            return Err(wrong("AWS_ENDPOINT_URL_DYNAMODB", "must begin with http:// or https://"));
        }
        let table_name = get("TABLE_NAME").unwrap_or_else(|| "pastpaper".to_owned());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if !(3..=255).contains(&table_name.len()) || !table_name.chars().all(is_plain) {
            return Err(wrong("TABLE_NAME", "must be 3 to 255 letters, digits, '_', '.' or '-'"));
        }
        // Another DynamoDB than AWS's asks for no real keys.
        let required = |name: &'static str| match get(name) {
            Some(value) => Ok(value),
            None if endpoint_url.is_some() => Ok("local".to_owned()),
            None => Err(wrong(name, "is not set")),
        };
        let credentials = Credentials {
            access_key_id: required("AWS_ACCESS_KEY_ID")?,
            secret_access_key: required("AWS_SECRET_ACCESS_KEY")?,
            session_token: get("AWS_SESSION_TOKEN"),
        };
        let region = required("AWS_REGION")?;
        Ok(Self { table_name, endpoint_url, region, credentials })
    }

    /// A database without AWS at `endpoint_url`.
    #[must_use]
    pub fn local(endpoint_url: String, table_name: &str) -> Self {
        let key = || "local".to_owned();
        Self {
            table_name: table_name.to_owned(),
            endpoint_url: Some(endpoint_url),
            region: key(),
            credentials: Credentials { access_key_id: key(), secret_access_key: key(), session_token: None },
        }
    }
}

/// With credentials allowed a browser takes no `*`, and we mean none.
fn origin(text: &str) -> Result<String, InvalidConfig> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '*', ' ']) => Ok(text.to_owned()),
        _ => Err(InvalidConfig {
            name: "CORS_ALLOWED_ORIGINS",
            problem: "must be a comma list of origins such as https://app.example.org",
        }),
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
    fn what_is_wrong_is_named() {
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
    fn keys_are_not_printed() {
        let config = read(&[LOCAL, ("AWS_SECRET_ACCESS_KEY", "hush")]).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
    }
}
