//! Credit rules: plans, the monthly refresh, and what a spend does to a wallet.
//!
//! Invariants, checked by `pastpaper verify` on the table and by the property tests below on the rules:
//! - the balance is the sum of the ledger's amounts, and each entry holds the balance after it;
//! - no balance is ever below zero;
//! - a refresh that is due happens exactly once, before the spend that follows it.

pub mod adjustment;
pub mod held;
pub mod ledger;
mod plan;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::settings::CreditTerms;
use crate::domain::time::DAY_SECONDS;

pub use plan::Plan;

/// An amount of credits, such as a balance or a price. Never negative.
pub type Credits = u32;
/// A change of credits: positive in, negative out.
pub type Amount = i64;

/// Number of questions in a bundle.
pub const BUNDLE_QUESTIONS: usize = 3;

/// Seconds between two refreshes: 30 days, not a calendar month (`docs/decisions/0022`).
pub const REFRESH_PERIOD_SECONDS: i64 = 30 * DAY_SECONDS;

/// Why credits moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryType {
    /// Signup bonus of a new account.
    SignupBonus,
    /// The balance was set to the monthly credits.
    MonthlyRefresh,
    /// A paid month started.
    SubscriptionRenewal,
    /// A plan was bought.
    Purchase,
    /// Questions were unlocked.
    QuestionView,
    /// An analysis was bought.
    AnalysisView,
    /// A midterm was generated.
    Midterm,
    /// A payment was refunded.
    Refund,
    /// A correction by an operator.
    Adjustment,
}

/// The part of a profile that spends change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wallet {
    /// The balance.
    pub credits: Credits,
    /// The plan.
    pub plan: Plan,
    /// The balance that a refresh sets.
    pub monthly_credits: Credits,
    /// When the next refresh is due, in epoch seconds.
    pub credits_reset_at: i64,
    /// End of an unlimited period that overrides the plan, in epoch seconds. Set only by an import
    /// (`docs/decisions/0021`).
    #[serde(default)]
    pub unlimited_until: Option<i64>,
}

/// A ledger entry before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Reason for the movement.
    pub kind: EntryType,
    /// Change of the balance; 0 for a use under the unlimited plan, or a refresh that changed nothing.
    pub amount: Amount,
    /// The balance after the movement.
    pub balance_after: Credits,
    /// Text shown to the user.
    pub description: String,
    /// Stripe payment intent (`pi_…`), if known.
    pub payment_intent: Option<String>,
}

/// A wallet after a decision, and the entries that explain the change, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The profile's new wallet.
    pub wallet: Wallet,
    /// The new ledger entries.
    pub movements: Vec<Movement>,
}

/// A charge to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Credits, before the plan is considered.
    pub price: Credits,
    /// Type of the ledger entry.
    pub kind: EntryType,
    /// Text shown to the user.
    pub description: String,
}

/// The balance is below the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{needed} credits needed, {available} available")]
pub struct InsufficientCredits {
    pub needed: Credits,
    /// The balance, after any refresh that is due.
    pub available: Credits,
}

impl Wallet {
    /// End of the unlimited period that runs at `now`, in epoch seconds.
    #[must_use]
    pub fn unlimited_end(&self, now: Timestamp) -> Option<i64> {
        self.unlimited_until.filter(|end| now.as_second() < *end)
    }

    /// The wallet of an account opened at `now`, and its first entry.
    #[must_use]
    pub fn open(now: Timestamp, terms: &CreditTerms) -> Settlement {
        let wallet = Self {
            credits: terms.signup_bonus,
            plan: Plan::Free,
            monthly_credits: terms.monthly(Plan::Free),
            credits_reset_at: now.as_second() + REFRESH_PERIOD_SECONDS,
            unlimited_until: None,
        };
        let bonus = Movement {
            kind: EntryType::SignupBonus,
            amount: Amount::from(terms.signup_bonus),
            balance_after: terms.signup_bonus,
            description: "Welcome bonus".to_owned(),
            payment_intent: None,
        };
        Settlement { wallet, movements: vec![bonus] }
    }

    /// The refresh that is due at `now`, if any. It happens once, however many periods were missed, and the next date
    /// stays on the 30-day grid of the first.
    #[must_use]
    pub fn refresh(self, now: Timestamp) -> Option<Settlement> {
        let late_seconds = now.as_second() - self.credits_reset_at;
        if late_seconds < 0 {
            return None;
        }
        let periods = late_seconds / REFRESH_PERIOD_SECONDS + 1;
        let wallet = Self {
            credits: self.monthly_credits,
            credits_reset_at: self.credits_reset_at + periods * REFRESH_PERIOD_SECONDS,
            ..self
        };
        let refresh = Movement {
            kind: EntryType::MonthlyRefresh,
            amount: Amount::from(wallet.credits) - Amount::from(self.credits),
            balance_after: wallet.credits,
            description: "Monthly credits".to_owned(),
            payment_intent: None,
        };
        Some(Settlement { wallet, movements: vec![refresh] })
    }

    /// The wallet in effect at `now`: after any refresh that is due, and with the plan that applies then.
    #[must_use]
    pub fn as_of(self, now: Timestamp) -> Self {
        let wallet = self.refresh(now).map_or(self, |due| due.wallet);
        Self { plan: self.plan_at(now), ..wallet }
    }

    /// The plan in effect at `now`. The end of an unlimited period is computed, not stored: it takes effect at its
    /// exact second, whatever else changes the wallet.
    #[must_use]
    pub fn plan_at(self, now: Timestamp) -> Plan {
        if self.unlimited_until.is_some_and(|end| now.as_second() < end) { Plan::Unlimited } else { self.plan }
    }

    /// Whether the next refresh brings less than the plan's monthly credits. Payments set this on purpose: they grant
    /// the rest of the month. An import may have set it by mistake, or the plan may bring more than when it was set.
    #[must_use]
    pub fn is_short(self, terms: &CreditTerms) -> bool {
        self.monthly_credits < terms.monthly(self.plan)
    }

    /// The wallet with a refresh of at least the plan's monthly credits.
    #[must_use]
    pub fn with_month_of_plan(self, terms: &CreditTerms) -> Self {
        Self { monthly_credits: self.monthly_credits.max(terms.monthly(self.plan)), ..self }
    }

    /// Pays `charge` at `now`, after any refresh that is due.
    ///
    /// # Errors
    /// When the balance is below the price.
    pub fn spend(self, charge: &Charge, now: Timestamp) -> Result<Settlement, InsufficientCredits> {
        let mut settlement = self.refresh(now).unwrap_or(Settlement { wallet: self, movements: Vec::new() });
        let debit = self.plan_at(now).debit(charge.price);
        let available = settlement.wallet.credits;
        let balance_after =
            available.checked_sub(debit).ok_or(InsufficientCredits { needed: charge.price, available })?;
        settlement.wallet.credits = balance_after;
        settlement.movements.push(Movement {
            kind: charge.kind,
            amount: -Amount::from(debit),
            balance_after,
            description: charge.description.clone(),
            payment_intent: None,
        });
        Ok(settlement)
    }
}

impl Settlement {
    /// Credits taken by the last movement: `credits_deducted` in responses.
    #[must_use]
    pub fn deducted(&self) -> Credits {
        self.movements.last().and_then(|spend| Credits::try_from(-spend.amount).ok()).unwrap_or(0)
    }

    /// Credits added by its movements.
    #[must_use]
    pub fn granted(&self) -> Credits {
        self.movements.iter().filter_map(|movement| Credits::try_from(movement.amount).ok()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn wallet(credits: Credits, plan: Plan, credits_reset_at: i64) -> Wallet {
        Wallet {
            credits,
            plan,
            monthly_credits: CreditTerms::DEFAULT.monthly(plan),
            credits_reset_at,
            unlimited_until: None,
        }
    }

    fn charge(price: Credits) -> Charge {
        Charge { price, kind: EntryType::QuestionView, description: String::new() }
    }

    #[test]
    fn a_refresh_is_due_at_the_very_second_and_not_before() {
        let wallet = wallet(2, Plan::Free, 1_000);
        assert_eq!(wallet.refresh(at(999)), None);
        let due = wallet.refresh(at(1_000)).unwrap();
        assert_eq!(due.wallet.credits, 5);
        assert_eq!(due.wallet.credits_reset_at, 1_000 + REFRESH_PERIOD_SECONDS);
        assert_eq!(due.movements[0].amount, 3);
    }

    #[test]
    fn missed_periods_refresh_once_and_stay_on_the_grid() {
        let late = 1_000 + 3 * REFRESH_PERIOD_SECONDS + 17;
        let due = wallet(0, Plan::Starter, 1_000).refresh(at(late)).unwrap();
        assert_eq!(due.wallet.credits, 15);
        assert_eq!(due.wallet.credits_reset_at, 1_000 + 4 * REFRESH_PERIOD_SECONDS);
        assert_eq!(due.wallet.refresh(at(late)), None);
    }

    #[test]
    fn a_balance_above_the_months_credits_comes_down_to_them() {
        let due = wallet(9, Plan::Free, 0).refresh(at(0)).unwrap();
        assert_eq!((due.wallet.credits, due.movements[0].amount), (5, -4));
    }

    #[test]
    fn a_spend_that_meets_a_refresh_pays_from_the_new_month() {
        let settled = wallet(0, Plan::Free, 0).spend(&charge(3), at(0)).unwrap();
        let amounts: Vec<_> = settled.movements.iter().map(|m| (m.amount, m.balance_after)).collect();
        assert_eq!(amounts, [(5, 5), (-3, 2)]);
        assert_eq!(settled.deducted(), 3);
    }

    #[test]
    fn the_unlimited_plan_pays_nothing_and_is_on_record() {
        let settled = wallet(0, Plan::Unlimited, 10).spend(&charge(3), at(0)).unwrap();
        assert_eq!(settled.movements.len(), 1);
        assert_eq!((settled.movements[0].amount, settled.wallet.credits, settled.deducted()), (0, 0, 0));
    }

    #[test]
    fn an_unlimited_time_ends_at_its_second_and_the_plan_goes_on() {
        let timed = Wallet { unlimited_until: Some(1_000), ..wallet(4, Plan::Starter, 5_000) };
        assert_eq!((timed.plan_at(at(999)), timed.plan_at(at(1_000))), (Plan::Unlimited, Plan::Starter));
        let free = timed.spend(&charge(3), at(999)).unwrap();
        assert_eq!((free.wallet.credits, free.deducted()), (4, 0));
        let paid = free.wallet.spend(&charge(3), at(1_000)).unwrap();
        assert_eq!((paid.wallet.credits, paid.deducted(), paid.movements.len()), (1, 3, 1));
        assert_eq!(timed.as_of(at(5_000)).plan, Plan::Starter);
    }

    #[test]
    fn a_month_is_at_least_that_of_the_plan() {
        let imported = Wallet { monthly_credits: 5, ..wallet(2, Plan::Starter, 1_000) };
        assert!(imported.is_short(&CreditTerms::DEFAULT));
        assert_eq!(imported.with_month_of_plan(&CreditTerms::DEFAULT).refresh(at(1_000)).unwrap().wallet.credits, 15);
        let generous = Wallet { monthly_credits: 40, ..imported };
        assert!(!generous.is_short(&CreditTerms::DEFAULT));
        assert_eq!(generous.with_month_of_plan(&CreditTerms::DEFAULT).monthly_credits, 40);
    }

    #[test]
    fn too_little_is_refused_with_both_numbers() {
        let refused = wallet(2, Plan::Free, 10).spend(&charge(3), at(0)).unwrap_err();
        assert_eq!(refused, InsufficientCredits { needed: 3, available: 2 });
    }

    fn any_plan() -> impl Strategy<Value = Plan> {
        prop_oneof![Just(Plan::Free), Just(Plan::Starter), Just(Plan::Unlimited)]
    }

    proptest! {
        /// For any sequence of events: entries sum up and chain, no balance is negative, and the refresh date stays on
        /// its grid and in the future.
        #[test]
        fn the_ledger_adds_up(
            plan in any_plan(),
            start in 0..100_u32,
            unlimited_until in prop::option::of(0..2_000 * DAY_SECONDS),
            steps in prop::collection::vec((0..12_u32, 0..100 * DAY_SECONDS), 0..40),
        ) {
            let mut wallet = Wallet { unlimited_until, ..wallet(start, plan, REFRESH_PERIOD_SECONDS) };
            let mut ledger = Vec::new();
            let mut now = 0;
            for (price, passed) in steps {
                now += passed;
                let due = wallet.refresh(at(now)).is_some();
                match wallet.spend(&charge(price), at(now)) {
                    Ok(settled) => {
                        prop_assert_eq!(settled.movements.len(), 1 + usize::from(due));
                        prop_assert!(settled.wallet.credits_reset_at > now);
                        prop_assert_eq!(settled.wallet.credits_reset_at % REFRESH_PERIOD_SECONDS, 0);
                        wallet = settled.wallet;
                        ledger.extend(settled.movements);
                    }
                    Err(refused) => {
                        prop_assert!(plan != Plan::Unlimited && unlimited_until.is_none_or(|end| end <= now));
                        prop_assert!(refused.available < price);
                        prop_assert_eq!(refused.needed, price);
                    }
                }
            }
            let mut balance = Amount::from(start);
            for entry in &ledger {
                balance += entry.amount;
                prop_assert_eq!(balance, Amount::from(entry.balance_after));
            }
            prop_assert_eq!(balance, Amount::from(wallet.credits));
        }
    }
}
