//! `pastpaper user grant`: credits for one account, or for every account that a file names.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use shared::domain::credits::{Amount, Credits};
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::time::shown;
use shared::store::{AdjustError, Adjusted, OperatorChange};

use crate::database::{DataSource, DatabaseUse};
use crate::delimited::{Table, read_file};
use crate::output::{outln, plain};
use crate::user::{adjust, adjusted, credits, key, reason};

/// Most credits of a row.
const CREDITS_MAX: Credits = 100_000;
/// Most rows of a file.
const ROWS_MAX: usize = 100_000;

/// Options of `user grant`.
#[derive(Debug, Args)]
#[command(override_usage = "pastpaper user grant [OPTIONS] <ACCOUNT> <CREDITS>\n       \
                            pastpaper user grant [OPTIONS] --file <CSV> --key <KEY>")]
pub struct Grant {
    /// Email or user id
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    account: Option<String>,
    /// Number of credits
    #[arg(allow_negative_numbers = true, value_parser = credits, required_unless_present = "file", conflicts_with = "file")]
    credits: Option<Amount>,
    /// A CSV file with the columns email and credits: each account gets its credits, once for this --key. Emails without an
    /// account are named; run the command again when they have registered
    #[arg(long, value_name = "CSV", requires = "key")]
    file: Option<PathBuf>,
    /// Idempotency key: repeating the command with this key grants only once. The key is stored as long as the
    /// account
    #[arg(long, value_parser = key)]
    key: Option<IdempotencyKey>,
    /// Reason, shown to the user in the list of transactions
    #[arg(long, value_parser = reason, default_value = "Credits from support")]
    reason: AdjustmentReason,
    #[command(flatten)]
    database: DataSource,
}

/// A row of a file.
#[derive(Debug, Clone)]
pub struct Row {
    email: Email,
    credits: Credits,
}

/// What became of the rows.
#[derive(Debug, Default)]
pub struct Report {
    /// A line for each row, in the order of the file.
    pub lines: Vec<String>,
    pub granted: usize,
    /// Rows whose grant was made by an earlier run.
    pub before: usize,
    /// Rows without an account, and rows that were refused.
    pub left: usize,
}

/// Grants credits. With a file, the exit code is 1 if a row was not granted.
///
/// # Errors
/// When there is no such account, the change is refused, the file is not as it should be, or storage fails.
pub async fn run(grant: Grant) -> Result<ExitCode> {
    // Read before the database is opened: a wrong file changes nothing.
    let rows = grant.file.as_ref().map(|file| read_file(file).and_then(|text| rows(&text))).transpose()?;
    let open = grant.database.open_to(DatabaseUse::Change).await?;
    let done = match rows {
        Some(rows) => to_all(&open.app, &rows, &grant).await,
        None => to_one(&open.app, &grant).await.map(|said| (said, true)),
    };
    open.close();
    let (said, is_complete) = done?;
    outln!("{said}")?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn to_one(app: &App, grant: &Grant) -> Result<String> {
    let (Some(account), Some(credits)) = (&grant.account, grant.credits) else {
        return Err(anyhow!("an account and a number of credits are needed"));
    };
    let (adjustment, key) = (Adjustment::Credits(credits), grant.key.as_ref());
    let change = OperatorChange { adjustment, reason: &grant.reason, key };
    adjusted(app, adjust(app, account, change).await?).await
}

async fn to_all(app: &App, rows: &[Row], grant: &Grant) -> Result<(String, bool)> {
    let key = grant.key.as_ref().context("--file needs --key")?;
    let Report { mut lines, granted, before, left } = grant_all(app, rows, key, &grant.reason).await?;
    lines.push(format!("{granted} granted, {before} granted before, {left} not granted"));
    Ok((lines.join("\n"), left == 0))
}

/// Reads a file. An email may be in it once.
///
/// # Errors
/// Names the first row that is wrong.
pub fn rows(text: &[u8]) -> Result<Vec<Row>> {
    let table = Table::open(text, None)?;
    let (email, credits) = (table.column("email")?, table.column("credits")?);
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    table.each_row(|row| {
        let cell = |column: usize| row.get(column).unwrap_or_default();
        let email = Email::try_from(cell(email).to_owned()).map_err(|error| anyhow!("the email {error}"))?;
        let credits = cell(credits).parse().ok().filter(|credits| (1..=CREDITS_MAX).contains(credits));
        let credits = credits.with_context(|| format!("credits must be a whole number from 1 to {CREDITS_MAX}"))?;
        ensure!(seen.insert(Mailbox::of(email.clone()).normal().clone()), "the email is in the file twice");
        ensure!(rows.len() < ROWS_MAX, "a file has at most {ROWS_MAX} rows");
        rows.push(Row { email, credits });
        Ok(())
    })?;
    Ok(rows)
}

/// Grants each row once for `key`, however often it is called.
///
/// # Errors
/// When storage fails. A repetition with the same key grants the rest.
pub async fn grant_all(app: &App, rows: &[Row], key: &IdempotencyKey, reason: &AdjustmentReason) -> Result<Report> {
    let mut report = Report::default();
    for Row { email, credits } in rows {
        let found = app.store.credential_of(&Mailbox::of(email.clone())).await?;
        let profile = match found {
            Some((_, credential)) => app.store.profile(credential.user_id).await?,
            None => None,
        };
        let outcome = if let Some(profile) = profile {
            let adjustment = Adjustment::Credits(Amount::from(*credits));
            let change = OperatorChange { adjustment, reason, key: Some(key) };
            match app.store.adjust(profile, change, app.now(), &app.random).await {
                Ok(Adjusted::Now(profile)) => {
                    report.granted += 1;
                    format!("granted, the balance is {}", profile.wallet.credits)
                }
                Ok(Adjusted::Before(_, at)) => {
                    report.before += 1;
                    format!("granted at {}", shown(at))
                }
                Err(AdjustError::Store(error)) => return Err(error.into()),
                Err(refused) => {
                    report.left += 1;
                    refused.to_string()
                }
            }
        } else {
            report.left += 1;
            "no account has this email".to_owned()
        };
        report.lines.push(format!("{}  {credits:+}  {outcome}", plain(email.as_str())));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_row_is_named() {
        for (file, error) in [
            ("email;credits\nada@example.org;5\n", None),
            ("\u{feff}credits,email\n5,ada@example.org\n", None),
            ("email,credits\nada,5\n", Some("row 2: the email ")),
            ("email,credits\nada@example.org,0\n", Some("row 2: credits must be a whole number from 1 to 100000")),
            ("email,credits\nada@example.org,-5\n", Some("row 2: credits must be")),
            ("email,credits\nada@example.org,1\nADA@Example.org,1\n", Some("row 3: the email is in the file twice")),
            ("email\nada@example.org\n", Some("there is no column \"credits\"")),
            ("email,credits\n", Some("the file has column names and no rows")),
        ] {
            let read = rows(file.as_bytes()).map(|rows| rows.len()).map_err(|error| format!("{error:#}"));
            match error {
                None => assert_eq!(read, Ok(1), "{file}"),
                Some(start) => assert!(read.as_ref().is_err_and(|error| error.starts_with(start)), "{file}: {read:?}"),
            }
        }
    }
}
