//! Which database a command works on: the embedded one, another endpoint, or AWS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use shared::app::App;
use shared::config::{Config, Database};
use shared::domain::random::{Random, SystemEntropy};
use shared::domain::time::SystemClock;
use shared::store::{Store, Transport};

use crate::embedded::{Embedded, Opened};
use crate::folder::Folder;
use crate::socket;

/// Where the data is. `cargo lambda watch` restarts on files anywhere else than in `target/`.
const DATA_DIRECTORY: &str = "target/pastpaper";
/// Another endpoint than AWS's.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_DYNAMODB";
/// Nothing is sent there: what answers is in this process, or behind the socket.
const NO_ENDPOINT: &str = "http://localhost";

/// Options of every command that touches the database.
#[derive(Debug, Clone, Args)]
pub struct DataSource {
    /// Directory of the embedded database [default: target/pastpaper]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Use the table in AWS, with the keys and region of the environment
    #[arg(long, conflicts_with = "data")]
    aws: bool,
}

/// What a command does with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reads what is there, and makes nothing.
    Read,
    /// Changes what is there, and makes nothing.
    Change,
    /// Writes; what is missing is made.
    Write,
    /// Has it for itself, in this process; what is missing is made.
    Serve,
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
        ensure!(!self.aws, "--aws has no embedded database");
        if self.data.is_some() {
            refuse_endpoint("--data")?;
        }
        Ok(self.data.as_deref().unwrap_or(Path::new(DATA_DIRECTORY)))
    }

    /// Opens it to write, and makes what is missing.
    ///
    /// # Errors
    /// As [`DataSource::open_to`].
    pub async fn open(&self) -> Result<Open> {
        self.open_to(Purpose::Write).await
    }

    /// Opens it: AWS with `--aws`, else what `AWS_ENDPOINT_URL_DYNAMODB` names, else the directory.
    ///
    /// # Errors
    /// When two are named, nothing is there for who reads, or it does not answer.
    pub async fn open_to(&self, purpose: Purpose) -> Result<Open> {
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
        Open::folder(directory, purpose).await
    }

    /// Opens it to see what writing would change: what is not there is empty, and is not made.
    ///
    /// # Errors
    /// As [`DataSource::open_to`].
    pub async fn open_to_try(&self) -> Result<Open> {
        let is_folder = !self.aws && !has_endpoint();
        if is_folder && !Folder(self.directory()?).has_database()? {
            return Open::in_memory().await;
        }
        self.open_to(Purpose::Read).await
    }
}

/// Refuses an option that names a database beside a variable that names another.
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

impl Open {
    /// A database that is gone with the process.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub async fn in_memory() -> Result<Self> {
        Self::embedded(Embedded::new_in_memory()?, Purpose::Serve).await
    }

    pub(crate) async fn folder(directory: &Path, purpose: Purpose) -> Result<Self> {
        let makes = matches!(purpose, Purpose::Write | Purpose::Serve);
        if !makes && !Folder(directory).has_database()? {
            bail!("{}", nothing_in(&directory.display().to_string()));
        }
        let opened =
            if purpose == Purpose::Read { Embedded::to_read(directory) } else { Embedded::in_folder(directory) };
        match opened? {
            Opened::Here(mut embedded) => {
                if purpose == Purpose::Serve {
                    embedded.open_socket();
                }
                Self::embedded(embedded, purpose).await
            }
            Opened::Busy if purpose == Purpose::Serve => {
                bail!("{} is in use by another process: {FREE_IT}", directory.display())
            }
            Opened::Busy => {
                let transport = socket::connect(Folder(directory)).await;
                let transport = transport
                    .with_context(|| format!("{} is in use by another process: {FREE_IT}", directory.display()))?;
                Self::prepare(local_app(transport)?, None, purpose).await
            }
        }
    }

    async fn embedded(embedded: Embedded, purpose: Purpose) -> Result<Self> {
        let app = local_app(embedded.transport())?;
        Self::prepare(app, Some(embedded), purpose).await
    }

    async fn prepare(app: App, embedded: Option<Embedded>, purpose: Purpose) -> Result<Self> {
        let endpoint = app.config.database.endpoint_url.clone().unwrap_or_default();
        let unreached = || format!("no DynamoDB answers at {endpoint}");
        let is_new = if matches!(purpose, Purpose::Write | Purpose::Serve) {
            app.store.create_table().await.with_context(unreached)?
        } else {
            let has_table = app.store.has_table().await.with_context(unreached)?;
            ensure!(has_table, "{}", nothing_in(&format!("the table {}", app.config.database.table_name)));
            false
        };
        Ok(Self { app, embedded, is_new })
    }

    /// Closes the engine, if it is ours.
    pub fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop();
        }
    }
}

const FREE_IT: &str = "stop that one, or choose another --data directory";

fn nothing_in(place: &str) -> String {
    format!("there is no data in {place}; is --data right? `pastpaper serve` and `pastpaper import` make it")
}

/// The app on a database that is called by `transport`.
fn local_app(transport: Arc<dyn Transport>) -> Result<App> {
    // The rest of the environment counts as ever: table name, stage, origins.
    let lookup = |name: &str| match name {
        ENDPOINT => Some(NO_ENDPOINT.to_owned()),
        name => std::env::var(name).ok(),
    };
    let mut config = Config::read(lookup).context("the environment")?;
    // Real keys have no business in a local engine.
    config.database = Database::local(NO_ENDPOINT.to_owned(), &config.database.table_name);
    let store = Store::through(&config.database, transport);
    Ok(App::with(config, store, SystemClock, Random::new(SystemEntropy)))
}
