//! Grants for emails that have no account yet. They are held, and given to the account that gets the email, once each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::adjustment::{Adjustment, AdjustmentReason, Refused};
use super::{Amount, Credits, Settlement, Wallet};
use crate::domain::idempotency::IdempotencyKey;
use crate::domain::settings::CreditTerms;

/// Most grants that an email holds. All of them are given in one transaction.
pub const HELD_MAX: usize = 10;

/// A grant that waits for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldGrant {
    /// The operator's idempotency key. An account gets one grant for a key.
    pub key: IdempotencyKey,
    pub credits: Credits,
    /// The reason that the user will see.
    pub reason: AdjustmentReason,
    pub held_at: Timestamp,
}

/// All grants that an email holds: at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldGrants {
    grants: Vec<HeldGrant>,
    /// Another one after each change, so that nobody gives or takes back what changed meanwhile.
    revision: Uuid,
}

/// Why a grant is not held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHeld {
    /// The same grant is held since then.
    Before(Timestamp),
    /// The email holds a grant of other credits for this key.
    KeyReused,
    /// The email holds [`HELD_MAX`] grants.
    Full,
}

impl HeldGrants {
    /// What an email holds with one more grant.
    ///
    /// # Errors
    /// When nothing may be added.
    pub fn with(before: Option<&Self>, grant: HeldGrant, revision: Uuid) -> Result<Self, NotHeld> {
        let mut grants = before.map_or_else(Vec::new, |held| held.grants.clone());
        if let Some(same) = grants.iter().find(|other| other.key == grant.key) {
            return Err(if same.credits == grant.credits { NotHeld::Before(same.held_at) } else { NotHeld::KeyReused });
        }
        if grants.len() >= HELD_MAX {
            return Err(NotHeld::Full);
        }
        grants.push(grant);
        Ok(Self { grants, revision })
    }

    /// What is left without the grant of a key; `None` if that is nothing.
    #[must_use]
    pub fn without(&self, key: &IdempotencyKey, revision: Uuid) -> Option<Self> {
        let grants: Vec<HeldGrant> = self.grants.iter().filter(|grant| grant.key != *key).cloned().collect();
        (!grants.is_empty()).then_some(Self { grants, revision })
    }

    /// What is held, in the order in which it was granted.
    #[must_use]
    pub fn grants(&self) -> &[HeldGrant] {
        &self.grants
    }

    /// What it is compared by.
    #[must_use]
    pub fn revision(&self) -> Uuid {
        self.revision
    }

    /// What is wrong with it, if anything is.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let is_repeated = |(place, grant): (usize, &HeldGrant)| {
            self.grants.iter().skip(place + 1).any(|other| other.key == grant.key)
        };
        if self.grants.is_empty() {
            Some("it holds no grant")
        } else if self.grants.len() > HELD_MAX {
            Some("it holds more grants than are given at once")
        } else if self.grants.iter().enumerate().any(is_repeated) {
            Some("it holds two grants for one key")
        } else if self.grants.iter().any(|grant| grant.credits == 0) {
            Some("it holds a grant of no credits")
        } else {
            None
        }
    }
}

/// Gives grants to a wallet, each with an entry.
///
/// # Errors
/// When the balance would exceed its maximum.
pub fn give<'a>(
    grants: impl IntoIterator<Item = &'a HeldGrant>,
    wallet: Wallet,
    terms: &CreditTerms,
    now: Timestamp,
) -> Result<Settlement, Refused> {
    let mut given = Settlement { wallet, movements: Vec::new() };
    for grant in grants {
        let next = Adjustment::Credits(Amount::from(grant.credits)).settle(given.wallet, &grant.reason, terms, now)?;
        given.wallet = next.wallet;
        given.movements.extend(next.movements);
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISION: Uuid = Uuid::from_u128(7);

    fn grant(key: &str, credits: Credits) -> HeldGrant {
        let reason = AdjustmentReason::try_from("Class").unwrap();
        HeldGrant { key: IdempotencyKey::try_from(key).unwrap(), credits, reason, held_at: Timestamp::UNIX_EPOCH }
    }

    fn held(grants: &[(&str, Credits)]) -> HeldGrants {
        let grants = grants.iter().map(|(key, credits)| grant(key, *credits)).collect();
        HeldGrants { grants, revision: REVISION }
    }

    #[test]
    fn an_email_holds_each_key_once_and_a_bounded_number() {
        let mut all = HeldGrants::with(None, grant("0", 3), REVISION).unwrap();
        assert_eq!(HeldGrants::with(Some(&all), grant("0", 3), REVISION), Err(NotHeld::Before(Timestamp::UNIX_EPOCH)));
        assert_eq!(HeldGrants::with(Some(&all), grant("0", 4), REVISION), Err(NotHeld::KeyReused));
        for number in 1..HELD_MAX {
            all = HeldGrants::with(Some(&all), grant(&number.to_string(), 1), REVISION).unwrap();
        }
        assert_eq!(HeldGrants::with(Some(&all), grant("more", 1), REVISION), Err(NotHeld::Full));
        assert_eq!(all.fault(), None);
        let left = all.without(&IdempotencyKey::try_from("0").unwrap(), REVISION).unwrap();
        assert_eq!(left.grants().len(), HELD_MAX - 1);
        assert_eq!(held(&[("0", 1)]).without(&IdempotencyKey::try_from("0").unwrap(), REVISION), None);
    }

    #[test]
    fn each_grant_has_an_entry_with_the_balance_after_it() {
        let terms = &CreditTerms::DEFAULT;
        let now = Timestamp::UNIX_EPOCH;
        let opened = Wallet::open(now, terms).wallet;
        let given = give(held(&[("a", 3), ("b", 4)]).grants(), opened, terms, now).unwrap();
        let entries: Vec<_> = given.movements.iter().map(|entry| (entry.amount, entry.balance_after)).collect();
        assert_eq!((given.wallet.credits, entries), (12, vec![(3, 8), (4, 12)]));
        let rich = Wallet { credits: Credits::MAX - 3, ..opened };
        assert!(give(held(&[("a", 3), ("b", 4)]).grants(), rich, terms, now).is_err());
    }

    #[test]
    fn faults_are_found() {
        for (grants, is_faulty) in
            [(vec![("a", 1)], false), (vec![], true), (vec![("a", 1), ("a", 1)], true), (vec![("a", 0)], true)]
        {
            assert_eq!(held(&grants).fault().is_some(), is_faulty, "{grants:?}");
        }
    }
}
