//! All ten functions with routes as one router, as API Gateway combines them in AWS.

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use shared::app::App;
use shared::http::with_standard_layers;
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may cache a preflight response.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_mins(10);

/// The whole API.
pub fn all(app: &App) -> Router {
    beside(app, Router::new())
}

/// The whole API, and the routes of `others`.
pub fn beside(app: &App, others: Router) -> Router {
    let groups = [
        analysis::router,
        assessment::router,
        auth::router,
        courses::router,
        credits::router,
        marking::router,
        midterm::router,
        questions::router,
        topics::router,
        webhooks::router,
    ];
    let merged = groups.into_iter().fold(others, |merged, group| merged.merge(group(app.clone())));
    with_standard_layers(merged, app.clone()).layer(cors(&app.config.cors_allowed_origins))
}

/// The same CORS configuration as `CorsConfiguration` in `template.yaml`, for browsers that connect without API
/// Gateway.
fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
            HeaderName::from_static("x-request-id"),
        ])
        .max_age(PREFLIGHT_MAX_AGE)
}
