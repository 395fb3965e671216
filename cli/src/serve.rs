//! `pastpaper serve`

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use clap::Args;
use shared::app::App;
use shared::config::Config;
use shared::domain::settings::Settings;
use shared::http::ClientAddress;
use tokio::net::TcpListener;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::calibrate::keep_calibrating;
use crate::database::{DataSource, DatabaseUse, Open, refuse_endpoint};
use crate::db::open_port;
use crate::listen::Bounds;
use crate::mail::courier::LocalCourier;
use crate::mail::keep_delivering;
use crate::metrics::Metrics;
use crate::numbers::whole;
use crate::output::outln;
use crate::samples::import_samples;
use crate::settings::SettingOptions;
use crate::signals::StopSignals;
use crate::trusted_proxy::TrustedProxies;
use crate::{docs, health, listen, router, web};

/// How long to wait after Ctrl-C for requests in progress.
const GRACE: Duration = Duration::from_secs(5);

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Port to listen on; 0 selects a free port
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    #[command(flatten)]
    database: DataSource,
    /// Keep the data in memory; it is lost when the server stops
    #[arg(long, conflicts_with_all = ["data", "aws"])]
    in_memory: bool,
    /// Do not import the sample courses on the first start
    #[arg(long)]
    empty: bool,
    /// Also open a port of the embedded database on 127.0.0.1. Requests must be signed with the access key that is
    /// printed; 0 selects a free port
    #[arg(long, value_name = "PORT")]
    db_port: Option<u16>,
    /// Multiply every rate limit (for load tests)
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    quota_times: u32,
    #[command(flatten)]
    settings: SettingOptions,
    /// Calibrate all courses every N hours, from the attempts of their students; 0 never does
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = whole::<u64>(0..=8_760))]
    calibrate_every: u64,
    /// Also answer GET /metrics: the figures of the log lines, in Prometheus' text format
    #[arg(long)]
    metrics: bool,
    #[command(flatten)]
    proxies: TrustedProxies,
}

/// Runs the server until Ctrl-C.
///
/// # Errors
/// When the port or the database is not available.
pub async fn serve(arguments: Arguments) -> Result<ExitCode> {
    let settings = arguments.settings.settings()?;
    let metrics = Metrics::default();
    log_to_stderr(&metrics);
    // Both receive every signal: the first one starts the shutdown, the second one does not wait for requests.
    let (mut first, mut signals) = (StopSignals::listen()?, StopSignals::listen()?);
    let listener = TcpListener::bind((arguments.host, arguments.port))
        .await
        .with_context(|| format!("cannot listen on {}:{}", arguments.host, arguments.port))?;
    let mut open = if arguments.in_memory {
        refuse_endpoint("--in-memory")?;
        Open::in_memory().await?
    } else {
        arguments.database.open_to(DatabaseUse::Serve).await?
    };
    let limits = settings.limits.multiplied(arguments.quota_times);
    open.app = open.app.with_settings(Settings { limits, ..settings });
    if !arguments.empty && open.app.store.courses().await?.is_empty() {
        import_samples(&open.app).await?;
        outln!("Imported the sample courses calc2 and micro1.")?;
    }
    if let Some(port) = arguments.db_port {
        let variables = open_port(&mut open, port).await?;
        outln!("The embedded database answers to processes with these variables:\n{variables}")?;
    }
    let address = listener.local_addr()?;
    lead_links(&mut open.app, address);
    outln!("Listening on http://{address} (Ctrl-C stops). Try:")?;
    outln!("  curl http://{address}/api/featured-question")?;
    outln!("  http://{address}/app/ in a browser: the web client")?;
    outln!("  http://{address}/docs in a browser: the API")?;
    if open.embedded.is_some() && open.app.sends_mail() {
        let folder = if arguments.in_memory { None } else { Some(arguments.database.directory()?) };
        let courier = LocalCourier::from_env(folder)?;
        outln!("{}", courier.describe())?;
        tokio::spawn(keep_delivering(open.app.clone(), courier));
    }
    if arguments.calibrate_every > 0 {
        tokio::spawn(keep_calibrating(open.app.clone(), Duration::from_hours(arguments.calibrate_every)));
    }
    let mut others = docs::router()?.merge(web::router()).merge(health::routes(open.app.clone()));
    if arguments.metrics {
        others = others.merge(metrics.routes());
    }
    let router = arguments.proxies.before(router::beside(&open.app, others));
    let router = router.layer(from_fn(web::lead_browsers)).layer(from_fn(tell_address));
    let shutdown = async move { first.received().await };
    let serving = listen::serve(listener, router, Bounds::of_this_process(), shutdown);
    // Wait for requests in progress, but not for idle connections.
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

/// Lets the links of mails open the web client of this server, if `APP_URL` does not name another client, and unsubscribe at
/// this server, if `API_URL` does not name it.
fn lead_links(app: &mut App, address: SocketAddr) {
    // A wildcard is no host to open.
    let host = if address.ip().is_unspecified() || address.ip().is_loopback() { None } else { Some(address) };
    let host = host.map_or_else(|| format!("localhost:{}", address.port()), |address| address.to_string());
    let mut config = Config::clone(&app.config);
    let is_named = std::env::var("APP_URL").is_ok_and(|url| !url.trim().is_empty());
    if let Some(mail) = &mut config.mail {
        if !is_named {
            mail.app_url = format!("http://{host}/app");
        }
        mail.api_url.get_or_insert_with(|| format!("http://{host}"));
    }
    app.config = Arc::new(config);
}

/// Sets the client's address on a request, for the rate limits.
async fn tell_address(ConnectInfo(address): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(ClientAddress::from(address));
    next.run(request).await
}

/// Logs requests, warnings and errors. The engine's debug output is excluded.
fn log_to_stderr(metrics: &Metrics) {
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("shared", LevelFilter::INFO)
        .with_target("dynoxide", LevelFilter::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).log_internal_errors(false).compact();
    tracing_subscriber::registry().with(lines).with(metrics.clone()).with(filter).init();
}
