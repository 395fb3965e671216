//! The data folder: its permissions and its lock.
//!
//! The folder has mode 0700, its files have mode 0600: they contain emails, password hashes and students' answers.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use shared::domain::random::{Random, SystemEntropy};
use tempfile::TempDir;

use crate::output::message;

/// The database file.
const DATABASE_FILE: &str = "dynamodb.sqlite";
/// Files that `SQLite` keeps next to the database.
const JOURNALS: [&str; 2] = ["dynamodb.sqlite-wal", "dynamodb.sqlite-shm"];
/// Locked by the one process that uses the folder.
const LOCK_FILE: &str = "lock";
/// The key that signs the addresses of figures.
const FIGURE_KEY_FILE: &str = "figure.key";
/// The key that derives the tokens in links of mails.
const MAIL_KEY_FILE: &str = "mail.key";
/// The key that encrypts the secrets of second factors.
const FACTOR_KEY_FILE: &str = "factor.key";
/// Folder of the socket. It is separate so that the socket is private from the start, whatever the data folder's mode
/// is.
const SOCKET_FOLDER: &str = "run";
const SOCKET: &str = "db";
/// Maximum size of a database that is copied for reading.
const COPY_BYTES_MAX: u64 = 8 * 1024 * 1024 * 1024;
/// Characters of a key of 256 bits in hex.
const KEY_CHARS: usize = 64;
const PRIVATE_FOLDER: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;

/// A data folder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Folder<'a>(pub(crate) &'a Path);

/// The keys of a local server, each of 256 bits in hex.
pub(crate) struct LocalKeys {
    /// Signs the addresses of figures.
    pub(crate) figures: String,
    /// Derives the tokens in links of mails.
    pub(crate) mail: String,
    /// Encrypts the secrets of second factors.
    pub(crate) factors: String,
}

impl LocalKeys {
    /// Keys for this process only.
    pub(crate) fn new() -> Self {
        Self { figures: new_key(), mail: new_key(), factors: new_key() }
    }
}

/// Result of locking a folder.
pub(crate) enum Use {
    /// Locked by this process while the file is open.
    Ours(File),
    /// Locked by another process.
    Busy,
    /// The folder is read-only.
    ReadOnly,
}

impl Folder<'_> {
    /// Path of the database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join(DATABASE_FILE)
    }

    /// Path of the Unix socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET_FOLDER).join(SOCKET)
    }

    /// The keys of the folder's server, made when they are first needed. A folder that cannot be written and has none gets
    /// keys for this process only.
    pub(crate) fn keys(&self) -> Result<LocalKeys> {
        Ok(LocalKeys {
            figures: self.key(FIGURE_KEY_FILE)?,
            mail: self.key(MAIL_KEY_FILE)?,
            factors: self.key(FACTOR_KEY_FILE)?,
        })
    }

    fn key(&self, file: &str) -> Result<String> {
        let path = self.0.join(file);
        for _ in 0..2 {
            match fs::read_to_string(&path) {
                Ok(key) if key.trim().len() >= KEY_CHARS => return Ok(key.trim().to_owned()),
                Ok(_) => bail!("{} is no key: remove it, and a new one is made", path.display()),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
            }
            let key = new_key();
            // Written beside and renamed, so that no process reads half of it; linked, so that two processes agree on one.
            let private =
                || tempfile::Builder::new().permissions(Permissions::from_mode(PRIVATE_FILE)).tempfile_in(self.0);
            let written = private().and_then(|mut file| file.write_all(key.as_bytes()).map(|()| file));
            match written.map(|file| file.persist_noclobber(&path)) {
                Ok(Err(error)) if error.error.kind() == ErrorKind::AlreadyExists => {}
                Ok(Err(error)) => return Err(error.error).with_context(|| format!("cannot write {}", path.display())),
                // Read-only media: the key lasts as long as this process.
                Ok(Ok(_)) | Err(_) => return Ok(key),
            }
        }
        bail!("cannot make {}", path.display())
    }

    /// Whether the folder has a database. Creates nothing.
    pub(crate) fn has_database(&self) -> Result<bool> {
        // An empty file remains if a process ended before its first write.
        match fs::metadata(self.database()) {
            Ok(file) => Ok(file.is_file() && file.len() > 0),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }

    /// Creates the folder, and a database file that is private from the start.
    pub(crate) fn make(&self) -> Result<()> {
        let make = || {
            if let Some(parent) = self.0.parent() {
                fs::create_dir_all(parent)?;
            }
            make_private_folder(self.0)
        };
        make().with_context(|| format!("cannot make {}", self.0.display()))?;
        let file = self.database();
        private()
            .create(true)
            .truncate(false)
            .open(&file)
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(())
    }

    /// Locks the folder.
    pub(crate) fn lock(&self) -> Result<Use> {
        let path = self.0.join(LOCK_FILE);
        let is_read_only = |file: &Path| fs::metadata(file).is_ok_and(|file| file.permissions().readonly());
        if is_read_only(&self.database()) {
            return Ok(Use::ReadOnly);
        }
        let file = match private().create(true).truncate(false).open(&path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                return Ok(Use::ReadOnly);
            }
            Err(error) => return Err(error).with_context(|| format!("cannot write {}", path.display())),
        };
        let found = locked(file, &path)?;
        if matches!(found, Use::Ours(_)) {
            // A reader that found no lock file holds the folder.
            if matches!(locked(self.open()?, self.0)?, Use::Busy) {
                return Ok(Use::Busy);
            }
            self.repair_modes();
        }
        Ok(found)
    }

    /// Locks the folder for reading, and changes nothing in it: neither files nor modes.
    pub(crate) fn lock_to_read(&self) -> Result<Use> {
        let is_read_only = fs::metadata(self.database()).is_ok_and(|file| file.permissions().readonly());
        if is_read_only || !is_writable(self.0) {
            return Ok(Use::ReadOnly);
        }
        let path = self.0.join(LOCK_FILE);
        loop {
            match File::open(&path) {
                Ok(file) => return locked(file, &path),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
            }
            // No process has used this copy yet. The folder itself takes the place of the file that must not be created.
            let found = locked(self.open()?, self.0)?;
            if !path.exists() {
                return Ok(found);
            }
        }
    }

    fn open(&self) -> Result<File> {
        File::open(self.0).with_context(|| format!("cannot read {}", self.0.display()))
    }

    /// Makes files private that an older version or an unpacked archive left readable for others. The folder keeps its
    /// mode if it contains other files, since it may be somebody's working directory.
    fn repair_modes(&self) {
        let files = [DATABASE_FILE, JOURNALS[0], JOURNALS[1], LOCK_FILE, FIGURE_KEY_FILE];
        for file in files {
            make_private(&self.0.join(file), PRIVATE_FILE);
        }
        let known = |name: &std::ffi::OsStr| name == SOCKET_FOLDER || files.iter().any(|file| name == *file);
        let is_ours_alone =
            fs::read_dir(self.0).is_ok_and(|entries| entries.flatten().all(|entry| known(&entry.file_name())));
        if is_ours_alone {
            make_private(self.0, PRIVATE_FOLDER);
        }
    }

    /// Creates the socket's folder and removes a socket left by a crashed process. This process holds the lock, so no
    /// other one is listening there.
    pub(crate) fn clear_socket(&self) -> io::Result<()> {
        let folder = self.0.join(SOCKET_FOLDER);
        make_private_folder(&folder)?;
        fs::set_permissions(&folder, Permissions::from_mode(PRIVATE_FOLDER))?;
        self.remove_socket()
    }

    /// Removes the socket.
    pub(crate) fn remove_socket(&self) -> io::Result<()> {
        match fs::remove_file(self.socket()) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Copies the database of a read-only folder, since `SQLite` needs to write next to the file that it reads.
    pub(crate) fn copy(&self) -> Result<TempDir> {
        // A writer holds this lock. It can be tested without write access.
        let lock = File::open(self.0.join(LOCK_FILE)).ok();
        if let Some(lock) = &lock {
            ensure!(lock.try_lock_shared().is_ok(), "{} is being written by another process", self.0.display());
        }
        let journal = self.0.join(JOURNALS[0]);
        let files = [self.database(), journal];
        let bytes: u64 = files.iter().filter_map(|file| Some(fs::metadata(file).ok()?.len())).sum();
        ensure!(
            bytes <= COPY_BYTES_MAX,
            "{} cannot be written, and its database of {bytes} bytes is too large to read from a temporary copy: copy the \
             folder to where it can be written, and name that with --data",
            self.0.display(),
        );
        let copy = tempfile::Builder::new()
            .prefix("pastpaper-")
            // Without this, the umask would determine the mode.
            .permissions(Permissions::from_mode(PRIVATE_FOLDER))
            .tempdir()
            .context("cannot make a temporary folder")?;
        message(&format!(
            "note: {} cannot be written; reading a copy of its {bytes} bytes in {}",
            self.0.display(),
            copy.path().display()
        ));
        for file in files.iter().filter(|file| file.exists()) {
            let name = file.file_name().context("a file has a name")?;
            let mut from = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
            let mut to = private().create_new(true).open(copy.path().join(name))?;
            io::copy(&mut from, &mut to).with_context(|| format!("cannot copy {}", file.display()))?;
        }
        Ok(copy)
    }
}

/// A new key of 256 random bits.
fn new_key() -> String {
    hex::encode(Random::new(SystemEntropy).bytes::<32>())
}

fn locked(file: File, path: &Path) -> Result<Use> {
    match file.try_lock() {
        Ok(()) => Ok(Use::Ours(file)),
        Err(TryLockError::WouldBlock) => Ok(Use::Busy),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// Whether `SQLite` can write its journal next to the database.
fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Options to open a file for writing; a new file is private to its owner.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(PRIVATE_FILE);
    options
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(PRIVATE_FOLDER).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// Removes all permissions of other users from one of our files or folders.
fn make_private(path: &Path, mode: u32) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let is_open_to_others = metadata.mode() & 0o077 != 0;
    if !is_open_to_others || metadata.uid() != rustix::process::geteuid().as_raw() {
        return;
    }
    if let Err(error) = fs::set_permissions(path, Permissions::from_mode(mode)) {
        message(&format!("warning: others may read {}: {error}", path.display()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_folder_is_private_and_made_private_again() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let folder = Folder(&path);
        folder.make().unwrap();
        assert_eq!((mode(&path), mode(&folder.database())), (PRIVATE_FOLDER, PRIVATE_FILE));
        assert!(matches!(folder.lock().unwrap(), Use::Ours(_)));
        assert_eq!(mode(&path.join(LOCK_FILE)), PRIVATE_FILE);
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.database(), Permissions::from_mode(0o644)).unwrap();
        let held = folder.lock().unwrap();
        assert!(matches!(held, Use::Ours(_)));
        assert_eq!((mode(&path), mode(&folder.database())), (PRIVATE_FOLDER, PRIVATE_FILE));
        assert!(matches!(folder.lock().unwrap(), Use::Busy));
    }

    #[test]
    fn keys_are_made_once_and_private() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let folder = Folder(&path);
        folder.make().unwrap();
        let keys = folder.keys().unwrap();
        assert_ne!(keys.figures, keys.mail);
        for (file, key) in
            [(FIGURE_KEY_FILE, &keys.figures), (MAIL_KEY_FILE, &keys.mail), (FACTOR_KEY_FILE, &keys.factors)]
        {
            assert_eq!((key.len(), mode(&path.join(file))), (KEY_CHARS, PRIVATE_FILE), "{file}");
            assert_eq!(&folder.key(file).unwrap(), key);
            fs::write(path.join(file), "short").unwrap();
            assert!(folder.keys().is_err());
            fs::write(path.join(file), key).unwrap();
        }
    }

    #[test]
    fn a_reader_changes_nothing_and_keeps_writers_out() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let folder = Folder(&path);
        folder.make().unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.database(), Permissions::from_mode(0o644)).unwrap();
        let reader = folder.lock_to_read().unwrap();
        assert!(matches!(reader, Use::Ours(_)));
        assert_eq!((mode(&path), mode(&folder.database()), path.join(LOCK_FILE).exists()), (0o755, 0o644, false));
        assert!(matches!(folder.lock().unwrap(), Use::Busy));
        drop(reader);
        let writer = folder.lock().unwrap();
        assert!(matches!(writer, Use::Ours(_)) && matches!(folder.lock_to_read().unwrap(), Use::Busy));
        drop(writer);
        // From now on the lock file is there, and the reader takes that.
        let reader = folder.lock_to_read().unwrap();
        assert!(matches!(reader, Use::Ours(_)) && matches!(folder.lock().unwrap(), Use::Busy));
    }

    #[test]
    fn a_folder_with_other_files_keeps_its_mode() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("project");
        let folder = Folder(&path);
        folder.make().unwrap();
        fs::write(path.join("notes.txt"), "mine").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.database(), Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(folder.lock().unwrap(), Use::Ours(_)));
        assert_eq!((mode(&path), mode(&folder.database())), (0o755, PRIVATE_FILE));
        assert_eq!(mode(&path.join("notes.txt")), 0o644);
    }

    #[test]
    fn a_database_that_cannot_be_written_is_not_locked_and_not_copied_while_it_is_written() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let folder = Folder(&path);
        assert!(!folder.has_database().unwrap());
        folder.make().unwrap();
        assert!(!folder.has_database().unwrap());
        fs::write(folder.database(), "rows").unwrap();
        fs::write(path.join(JOURNALS[0]), "newer rows").unwrap();
        let writer = folder.lock().unwrap();
        assert!(folder.has_database().unwrap() && folder.copy().is_err());
        drop(writer);
        fs::set_permissions(folder.database(), Permissions::from_mode(0o400)).unwrap();
        assert!(matches!(folder.lock().unwrap(), Use::ReadOnly));
        let copy = folder.copy().unwrap();
        let copied = Folder(copy.path());
        assert_eq!(fs::read_to_string(copied.database()).unwrap(), "rows");
        assert_eq!(fs::read_to_string(copy.path().join(JOURNALS[0])).unwrap(), "newer rows");
        assert_eq!((mode(copy.path()), mode(&copied.database())), (PRIVATE_FOLDER, PRIVATE_FILE));
    }
}
