//! One call of Stripe's API: form in, JSON out, with limits on time, attempts and size.
//!
//! Every POST carries an `Idempotency-Key` for Stripe, so a retry after a lost answer has no second effect
//! (<https://docs.stripe.com/api/idempotent_requests>).

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Stripe, StripeError};
use crate::config::stripe::Secret;
use crate::outbound::{HttpClient, Roots, causes, http_client};

/// API version of requests and answers. It overrides the account's default version.
const API_VERSION: &str = "2025-03-31.basil";
/// Timeout of one attempt. Creating a checkout session takes Stripe about a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
/// A call with all its tries and its secret. A purchase makes two, and two more when the customer was deleted at Stripe;
/// API Gateway waits for 30 s.
const CALL_TIMEOUT: Duration = Duration::from_secs(7);
/// Tries.
const ATTEMPTS_MAX: u32 = 4;
/// Attempts at fetching a secret.
const FETCHES_MAX: u32 = 3;
/// Upper bound of the first pause between attempts; the bound doubles with each attempt.
const PAUSE_FIRST: Duration = Duration::from_millis(400);
/// Maximum size of an answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// A form parameter.
pub(super) type FormParameter<'a> = (&'a str, &'a str);

/// Stripe's error object. Its `message` is not kept, because it may quote what was sent.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    param: Option<String>,
    /// Only inspected, never reported.
    #[serde(default)]
    message: String,
}

impl ErrorObject {
    /// Whether the request names a customer that does not exist at Stripe, or was deleted there.
    fn is_customer_missing(&self) -> bool {
        self.code.as_deref() == Some("resource_missing") && self.param.as_deref() == Some("customer")
    }

    /// Stripe does not accept the address.
    fn is_email_invalid(&self) -> bool {
        self.code.as_deref() == Some("email_invalid") || self.param.as_deref() == Some("email")
    }

    /// The key is of test mode and the object of live mode, or the other way round: "a similar object exists in live mode,
    /// but a test mode key was used to make this request".
    fn is_of_other_mode(&self) -> bool {
        self.message.contains("a similar object exists in")
    }

    /// The portal has no settings at Stripe yet: "No configuration provided and your test mode default configuration has
    /// not been created". Stripe gives this error neither a code nor a parameter.
    fn is_portal_without_settings(&self) -> bool {
        self.message.starts_with("No configuration provided")
    }

    /// The request names something that our configuration chose, such as a price: an operator must change that.
    fn is_configuration(&self) -> bool {
        let param = self.param.as_deref().unwrap_or_default();
        let ours = ["line_items", "success_url", "cancel_url", "return_url", "configuration"];
        self.is_portal_without_settings() || ours.iter().any(|ours| param.starts_with(ours))
    }
}

/// The answer to one attempt.
struct StripeResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Stripe {
    /// Sends a POST. Requests with the same `key` and `form` create only one object.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[FormParameter<'_>],
        key: &str,
    ) -> Result<T, StripeError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let created = self.call(Method::POST, path, Bytes::from(body), Some(key)).await?;
        created.ok_or_else(|| StripeError::Refused(format!("404 for POST {path}")))
    }

    /// Sends a GET. Returns `None` for 404.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, StripeError> {
        self.call(Method::GET, path, Bytes::new(), None).await
    }

    /// Runs `work`, which may make several calls, within the timeout of one call.
    pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, StripeError>>) -> Result<T, StripeError> {
        let done = tokio::time::timeout(CALL_TIMEOUT, work).await;
        done.unwrap_or_else(|_| Err(StripeError::Unavailable("not in time".to_owned())))
    }

    /// Reads one page of a list without a timeout of its own: for use inside [`Self::in_time`].
    pub(super) async fn get_page<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, StripeError> {
        self.try_call(Method::GET, path, Bytes::new(), None).await
    }

    /// Makes a call within the timeout.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Option<T>, StripeError> {
        Self::in_time(self.try_call(method, path, body, key)).await
    }

    async fn try_call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        key: Option<&str>,
    ) -> Result<Option<T>, StripeError> {
        let secret = self.secret_key().await?;
        let client = self.http.get_or_init(|| http_client(&Roots::of(&self.settings.api_base)));
        let url = format!("{}{path}", self.settings.api_base.trim_end_matches('/'));
        let mut why = String::new();
        // Stripe also stores a failed answer under its key, so a retry after a stored failure needs a new key.
        let mut failures = 0;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(PAUSE_FIRST.saturating_mul(1 << attempt).mul_f64(fastrand::f64() / 2.0)).await;
            }
            let key = key.map(|key| if failures == 0 { key.to_owned() } else { format!("{key}-{failures}") });
            let request = request(method.clone(), &url, body.clone(), key.as_deref(), &secret)?;
            match send(client, request).await {
                Ok(answer) if answer.is_worth_another_try() => {
                    why = answer.status.to_string();
                    failures += u32::from(answer.is_replayed());
                }
                Ok(answer) if answer.status.is_server_error() => {
                    return Err(StripeError::Unavailable(answer.status.to_string()));
                }
                Ok(answer) => return answer.read(),
                Err(error) => why = error,
            }
        }
        Err(StripeError::Unavailable(why))
    }

    /// Sends a GET to the Lambda extension and returns the body of a successful answer. Retries, because a connection
    /// may have died while the instance was frozen.
    pub(super) async fn fetch(&self, request: Request<Full<Bytes>>) -> Result<Bytes, String> {
        let client = self.extension.get_or_init(|| http_client(&Roots::None));
        let mut why = String::new();
        for _ in 0..FETCHES_MAX {
            match send(client, request.clone()).await {
                Ok(answer) if answer.status.is_success() => return Ok(answer.body),
                Ok(answer) => why = answer.status.to_string(),
                Err(error) => why = error,
            }
        }
        Err(why)
    }
}

/// Sends one attempt.
async fn send(client: &HttpClient, request: Request<Full<Bytes>>) -> Result<StripeResponse, String> {
    let answer = async {
        let answer = client.request(request).await.map_err(|error| causes(&error))?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|error| causes(&*error))?;
        Ok(StripeResponse { status: parts.status, headers: parts.headers, body: body.to_bytes() })
    };
    tokio::time::timeout(ATTEMPT_TIMEOUT, answer).await.unwrap_or_else(|_| Err("timed out".to_owned()))
}

fn request(
    method: Method,
    url: &str,
    body: Bytes,
    key: Option<&str>,
    secret: &Secret,
) -> Result<Request<Full<Bytes>>, StripeError> {
    let mut authorization = HeaderValue::try_from(format!("Bearer {}", secret.reveal()))
        .map_err(|_| StripeError::Secret("the secret key has characters that no header takes".to_owned()))?;
    authorization.set_sensitive(true);
    let mut request = Request::builder().method(method).uri(url).header(header::AUTHORIZATION, authorization);
    request = request.header("stripe-version", API_VERSION);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    request.body(Full::new(body)).map_err(|error| StripeError::Refused(error.to_string()))
}

impl StripeResponse {
    /// Whether to retry: follows the `Stripe-Should-Retry` header if present; otherwise retries lock timeouts, rate
    /// limits and server errors (<https://docs.stripe.com/error-low-level>).
    fn is_worth_another_try(&self) -> bool {
        match self.headers.get("stripe-should-retry").map(HeaderValue::as_bytes) {
            Some(b"true") => true,
            Some(b"false") => false,
            _ => {
                self.status.is_server_error()
                    || matches!(self.status, StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS)
            }
        }
    }

    /// Whether this answer is a replay of an earlier request with the same key.
    fn is_replayed(&self) -> bool {
        self.headers.get("idempotent-replayed").is_some_and(|value| value == "true")
    }

    fn read<T: DeserializeOwned>(&self) -> Result<Option<T>, StripeError> {
        if self.status.is_success() {
            let read = serde_json::from_slice(&self.body);
            // Report where parsing failed, not the content.
            let place = |error: serde_json::Error| format!("line {}, column {}", error.line(), error.column());
            return read.map(Some).map_err(|error| StripeError::Unreadable(place(error)));
        }
        let reason = serde_json::from_slice(&self.body).map(|refusal: ErrorBody| refusal.error).ok();
        match &reason {
            Some(reason) if reason.is_of_other_mode() => {
                return Err(StripeError::Refused("the secret key is of the other mode, test or live".to_owned()));
            }
            Some(reason) if reason.is_email_invalid() => return Err(StripeError::EmailRejected),
            Some(reason) if reason.is_customer_missing() => return Err(StripeError::CustomerMissing),
            Some(reason) if reason.kind == "idempotency_error" => return Err(StripeError::KeyReused),
            _ if self.status == StatusCode::NOT_FOUND => return Ok(None),
            _ => {}
        }
        // The same request gets the same answer, unless our key or our configuration changes.
        let is_final = matches!(self.status, StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED);
        let is_final = is_final && reason.as_ref().is_some_and(|reason| !reason.is_configuration());
        let id = self.headers.get("request-id").and_then(|id| id.to_str().ok()).unwrap_or("-");
        let said = reason.map_or_else(String::new, |ErrorObject { kind, code, .. }| {
            format!(" {} {}", name(&kind), name(code.as_deref().unwrap_or("-")))
        });
        let refusal = format!("{}{said} (request {id})", self.status.as_u16());
        Err(if is_final { StripeError::Rejected(refusal) } else { StripeError::Refused(refusal) })
    }
}

/// Returns the text if it is a code such as `card_declined`, or `-` if it may be a key, an id or a sentence.
fn name(text: &str) -> &str {
    if text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') { text } else { "-" }
}
