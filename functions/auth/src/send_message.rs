//! `POST /api/contact`

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::mail::contact::ContactMessage;
use shared::domain::schema::{has_schema, text};
use shared::http::{Body, Json, LimitSubject, Limiter, Problem};
use utoipa::ToSchema;

#[derive(Deserialize, ToSchema)]
pub(crate) struct Contact {
    name: Line,
    email: Email,
    subject: Option<OptionalLine>,
    message: Paragraphs,
    /// What the client knows of an error.
    #[serde(rename = "errorDetails")]
    error_details: Option<OptionalParagraphs>,
}

impl Body for Contact {
    const REQUIRED: &'static [&'static str] = &["name", "email", "message"];
}

/// A text of the visitor, trimmed. A required one has other characters than white space.
macro_rules! words {
    ($name:ident, $schema:expr, $chars_max:literal, $rule:literal) => {
        #[derive(Deserialize)]
        #[serde(try_from = "String")]
        struct $name(String);

        has_schema!($name, $schema);

        impl TryFrom<String> for $name {
            type Error = &'static str;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                if text.chars().count() > $chars_max { Err($rule) } else { Ok(Self(text.trim().to_owned())) }
            }
        }
    };
}

words!(Line, text(1, 200).pattern(Some(r"\S")), 200, "must be at most 200 characters long");
words!(OptionalLine, text(0, 200), 200, "must be at most 200 characters long");
words!(Paragraphs, text(1, 5_000).pattern(Some(r"\S")), 5_000, "must be at most 5000 characters long");
words!(OptionalParagraphs, text(0, 5_000), 5_000, "must be at most 5000 characters long");

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
    limiter: Limiter,
    Json(request): Json<Contact>,
) -> Result<axum::Json<MessageSent>, Problem> {
    limiter.admit(LimitSubject::default()).await?;
    let message = ContactMessage {
        name: request.name.0,
        email: request.email,
        subject: request.subject.map(|subject| subject.0).filter(|subject| !subject.is_empty()),
        message: request.message.0,
        error_details: request.error_details.map(|details| details.0).filter(|details| !details.is_empty()),
    };
    let mail = app.mail_to_operators(message);
    let mail = mail.ok_or_else(|| Problem::unavailable("no mailbox for messages is set up"))?;
    app.store.ask_for_mail(&mail).await?;
    Ok(axum::Json(MessageSent { success: true, message: "Thank you. We have your message." }))
}
