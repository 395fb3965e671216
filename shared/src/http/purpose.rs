//! Tells a real request from a prefetch. A browser that prefetches, and a client that sends HEAD, has not decided to
//! pay.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;

use super::problem::Problem;

/// Why a GET was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The user wants the answer.
    Use,
    /// HEAD, or a prefetch (`Sec-Purpose`, or the older `Purpose`): nothing may be charged.
    Prefetch,
}

impl<S: Send + Sync> FromRequestParts<S> for Purpose {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let is_prefetch = ["sec-purpose", "purpose", "x-moz"].iter().any(|name| {
            let values = parts.headers.get_all(*name).iter();
            values.filter_map(|value| value.to_str().ok()).any(|value| value.to_ascii_lowercase().contains("prefetch"))
        });
        Ok(if is_prefetch || parts.method == Method::HEAD { Self::Prefetch } else { Self::Use })
    }
}
