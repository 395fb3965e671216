//! `pastpaper user`: shows and changes one account. Every change of a balance is an entry in its ledger.

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::account::profile::Profile;
use shared::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use shared::domain::credits::{Amount, Credits, Plan};
use shared::domain::id::UserId;
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::mail::MailKind;
use shared::domain::time::shown;
use shared::store::{Adjusted, OperatorChange};
use uuid::Uuid;

use crate::database::{DataSource, DatabaseUse};
use crate::output::{message, outln, plain};
use crate::{user_grants, user_list};

/// Number of entries that `show` prints.
const ENTRIES_SHOWN: usize = 10;
/// Maximum number of bytes read of a confirmation.
const ANSWER_BYTES_MAX: u64 = 100;

/// The subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show an account, its balance and its latest ledger entries
    Show(Whom),
    /// List the accounts, with plan, balance and when they were last seen. Reads the whole table
    List(user_list::List),
    /// List the accounts whose email or name contains a text. Reads the whole table
    Find(user_list::Find),
    /// Grant credits, or remove them with a negative number; to one account, or to those of a file
    Grant(user_grants::Grant),
    /// Set the plan; the balance stays, the next refresh follows the new plan
    Plan {
        /// The account
        #[command(flatten)]
        whom: Whom,
        /// free, starter or unlimited
        #[arg(value_parser = plan)]
        plan: Plan,
        /// Reason, shown to the user in the list of transactions
        #[arg(long, value_parser = reason, default_value = "Plan set by support")]
        reason: AdjustmentReason,
    },
    /// Delete an account and its data, or complete an interrupted deletion
    Delete {
        /// The account
        #[command(flatten)]
        whom: Whom,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
    /// End all sessions of a user
    SignOut(Whom),
    /// Remove the second factor of a user who lost it: a login needs no code then. Make sure who asks
    ResetFactor(Whom),
}

/// An account.
#[derive(Debug, Args)]
pub struct Whom {
    /// Email or user id
    account: String,
    #[command(flatten)]
    database: DataSource,
}

impl Command {
    /// The account that the subcommand is about; `None` for a list.
    fn whom(&self) -> Option<&Whom> {
        match self {
            Self::Show(whom)
            | Self::Plan { whom, .. }
            | Self::Delete { whom, .. }
            | Self::SignOut(whom)
            | Self::ResetFactor(whom) => Some(whom),
            Self::List(_) | Self::Find(_) | Self::Grant(_) => None,
        }
    }
}

pub(crate) fn reason(text: &str) -> Result<AdjustmentReason, &'static str> {
    AdjustmentReason::try_from(text)
}

pub(crate) fn key(text: &str) -> Result<IdempotencyKey, String> {
    IdempotencyKey::try_from(text).map_err(|error| error.to_string())
}

/// Parses a number of credits to add or remove, within the range of a balance.
pub(crate) fn credits(text: &str) -> Result<Amount, String> {
    let most = Amount::from(Credits::MAX);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("must be a whole number".to_owned());
    }
    if text.parse() == Ok::<Amount, _>(0) {
        return Err("must not be 0: that would change nothing".to_owned());
    }
    let amount = text.parse().ok().filter(|amount| (-most..=most).contains(amount));
    amount.ok_or_else(|| format!("at most {most} credits can be given or taken"))
}

pub(crate) fn plan(text: &str) -> Result<Plan, &'static str> {
    serde_json::from_value(Value::from(text)).map_err(|_| "must be free, starter or unlimited")
}

/// Runs the subcommand and prints the resulting state.
///
/// # Errors
/// When there is no such account, the change is refused, or storage fails.
pub async fn run(command: Command) -> Result<ExitCode> {
    let command = match command {
        Command::List(options) => return user_list::list(options).await,
        Command::Find(options) => return user_list::find(options).await,
        Command::Grant(grant) => return user_grants::run(grant).await,
        other => other,
    };
    let purpose = if matches!(command, Command::Show(_)) { DatabaseUse::Read } else { DatabaseUse::Change };
    let whom = command.whom().context("the subcommand names no account")?;
    let account = if matches!(command, Command::Delete { yes: false, .. }) {
        confirmed(whom).await?
    } else {
        whom.account.clone()
    };
    let open = whom.database.open_to(purpose).await?;
    let done = Box::pin(carry_out(&open.app, command, &account)).await;
    open.close();
    outln!("{}", done?)?;
    Ok(ExitCode::SUCCESS)
}

async fn carry_out(app: &App, command: Command, account: &str) -> Result<String> {
    match command {
        Command::Show(_) => show(app, account).await,
        Command::Plan { plan, reason, .. } => {
            let adjustment = Adjustment::Plan(plan);
            adjusted(app, adjust(app, account, OperatorChange { adjustment, reason: &reason, key: None }).await?).await
        }
        Command::Delete { .. } => delete(app, find(app, account).await?).await,
        Command::SignOut(_) => sign_out(app, &find(app, account).await?).await,
        Command::ResetFactor(_) => reset_factor(app, account).await,
        Command::List(_) | Command::Find(_) | Command::Grant(_) => bail!("the subcommand names no account"),
    }
}

/// Finds an account by email or id.
///
/// # Errors
/// When there is none, or storage fails.
pub async fn find(app: &App, account: &str) -> Result<Profile> {
    let user = if let Ok(id) = account.parse::<Uuid>() {
        UserId(id)
    } else {
        let email = Email::try_from(account.to_owned()).map_err(|error| anyhow!("the email {error}"))?;
        app.store.credential_of(&Mailbox::of(email)).await?.context("no account has this email")?.1.user_id
    };
    app.store.profile(user).await?.with_context(|| format!("there is no user {user}"))
}

/// Applies a change.
///
/// # Errors
/// When there is no such account, the change is refused, or storage fails.
pub async fn adjust(app: &App, account: &str, change: OperatorChange<'_>) -> Result<Adjusted> {
    let profile = find(app, account).await?;
    Ok(app.store.adjust(profile, change, app.now(), &app.random).await?)
}

pub(crate) async fn adjusted(app: &App, adjusted: Adjusted) -> Result<String> {
    match adjusted {
        Adjusted::Now(profile) => describe(app, &profile, 1).await,
        Adjusted::Before(profile, at) => {
            let account = describe(app, &profile, ENTRIES_SHOWN).await?;
            Ok(format!("Nothing was changed: the change with this key was made at {}.\n{account}", shown(at)))
        }
    }
}

/// Asks for confirmation, and returns the id of the account that was shown. The database is closed meanwhile: a question
/// that nobody answers must not keep others from it.
async fn confirmed(whom: &Whom) -> Result<String> {
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let open = whom.database.open_to(DatabaseUse::Read).await?;
    let profile = find(&open.app, &whom.account).await;
    open.close();
    let profile = profile?;
    ensure!(is_terminal, "there is no terminal to ask at: give --yes to delete the account");
    ask(&profile)?;
    Ok(profile.id.to_string())
}

fn ask(profile: &Profile) -> Result<()> {
    let question = format!(
        "Delete {} ({} credits, since {}) and all that is of it? This cannot be undone. Type yes:",
        plain(profile.email.as_str()),
        profile.wallet.credits,
        shown(profile.created_at)
    );
    message(&question);
    ensure!(is_yes(&mut io::stdin().lock())?, "nothing was deleted");
    Ok(())
}

/// Whether the next line is a complete "yes".
fn is_yes(answers: &mut impl BufRead) -> io::Result<bool> {
    let mut answer = String::new();
    answers.take(ANSWER_BYTES_MAX).read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

async fn delete(app: &App, profile: Profile) -> Result<String> {
    let user = profile.id;
    let notice = app.mail_of_deletion(&profile);
    let begun = app.store.begin_closing_telling(profile, notice.as_ref(), (app.now(), &*app.random)).await?;
    let ledger = begun.with_context(|| format!("there is no user {user} any more"))?;
    app.store.finish_closing(user, ledger, None, &app.random).await?;
    Ok(format!("Deleted; its ledger is kept as {}.", ledger.0))
}

async fn sign_out(app: &App, profile: &Profile) -> Result<String> {
    let epoch = profile.state.session_epoch;
    if !app.store.end_all_sessions(profile.id, &profile.email, epoch, (app.now(), &app.random)).await? {
        bail!("the account changed meanwhile: try again");
    }
    Ok("Signed out everywhere.".to_owned())
}

/// Removes a user's second factor, and tells the address of the account.
///
/// # Errors
/// When there is no such account, it changes meanwhile, or storage fails.
pub async fn reset_factor(app: &App, account: &str) -> Result<String> {
    let profile = find(app, account).await?;
    let Some(factor) = app.store.factor(profile.id).await? else {
        return Ok("There is no second factor; nothing was changed.".to_owned());
    };
    let notice = app.mail_to(&profile, MailKind::FactorRemoved).filter(|_| factor.confirmed_at.is_some());
    if !app.store.remove_factor(&profile, &factor, notice.as_ref(), (app.now(), &app.random)).await? {
        bail!("the account changed meanwhile: try again");
    }
    Ok("The second factor was removed; a login needs no code. Sessions go on.".to_owned())
}

/// What is known of an account, and its newest ledger entries.
///
/// # Errors
/// When there is no such account, or storage fails.
pub async fn show(app: &App, account: &str) -> Result<String> {
    describe(app, &find(app, account).await?, ENTRIES_SHOWN).await
}

async fn describe(app: &App, profile: &Profile, entries: usize) -> Result<String> {
    let profile = app.store.with_month_of_plan(profile.clone(), app.now()).await?;
    let wallet = profile.wallet.as_of(app.now());
    let mut lines = vec![
        format!("id       {}", profile.id),
        format!("email    {}", plain(profile.email.as_str())),
        format!("plan     {}", wallet.plan.as_str()),
        format!("credits  {}", wallet.credits),
        format!("since    {}", shown(profile.created_at)),
        format!("factor   {}", if profile.second_factor { "yes" } else { "no" }),
    ];
    if let Some(stop) = profile.mail_stopped {
        lines.push(format!("mail     stopped on {}: {}", shown(stop.at), stop.reason.as_str()));
    }
    let ends_at = wallet.unlimited_until.filter(|end| app.now().as_second() < *end);
    if let Some(end) = ends_at.and_then(|end| Timestamp::from_second(end).ok()) {
        lines.push(format!("until    {} unlimited, then {}", shown(end), profile.wallet.plan.as_str()));
    }
    for entry in app.store.entries_before(profile.id, None, entries).await?.items {
        let kind = serde_json::to_value(entry.kind)?;
        lines.push(format!(
            "{}  {:>+5}  {:>6}  {}  {}",
            shown(entry.created_at),
            entry.amount,
            entry.balance_after,
            kind.as_str().unwrap_or_default(),
            plain(&entry.description.unwrap_or_default()),
        ));
    }
    Ok(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_complete_yes_deletes() {
        for (answer, expected) in [
            ("yes\n", true),
            (" YES \n", true),
            ("y\n", false),
            ("\n", false),
            ("", false),
            ("yes please\n", false),
            ("no\nyes\n", false),
        ] {
            assert_eq!(is_yes(&mut answer.as_bytes()).unwrap(), expected, "{answer:?}");
        }
    }
}
