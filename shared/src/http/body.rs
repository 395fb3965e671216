//! JSON bodies. A body must be an object within the size limit, with every required field and valid values. The error
//! names the first invalid field.

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::json::{parse_object, shown_name};
use super::problem::{Code, Problem};
use super::shapes::Strict;

/// Largest body in bytes.
pub(super) const BODY_BYTES_MAX: usize = 64 * 1024;

/// A type that is parsed from a request body.
pub trait Body: DeserializeOwned {
    /// Required fields: must be present, not null and not empty.
    const REQUIRED: &'static [&'static str];
    /// The old service's `error` text for a missing required field.
    const MISSING: &'static str = "Missing fields";
}

/// A parsed request body.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: Body> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        Self::of_fields(read_fields(request).await?)
    }
}

impl<T: Body> Json<T> {
    /// Checks and parses the fields of a body.
    pub(super) fn of_fields(fields: Map<String, Value>) -> Result<Self, Problem> {
        let missing = |field: &&'static str| what_is_missing(fields.get(*field)).map(|what| (*field, what));
        if let Some((field, what)) = T::REQUIRED.iter().find_map(missing) {
            let problem = Problem::new(Code::MissingField, format!("`{field}` {what}."));
            return Err(problem.with_error(T::MISSING).with_member("field", field));
        }
        serde_path_to_error::deserialize(Strict(Value::Object(fields))).map(Self).map_err(|error| invalid_field(&error))
    }
}

/// Reads the body as a JSON object.
pub(super) async fn read_fields(request: Request) -> Result<Map<String, Value>, Problem> {
    check_content_coding(&request)?;
    check_media_type(&request)?;
    parse_object(&read(request).await?)
}

/// Checks the body of a request that has no members: it may be absent, `null` or an empty object. Other members are
/// refused, because a client that sends them expects an effect.
pub(super) async fn read_nothing(request: Request) -> Result<(), Problem> {
    check_content_coding(&request)?;
    let media_type = check_media_type(&request);
    let bytes = read(request).await?;
    if is_nothing(&bytes) {
        return Ok(());
    }
    media_type?;
    match parse_object(&bytes)?.keys().next() {
        Some(name) => Err(unknown_member(name, &[])),
        None => Ok(()),
    }
}

/// Checks the body of a free request that needs none: a body is ignored, unless it is compressed or is invalid JSON.
/// Other media types are ignored, since `fetch` adds one to a string.
pub(super) async fn read_ignored(request: Request) -> Result<(), Problem> {
    check_content_coding(&request)?;
    let is_json = check_media_type(&request).is_ok();
    let bytes = read(request).await?;
    if is_json && !is_nothing(&bytes) {
        parse_object(&bytes)?;
    }
    Ok(())
}

fn is_nothing(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii(), b"" | b"null")
}

/// A compressed body would be read as invalid JSON, so it is refused with its own error.
fn check_content_coding(request: &Request) -> Result<(), Problem> {
    let values = request.headers().get_all(header::CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.to_str().unwrap_or("?").split(',')).map(str::trim);
    if codings.all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case("identity")) {
        return Ok(());
    }
    let detail = "Compressed bodies are not accepted; send the body without `Content-Encoding`.";
    Err(Problem::new(Code::UnsupportedMediaType, detail))
}

/// The error for an unknown member. It lists the known ones.
fn unknown_member(name: &str, known: &[&str]) -> Problem {
    let rule = match known {
        [] => "is not known: this request takes no members".to_owned(),
        [only] => format!("is not known; the only known member is {only}"),
        known => format!("is not known; known are {}", known.join(", ")),
    };
    Problem::invalid_field(&shown_name(name), &rule)
}

/// Refuses a `Content-Type` other than JSON. A missing `Content-Type` is accepted, as in the old service.
fn check_media_type(request: &Request) -> Result<(), Problem> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = value.to_str().unwrap_or("").split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType, "Send the body as `Content-Type: application/json`."))
}

/// Reads a body of at most [`BODY_BYTES_MAX`].
pub(super) async fn read(request: Request) -> Result<axum::body::Bytes, Problem> {
    read_to(request, BODY_BYTES_MAX).await
}

/// Reads a body of at most `bytes_max`.
///
/// # Errors
/// 413 if the body is larger; 400 if it ends early.
pub async fn read_to(request: Request, bytes_max: usize) -> Result<axum::body::Bytes, Problem> {
    let too_large = || {
        let detail = format!("The body is larger than {bytes_max} bytes.");
        Problem::new(Code::BodyTooLarge, detail).with_member("max_bytes", bytes_max)
    };
    let body = request.into_body();
    // `Content-Length` exceeds the limit: do not wait for the body.
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    axum::body::to_bytes(body, bytes_max).await.map_err(|error| {
        let cause = std::error::Error::source(&error);
        if cause.is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>) {
            too_large()
        } else {
            Problem::new(Code::InvalidJson, "The body ended early.")
        }
    })
}

/// Why a required value counts as missing.
fn what_is_missing(value: Option<&Value>) -> Option<&'static str> {
    match value {
        None | Some(Value::Null) => Some("is required"),
        Some(Value::String(text)) if text.is_empty() => Some("is required and must not be empty"),
        Some(Value::String(text)) if text.trim().is_empty() => Some("must not consist only of white space"),
        Some(_) => None,
    }
}

/// Translates a Rust type name for clients.
fn in_plain_words(expected: &str) -> String {
    match expected {
        "i64" | "i32" | "u32" | "u64" | "u8" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        other if other.starts_with("struct") || other == "a map" => "an object".to_owned(),
        other => other.replace("one of ", ""),
    }
}

/// The error for an invalid field. It names the field and the rule, but never quotes the value, which may be a
/// password.
pub(super) fn invalid_field<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> Problem {
    let field = error.path().to_string();
    let message = error.inner().to_string();
    // Only types with `deny_unknown_fields` report this: the bodies of requests that cost credits.
    if message.starts_with("unknown field") {
        let (_, known) = message.rsplit_once("expected ").unwrap_or_default();
        let known = known.trim_start_matches("one of ").replace(" or ", ", ");
        let known: Vec<&str> = known.split(", ").filter(|name| !name.is_empty()).collect();
        return unknown_member(&field, &known);
    }
    let is_type_error = ["invalid type", "invalid value", "unknown variant", "invalid length", "missing field"];
    if !is_type_error.iter().any(|start| message.starts_with(start)) {
        return Problem::invalid_field(&field, &message);
    }
    let rule = match message.rsplit_once("expected ") {
        Some((_, expected)) => format!("must be {}", in_plain_words(expected)),
        None => "is not valid".to_owned(),
    };
    Problem::invalid_field(&field, &rule)
}
