//! Ledger entries, and the check that a balance matches its ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Builder;

use crate::domain::account::profile::{ClosedLedgerId, Profile};
use crate::domain::credits::{Amount, Credits, EntryType, Movement, Plan};
use crate::domain::id::{EntryId, UserId};

/// One movement of a user's credits. Never changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Sorts by time.
    pub id: EntryId,
    pub user_id: UserId,
    /// Positive for credits received, negative for credits spent.
    pub amount: Amount,
    /// Reason for the movement.
    #[serde(rename = "type")]
    pub kind: EntryType,
    /// Text shown to the user.
    pub description: Option<String>,
    /// The balance after this entry.
    pub balance_after: Credits,
    /// Position in the user's ledger, from 1. This is the commit order; timestamps are not, because clocks differ.
    pub position: u64,
    /// Id of the Stripe payment behind it.
    #[serde(default)]
    pub stripe_payment_intent_id: Option<String>,
    pub created_at: Timestamp,
}

impl EntryId {
    /// The id of the entry at `position`, written at `at`. Ids sort like positions: by time, and within a millisecond
    /// by the last 12 bits of the position, which take the place of the counter in UUID version 7 (RFC 9562, 6.2).
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

/// An error in a user's ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The balance differs from the ledger's sum.
    #[error("the balance is {balance}, the entries add up to {sum}")]
    Sum {
        /// Balance on the profile.
        balance: Credits,
        /// Sum of the ledger's amounts.
        sum: Amount,
    },
    /// The profile's entry count is wrong.
    #[error("the profile counts {counted} entries, there are {found}")]
    Count {
        /// Count on the profile.
        counted: u64,
        /// Entries in the ledger.
        found: u64,
    },
    /// An entry's balance does not follow from the previous one.
    #[error("entry {position} says {balance_after} after it, {expected} follows from the entry before")]
    Chain {
        /// Position of the entry.
        position: u64,
        /// Balance in the entry.
        balance_after: Credits,
        /// Previous balance plus the entry's amount.
        expected: Amount,
    },
    /// A position is missing or occurs twice.
    #[error("entry {position} stands where {expected} should")]
    Position {
        /// Position found.
        position: u64,
        /// Position expected.
        expected: u64,
    },
}

/// What remains of a deleted account: the final state of its ledger, without personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedLedger {
    pub id: ClosedLedgerId,
    /// Final balance.
    pub credits: Credits,
    /// Final plan.
    pub plan: Plan,
    /// Number of entries.
    pub entry_count: u64,
    /// When the account was deleted.
    pub closed_at: Timestamp,
}

impl ClosedLedger {
    /// Checks the closed ledger against its entries, like [`mismatches`].
    #[must_use]
    pub fn mismatches(&self, entries: &[Entry]) -> Vec<Mismatch> {
        mismatches_of(self.credits, self.entry_count, entries)
    }
}

impl Entry {
    /// The anonymised entry that is kept when its account is deleted: the ledger's id replaces the user's, and the
    /// description is removed.
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
    use crate::domain::account::{Email, Name};
    use crate::domain::credits::Wallet;
    use crate::domain::settings::CreditTerms;

    fn ledger(amounts: &[(Amount, Credits)]) -> (Profile, Vec<Entry>) {
        let now = Timestamp::UNIX_EPOCH;
        let mut wallet = Wallet::open(now, &CreditTerms::DEFAULT).wallet;
        wallet.credits = amounts.last().map_or(0, |(_, balance)| *balance);
        let email = Email::try_from("a@b.c".to_owned()).unwrap();
        let profile = Profile {
            entry_count: amounts.len() as u64,
            ..Profile::open(UserId(Uuid::nil()), email, Name::default(), wallet, now)
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
    fn entries_of_one_millisecond_sort_by_position() {
        let at = Timestamp::from_millisecond(1_772_366_400_000).unwrap();
        let ids: Vec<EntryId> =
            (1..=300).map(|p| EntryId::new(p, at, if p % 2 == 0 { [255; 8] } else { [0; 8] })).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| id.0.get_version_num() == 7));
        let later = Timestamp::from_millisecond(1_772_366_400_001).unwrap();
        assert!(EntryId::new(4_096, later, [0; 8]) > EntryId::new(4_095, at, [255; 8]));
    }

    #[test]
    fn a_consistent_ledger_has_no_mismatch_in_any_order() {
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
