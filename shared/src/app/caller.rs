//! The signed-in user of a request, as a use case sees them.

use std::future::Future;

use super::CourseError;
use super::purchase::ReplayError;
use crate::domain::id::UserId;
use crate::domain::idempotency::KeyReused;
use crate::domain::limits::{LimitedAction, Standing, Window};
use crate::store::{SignedIn, SpendError, StoreError};

/// A user whose session is checked while a use case reads. The `http` module implements it and defines the error type.
pub trait Caller: Sync {
    /// Error of a failed request. The session check and the rate limits have errors of their own.
    type Error: From<StoreError> + From<SpendError> + From<CourseError> + From<KeyReused> + From<ReplayError> + Send;

    /// The user named by the unchecked token. Use it only to start a read whose result is returned through
    /// [`Caller::with`].
    fn user_id(&self) -> UserId;

    /// Runs `reads` concurrently with the session check and returns the user and the result of `reads`. Without a valid
    /// session the result is dropped.
    fn with<T: Send, E: Send>(
        &self,
        reads: impl Future<Output = Result<T, E>> + Send,
    ) -> impl Future<Output = Result<(SignedIn, T), Self::Error>> + Send
    where
        Self::Error: From<E>;

    /// Counts the request under `action`. The session must be checked.
    fn admit_to(&self, action: LimitedAction) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Takes back what this request counted under `action`.
    fn give_back(&self, action: LimitedAction) -> impl Future<Output = ()> + Send;

    /// The window in which a spend of this request counts. `None` if it counts under another action, as that of an
    /// analysis does.
    fn spend_window(&self) -> Option<Window>;

    /// Takes over where the user stands in the limit of spends, for the response.
    fn note_spends(&self, window: Window, standing: Standing);
}
