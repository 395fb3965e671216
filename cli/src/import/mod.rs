//! `pastpaper import`: imports papers, courses from the catalogue JSON, or all data from a dump of the old D1 database.

pub mod catalog;
pub mod d1;
mod drawable;
mod drawing;
mod fields;
mod figures;
mod json;
pub mod missing;
pub mod papers;
mod studies;
mod summary;
pub mod undo;

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use jiff::Timestamp;
use shared::app::App;
use shared::domain::catalog::Question;
use shared::domain::catalog::check::refuse_bad_rows;
use shared::domain::catalog::complete::complete;
use shared::domain::catalog::draft::{CatalogDraft, RefusedRow};
use shared::domain::catalog::faults::{refuse_faulty_rows, withhold_faulty_rows};
use shared::domain::catalog::figures::{FigureDigest, FigureFile, figures_of};
use shared::domain::catalog::warnings::warnings;
use shared::domain::id::UserId;
use shared::domain::time::shown;
use shared::store::{CatalogBase, CatalogWrite, ImportedAccount, OpenAccountError, WriteReport};

use self::missing::Missing;
use self::studies::{KnownQuestions, write_studies};
use crate::database::DataSource;
use crate::output::{out, outln};
use crate::{mailboxes, progress};
pub(crate) use drawing::Pen;
pub use summary::{RowCounts, Summary};

/// `pastpaper import`: papers, or one of the subcommands.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    papers: papers::Arguments,
}

/// Imports of whole courses.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Import courses in the format of samples/catalog.schema.json
    Catalog(Arguments),
    /// Import SQL dumps of the old D1 database, made by `wrangler d1 export` or `sqlite3 .dump`
    D1(Arguments),
    /// Take the last import of a course back, while nobody has bought in the course since
    Undo(undo::Undo),
}

/// Options of both subcommands.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files to import
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Report what would change, without changing anything
    #[arg(long)]
    dry_run: bool,
    /// Write nothing and exit with status 1 if any row is refused or has a warning
    #[arg(long)]
    strict: bool,
    /// Retire the stored questions of a course that its file does not have. Who bought one still sees it
    #[arg(long)]
    retire_missing: bool,
    #[command(flatten)]
    database: DataSource,
}

/// Imports files one after the other and prints the result of every row. The exit status is 1 if a row was refused.
///
/// # Errors
/// When a file cannot be read at all, or storage fails. Rows that cannot be stored are reported and do not stop the
/// import.
pub async fn import(import: Import) -> Result<ExitCode> {
    let (arguments, is_d1) = match import.command {
        Some(Command::Catalog(arguments)) => (arguments, false),
        Some(Command::D1(arguments)) => (arguments, true),
        Some(Command::Undo(options)) => return undo::run(options).await,
        None => return papers::import(import.papers).await,
    };
    ensure!(!(is_d1 && arguments.retire_missing), "--retire-missing is for catalogue files");
    // Read everything first, so that an unknown file stops the command before anything is written.
    let mut texts = Vec::new();
    for file in &arguments.files {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = in_utf_8(bytes).with_context(|| file.display().to_string())?;
        texts.push((file.display().to_string(), text));
    }
    check_all(&texts, is_d1)?;
    let database = &arguments.database;
    let mut summaries = Vec::new();
    let mut missing = Vec::new();
    if arguments.dry_run || arguments.strict {
        // A folder must not be made for what is refused; a table elsewhere may have to be made first.
        let is_tried = arguments.dry_run || database.is_folder();
        let open = if is_tried { database.open_to_try().await? } else { database.open().await? };
        summaries = import_all(&open.app, &texts, is_d1, true).await?;
        if arguments.dry_run && arguments.retire_missing {
            missing = find_missing(&open.app, &texts).await?;
        }
        open.close();
    }
    let is_stopped = arguments.strict && !summaries.iter().all(Summary::is_clean);
    let is_written = !arguments.dry_run && !is_stopped;
    if is_written {
        let open = database.open().await?;
        let before = if arguments.retire_missing { versions_of(&open.app, &texts).await? } else { Vec::new() };
        summaries = import_all(&open.app, &texts, is_d1, false).await?;
        if arguments.retire_missing {
            missing = find_missing(&open.app, &texts).await?;
            for (missing, before) in missing.iter().zip(before) {
                missing.retire(&open.app, before).await?;
            }
        }
        open.close();
    }
    let why_not = match (arguments.dry_run, is_stopped) {
        (true, _) => " (dry run: nothing was written)",
        (false, true) => " (--strict: nothing was written)",
        (false, false) => "",
    };
    for ((name, _), summary) in texts.iter().zip(&summaries) {
        outln!("{name}{why_not}")?;
        out!("{summary}")?;
    }
    for missing in &missing {
        outln!("{}", missing.report(is_written))?;
    }
    let sum = |count: fn(&Summary) -> usize| summaries.iter().map(count).sum::<usize>();
    let (refused, written) = (sum(|summary| summary.refused.len()), sum(Summary::written));
    outln!("{refused} refused, {written} {}", if is_written { "written" } else { "would write" })?;
    Ok(if refused > 0 || is_stopped { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn find_missing(app: &App, texts: &[(String, String)]) -> Result<Vec<Missing>> {
    let mut missing = Vec::with_capacity(texts.len());
    for (name, text) in texts {
        missing.push(Missing::find(app, text).await.with_context(|| name.clone())?);
    }
    Ok(missing)
}

/// The versions of the courses of files; 0 of a course that does not exist.
async fn versions_of(app: &App, texts: &[(String, String)]) -> Result<Vec<u64>> {
    let mut versions = Vec::with_capacity(texts.len());
    for (name, text) in texts {
        let id = catalog::read_catalog(text).with_context(|| name.clone())?.draft.course.id;
        versions.push(app.store.course(&id).await?.map_or(0, |course| course.catalog_version));
    }
    Ok(versions)
}

/// The text of a file.
fn in_utf_8(bytes: Vec<u8>) -> Result<String> {
    let is_utf_16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    ensure!(
        !is_utf_16,
        "the file is in UTF-16, as PowerShell's `>` writes it: save it as UTF-8, for example with \
         `Get-Content FILE | Set-Content -Encoding utf8 NEW_FILE`"
    );
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        anyhow!("the file is not in UTF-8 (see line {line}): save it as UTF-8")
    })
}

/// Checks that each file is what it should be, without a database: nothing is written of any if one is not.
fn check_all(texts: &[(String, String)], is_d1: bool) -> Result<()> {
    for (name, text) in texts {
        let checked = if is_d1 {
            // Rows without a date get this time; it does not matter for the check.
            d1::read_dump(text, Timestamp::UNIX_EPOCH).map(|_| ())
        } else {
            catalog::read_catalog(text).map(|_| ())
        };
        checked.with_context(|| name.clone())?;
    }
    Ok(())
}

/// Imports files by their names and texts.
async fn import_all(app: &App, texts: &[(String, String)], is_d1: bool, dry_run: bool) -> Result<Vec<Summary>> {
    let mut summaries = Vec::with_capacity(texts.len());
    for (name, text) in texts {
        let import = if is_d1 { import_d1(app, text, dry_run).await } else { import_catalog(app, text, dry_run).await };
        summaries.push(import.with_context(|| name.clone())?);
    }
    Ok(summaries)
}

/// Imports a course from JSON.
///
/// # Errors
/// When the text is not a course, or storage fails.
pub async fn import_catalog(app: &App, text: &str, dry_run: bool) -> Result<Summary> {
    import_read(app, catalog::read_catalog(text)?, None, dry_run).await
}

/// Imports a course that was made from a stored course, if any is given.
async fn import_read(
    app: &App,
    mut read: catalog::ReadCatalog,
    based_on: Option<&CatalogBase>,
    dry_run: bool,
) -> Result<Summary> {
    let mut summary = Summary { dry_run, ..Summary::default() };
    summary.read_catalog(&read.draft, &read.refused);
    summary.note(read.notes);
    summary.warn(read.warnings);
    summary.refuse(read.refused);
    let mut figures = figures::take(&mut read.draft);
    refuse_unknown_figures(app, &mut read.draft, &mut figures).await?;
    summary.refuse(figures.refused);
    summary.warn(figures.warnings);
    summary.refuse(refuse_faulty_rows(&mut read.draft));
    look_at(&mut read.draft, &mut summary)?;
    let files = referenced(figures.files, &read.draft);
    summary.figures(files.len(), app.store.write_figures(&files, dry_run).await?);
    let (report, refused) = write_catalogs(app, vec![read.draft], based_on, dry_run).await?;
    summary.write(&report);
    summary.refuse(refused);
    Ok(summary)
}

/// Removes the questions that name a figure by digest which is not stored.
async fn refuse_unknown_figures(app: &App, draft: &mut CatalogDraft, figures: &mut figures::Taken) -> Result<()> {
    for (digest, questions) in std::mem::take(&mut figures.references) {
        let is_known =
            figures.files.iter().any(|file| file.digest == digest) || app.store.figure(&digest).await?.is_some();
        if is_known {
            continue;
        }
        draft.questions.retain(|question| !questions.iter().any(|id| *id == question.id.as_str()));
        let reason = format!("figures: there is no stored figure {}; data has the image", digest.as_str());
        figures.refused.extend(questions.into_iter().map(|id| RefusedRow {
            table: "questions",
            id,
            reason: reason.clone(),
        }));
    }
    Ok(())
}

/// Imports all data of a D1 dump.
///
/// # Errors
/// When the text is not a dump, or storage fails.
pub async fn import_d1(app: &App, sql: &str, dry_run: bool) -> Result<Summary> {
    let mut dump = d1::read_dump(sql, app.now())?;
    let mut summary = Summary { dry_run, ..Summary::default() };
    for (table, count) in dump.read {
        summary.read(table, count);
    }
    summary.warn(dump.warnings);
    summary.refuse(dump.refused);
    summary.note(dump.notes);
    for draft in &mut dump.catalogs {
        summary.warn(withhold_faulty_rows(draft));
        look_at(draft, &mut summary)?;
    }
    let drafted = if dry_run { KnownQuestions::of_drafts(&dump.catalogs) } else { KnownQuestions::default() };
    let (report, refused) = write_catalogs(app, dump.catalogs, None, dry_run).await?;
    summary.write(&report);
    summary.refuse(refused);
    summary.note(mailboxes::settle(app, &mut dump.accounts).await?);
    let accounts: HashSet<UserId> = dump.accounts.iter().map(|account| account.profile.id).collect();
    write_accounts(app, dump.accounts, dry_run, &mut summary).await?;
    let rows = (dump.progress, dump.enrollments);
    if !rows.0.is_empty() || !rows.1.is_empty() {
        let known = drafted.and_stored(app).await?;
        write_studies(app, rows, (&known, &accounts), dry_run, &mut summary).await?;
    }
    Ok(summary)
}

/// The figures of questions that were not refused.
fn referenced(files: Vec<FigureFile>, draft: &CatalogDraft) -> Vec<FigureFile> {
    let figures = draft.questions.iter().flat_map(|question| figures_of(&question.extra));
    let digests: HashSet<FigureDigest> = figures.map(|figure| figure.digest).collect();
    files.into_iter().filter(|file| digests.contains(&file.digest)).collect()
}

/// Removes invalid rows, and warns about suspicious values in the others.
fn look_at(draft: &mut CatalogDraft, summary: &mut Summary) -> Result<()> {
    summary.refuse(refuse_bad_rows(draft));
    let is_whole = summary.refused.iter().all(|row| row.table != "questions");
    summary.warn(warnings(draft, is_whole));
    summary.warn(drawable::warnings(draft, &Pen::new(&draft.course.macros)?));
    Ok(())
}

/// Completes courses, draws their formulas and stores them. Returns the rows that could not be stored.
pub(crate) async fn write_catalogs(
    app: &App,
    drafts: Vec<CatalogDraft>,
    based_on: Option<&CatalogBase>,
    dry_run: bool,
) -> Result<(WriteReport, Vec<RefusedRow>)> {
    let mut report = WriteReport::new();
    let mut refused = Vec::new();
    for mut draft in drafts {
        refused.extend(refuse_bad_rows(&mut draft));
        let catalog = complete(draft, app.now());
        let pen = Pen::new(&catalog.course.macros)?;
        let storing = progress::bar("storing questions", catalog.questions.len());
        let draw = |questions: &mut [Question]| {
            pen.draw_all(questions);
            storing.inc(questions.len() as u64);
        };
        let write = CatalogWrite { dry_run, based_on, draw: &draw, ..CatalogWrite::whole(app.now()) };
        let (written, foreign) = app.store.write_catalog(catalog, &write).await?;
        drop(storing);
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
            total.corrected += counts.corrected;
        }
    }
    Ok((report, refused))
}

/// Stores the accounts that do not exist yet.
async fn write_accounts(app: &App, accounts: Vec<ImportedAccount>, dry_run: bool, summary: &mut Summary) -> Result<()> {
    let bar = ProgressBar::new(accounts.len() as u64);
    let (mut known, mut not_stored) = (0, 0);
    for account in accounts {
        let id = account.profile.id;
        let entries = account.entries.len();
        let outcome = if dry_run {
            app.store.check_account(&account).await
        } else {
            app.store.write_account(&account, (app.now(), &app.random)).await
        };
        match outcome {
            Ok(()) => summary.account_written(entries),
            Err(OpenAccountError::AlreadyThere) => {
                summary.account_skipped(entries);
                (known, not_stored) = (known + 1, not_stored + entries);
                if let Some(until) = account.profile.wallet.unlimited_until
                    && app.store.add_unlimited_time(id, until, app.now(), dry_run, &app.random).await?
                {
                    let end = Timestamp::from_second(until).map(shown).unwrap_or_default();
                    summary.note(vec![format!(
                        "users {id}: unlimited until {end}, which the account did not have: added"
                    )]);
                }
            }
            Err(refused @ (OpenAccountError::EmailTaken | OpenAccountError::CustomerTaken)) => {
                let profile = &account.profile;
                let owner = match refused {
                    OpenAccountError::EmailTaken => app.store.credential(&profile.email).await?,
                    _ => None,
                };
                let reason = owner.map_or_else(
                    || refused.to_string(),
                    |owner| {
                        let owner = format!("the stored account {}, which was there before", owner.user_id);
                        d1::email_taken(&owner, profile.wallet.credits)
                    },
                );
                summary.refuse(vec![RefusedRow { table: "users", id: id.to_string(), reason }]);
            }
            Err(OpenAccountError::Store(error)) => return Err(error.into()),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if known > 0 {
        summary.note(vec![format!(
            "users: {known} have an account already, which keeps its balance and its ledger; the {not_stored} ledger entries \
             that this file gives them are not stored"
        )]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_another_encoding_is_named_as_such() {
        let said = |bytes: &[u8]| in_utf_8(bytes.to_vec()).map_err(|error| error.to_string());
        assert_eq!(said("\u{feff}é".as_bytes()).as_deref(), Ok("\u{feff}é"));
        for bytes in [&b"\xff\xfe{\0"[..], b"\xfe\xff\0{"] {
            assert!(said(bytes).unwrap_err().starts_with("the file is in UTF-16, "));
        }
        let latin = "the file is not in UTF-8 (see line 2): save it as UTF-8";
        assert_eq!(said(b"a\nSchr\xf6dinger").unwrap_err(), latin);
    }

    #[test]
    fn every_file_is_checked_before_the_first_is_written() {
        let good = r#"{"course": {"id": "c", "name": "C"}, "topics": [], "questions": []}"#;
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        let files = [file("good.json", good), file("bad.json", "[]")];
        check_all(&files[..1], false).unwrap();
        let error = format!("{:#}", check_all(&files, false).unwrap_err());
        assert_eq!(error, "bad.json: not a course file (samples/catalog.schema.json): it is a list");
        assert!(check_all(&files, true).is_err());
    }
}
