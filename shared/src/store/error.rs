//! What can go wrong with storage, as far as a caller can act on it.

use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};

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
    pub(super) fn call<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: std::error::Error + 'static,
        R: std::fmt::Debug,
    {
        Self::Unavailable { operation, cause: DisplayErrorContext(error).to_string() }
    }

    /// An item that cannot be read or written.
    pub(super) fn corrupt(entity: &'static str, cause: impl std::fmt::Display) -> Self {
        Self::Corrupt { entity, cause: cause.to_string() }
    }
}
