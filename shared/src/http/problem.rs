//! Errors as clients see them: RFC 9457 problem details, plus the old service's `error` text.
//!
//! 401: the caller is not authenticated. 402: the balance is too low. 404: the resource does not exist, or belongs to
//! another user; there is no 403, so an answer never reveals that a resource exists. The text of a 5xx is fixed; its
//! cause is logged once, with the request id.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

use super::json::shown_name;

/// Error code. Each code has exactly one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The request is not well-formed HTTP.
    InvalidRequest,
    /// The body is not a JSON object.
    InvalidJson,
    /// A required field is absent, null or empty.
    MissingField,
    /// The Stripe signature is missing, invalid or older than five minutes.
    InvalidSignature,
    /// The token of a link in a mail is unknown, replaced, used or expired.
    InvalidToken,
    /// The session token is missing, invalid or expired.
    Unauthenticated,
    /// Wrong email or password.
    InvalidCredentials,
    /// The password is right, and a code is needed too.
    FactorRequired,
    /// The code of a second factor is wrong, has expired or was used.
    InvalidCode,
    /// The balance is too low.
    InsufficientCredits,
    /// The resource does not exist, or belongs to another user.
    NotFound,
    /// No question matches; nothing was charged.
    NoQuestions,
    /// The course has no past exams; nothing was charged.
    NoExams,
    /// The item must be bought first, and this request does not buy it.
    NotPurchased,
    /// The path does not support this method.
    MethodNotAllowed,
    /// An account with this email exists.
    EmailTaken,
    /// Free credits are withheld until the email is verified.
    EmailUnverified,
    /// No mail can be sent to the email of the account.
    EmailUndeliverable,
    /// The email was changed a short time ago, and that can still be undone.
    EmailChangedRecently,
    /// There is a second factor already.
    FactorExists,
    /// The user has this plan already, or another paid plan.
    AlreadySubscribed,
    /// There is no subscription to change.
    NotSubscribed,
    /// A subscription is active and must be cancelled first.
    SubscriptionActive,
    /// The question is locked and must be started first.
    NotStarted,
    /// The idempotency key was used for a different request.
    IdempotencyKeyReused,
    /// No midterm satisfies the blueprint; nothing was charged.
    BlueprintInfeasible,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The body exceeds the size limit.
    BodyTooLarge,
    /// The `Content-Type` is not JSON.
    UnsupportedMediaType,
    /// Stripe permanently rejected the purchase; nothing was charged.
    PaymentRejected,
    /// A field has the wrong type or is out of bounds.
    InvalidField,
    /// Rate limit exceeded; the request had no effect.
    RateLimited,
    /// Unexpected server error.
    Internal,
    /// DynamoDB or another dependency is unavailable; retry with the same idempotency key.
    Unavailable,
}

impl Code {
    /// Every code.
    pub const ALL: [Self; 34] = [
        Self::InvalidRequest,
        Self::InvalidJson,
        Self::MissingField,
        Self::InvalidSignature,
        Self::InvalidToken,
        Self::Unauthenticated,
        Self::InvalidCredentials,
        Self::FactorRequired,
        Self::InvalidCode,
        Self::InsufficientCredits,
        Self::NotFound,
        Self::NoQuestions,
        Self::NoExams,
        Self::NotPurchased,
        Self::MethodNotAllowed,
        Self::EmailTaken,
        Self::EmailUnverified,
        Self::EmailUndeliverable,
        Self::EmailChangedRecently,
        Self::FactorExists,
        Self::AlreadySubscribed,
        Self::NotSubscribed,
        Self::SubscriptionActive,
        Self::NotStarted,
        Self::IdempotencyKeyReused,
        Self::BlueprintInfeasible,
        Self::RequestTimeout,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::PaymentRejected,
        Self::InvalidField,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
    ];

    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest
            | Self::InvalidJson
            | Self::MissingField
            | Self::InvalidSignature
            | Self::InvalidToken => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::InvalidCredentials | Self::FactorRequired | Self::InvalidCode => {
                StatusCode::UNAUTHORIZED
            }
            Self::InsufficientCredits | Self::NotPurchased => StatusCode::PAYMENT_REQUIRED,
            Self::NotFound | Self::NoQuestions | Self::NoExams => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::EmailTaken
            | Self::EmailUnverified
            | Self::EmailUndeliverable
            | Self::EmailChangedRecently
            | Self::FactorExists
            | Self::AlreadySubscribed
            | Self::NotSubscribed
            | Self::SubscriptionActive
            | Self::NotStarted => StatusCode::CONFLICT,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidField | Self::PaymentRejected | Self::IdempotencyKeyReused | Self::BlueprintInfeasible => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The code's name in the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidJson => "invalid_json",
            Self::MissingField => "missing_field",
            Self::InvalidSignature => "invalid_signature",
            Self::InvalidToken => "invalid_token",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidCredentials => "invalid_credentials",
            Self::FactorRequired => "factor_required",
            Self::InvalidCode => "invalid_code",
            Self::FactorExists => "factor_exists",
            Self::InsufficientCredits => "insufficient_credits",
            Self::NotFound => "not_found",
            Self::NoQuestions => "no_questions",
            Self::NoExams => "no_exams",
            Self::NotPurchased => "not_purchased",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EmailTaken => "email_taken",
            Self::EmailUnverified => "email_unverified",
            Self::EmailUndeliverable => "email_undeliverable",
            Self::EmailChangedRecently => "email_changed_recently",
            Self::AlreadySubscribed => "already_subscribed",
            Self::NotSubscribed => "not_subscribed",
            Self::SubscriptionActive => "subscription_active",
            Self::NotStarted => "not_started",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::BlueprintInfeasible => "blueprint_infeasible",
            Self::RequestTimeout => "request_timeout",
            Self::BodyTooLarge => "body_too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::PaymentRejected => "payment_rejected",
            Self::InvalidField => "invalid_field",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
        }
    }

    /// The title: the old service's `error` text if it had one.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "Invalid request",
            Self::InvalidJson => "Invalid JSON",
            Self::MissingField => "Missing fields",
            Self::InvalidSignature => "Invalid signature",
            Self::InvalidToken => "Invalid token",
            Self::Unauthenticated => "Unauthorized",
            Self::InvalidCredentials => "Invalid credentials",
            Self::FactorRequired => "Second factor required",
            Self::InvalidCode => "Invalid code",
            Self::FactorExists => "Second factor exists",
            Self::InsufficientCredits => "Insufficient credits",
            Self::NotFound => "Not found",
            Self::NoQuestions => "No questions",
            Self::NoExams => "No exams",
            Self::NotPurchased => "Not purchased",
            Self::MethodNotAllowed => "Method not allowed",
            Self::EmailTaken => "Email already registered",
            Self::EmailUnverified => "Email not verified",
            Self::EmailUndeliverable => "Email undeliverable",
            Self::EmailChangedRecently => "Email changed recently",
            Self::AlreadySubscribed => "Already subscribed",
            Self::NotSubscribed => "Not subscribed",
            Self::SubscriptionActive => "Subscription active",
            Self::NotStarted => "Not started",
            Self::IdempotencyKeyReused => "Idempotency key reused",
            Self::BlueprintInfeasible => "Blueprint infeasible",
            Self::RequestTimeout => "Request timeout",
            Self::BodyTooLarge => "Body too large",
            Self::UnsupportedMediaType => "Unsupported media type",
            Self::PaymentRejected => "Payment rejected",
            Self::InvalidField => "Invalid field",
            Self::RateLimited => "Too many requests",
            Self::Internal => "Internal error",
            Self::Unavailable => "Temporarily unavailable",
        }
    }
}

/// An error to be sent to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    error: Cow<'static, str>,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    cause: Option<String>,
    /// Seconds after which a 503 may be tried again.
    retry_after: u32,
}

/// The members of RFC 9457, plus our own.
#[derive(Serialize)]
struct Details<'a> {
    #[serde(rename = "type")]
    type_uri: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    error: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// Seconds after which a 503 may be tried again, where nothing else is known.
const RETRY_AFTER_SECONDS: u32 = 1;

impl Problem {
    /// Creates a problem with an explanation for the client.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            error: Cow::Borrowed(code.title()),
            detail: detail.into(),
            members: Map::new(),
            cause: None,
            retry_after: RETRY_AFTER_SECONDS,
        }
    }

    /// 401: no valid token was sent.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "Sign in and send the token as `Authorization: Bearer <token>`.")
    }

    /// 401: the session has expired.
    #[must_use]
    pub fn session_expired() -> Self {
        Self::new(Code::Unauthenticated, "The session has expired; sign in again.").with_error("Session expired")
    }

    /// 404: the resource does not exist, or belongs to another user.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// There is no such thing as `entry`, which was sent in `field`.
    #[must_use]
    pub fn not_found_in(what: &str, field: &str, entry: &str) -> Self {
        let detail = format!("There is no such {what}: `{}` in `{field}`.", shown_name(entry));
        Self::new(Code::NotFound, detail).with_member("field", field)
    }

    /// The question must be paid for first.
    #[must_use]
    pub fn not_started() -> Self {
        Self::new(Code::NotStarted, "The question is locked; start it first.")
    }

    /// The midterm must be sat and handed in first.
    #[must_use]
    pub fn not_handed_in() -> Self {
        Self::new(Code::NotStarted, "The midterm has no result yet; start it and hand it in first.")
    }

    /// The idempotency key was used for a different request.
    #[must_use]
    pub fn idempotency_key_reused() -> Self {
        Self::new(Code::IdempotencyKeyReused, "This `Idempotency-Key` was used for another request; use a new one.")
    }

    /// 422: `field` violates `rule`.
    #[must_use]
    pub fn invalid_field(field: &str, rule: &str) -> Self {
        let problem = Self::new(Code::InvalidField, format!("`{field}` {rule}."));
        problem.with_error(format!("Invalid {field}")).with_member("field", field)
    }

    /// 500. `cause` is only logged.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let problem = Self::new(Code::Internal, "Something went wrong on our side; nothing was charged twice.");
        Self { cause: Some(cause.to_string()), ..problem }
    }

    /// 503. `cause` is only logged.
    #[must_use]
    pub fn unavailable(cause: impl std::fmt::Display) -> Self {
        let problem = Self::new(Code::Unavailable, "The service is busy; try again in a moment.");
        Self { cause: Some(cause.to_string()), ..problem }
    }

    /// Sets the seconds after which a 503 may be tried again.
    #[must_use]
    pub(super) fn with_retry_after(self, seconds: u32) -> Self {
        Self { retry_after: seconds, ..self }
    }

    /// Sets the `error` text, which clients of the old service read.
    #[must_use]
    pub fn with_error(self, error: impl Into<Cow<'static, str>>) -> Self {
        Self { error: error.into(), ..self }
    }

    /// Adds an extra member.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The cause, for the log. It holds no client input and no secret.
    pub(super) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// Builds the response to the request `request_id`.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let status = self.code.status();
        let body = Details {
            type_uri: format!("urn:pastpaper:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id,
            error: &self.error,
            members: &self.members,
        };
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.code {
            Code::Unavailable => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
            }
            Code::Unauthenticated => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

impl IntoResponse for Problem {
    /// Attaches the problem to the response; `with_standard_layers` renders it, because it knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
