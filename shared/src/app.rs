//! What every handler is given: the table, the clock, the source of randomness, the configuration.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::domain::account::Password;
use crate::domain::password::{self, PasswordHash, Verdict};
use crate::domain::random::{Random, SystemEntropy};
use crate::domain::time::{Clock, SystemClock};
use crate::store::Store;
use crate::stripe::Stripe;

/// A password could not be hashed. Its text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("key derivation: {0}")]
pub struct KdfError(String);

/// Shared by all requests of a process; cloning it is cheap.
#[derive(Clone)]
pub struct App {
    /// The table.
    pub store: Arc<Store>,
    /// Our account at Stripe.
    pub stripe: Arc<Stripe>,
    /// Ids, salts, seeds.
    pub random: Arc<Random>,
    /// The environment.
    pub config: Arc<Config>,
    /// Password hashes computed at once: one for each core, so that a flood of logins leaves the rest answering.
    kdf_slots: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl App {
    /// The app as it runs: real time, real randomness.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let store = Store::connect(&config.database);
        Self::with(config, store, SystemClock, Random::new(SystemEntropy))
    }

    /// An app whose time and randomness the caller decides.
    #[must_use]
    pub fn with(config: Config, store: Store, clock: impl Clock + 'static, random: Random) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            store: Arc::new(store),
            stripe: Arc::new(Stripe::new(config.stripe.clone())),
            random: Arc::new(random),
            config: Arc::new(config),
            kdf_slots: Arc::new(Semaphore::new(cores)),
            clock: Arc::new(clock),
        }
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Hashes a password, beside the requests and never more at once than there are cores.
    ///
    /// # Errors
    /// When the process is ending.
    pub async fn hash_password(&self, password: Password) -> Result<PasswordHash, KdfError> {
        let salt = self.random.bytes();
        self.run_kdf(move || password::hash(&password, salt)).await?.map_err(KdfError)
    }

    /// Checks a password, likewise; `None` stands for an email that nobody has.
    ///
    /// # Errors
    /// When the process is ending.
    pub async fn verify_password(&self, password: Password, stored: Option<PasswordHash>) -> Result<Verdict, KdfError> {
        self.run_kdf(move || password::verify(&password, stored.as_ref())).await
    }

    async fn run_kdf<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, KdfError> {
        let slot = Arc::clone(&self.kdf_slots).acquire_owned().await.map_err(|error| KdfError(error.to_string()))?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, even when the client is gone and nobody waits for it.
            let _slot = slot;
            work()
        });
        done.await.map_err(|error| KdfError(error.to_string()))
    }
}
