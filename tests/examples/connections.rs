//! Tests that a running `pastpaper serve` answers requests despite idle and slow clients:
//!
//! ```text
//! pastpaper serve --in-memory
//! ulimit -n 8192; cargo run -p tests --example connections -- 127.0.0.1:8787
//! ```
//!
//! 5,000 idle connections and 200 that send a body byte by byte come from 249 loopback addresses. Then 100 requests are
//! sent one after the other, each on a connection of its own, and their times are printed.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a panic ends the measurement; it prints its result")]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};

const IDLE: usize = 5_000;
const SLOW: usize = 200;
const REQUESTS: usize = 100;
/// Pause between two bytes of a slow client.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection from one of 127.0.0.2 to 127.0.0.250.
async fn connect(server: SocketAddr, number: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let last = u8::try_from(2 + number % 249).unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).unwrap();
    socket.connect(server).await.unwrap()
}

async fn write(connection: &TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        connection.writable().await?;
        match connection.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Sends a body byte by byte until the server closes.
async fn drip(connection: TcpStream) {
    let head = b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{";
    let mut sent = write(&connection, head).await;
    while sent.is_ok() {
        tokio::time::sleep(PAUSE).await;
        sent = write(&connection, b" ").await;
    }
}

/// The status of one request.
async fn ask(server: SocketAddr) -> String {
    let connection = TcpStream::connect(server).await.unwrap();
    write(&connection, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    loop {
        connection.readable().await.unwrap();
        let mut bytes = [0; 4096];
        match connection.try_read(&mut bytes) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&bytes[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or("none").to_owned()
}

#[tokio::main]
async fn main() {
    let server: SocketAddr = std::env::args().nth(1).unwrap_or("127.0.0.1:8787".to_owned()).parse().unwrap();
    let mut idle = Vec::new();
    for number in 0..IDLE {
        idle.push(connect(server, number).await);
    }
    let mut slow = Vec::new();
    for number in 0..SLOW {
        slow.push(tokio::spawn(drip(connect(server, number).await)));
    }
    let mut times = Vec::new();
    for _ in 0..REQUESTS {
        let begin = Instant::now();
        let status = ask(server).await;
        assert!(matches!(status.as_str(), "200" | "429"), "{status}");
        times.push(begin.elapsed());
    }
    times.sort();
    let open = idle.iter().filter(|connection| {
        let is_closed = matches!(connection.try_read(&mut [0]), Ok(0));
        !is_closed
    });
    println!("{} of {IDLE} idle connections are open, and {SLOW} slow ones were made", open.count());
    println!("{REQUESTS} requests answered: median {:?}, slowest {:?}", times[REQUESTS / 2], times[REQUESTS - 1]);
    for client in slow {
        client.abort();
    }
}
