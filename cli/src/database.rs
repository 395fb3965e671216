//! Which database a command works on: the embedded one, another endpoint, or AWS.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use shared::app::App;
use shared::config::{Config, Database};
use shared::store::{Answerer, StoreError};

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

/// Why a database cannot be used, so that somebody who mistook a port is told so.
fn explained(error: StoreError, endpoint: &str) -> anyhow::Error {
    let what = match error.answered_by() {
        Some(Answerer::Nobody) => format!("nothing answers at {endpoint}"),
        Some(Answerer::SomethingElse) => format!("what answers at {endpoint} is not DynamoDB"),
        Some(Answerer::Database) | None => format!("the database at {endpoint} cannot be used"),
    };
    anyhow::Error::new(error).context(what)
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
        let is_new = app.store.create_table().await.map_err(|error| explained(error, &endpoint))?;
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn failure(endpoint: &str) -> String {
        let lookup = |name: &str| (name == "AWS_ENDPOINT_URL_DYNAMODB").then(|| endpoint.to_owned());
        let opened = Open::local(Config::read(lookup).unwrap(), None).await;
        format!("{:#}", opened.err().unwrap())
    }

    #[tokio::test]
    async fn another_server_is_told_from_none_at_all() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let said = failure(&nobody).await;
        assert!(said.starts_with(&format!("nothing answers at {nobody}: CreateTable: ")), "{said}");

        // An API whose problems have a code, as ours.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let other = format!("http://{}", listener.local_addr().unwrap());
        let answer = || async { (axum::http::StatusCode::NOT_FOUND, "{\"code\": \"not_found\"}") };
        let server = tokio::spawn(axum::serve(listener, Router::new().fallback(answer)).into_future());
        let said = failure(&other).await;
        assert!(said.starts_with(&format!("what answers at {other} is not DynamoDB: CreateTable: ")), "{said}");
        server.abort();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let _ = connection.write_all(b"220 mail.example ESMTP\r\n").await;
            }
        });
        let said = failure(&mail).await;
        assert!(said.starts_with(&format!("what answers at {mail} is not DynamoDB: CreateTable: ")), "{said}");
        server.abort();
    }
}
