//! Starts a Lambda function and answers its invocations.

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Body, Error, LambdaEvent, Request, lambda_runtime, service_fn};
use serde_json::Value;
use tower::ServiceExt;
use url::Url;

use super::logs;
use super::response::{Malformed, with_standard_layers};
use crate::app::App;
use crate::config::Config;

/// Answers invocations with `router` until Lambda ends the process. This is the whole `main` of a function.
pub fn run(router: fn(App) -> Router) -> ExitCode {
    logs::init();
    match start(router) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            ExitCode::FAILURE
        }
    }
}

fn start(router: fn(App) -> Router) -> Result<(), Error> {
    let app = App::new(Config::from_env()?);
    // An instance handles one request at a time: one thread is enough. Password hashes use the blocking pool.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Arc::clone(&app.store);
        tokio::spawn(async move { store.connect_early().await });
        let router = with_standard_layers(router(app.clone()), app);
        lambda_runtime::run(service_fn(|event| answer(router.clone(), event))).await
    })
}

/// Answers events of other sources than API Gateway with `handle` until Lambda ends the process. An error makes the source bring
/// the event again.
pub fn run_events<F, E>(handle: fn(App, Value) -> F) -> ExitCode
where
    F: Future<Output = Result<Value, E>> + Send,
    E: std::error::Error + Send + Sync + 'static,
{
    logs::init();
    match start_events(handle) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "cannot start");
            ExitCode::FAILURE
        }
    }
}

fn start_events<F, E>(handle: fn(App, Value) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<Value, E>> + Send,
    E: std::error::Error + Send + Sync + 'static,
{
    let app = App::new(Config::from_env()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let answer = |event: LambdaEvent<Value>| {
            let answer = handle(app.clone(), event.payload);
            async move {
                answer.await.map_err(|error| {
                    tracing::error!(%error, "an event is not handled");
                    Error::from(error)
                })
            }
        };
        lambda_runtime::run(service_fn(answer)).await
    })
}

/// Answers one invocation: takes an API Gateway event and returns a response in payload format 2.
///
/// `lambda_http::run` is not used: it links the tables of every web charset, a tenth of the binary, and we only send
/// UTF-8.
///
/// # Errors
/// If reading the response body fails.
pub async fn answer(router: Router, event: LambdaEvent<LambdaRequest>) -> Result<ApiGatewayV2httpResponse, Error> {
    let response = router.oneshot(request(event.payload)).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    // The format has one value per header name, and a separate field for cookies. We send neither repeated headers nor
    // cookies.
    debug_assert!(parts.headers.keys_len() == parts.headers.len() && !parts.headers.contains_key("set-cookie"));
    let mut answer = ApiGatewayV2httpResponse::default();
    answer.status_code = parts.status.as_u16().into();
    answer.headers = parts.headers;
    answer.body = match String::from_utf8(body.into()) {
        Ok(text) if text.is_empty() => None,
        Ok(text) => Some(Body::Text(text)),
        Err(error) => {
            answer.is_base64_encoded = true;
            Some(Body::Binary(error.into_bytes()))
        }
    };
    Ok(answer)
}

/// The request of an event. `lambda_http` panics on events that are no request; those become a request to `/` that is answered 400.
fn request(event: LambdaRequest) -> Request {
    match event {
        LambdaRequest::ApiGatewayV2(event) => match fault(&event) {
            Some(fault) => {
                let mut request = Request::default();
                *request.method_mut() = event.request_context.http.method.clone();
                request.extensions_mut().insert(RequestContext::ApiGatewayV2(event.request_context));
                request.extensions_mut().insert(Malformed(fault));
                request
            }
            None => Request::from(LambdaRequest::ApiGatewayV2(event)),
        },
        other => Request::from(other),
    }
}

/// Why an event is no request.
fn fault(event: &ApiGatewayV2httpRequest) -> Option<&'static str> {
    let query = event.raw_query_string.as_deref().unwrap_or_default();
    if PathAndQuery::try_from(format!("/?{query}")).is_err() {
        return Some("The query string has a character that must be percent-encoded.");
    }
    let is_base64 = |body: &String| STANDARD.decode(body).is_ok();
    if event.is_base64_encoded && !event.body.as_ref().is_none_or(is_base64) {
        return Some("The body is not base64, although the event says so.");
    }
    let host = text(&event.headers, header::HOST.as_str()).or(event.request_context.domain_name.as_deref());
    let scheme = text(&event.headers, "x-forwarded-proto").unwrap_or("https");
    let path = event.raw_path.as_deref().unwrap_or_default();
    // As `lambda_http` does it.
    let address = match host {
        Some(host) => Url::parse(&format!("{scheme}://{host}{path}")).map(String::from),
        None => Url::parse(&format!("http://localhost{path}")).map(|url| url.path().to_owned()),
    };
    let is_address = address.is_ok_and(|address| Uri::try_from(format!("{address}?{query}")).is_ok());
    (!is_address).then_some("Path and `Host` header together are no address.")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event(path: &str, query: &str, host: &str, body: &str) -> LambdaRequest {
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {"host": host},
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "a.example", "stage": "$default", "requestId": "r",
                "routeKey": "$default", "time": "", "timeEpoch": 0,
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"},
            },
            "body": body, "isBase64Encoded": true,
        });
        serde_json::from_value(event).unwrap()
    }

    fn is_malformed(path: &str, query: &str, host: &str, body: &str) -> bool {
        request(event(path, query, host, body)).extensions().get::<Malformed>().is_some()
    }

    #[test]
    fn an_event_that_is_no_request_is_told_apart() {
        for (path, query, host, body) in [
            ("/", "a=b%20c&d=", "a.example", "e30="),
            ("/a b/\u{e9}", "", "a.example:443", ""),
            ("", "", "a.example", ""),
        ] {
            assert!(!is_malformed(path, query, host, body), "{path} {query} {host} {body}");
        }
        for (path, query, host, body) in [
            ("/", "a=b c", "a.example", ""),
            ("/", "a=<b>", "a b", ""),
            ("/", "", "a b", ""),
            ("\"", "", "", ""),
            ("/", "", "a.example", "e30"),
            ("/", "", "a.example", "{}"),
        ] {
            assert!(is_malformed(path, query, host, body), "{path} {query} {host} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_event_panics(path in "/?\\PC{0,20}", query in "\\PC{0,20}", host in "[!-~ ]{0,12}", body in "[A-Za-z0-9+/= ]{0,9}") {
            let _ = request(event(&path, &query, &host, &body));
        }
    }
}
