//! DynamoDB inside this process. The SDK's client calls it directly; no port is open unless one is asked for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use dynoxide::Database;
use shared::store::Transport;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::engine::InProcess;
use crate::folder::{Folder, Use};
use crate::listen::{Bounds, serve};
use crate::output::message;
use crate::signature::AccessKey;
use crate::{doors, socket};

/// A running database. It stops when it is stopped or dropped.
pub struct Embedded {
    database: Database,
    endpoint_url: String,
    servers: Vec<JoinHandle<()>>,
    home: Home,
}

/// Where the data is.
enum Home {
    Memory,
    /// A folder that is ours while the file is open.
    Folder {
        path: PathBuf,
        lock: std::fs::File,
    },
    /// The copy of a folder that cannot be written.
    Copy {
        _folder: TempDir,
    },
}

/// What becomes of a data folder.
pub(crate) enum Opened {
    /// It is open in this process.
    Here(Embedded),
    /// Another process has it.
    Busy,
}

impl Embedded {
    /// A database that is gone with the process.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn new_in_memory() -> Result<Self> {
        Ok(Self::of(Database::memory().map_err(|error| cause(&error))?, Home::Memory))
    }

    /// The harness of tests: as [`Embedded::new_in_memory`], with a port at [`Embedded::endpoint_url`] that asks for no key,
    /// so that proxies and functions' binaries reach it.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn in_memory() -> Result<Self> {
        Self::new_in_memory()?.without_key().await
    }

    /// The database of a folder, for measurements.
    ///
    /// # Errors
    /// When another process uses it, or it is no database.
    pub fn in_directory(path: &Path) -> Result<Self> {
        match Self::in_folder(path)? {
            Opened::Here(embedded) => Ok(embedded),
            Opened::Busy => bail!("{} is in use by another process", path.display()),
        }
    }

    /// Opens a port that asks for no key: for tests and measurements, whose proxies change requests. The engine's own server
    /// answers there.
    ///
    /// # Errors
    /// When no port is to be had.
    pub async fn without_key(mut self) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        self.endpoint_url = format!("http://{}", listener.local_addr()?);
        let engine = self.database.clone();
        self.servers.push(tokio::spawn(async move {
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, engine, std::future::pending()).await {
                tracing::error!(error, "the embedded database ended");
            }
        }));
        Ok(self)
    }

    /// The database of a folder, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be written, or is no database.
    pub(crate) fn in_folder(path: &Path) -> Result<Opened> {
        let folder = Folder(path);
        if !folder.has_database()? {
            folder.make()?;
        }
        match folder.lock()? {
            Use::Ours(lock) => Ok(Opened::Here(Self::open(path, lock)?)),
            Use::Busy => Ok(Opened::Busy),
            Use::ReadOnly => bail!("{} cannot be written", path.display()),
        }
    }

    /// The database of a folder that has one, to read it: a copy when nothing can be written there.
    ///
    /// # Errors
    /// When it cannot be read, or is no database.
    pub(crate) fn to_read(path: &Path) -> Result<Opened> {
        let folder = Folder(path);
        match folder.lock()? {
            Use::Ours(lock) => Ok(Opened::Here(Self::open(path, lock)?)),
            Use::Busy => Ok(Opened::Busy),
            Use::ReadOnly => {
                let copy = folder.copy()?;
                let database = open_database(copy.path())?;
                Ok(Opened::Here(Self::of(database, Home::Copy { _folder: copy })))
            }
        }
    }

    fn open(path: &Path, lock: std::fs::File) -> Result<Self> {
        Ok(Self::of(open_database(path)?, Home::Folder { path: path.to_owned(), lock }))
    }

    fn of(database: Database, home: Home) -> Self {
        Self { database, endpoint_url: String::new(), servers: Vec::new(), home }
    }

    /// Opens a port on loopback, for who has the key that this makes.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn open_port(&mut self, port: u16) -> Result<AccessKey> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        self.endpoint_url = format!("http://{}", listener.local_addr()?);
        let key = AccessKey::new();
        let door = doors::with_key(self.database.clone(), key.clone());
        self.servers.push(tokio::spawn(serve(listener, door, Bounds::default(), std::future::pending())));
        Ok(key)
    }

    /// Opens the folder's socket, for commands beside this process. Without it they say that the folder is in use.
    pub fn open_socket(&mut self) {
        let Home::Folder { path, .. } = &self.home else { return };
        match socket::listen(Folder(path)) {
            Ok(listener) => {
                let door = doors::for_owner(self.database.clone());
                self.servers.push(tokio::spawn(serve(listener, door, Bounds::default(), std::future::pending())));
            }
            Err(error) => message(&format!("warning: other commands cannot use this database meanwhile: {error:#}")),
        }
    }

    /// Where it listens; empty unless a port is open.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// The way to it within this process.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(InProcess(self.database.clone()))
    }

    /// The engine itself, for what has no call of DynamoDB.
    pub(crate) fn engine(&self) -> &Database {
        &self.database
    }

    /// Ends it; the directory is free afterwards.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Every write is on disk when it is answered; connections that clients keep open are not waited for.
        for server in &self.servers {
            server.abort();
        }
        if let Home::Folder { path, lock } = &self.home {
            // One that stays is removed by the next process.
            let _ = Folder(path).remove_socket();
            let _ = lock.unlock();
        }
    }
}

fn open_database(folder: &Path) -> Result<Database> {
    let file = Folder(folder).database();
    let path = file.to_str().context("the data directory's name is not UTF-8")?;
    Database::new(path).map_err(|error| cause(&error)).with_context(|| format!("cannot open {path}"))
}

fn cause(error: &dynoxide::DynoxideError) -> anyhow::Error {
    anyhow::anyhow!("{error:?}")
}
