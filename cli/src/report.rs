//! `pastpaper report`: the queue of questions that students reported.

use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use shared::app::App;
use shared::domain::credits::Amount;
use shared::domain::credits::adjustment::{Adjustment, AdjustmentReason};
use shared::domain::idempotency::IdempotencyKey;
use shared::domain::questions::report::{ReportId, ReportStatus};
use shared::domain::time::shown;
use shared::store::{Adjusted, OpenReport, OperatorChange};
use uuid::Uuid;

use crate::database::{DataSource, DatabaseUse};
use crate::output::{outln, plain};

/// What a refund gives back. It is no price: a repetition must give the same, whatever the prices are by then.
const REFUND_CREDITS: Amount = 1;
/// The reason in the ledger of a user who gets a credit back.
const REFUND_REASON: &str = "Credit back for a question that you reported";

/// The subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the open reports, oldest first
    List(DataSource),
    /// Close a report
    Close(Which),
    /// Give the user one credit back, once, and close the report
    Refund(Which),
}

/// A report.
#[derive(Debug, Args)]
pub struct Which {
    /// Id of the report, as `report list` shows it
    id: Uuid,
    #[command(flatten)]
    database: DataSource,
}

/// Runs the subcommand.
///
/// # Errors
/// When no open report has the id, the credit cannot be given, or storage fails.
pub async fn run(command: Command) -> Result<ExitCode> {
    let database = match &command {
        Command::List(database) => database,
        Command::Close(which) | Command::Refund(which) => &which.database,
    };
    // Listing removes the entries of deleted accounts.
    let open = database.open_to(DatabaseUse::Change).await?;
    let done = match &command {
        Command::List(_) => list(&open.app).await,
        Command::Close(which) => close(&open.app, ReportId(which.id)).await,
        Command::Refund(which) => refund(&open.app, ReportId(which.id)).await,
    };
    open.close();
    outln!("{}", done?)?;
    Ok(ExitCode::SUCCESS)
}

/// The open reports, a line for each.
///
/// # Errors
/// When storage fails.
pub async fn list(app: &App) -> Result<String> {
    let mut lines = Vec::new();
    for OpenReport { user, report } in app.store.open_reports().await? {
        lines.push(format!(
            "{}  {}  {}  {}  user {}  {}",
            report.id.0,
            shown(report.created_at),
            plain(report.question_id.as_str()),
            report.reason.as_str(),
            user,
            plain(&report.text.unwrap_or_default()),
        ));
    }
    if lines.is_empty() {
        lines.push("No report is open.".to_owned());
    }
    Ok(lines.join("\n"))
}

/// Closes a report.
///
/// # Errors
/// When no open report has the id, or storage fails.
pub async fn close(app: &App, id: ReportId) -> Result<String> {
    let open = find(app, id).await?;
    app.store.close_report(&open, ReportStatus::Closed, app.now(), &app.random).await?;
    Ok("Closed.".to_owned())
}

/// Gives a credit back and closes the report. The adjustment has a key of the report, so an interrupted or repeated command
/// gives the credit once.
///
/// # Errors
/// When no open report has the id, the credit cannot be given, or storage fails.
pub async fn refund(app: &App, id: ReportId) -> Result<String> {
    let open = find(app, id).await?;
    let profile = app.store.profile(open.user).await?.context("the account is gone")?;
    let reason = AdjustmentReason::try_from(REFUND_REASON).map_err(|error| anyhow!("the reason {error}"))?;
    let key = IdempotencyKey::try_from(format!("report {}", id.0).as_str())?;
    let adjustment = Adjustment::Credits(REFUND_CREDITS);
    let change = OperatorChange { adjustment, reason: &reason, key: Some(&key) };
    let given = match app.store.adjust(profile, change, app.now(), &app.random).await? {
        Adjusted::Now(profile) => format!("One credit was given back; the balance is {}.", profile.wallet.credits),
        Adjusted::Before(_, at) => format!("The credit was given back at {}.", shown(at)),
    };
    app.store.close_report(&open, ReportStatus::Refunded, app.now(), &app.random).await?;
    Ok(format!("{given} The report is closed."))
}

async fn find(app: &App, id: ReportId) -> Result<OpenReport> {
    app.store.open_report(id).await?.context("no open report has this id")
}
