//! What can go wrong with storage, as far as a caller can act on it.

use std::error::Error;

use aws_sdk_dynamodb::error::{BuildError, ConnectorError, ProvideErrorMetadata, SdkError};

use crate::outbound::causes;

/// A failure of storage. Its text is for the log, never for an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The call did not succeed; nothing was moved, or it is not known.
    #[error("{operation}: {cause}")]
    Unavailable {
        /// The DynamoDB operation.
        operation: &'static str,
        /// The SDK's account of it.
        cause: String,
        /// Who answered it.
        answered_by: Answerer,
    },
    /// The database refuses the request as it is, and would again: an item that is too large, for one.
    #[error("{operation} can never succeed: {cause}")]
    Refused {
        /// The DynamoDB operation.
        operation: &'static str,
        /// DynamoDB's account of it.
        cause: String,
    },
    /// Others wrote the same items all the time; nothing was moved.
    #[error("gave up after {attempts} attempts against contention")]
    Contention {
        /// How often it was tried.
        attempts: u32,
    },
    /// An item is not what we would have written.
    #[error("{entity} item is corrupt: {cause}")]
    Corrupt {
        /// The type of the item.
        entity: &'static str,
        /// What does not fit.
        cause: String,
    },
    /// A request that lacks what the SDK wants of it: a fault of ours.
    #[error("a request cannot be built: {0}")]
    Request(#[from] BuildError),
}

/// Who answered a call that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answerer {
    /// Nobody, or not in time.
    Nobody,
    /// A server that is no DynamoDB.
    SomethingElse,
    /// A DynamoDB.
    Database,
}

impl StoreError {
    /// A failed call.
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

    /// Who answered, of a call that did not succeed.
    #[must_use]
    pub fn answered_by(&self) -> Option<Answerer> {
        match self {
            Self::Unavailable { answered_by, .. } => Some(*answered_by),
            _ => None,
        }
    }

    /// An item that cannot be read or written.
    pub(in crate::store) fn corrupt(entity: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Corrupt { entity, cause: cause.to_string() }
    }
}

/// What happened, in a line. The SDK's own account holds the whole response, in which there may be an item: an email, a
/// balance. So only the code and the message of DynamoDB are kept, or how the call failed on its way.
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

/// What is wrong with the file of an embedded database, by what SQLite says of it.
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

/// DynamoDB's answers have a content type that nothing else on a port has.
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

/// Whether somebody took the connection, and then did not speak HTTP.
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
