//! Converts credit transactions to a valid ledger: entries that chain and add up to the balance.
//!
//! The old service used its own types. The following ones are mapped. Any other becomes an `adjustment` whose
//! description begins with the original type:
//!
//! | ours | also written as |
//! |---|---|
//! | `signup_bonus` | `signup`, `welcome_bonus`, `registration`, `initial` |
//! | `monthly_refresh` | `refresh`, `monthly`, `monthly_reset`, `monthly_credits`, `reset` |
//! | `subscription_renewal` | `subscription`, `renewal` |
//! | `purchase` | `credit_purchase`, `checkout` |
//! | `question_view` | `practice`, `question`, `question_practice`, `practice_question`, `bundle`, `question_bundle` |
//! | `analysis_view` | `analysis`, `course_analysis` |
//! | `midterm` | `midterm_generation`, `midterm_generate`, `generate_midterm` |
//! | `refund` | `credit_refund` |
//!
//! If the transactions do not explain the balance, an adjustment before or after them does. Both are needed only if the
//! history goes below zero and one adjustment alone cannot fix it. Entries are derived from the dump alone, so a second
//! import makes the same ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use shared::domain::catalog::check::ROW_BYTES_MAX;
use shared::domain::credits::ledger::Entry;
use shared::domain::credits::{Amount, Credits, EntryType};
use shared::domain::id::{EntryId, UserId};
use uuid::{Builder, Uuid};

use super::ImportMessages;
use super::schema::TRANSACTIONS;
use super::values::{Row, RowError};

const OPENING: &str = "Opening balance before the imported history";
/// Maximum bytes of a Stripe id.
const PAYMENT_INTENT_BYTES_MAX: usize = 255;
const CLOSING: &str = "Adjusted to the imported balance";

/// A row of `credit_transactions`.
#[derive(Debug)]
pub(super) struct D1Transaction {
    d1_id: String,
    amount: Amount,
    kind: EntryType,
    description: Option<String>,
    stripe_payment_intent_id: Option<String>,
    created_at: Option<Timestamp>,
}

/// The user data that a ledger needs.
pub(super) struct Owner<'a> {
    pub id: UserId,
    /// The id in the dump.
    pub d1_id: &'a str,
    /// The balance that the ledger must add up to.
    pub balance: Credits,
    /// Time of a transaction without a date.
    pub created_at: Timestamp,
    /// Time of the last known balance.
    pub updated_at: Timestamp,
}

/// The transactions of each user in `known`, in the order of the dump.
pub(super) fn by_user(
    rows: Vec<Row>,
    known: &HashSet<&str>,
    findings: &mut ImportMessages,
) -> HashMap<String, Vec<D1Transaction>> {
    let mut histories: HashMap<String, Vec<D1Transaction>> = HashMap::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut foreign_types: BTreeMap<String, (EntryType, usize)> = BTreeMap::new();
    for row in rows {
        let read = transaction(&row, known).and_then(|read| {
            let is_new = seen.insert(read.transaction.d1_id.clone());
            if is_new { Ok(read) } else { Err("the id was used before".to_owned()) }
        });
        match read {
            Ok(OwnedTransaction { user, foreign_type, transaction }) => {
                if let Some(foreign) = foreign_type {
                    foreign_types.entry(foreign).or_insert((transaction.kind, 0)).1 += 1;
                }
                histories.entry(user).or_default().push(transaction);
            }
            Err(reason) => findings.refuse(TRANSACTIONS, row.label(), reason),
        }
    }
    for (foreign, (kind, count)) in foreign_types {
        let kept = if kind == EntryType::Adjustment { ", named in the description" } else { "" };
        findings.note(format!("{TRANSACTIONS}: {count} of type {foreign:?} became {}{kept}", name_of(kind)));
    }
    histories
}

/// A transaction, its user, and its original type if that is not one of ours.
struct OwnedTransaction {
    user: String,
    foreign_type: Option<String>,
    transaction: D1Transaction,
}

fn transaction(row: &Row, known: &HashSet<&str>) -> Result<OwnedTransaction, RowError> {
    let user = row.filled_text("user_id")?.ok_or("user_id is missing")?;
    if !known.contains(user.as_str()) {
        return Err(format!("its user {user:?} is not imported"));
    }
    let original = row.required_text("type")?;
    let kind = kind_of(&original);
    let description = row.filled_text("description")?;
    let is_named = kind.is_some();
    let kind = kind.unwrap_or(EntryType::Adjustment);
    let description = match (is_named, description) {
        (true, description) => description,
        (false, Some(description)) => Some(format!("{original}: {description}")),
        (false, None) => Some(original.clone()),
    };
    let bytes = description.as_ref().map_or(0, String::len);
    if bytes > ROW_BYTES_MAX {
        return Err(format!("type and description have {bytes} bytes; they have at most {ROW_BYTES_MAX}"));
    }
    let stripe_payment_intent_id = row.filled_text("stripe_payment_intent_id")?;
    if let Some(id) = stripe_payment_intent_id.as_ref().filter(|id| id.len() > PAYMENT_INTENT_BYTES_MAX) {
        let bytes = id.len();
        return Err(format!("stripe_payment_intent_id has {bytes} bytes; it has at most {PAYMENT_INTENT_BYTES_MAX}"));
    }
    let transaction = D1Transaction {
        d1_id: row.filled_text("id")?.ok_or("id is missing")?,
        amount: Amount::from(row.small::<i32>("amount")?.ok_or("amount is missing")?),
        kind,
        description,
        stripe_payment_intent_id,
        created_at: row.timestamp("created_at")?,
    };
    let foreign_type = (original != name_of(kind)).then_some(original);
    Ok(OwnedTransaction { user, foreign_type, transaction })
}

/// The mapping in the module's documentation.
fn kind_of(original: &str) -> Option<EntryType> {
    Some(match original.trim().to_ascii_lowercase().as_str() {
        "signup_bonus" | "signup" | "welcome_bonus" | "registration" | "initial" => EntryType::SignupBonus,
        "monthly_refresh" | "refresh" | "monthly" | "monthly_reset" | "monthly_credits" | "reset" => {
            EntryType::MonthlyRefresh
        }
        "subscription_renewal" | "subscription" | "renewal" => EntryType::SubscriptionRenewal,
        "purchase" | "credit_purchase" | "checkout" => EntryType::Purchase,
        "question_view" | "practice" | "question" | "question_practice" | "practice_question" | "bundle"
        | "question_bundle" => EntryType::QuestionView,
        "analysis_view" | "analysis" | "course_analysis" => EntryType::AnalysisView,
        "midterm" | "midterm_generation" | "midterm_generate" | "generate_midterm" => EntryType::Midterm,
        "refund" | "credit_refund" => EntryType::Refund,
        "adjustment" => EntryType::Adjustment,
        _ => return None,
    })
}

const fn name_of(kind: EntryType) -> &'static str {
    match kind {
        EntryType::SignupBonus => "signup_bonus",
        EntryType::MonthlyRefresh => "monthly_refresh",
        EntryType::SubscriptionRenewal => "subscription_renewal",
        EntryType::Purchase => "purchase",
        EntryType::QuestionView => "question_view",
        EntryType::AnalysisView => "analysis_view",
        EntryType::Midterm => "midterm",
        EntryType::Refund => "refund",
        EntryType::Adjustment => "adjustment",
    }
}

/// A user's entries, oldest first, and the adjustments that were added.
///
/// # Errors
/// When the balance after an entry is out of bounds.
pub(super) fn ledger(
    owner: &Owner<'_>,
    transactions: Vec<D1Transaction>,
) -> Result<(Vec<Entry>, Option<String>), RowError> {
    let mut dated: Vec<(Timestamp, D1Transaction)> = transactions
        .into_iter()
        .map(|transaction| (transaction.created_at.unwrap_or(owner.created_at), transaction))
        .collect();
    // The sort is stable: transactions with the same timestamp keep the order of the dump.
    dated.sort_by_key(|(at, _)| *at);
    let amounts: Vec<Amount> = dated.iter().map(|(_, transaction)| transaction.amount).collect();
    let gap = Gap::of(&amounts, owner.balance);

    let first_at = dated.first().map_or(owner.updated_at, |(at, _)| *at);
    let last_at = dated.last().map_or(owner.updated_at, |(at, _)| owner.updated_at.max(*at));
    let adjustment = |which: &str, amount, description: &str| D1Transaction {
        d1_id: format!("{which} {}", owner.d1_id),
        amount,
        kind: EntryType::Adjustment,
        description: Some(description.to_owned()),
        stripe_payment_intent_id: None,
        created_at: None,
    };
    let mut chain = Chain { owner, entries: Vec::with_capacity(dated.len() + 2) };
    if gap.opening != 0 {
        chain.push(first_at, adjustment("opening", gap.opening, OPENING))?;
    }
    for (at, transaction) in dated {
        chain.push(at, transaction)?;
    }
    if gap.closing != 0 {
        chain.push(last_at, adjustment("closing", gap.closing, CLOSING))?;
    }
    Ok((chain.entries, gap.note(&amounts, owner.balance)))
}

/// The part of the balance that the transactions do not explain.
#[derive(Debug, PartialEq, Eq)]
struct Gap {
    /// Credits that existed before them.
    opening: Amount,
    /// Credits that moved after them.
    closing: Amount,
}

impl Gap {
    fn of(amounts: &[Amount], balance: Credits) -> Self {
        let mut sum: Amount = 0;
        let mut lowest: Amount = 0;
        for amount in amounts {
            sum += amount;
            lowest = lowest.min(sum);
        }
        let missing = Amount::from(balance) - sum;
        let opening_is_enough = !amounts.is_empty() && missing > 0 && missing + lowest >= 0;
        if opening_is_enough {
            return Self { opening: missing, closing: 0 };
        }
        Self { opening: -lowest, closing: missing + lowest }
    }

    fn note(&self, amounts: &[Amount], balance: Credits) -> Option<String> {
        let sum: Amount = amounts.iter().sum();
        let made = match (self.opening, self.closing) {
            (0, 0) => return None,
            (opening, 0) => format!("an adjustment of {opening:+} before them"),
            (0, closing) if amounts.is_empty() => format!("an adjustment of {closing:+}"),
            (0, closing) => format!("an adjustment of {closing:+} after them"),
            (opening, closing) => {
                format!("as they go below zero, adjustments of {opening:+} before them and {closing:+} after them")
            }
        };
        Some(format!("its transactions add up to {sum}, its balance is {balance}: {made} made the ledger true"))
    }
}

/// A user's entries, each of which follows from the previous one.
struct Chain<'a> {
    owner: &'a Owner<'a>,
    entries: Vec<Entry>,
}

impl Chain<'_> {
    fn push(&mut self, at: Timestamp, transaction: D1Transaction) -> Result<(), RowError> {
        let last = self.entries.last();
        let before = last.map_or(0, |entry| Amount::from(entry.balance_after));
        let after = before.checked_add(transaction.amount).and_then(|after| Credits::try_from(after).ok());
        let id = entry_id(at, &transaction.d1_id);
        // Ids sort in the order of the entries, even within a millisecond.
        let id = last.map_or(id, |last| EntryId(id.0.max(Uuid::from_u128(last.id.0.as_u128() + 1))));
        let entry = Entry {
            id,
            user_id: self.owner.id,
            amount: transaction.amount,
            kind: transaction.kind,
            description: transaction.description,
            balance_after: after.ok_or("its transactions add up to more than a balance holds")?,
            position: last.map_or(1, |last| last.position + 1),
            stripe_payment_intent_id: transaction.stripe_payment_intent_id,
            created_at: at,
        };
        self.entries.push(entry);
        Ok(())
    }
}

/// A UUID version 7 derived from the time and the old id.
fn entry_id(at: Timestamp, d1_id: &str) -> EntryId {
    let digest = Sha256::new().chain_update(TRANSACTIONS).chain_update(d1_id).finalize();
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&digest[..10]);
    let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
    EntryId(Builder::from_unix_timestamp_millis(milliseconds, &bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{USER, read};
    use super::*;

    /// A dump with the user `USER`, this balance, and these transactions as (amount, type, time).
    fn dump(balance: i64, transactions: &[(&str, &str, &str)]) -> String {
        let user = format!(
            "INSERT INTO users (id, email, password_hash, credits, created_at, updated_at) \
             VALUES('{USER}', 'a@b.c', 'x', {balance}, '2025-01-01', '2025-03-01');"
        );
        let rows = transactions.iter().enumerate().map(|(at, (amount, kind, created_at))| {
            let row = format!("'t{at}', '{USER}', {amount}, '{kind}', 'd{at}', 'pi_{at}', {created_at}");
            format!("INSERT INTO credit_transactions VALUES({row});")
        });
        std::iter::once(user).chain(rows).collect()
    }

    fn entries(balance: i64, transactions: &[(&str, &str, &str)]) -> (Vec<Entry>, super::super::Dump) {
        let mut dump = read(&dump(balance, transactions));
        let account = dump.accounts.remove(0);
        assert_eq!(shared::domain::credits::ledger::mismatches(&account.profile, &account.entries), []);
        assert!(account.entries.is_sorted_by(|a, b| a.id < b.id && a.position + 1 == b.position));
        assert_eq!(account.profile.entry_count, account.entries.len() as u64);
        (account.entries, dump)
    }

    fn amounts(entries: &[Entry]) -> Vec<(Amount, Credits)> {
        entries.iter().map(|entry| (entry.amount, entry.balance_after)).collect()
    }

    #[test]
    fn a_consistent_history_is_unchanged() {
        let (entries, dump) =
            entries(3, &[("-2", "analysis_view", "'2025-02-01 10:00:00'"), ("5", "signup_bonus", "1735700000")]);
        assert_eq!(amounts(&entries), [(5, 5), (-2, 3)]);
        assert_eq!(entries[0].created_at.as_second(), 1_735_700_000);
        assert_eq!(entries[1].description.as_deref(), Some("d0"));
        assert_eq!(entries[1].stripe_payment_intent_id.as_deref(), Some("pi_0"));
        assert_eq!(entries[0].id.0.get_version_num(), 7);
        assert!(!dump.notes.iter().any(|note| note.contains("ledger")), "{:?}", dump.notes);
    }

    #[test]
    fn one_adjustment_makes_the_ledger_consistent() {
        let (opened, dump) = entries(2, &[("-2", "midterm", "1740000000"), ("-1", "question_view", "1740000001")]);
        assert_eq!(amounts(&opened), [(5, 5), (-2, 3), (-1, 2)]);
        assert_eq!((opened[0].kind, opened[0].description.as_deref()), (EntryType::Adjustment, Some(OPENING)));
        assert_eq!(opened[0].created_at, opened[1].created_at);
        let note = format!(
            "users {USER}: its transactions add up to -3, its balance is 2: an adjustment of +5 before them made the \
             ledger true"
        );
        assert!(dump.notes.contains(&note), "{:?}", dump.notes);

        let (closed, _) = entries(2, &[("5", "signup_bonus", "1740000000")]);
        assert_eq!(amounts(&closed), [(5, 5), (-3, 2)]);
        assert_eq!(closed[1].description.as_deref(), Some(CLOSING));
        assert_eq!(closed[1].created_at.to_string(), "2025-03-01T00:00:00Z");

        let (bare, _) = entries(4, &[]);
        assert_eq!(amounts(&bare), [(4, 4)]);
        assert_eq!(entries(0, &[]).0, []);
    }

    #[test]
    fn a_history_below_zero_needs_two_adjustments() {
        let (entries, _) = entries(1, &[("-4", "midterm", "1740000000"), ("9", "purchase", "1750000000")]);
        assert_eq!(amounts(&entries), [(4, 4), (-4, 0), (9, 9), (-8, 1)]);
        assert_eq!(entries[3].created_at, entries[2].created_at, "not before the last transaction");
    }

    #[test]
    fn a_gap_is_closed_by_the_fewest_adjustments() {
        let gap = |amounts: &[Amount], balance| {
            let gap = Gap::of(amounts, balance);
            (gap.opening, gap.closing)
        };
        assert_eq!(gap(&[5, -2], 3), (0, 0));
        assert_eq!(gap(&[5, -2], 7), (4, 0));
        assert_eq!(gap(&[5, -2], 1), (0, -2));
        assert_eq!(gap(&[-2, 5], 5), (2, 0));
        assert_eq!(gap(&[-2, 5], 3), (2, -2));
        assert_eq!(gap(&[-2, 5], 4), (2, -1));
        assert_eq!(gap(&[-2, 5], 0), (2, -5));
        assert_eq!(gap(&[], 0), (0, 0));
    }

    #[test]
    fn old_transaction_types_are_mapped_and_counted() {
        let (entries, dump) = entries(
            3,
            &[
                ("5", "signup", "1740000000"),
                ("-1", "practice", "1740000000"),
                ("-1", "practice", "1740000000"),
                ("0", "Lucky Draw", "1740000000"),
            ],
        );
        let kinds: Vec<EntryType> = entries.iter().map(|entry| entry.kind).collect();
        let view = EntryType::QuestionView;
        assert_eq!(kinds, [EntryType::SignupBonus, view, view, EntryType::Adjustment]);
        assert_eq!(entries[3].description.as_deref(), Some("Lucky Draw: d3"));
        let of_types: Vec<&String> = dump.notes.iter().filter(|note| note.contains("type")).collect();
        assert_eq!(
            of_types,
            [
                "credit_transactions: 1 of type \"Lucky Draw\" became adjustment, named in the description",
                "credit_transactions: 2 of type \"practice\" became question_view",
                "credit_transactions: 1 of type \"signup\" became signup_bonus",
            ]
        );
    }

    #[test]
    fn every_name_is_its_own_type() {
        for kind in [
            EntryType::SignupBonus,
            EntryType::MonthlyRefresh,
            EntryType::SubscriptionRenewal,
            EntryType::Purchase,
            EntryType::QuestionView,
            EntryType::AnalysisView,
            EntryType::Midterm,
            EntryType::Refund,
            EntryType::Adjustment,
        ] {
            assert_eq!(kind_of(name_of(kind)), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), name_of(kind));
        }
    }

    #[test]
    fn bad_transactions_are_named() {
        let good = dump(0, &[("1.5", "midterm", "1740000000"), ("1", "midterm", "'soon'"), ("'x'", "midterm", "NULL")]);
        let other = "INSERT INTO credit_transactions VALUES('t9','nobody',1,'midterm',NULL,NULL,NULL);\
                     INSERT INTO credit_transactions VALUES('t8',NULL,1,'midterm',NULL,NULL,NULL);";
        let refused: Vec<String> = read(&(good + other)).refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            refused,
            [
                "credit_transactions t0: amount \"1.5\" is not a whole number",
                "credit_transactions t1: created_at \"soon\" is not a point in time",
                "credit_transactions t2: amount \"x\" is not a whole number",
                "credit_transactions t9: its user \"nobody\" is not imported",
                "credit_transactions t8: user_id is missing",
            ]
        );
    }

    #[test]
    fn a_transaction_without_a_date_happened_when_the_account_was_opened() {
        let (entries, _) = entries(3, &[("-2", "midterm", "1740000000"), ("5", "signup_bonus", "NULL")]);
        assert_eq!(amounts(&entries), [(5, 5), (-2, 3)]);
        assert_eq!(entries[0].created_at.to_string(), "2025-01-01T00:00:00Z");
    }

    #[test]
    fn a_second_import_makes_the_same_entries() {
        let history = [("-4", "midterm", "1740000000"), ("9", "purchase", "1740000000")];
        assert_eq!(entries(1, &history).0, entries(1, &history).0);
    }
}
