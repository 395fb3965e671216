//! The `marking` function in Lambda.

use std::process::ExitCode;

fn main() -> ExitCode {
    shared::http::lambda::run(marking::router)
}
