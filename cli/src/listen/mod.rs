//! The HTTP server of this tool: HTTP/1.1 with limits of time, and a bound on connections by address and in all.
//!
//! `axum::serve` has neither, so that clients who send nothing hold a server for ever. At a bound the connection that has
//! waited longest without a whole request makes room, so a flood of idle or slow clients keeps nobody out for long.

mod bodies;
mod seats;

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shared::domain::limits::address_subject;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use self::bodies::{Received, Sent};
use self::seats::{Seat, Seats};

/// Connections in all, where the system allows as many open files.
const CONNECTIONS_MAX: usize = 8_192;
/// Connections of one address: a class behind one, with browsers that keep some open.
const CONNECTIONS_OF_AN_ADDRESS_MAX: usize = 512;
/// Connections to the database port or the socket: SDK clients keep few.
const CONNECTIONS_TO_DATABASE_MAX: usize = 64;
/// Open files for everything else: SQLite, the database port and the socket, calls of ours, connections being closed.
const FILES_RESERVED: u64 = 256;
/// What a connection buffers at most, and so the largest head of a request.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// What clients may take of a server.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address (of IPv6, one network of 64 bits).
    pub of_an_address: usize,
    /// How long a connection may be idle, and how long the head of a request may take.
    pub head: Duration,
    /// How long the body of a request may take.
    pub body: Duration,
    /// How long a client may read nothing of an answer.
    pub stall: Duration,
}

impl Bounds {
    /// Those of the API: as many connections as the process may have files open.
    #[must_use]
    pub fn of_this_process() -> Self {
        let wanted = CONNECTIONS_MAX as u64 + FILES_RESERVED;
        let files = getrlimit(Resource::Nofile);
        let current = files.current.unwrap_or(u64::MAX);
        let raised = wanted.min(files.maximum.unwrap_or(u64::MAX)).max(current);
        let is_raised = setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..files }).is_ok();
        let files = if is_raised { raised } else { current };
        let connections = files.saturating_sub(FILES_RESERVED).max(files / 2);
        Self {
            connections: usize::try_from(connections).unwrap_or(CONNECTIONS_MAX).min(CONNECTIONS_MAX),
            of_an_address: CONNECTIONS_OF_AN_ADDRESS_MAX,
            ..Self::default()
        }
    }
}

impl Default for Bounds {
    /// Those of the database port and the socket.
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_TO_DATABASE_MAX,
            of_an_address: CONNECTIONS_TO_DATABASE_MAX,
            head: Duration::from_secs(20),
            body: Duration::from_secs(20),
            stall: Duration::from_secs(20),
        }
    }
}

/// Who is at the other end.
pub trait Peer {
    /// The address, when there is one.
    fn address(&self) -> Option<SocketAddr>;
}

impl Peer for SocketAddr {
    fn address(&self) -> Option<SocketAddr> {
        Some(*self)
    }
}

impl Peer for tokio::net::unix::SocketAddr {
    fn address(&self) -> Option<SocketAddr> {
        None
    }
}

/// Serves until `stop`, then until every request that has begun is answered. Handlers find `ConnectInfo<SocketAddr>`.
pub async fn serve<L>(mut listener: L, router: Router, bounds: Bounds, stop: impl Future<Output = ()>)
where
    L: Listener,
    L::Addr: Peer,
{
    let seats = Arc::new(Seats::new(bounds));
    let (stopping, _) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let (connection, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let address = peer.address();
        let subject = address.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |address| address.ip());
        // Who is refused is dropped: an answer would cost what is lacking.
        let Some(seat) = seats.take(address_subject(subject)) else { continue };
        tokio::spawn(converse(connection, address, router.clone(), bounds, seat, stopping.subscribe()));
    }
    drop(listener);
    stopping.send_replace(());
    stopping.closed().await;
}

/// One connection, until it ends, has to make room, or is to stop after its request.
async fn converse(
    connection: impl AsyncRead + AsyncWrite + Send + 'static,
    address: Option<SocketAddr>,
    router: Router,
    bounds: Bounds,
    seat: Seat,
    mut stopping: watch::Receiver<()>,
) {
    let mut connection = TimeoutStream::new(connection);
    connection.set_write_timeout(Some(bounds.stall));
    let seat = Arc::new(seat);
    let sitting = Arc::clone(&seat);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        if let Some(address) = address {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        answer(router.clone(), request, bounds.body, Arc::clone(&sitting))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(bounds.head).max_buf_size(BUFFER_BYTES_MAX);
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(Box::pin(connection)), service));
    let mut is_last = false;
    loop {
        tokio::select! {
            // An error is a client that is gone, too slow, or speaks no HTTP.
            _ = conversation.as_mut() => break,
            () = seat.is_needed() => break,
            _ = stopping.changed(), if !is_last => {
                is_last = true;
                conversation.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Answers one request.
async fn answer(
    router: Router,
    request: axum::extract::Request,
    time: Duration,
    seat: Arc<Seat>,
) -> Result<Response, Infallible> {
    let is_late = Arc::new(AtomicBool::new(false));
    let request = request.map(|body| Body::new(Received::new(body, time, Arc::clone(&seat), Arc::clone(&is_late))));
    let response = router.oneshot(request).await?;
    let response = if is_late.load(Ordering::Relaxed) { late(time) } else { response };
    Ok(response.map(|body| Body::new(Sent::new(body, seat))))
}

/// The answer to a request whose body takes too long, in the form of all refusals.
fn late(time: Duration) -> Response {
    let problem = serde_json::json!({
        "type": "urn:pastpaper:problem:request_timeout",
        "title": "Request timeout",
        "status": 408,
        "detail": format!("The body did not arrive within {} seconds.", time.as_secs()),
        "code": "request_timeout",
        "error": "Request timeout",
    });
    let response = Response::builder()
        .status(408)
        .header("content-type", "application/problem+json")
        .header("cache-control", "no-store")
        .header("connection", "close");
    response.body(Body::from(problem.to_string())).unwrap_or_default()
}

/// The error of a body that takes too long.
fn too_slow() -> axum::Error {
    axum::Error::new(io::Error::new(io::ErrorKind::TimedOut, "the body took too long"))
}
