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

use crate::database::{DataSource, Open, Purpose, refuse_endpoint};
use crate::db::open_port;
use crate::listen::Bounds;
use crate::output::outln;
use crate::samples::import_samples;
use crate::signals::StopSignals;
use crate::{docs, listen, router};

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
    /// Open a port of the embedded database on 127.0.0.1, for who signs with the access key that is printed; 0 takes a
    /// free one
    #[arg(long, value_name = "PORT")]
    db_port: Option<u16>,
    /// Multiply the quota of every rate limit: for floods of your own, such as load tests
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    quota_times: u32,
}

/// Serves until Ctrl-C.
///
/// # Errors
/// When the port or the database is not to be had.
pub async fn serve(arguments: Arguments) -> Result<ExitCode> {
    log_to_stderr();
    // Both hear every signal: the first begins the end, a second one does not wait for requests.
    let (mut first, mut signals) = (StopSignals::listen()?, StopSignals::listen()?);
    let listener = TcpListener::bind((arguments.host, arguments.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}", arguments.host, arguments.port))?;
    let mut open = if arguments.in_memory {
        refuse_endpoint("--in-memory")?;
        Open::in_memory().await?
    } else {
        arguments.database.open_to(Purpose::Serve).await?
    };
    open.app = open.app.with_limits(Limits::times(arguments.quota_times));
    if !arguments.empty && open.app.store.courses().await?.is_empty() {
        import_samples(&open.app).await?;
        outln!("Imported the sample courses calc2 and micro1.")?;
    }
    if let Some(port) = arguments.db_port {
        let variables = open_port(&mut open, port).await?;
        outln!("The embedded database answers to processes with these variables:\n{variables}")?;
    }
    let address = listener.local_addr()?;
    outln!("Listening on http://{address} (Ctrl-C stops). Try:")?;
    outln!("  curl http://{address}/api/featured-question")?;
    outln!("  http://{address}/docs in a browser")?;
    let router = router::beside(&open.app, docs::router()?).layer(from_fn(tell_address));
    let shutdown = async move { first.received().await };
    let serving = listen::serve(listener, router, Bounds::of_this_process(), shutdown);
    // Whoever is in the middle of a request may end it; whoever just holds a connection may not hold us.
    let grace = async {
        signals.received().await;
        tokio::select! {
            () = tokio::time::sleep(GRACE) => {}
            () = signals.received() => {}
        }
    };
    tokio::select! {
        () = serving => {}
        () = grace => {}
    }
    open.close();
    outln!("Stopped.")?;
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
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false).compact();
    tracing_subscriber::registry().with(lines).with(filter).init();
}
