//! `pastpaper user`: what operators look up and change of one account. Every change is an entry of its ledger.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use serde_json::Value;
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::adjustment::{Adjustment, Reason};
use shared::domain::credits::{Amount, Plan};
use shared::domain::profile::Profile;

use crate::database::DataSource;

/// Entries that `show` prints.
const ENTRIES_SHOWN: usize = 10;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show an account, its balance and its latest ledger entries
    Show(Whom),
    /// Give credits, or take them with a negative number
    Grant {
        /// Whose
        #[command(flatten)]
        whom: Whom,
        /// How many
        #[arg(allow_negative_numbers = true)]
        credits: Amount,
        /// Why, as the user reads it in the list of transactions
        #[arg(long, value_parser = reason, default_value = "Credits from support")]
        reason: Reason,
    },
    /// Set the plan: the balance stays, the next refresh follows the new plan
    Plan {
        /// Whose
        #[command(flatten)]
        whom: Whom,
        /// free, starter or unlimited
        #[arg(value_parser = plan)]
        plan: Plan,
        /// Why, as the user reads it in the list of transactions
        #[arg(long, value_parser = reason, default_value = "Plan set by support")]
        reason: Reason,
    },
}

/// An account.
#[derive(Debug, Args)]
pub struct Whom {
    /// Its email
    email: String,
    #[command(flatten)]
    database: DataSource,
}

fn reason(text: &str) -> Result<Reason, &'static str> {
    Reason::try_from(text)
}

fn plan(text: &str) -> Result<Plan, &'static str> {
    serde_json::from_value(Value::from(text)).map_err(|_| "must be free, starter or unlimited")
}

/// Does it, and prints the account as it is then.
///
/// # Errors
/// When nobody has the email, the change is refused, or storage fails.
#[expect(clippy::print_stdout, reason = "the account is what the command is for")]
pub async fn run(command: Command) -> Result<ExitCode> {
    let (whom, change) = match command {
        Command::Show(whom) => (whom, None),
        Command::Grant { whom, credits, reason } => (whom, Some((Adjustment::Credits(credits), reason))),
        Command::Plan { whom, plan, reason } => (whom, Some((Adjustment::Plan(plan), reason))),
    };
    let open = whom.database.open().await?.must_exist()?;
    let shown = match change {
        Some((adjustment, reason)) => {
            adjust(&open.app, &whom.email, adjustment, &reason).await.map(|profile| (profile, 1))
        }
        None => find(&open.app, &whom.email).await.map(|profile| (profile, ENTRIES_SHOWN)),
    };
    let text = match shown {
        Ok((profile, entries)) => describe(&open.app, &profile, entries).await,
        Err(error) => Err(error),
    };
    open.close();
    println!("{}", text?);
    Ok(ExitCode::SUCCESS)
}

/// The account of an email.
///
/// # Errors
/// When nobody has it, or storage fails.
pub async fn find(app: &App, email: &str) -> Result<Profile> {
    let email = Email::try_from(email.to_owned()).map_err(|error| anyhow!("the email {error}"))?;
    let credential = app.store.credential(&email).await?.context("nobody has this email")?;
    app.store.profile(credential.user_id).await?.context("the account has no profile")
}

/// Makes a change.
///
/// # Errors
/// When nobody has the email, the change is refused, or storage fails.
pub async fn adjust(app: &App, email: &str, adjustment: Adjustment, reason: &Reason) -> Result<Profile> {
    let profile = find(app, email).await?;
    Ok(app.store.adjust(profile, adjustment, reason, app.now(), &app.random).await?)
}

async fn describe(app: &App, profile: &Profile, entries: usize) -> Result<String> {
    let wallet = profile.wallet.as_of(app.now());
    let mut lines = vec![
        format!("id       {}", profile.id),
        format!("email    {}", profile.email.as_str()),
        format!("plan     {}", wallet.plan.as_str()),
        format!("credits  {}", wallet.credits),
        format!("since    {}", profile.created_at),
    ];
    for entry in app.store.entries_before(profile.id, None, entries).await?.entries {
        let kind = serde_json::to_value(entry.kind)?;
        lines.push(format!(
            "{}  {:>+5}  {:>6}  {}  {}",
            entry.created_at,
            entry.amount,
            entry.balance_after,
            kind.as_str().unwrap_or_default(),
            entry.description.unwrap_or_default(),
        ));
    }
    Ok(lines.join("\n"))
}
