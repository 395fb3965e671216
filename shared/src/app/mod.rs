//! Dependencies of every handler (the store, the clock, the source of randomness, the configuration), and the use cases.
//! A use case has its own file and is named after the operation.

pub mod caller;
mod course;
mod customer_email;
pub mod deliver_mail;
pub mod factor_keys;
mod figures;
pub mod generate_midterm;
pub mod kdf;
mod known_questions;
pub mod purchase;
pub mod redeem_voucher;
pub mod response_size;
pub mod show_analysis;
pub mod start_question;
mod stop_mail;
pub mod unlock_questions;
pub mod write_mail;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::Timestamp;

use crate::app::kdf::{Kdf, KdfError, Witness};
use crate::config::Config;
use crate::domain::account::Password;
use crate::domain::account::password::{self, Derive, PasswordHash, PasswordMatch};
use crate::domain::limits::{Limits, Sampler};
use crate::domain::random::{Random, SystemEntropy};
use crate::domain::settings::{CreditTerms, Settings};
use crate::domain::time::{Clock, SystemClock};
use crate::store::Store;
use crate::stripe::Stripe;

pub use course::{CourseError, active_course, course_or_first, course_with};

/// Shared by all requests of a process. Each layer of a router clones it, so a clone is one pointer.
#[derive(Clone)]
pub struct App(Arc<Dependencies>);

/// What an [`App`] consists of.
#[derive(Clone)]
pub struct Dependencies {
    pub store: Arc<Store>,
    /// Stripe client.
    pub stripe: Arc<Stripe>,
    /// Source of randomness for ids, salts and seeds.
    pub random: Arc<Random>,
    /// Configuration read from the environment.
    pub config: Arc<Config>,
    /// Rate limits.
    pub limits: Limits,
    /// Selects the requests that write a sampled counter.
    pub sampler: Arc<Sampler>,
    kdf: Arc<Kdf>,
    derive: Derive,
    clock: Arc<dyn Clock>,
}

impl Deref for App {
    type Target = Dependencies;

    fn deref(&self) -> &Dependencies {
        &self.0
    }
}

impl DerefMut for App {
    /// Changes this app alone, not its clones.
    fn deref_mut(&mut self) -> &mut Dependencies {
        Arc::make_mut(&mut self.0)
    }
}

impl App {
    /// Creates the production app, with the system clock and system randomness.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let store = Store::connect(&config.database);
        let mut app = Self::with(config, store, SystemClock, Random::new(SystemEntropy));
        let begin = u32::from_le_bytes(app.random.bytes());
        app.sampler = Arc::new(Sampler::starting_at(begin));
        app
    }

    /// Creates an app with the given clock and source of randomness.
    #[must_use]
    pub fn with(config: Config, store: Store, clock: impl Clock + 'static, random: Random) -> Self {
        Self(Arc::new(Dependencies {
            store: Arc::new(store.under(config.settings.terms)),
            stripe: Arc::new(Stripe::new(config.stripe.clone())),
            random: Arc::new(random),
            limits: config.settings.limits,
            config: Arc::new(config),
            sampler: Arc::default(),
            kdf: Arc::new(Kdf::of_this_machine()),
            derive: password::derive,
            clock: Arc::new(clock),
        }))
    }

    /// Replaces prices, credits and rate limits.
    #[must_use]
    pub fn with_settings(mut self, settings: Settings) -> Self {
        self.config = Arc::new(Config { settings, ..(*self.config).clone() });
        self.store = Arc::new((*self.store).clone().under(settings.terms));
        self.limits = settings.limits;
        self
    }

    /// Prices and credits in force.
    #[must_use]
    pub fn terms(&self) -> &CreditTerms {
        &self.config.settings.terms
    }

    /// Replaces the rate limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same app with one concurrent key derivation and at most `waiting` waiting ones, for tests of a full queue.
    #[must_use]
    pub fn with_kdf_queue(mut self, waiting: usize) -> Self {
        self.kdf = Arc::new(Kdf::with_slots(1, waiting));
        self
    }

    /// The same app with another implementation of the key derivation, for tests, which remember its results.
    #[must_use]
    pub fn with_key_derivation(mut self, derive: Derive) -> Self {
        self.derive = derive;
        self
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Hashes a password. Waits for a free slot first.
    ///
    /// # Errors
    /// [`KdfError::Busy`] if the queue is full; [`KdfError::Failed`] if hashing fails or the process is shutting down.
    pub async fn hash_password(&self, password: Password) -> Result<PasswordHash, KdfError> {
        self.hash_password_before((), password).await
    }

    /// Hashes a password, and notifies `witness` when the work begins.
    ///
    /// # Errors
    /// As [`App::hash_password`].
    pub async fn hash_password_before(
        &self,
        witness: impl Witness,
        password: Password,
    ) -> Result<PasswordHash, KdfError> {
        let (derive, salt) = (self.derive, self.random.bytes());
        let work = move || {
            witness.begins();
            password::hash(derive, &password, salt)
        };
        self.kdf.run(work).await?.map_err(KdfError::Failed)
    }

    /// Checks a password in the same way; `None` means an unknown email. `witness` is also notified of a match.
    ///
    /// # Errors
    /// As [`App::hash_password`].
    pub async fn verify_password(
        &self,
        witness: impl Witness,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<PasswordMatch, KdfError> {
        let derive = self.derive;
        let work = move || {
            witness.begins();
            let verdict = password::verify(derive, &password, stored.as_ref());
            if verdict != PasswordMatch::Wrong {
                witness.is_right();
            }
            verdict
        };
        self.kdf.run(work).await
    }

    /// Number of key derivations since the process started.
    #[must_use]
    pub fn kdf_runs(&self) -> u64 {
        self.kdf.runs()
    }
}
