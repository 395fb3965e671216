//! `pastpaper backup` and `pastpaper restore`: a copy of the embedded database in one file, and back.
//!
//! `SQLite` itself makes the copy (`VACUUM INTO`), from the state of one moment, while other processes read and write. Both
//! commands check the copy at their end, and never overwrite a file.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempPath;

use crate::database::{DataSource, DatabaseUse, Open};
use crate::folder::{Folder, Use};
use crate::output::outln;
use crate::verify::{Findings, check_all};

const PRIVATE_FILE: u32 = 0o600;
/// How long `SQLite` waits for a lock of the running server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Options of both commands.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The file of the copy
    file: PathBuf,
    #[command(flatten)]
    database: DataSource,
}

/// Copies the database of a data directory, also while `serve` runs, and checks the copy. The exit code is 1 if the copy's ledgers
/// do not match; the copy is kept then, because it is what the database is.
///
/// # Errors
/// When the file exists, there is no database, or the copy cannot be made or read.
pub async fn backup(arguments: Arguments) -> Result<ExitCode> {
    let findings = backup_to(arguments.database.directory()?, &arguments.file).await?;
    let bytes = fs::metadata(&arguments.file)?.len();
    outln!("Backed up to {} ({bytes} bytes): {}", arguments.file.display(), findings.report())?;
    Ok(if findings.mismatches() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes a new data directory from a copy, and checks it. The exit code is 1 if its ledgers do not match.
///
/// # Errors
/// When the directory has a database, another process uses it, or the file is not a database.
pub async fn restore(arguments: Arguments) -> Result<ExitCode> {
    let directory = arguments.database.directory()?;
    let findings = restore_from(&arguments.file, directory).await?;
    outln!("Restored to {}: {}", directory.display(), findings.report())?;
    Ok(if findings.mismatches() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Copies the database in `directory` to `file`, and returns what the check of the copy found.
///
/// # Errors
/// As [`backup`].
pub async fn backup_to(directory: &Path, file: &Path) -> Result<Findings> {
    let folder = Folder(directory);
    ensure!(folder.has_database()?, "there is no data in {}; is --data right?", directory.display());
    refuse_existing(file)?;
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The copy is made and checked in a private folder beside the file, then linked: an interrupted backup leaves no file that
    // looks like a good one.
    let work = private_folder(parent)?;
    let copy = Folder(work.path()).database();
    let (from, to) = (folder.database(), copy.clone());
    tokio::task::spawn_blocking(move || vacuum_into(&from, &to)).await??;
    let findings = check(work.path()).await?;
    // Without a journal, reading the file makes no others beside it.
    let to = copy.clone();
    tokio::task::spawn_blocking(move || end_journal(&to)).await??;
    let path = TempPath::try_from_path(copy)?;
    path.persist_noclobber(file).map_err(|error| error.error).with_context(|| cannot_write(file))?;
    File::open(file).and_then(|file| file.sync_all()).with_context(|| cannot_write(file))?;
    Ok(findings)
}

/// Makes the database of `directory` from `file`, and returns what the check found.
///
/// # Errors
/// As [`restore`].
pub async fn restore_from(file: &Path, directory: &Path) -> Result<Findings> {
    let folder = Folder(directory);
    ensure!(
        !folder.has_database()?,
        "{} has a database, which is not overwritten: name a new directory with --data",
        directory.display()
    );
    // Checked before anything is made.
    let (from, name) = (file.to_owned(), file.display().to_string());
    tokio::task::spawn_blocking(move || check_file(&from)).await?.with_context(|| format!("{name} is not a backup"))?;
    folder.make()?;
    let Use::Ours(lock) = folder.lock()? else { bail!("{} is in use by another process", directory.display()) };
    ensure!(!folder.has_database()?, "another process has made a database in {}", directory.display());
    let mut copy = tempfile::Builder::new().permissions(Permissions::from_mode(PRIVATE_FILE)).tempfile_in(directory)?;
    let mut source = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    io::copy(&mut source, copy.as_file_mut()).with_context(|| cannot_write(directory))?;
    copy.as_file().sync_all()?;
    copy.persist(folder.database()).map_err(|error| error.error).with_context(|| cannot_write(directory))?;
    lock.unlock()?;
    drop(lock);
    check(directory).await
}

fn cannot_write(file: &Path) -> String {
    format!("cannot write {}", file.display())
}

fn refuse_existing(file: &Path) -> Result<()> {
    ensure!(fs::symlink_metadata(file).is_err(), "{} exists and is not overwritten: name a new file", file.display());
    Ok(())
}

fn private_folder(parent: &Path) -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pastpaper-backup-").permissions(Permissions::from_mode(0o700));
    builder.tempdir_in(parent).with_context(|| cannot_write(parent))
}

/// Copies a database that other processes may use.
fn vacuum_into(from: &Path, to: &Path) -> Result<()> {
    // An empty file is accepted as the target, and keeps its mode.
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(to).with_context(|| cannot_write(to))?;
    let copy = || {
        let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let target = to.to_str().unwrap_or_default();
        connection.execute("VACUUM INTO ?1", [target])?;
        Ok::<_, rusqlite::Error>(())
    };
    ensure!(to.to_str().is_some(), "the name of the folder is not UTF-8");
    copy().with_context(|| format!("cannot copy {}", from.display()))?;
    check_file(to)
}

/// Moves everything into the one file.
fn end_journal(file: &Path) -> Result<()> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
    ensure!(mode == "delete", "the copy is still in use");
    Ok(())
}

/// `SQLite`'s own check of a file.
fn check_file(file: &Path) -> Result<()> {
    let found = || {
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))
    };
    let found = found().with_context(|| format!("cannot read {}", file.display()))?;
    ensure!(found == "ok", "{} is damaged: {found}", file.display());
    Ok(())
}

/// What `pastpaper verify` says of the database in a directory.
async fn check(directory: &Path) -> Result<Findings> {
    let open = Open::folder(directory, DatabaseUse::Change, Duration::ZERO).await?;
    let findings = check_all(&open.app).await;
    open.close();
    findings
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use jiff::Timestamp;
    use shared::domain::account::password::PasswordHash;
    use shared::domain::account::profile::Profile;
    use shared::domain::account::{Email, Name};
    use shared::domain::credits::ledger::Entry;
    use shared::domain::credits::{Charge, EntryType, Plan, Settlement, Wallet};
    use shared::domain::id::{EntryId, UserId};
    use shared::store::{Credential, ImportedAccount, Spend};

    use super::*;

    const CREDITS: u32 = 1_000_000;

    async fn account(open: &Open, number: u8) -> UserId {
        let (app, now) = (&open.app, open.app.now());
        let Settlement { mut wallet, mut movements } = Wallet::open(now, app.terms());
        wallet = Wallet { credits: CREDITS, plan: Plan::Starter, ..wallet };
        movements[0].amount = CREDITS.into();
        movements[0].balance_after = CREDITS;
        let id = UserId(app.random.uuid_v4());
        let email = Email::try_from(format!("user-{number}@example.org")).unwrap();
        let entry = Entry::of(&movements[0], EntryId::new(1, now, app.random.bytes()), id, 1, now);
        let password_hash = PasswordHash::imported("none".to_owned());
        let credential = Credential {
            user_id: id,
            password_hash,
            session_epoch: 0,
            created_at: now,
            second_factor: false,
            sign_in_told_at: None,
        };
        let profile = Profile::open(id, email, Name::default(), wallet, now);
        app.store
            .write_account(&ImportedAccount { profile, credential, entries: vec![entry] }, (now, &app.random))
            .await
            .unwrap();
        id
    }

    async fn spend(open: &Open, user: UserId, now: Timestamp) {
        let profile = open.app.store.profile(user).await.unwrap().unwrap();
        let charge = Charge { price: 1, kind: EntryType::QuestionView, description: "One".to_owned() };
        let spend = Spend { profile, charge: &charge, entitlements: &[], seen: None, intent: None, limit: None, now };
        open.app.store.spend(spend, &open.app.random).await.unwrap();
    }

    async fn open(directory: &Path) -> Open {
        Open::folder(directory, DatabaseUse::Serve, Duration::ZERO).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_backup_while_50_clients_spend_holds_what_was_answered_before_it() {
        let parent = tempfile::tempdir().unwrap();
        let (data, file, restored) =
            (parent.path().join("data"), parent.path().join("copy"), parent.path().join("new"));
        let running = Arc::new(open(&data).await);
        let mut users = Vec::new();
        for number in 0..50 {
            users.push((account(&running, number).await, Arc::<AtomicU64>::default()));
        }
        let clients: Vec<_> = users
            .iter()
            .map(|(user, answered)| {
                let (running, user, answered) = (Arc::clone(&running), *user, Arc::clone(answered));
                tokio::spawn(async move {
                    for _ in 0..20 {
                        spend(&running, user, running.app.now()).await;
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        while users.iter().all(|(_, answered)| answered.load(Ordering::SeqCst) < 3) {
            tokio::task::yield_now().await;
        }
        let before: Vec<u64> = users.iter().map(|(_, answered)| answered.load(Ordering::SeqCst)).collect();
        let findings = backup_to(&data, &file).await.unwrap();
        assert_eq!((findings.users, findings.mismatches()), (50, 0), "{findings:?}");
        for client in clients {
            client.await.unwrap();
        }
        let again = backup_to(&data, &file).await.unwrap_err().to_string();
        assert!(again.ends_with("exists and is not overwritten: name a new file"), "{again}");
        let findings = restore_from(&file, &restored).await.unwrap();
        assert_eq!((findings.users, findings.mismatches()), (50, 0), "{findings:?}");
        let copy = open(&restored).await;
        for ((user, _), before) in users.iter().zip(before) {
            let spends = copy.app.store.entries(*user).await.unwrap().len() as u64 - 1;
            assert!((before..=20).contains(&spends), "{spends} spends, {before} were answered before");
        }
        copy.close();
        let over = restore_from(&file, &restored).await.unwrap_err().to_string();
        assert!(over.contains("has a database, which is not overwritten"), "{over}");
        let modes = [&file, &restored.join("dynamodb.sqlite")]
            .map(|file| fs::metadata(file).unwrap().permissions().mode() & 0o777);
        assert_eq!(modes, [PRIVATE_FILE; 2]);
        let left: Vec<_> = fs::read_dir(parent.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }

    #[tokio::test]
    async fn what_is_not_a_backup_is_not_restored() {
        let parent = tempfile::tempdir().unwrap();
        let (file, data) = (parent.path().join("file"), parent.path().join("data"));
        for bytes in ["no database".repeat(1_000), String::new()] {
            fs::write(&file, bytes).unwrap();
            assert!(restore_from(&file, &data).await.is_err());
            assert!(!Folder(&data).has_database().unwrap());
        }
        let missing = backup_to(&data, &parent.path().join("copy")).await.unwrap_err().to_string();
        assert!(missing.starts_with("there is no data in "), "{missing}");
    }
}
