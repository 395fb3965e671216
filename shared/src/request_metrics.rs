//! Metrics of one request: counted where the work happens, logged when the answer is sent.
//!
//! They are stored in a task-local variable of the request's task; work outside of a request is not counted.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};
use tokio::task::JoinHandle;

use crate::domain::credits::Credits;
use crate::domain::id::UserId;

/// Bytes of the SHA-256 of a user id that identify the user in the log.
const USER_BYTES: usize = 6;

tokio::task_local! {
    static METRICS: Arc<RequestMetrics>;
}

/// Metrics of one request.
#[derive(Debug, Default)]
pub struct RequestMetrics {
    calls: AtomicU32,
    tries: AtomicU32,
    conflicts: AtomicU32,
    spends: AtomicU32,
    credits_spent: AtomicU32,
    credits_granted: AtomicU32,
    user: OnceLock<UserId>,
}

impl RequestMetrics {
    /// Calls to DynamoDB.
    #[must_use]
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Retries of these calls, after throttling or a failed attempt.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.tries.load(Ordering::Relaxed).saturating_sub(self.calls())
    }

    /// Decisions that were repeated because a concurrent request won.
    #[must_use]
    pub fn conflicts(&self) -> u32 {
        self.conflicts.load(Ordering::Relaxed)
    }

    /// Spends, including free ones.
    #[must_use]
    pub fn spends(&self) -> u32 {
        self.spends.load(Ordering::Relaxed)
    }

    /// Credits that were spent.
    #[must_use]
    pub fn credits_spent(&self) -> u32 {
        self.credits_spent.load(Ordering::Relaxed)
    }

    /// Credits that were granted: for a new account, a monthly refresh or a payment.
    #[must_use]
    pub fn credits_granted(&self) -> u32 {
        self.credits_granted.load(Ordering::Relaxed)
    }

    /// A pseudonym of the user for the log: stable per user, but useless for signing in or looking up the account.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        let id = self.user.get()?;
        Some(hex::encode(&Sha256::digest(id.0.as_bytes())[..USER_BYTES]))
    }
}

/// Runs `work` and returns its result with its metrics.
pub async fn counted<T>(work: impl Future<Output = T>) -> (T, Arc<RequestMetrics>) {
    let metrics = Arc::<RequestMetrics>::default();
    (METRICS.scope(Arc::clone(&metrics), work).await, metrics)
}

/// Spawns `work`, which continues if the request is cancelled, and adds its metrics to this task's request.
pub(crate) fn spawn_counted<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    match METRICS.try_with(Arc::clone) {
        Ok(metrics) => tokio::spawn(METRICS.scope(metrics, work)),
        Err(_) => tokio::spawn(work),
    }
}

/// Counts a call.
pub(crate) fn count_call() {
    add(|metrics| &metrics.calls, 1);
}

/// Counts an attempt of a call, the first one included.
pub(crate) fn count_try() {
    add(|metrics| &metrics.tries, 1);
}

/// Counts a decision that must be repeated.
pub(crate) fn count_conflict() {
    add(|metrics| &metrics.conflicts, 1);
}

/// Counts a spend and its credits.
pub(crate) fn count_spend(credits: Credits) {
    add(|metrics| &metrics.spends, 1);
    add(|metrics| &metrics.credits_spent, credits);
}

/// Counts granted credits.
pub(crate) fn count_grant(credits: Credits) {
    add(|metrics| &metrics.credits_granted, credits);
}

/// Records the user, once the session is known to be valid.
pub(crate) fn note_user(id: UserId) {
    let _ = METRICS.try_with(|metrics| metrics.user.set(id));
}

fn add(counter: fn(&RequestMetrics) -> &AtomicU32, number: u32) {
    let _ = METRICS.try_with(|metrics| counter(metrics).fetch_add(number, Ordering::Relaxed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_belong_to_one_request() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (first, second) = runtime.block_on(async {
            let one = counted(async {
                count_call();
                count_try();
                count_try();
                count_spend(3);
                count_grant(5);
                note_user(UserId(uuid::Uuid::nil()));
            });
            tokio::join!(one, counted(async { count_conflict() }))
        });
        let (first, second) = (first.1, second.1);
        assert_eq!((first.calls(), first.retries(), first.conflicts(), first.spends()), (1, 1, 0, 1));
        assert_eq!((first.credits_spent(), second.conflicts(), second.calls()), (3, 1, 0));
        assert_eq!((first.credits_granted(), second.credits_granted()), (5, 0));
        assert_eq!((first.user().map(|user| user.len()), second.user()), (Some(12), None));
        count_call();
    }
}
