//! The `mailer` function in Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::http::lambda::run_events(mailer::answer)
}
