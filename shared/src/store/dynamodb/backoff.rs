//! Retries of refused calls: when, and for how long.
//!
//! A request gives up after some seconds, because a client waits for the answer. An import retries for minutes: nobody
//! waits, and it writes more data than a partition accepts in a second.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use crate::request_metrics::count_conflict;
use crate::store::Store;

/// Attempts per call against conflicts, and per decision against newer profiles.
///
/// When requests of one user run concurrently, each round commits at least one, so 32 concurrent requests need up to 32
/// rounds. With pauses of 60 ms on average, the total is about three seconds.
pub(in crate::store) const ATTEMPTS_MAX: u32 = 48;
/// Attempts at writing a request's batch while DynamoDB returns unprocessed items.
const LEFTOVER_ATTEMPTS_MAX: u32 = 12;
/// Upper bound of the first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(4);
/// Upper bound of a pause in a request.
const PAUSE_MAX: Duration = Duration::from_millis(120);
/// Upper bound of a pause in an import, if the last round wrote something.
const IMPORT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// Upper bound of a pause in an import, if the last round wrote nothing.
const IMPORT_STALLED_PAUSE_MAX: Duration = Duration::from_secs(20);
/// An import gives up if nothing was written for this long. It must be shorter than the ten minutes for which DynamoDB
/// remembers a transaction's token.
const IMPORT_STALLED_MAX: Duration = Duration::from_mins(5);

/// How long a call is retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Patience {
    /// Some seconds.
    Request,
    /// Minutes, as long as it makes progress.
    Import,
}

/// Why a call had no effect but may succeed on a retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Refusal {
    /// Another transaction holds the item. The SDK does not retry this.
    Conflict,
    /// The partition, the table or the account exceeds its throughput. The SDK has retried already.
    Throttled,
    /// DynamoDB returned unprocessed items of a batch.
    LeftOver {
        /// Whether some items of the batch were processed.
        got_on: bool,
    },
}

/// Exponential backoff with full jitter: a random fraction of a time that doubles with each attempt.
fn back_off(attempt: u32, longest: Duration) -> Duration {
    PAUSE_FIRST.saturating_mul(1 << attempt.min(20)).min(longest).mul_f64(fastrand::f64())
}

/// Pauses before a decision is repeated because a concurrent request won.
pub(in crate::store) async fn pause(attempt: u32) {
    count_conflict();
    tokio::time::sleep(back_off(attempt, PAUSE_MAX)).await;
}

/// Returns why a failed call may be retried; `None` if it may not.
pub(in crate::store) fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<Refusal> {
    match error.as_service_error()?.code()? {
        "TransactionConflictException" | "TransactionInProgressException" => Some(Refusal::Conflict),
        "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
            Some(Refusal::Throttled)
        }
        _ => None,
    }
}

/// Retry state of one call, or of one group of batches.
pub(in crate::store) struct Tries {
    patience: Patience,
    /// Increases with each refusal, decreases with each success.
    level: u32,
    refused: u32,
    got_on_at: Instant,
}

impl Tries {
    pub(in crate::store) fn new(patience: Patience) -> Self {
        Self { patience, level: 0, refused: 0, got_on_at: Instant::now() }
    }

    /// Number of refusals so far.
    pub(in crate::store) fn refused(&self) -> u32 {
        self.refused
    }

    /// Records a call that was completely processed.
    pub(in crate::store) fn succeed(&mut self) {
        self.level = self.level.saturating_sub(1);
        self.got_on_at = Instant::now();
    }

    /// Pauses before a retry. Returns `false` if the attempts are used up.
    pub(in crate::store) async fn wait(&mut self, refusal: Refusal) -> bool {
        self.refused += 1;
        let got_on = matches!(refusal, Refusal::LeftOver { got_on: true });
        if got_on {
            self.got_on_at = Instant::now();
        }
        let longest = match self.patience {
            Patience::Request => {
                let enough = match refusal {
                    Refusal::Conflict => ATTEMPTS_MAX,
                    Refusal::LeftOver { .. } => LEFTOVER_ATTEMPTS_MAX,
                    Refusal::Throttled => 0,
                };
                if self.refused >= enough {
                    return false;
                }
                PAUSE_MAX
            }
            Patience::Import if self.got_on_at.elapsed() >= IMPORT_STALLED_MAX => return false,
            Patience::Import if got_on => IMPORT_PAUSE_MAX,
            Patience::Import if refusal == Refusal::Conflict => PAUSE_MAX,
            Patience::Import => IMPORT_STALLED_PAUSE_MAX,
        };
        if refusal == Refusal::Conflict {
            count_conflict();
        }
        tokio::time::sleep(back_off(self.level, longest)).await;
        self.level += 1;
        true
    }
}

impl Store {
    /// Makes a call and retries it after transient refusals. A refused attempt had no effect, so a retry is safe. A
    /// lost answer is different: see the code that reads a failed condition.
    pub(in crate::store) async fn call<T, E, F>(&self, send: impl Fn() -> F) -> Result<T, SdkError<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata,
    {
        let mut tries = Tries::new(self.patience);
        loop {
            // Boxed: the SDK's future has 6 KB.
            let answer = Box::pin(send()).await;
            let Some(refusal) = answer.as_ref().err().and_then(refusal) else { return answer };
            if !tries.wait(refusal).await {
                return answer;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_random_parts_of_a_time_that_doubles() {
        for attempt in 0..40 {
            let longest = Duration::from_millis(4 << attempt.min(20)).min(PAUSE_MAX);
            let pauses: Vec<Duration> = (0..200).map(|_| back_off(attempt, PAUSE_MAX)).collect();
            assert!(pauses.iter().all(|pause| *pause <= longest), "{attempt}");
            assert!(pauses.iter().any(|pause| *pause < longest / 4), "{attempt}");
            assert!(pauses.iter().any(|pause| *pause > longest / 2), "{attempt}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_gives_up_within_seconds_and_an_import_within_minutes() {
        for (patience, refusal, between) in [
            (Patience::Request, Refusal::Throttled, 0..=0),
            (Patience::Request, Refusal::Conflict, 1..=6),
            (Patience::Request, Refusal::LeftOver { got_on: true }, 0..=2),
            (Patience::Import, Refusal::Throttled, 300..=321),
            (Patience::Import, Refusal::Conflict, 300..=301),
            (Patience::Import, Refusal::LeftOver { got_on: false }, 300..=321),
        ] {
            let (started, mut tries) = (Instant::now(), Tries::new(patience));
            while tries.wait(refusal).await {}
            assert!(
                between.contains(&started.elapsed().as_secs()),
                "{patience:?} {refusal:?}: {:?}",
                started.elapsed()
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_import_that_makes_progress_is_not_given_up() {
        let (started, mut tries) = (Instant::now(), Tries::new(Patience::Import));
        while started.elapsed() < 3 * IMPORT_STALLED_MAX {
            assert!(tries.wait(Refusal::LeftOver { got_on: true }).await);
        }
    }
}
