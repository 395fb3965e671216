//! `pastpaper`: see `pastpaper help`.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use mimalloc::MiMalloc;
use pastpaper::numbers::reading_negative_numbers;
use pastpaper::{
    analyze, backtest, backup, bench, calibrate, copy, course, db, evaluate, export, health, import, items, mail,
    openapi, output, render, report, serve, settings, template, user, verify, voucher,
};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Backend of an exam-preparation service: run it locally, import courses, manage accounts, check ledgers.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole API on one port, with the embedded database
    Serve(serve::Arguments),
    /// Show prices, credits, rate limits and variables in force, and where each comes from
    Config(settings::Arguments),
    /// Import papers, courses, or a dump of the old D1 database
    Import(Box<import::Import>),
    /// Write a course as a catalogue file, GIFT, Moodle XML, QTI 3, CSV or LaTeX
    Export(export::Arguments),
    /// Print an empty table for questions, with an example of each kind
    Template(template::Arguments),
    /// Copy the embedded database to a file, also while `serve` runs, and check the copy
    Backup(backup::Arguments),
    /// Make a new data directory from a backup, and check it
    Restore(backup::Arguments),
    /// Copy the whole database from one machine to AWS, or back, and compare both
    Copy(copy::Arguments),
    /// Ask a running `serve` whether its table answers; the exit code says it
    Health(health::Arguments),
    /// Run the embedded database alone, for functions under `cargo lambda watch`
    Db(db::Arguments),
    /// Show or delete an account, grant credits, set its plan, end its sessions
    #[command(subcommand)]
    User(user::Command),
    /// List the mails that wait to be sent, send dead ones again, preview the texts
    #[command(subcommand)]
    Mail(mail::Command),
    /// List the questions that students reported, close a report, give the credit back
    #[command(subcommand)]
    Report(report::Command),
    /// List courses, show one to students or hide it
    #[command(subcommand)]
    Course(course::CourseCommand),
    /// Retire a question, or bring it back
    #[command(subcommand)]
    Question(course::QuestionCommand),
    /// Create vouchers for credits, list them, stop one
    #[command(subcommand)]
    Voucher(voucher::Command),
    /// Draw the formulas of stored questions again, after an upgrade
    Render(render::Arguments),
    /// Print the OpenAPI document of the API, in edition 3.1 or 3.0
    Openapi(openapi::Arguments),
    /// Verify that every balance matches its ledger
    Verify(verify::Arguments),
    /// Show the analysis of a course's past exams, as tables or as a page with charts
    Analyze(analyze::Arguments),
    /// Score the forecast on an archive of past exams, compared with two baselines
    Backtest(backtest::Arguments),
    /// Estimate the difficulty of topics and questions from all attempts, of one course or of all
    Calibrate(calibrate::Arguments),
    /// Show how each question of a course does its work: facility, discrimination, options, what to look at
    Items(items::Arguments),
    /// Generate data for benchmarks
    #[command(subcommand)]
    Bench(bench::Command),
    /// Score the mastery model on answer logs, compared with the mean of each topic
    Evaluate(evaluate::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let matches = reading_negative_numbers(Cli::command()).try_get_matches();
    let command = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli.command,
        Err(error) => naming_the_value(error).exit(),
    };
    let outcome = match command {
        Command::Serve(arguments) => serve::serve(arguments).await,
        Command::Config(arguments) => settings::run(&arguments),
        Command::Import(import) => import::import(*import).await,
        Command::Export(arguments) => export::run(arguments).await,
        Command::Backup(arguments) => backup::backup(arguments).await,
        Command::Restore(arguments) => backup::restore(arguments).await,
        Command::Copy(arguments) => copy::run(arguments).await,
        Command::Health(arguments) => health::run(arguments).await,
        Command::Template(arguments) => template::run(&arguments),
        Command::Db(arguments) => db::run(arguments).await,
        // Boxed: a deletion makes several calls at once, and a call of the SDK is a large future.
        Command::User(command) => Box::pin(user::run(command)).await,
        Command::Mail(command) => mail::run(command).await,
        Command::Report(command) => report::run(command).await,
        Command::Course(command) => course::run(command).await,
        Command::Question(command) => course::run_question(command).await,
        Command::Voucher(command) => voucher::run(command).await,
        Command::Render(arguments) => render::run(arguments).await,
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Verify(arguments) => verify::verify(arguments).await,
        Command::Analyze(arguments) => analyze::run(arguments).await,
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Calibrate(arguments) => calibrate::run(arguments).await,
        Command::Items(arguments) => items::run(arguments).await,
        Command::Bench(command) => bench::run(command).await,
        Command::Evaluate(arguments) => evaluate::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        output::message(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Names the argument whose value is invalid as `<NAME>`, also if it may be left out: `[NAME]` reads as if it were missing.
fn naming_the_value(mut error: clap::Error) -> clap::Error {
    let name = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => name.strip_prefix('[').and_then(|name| name.strip_suffix(']')),
        _ => None,
    };
    if let Some(name) = name {
        let name = format!("<{name}>");
        error.insert(ContextKind::InvalidArg, ContextValue::String(name));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_and_options_fit_together() {
        Cli::command().debug_assert();
    }
}
