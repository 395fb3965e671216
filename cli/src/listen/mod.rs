//! The tool's HTTP server: HTTP/1.1 with timeouts, and limits on connections in total and per address.
//!
//! `axum::serve` has neither, so clients that send nothing could occupy a server forever. At a limit, a new connection
//! replaces the one that has waited longest without a complete request. A flood of idle or slow clients therefore
//! blocks others only briefly.

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
use axum::http::{HeaderValue, header};
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

use self::bodies::{ReceivedBody, Sent};
use self::seats::{Seat, Seats};

/// Maximum number of connections, if the system allows this many open files.
const CONNECTIONS_MAX: usize = 8_192;
/// Maximum number of connections per address: enough for a class behind one address whose browsers keep connections
/// open.
const CONNECTIONS_OF_AN_ADDRESS_MAX: usize = 512;
/// Maximum number of connections to the database port or the socket. A client opens one for each call in progress.
const CONNECTIONS_TO_DATABASE_MAX: usize = 512;
/// File descriptors reserved for SQLite, the database port, the socket, outgoing calls and closing connections.
const FILES_RESERVED: u64 = 768;
/// Maximum buffer per connection, and so the maximum size of a request's head.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Limits of a server.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Maximum number of connections.
    pub connections: usize,
    /// Maximum number of connections per address (for IPv6, per /64 network).
    pub of_an_address: usize,
    /// Timeout of an idle connection, and of a request's head.
    pub head: Duration,
    /// Timeout of a request body.
    pub body: Duration,
    /// Timeout while a client reads nothing of a response.
    pub stall: Duration,
}

impl Bounds {
    /// Limits of the API server: as many connections as the limit of open files allows.
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
    /// Limits of the database port and the socket.
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

/// The other end of a connection.
pub trait Peer {
    /// Its address, if it has one.
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

/// Serves until `stop`, and then until all requests in progress are answered. Sets `ConnectInfo<SocketAddr>` on
/// requests.
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
        // Close without a response: it would use the resources that are exhausted.
        let Some(seat) = seats.take(address_subject(subject)) else { continue };
        tokio::spawn(converse(connection, address, router.clone(), bounds, seat, stopping.subscribe()));
    }
    drop(listener);
    stopping.send_replace(());
    stopping.closed().await;
}

/// Serves one connection until it ends, is evicted, or has answered its last request after `stop`.
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
            // An error means that the client disconnected, timed out or does not speak HTTP.
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
    let request = request.map(|body| Body::new(ReceivedBody::new(body, time, Arc::clone(&seat), Arc::clone(&is_late))));
    let mut response = router.oneshot(request).await?;
    if is_late.load(Ordering::Relaxed) {
        // The rest of the body would be read as the next request.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Body::new(Sent::new(body, seat))))
}

/// The error for a request body that timed out.
fn too_slow() -> axum::Error {
    axum::Error::new(io::Error::new(io::ErrorKind::TimedOut, "the body took too long"))
}
