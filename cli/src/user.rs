//! `pastpaper user`: what operators do for one user.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use shared::domain::id::UserId;
use uuid::Uuid;

use crate::database::DataSource;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Delete an account and all that is of it, or complete a deletion that was interrupted
    Delete(Whom),
    /// End every session of a user
    SignOut(Whom),
}

/// Whose account.
#[derive(Debug, Args)]
pub struct Whom {
    /// The user's id
    #[arg(value_name = "USER_ID")]
    user: Uuid,
    #[command(flatten)]
    database: DataSource,
}

/// Does it.
///
/// # Errors
/// When there is no such user, or storage fails.
#[expect(clippy::print_stdout, reason = "an operator reads what was done")]
pub async fn run(command: Command) -> Result<ExitCode> {
    let (Command::Delete(whom) | Command::SignOut(whom)) = &command;
    let user = UserId(whom.user);
    let open = whom.database.open().await?.must_exist()?;
    let app = &open.app;
    let profile = app.store.profile(user).await?.with_context(|| format!("there is no user {user}"))?;
    match command {
        Command::Delete(_) => {
            let begun = app.store.begin_closing(profile, app.now(), &app.random).await?;
            let ledger = begun.with_context(|| format!("there is no user {user} any more"))?;
            app.store.finish_closing(user, ledger, None, &app.random).await?;
            println!("Deleted; its ledger is kept as {}.", ledger.0);
        }
        Command::SignOut(_) => {
            let epoch = profile.state.session_epoch;
            if !app.store.end_all_sessions(user, &profile.email, epoch, (app.now(), &app.random)).await? {
                bail!("the account changed meanwhile: try again");
            }
            println!("Signed out everywhere.");
        }
    }
    open.close();
    Ok(ExitCode::SUCCESS)
}
