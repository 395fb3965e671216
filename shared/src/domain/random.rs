//! Randomness is an argument: from the operating system, or from a seed in tests.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use uuid::{Builder, Uuid};

/// A source of random bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// The random number generator of the operating system, which is suitable for secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::expect_used, reason = "without entropy no session may be issued: the request ends as a 500")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives entropy");
    }
}

/// Generates ids, salts and seeds.
pub struct Random {
    entropy: Box<dyn Entropy>,
    /// The last version 7 id, so that two ids of one millisecond still sort by age.
    last_v7: Mutex<u128>,
}

impl Random {
    /// Draws from `entropy`.
    #[must_use]
    pub fn new(entropy: impl Entropy + 'static) -> Self {
        Self { entropy: Box::new(entropy), last_v7: Mutex::new(0) }
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A seed for a shuffle that can be repeated.
    #[must_use]
    pub fn seed(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A random UUID.
    #[must_use]
    pub fn uuid_v4(&self) -> Uuid {
        Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A UUID that sorts by `now`, and after every earlier one of this process.
    #[must_use]
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let fresh = Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid().as_u128();
        let mut last = self.last_v7.lock().unwrap_or_else(PoisonError::into_inner);
        // Incrementing the random tail keeps version and variant: 62 bits do not overflow within a millisecond.
        *last = if fresh > *last { fresh } else { *last + 1 };
        Uuid::from_u128(*last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_7_ids_of_one_millisecond_sort_by_age() {
        let random = Random::new(SystemEntropy);
        let now = Timestamp::UNIX_EPOCH;
        let ids: Vec<Uuid> = (0..1_000).map(|_| random.uuid_v7(now)).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
