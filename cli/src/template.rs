//! `pastpaper template`: prints a table to fill in with questions.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::output::out;

/// Format of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TemplateFormat {
    /// Comma-separated values, for a spreadsheet
    Csv,
}

/// Options of `template`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Format of the table
    #[arg(value_enum)]
    format: TemplateFormat,
}

/// Prints the table.
///
/// # Errors
/// When the output cannot be written.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    match arguments.format {
        TemplateFormat::Csv => out!("{}", formats::csv::template())?,
    }
    Ok(ExitCode::SUCCESS)
}
