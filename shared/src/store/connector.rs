//! How the SDK's client calls: by the house's own HTTP client.

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient as SdkHttpClient, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use http::Response;
use http_body_util::{BodyExt, Full};

use crate::outbound::HttpClient;

/// The client knows no timeouts: those of a try and of a call hold, which include connecting.
#[derive(Debug, Clone)]
pub(super) struct Connector(pub(super) HttpClient);

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

/// One try. An answer is read whole: none is above 16 MB.
async fn send(client: &HttpClient, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let stream = || ConnectorError::user("a body that is a stream".into());
    let body = request.body().bytes().ok_or_else(stream)?.to_vec();
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    // Whatever goes wrong on the way is worth another try: calls that must not happen twice carry their token.
    let answer = client.request(request.map(|_| Full::from(body))).await.map_err(io)?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(io)?.to_bytes();
    let answer = Response::from_parts(parts, body.into());
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

fn io(error: impl Into<BoxError>) -> ConnectorError {
    ConnectorError::io(error.into())
}
