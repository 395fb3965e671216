//! `POST /api/contact`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::mail::contact::ContactMessage;
use shared::domain::schema::{has_schema, text};
use shared::http::{Body, Json, Problem};
use utoipa::ToSchema;

/// Maximum length of what the client knows of an error, in characters.
const ERROR_DETAILS_CHARS_MAX: usize = 5_000;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Contact {
    name: Line,
    email: Email,
    subject: Option<Line>,
    message: Paragraphs,
    /// What the client knows of an error: a text, or any JSON of at most 5,000 characters.
    #[serde(rename = "errorDetails")]
    error_details: Option<Value>,
}

impl Body for Contact {
    const REQUIRED: &'static [&'static str] = &["name", "email", "message"];
}

/// A text of 1 to 200 characters.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Line(String);

/// A text of 1 to 5,000 characters.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Paragraphs(String);

has_schema!(Line, text(1, 200));
has_schema!(Paragraphs, text(1, 5_000));

impl TryFrom<String> for Line {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        bounded(&text, 200).map(Self).ok_or("must be 1 to 200 characters long")
    }
}

impl TryFrom<String> for Paragraphs {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        bounded(&text, 5_000).map(Self).ok_or("must be 1 to 5000 characters long")
    }
}

fn bounded(text: &str, chars_max: usize) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.chars().count() <= chars_max).then(|| text.to_owned())
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MessageSent {
    success: bool,
    /// What to show to the visitor.
    message: &'static str,
}

/// Sends a message to the operators.
///
/// It is written to the outbox and goes to the operators' mailbox. The visitor gets no copy.
#[utoipa::path(
    post, path = "/api/contact",
    request_body = Contact,
    responses((status = 200, description = "The message will be sent.", body = MessageSent))
)]
pub(crate) async fn send_message(
    State(app): State<App>,
    Json(request): Json<Contact>,
) -> Result<axum::Json<MessageSent>, Problem> {
    let error_details = request.error_details.map(|details| match details {
        Value::String(text) => text,
        other => format!("{other:#}"),
    });
    let is_too_long = |details: &String| details.chars().count() > ERROR_DETAILS_CHARS_MAX;
    if error_details.as_ref().is_some_and(is_too_long) {
        return Err(Problem::invalid_field("errorDetails", "must have at most 5000 characters"));
    }
    let message = ContactMessage {
        name: request.name.0,
        email: request.email,
        subject: request.subject.map(|subject| subject.0),
        message: request.message.0,
        error_details: error_details.filter(|details| !details.trim().is_empty()),
    };
    let mail = app.mail_to_operators(message);
    let mail = mail.ok_or_else(|| Problem::unavailable("no mailbox for messages is set up"))?;
    app.store.ask_for_mail(&mail).await?;
    Ok(axum::Json(MessageSent { success: true, message: "Thank you. We have your message." }))
}
