//! Which database a command works on: the embedded one, another endpoint, or AWS.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use shared::app::App;
use shared::config::{Config, Database};

use crate::embedded::Embedded;

/// Where the data is. `cargo lambda watch` restarts on files anywhere else than in `target/`.
const DATA_DIRECTORY: &str = "target/pastpaper";

/// Options of every command that touches the database.
#[derive(Debug, Clone, Args)]
pub struct DataSource {
    /// Directory of the embedded database
    #[arg(long, value_name = "DIR", default_value = DATA_DIRECTORY)]
    data: PathBuf,
    /// Use the table in AWS, with the keys and region of the environment
    #[arg(long, conflicts_with = "data")]
    aws: bool,
}

/// An open database.
pub struct Open {
    /// The app on it.
    pub app: App,
    /// The engine, when it runs in this process.
    pub embedded: Option<Embedded>,
    /// The table was not there.
    pub is_new: bool,
}

impl DataSource {
    /// The directory of the embedded database.
    ///
    /// # Errors
    /// When another database is meant.
    pub fn directory(&self) -> Result<&Path> {
        anyhow::ensure!(!self.aws, "--aws has no embedded database");
        Ok(&self.data)
    }

    /// Opens it: AWS with `--aws`, else what `AWS_ENDPOINT_URL_DYNAMODB` names, else the directory.
    pub async fn open(&self) -> Result<Open> {
        if self.aws {
            let config = Config::from_env().context("the environment")?;
            return Ok(Open { app: App::new(config), embedded: None, is_new: false });
        }
        let has_endpoint = std::env::var("AWS_ENDPOINT_URL_DYNAMODB").is_ok_and(|url| !url.trim().is_empty());
        if has_endpoint {
            let config = Config::from_env().context("the environment")?;
            return Open::local(config, None).await;
        }
        Open::embedded(Embedded::in_directory(&self.data).await?).await
    }
}

impl Open {
    /// A database that is gone with the process.
    pub async fn in_memory() -> Result<Self> {
        Self::embedded(Embedded::in_memory().await?).await
    }

    pub(crate) async fn embedded(embedded: Embedded) -> Result<Self> {
        let endpoint_url = embedded.endpoint_url().to_owned();
        // The rest of the environment counts as ever: table name, stage, origins.
        let lookup = |name: &str| match name {
            "AWS_ENDPOINT_URL_DYNAMODB" => Some(endpoint_url.clone()),
            name => std::env::var(name).ok(),
        };
        let mut config = Config::read(lookup).context("the environment")?;
        // Real keys have no business in a local engine.
        config.database = Database::local(endpoint_url.clone(), &config.database.table_name);
        Self::local(config, Some(embedded)).await
    }

    async fn local(config: Config, embedded: Option<Embedded>) -> Result<Self> {
        let endpoint = config.database.endpoint_url.clone().unwrap_or_default();
        let app = App::new(config);
        let is_new = app.store.create_table().await.with_context(|| format!("no DynamoDB answers at {endpoint}"))?;
        Ok(Self { app, embedded, is_new })
    }

    /// Refuses a database that had to be made: a command that only reads means one that is there.
    pub fn must_exist(self) -> Result<Self> {
        if self.is_new {
            self.close();
            anyhow::bail!("there is no data here yet; is --data right? `pastpaper serve` makes it");
        }
        Ok(self)
    }

    /// Closes the engine, if it is ours.
    pub fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop();
        }
    }
}
