//! `pastpaper user list` and `pastpaper user find`: the accounts of the table. They read the whole table.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Serialize;
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::credits::{Credits, Plan};
use shared::domain::time::shown;
use shared::store::StoreError;

use crate::database::{DataSource, DatabaseUse};
use crate::output::{self, outln, plain};

/// Number of users whose sessions are read at the same time.
const CONCURRENCY: usize = 16;
/// A cell with one of these first characters is a formula for spreadsheet programs.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Options of `user list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only accounts of this plan
    #[arg(long, value_parser = crate::user::plan)]
    pub plan: Option<Plan>,
    /// Order: by email, or by the last time they were seen, latest first
    #[arg(long, value_enum, default_value_t = Order::Email)]
    pub sort: Order,
    /// Print CSV
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub database: DataSource,
}

/// Options of `user find`.
#[derive(Debug, Args)]
pub struct Find {
    /// Part of an email or a name, in any case
    #[arg(value_parser = searched)]
    pub text: String,
    /// Print CSV
    #[arg(long)]
    pub csv: bool,
    #[command(flatten)]
    pub database: DataSource,
}

fn searched(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    // Every email contains the empty text: `user list` says so on purpose.
    if text.is_empty() { Err("must not be empty; `user list` lists all accounts") } else { Ok(text.to_owned()) }
}

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    Email,
    Seen,
}

/// An account, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub id: String,
    pub email: String,
    pub name: String,
    pub plan: &'static str,
    pub credits: Credits,
    pub created_at: String,
    /// The last sign-in or movement of credits that is still known.
    pub last_seen_at: String,
}

/// Lists accounts.
///
/// # Errors
/// When storage fails.
pub async fn list(options: List) -> Result<ExitCode> {
    let open = options.database.open_to(DatabaseUse::Read).await?;
    let rows =
        rows(&open.app, |profile, now| options.plan.is_none_or(|plan| profile.wallet.plan_at(now) == plan)).await;
    open.close();
    print(sorted(rows?, options.sort), options.csv)
}

/// Lists the accounts whose email or name contains a text.
///
/// # Errors
/// When storage fails.
pub async fn find(options: Find) -> Result<ExitCode> {
    let open = options.database.open_to(DatabaseUse::Read).await?;
    let rows = rows(&open.app, |profile, _| has(profile, &options.text)).await;
    open.close();
    print(sorted(rows?, Order::Email), options.csv)
}

/// Whether an email or name contains a text, in any case.
#[must_use]
pub fn has(profile: &Profile, text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let name = Option::<String>::from(profile.name.clone()).unwrap_or_default();
    [profile.email.as_str(), &name].iter().any(|value| value.to_lowercase().contains(&text))
}

/// Reads the accounts that `is_wanted` selects. Accounts that are being deleted are left out.
///
/// # Errors
/// When storage fails.
pub async fn rows(app: &App, is_wanted: impl Fn(&Profile, Timestamp) -> bool) -> Result<Vec<Row>, StoreError> {
    let now = app.now();
    let (mut rows, mut from) = (Vec::new(), None);
    loop {
        let page = app.store.scan_profiles(from).await?;
        let wanted =
            page.profiles.into_iter().filter(|profile| profile.state.closing.is_none() && is_wanted(profile, now));
        let reads = wanted.map(async |profile| row(app, profile, now).await);
        rows.extend(stream::iter(reads).buffer_unordered(CONCURRENCY).try_collect::<Vec<_>>().await?);
        from = page.next;
        if from.is_none() {
            return Ok(rows);
        }
    }
}

async fn row(app: &App, profile: Profile, now: Timestamp) -> Result<Row, StoreError> {
    let sessions = app.store.sessions(profile.id).await?;
    let signed_in = sessions.iter().map(|(_, session)| session.created_at);
    let seen = signed_in.chain([profile.updated_at]).max().unwrap_or(profile.created_at);
    let wallet = app.store.with_month_of_plan(profile.clone(), now).await?.wallet.as_of(now);
    Ok(Row {
        id: profile.id.to_string(),
        email: profile.email.as_str().to_owned(),
        name: Option::<String>::from(profile.name).unwrap_or_default(),
        plan: wallet.plan.as_str(),
        credits: wallet.credits,
        created_at: shown(profile.created_at),
        last_seen_at: shown(seen),
    })
}

/// Sorts rows.
#[must_use]
pub fn sorted(mut rows: Vec<Row>, order: Order) -> Vec<Row> {
    rows.sort_by(|one, other| match order {
        Order::Email => one.email.cmp(&other.email),
        Order::Seen => (&other.last_seen_at, &one.email).cmp(&(&one.last_seen_at, &other.email)),
    });
    rows
}

fn print(rows: Vec<Row>, is_csv: bool) -> Result<ExitCode> {
    if is_csv {
        output::json(&csv(rows)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|row| row.email.chars().count()).max().unwrap_or(0);
    for row in &rows {
        let Row { id, email, name, plan, credits, last_seen_at, .. } = row;
        outln!("{id}  {:<width$}  {plan:<9}  {credits:>6}  {last_seen_at}  {}", plain(email), plain(name))?;
    }
    let count = if rows.len() == 1 { "1 account".to_owned() } else { format!("{} accounts", rows.len()) };
    outln!("{count}")?;
    Ok(ExitCode::SUCCESS)
}

/// The rows as CSV with a header. A cell that a spreadsheet program would run as a formula begins with an apostrophe.
///
/// # Errors
/// When memory runs out.
pub fn csv(rows: Vec<Row>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let is_empty = rows.is_empty();
    for mut row in rows {
        for cell in [&mut row.email, &mut row.name] {
            if cell.starts_with(FORMULA_STARTS) {
                cell.insert(0, '\'');
            }
        }
        writer.serialize(row)?;
    }
    if is_empty {
        writer.write_record(["id", "email", "name", "plan", "credits", "created_at", "last_seen_at"])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}
