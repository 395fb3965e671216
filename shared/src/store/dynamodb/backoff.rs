//! When a call that was refused for a while is tried again, and for how long.
//!
//! A request of a student is given up after some seconds, since somebody waits for its answer. An import goes on for
//! minutes: nobody waits, and its data is larger than what a partition takes in a second.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use tokio::time::Instant;

use crate::request_metrics::count_conflict;
use crate::store::Store;

/// Tries of one call against conflicts, and of one decision against newer profiles.
///
/// Of requests of one user that race, each round lets at least one through, so a crowd of 32 needs up to 32 rounds;
/// pauses of 60 ms on average bound the whole to some three seconds.
pub(in crate::store) const ATTEMPTS_MAX: u32 = 48;
/// Tries of a request's batch of which something is left over each time.
const LEFTOVER_ATTEMPTS_MAX: u32 = 12;
/// The longest first pause.
const PAUSE_FIRST: Duration = Duration::from_millis(4);
/// The longest pause of a request.
const PAUSE_MAX: Duration = Duration::from_millis(120);
/// The longest pause of an import of which something was written.
const IMPORT_PAUSE_MAX: Duration = Duration::from_secs(1);
/// The longest pause of an import of which nothing was written.
const IMPORT_STALLED_PAUSE_MAX: Duration = Duration::from_secs(20);
/// An import of which nothing was written for so long is given up. DynamoDB remembers the token of a transaction for
/// ten minutes: a transaction must end before.
const IMPORT_STALLED_MAX: Duration = Duration::from_mins(5);

/// How long a call is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Patience {
    /// For some seconds.
    Request,
    /// For minutes, as long as it gets on.
    Import,
}

/// Why a call did nothing that may succeed a little later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Refusal {
    /// A transaction holds the item. The SDK does not try again.
    Conflict,
    /// The partition, the table or the account is over its rate. The SDK has tried again already.
    Throttled,
    /// A batch of which something was left over.
    LeftOver {
        /// Whether something of it was done.
        got_on: bool,
    },
}

/// The one back-off: a random part of a time that doubles with each attempt ("full jitter").
fn back_off(attempt: u32, longest: Duration) -> Duration {
    PAUSE_FIRST.saturating_mul(1 << attempt.min(20)).min(longest).mul_f64(fastrand::f64())
}

/// Waits before a decision is made again that another request overtook.
pub(in crate::store) async fn pause(attempt: u32) {
    count_conflict();
    tokio::time::sleep(back_off(attempt, PAUSE_MAX)).await;
}

/// Why a failed call may be tried again, if it may.
pub(in crate::store) fn refusal<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<Refusal> {
    match error.as_service_error()?.code()? {
        "TransactionConflictException" | "TransactionInProgressException" => Some(Refusal::Conflict),
        "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
            Some(Refusal::Throttled)
        }
        _ => None,
    }
}

/// The tries of one call, or of one bulk of batches.
pub(in crate::store) struct Tries {
    patience: Patience,
    /// Grows with each refusal, shrinks with each success.
    level: u32,
    refused: u32,
    got_on_at: Instant,
}

impl Tries {
    pub(in crate::store) fn new(patience: Patience) -> Self {
        Self { patience, level: 0, refused: 0, got_on_at: Instant::now() }
    }

    /// How often it was refused.
    pub(in crate::store) fn refused(&self) -> u32 {
        self.refused
    }

    /// Something was done, and nothing refused.
    pub(in crate::store) fn succeed(&mut self) {
        self.level = self.level.saturating_sub(1);
        self.got_on_at = Instant::now();
    }

    /// Waits before another try; `false` when there were enough.
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
    /// Makes a call, again while it is refused for what passes. A refused try did nothing, so another one is safe; an
    /// answer that was lost is another matter, for whoever reads a failed condition.
    pub(in crate::store) async fn call<T, E, F>(&self, send: impl Fn() -> F) -> Result<T, SdkError<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata,
    {
        let mut tries = Tries::new(self.patience);
        loop {
            // Boxed: the SDK's future is 6 KB.
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
    async fn an_import_that_gets_on_is_not_given_up() {
        let (started, mut tries) = (Instant::now(), Tries::new(Patience::Import));
        while started.elapsed() < 3 * IMPORT_STALLED_MAX {
            assert!(tries.wait(Refusal::LeftOver { got_on: true }).await);
        }
    }
}
