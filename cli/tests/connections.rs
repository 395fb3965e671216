//! The server with idle and slow clients: timeouts and connection limits.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use pastpaper::listen::{Bounds, serve};
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;

/// Timeouts that the test does not reach.
const LONG: Duration = Duration::from_hours(1);
const UNHURRIED: Bounds = Bounds { connections: 4, of_an_address: 4, head: LONG, body: LONG, stall: LONG };
const GET: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A test server: returns the client address, echoes bodies, sends a large body, and delays `/hold` until released.
struct Server {
    address: SocketAddr,
    /// Received requests to `/hold`, and those that may be answered.
    held: Arc<Semaphore>,
    released: Arc<Semaphore>,
    stop: Arc<Notify>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(bounds: Bounds) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (held, released) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (came, may) = (Arc::clone(&held), Arc::clone(&released));
        let wait = async move || {
            came.add_permits(1);
            may.acquire().await.unwrap().forget();
            "held"
        };
        let router = Router::new()
            .route("/", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| format!("hello {}", peer.ip())))
            .route("/echo", post(async |body: Bytes| body))
            .route("/much", get(async || Body::from(vec![b'x'; 64 * 1024 * 1024])))
            .route("/hold", get(wait));
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let serving = tokio::spawn(serve(listener, router, bounds, async move { stopped.notified().await }));
        Self { address, held, released, stop, serving }
    }

    /// Waits for a request to `/hold`.
    async fn is_held(&self) {
        self.held.acquire().await.unwrap().forget();
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }
}

fn send(connection: &mut TcpStream, text: &str) {
    connection.write_all(text.as_bytes()).unwrap();
}

/// Reads until the server closes.
fn rest(connection: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    match connection.read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// Reads until this text arrives.
fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let mut byte = [0];
        connection.read_exact(&mut byte).unwrap();
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// One request, from a connection of its own that stays open.
fn hello(server: &Server) -> TcpStream {
    let mut connection = server.connect();
    send(&mut connection, GET);
    read_until(&mut connection, "hello 127.0.0.1");
    connection
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_and_incomplete_heads_time_out() {
    let server = Server::start(Bounds { head: Duration::from_millis(200), ..UNHURRIED }).await;
    let mut silent = server.connect();
    assert_eq!(rest(&mut silent), "");
    let mut idle = hello(&server);
    assert_eq!(rest(&mut idle), "");
    let mut slow = server.connect();
    send(&mut slow, "GET / HTTP/1.1\r\nHost: local");
    assert!(!rest(&mut slow).contains("hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_takes_too_long_is_408_and_the_connection_ends() {
    let server = Server::start(Bounds { body: Duration::from_millis(200), ..UNHURRIED }).await;
    let mut slow = server.connect();
    send(&mut slow, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhal");
    let answer = rest(&mut slow);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("\"code\":\"request_timeout\""), "{answer}");
    let mut whole = server.connect();
    send(&mut whole, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nwhole");
    assert!(read_until(&mut whole, "whole").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_is_disconnected() {
    let server = Server::start(Bounds { connections: 1, stall: Duration::from_millis(200), ..UNHURRIED }).await;
    let mut deaf = server.connect();
    send(&mut deaf, "GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n");
    read_until(&mut deaf, "\r\n\r\n");
    // It is working and cannot be evicted: the next connection is accepted when its seat is free.
    loop {
        let mut next = server.connect();
        // A refused connection may be reset while the client writes.
        if next.write_all(GET.as_bytes()).is_ok() && rest_of_hello(&mut next) {
            break;
        }
        tokio::task::yield_now().await;
    }
}

fn rest_of_hello(connection: &mut TcpStream) -> bool {
    let mut answer = [0; 15];
    connection.read_exact(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.1 200 OK")
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_limit_the_longest_idle_connection_is_evicted() {
    let server = Server::start(UNHURRIED).await;
    let mut working = server.connect();
    send(&mut working, "GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
    server.is_held().await;
    // Longest idle first: without data, with half a head, with half a body.
    let (mut silent, mut head, mut body) = (server.connect(), server.connect(), server.connect());
    send(&mut head, "GET / HT");
    send(&mut body, "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhal");
    let mut kept = Vec::new();
    for idle in [&mut silent, &mut head, &mut body] {
        kept.push(hello(&server));
        assert!(!rest(idle).contains("200 OK"));
    }
    server.released.add_permits(1);
    assert!(read_until(&mut working, "held").starts_with("HTTP/1.1 200 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_only_working_connections_refuses_the_next() {
    let server = Server::start(Bounds { of_an_address: 2, ..UNHURRIED }).await;
    let mut working = [server.connect(), server.connect()];
    for connection in &mut working {
        send(connection, "GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
        server.is_held().await;
    }
    assert_eq!(rest(&mut server.connect()), "");
    server.released.add_permits(1);
    server.released.add_permits(1);
    for connection in &mut working {
        read_until(connection, "held");
    }
    hello(&server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_answers_running_requests_and_accepts_no_more() {
    let server = Server::start(UNHURRIED).await;
    let mut idle = hello(&server);
    let mut working = server.connect();
    send(&mut working, "GET /hold HTTP/1.1\r\nHost: localhost\r\n\r\n");
    server.is_held().await;
    server.stop.notify_one();
    assert_eq!(rest(&mut idle), "");
    assert!(TcpStream::connect(server.address).is_err());
    server.released.add_permits(1);
    assert!(rest(&mut working).ends_with("held"));
    server.serving.await.unwrap();
}
