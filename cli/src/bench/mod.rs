//! `pastpaper bench`: what measurements of `docs/performance.md` need.

mod fill;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

pub use fill::PASSWORD;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new database with many users and courses, to measure how costs grow
    Fill(fill::Arguments),
}

/// Does it.
///
/// # Errors
/// As the command says.
pub async fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Fill(arguments) => fill::run(arguments).await,
    }
}
