//! `pastpaper bench`: generates data for the benchmarks of `docs/performance.md`.

mod fill;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

pub use fill::PASSWORD;

/// Subcommands of `bench`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new database with many users and courses, to measure how costs grow
    Fill(fill::Arguments),
}

/// Runs the command.
///
/// # Errors
/// When the command fails.
pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Fill(arguments) => fill::run(arguments).await,
    }
}
