//! `pastpaper serve`

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use clap::Args;
use shared::domain::limits::Limits;
use shared::http::ClientAddress;
use tokio::net::TcpListener;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::database::{DataSource, Open};
use crate::samples::import_samples;
use crate::trusted_proxy::TrustedProxies;
use crate::{docs, router};

/// How long requests may take to end after Ctrl-C.
const GRACE: Duration = Duration::from_secs(5);

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    #[command(flatten)]
    database: DataSource,
    /// Keep the data in memory: it is gone when the server stops
    #[arg(long, conflicts_with_all = ["data", "aws"])]
    in_memory: bool,
    /// Import no sample courses on the first start
    #[arg(long)]
    empty: bool,
    /// Multiply the quota of every rate limit: for floods of your own, such as load tests
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    quota_times: u32,
    #[command(flatten)]
    proxies: TrustedProxies,
}

/// Serves until Ctrl-C.
///
/// # Errors
/// When the port or the database is not to be had.
#[expect(clippy::print_stdout, reason = "a developer reads where it listens")]
pub async fn serve(arguments: Arguments) -> Result<ExitCode> {
    log_to_stderr();
    let listener = TcpListener::bind((arguments.host, arguments.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}", arguments.host, arguments.port))?;
    let mut open = if arguments.in_memory { Open::in_memory().await? } else { arguments.database.open().await? };
    open.app = open.app.with_limits(Limits::times(arguments.quota_times));
    if !arguments.empty && open.app.store.courses().await?.is_empty() {
        import_samples(&open.app).await?;
        println!("Imported the sample courses calc2 and micro1.");
    }
    if let Some(embedded) = &open.embedded {
        println!("Embedded database: AWS_ENDPOINT_URL_DYNAMODB={}", embedded.endpoint_url());
    }
    let address = listener.local_addr()?;
    println!("Listening on http://{address} (Ctrl-C stops). Try:");
    println!("  curl http://{address}/api/featured-question");
    println!("  http://{address}/docs in a browser");
    let router = arguments.proxies.before(router::beside(&open.app, docs::router()?)).layer(from_fn(tell_address));
    let stopping = std::sync::Arc::new(tokio::sync::Notify::new());
    let stopped = std::sync::Arc::clone(&stopping);
    let shutdown = async move {
        stop_signal().await;
        stopped.notify_one();
    };
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(shutdown)
        .into_future();
    // Whoever is in the middle of a request may end it; whoever just holds a connection may not hold us.
    let grace = async {
        stopping.notified().await;
        tokio::select! {
            () = tokio::time::sleep(GRACE) => {}
            () = stop_signal() => {}
        }
    };
    tokio::select! {
        served = serving => served?,
        () = grace => {}
    }
    open.close();
    println!("Stopped.");
    Ok(ExitCode::SUCCESS)
}

/// Who is at the other end of the connection, for the limits.
async fn tell_address(ConnectInfo(address): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(ClientAddress::from(address));
    next.run(request).await
}

/// Requests, warnings and errors; the engine's own chatter is left out.
fn log_to_stderr() {
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("shared", LevelFilter::INFO)
        .with_target("dynoxide", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).compact();
    tracing_subscriber::registry().with(lines).with(filter).init();
}

/// Ctrl-C, or what a supervisor sends.
pub(crate) async fn stop_signal() {
    let interrupted = async {
        // Without a handler the default one ends the process, which is what was asked for.
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
