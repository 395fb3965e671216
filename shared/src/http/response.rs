//! Common layers around a router, added once by the binary that serves it: problem details for unknown paths and
//! methods, a request id, security headers, 304 and one log line per request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use lambda_http::request::RequestContext;

use super::etag::revalidate;
use super::limit::Standings;
use super::logs::REQUEST;
use super::problem::{Code, Problem};
use super::routes::allowed_methods;
use crate::app::App;
use crate::request_metrics::{RequestMetrics, counted};

/// `Strict-Transport-Security`: how long browsers use only HTTPS for this host.
const TWO_YEARS: &str = "max-age=63072000";
/// A request that takes longer counts as slow.
const SLOW: Duration = Duration::from_secs(3);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Extension of a request whose event could not be read as one, with the reason. It is answered 400.
#[derive(Debug, Clone, Copy)]
pub(super) struct Malformed(pub(super) &'static str);

/// Wraps `router` in the layers that all functions share.
pub fn with_standard_layers(router: Router, app: App) -> Router {
    router
        .fallback(async || Problem::not_found("path"))
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(app, finish))
}

/// Answers `OPTIONS` on every path, and 405 for other methods; axum adds `Allow`.
async fn wrong_method(method: Method, path: Option<MatchedPath>) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let allowed = path.map(|path| allowed_methods(path.as_str())).unwrap_or_default();
    let allowed = match allowed.split_last() {
        None => "a method listed in `Allow`".to_owned(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    };
    Problem::new(Code::MethodNotAllowed, format!("{method} is not allowed here; use {allowed}.")).into_response()
}

/// A request with two hosts is ambiguous, and one without a host has no target. RFC 9112, 3.2 requires refusing both.
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Problem> {
    let refuse = |detail: &'static str| Err(Problem::new(Code::InvalidRequest, detail));
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => refuse("The request has more than one `Host` header; send one."),
        (Some(host), None) if !is_host(host) => {
            refuse("The `Host` header is not one host name or address, with or without a port.")
        }
        (None, None) if version == Version::HTTP_11 => refuse("The request has no `Host` header; send one."),
        _ => Ok(()),
    }
}

/// Whether the value is one host with or without a port, not a list, and without user info.
fn is_host(host: &HeaderValue) -> bool {
    let Ok(text) = host.to_str() else { return false };
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let port = text.strip_prefix(authority.host()).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    let has_good_port = port.is_some_and(|port| port.is_empty() || port.parse::<u16>().is_ok());
    has_good_port && !authority.host().is_empty() && !text.contains([',', '@'])
}

/// Whether shared caches may store the response: then it must contain nothing about the client.
fn is_for_everybody(headers: &HeaderMap) -> bool {
    let caching = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    caching.is_some_and(|caching| caching.starts_with("public"))
}

async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = request_id(&app, &request);
    let is_behind_gateway =
        matches!(request.extensions().get::<RequestContext>(), Some(RequestContext::ApiGatewayV2(_)));
    // API Gateway has checked the host, and does not report the HTTP version.
    let version = if is_behind_gateway { Version::HTTP_10 } else { request.version() };
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();

    let answering = async {
        let checked = match request.extensions().get::<Malformed>() {
            Some(Malformed(what)) => Err(Problem::new(Code::InvalidRequest, *what)),
            None => check_host(version, request.headers()),
        };
        match checked {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        }
    };
    let (outcome, metrics) = counted(AssertUnwindSafe(answering).catch_unwind()).await;
    let mut response = match outcome {
        Ok(response) => response,
        Err(_) => Problem::internal("a handler panicked").into_response(),
    };
    let problem = response.extensions().get::<Problem>().cloned();
    let standings = response.extensions_mut().remove::<Standings>();
    let mut response = match &problem {
        Some(problem) => rendered(problem, &request_id, &response),
        None => revalidate(&method, if_none_match.as_ref(), response),
    };

    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    if let Some(standings) = standings.filter(|_| !is_for_everybody(headers)) {
        standings.write(headers);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if is_behind_gateway {
        // API Gateway only accepts HTTPS; a local server only speaks HTTP.
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TWO_YEARS));
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    let seen = LoggedRequest { method, route, status: response.status(), request_id, started, metrics };
    seen.log(problem.as_ref());
    response
}

/// Renders a problem. Keeps the `Allow` header that axum set.
fn rendered(problem: &Problem, request_id: &str, carrier: &Response) -> Response {
    let mut response = problem.render(request_id);
    if let Some(allow) = carrier.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}

/// The request id of API Gateway, or a generated one.
fn request_id(app: &App, request: &Request) -> String {
    let from_gateway = match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    from_gateway.unwrap_or_else(|| app.random.uuid_v4().to_string())
}

/// An answered request, for the log.
struct LoggedRequest {
    method: Method,
    route: Option<String>,
    status: StatusCode,
    request_id: String,
    started: Instant,
    metrics: Arc<RequestMetrics>,
}

impl LoggedRequest {
    /// Logs one line per request. It logs the route, never the path, because the path names what the user looks at.
    fn log(&self, problem: Option<&Problem>) {
        // The first request of a process includes a cold start.
        static IS_WARM: AtomicBool = AtomicBool::new(false);
        let cold_starts = u64::from(!IS_WARM.swap(true, Ordering::Relaxed));
        let Self { method, request_id, metrics, .. } = self;
        let route = self.route.as_deref().unwrap_or("-");
        let status = self.status.as_u16();
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let user = metrics.user();
        let user = user.as_deref().unwrap_or("-");
        let server_errors = u64::from(self.status.is_server_error());
        let is_payment = ["/api/webhooks/", "/api/credits/"].iter().any(|prefix| route.starts_with(prefix));
        let payment_errors = server_errors * u64::from(is_payment);
        let slow_requests = u64::from(self.started.elapsed() > SLOW);
        let refusals_for_rate = u64::from(self.status == StatusCode::TOO_MANY_REQUESTS);
        let (database_calls, database_retries) = (metrics.calls(), metrics.retries());
        let (conflicts, spends, credits_spent) = (metrics.conflicts(), metrics.spends(), metrics.credits_spent());
        let credits_granted = metrics.credits_granted();
        macro_rules! line {
            ($level:ident, $($cause:ident)?) => {
                tracing::$level!(
                    %method, route, status, request_id, user, millis, database_calls, database_retries, conflicts,
                    spends, credits_spent, credits_granted, server_errors, payment_errors, slow_requests,
                    refusals_for_rate, cold_starts,
                    $($cause,)? "{REQUEST}"
                )
            };
        }
        if let Some(cause) = problem.and_then(Problem::cause) {
            line!(error, cause);
        } else {
            line!(info,);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_name_or_address_with_or_without_a_port() {
        let is_good = |host: &str| is_host(&HeaderValue::from_bytes(host.as_bytes()).unwrap());
        for good in
            ["localhost", "api.example.org", "127.0.0.1:8787", "[::1]:8787", "[2001:db8::1]", "localhost:", "a_b"]
        {
            assert!(is_good(good), "{good}");
        }
        for bad in [
            "",
            "localhost, evil",
            "localhost,evil",
            "a@localhost",
            "a:b@localhost",
            "b\u{fc}cher.example",
            "local host",
            "localhost/path",
            "localhost?q",
            "http://localhost",
            "localhost:port",
            "localhost:99999",
            ":80",
            "[::1",
            "::1",
        ] {
            assert!(!is_good(bad), "{bad}");
        }
    }
}
