//! A stand-in for SES: records requests, and fails in a given way.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SesTrouble {
    /// Nothing.
    None,
    /// This status, with the code of an error.
    Answer(u16, &'static str),
    /// The connection is closed before the request is read.
    ClosedAtOnce,
    /// The mail is accepted, and the connection is closed before the answer.
    ClosedAfterRequest,
}

/// One request.
#[derive(Debug, Clone)]
pub struct SesRequest {
    /// Method and path.
    pub line: String,
    /// Header lines, with names in lower case.
    pub headers: Vec<String>,
    pub body: Value,
    /// Whether a real SES would deliver the mail.
    pub is_accepted: bool,
}

/// The running stand-in. It stops when dropped.
pub struct SesStandIn {
    port: u16,
    requests: Arc<Mutex<Vec<SesRequest>>>,
    server: JoinHandle<()>,
}

impl SesStandIn {
    /// Starts a stand-in that treats every request so.
    pub async fn start(trouble: SesTrouble) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::<Mutex<Vec<SesRequest>>>::default();
        let kept = Arc::clone(&requests);
        let server = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move { drop(answer(connection, trouble, &kept).await) });
            }
        });
        Self { port, requests, server }
    }

    /// Its address for `AWS_ENDPOINT_URL_SESV2`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<SesRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for SesStandIn {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Answers the requests of one connection.
async fn answer(connection: TcpStream, trouble: SesTrouble, kept: &Mutex<Vec<SesRequest>>) -> std::io::Result<()> {
    if trouble == SesTrouble::ClosedAtOnce {
        return Ok(());
    }
    let mut stream = BufReader::new(connection);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            let _ = stream.read_line(&mut header).await?;
            let Some((name, value)) = header.trim_end().split_once(": ") else { break };
            headers.push(format!("{}: {value}", name.to_ascii_lowercase()));
        }
        let length =
            headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        let _ = stream.read_exact(&mut body).await?;
        let is_accepted = matches!(trouble, SesTrouble::None | SesTrouble::ClosedAfterRequest);
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let request = SesRequest { line: line.trim_end().to_owned(), headers, body, is_accepted };
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let (status, kind, body) = match trouble {
            SesTrouble::ClosedAfterRequest | SesTrouble::ClosedAtOnce => return Ok(()),
            SesTrouble::None => (200, "", json!({"MessageId": "0100019a-1"})),
            // SES quotes addresses.
            SesTrouble::Answer(status, kind) => (status, kind, json!({"message": "Rejected: ada@example.org"})),
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nx-amzn-errortype: {kind}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
}
