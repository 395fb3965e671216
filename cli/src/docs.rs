//! Routes that only `serve` has: the OpenAPI document, and a page to read it and send requests. All files are in this
//! binary.

use std::sync::Arc;

use anyhow::Result;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use shared::http::Problem;
use utoipa_swagger_ui::Config;

use crate::openapi;

/// Path of the OpenAPI document.
const CONTRACT_PATH: &str = "/api/openapi.json";
/// The page loads nothing from other hosts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' \
                                       'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `GET /api/openapi.json` and `GET /docs`.
///
/// # Errors
/// When the OpenAPI document cannot be generated.
pub fn router() -> Result<Router> {
    let contract: Arc<str> = openapi::text()?.into();
    let page = Config::from(CONTRACT_PATH).persist_authorization(true).try_it_out_enabled(true);
    let page = Arc::new(page);
    let index = Arc::clone(&page);
    Ok(Router::new()
        .route(CONTRACT_PATH, get(async move || ([(header::CONTENT_TYPE, JSON)], contract.to_string())))
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async move || file("index.html", index)))
        .route("/docs/{file}", get(async move |Path(name): Path<String>| file(&name, page))))
}

/// Serves a file of the documentation page.
fn file(name: &str, page: Arc<Config<'static>>) -> Response {
    let found = match utoipa_swagger_ui::serve(name, page) {
        Ok(Some(found)) => found,
        Ok(None) => return Problem::not_found("file").into_response(),
        Err(error) => return Problem::internal(error).into_response(),
    };
    let kind =
        HeaderValue::from_str(&found.content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    ];
    (StatusCode::OK, headers, found.bytes).into_response()
}
