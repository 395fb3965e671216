//! How a function starts in Lambda.

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;

use super::logs;
use super::manners::with_manners;
use crate::app::App;
use crate::config::Config;

/// Answers invocations with `router` until Lambda ends the process. The whole of a function's `main`.
pub fn run(router: fn(App) -> Router) -> ExitCode {
    logs::init();
    match start(router) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            ExitCode::FAILURE
        }
    }
}

fn start(router: fn(App) -> Router) -> Result<(), lambda_http::Error> {
    let app = App::new(Config::from_env()?);
    // An instance answers one request at a time: one thread, and others only for password hashes.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Arc::clone(&app.store);
        tokio::spawn(async move { store.connect_early().await });
        lambda_http::run(with_manners(router(app.clone()), app)).await
    })
}
