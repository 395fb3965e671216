//! `ETag` headers for catalogue reads. A client whose copy is current gets 304 without a body.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// Bytes of the body's SHA-256 that form the `ETag`.
const TAG_BYTES: usize = 16;
/// `Cache-Control` of an answer that depends on the user.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// `Cache-Control` of an answer that is the same for everybody. The process caches courses for one minute, so an answer
/// is at most two minutes old.
const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// An answer that a client may store but must revalidate before each use.
#[derive(Debug)]
pub struct Catalogue<T>(pub T);

impl<T: Serialize> IntoResponse for Catalogue<T> {
    fn into_response(self) -> Response {
        tagged(&self.0, PRIVATE)
    }
}

/// An answer that is the same for everybody. Browsers and CDNs may cache it.
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

/// An answer that is identical for one edition, except for the charged credits.
#[derive(Debug)]
pub struct Edition<'a, T> {
    /// Name of the edition; becomes the `ETag`.
    pub name: &'a str,
    /// The edition was bought by this request: send the body even if `If-None-Match` matches.
    pub is_new: bool,
    pub body: T,
}

/// Response extension that disables 304.
#[derive(Clone, Copy)]
struct SendWhole;

impl<T: IntoResponse> IntoResponse for Edition<'_, T> {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        // Weak: two answers of one edition are equivalent, but may differ in `credits_deducted`.
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

/// Replaces the answer by 304 if `If-None-Match` matches its `ETag` (RFC 9110, 13.1.2).
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
    fn a_current_etag_gets_304_without_a_body() {
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
    fn different_bodies_have_different_etags() {
        let tag = |body: u8| Catalogue(body).into_response().headers()[header::ETAG].clone();
        assert_ne!(tag(1), tag(2));
        assert_eq!(tag(1), tag(1));
    }
}
