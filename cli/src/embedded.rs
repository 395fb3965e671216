//! DynamoDB inside this process: dynoxide on loopback, so that the real SDK client is used everywhere.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};
use dynoxide::Database;
use shared::store::trouble_of_file;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The file in a data directory.
const DATABASE_FILE: &str = "dynamodb.sqlite";
/// Held by the one process that uses a data directory.
const LOCK_FILE: &str = "lock";

/// A running database. It stops when it is stopped or dropped.
pub struct Embedded {
    endpoint_url: String,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    lock: Option<File>,
}

impl Embedded {
    /// A database that is gone with the process.
    pub async fn in_memory() -> Result<Self> {
        Self::in_memory_at(0).await
    }

    /// As [`Embedded::in_memory`], on a port.
    pub async fn in_memory_at(port: u16) -> Result<Self> {
        let database = Database::memory().map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Self::start(database, None, port).await
    }

    /// The database of a directory, which is made when it is missing.
    ///
    /// # Errors
    /// When another process uses it: two would not see each other's writes.
    pub async fn in_directory(directory: &Path) -> Result<Self> {
        Self::in_directory_at(directory, 0).await
    }

    /// As [`Embedded::in_directory`], on a port.
    ///
    /// # Errors
    /// Likewise, and when the port is taken.
    pub async fn in_directory_at(directory: &Path, port: u16) -> Result<Self> {
        std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        let lock = lock(directory)?;
        let file = directory.join(DATABASE_FILE);
        let path = file.to_str().context("the data directory's name is not UTF-8")?;
        let database = Database::new(path).map_err(|error| {
            let error = error.to_string();
            let advice = "it is left as it is; put a copy from before in its place, or name another --data directory";
            match trouble_of_file(&error) {
                Some(trouble) => anyhow::anyhow!("cannot open {path}: {trouble} ({error}); {advice}"),
                None => anyhow::anyhow!("cannot open {path}: {error}"),
            }
        })?;
        Self::start(database, Some(lock), port).await
    }

    async fn start(database: Database, lock: Option<File>, port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await;
        let listener = listener.with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
        let endpoint_url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let engine = database.clone();
        let server = tokio::spawn(async move {
            let shutdown = async {
                // An error is a dropped sender, which asks for the same.
                let _ = stopped.await;
            };
            if let Err(error) = dynoxide::server::serve_with_shutdown(listener, engine, shutdown).await {
                tracing::error!(error, "the embedded database ended");
            }
        });
        Ok(Self { endpoint_url, database, stop: Some(stop), server, lock })
    }

    /// Where it listens.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// The engine itself, for what has no call of DynamoDB.
    pub(crate) fn engine(&self) -> &Database {
        &self.database
    }

    /// Ends it; the directory is free afterwards.
    pub fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The server may have ended already.
            let _ = stop.send(());
        }
        // Every write is on disk when it is answered; connections that clients keep open are not waited for.
        self.server.abort();
        drop(self.lock.take());
    }
}

fn lock(directory: &Path) -> Result<File> {
    let path = directory.join(LOCK_FILE);
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "{} is in use by another process. Stop that one, choose another --data directory, or share its database: \
             set AWS_ENDPOINT_URL_DYNAMODB to the address that `pastpaper serve` prints",
            directory.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use dynoxide::DynoxideError;

    use super::*;
    use crate::database::Open;

    #[tokio::test]
    async fn a_file_that_is_no_database_is_called_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(DATABASE_FILE);
        std::fs::write(&file, "no database".repeat(1_000)).unwrap();
        let said = format!("{:#}", Embedded::in_directory(directory.path()).await.err().unwrap());
        assert!(said.contains("dynamodb.sqlite: the database file is damaged (") && said.contains("--data"), "{said}");
        assert_eq!(std::fs::read(&file).unwrap().len(), 11_000, "it is left as it is");
    }

    #[tokio::test]
    async fn damage_that_is_met_later_is_called_so_in_the_error_that_is_logged() {
        let directory = tempfile::tempdir().unwrap();
        let open = Open::embedded(Embedded::in_directory(directory.path()).await.unwrap()).await.unwrap();
        crate::samples::import_samples(&open.app).await.unwrap();
        open.close();
        let file = directory.path().join(DATABASE_FILE);
        let mut bytes = std::fs::read(&file).unwrap();
        // The first page holds the schema; all others are lost.
        bytes[4_096..].fill(0xff);
        std::fs::write(&file, bytes).unwrap();
        let open = Open::embedded(Embedded::in_directory(directory.path()).await.unwrap()).await;
        let said = match open {
            Ok(open) => open.app.store.courses().await.map(drop).map_err(|error| error.to_string()).unwrap_err(),
            Err(error) => format!("{error:#}"),
        };
        assert!(said.contains("the database file is damaged"), "{said}");
    }

    #[test]
    fn a_full_disk_is_called_so() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA max_page_count = 10; CREATE TABLE t (c)").unwrap();
        let full = connection.execute("INSERT INTO t VALUES (zeroblob(100000))", []).unwrap_err();
        let message = DynoxideError::from(full).to_string();
        assert_eq!(trouble_of_file(&message), Some("the disk is full"), "{message}");
    }
}
