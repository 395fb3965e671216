//! DynamoDB in this process. The SDK's client calls it directly; a port is opened only on request.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use dynoxide::Database;
use shared::store::{Transport, trouble_of_file};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::engine::Engine;
use crate::folder::{Folder, Use};
use crate::listen::{Bounds, serve};
use crate::output::message;
use crate::signature::AccessKey;
use crate::{doors, socket};

/// A running database. It stops when dropped.
pub struct Embedded {
    database: Database,
    engine: Engine,
    thread: Option<std::thread::JoinHandle<()>>,
    endpoint_url: String,
    servers: Vec<JoinHandle<()>>,
    home: Home,
}

/// Where the data is stored.
enum Home {
    Memory,
    /// A folder, locked while the file is open.
    Folder {
        path: PathBuf,
        lock: std::fs::File,
    },
    /// A copy of a read-only folder.
    Copy {
        _folder: TempDir,
    },
}

/// Result of opening a data folder.
pub(crate) enum Opened {
    /// The database is open in this process.
    Here(Embedded),
    /// Another process uses the folder.
    Busy,
}

impl Embedded {
    /// A database in memory, lost when the process ends.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn new_in_memory() -> Result<Self> {
        Self::of(Database::memory().map_err(|error| cause(&error))?, Home::Memory)
    }

    /// For tests: like [`Embedded::new_in_memory`], with a port at [`Embedded::endpoint_url`] that needs no key, so
    /// that proxies and the functions' binaries can use it.
    ///
    /// # Errors
    /// When no port is available.
    pub async fn in_memory() -> Result<Self> {
        Self::new_in_memory()?.without_key().await
    }

    /// Opens the database in a folder, for benchmarks.
    ///
    /// # Errors
    /// When another process uses it, or it is not a database.
    pub fn in_directory(path: &Path) -> Result<Self> {
        match Self::in_folder(path)? {
            Opened::Here(embedded) => Ok(embedded),
            Opened::Busy => bail!("{} is in use by another process", path.display()),
        }
    }

    /// Opens a port that needs no key, for tests and benchmarks, whose proxies change requests. It uses the engine's
    /// own server.
    ///
    /// # Errors
    /// When no port is available.
    pub async fn without_key(mut self) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        self.endpoint_url = format!("http://{}", listener.local_addr()?);
        let engine = self.database.clone();
        self.servers.push(tokio::spawn(async move {
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, engine, std::future::pending()).await {
                tracing::error!(error, "the embedded database stopped");
            }
        }));
        Ok(self)
    }

    /// Opens the database in a folder, which is created if missing.
    ///
    /// # Errors
    /// When the folder is not writable, or holds no valid database.
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

    /// Opens an existing database for reading; a copy if its folder is read-only.
    ///
    /// # Errors
    /// When it cannot be read, or is not a valid database.
    pub(crate) fn to_read(path: &Path) -> Result<Opened> {
        let folder = Folder(path);
        match folder.lock_to_read()? {
            Use::Ours(lock) => Ok(Opened::Here(Self::open(path, lock)?)),
            Use::Busy => Ok(Opened::Busy),
            Use::ReadOnly => {
                let copy = folder.copy()?;
                let database = open_database(copy.path())?;
                Ok(Opened::Here(Self::of(database, Home::Copy { _folder: copy })?))
            }
        }
    }

    fn open(path: &Path, lock: std::fs::File) -> Result<Self> {
        Self::of(open_database(path)?, Home::Folder { path: path.to_owned(), lock })
    }

    fn of(database: Database, home: Home) -> Result<Self> {
        let (engine, thread) = Engine::start(database.clone()).context("cannot start the thread of the database")?;
        Ok(Self { database, engine, thread: Some(thread), endpoint_url: String::new(), servers: Vec::new(), home })
    }

    /// Opens a port on loopback, and returns the access key that it requires.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn open_port(&mut self, port: u16) -> Result<AccessKey> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        self.endpoint_url = format!("http://{}", listener.local_addr()?);
        let key = AccessKey::new();
        let door = doors::with_key(self.engine.clone(), key.clone());
        self.servers.push(tokio::spawn(serve(listener, door, Bounds::default(), std::future::pending())));
        Ok(key)
    }

    /// Opens the folder's socket for other commands. If this fails, they report that the folder is in use.
    pub fn open_socket(&mut self) {
        let Home::Folder { path, .. } = &self.home else { return };
        match socket::listen(Folder(path)) {
            Ok(listener) => {
                let door = doors::for_owner(self.engine.clone());
                self.servers.push(tokio::spawn(serve(listener, door, Bounds::default(), std::future::pending())));
            }
            Err(error) => message(&format!("warning: other commands cannot use this database meanwhile: {error:#}")),
        }
    }

    /// URL of the open port; empty without one.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// Transport for calls within this process.
    #[must_use]
    pub fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(self.engine.clone())
    }

    /// The engine itself, for functions that DynamoDB's API does not offer.
    pub(crate) fn engine(&self) -> &Database {
        &self.database
    }

    /// Stops the database and releases its directory.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        // Every acknowledged write is on disk, so open client connections can be dropped.
        for server in &self.servers {
            server.abort();
        }
        self.engine.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        if let Home::Folder { path, lock } = &self.home {
            // If this fails, the next process removes the socket.
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

/// Explains an error of the database; suggests a remedy if its file or disk is the cause.
fn cause(error: &dynoxide::DynoxideError) -> anyhow::Error {
    let error = error.to_string();
    let advice = "it is left as it is; restore a copy of the data directory, or name another one with --data";
    match trouble_of_file(&error) {
        Some(trouble) => anyhow::anyhow!("{trouble} ({error}); {advice}"),
        None => anyhow::anyhow!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dynoxide::DynoxideError;

    use super::*;
    use crate::database::{DatabaseUse, Open};

    #[test]
    fn an_invalid_database_file_is_reported_as_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let file = Folder(directory.path()).database();
        std::fs::write(&file, "no database".repeat(1_000)).unwrap();
        let said = format!("{:#}", Embedded::in_directory(directory.path()).err().unwrap());
        assert!(said.contains("dynamodb.sqlite: the database file is damaged (") && said.contains("--data"), "{said}");
        assert_eq!(std::fs::read(&file).unwrap().len(), 11_000, "it is left as it is");
    }

    #[tokio::test]
    async fn later_damage_is_named_in_the_logged_error() {
        let directory = tempfile::tempdir().unwrap();
        let open = Open::folder(directory.path(), DatabaseUse::Write, Duration::ZERO).await.unwrap();
        crate::samples::import_samples(&open.app).await.unwrap();
        open.close();
        let file = Folder(directory.path()).database();
        let mut bytes = std::fs::read(&file).unwrap();
        // Keep the first page, which holds the schema, and destroy all others.
        bytes[4_096..].fill(0xff);
        std::fs::write(&file, bytes).unwrap();
        let said = match Open::folder(directory.path(), DatabaseUse::Write, Duration::ZERO).await {
            Ok(open) => open.app.store.courses().await.map(drop).map_err(|error| error.to_string()).unwrap_err(),
            Err(error) => format!("{error:#}"),
        };
        assert!(said.contains("the database file is damaged"), "{said}");
    }

    #[test]
    fn a_full_disk_is_named_in_the_error() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA max_page_count = 10; CREATE TABLE t (c)").unwrap();
        let full = connection.execute("INSERT INTO t VALUES (zeroblob(100000))", []).unwrap_err();
        let message = DynoxideError::from(full).to_string();
        assert_eq!(trouble_of_file(&message), Some("the disk is full"), "{message}");
    }
}
