//! Starts a Lambda function and answers its invocations.

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use http_body_util::BodyExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Error, LambdaEvent, lambda_runtime, service_fn};
use tower::ServiceExt;

use super::logs;
use super::response::with_standard_layers;
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

/// Answers one invocation: takes an API Gateway event and returns a response in payload format 2.
///
/// `lambda_http::run` is not used: it links the tables of every web charset, a tenth of the binary, and we only send
/// UTF-8.
///
/// # Errors
/// If reading the response body fails.
pub async fn answer(router: Router, event: LambdaEvent<LambdaRequest>) -> Result<ApiGatewayV2httpResponse, Error> {
    let response = router.oneshot(lambda_http::Request::from(event.payload)).await?;
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
