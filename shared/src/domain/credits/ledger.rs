//! Ledger entries, and the check that a ledger is true.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Builder;

use crate::domain::account::profile::{ClosedLedgerId, Profile};
use crate::domain::credits::{Amount, Credits, EntryType, Movement, Plan};
use crate::domain::id::{EntryId, UserId};

/// One movement of a user's credits. Never changed, never deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Sorts by time.
    pub id: EntryId,
    /// Whose credits.
    pub user_id: UserId,
    /// Positive in, negative out.
    pub amount: Amount,
    /// Why.
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// What the user reads.
    pub description: Option<String>,
    /// The balance once it had happened.
    pub balance_after: Credits,
    /// Position in the user's ledger, from 1. The order of commits: clocks of two instances may disagree, this not.
    pub position: u64,
    /// The payment behind it.
    #[serde(default)]
    pub stripe_payment_intent_id: Option<String>,
    /// When.
    pub created_at: Timestamp,
}

impl EntryId {
    /// The id of the entry at `position`, written at `at`. Ids sort as positions do: by time, and within a millisecond by
    /// the last 12 bits of the position, which stand where version 7 has room for a counter (RFC 9562, 6.2).
    #[must_use]
    pub fn new(position: u64, at: Timestamp, random: [u8; 8]) -> Self {
        let [.., high, low] = position.to_be_bytes();
        let mut tail = [0; 10];
        tail[0] = high & 0x0f;
        tail[1] = low;
        tail[2..].copy_from_slice(&random);
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
    }
}

impl Entry {
    /// The entry that records `movement`.
    #[must_use]
    pub fn of(movement: &Movement, id: EntryId, user_id: UserId, position: u64, now: Timestamp) -> Self {
        Self {
            id,
            user_id,
            amount: movement.amount,
            kind: movement.kind,
            description: Some(movement.description.clone()),
            balance_after: movement.balance_after,
            position,
            stripe_payment_intent_id: movement.payment_intent.clone(),
            created_at: now,
        }
    }
}

/// What is wrong with a user's ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The projection is not the sum.
    #[error("the balance is {balance}, the entries add up to {sum}")]
    Sum {
        /// On the profile.
        balance: Credits,
        /// Of the ledger.
        sum: Amount,
    },
    /// The profile counts other entries than there are.
    #[error("the profile counts {counted} entries, there are {found}")]
    Count {
        /// On the profile.
        counted: u64,
        /// In the ledger.
        found: u64,
    },
    /// An entry does not follow from the one before.
    #[error("entry {position} says {balance_after} after it, {expected} follows from the entry before")]
    Chain {
        /// Of the entry.
        position: u64,
        /// What it says.
        balance_after: Credits,
        /// What it should say.
        expected: Amount,
    },
    /// An entry is missing or there twice.
    #[error("entry {position} stands where {expected} should")]
    Position {
        /// Of the entry.
        position: u64,
        /// What it should be.
        expected: u64,
    },
}

/// What is left of an account that was deleted: how its ledger ended, and nothing of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedLedger {
    /// The ledger.
    pub id: ClosedLedgerId,
    /// The last balance.
    pub credits: Credits,
    /// The last plan.
    pub plan: Plan,
    /// How many entries there are.
    pub entry_count: u64,
    /// When the account was deleted.
    pub closed_at: Timestamp,
}

impl ClosedLedger {
    /// Checks it against its entries, as [`mismatches`] does.
    #[must_use]
    pub fn mismatches(&self, entries: &[Entry]) -> Vec<Mismatch> {
        mismatches_of(self.credits, self.entry_count, entries)
    }
}

impl Entry {
    /// The entry as it stays when its account is deleted: the money, without the person and what they were doing.
    #[must_use]
    pub fn of_nobody(self, ledger: ClosedLedgerId) -> Self {
        Self { user_id: UserId(ledger.0), description: None, ..self }
    }
}

/// Checks a profile against all of its entries, in any order.
#[must_use]
pub fn mismatches(profile: &Profile, entries: &[Entry]) -> Vec<Mismatch> {
    mismatches_of(profile.wallet.credits, profile.entry_count, entries)
}

fn mismatches_of(balance: Credits, entry_count: u64, entries: &[Entry]) -> Vec<Mismatch> {
    let mut ordered: Vec<&Entry> = entries.iter().collect();
    ordered.sort_by_key(|entry| entry.position);
    let mut found = Vec::new();
    let mut sum: Amount = 0;
    for (entry, expected) in ordered.into_iter().zip(1..) {
        sum += entry.amount;
        if entry.position != expected {
            found.push(Mismatch::Position { position: entry.position, expected });
        }
        if Amount::from(entry.balance_after) != sum {
            found.push(Mismatch::Chain { position: entry.position, balance_after: entry.balance_after, expected: sum });
            sum = Amount::from(entry.balance_after);
        }
    }
    let sum: Amount = entries.iter().map(|entry| entry.amount).sum();
    if Amount::from(balance) != sum {
        found.push(Mismatch::Sum { balance, sum });
    }
    if entry_count != entries.len() as u64 {
        found.push(Mismatch::Count { counted: entry_count, found: entries.len() as u64 });
    }
    found
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::account::profile::AccountState;
    use crate::domain::account::{Email, Name};
    use crate::domain::credits::Wallet;

    fn ledger(amounts: &[(Amount, Credits)]) -> (Profile, Vec<Entry>) {
        let now = Timestamp::UNIX_EPOCH;
        let mut wallet = Wallet::open(now).wallet;
        wallet.credits = amounts.last().map_or(0, |(_, balance)| *balance);
        let profile = Profile {
            id: UserId(Uuid::nil()),
            name: Name::default(),
            email: Email::try_from("a@b.c".to_owned()).unwrap(),
            wallet,
            version: 1,
            entry_count: amounts.len() as u64,
            stripe_customer_id: None,
            stripe_subscription_id: None,
            state: AccountState::default(),
            created_at: now,
            updated_at: now,
        };
        let entries = amounts.iter().zip(1..).map(|((amount, balance_after), position)| {
            let movement = Movement {
                kind: EntryType::Adjustment,
                amount: *amount,
                balance_after: *balance_after,
                description: String::new(),
                payment_intent: None,
            };
            Entry::of(&movement, EntryId(Uuid::nil()), profile.id, position, now)
        });
        let entries = entries.collect();
        (profile, entries)
    }

    #[test]
    fn entries_of_one_millisecond_sort_by_position_whatever_is_drawn() {
        let at = Timestamp::from_millisecond(1_772_366_400_000).unwrap();
        let ids: Vec<EntryId> =
            (1..=300).map(|p| EntryId::new(p, at, if p % 2 == 0 { [255; 8] } else { [0; 8] })).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.0.get_version_num() == 7));
        let later = Timestamp::from_millisecond(1_772_366_400_001).unwrap();
        assert!(EntryId::new(4_096, later, [0; 8]) > EntryId::new(4_095, at, [255; 8]));
    }

    #[test]
    fn a_true_ledger_has_no_mismatch_in_any_order() {
        let (profile, mut entries) = ledger(&[(5, 5), (-2, 3), (0, 3)]);
        entries.reverse();
        assert_eq!(mismatches(&profile, &entries), []);
    }

    #[test]
    fn each_lie_is_found() {
        let (mut profile, entries) = ledger(&[(5, 5), (-2, 3)]);
        profile.wallet.credits = 4;
        assert_eq!(mismatches(&profile, &entries), [Mismatch::Sum { balance: 4, sum: 3 }]);

        let (profile, entries) = ledger(&[(5, 5), (-2, 4), (-1, 2)]);
        let chain = Mismatch::Chain { position: 2, balance_after: 4, expected: 3 };
        assert!(mismatches(&profile, &entries).contains(&chain));

        let (profile, entries) = ledger(&[(5, 5), (0, 5), (0, 5)]);
        let missing = [entries[0].clone(), entries[2].clone()];
        assert_eq!(
            mismatches(&profile, &missing),
            [Mismatch::Position { position: 3, expected: 2 }, Mismatch::Count { counted: 3, found: 2 }]
        );
    }
}
