//! The `Idempotency-Key` header, combined with a fingerprint of the request.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use serde_json::Value;

use super::body::{Body, Json, read_fields, read_ignored, read_nothing};
use super::problem::Problem;
use crate::domain::idempotency::{Fingerprint, IdempotencyKey, Intent};

const HEADER: &str = "idempotency-key";

/// A request body, with the intent that makes a retry safe.
#[derive(Debug)]
pub struct Once<T>(pub T, pub Intent);

/// A request without a body. A body that a client sends anyway is read first and ignored.
#[derive(Debug)]
pub struct WithoutBody;

/// The same, with its intent.
#[derive(Debug)]
pub struct OnceWithoutBody(pub Intent);

/// The intent of a request that costs credits and has no members. Unknown members are refused.
#[derive(Debug)]
pub struct OnceWithoutMembers(pub Intent);

impl<S: Send + Sync, T: Body> FromRequest<S> for Once<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let key = key(request.headers())?;
        let path = request.uri().path().to_owned();
        let fields = read_fields(request).await?;
        let fingerprint = Fingerprint::of(&path, &Value::Object(fields.clone()));
        let Json(body) = Json::of_fields(fields)?;
        Ok(Self(body, Intent { key, fingerprint }))
    }
}

impl<S: Send + Sync> FromRequest<S> for WithoutBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read_ignored(request).await.map(|()| Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for OnceWithoutBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let key = key(request.headers())?;
        let fingerprint = Fingerprint::of(request.uri().path(), &Value::Null);
        read_ignored(request).await?;
        Ok(Self(Intent { key, fingerprint }))
    }
}

impl<S: Send + Sync> FromRequest<S> for OnceWithoutMembers {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let key = key(request.headers())?;
        let fingerprint = Fingerprint::of(request.uri().path(), &Value::Null);
        read_nothing(request).await?;
        Ok(Self(Intent { key, fingerprint }))
    }
}

fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::invalid_field("Idempotency-Key", "must be given once"));
    }
    let key = value.to_str().ok().and_then(|text| IdempotencyKey::try_from(text).ok());
    let rule = "must be 1 to 255 printable ASCII characters";
    key.map(Some).ok_or_else(|| Problem::invalid_field("Idempotency-Key", rule))
}
