//! The `webhooks` function in Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::http::lambda::run(webhooks::router)
}
