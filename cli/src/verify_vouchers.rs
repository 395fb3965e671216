//! The part of `pastpaper verify` that checks vouchers: each redemption has its ledger entry, and no voucher was redeemed more
//! often than it counts.

use std::collections::BTreeMap;

use shared::domain::credits::Amount;
use shared::domain::credits::ledger::Entry;
use shared::domain::vouchers::{Redemption, Voucher, VoucherId};

/// Redemptions of existing accounts, by voucher.
#[derive(Debug, Default)]
pub(crate) struct Redeemed(BTreeMap<VoucherId, u32>);

impl Redeemed {
    /// Counts a user's redemptions.
    pub(crate) fn count(&mut self, redemptions: &[Redemption]) {
        for redemption in redemptions {
            *self.0.entry(redemption.voucher_id.clone()).or_default() += 1;
        }
    }

    /// Compares the counts with the vouchers, which were read afterwards: each was used at least as often. Redemptions of
    /// deleted accounts are gone.
    pub(crate) fn mismatches(&self, vouchers: &[Voucher]) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        for voucher in vouchers {
            let redeemed = self.0.get(&voucher.id).copied().unwrap_or(0);
            if voucher.uses > voucher.uses_max {
                wrong.push((name(&voucher.id), format!("{} uses of at most {}", voucher.uses, voucher.uses_max)));
            }
            if redeemed > voucher.uses {
                wrong.push((
                    name(&voucher.id),
                    format!("{} uses are counted, {redeemed} users redeemed it", voucher.uses),
                ));
            }
        }
        let is_known = |id: &VoucherId| vouchers.iter().any(|voucher| voucher.id == *id);
        let unknown = self.0.keys().filter(|id| !is_known(id));
        wrong.extend(unknown.map(|id| (name(id), "it was redeemed and does not exist".to_owned())));
        wrong
    }
}

fn name(id: &VoucherId) -> String {
    format!("voucher {}", id.shown())
}

/// Redemptions whose ledger entry is missing or has another amount.
pub(crate) fn without_entry(redemptions: &[Redemption], entries: &[Entry]) -> Vec<String> {
    let is_booked = |redemption: &&Redemption| {
        entries.iter().any(|entry| {
            entry.position == redemption.position
                && entry.amount == Amount::from(redemption.credits_granted)
                && entry.balance_after == redemption.credits
        })
    };
    let unbooked = redemptions.iter().filter(|redemption| !is_booked(redemption));
    unbooked.map(|of| format!("{} was redeemed, but the ledger does not have it", name(&of.voucher_id))).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use shared::domain::credits::{EntryType, Movement};
    use shared::domain::id::{EntryId, UserId};
    use shared::domain::vouchers::VoucherCode;
    use uuid::Uuid;

    use super::*;

    fn redemption(position: u64) -> Redemption {
        let voucher_id = VoucherCode::typed("abcdef").id();
        Redemption { voucher_id, credits_granted: 5, credits: 7, position, redeemed_at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_redemption_without_its_entry_is_found() {
        let movement = Movement {
            kind: EntryType::Adjustment,
            amount: 5,
            balance_after: 7,
            description: "Voucher".to_owned(),
            payment_intent: None,
        };
        let entry = Entry::of(&movement, EntryId(Uuid::nil()), UserId(Uuid::nil()), 2, Timestamp::UNIX_EPOCH);
        assert!(without_entry(&[redemption(2)], std::slice::from_ref(&entry)).is_empty());
        for wrong in [Entry { position: 3, ..entry.clone() }, Entry { amount: 4, ..entry }] {
            assert_eq!(without_entry(&[redemption(2)], &[wrong]).len(), 1);
        }
    }

    #[test]
    fn a_voucher_that_counts_too_few_or_too_many_uses_or_is_missing_is_found() {
        let mut redeemed = Redeemed::default();
        redeemed.count(&[redemption(2)]);
        redeemed.count(&[redemption(9)]);
        let voucher = |uses, uses_max| Voucher {
            id: VoucherCode::typed("abcdef").id(),
            credits: 5,
            uses_max,
            uses,
            ends_at: 0,
            note: None,
            created_at: Timestamp::UNIX_EPOCH,
            stopped_at: None,
        };
        // An account with a redemption was deleted.
        for right in [voucher(2, 2), voucher(3, 5)] {
            assert!(redeemed.mismatches(&[right]).is_empty());
        }
        for wrong in [[voucher(1, 5)].as_slice(), &[voucher(3, 2)], &[]] {
            assert_eq!(redeemed.mismatches(wrong).len(), 1, "{wrong:?}");
        }
    }
}
