//! What can go wrong with storage, as far as a caller can act on it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

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
}

impl StoreError {
    /// A failed call.
    pub(in crate::store) fn call<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let cause = cause(error);
        let is_final = error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ValidationException");
        if is_final { Self::Refused { operation, cause } } else { Self::Unavailable { operation, cause } }
    }

    /// An item that cannot be read or written.
    pub(in crate::store) fn corrupt(entity: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Corrupt { entity, cause: cause.to_string() }
    }
}

/// What happened, in a line. The SDK's own account holds the whole response, in which there may be an item: an email, a
/// balance. So only the code and the message of DynamoDB are kept, or how the call failed on its way.
fn cause<E, R>(error: &SdkError<E, R>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let answer = answer.err();
            format!("{}: {}", answer.code().unwrap_or("no code"), answer.message().unwrap_or("no message"))
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
