//! A request body signed by Stripe. It is not parsed before the signature has been verified.

use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use shared::app::App;
use shared::domain::payments::{Event, EventError, signature};
use shared::http::{Code, Problem, read_to};

const HEADER: &str = "stripe-signature";
/// Maximum body size in bytes. Stripe's largest events have some tens of kilobytes.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// A Stripe event with a verified signature.
pub(crate) struct SignedEvent(pub(crate) Event);

impl FromRequest<App> for SignedEvent {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let header = signature_of(request.headers()).ok_or_else(not_signed)?;
        let secrets = app.stripe.webhook_secrets().await?;
        // The same error as for a wrong signature, so that it does not reveal the size limit.
        let body = read_to(request, BODY_BYTES_MAX).await.map_err(|_| not_signed())?;
        signature::verify(&header, &body, &secrets, app.now()).map_err(|error| {
            tracing::warn!(?error, "webhook with an invalid signature");
            not_signed()
        })?;
        Event::parse(&body).map(Self).map_err(unreadable)
    }
}

fn signature_of(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok().map(str::to_owned)
}

fn not_signed() -> Problem {
    Problem::new(Code::InvalidSignature, "The Stripe signature is missing, invalid or older than five minutes.")
}

/// An event from Stripe with an unknown shape. It is refused, so that Stripe keeps it and shows it in the dashboard.
fn unreadable(error: EventError) -> Problem {
    tracing::error!(%error, "unreadable Stripe event");
    match error {
        EventError::NotJson => Problem::new(Code::InvalidJson, "The body must be a JSON object in UTF-8."),
        EventError::Thin => Problem::invalid_field("/object", "must be `event`: send snapshot events, not thin ones"),
        EventError::Missing(base, at) => Problem::invalid_field(&format!("{base}{at}"), "is missing"),
        EventError::Invalid(base, at) => Problem::invalid_field(&format!("{base}{at}"), "is not valid"),
    }
}
