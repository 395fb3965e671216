//! `pastpaper db`: runs the embedded database alone, for functions in separate processes.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::database::{DataSource, DatabaseUse, Open};
use crate::output::outln;
use crate::samples::import_samples;
use crate::signals::StopSignals;

/// Options of `db`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Port to listen on; 0 selects a free port
    #[arg(long, default_value_t = 8000)]
    port: u16,
    #[command(flatten)]
    database: DataSource,
    /// Keep the data in memory; it is lost when the server stops
    #[arg(long, conflicts_with_all = ["data", "aws"])]
    in_memory: bool,
    /// Do not import the sample courses on the first start
    #[arg(long)]
    empty: bool,
}

/// Runs the server until Ctrl-C.
///
/// # Errors
/// When the port or the database is not available.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let mut signals = StopSignals::listen()?;
    let mut open = if arguments.in_memory {
        Open::in_memory().await?
    } else {
        Open::folder(arguments.database.directory()?, DatabaseUse::Serve).await?
    };
    let variables = open_port(&mut open, arguments.port).await?;
    if !arguments.empty && open.app.store.courses().await?.is_empty() {
        import_samples(&open.app).await?;
        outln!("Imported the sample courses calc2 and micro1.")?;
    }
    outln!("The embedded database answers to processes with these variables (Ctrl-C stops):\n{variables}")?;
    signals.received().await;
    open.close();
    outln!("Stopped.")?;
    Ok(ExitCode::SUCCESS)
}

/// Opens a port of the embedded database. Returns the shell command that sets the variables needed to use it.
///
/// # Errors
/// When the engine does not run in this process, or the port is taken.
pub(crate) async fn open_port(open: &mut Open, port: u16) -> Result<String> {
    let embedded = open.embedded.as_mut().context("there is no embedded database here whose port could be opened")?;
    let key = embedded.open_port(port).await?;
    Ok(format!(
        "export AWS_ENDPOINT_URL_DYNAMODB={} AWS_ACCESS_KEY_ID={} AWS_SECRET_ACCESS_KEY={} AWS_REGION=local",
        embedded.endpoint_url(),
        key.id,
        key.secret,
    ))
}
