//! `pastpaper user grant`: credits for one account, or for every email that a file names. Emails without an account hold them.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use shared::domain::credits::held::{HELD_MAX, HeldGrant, HeldGrants, NotHeld};
use shared::domain::credits::{Amount, Credits};
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::time::shown;
use shared::store::{AdjustError, Adjusted, Hold, OperatorChange};

use crate::database::{DataSource, DatabaseUse};
use crate::delimited::{Table, read_file};
use crate::output::{outln, plain};
use crate::user::{adjust, adjusted, credits, key, reason};

/// Most credits of a row.
const CREDITS_MAX: Credits = 100_000;
/// Attempts at a row whose email gets or loses its account meanwhile.
const ATTEMPTS_MAX: u32 = 4;
/// Most rows of a file.
const ROWS_MAX: usize = 100_000;

/// Options of `user grant`.
#[derive(Debug, Args)]
#[command(override_usage = "pastpaper user grant [OPTIONS] <ACCOUNT> <CREDITS>\n       \
                            pastpaper user grant [OPTIONS] --file <CSV> --key <KEY>\n       \
                            pastpaper user grant [OPTIONS] --held [--key <KEY>]\n       \
                            pastpaper user grant [OPTIONS] --withdraw --key <KEY> [EMAIL]")]
pub struct Grant {
    /// Email or user id
    #[arg(required_unless_present_any = ["file", "held", "withdraw"], conflicts_with_all = ["file", "held"])]
    account: Option<String>,
    /// Number of credits
    #[arg(
        allow_negative_numbers = true,
        value_parser = credits,
        required_unless_present_any = ["file", "held", "withdraw"],
        conflicts_with_all = ["file", "held", "withdraw"]
    )]
    credits: Option<Amount>,
    /// A CSV file with the columns email and credits: each account gets its credits, once for this --key. An email without an
    /// account holds them until it registers
    #[arg(long, value_name = "CSV", requires = "key", conflicts_with_all = ["held", "withdraw"])]
    file: Option<PathBuf>,
    /// List what emails without an account hold; of one --key, if it is given. Reads the whole table
    #[arg(long, conflicts_with = "withdraw")]
    held: bool,
    /// Take back what emails hold for --key; all of them, or the one that is named. What an account has got stays
    #[arg(long, requires = "key")]
    withdraw: bool,
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
    /// Rows of emails without an account, which hold the grant.
    pub held: usize,
    /// Rows that were refused.
    pub left: usize,
}

/// Grants credits. With a file, the exit code is 1 if a row was not granted.
///
/// # Errors
/// When there is no such account, the change is refused, the file is not as it should be, or storage fails.
pub async fn run(grant: Grant) -> Result<ExitCode> {
    // Read before the database is opened: a wrong file changes nothing.
    let rows = grant.file.as_ref().map(|file| read_file(file).and_then(|text| rows(&text))).transpose()?;
    let purpose = if grant.held { DatabaseUse::Read } else { DatabaseUse::Change };
    let open = grant.database.open_to(purpose).await?;
    let done = match rows {
        Some(rows) => to_all(&open.app, &rows, &grant).await,
        None if grant.held => list(&open.app, grant.key.as_ref()).await.map(|said| (said, true)),
        None if grant.withdraw => withdraw(&open.app, &grant).await.map(|said| (said, true)),
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
    let Report { mut lines, granted, before, held, left } = grant_all(app, rows, key, &grant.reason).await?;
    lines.push(format!("{granted} granted, {before} granted before, {held} held, {left} not granted"));
    Ok((lines.join("\n"), left == 0))
}

async fn list(app: &App, key: Option<&IdempotencyKey>) -> Result<String> {
    let (mut lines, mut emails) = (Vec::new(), 0);
    for (email, held) in all_held(app).await? {
        let grants = held.grants().iter().filter(|grant| key.is_none_or(|key| grant.key == *key));
        let of_email: Vec<String> = grants
            .map(|HeldGrant { key, credits, held_at, .. }| {
                format!("{}  +{credits}  {}  since {}", plain(email.as_str()), plain(key.as_str()), shown(*held_at))
            })
            .collect();
        emails += usize::from(!of_email.is_empty());
        lines.extend(of_email);
    }
    lines.push(format!("{} held for {}", counted(lines.len(), "grant"), counted(emails, "email")));
    Ok(lines.join("\n"))
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

async fn withdraw(app: &App, grant: &Grant) -> Result<String> {
    let key = grant.key.as_ref().context("--withdraw needs --key")?;
    let email = grant.account.clone().map(Email::try_from).transpose().map_err(|error| anyhow!("the email {error}"))?;
    let taken = withdraw_all(app, key, email).await?;
    if taken.is_empty() {
        return Ok(
            "Nothing is held for this key and email; nothing was taken back. --held lists what is held.".to_owned()
        );
    }
    let mut lines: Vec<String> =
        taken.iter().map(|(email, credits)| format!("{}  +{credits}  taken back", plain(email.as_str()))).collect();
    lines.push(format!("{} taken back", counted(taken.len(), "grant")));
    Ok(lines.join("\n"))
}

/// What all emails hold, by email. Reads the whole table.
///
/// # Errors
/// When storage fails, or something that is held cannot be read.
pub async fn all_held(app: &App) -> Result<Vec<(Email, HeldGrants)>> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let page = app.store.scan_profiles(from).await?;
        let is_readable = page.corrupt.is_empty();
        ensure!(is_readable, "{} items cannot be read; `pastpaper verify` names them", page.corrupt.len());
        all.extend(page.held);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    all.sort_by(|(one, _), (other, _)| one.as_str().cmp(other.as_str()));
    Ok(all)
}

/// Takes back what is held for a key: by one email, or by all. Returns whose grants of how many credits these were.
///
/// # Errors
/// When storage fails. A repetition takes back the rest.
pub async fn withdraw_all(app: &App, key: &IdempotencyKey, email: Option<Email>) -> Result<Vec<(Email, Credits)>> {
    let emails = match email {
        Some(email) => vec![Mailbox::of(email).normal().clone()],
        None => all_held(app).await?.into_iter().map(|(email, _)| email).collect(),
    };
    let mut taken = Vec::new();
    for email in emails {
        if let Some(grant) = app.store.withdraw_grant(&email, key, &app.random).await? {
            taken.push((email, grant.credits));
        }
    }
    Ok(taken)
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

/// Grants each row once for `key`, however often it is called. An email without an account holds its row.
///
/// # Errors
/// When storage fails. A repetition with the same key grants the rest.
pub async fn grant_all(app: &App, rows: &[Row], key: &IdempotencyKey, reason: &AdjustmentReason) -> Result<Report> {
    let mut report = Report::default();
    for row in rows {
        let outcome = grant_row(app, row, (key, reason), &mut report).await?;
        report.lines.push(format!("{}  {:+}  {outcome}", plain(row.email.as_str()), row.credits));
    }
    Ok(report)
}

/// Grants or holds a row, and says what became of it.
async fn grant_row(
    app: &App,
    Row { email, credits }: &Row,
    (key, reason): (&IdempotencyKey, &AdjustmentReason),
    report: &mut Report,
) -> Result<String> {
    let mailbox = Mailbox::of(email.clone());
    for _ in 0..ATTEMPTS_MAX {
        let profile = match app.store.credential_of(&mailbox).await? {
            Some((_, credential)) => app.store.profile(credential.user_id).await?,
            None => None,
        };
        if let Some(profile) = profile {
            let adjustment = Adjustment::Credits(Amount::from(*credits));
            let change = OperatorChange { adjustment, reason, key: Some(key) };
            return Ok(match app.store.adjust(profile, change, app.now(), &app.random).await {
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
            });
        }
        let (key, reason, held_at) = (key.clone(), reason.clone(), app.now());
        let grant = HeldGrant { key, credits: *credits, reason, held_at };
        let (said, count) = match app.store.hold_grant(&mailbox, &grant, (app.now(), &app.random)).await? {
            // It registered meanwhile.
            Hold::Account => continue,
            Hold::Now => ("no account yet: held until the email registers".to_owned(), &mut report.held),
            Hold::Not(NotHeld::Before(at)) => (format!("no account yet: held since {}", shown(at)), &mut report.held),
            Hold::Not(NotHeld::KeyReused) => {
                ("the email holds other credits for this key: use a new one".to_owned(), &mut report.left)
            }
            Hold::Not(NotHeld::Full) => {
                (format!("the email holds {HELD_MAX} grants, which is the most"), &mut report.left)
            }
            Hold::Reserved(until) => {
                let until = shown(until);
                let said = format!(
                    "an account left this email and can take it back until {until}: run the command again then"
                );
                (said, &mut report.left)
            }
        };
        *count += 1;
        return Ok(said);
    }
    report.left += 1;
    Ok("the account changes at this moment: run the command again".to_owned())
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
