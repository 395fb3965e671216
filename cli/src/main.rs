//! `pastpaper`: see `pastpaper help`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pastpaper::{analyze, backtest, bench, calibrate, db, evaluate, import, openapi, output, serve, user, verify};

/// The backend of an exam-preparation service: serve it locally, import papers, check the ledger.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the whole API on one port, with the embedded database
    Serve(serve::Arguments),
    /// Import courses, or everything of the D1 database
    #[command(subcommand)]
    Import(import::Command),
    /// Serve the embedded database alone, for functions under `cargo lambda watch`
    Db(db::Arguments),
    /// Look up an account, give credits, set a plan, delete it, end its sessions
    #[command(subcommand)]
    User(user::Command),
    /// Print the contract of the API as OpenAPI 3.1
    Openapi(openapi::Arguments),
    /// Check that every user's ledger entries add up to the balance
    Verify(verify::Arguments),
    /// Show the analysis of a course's past exams, as tables or as a page with charts
    Analyze(analyze::Arguments),
    /// Score the forecast on an archive of past exams, beside two simple ways to guess
    Backtest(backtest::Arguments),
    /// Learn from all answers of a course how hard its topics and questions are
    Calibrate(calibrate::Arguments),
    /// Make what measurements need
    #[command(subcommand)]
    Bench(bench::Command),
    /// Score the mastery model on logs of students' answers, beside the mean of each topic
    Evaluate(evaluate::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(arguments) => serve::serve(arguments).await,
        Command::Import(command) => import::import(command).await,
        Command::Db(arguments) => db::run(arguments).await,
        Command::User(command) => user::run(command).await,
        Command::Openapi(arguments) => openapi::run(&arguments),
        Command::Verify(arguments) => verify::verify(arguments).await,
        Command::Analyze(arguments) => analyze::run(arguments).await,
        Command::Backtest(arguments) => backtest::run(&arguments),
        Command::Calibrate(arguments) => calibrate::run(arguments).await,
        Command::Bench(command) => bench::run(command).await,
        Command::Evaluate(arguments) => evaluate::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        output::message(&format!("error: {error:#}"));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_and_options_fit_together() {
        Cli::command().debug_assert();
    }
}
