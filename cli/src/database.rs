//! Selects the database of a command: the embedded one, another endpoint, or AWS.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use shared::app::App;
use shared::config::{Config, Database};
use shared::domain::random::{Random, SystemEntropy};
use shared::domain::time::SystemClock;
use shared::store::{Answerer, Store, StoreError, Transport};

use crate::embedded::{Embedded, Opened};
use crate::folder::{Folder, LocalKeys};
use crate::numbers::whole;
use crate::output::message;
use crate::socket;

/// Default data directory. It is in `target/` because `cargo lambda watch` restarts when files change anywhere else.
const DATA_DIRECTORY: &str = "target/pastpaper";
/// Variable that names an endpoint other than AWS.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// Placeholder endpoint. No request is sent there: the database is in this process or behind the socket.
const NO_ENDPOINT: &str = "http://localhost";

/// Sender of local mail, if the environment names none.
const LOCAL_MAIL_FROM: &str = "no-reply@pastpaper.localhost";
const LOCAL_CONTACT_EMAIL: &str = "operator@pastpaper.localhost";
/// The web client of `serve`, if the environment names no other client.
const LOCAL_APP_URL: &str = "http://localhost:8787/app";

/// Options of all commands that use the database.
#[derive(Debug, Clone, Args)]
pub struct DataSource {
    /// Directory of the embedded database [default: target/pastpaper]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Use the table in AWS, with the keys and region of the environment
    #[arg(long, conflicts_with = "data")]
    aws: bool,
    /// Seconds to wait while another command uses the directory
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = whole::<u64>(0..=3_600))]
    wait: u64,
}

/// How a command uses a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseUse {
    /// Reads only; creates nothing.
    Read,
    /// Changes existing data; creates nothing.
    Change,
    /// Writes; creates a missing database and table.
    Write,
    /// Uses the database exclusively in this process; creates a missing database and table.
    Serve,
}

/// An open database.
pub struct Open {
    /// An app on the database.
    pub app: App,
    /// The engine, if it runs in this process.
    pub embedded: Option<Embedded>,
    /// Whether the table was created.
    pub is_new: bool,
}

impl DataSource {
    /// The directory of the embedded database.
    ///
    /// # Errors
    /// When another database is selected.
    pub fn directory(&self) -> Result<&Path> {
        ensure!(!self.aws, "--aws has no embedded database");
        if self.data.is_some() {
            refuse_endpoint("--data")?;
        }
        Ok(self.data.as_deref().unwrap_or(Path::new(DATA_DIRECTORY)))
    }

    /// Opens the database for writing, and creates what is missing.
    ///
    /// # Errors
    /// Like [`DataSource::open_to`].
    pub async fn open(&self) -> Result<Open> {
        self.open_to(DatabaseUse::Write).await
    }

    /// Opens the database: in AWS with `--aws`, else at `AWS_ENDPOINT_URL_DYNAMODB`, else in the directory.
    ///
    /// # Errors
    /// When two databases are selected, a database to read does not exist, or it does not answer.
    pub async fn open_to(&self, purpose: DatabaseUse) -> Result<Open> {
        if self.aws {
            refuse_endpoint("--aws")?;
            let config = Config::from_env().context("the environment")?;
            return Ok(Open { app: App::new(config), embedded: None, is_new: false });
        }
        let directory = self.directory()?;
        if has_endpoint() {
            let config = Config::from_env().context("the environment")?;
            return Open::prepare(App::new(config), None, purpose).await;
        }
        Open::folder(directory, purpose, self.patience()).await
    }

    /// How long to wait for another command that uses the directory.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_secs(self.wait)
    }

    /// Whether the database is in the directory.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        !self.aws && !has_endpoint()
    }

    /// Opens the database for a dry run. A missing one is treated as empty, and not created.
    ///
    /// # Errors
    /// Like [`DataSource::open_to`].
    pub async fn open_to_try(&self) -> Result<Open> {
        if self.is_folder() && !Folder(self.directory()?).has_database()? {
            return Open::in_memory().await;
        }
        self.open_to(DatabaseUse::Read).await
    }
}

/// Refuses an option if `AWS_ENDPOINT_URL_DYNAMODB` names another database.
///
/// # Errors
/// When the variable is set.
pub(crate) fn refuse_endpoint(option: &str) -> Result<()> {
    ensure!(!has_endpoint(), "{option} and {ENDPOINT} name two databases: leave out the one, or unset the other");
    Ok(())
}

fn has_endpoint() -> bool {
    std::env::var(ENDPOINT).is_ok_and(|url| !url.trim().is_empty())
}

/// Explains why a database cannot be used, for example because of a wrong port.
fn explained(error: StoreError, endpoint: &str) -> anyhow::Error {
    if endpoint == NO_ENDPOINT {
        return anyhow::Error::new(error).context("the embedded database cannot be used");
    }
    let what = match error.answered_by() {
        Some(Answerer::Nobody) => format!("nothing answers at {endpoint}"),
        Some(Answerer::SomethingElse) => format!("what answers at {endpoint} is not DynamoDB"),
        Some(Answerer::Database) | None => format!("the database at {endpoint} cannot be used"),
    };
    anyhow::Error::new(error).context(what)
}

impl Open {
    /// A database in memory, lost when the process ends.
    ///
    /// # Errors
    /// When memory runs out.
    pub async fn in_memory() -> Result<Self> {
        Self::embedded(Embedded::new_in_memory()?, DatabaseUse::Serve, LocalKeys::new()).await
    }

    /// Opens a folder. Another command ends soon, so it is waited for; a server answers by its socket.
    pub(crate) async fn folder(directory: &Path, purpose: DatabaseUse, patience: Duration) -> Result<Self> {
        let makes = matches!(purpose, DatabaseUse::Write | DatabaseUse::Serve);
        if !makes && !Folder(directory).has_database()? {
            bail!("{}", nothing_in(&directory.display().to_string()));
        }
        let give_up = Instant::now() + patience;
        let mut is_told = false;
        loop {
            let opened = if purpose == DatabaseUse::Read {
                Embedded::to_read(directory)
            } else {
                Embedded::in_folder(directory)
            };
            if let Opened::Here(mut embedded) = opened? {
                if purpose == DatabaseUse::Serve {
                    embedded.open_socket();
                }
                // Only a server shows addresses of figures and sends mail.
                let keys = if purpose == DatabaseUse::Serve { Folder(directory).keys()? } else { LocalKeys::new() };
                return Self::embedded(embedded, purpose, keys).await;
            }
            let in_use = || format!("{} is in use by another process: {FREE_IT}", directory.display());
            let server = socket::connect(Folder(directory)).await;
            match server {
                Ok(_) if purpose == DatabaseUse::Serve => bail!("{}", in_use()),
                Ok(transport) => return Self::prepare(local_app(transport, &LocalKeys::new())?, None, purpose).await,
                Err(error) if Instant::now() >= give_up => return Err(error.context(in_use())),
                Err(_) => {}
            }
            if !is_told {
                let (place, seconds) = (directory.display(), patience.as_secs());
                message(&format!("waiting for another command that uses {place} (at most {seconds} seconds)"));
                is_told = true;
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    async fn embedded(embedded: Embedded, purpose: DatabaseUse, keys: LocalKeys) -> Result<Self> {
        let app = local_app(embedded.transport(), &keys)?;
        Self::prepare(app, Some(embedded), purpose).await
    }

    async fn prepare(app: App, embedded: Option<Embedded>, purpose: DatabaseUse) -> Result<Self> {
        let endpoint = app.config.database.endpoint_url.clone().unwrap_or_default();
        let unreached = |error| explained(error, &endpoint);
        let is_new = if matches!(purpose, DatabaseUse::Write | DatabaseUse::Serve) {
            app.store.create_table().await.map_err(unreached)?
        } else {
            let has_table = app.store.has_table().await.map_err(unreached)?;
            ensure!(has_table, "{}", nothing_in(&format!("the table {}", app.config.database.table_name)));
            false
        };
        if purpose == DatabaseUse::Serve && !is_new {
            let copy = app.store.copy_marker().await.map_err(unreached)?;
            ensure!(copy.is_none(), "a copy into this database is not complete: run `pastpaper copy` again");
        }
        Ok(Self { app, embedded, is_new })
    }

    /// Closes the engine if it runs in this process.
    pub fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop();
        }
    }
}

/// Pause before a folder in use is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(50);
const FREE_IT: &str = "stop that one, or choose another --data directory";

fn nothing_in(place: &str) -> String {
    format!("there is no data in {place}; is --data right? `pastpaper serve` and `pastpaper import` make it")
}

/// What a command on an embedded database uses for a variable that is not set.
pub(crate) fn local_default(name: &str) -> Option<&'static str> {
    match name {
        "MAIL_FROM" => Some(LOCAL_MAIL_FROM),
        "CONTACT_EMAIL" => Some(LOCAL_CONTACT_EMAIL),
        "APP_URL" => Some(LOCAL_APP_URL),
        _ => None,
    }
}

/// The same, and an endpoint, so that no keys of AWS are needed to check the configuration.
pub(crate) fn local_placeholder(name: &str) -> Option<String> {
    if name == ENDPOINT { Some(NO_ENDPOINT.to_owned()) } else { local_default(name).map(str::to_owned) }
}

/// An app on a database called through `transport`. The environment may name other keys, and another sender and client of
/// mail.
fn local_app(transport: Arc<dyn Transport>, keys: &LocalKeys) -> Result<App> {
    // The rest of the environment still applies: table name, stage, origins.
    let from_env = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let lookup = |name: &str| match name {
        ENDPOINT => Some(NO_ENDPOINT.to_owned()),
        "FIGURE_KEY" => from_env(name).or_else(|| Some(keys.figures.clone())),
        "MAIL_KEY" => from_env(name).or_else(|| Some(keys.mail.clone())),
        "FACTOR_KEY" => from_env(name).or_else(|| Some(keys.factors.clone())),
        name => from_env(name).or_else(|| local_default(name).map(str::to_owned)),
    };
    let mut config = Config::read(lookup).context("the environment")?;
    // Use placeholder credentials: real ones must not be sent to a local engine.
    config.database = Database::local(NO_ENDPOINT.to_owned(), &config.database.table_name);
    let store = Store::through(&config.database, transport);
    Ok(App::with(config, store, SystemClock, Random::new(SystemEntropy)))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    async fn failure(endpoint: &str) -> String {
        let lookup = |name: &str| (name == "AWS_ENDPOINT_URL_DYNAMODB").then(|| endpoint.to_owned());
        let app = App::new(Config::read(lookup).unwrap());
        let opened = Open::prepare(app, None, DatabaseUse::Write).await;
        format!("{:#}", opened.err().unwrap())
    }

    #[tokio::test]
    async fn a_wrong_server_and_no_server_have_different_errors() {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = format!("http://{}", free.local_addr().unwrap());
        drop(free);
        let said = failure(&nobody).await;
        assert!(said.starts_with(&format!("nothing answers at {nobody}: CreateTable: ")), "{said}");

        // An API whose errors have a code, like ours.
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
