//! `pastpaper db`: the embedded database alone, for functions that run by themselves.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::database::{DataSource, Open};
use crate::embedded::Embedded;
use crate::samples::import_samples;
use crate::serve::stop_signal;

/// Options of `db`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
    #[command(flatten)]
    database: DataSource,
    /// Keep the data in memory: it is gone when the server stops
    #[arg(long, conflicts_with_all = ["data", "aws"])]
    in_memory: bool,
    /// Import no sample courses on the first start
    #[arg(long)]
    empty: bool,
}

/// Serves until Ctrl-C.
///
/// # Errors
/// When the port or the database is not to be had.
#[expect(clippy::print_stdout, reason = "a developer reads where it listens")]
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let embedded = if arguments.in_memory {
        Embedded::in_memory_at(arguments.port).await?
    } else {
        Embedded::in_directory_at(arguments.database.directory()?, arguments.port).await?
    };
    let open = Open::embedded(embedded).await?;
    if !arguments.empty && open.app.store.courses().await?.is_empty() {
        import_samples(&open.app).await?;
        println!("Imported the sample courses calc2 and micro1.");
    }
    let endpoint_url = open.embedded.as_ref().map(Embedded::endpoint_url).unwrap_or_default();
    println!("AWS_ENDPOINT_URL_DYNAMODB={endpoint_url} (Ctrl-C stops)");
    stop_signal().await;
    open.close();
    println!("Stopped.");
    Ok(ExitCode::SUCCESS)
}
