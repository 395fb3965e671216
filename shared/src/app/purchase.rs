//! Purchases. A purchase is charged once, however often its request is retried and whatever runs concurrently.
//!
//! 1. Read the session, the record of an earlier request with the same key, and what the choice depends on: one round
//!    trip.
//! 2. If there is a record, replay its answer.
//! 3. Otherwise choose what to buy and spend: one transaction.
//! 4. If another request was faster, read again: its record or the newer progress decides.

use std::future::Future;

use jiff::Timestamp;

use super::App;
use super::caller::Caller;
use crate::domain::account::profile::Profile;
use crate::domain::credits::{Charge, Credits, Plan};
use crate::domain::id::QuestionId;
use crate::domain::idempotency::{Intent, KeyReused, Outcome, Record};
use crate::domain::questions::seen::SeenChange;
use crate::store::{Entitlement, Spend, SpendError, StoreError};

/// Attempts per request when concurrent requests of the same student keep winning.
const CHOICES_MAX: u32 = 8;

/// What distinguishes one kind of purchase from the others.
pub trait PurchaseRequest: Sync {
    /// What the choice depends on, such as the course and the student's progress.
    type Facts: Send;
    /// The chosen items, until they are delivered.
    type Chosen: Send + Sync;
    /// What is read about the chosen items, in parallel with the payment.
    type Fetched: Send;
    /// The response.
    type Answer;
    /// Why nothing was bought.
    type Error: From<StoreError> + From<SpendError>;

    /// The signed-in user.
    fn caller(&self) -> &impl Caller;

    /// The request's fingerprint and idempotency key. `None` if this kind of purchase accepts no key.
    fn intent(&self) -> Option<&Intent>;

    /// Checks the session and reads everything that the decision needs, in one round trip.
    fn read(&self, now: Timestamp) -> impl Future<Output = Result<Situation<Self::Facts>, Self::Error>> + Send;

    /// Rebuilds the answer to the earlier request that wrote `record`.
    fn replay(
        &self,
        record: Record,
        facts: Self::Facts,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>> + Send;

    /// Chooses what to buy. If it fails, nothing is charged.
    fn choose(
        &self,
        facts: Self::Facts,
        now: Timestamp,
    ) -> impl Future<Output = Result<Choice<Self::Chosen>, Self::Error>> + Send;

    /// Reads what the answer needs. It runs concurrently with the spend, so it must not write.
    fn fetch(&self, chosen: &Self::Chosen) -> impl Future<Output = Self::Fetched> + Send;

    /// Returns whether the student now owns `chosen`. Called after a refused spend of a request without a key.
    fn is_owned(&self, _: &Self::Chosen) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(false) }
    }

    /// Builds the answer after the payment.
    fn deliver(
        &self,
        chosen: Self::Chosen,
        fetched: Self::Fetched,
        payment: Payment,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>> + Send;
}

/// What the first round trip read.
pub struct Situation<F> {
    /// The student's profile. The session has been checked.
    pub profile: Profile,
    /// The idempotency record of an earlier request with the same key.
    pub record: Option<Record>,
    /// What the choice depends on.
    pub facts: F,
}

/// What the student gets, and whether it costs credits.
pub enum Choice<C> {
    /// The student owns it already; nothing is charged.
    Owned {
        chosen: C,
        /// The questions that the idempotency record will list.
        question_ids: Vec<QuestionId>,
    },
    /// It must be bought.
    Buy {
        chosen: C,
        charge: Charge,
        /// What the transaction unlocks.
        entitlements: Vec<Entitlement>,
        /// What it changes in the sets of unlocked questions; `None` if it unlocks none.
        seen: Option<SeenChange>,
    },
}

/// Why an earlier response cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The key belongs to another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The record was written by another operation. Its fingerprint includes the path, so this is a fault of ours.
    #[error("the idempotency record should hold {0}")]
    WrongKind(&'static str),
    /// The record names an item that is not in the table.
    #[error("the idempotency record names a {0} that does not exist")]
    Missing(&'static str),
}

/// What a purchase cost.
#[derive(Debug, Clone, Copy)]
pub struct Payment {
    /// Credits that this request deducted.
    pub deducted: Credits,
    /// Balance after the deduction.
    pub balance: Credits,
}

impl App {
    /// Buys what `request` asks for, or replays the answer of the earlier request with the same key.
    ///
    /// # Errors
    /// Errors of the request's own steps, and of the spend (402, 429, 503). After any error, either nothing was charged, or
    /// a retry with the same key returns the completed purchase.
    pub async fn purchase<R: PurchaseRequest>(&self, request: &R) -> Result<R::Answer, R::Error> {
        let now = self.now();
        let limit = request.caller().spend_window();
        for attempt in 0..CHOICES_MAX {
            let Situation { profile, record, facts } = request.read(now).await?;
            if let Some(record) = record {
                return request.replay(record, facts).await;
            }
            let (chosen, charge, entitlements, seen) = match request.choose(facts, now).await? {
                Choice::Buy { chosen, charge, entitlements, seen } => {
                    self.check_may_spend(&profile, now).await?;
                    (chosen, charge, entitlements, seen)
                }
                Choice::Owned { chosen, question_ids } => {
                    let profile = self.store.with_month_of_plan(profile, now).await?;
                    let payment = Payment { deducted: 0, balance: profile.wallet.as_of(now).credits };
                    if !self.record_free(request.intent(), &profile, question_ids, payment, now).await? {
                        // A concurrent duplicate wrote its record after we looked for one: read again.
                        continue;
                    }
                    let fetched = request.fetch(&chosen).await;
                    return request.deliver(chosen, fetched, payment).await;
                }
            };
            let buyer = profile.id;
            let (entitlements, seen, intent) = (&entitlements, seen.as_ref(), request.intent());
            let spend = Spend { profile, charge: &charge, entitlements, seen, intent, limit, now };
            let (receipt, fetched) = tokio::join!(self.store.spend(spend, &self.random), request.fetch(&chosen));
            match receipt {
                Ok(receipt) => {
                    if let Some(window) = limit {
                        let spends = receipt.profile.spend_count.within(window);
                        request.caller().note_spends(window, window.standing(spends, now));
                    }
                    let balance = receipt.profile.wallet.credits;
                    let payment = Payment { deducted: receipt.settlement.deducted(), balance };
                    return request.deliver(chosen, fetched, payment).await;
                }
                // A concurrent request won: read again.
                Err(SpendError::Replayed) => {}
                Err(SpendError::AlreadyOwned) => self.store.pause(attempt).await,
                // A concurrent duplicate may have spent the missing credits: if so, read again.
                Err(error) => {
                    let is_done = match request.intent() {
                        Some(intent) => self.store.record(buyer, intent, now).await?.is_some(),
                        None => request.is_owned(&chosen).await?,
                    };
                    if !is_done {
                        if let (Some(window), SpendError::TooMany(standing)) = (limit, &error) {
                            request.caller().note_spends(window, *standing);
                        }
                        return Err(error.into());
                    }
                }
            }
        }
        Err(StoreError::Contention { attempts: CHOICES_MAX }.into())
    }

    /// Refuses to spend free credits before the email is verified, where the configuration says so. Who has paid may
    /// always spend.
    async fn check_may_spend(&self, profile: &Profile, now: Timestamp) -> Result<(), SpendError> {
        let is_withheld =
            self.config.require_verified_email && profile.email_unverified && profile.wallet.plan_at(now) == Plan::Free;
        if is_withheld && !self.store.billing(profile.id).await?.sets_plan() {
            return Err(SpendError::EmailUnverified);
        }
        Ok(())
    }

    /// Writes the idempotency record of a request that cost nothing. Returns `false` if the key already has a record.
    async fn record_free(
        &self,
        intent: Option<&Intent>,
        profile: &Profile,
        question_ids: Vec<QuestionId>,
        payment: Payment,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(intent) = intent else { return Ok(true) };
        let outcome = Outcome::Questions { question_ids, credits_deducted: payment.deducted, credits: payment.balance };
        self.store.keep_record(profile.id, intent, outcome, now).await
    }
}
