//! `GET /healthz` of `serve`, and `pastpaper health`, which asks it: for a supervisor, and for an image without a shell.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{Request, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use shared::app::App;

use crate::numbers::whole;
use crate::output::outln;

/// How long the table may take to answer.
const TABLE_TIMEOUT: Duration = Duration::from_secs(2);

/// Options of `health`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Address of the server
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: Uri,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = whole::<u64>(1..=60))]
    timeout: u64,
}

/// `GET /healthz`: 200 only when the table answers. `GET /` and `GET /api/health` read nothing, so they do not say that.
pub fn routes(app: App) -> Router {
    Router::new().route("/healthz", get(healthz)).with_state(app)
}

async fn healthz(State(app): State<App>) -> Response {
    let answer = tokio::time::timeout(TABLE_TIMEOUT, app.store.has_table()).await;
    let (status, text) = match answer {
        Ok(Ok(true)) => (StatusCode::OK, "ok"),
        Ok(Ok(false)) => (StatusCode::SERVICE_UNAVAILABLE, "the table does not exist"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the table does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the table does not answer")
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the table does not answer in time"),
    };
    (status, [(header::CACHE_CONTROL, "no-store")], axum::Json(json!({"status": text}))).into_response()
}

/// Asks a running server. The exit code is 0 only if it answers 200.
///
/// # Errors
/// When the server does not answer, or answers that it is not healthy.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let url = format!("{}/healthz", arguments.url.to_string().trim_end_matches('/'));
    ensure!(url.starts_with("http://"), "--url must begin with http://: ask the server itself, not a proxy before it");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::get(&url).body(Empty::<Bytes>::new())?;
    let asked = tokio::time::timeout(Duration::from_secs(arguments.timeout), client.request(request)).await;
    let answer = asked.with_context(|| format!("{url} does not answer in {} s", arguments.timeout))?;
    let answer = answer.with_context(|| format!("{url} does not answer"))?;
    ensure!(answer.status() == StatusCode::OK, "{url} answers {}", answer.status());
    outln!("ok")?;
    Ok(ExitCode::SUCCESS)
}
