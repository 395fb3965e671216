//! `pastpaper import`: courses from our own JSON, or everything from a dump of the old D1 database.

pub mod catalog;
pub mod d1;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use shared::app::App;
use shared::domain::catalog::check::refuse_bad_rows;
use shared::domain::catalog::complete::complete;
use shared::domain::catalog::draft::{CatalogDraft, RefusedRow};
use shared::store::{ImportedAccount, OpenAccountError, WriteReport};

use crate::database::DataSource;
use crate::output::{out, outln};
pub use summary::{Counts, Summary};

/// What to import.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Courses in the format of samples/catalog.schema.json
    Catalog(Arguments),
    /// SQL dumps as `wrangler d1 export` or `sqlite3 .dump` write them
    D1(Arguments),
}

/// Options of both.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files to import
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Report what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: DataSource,
}

/// Imports files one after the other and prints what became of every row.
///
/// # Errors
/// When a file cannot be read at all, or storage fails. Rows that cannot be stored are named, and stop nothing.
pub async fn import(command: Command) -> Result<ExitCode> {
    let (arguments, is_d1) = match command {
        Command::Catalog(arguments) => (arguments, false),
        Command::D1(arguments) => (arguments, true),
    };
    // Read everything first: a file that is none of ours stops the command before anything is written.
    let mut texts = Vec::new();
    for file in &arguments.files {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        texts.push((file.display().to_string(), text));
    }
    let database = &arguments.database;
    let open = if arguments.dry_run { database.open_to_try().await? } else { database.open().await? };
    for (name, text) in texts {
        let import = if is_d1 {
            import_d1(&open.app, &text, arguments.dry_run).await
        } else {
            import_catalog(&open.app, &text, arguments.dry_run).await
        };
        let summary = import.with_context(|| name.clone())?;
        outln!("{name}{}", if arguments.dry_run { " (dry run: nothing was written)" } else { "" })?;
        out!("{summary}")?;
    }
    open.close();
    Ok(ExitCode::SUCCESS)
}

/// Imports a course from its JSON.
///
/// # Errors
/// When the text is no course, or storage fails.
pub async fn import_catalog(app: &App, text: &str, dry_run: bool) -> Result<Summary> {
    let (catalog, refused) = catalog::read_catalog(text)?;
    let mut summary = Summary::default();
    summary.read_catalog(&catalog, &refused);
    summary.refuse(refused);
    let (report, refused) = write_catalogs(app, vec![catalog], dry_run).await?;
    summary.write(&report);
    summary.refuse(refused);
    Ok(summary)
}

/// Imports everything of a D1 dump.
///
/// # Errors
/// When the text is no dump, or storage fails.
pub async fn import_d1(app: &App, sql: &str, dry_run: bool) -> Result<Summary> {
    let dump = d1::read_dump(sql, app.now())?;
    let mut summary = Summary::default();
    for (table, count) in dump.read {
        summary.read(table, count);
    }
    summary.refuse(dump.refused);
    summary.note(dump.notes);
    let (report, refused) = write_catalogs(app, dump.catalogs, dry_run).await?;
    summary.write(&report);
    summary.refuse(refused);
    write_accounts(app, dump.accounts, dry_run, &mut summary).await?;
    Ok(summary)
}

/// Completes and stores courses; the rows that could not be.
pub(crate) async fn write_catalogs(
    app: &App,
    drafts: Vec<CatalogDraft>,
    dry_run: bool,
) -> Result<(WriteReport, Vec<RefusedRow>)> {
    let mut report = WriteReport::new();
    let mut refused = Vec::new();
    let bar = ProgressBar::new(drafts.len() as u64);
    for mut draft in drafts {
        refused.extend(refuse_bad_rows(&mut draft));
        let catalog = complete(draft, app.now());
        let (written, foreign) = app.store.write_catalog(&catalog, app.now(), dry_run).await?;
        refused.extend(foreign.into_iter().map(|id| RefusedRow {
            table: "questions",
            id: id.to_string(),
            reason: "the id is a question's of another course".to_owned(),
        }));
        for (entity, counts) in written {
            let total = report.entry(entity).or_default();
            total.created += counts.created;
            total.changed += counts.changed;
            total.unchanged += counts.unchanged;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((report, refused))
}

/// Stores the accounts that are not there yet.
async fn write_accounts(app: &App, accounts: Vec<ImportedAccount>, dry_run: bool, summary: &mut Summary) -> Result<()> {
    let bar = ProgressBar::new(accounts.len() as u64);
    for account in accounts {
        let id = account.profile.id;
        let entries = account.entries.len();
        let outcome =
            if dry_run { app.store.check_account(&account).await } else { app.store.write_account(&account).await };
        match outcome {
            Ok(()) => summary.account_written(entries),
            Err(OpenAccountError::AlreadyThere) => summary.account_skipped(entries),
            Err(refused @ (OpenAccountError::EmailTaken | OpenAccountError::CustomerTaken)) => {
                let reason = refused.to_string();
                summary.refuse(vec![RefusedRow { table: "users", id: id.to_string(), reason }]);
            }
            Err(OpenAccountError::Store(error)) => return Err(error.into()),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}
