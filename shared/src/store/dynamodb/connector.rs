//! Lets the AWS SDK use our HTTP client, or a [`Transport`] of the caller.

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient as SdkHttpClient, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::connect::{Connected, capture_connection};

use crate::outbound::HttpClient;

/// An alternative to our HTTP client, for a DynamoDB engine in this process or behind a Unix socket. The Lambda
/// functions use none, so no transport is linked into them.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends a request and reads the whole answer.
    fn call(&self, request: Request<Vec<u8>>) -> BoxFuture<'static, Result<Response<Vec<u8>>, TransportError>>;
}

/// Why a [`Transport`] returned no answer.
pub type TransportError = Box<dyn std::error::Error + Send + Sync>;

/// Adapts a [`Transport`] to the SDK.
#[derive(Debug, Clone)]
pub(in crate::store) struct Through(pub(in crate::store) Arc<dyn Transport>);

impl SdkHttpClient for Through {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Through {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let (request, body) = split(request)?;
            let answer = transport.call(request.map(|()| body)).await.map_err(io)?;
            HttpResponse::try_from(answer.map(Into::into)).map_err(unreadable)
        })
    }
}

/// Adapts our HTTP client to the SDK. It sets no timeouts: the SDK's timeouts per attempt and per call include
/// connecting.
#[derive(Debug, Clone)]
pub(in crate::store) struct Connector(pub(in crate::store) HttpClient);

impl SdkHttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { send(&client, request).await })
    }
}

/// Maximum size of an answer. DynamoDB returns at most 16 MB of items, and their JSON form is longer.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Sends one attempt and reads the whole answer.
async fn send(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let (request, body) = split(request)?;
    let mut request = request.map(|()| Full::from(body));
    tell_connection(&mut request);
    // Every transport error may be retried: writes that must not happen twice carry a token or a condition.
    let answer = client.request(request).await.map_err(io)?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(io)?.to_bytes();
    HttpResponse::try_from(Response::from_parts(parts, body.into())).map_err(unreadable)
}

/// Splits an SDK request into its head and its body.
fn split(request: HttpRequest) -> Result<(Request<()>, Vec<u8>), ConnectorError> {
    let stream = || ConnectorError::user("a body that is a stream".into());
    let body = request.body().bytes().ok_or_else(stream)?.to_vec();
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    Ok((request.map(|_| ()), body))
}

fn unreadable(error: impl Into<BoxError>) -> ConnectorError {
    ConnectorError::other(error.into(), None)
}

/// Tells the SDK which connection a request uses, so that it can discard the connection after a retryable error.
fn tell_connection<B>(request: &mut Request<B>) {
    let Some(asked) = request.extensions().get::<CaptureSmithyConnection>().cloned() else { return };
    let used = capture_connection(request);
    asked.set_connection_retriever(move || {
        let proxied = used.connection_metadata().as_ref()?.is_proxied();
        let used = used.clone();
        let poison = move || used.connection_metadata().as_ref().map_or((), Connected::poison);
        Some(ConnectionMetadata::builder().proxied(proxied).poison_fn(poison).build())
    });
}

fn io(error: impl Into<BoxError>) -> ConnectorError {
    ConnectorError::io(error.into())
}
