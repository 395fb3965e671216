//! The response to a request of a test.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use tower::ServiceExt;

use crate::contract::check;

/// A response with its whole body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Body as JSON, a text if it is HTML or LaTeX, or base64 if it is an image or a package; null without a body.
    pub body: Value,
}

impl Answer {
    /// Sends a request to `router` and checks the response against `openapi.json`.
    pub async fn to(request: Request<Body>, router: Router) -> Self {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let answer = Self::read(router.oneshot(request).await.unwrap()).await;
        check(&method, &path, &answer);
        check_times(&answer.body);
        answer
    }

    async fn read(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let kind = head.headers.get("content-type").map_or(b"".as_slice(), |kind| kind.as_bytes());
        let is_text = ["text/html", "application/x-tex"].iter().any(|text| kind.starts_with(text.as_bytes()));
        let is_binary = ["image/", "application/qti+zip"].iter().any(|binary| kind.starts_with(binary.as_bytes()));
        let body = match bytes.is_empty() {
            true => Value::Null,
            false if is_binary => Value::from(BASE64_STANDARD.encode(&bytes)),
            false if is_text => Value::from(str::from_utf8(&bytes).unwrap()),
            false => serde_json::from_slice(&bytes).unwrap(),
        };
        Self { status: head.status, headers: head.headers, body }
    }

    /// A header as text; empty when it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The body; panics unless the status is 200.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// The body of a problem; panics unless it has this status and code and is complete.
    #[track_caller]
    #[must_use]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        for member in ["type", "title", "detail", "error", "request_id"] {
            assert!(self.body[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {}", self.body);
        }
        self.body
    }
}

/// Panics if a timestamp does not have exactly three fractional digits.
#[track_caller]
fn check_times(value: &Value) {
    match value {
        Value::String(text) if text.parse::<jiff::Timestamp>().is_ok() => {
            assert!(text.len() == "2026-03-01T12:00:00.000Z".len() && text.ends_with('Z'), "{text}");
        }
        Value::Array(entries) => entries.iter().for_each(check_times),
        Value::Object(members) => members.values().for_each(check_times),
        _ => {}
    }
}
