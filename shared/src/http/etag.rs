//! Catalogue reads carry a strong `ETag`, so that a client that has the answer already is told so in a line.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// Bytes of the body's SHA-256 that make its tag.
const TAG_BYTES: usize = 16;
/// Of an answer that depends on who asks.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Of an answer that is the same for everybody. A process keeps courses for a minute: a cache makes it two at most.
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// An answer that a client may keep, and must ask again for.
#[derive(Debug)]
pub struct Catalogue<T>(pub T);

impl<T: Serialize> IntoResponse for Catalogue<T> {
    fn into_response(self) -> Response {
        tagged(&self.0, PRIVATE)
    }
}

/// An answer that is the same for everybody: browsers and CDNs may give it out for a while.
#[derive(Debug)]
pub struct OpenCatalogue<T>(pub T);

impl<T: Serialize> IntoResponse for OpenCatalogue<T> {
    fn into_response(self) -> Response {
        tagged(&self.0, PUBLIC)
    }
}

fn tagged(body: &impl Serialize, caching: HeaderValue) -> Response {
    let body = match serde_json::to_vec(body) {
        Ok(body) => body,
        Err(error) => return Problem::internal(error).into_response(),
    };
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&Sha256::digest(&body)[..TAG_BYTES]));
    let mut response = ([(header::CONTENT_TYPE, "application/json")], body).into_response();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, caching);
    response
}

/// An answer that is the same for as long as its edition is, but for what was charged.
#[derive(Debug)]
pub struct Edition<'a, T> {
    /// Names what is answered.
    pub name: &'a str,
    /// It was just bought: whatever the client says it has, it gets it.
    pub is_new: bool,
    /// The answer.
    pub body: T,
}

/// Marks an answer that is sent whole.
#[derive(Clone, Copy)]
struct SendWhole;

impl<T: IntoResponse> IntoResponse for Edition<'_, T> {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        // Weak: two answers of an edition mean the same, and may differ in `credits_deducted`.
        if let Ok(tag) = HeaderValue::from_str(&format!("W/\"{}\"", self.name)) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response.headers_mut().insert(header::CACHE_CONTROL, PRIVATE);
        if self.is_new {
            response.extensions_mut().insert(SendWhole);
        }
        response
    }
}

/// Turns an answer into 304 when the client has it (RFC 9110, 13.1.2).
pub(super) fn revalidate(method: &Method, if_none_match: Option<&HeaderValue>, response: Response) -> Response {
    let is_read = *method == Method::GET || *method == Method::HEAD;
    let may_match =
        is_read && response.status() == StatusCode::OK && response.extensions().get::<SendWhole>().is_none();
    if !(may_match && is_known(if_none_match, response.headers())) {
        return response;
    }
    let mut not_modified = StatusCode::NOT_MODIFIED.into_response();
    for name in [header::ETAG, header::CACHE_CONTROL] {
        if let Some(value) = response.headers().get(&name) {
            not_modified.headers_mut().insert(name, value.clone());
        }
    }
    not_modified
}

fn is_known(if_none_match: Option<&HeaderValue>, headers: &HeaderMap) -> bool {
    let (Some(wanted), Some(tag)) = (if_none_match.and_then(|v| v.to_str().ok()), headers.get(header::ETAG)) else {
        return false;
    };
    let tag = tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes());
    wanted.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/").as_bytes() == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_has_it_gets_304_and_no_body() {
        let fresh = Catalogue(vec![1, 2]).into_response();
        let tag = fresh.headers()[header::ETAG].clone();
        let ask = |if_none_match: &str| {
            let value = HeaderValue::from_str(if_none_match).unwrap();
            revalidate(&Method::GET, Some(&value), Catalogue(vec![1, 2]).into_response()).status()
        };
        let tag = tag.to_str().unwrap();
        assert_eq!(ask(tag), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&format!("\"other\", W/{tag}")), StatusCode::NOT_MODIFIED);
        assert_eq!(ask("*"), StatusCode::NOT_MODIFIED);
        assert_eq!(ask("\"other\""), StatusCode::OK);
    }

    #[test]
    fn other_bodies_have_other_tags() {
        let tag = |body: u8| Catalogue(body).into_response().headers()[header::ETAG].clone();
        assert_ne!(tag(1), tag(2));
        assert_eq!(tag(1), tag(1));
    }
}
