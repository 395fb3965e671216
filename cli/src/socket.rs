//! Access to the database of a running `serve` or `db`, by a Unix socket in the data folder that only its owner can
//! open.

use std::fs::{self, Permissions};
use std::future::Future;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result};
use axum::http::{Request, Response, Uri};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use shared::store::{Transport, TransportError};
use tokio::net::{UnixListener, UnixStream};
use tower::Service;

use crate::folder::Folder;

/// Maximum size of a response: at most 16 MB of items, which are larger as JSON.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// The system's limit on the length of a socket path, including the terminating zero.
const PATH_BYTES_MAX: usize = if cfg!(target_os = "linux") { 108 } else { 104 };

/// Listens on the socket of a folder that this process has locked.
pub(crate) fn listen(folder: Folder<'_>) -> Result<UnixListener> {
    let path = folder.socket();
    let bind = || {
        folder.clear_socket()?;
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok::<_, std::io::Error>(listener)
    };
    check_length(&path)?;
    bind().with_context(|| format!("cannot listen on {}", path.display()))
}

/// Connects to the process that uses a data folder, if it answers.
pub(crate) async fn connect(folder: Folder<'_>) -> Result<Arc<dyn Transport>> {
    let path = folder.socket();
    check_length(&path)?;
    UnixStream::connect(&path).await.with_context(|| format!("nobody answers at {}", path.display()))?;
    let client = Client::builder(TokioExecutor::new()).build(Connect(path));
    Ok(Arc::new(Socket(client)))
}

fn check_length(path: &std::path::Path) -> Result<()> {
    let bytes = path.as_os_str().len();
    anyhow::ensure!(
        bytes < PATH_BYTES_MAX,
        "the path {} has {bytes} bytes, and a socket's may have {}: name the folder by a shorter or a relative path",
        path.display(),
        PATH_BYTES_MAX - 1,
    );
    Ok(())
}

/// Transport through the socket.
#[derive(Debug)]
struct Socket(Client<Connect, Full<Bytes>>);

impl Transport for Socket {
    fn call(&self, request: Request<Vec<u8>>) -> BoxFuture<'static, Result<Response<Vec<u8>>, TransportError>> {
        let answer = self.0.request(request.map(Full::from));
        Box::pin(async move {
            let (head, body) = answer.await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body.into()))
        })
    }
}

/// Connects to the socket and ignores the address in the request.
#[derive(Debug, Clone)]
struct Connect(PathBuf);

impl Service<Uri> for Connect {
    type Response = TokioIo<UnixStream>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = self.0.clone();
        Box::pin(async move { UnixStream::connect(path).await.map(TokioIo::new) })
    }
}
