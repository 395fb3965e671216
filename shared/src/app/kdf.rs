//! Runs password hashing off the request thread, with a limit on running and waiting derivations. One key derivation
//! uses a core for 60 ms, so without the limit a flood of logins would occupy every core and grow the queue without
//! end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Semaphore;

/// Derivations that may wait, per running one: about four seconds of work.
const WAITING_PER_SLOT: usize = 64;
/// How long a full queue takes to empty. An earlier retry would find it full again.
pub(crate) const QUEUE_SECONDS: u32 = 4;

/// Observes the progress of a password check, even if the request was cancelled.
pub trait Witness: Send + 'static {
    /// The key derivation begins.
    fn begins(&self);
    /// The password was right.
    fn is_right(&self);
}

/// No observer.
impl Witness for () {
    fn begins(&self) {}
    fn is_right(&self) {}
}

/// Why no key was derived. The text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum KdfError {
    /// The waiting queue is full.
    #[error("too many key derivations wait")]
    Busy,
    /// The hasher failed or the process is shutting down.
    #[error("key derivation: {0}")]
    Failed(String),
}

/// Limits concurrent key derivations. Every derivation of the process goes through it.
pub(crate) struct Kdf {
    running: Arc<Semaphore>,
    /// One permit per derivation that runs or waits.
    admitted: Semaphore,
    runs: AtomicU64,
}

impl Kdf {
    /// Uses half of the machine's cores, at least one.
    pub(crate) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let slots = (cores / 2).max(1);
        Self::with_slots(slots, slots * WAITING_PER_SLOT)
    }

    /// With limits on running and waiting derivations.
    pub(crate) fn with_slots(slots: usize, waiting: usize) -> Self {
        Self {
            running: Arc::new(Semaphore::new(slots)),
            admitted: Semaphore::new(slots + waiting),
            runs: AtomicU64::new(0),
        }
    }

    /// Number of derivations since the process started.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Runs `work` on a blocking thread as soon as a slot is free.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, KdfError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| KdfError::Busy)?;
        let failed = |error: &dyn std::fmt::Display| KdfError::Failed(error.to_string());
        let slot = Arc::clone(&self.running).acquire_owned().await.map_err(|error| failed(&error))?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            // Hold the slot until the work is done, even if the client has disconnected.
            let _slot = slot;
            work()
        });
        done.await.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn running_and_waiting_derivations_are_bounded() {
        let kdf = Kdf::with_slots(2, 2 * WAITING_PER_SLOT);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let runs = (0..1_000).map(|_| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            kdf.run(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
                now.fetch_sub(1, Ordering::SeqCst);
            })
        });
        let ends = join_all(runs).await;
        let done = ends.iter().filter(|end| end.is_ok()).count();
        assert_eq!((done, most.load(Ordering::SeqCst)), (2 * (1 + WAITING_PER_SLOT), 2));
        assert_eq!(kdf.runs(), 2 * (1 + WAITING_PER_SLOT as u64));
        assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(KdfError::Busy))));
        assert!(kdf.run(|| ()).await.is_ok(), "the queue is empty again");
    }
}
