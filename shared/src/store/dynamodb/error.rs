//! Storage errors, as far as a caller can react to them.

use std::error::Error;

use aws_sdk_dynamodb::error::{BuildError, ConnectorError, ProvideErrorMetadata, SdkError};

use crate::outbound::causes;

/// A storage error. The text is for the log, never for an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The call failed. Nothing was written, or the outcome is unknown.
    #[error("{operation}: {cause}")]
    Unavailable {
        operation: &'static str,
        /// Short description of the SDK's error.
        cause: String,
        /// Who answered the call.
        answered_by: Answerer,
    },
    /// DynamoDB refuses the request permanently, for example because an item is too large.
    #[error("{operation} can never succeed: {cause}")]
    Refused {
        operation: &'static str,
        /// DynamoDB's message.
        cause: String,
    },
    /// Concurrent writes of the same items won every attempt. Nothing was written.
    #[error("another process changed the same items meanwhile, in each of {attempts} attempts; try again")]
    Contention {
        /// Number of attempts.
        attempts: u32,
    },
    /// An item does not have the format that we write.
    #[error("{entity} item is corrupt: {cause}")]
    Corrupt {
        entity: &'static str,
        /// What is wrong with it.
        cause: String,
    },
    /// The SDK cannot build the request: a bug in our code.
    #[error("a request cannot be built: {0}")]
    Request(#[from] BuildError),
}

/// Who answered a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// No answer, or not in time.
    Nobody,
    /// A server that is not DynamoDB.
    SomethingElse,
    /// DynamoDB.
    Database,
}

impl StoreError {
    /// The error of a failed call.
    pub(in crate::store) fn call<E>(operation: &'static str, error: &SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let is_final = error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ValidationException");
        if is_final {
            return Self::Refused { operation, cause: cause(error) };
        }
        Self::Unavailable { operation, cause: cause(error), answered_by: answerer(error) }
    }

    /// Who answered a failed call; `None` for other errors.
    #[must_use]
    pub fn answered_by(&self) -> Option<Answerer> {
        match self {
            Self::Unavailable { answered_by, .. } => Some(*answered_by),
            _ => None,
        }
    }

    /// The error of an item that cannot be read or written.
    pub(in crate::store) fn corrupt(entity: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Corrupt { entity, cause: cause.to_string() }
    }
}

/// Describes an error in one line. The SDK's own text contains the whole response, which may include an item with an
/// email or a balance. So only DynamoDB's code and message are kept, or how the transport failed.
fn cause<E>(error: &SdkError<E>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let answer = answer.err();
            let (code, message) = (answer.code().unwrap_or("no code"), answer.message().unwrap_or("no message"));
            match trouble_of_file(message) {
                Some(trouble) => format!("{trouble} ({code}: {message})"),
                None => format!("{code}: {message}"),
            }
        }
        SdkError::TimeoutError(_) => "timed out".to_owned(),
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(connector) => causes(connector),
            None => "not sent".to_owned(),
        },
        SdkError::ResponseError(_) => "an answer that cannot be read".to_owned(),
        _ => "a request that cannot be built".to_owned(),
    }
}

/// Explains a problem with the file of an embedded database, from SQLite's message.
#[must_use]
pub fn trouble_of_file(message: &str) -> Option<&'static str> {
    let is_said = |words: &str| message.contains(words);
    if is_said("disk is full") {
        Some("the disk is full")
    } else if is_said("not a database")
        || is_said("not a valid SQLite database")
        || is_said("is malformed")
        || is_said("malformed database schema")
    {
        Some("the database file is damaged")
    } else {
        None
    }
}

/// Recognises DynamoDB by its content type, which other servers do not send.
fn answerer<E>(error: &SdkError<E>) -> Answerer {
    let answer = match error {
        SdkError::ServiceError(answer) => answer.raw(),
        SdkError::ResponseError(answer) => answer.raw(),
        SdkError::DispatchFailure(failure) => {
            return match failure.as_connector_error() {
                Some(error) if was_connected(error) => Answerer::SomethingElse,
                _ => Answerer::Nobody,
            };
        }
        _ => return Answerer::Nobody,
    };
    let content_type = answer.headers().get("content-type").unwrap_or_default();
    if content_type.starts_with("application/x-amz-json") { Answerer::Database } else { Answerer::SomethingElse }
}

/// Whether the connection was accepted, but the server did not speak HTTP.
fn was_connected(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>() {
            return !error.is_connect();
        }
        cause = error.source();
    }
    false
}
