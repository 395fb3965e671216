//! A wallet change by an operator. It always writes a ledger entry, even if the balance does not change.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::credits::{Amount, Credits, EntryType, Movement, Plan, Settlement, Wallet};
use crate::domain::settings::CreditTerms;

/// Maximum length of a reason in characters.
const REASON_CHARS_MAX: usize = 200;

/// The reason for a change, shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AdjustmentReason(String);

impl TryFrom<String> for AdjustmentReason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for AdjustmentReason {
    type Error = &'static str;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        let text = text.trim();
        let fits = (1..=REASON_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err("must be 1 to 200 characters, without control characters") }
    }
}

/// A wallet change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjustment {
    /// Credits to add, or to remove if negative.
    Credits(Amount),
    /// A new plan. Its monthly credits apply from the next refresh; the balance stays. Ends an imported unlimited
    /// period.
    Plan(Plan),
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More credits would be removed than the balance holds.
    #[error("at most {most} credits can be taken: the balance is {most}")]
    TooManyTaken {
        /// The balance, after any refresh that is due.
        most: Credits,
    },
    /// The balance would exceed its maximum.
    #[error("at most {most} credits can be given: a balance holds {}", Credits::MAX)]
    TooManyGiven {
        /// The most credits that can be added.
        most: Credits,
    },
}

impl Adjustment {
    /// Settles any refresh that is due at `now`, and then this change.
    ///
    /// # Errors
    /// When the balance would become negative or exceed its maximum.
    pub fn settle(
        self,
        wallet: Wallet,
        reason: &AdjustmentReason,
        terms: &CreditTerms,
        now: Timestamp,
    ) -> Result<Settlement, Refused> {
        let mut settlement = wallet.refresh(now).unwrap_or(Settlement { wallet, movements: Vec::new() });
        let wallet = &mut settlement.wallet;
        let amount = match self {
            Self::Credits(amount) => amount,
            Self::Plan(plan) => {
                wallet.plan = plan;
                wallet.monthly_credits = terms.monthly(plan);
                wallet.unlimited_until = None;
                0
            }
        };
        let after = Amount::from(wallet.credits).checked_add(amount).and_then(|sum| Credits::try_from(sum).ok());
        let refused = if amount < 0 {
            Refused::TooManyTaken { most: wallet.credits }
        } else {
            Refused::TooManyGiven { most: Credits::MAX - wallet.credits }
        };
        wallet.credits = after.ok_or(refused)?;
        let balance_after = wallet.credits;
        let description = reason.0.clone();
        let kind = EntryType::Adjustment;
        settlement.movements.push(Movement { kind, amount, balance_after, description, payment_intent: None });
        Ok(settlement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(adjustment: Adjustment, credits: Credits) -> Result<Settlement, Refused> {
        let (plan, unlimited_until) = (Plan::Free, Some(900));
        let wallet = Wallet { credits, plan, monthly_credits: 5, credits_reset_at: 1_000, unlimited_until };
        adjustment.settle(
            wallet,
            &AdjustmentReason::try_from("Mistake of ours").unwrap(),
            &CreditTerms::DEFAULT,
            Timestamp::from_second(0).unwrap(),
        )
    }

    #[test]
    fn credits_are_given_and_taken_with_an_entry() {
        for (amount, after) in [(7, 9), (-2, 0), (0, 2)] {
            let settlement = settled(Adjustment::Credits(amount), 2).unwrap();
            let entry = &settlement.movements[0];
            assert_eq!((settlement.wallet.credits, entry.amount, entry.balance_after), (after, amount, after));
            assert_eq!((entry.kind, entry.description.as_str()), (EntryType::Adjustment, "Mistake of ours"));
        }
    }

    #[test]
    fn an_adjustment_beyond_the_balance_is_refused() {
        for (amount, reason) in [
            (-3, "at most 2 credits can be taken: the balance is 2"),
            (Amount::MIN, "at most 2 credits can be taken: the balance is 2"),
            (Amount::MAX, "at most 4294967293 credits can be given: a balance holds 4294967295"),
            (Amount::from(u32::MAX), "at most 4294967293 credits can be given: a balance holds 4294967295"),
        ] {
            let refused = settled(Adjustment::Credits(amount), 2).unwrap_err();
            assert_eq!(refused.to_string(), reason, "{amount}");
        }
        assert!(settled(Adjustment::Credits(4_294_967_293), 2).is_ok());
    }

    #[test]
    fn a_plan_moves_nothing_and_is_on_record() {
        let settlement = settled(Adjustment::Plan(Plan::Starter), 2).unwrap();
        let wallet = settlement.wallet;
        assert_eq!((wallet.plan, wallet.monthly_credits, wallet.credits), (Plan::Starter, 15, 2));
        assert_eq!(wallet.unlimited_until, None);
        assert_eq!((settlement.movements.len(), settlement.movements[0].amount), (1, 0));
    }

    #[test]
    fn a_reason_is_a_line() {
        for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(AdjustmentReason::try_from(bad).is_err(), "{bad:?}");
        }
    }
}
