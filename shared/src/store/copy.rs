//! Copies of the whole table into another one, item by item (`docs/decisions/0045`).
//!
//! Pages of a scan are written in order, and a marker in the target says how far the copy is. Writing a page again changes nothing,
//! so a copy that was interrupted goes on where it was. At the end, both tables are read and compared by partition.

use std::collections::BTreeMap;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Store;
use super::dynamodb::error::StoreError;
use super::dynamodb::item::{self, Entity, Item, decimal};
use super::keys::{self, COPY, EXPIRES_AT, PK, SK};
use super::payments::{BillingRow, CustomerOwner, EventClaim};

/// Attributes that hold ids of Stripe: of a profile and of a ledger entry.
const STRIPE_ATTRIBUTES: [&str; 4] =
    ["stripe_customer_id", "stripe_subscription_id", "former_customers", "stripe_payment_intent_id"];
/// Items that are about Stripe alone.
const STRIPE_ENTITIES: [&str; 3] = [CustomerOwner::NAME, EventClaim::NAME, BillingRow::NAME];
/// Bytes of a write unit.
const UNIT_BYTES: usize = 1_024;
/// Bytes of a digest.
const DIGEST_BYTES: usize = 32;

/// Which items a copy takes, and how it changes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyRule {
    /// Leaves out the ids of Stripe, for a copy that must not touch payments.
    pub without_stripe: bool,
    /// Leaves out items that expire until then, in epoch seconds. The database deletes them at a time of its own.
    pub expires_after: i64,
}

/// An item as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct RawItem(Item);

/// A page of a scan over everything.
pub struct RawPage {
    pub items: Vec<RawItem>,
    /// Position of the next page, if there is one.
    pub next: Option<CopyPlace>,
}

/// A position in a scan: the key of the item before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyPlace {
    after_pk: String,
    after_sk: String,
}

/// Stands in the target of a copy until the copy is complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyMarker {
    /// What is copied, and how.
    pub source: String,
    pub started_at: Timestamp,
    /// Items that were written.
    pub items: u64,
    /// Where the copy goes on; `None` at its beginning and at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CopyPlace>,
    /// Everything was written; the comparison is left.
    pub is_written: bool,
}

impl Entity for CopyMarker {
    const NAME: &'static str = "CopyMarker";
}

/// The number of items of each partition, and a digest of them that does not depend on their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<String, (u64, [u8; DIGEST_BYTES])>);

impl CopyRule {
    /// The item as the copy has it; `None` if the copy leaves it out.
    #[must_use]
    pub fn apply(&self, RawItem(mut item): RawItem) -> Option<RawItem> {
        let is_marker = item.get(PK).and_then(|pk| pk.as_s().ok()).is_some_and(|pk| pk == COPY);
        let expires_at = item.get(EXPIRES_AT).and_then(|at| at.as_n().ok()?.parse::<i64>().ok());
        if is_marker || expires_at.is_some_and(|at| at <= self.expires_after) {
            return None;
        }
        if self.without_stripe {
            if STRIPE_ENTITIES.contains(&item::entity_of(&item).as_str()) {
                return None;
            }
            for name in STRIPE_ATTRIBUTES {
                item.remove(name);
            }
        }
        Some(RawItem(item))
    }
}

impl RawItem {
    /// Write units that the item takes, about.
    #[must_use]
    pub fn write_units(&self) -> u64 {
        let bytes: usize = self.0.iter().map(|(name, value)| name.len() + size(value)).sum();
        u64::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u64::MAX).max(1)
    }

    fn partition(&self) -> String {
        self.0.get(PK).and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default()
    }

    fn digest(&self) -> [u8; DIGEST_BYTES] {
        let mut hasher = Sha256::new();
        feed_map(&mut hasher, &self.0);
        hasher.finalize().into()
    }
}

impl Tally {
    /// Counts an item.
    pub fn add(&mut self, item: &RawItem) {
        let (count, digest) = self.0.entry(item.partition()).or_default();
        *count += 1;
        // Keys are unique, so no two items of a table have the same digest, which would cancel out.
        for (byte, other) in digest.iter_mut().zip(item.digest()) {
            *byte ^= other;
        }
    }

    /// Number of items.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// Number of partitions.
    #[must_use]
    pub fn partitions(&self) -> usize {
        self.0.len()
    }

    /// One digest of everything, in hex.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for (partition, (count, digest)) in &self.0 {
            feed(&mut hasher, b'p', partition.as_bytes());
            hasher.update(count.to_be_bytes());
            hasher.update(digest);
        }
        hex::encode(hasher.finalize())
    }

    /// The partitions that differ, in order.
    #[must_use]
    pub fn differences<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let of_both = self.0.keys().chain(other.0.keys().filter(|partition| !self.0.contains_key(*partition)));
        let mut unlike: Vec<&str> =
            of_both.filter(|partition| self.0.get(*partition) != other.0.get(*partition)).map(String::as_str).collect();
        unlike.sort_unstable();
        unlike
    }
}

impl Store {
    /// Reads one page of the whole table, of at most so many items.
    pub async fn scan_raw(&self, after: Option<&CopyPlace>, items_max: u16) -> Result<RawPage, StoreError> {
        let patient = self.patient();
        let start = after.map(|place| {
            HashMap::from([
                (PK.to_owned(), AttributeValue::S(place.after_pk.clone())),
                (SK.to_owned(), AttributeValue::S(place.after_sk.clone())),
            ])
        });
        let request = patient.client.scan().table_name(&patient.table).consistent_read(true).limit(items_max.into());
        let request = request.set_exclusive_start_key(start);
        let page = patient.call(|| request.clone().send()).await;
        let page = page.map_err(|error| StoreError::call("Scan", &error))?;
        let next = page.last_evaluated_key.as_ref().and_then(item::key_of);
        Ok(RawPage {
            items: page.items.unwrap_or_default().into_iter().map(RawItem).collect(),
            next: next.map(|key| CopyPlace { after_pk: key.pk, after_sk: key.sk }),
        })
    }

    /// Whether the table has no item.
    pub async fn is_empty(&self) -> Result<bool, StoreError> {
        let request = self.client.scan().table_name(&self.table).consistent_read(true).limit(1);
        let page = request.send().await.map_err(|error| StoreError::call("Scan", &error))?;
        Ok(page.items.unwrap_or_default().is_empty() && page.last_evaluated_key.is_none())
    }

    /// Writes items as they are, over those with the same keys.
    pub async fn put_raw(&self, items: Vec<RawItem>) -> Result<(), StoreError> {
        self.patient().put_all(items.into_iter().map(|RawItem(item)| item).collect()).await
    }

    /// The marker of a copy into this table that is not complete.
    pub async fn copy_marker(&self) -> Result<Option<CopyMarker>, StoreError> {
        self.get(&keys::copy_marker(), true).await?.map(item::read).transpose()
    }

    /// Writes the marker of a copy.
    pub async fn put_copy_marker(&self, marker: &CopyMarker) -> Result<(), StoreError> {
        self.patient().put_item(item::write(&keys::copy_marker(), marker)?).await
    }

    /// Deletes the marker of a copy: it is complete.
    pub async fn delete_copy_marker(&self) -> Result<(), StoreError> {
        self.patient().delete_item(&keys::copy_marker()).await.map(drop)
    }
}

/// Bytes of a value as DynamoDB counts them, about.
fn size(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::M(members) => {
            members.iter().map(|(name, value)| name.len() + size(value) + 1).sum::<usize>() + 3
        }
        AttributeValue::L(values) => values.iter().map(|value| size(value) + 1).sum::<usize>() + 3,
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Bs(all) => all.iter().map(|bytes| bytes.as_ref().len()).sum(),
        _ => 1,
    }
}

fn feed(hasher: &mut Sha256, kind: u8, bytes: &[u8]) {
    hasher.update([kind]);
    hasher.update((bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

fn feed_map(hasher: &mut Sha256, members: &Item) {
    let sorted: BTreeMap<&String, &AttributeValue> = members.iter().collect();
    hasher.update([b'm']);
    hasher.update((sorted.len() as u64).to_be_bytes());
    for (name, value) in sorted {
        feed(hasher, b'k', name.as_bytes());
        feed_value(hasher, value);
    }
}

/// The spelling of a number that all databases share.
fn spelled(number: &str) -> String {
    match decimal(number) {
        Some((is_negative, digits, power)) => format!("{}{digits}e{power}", if is_negative { "-" } else { "" }),
        None => number.to_owned(),
    }
}

fn feed_set<'a>(hasher: &mut Sha256, kind: u8, values: impl Iterator<Item = &'a [u8]>) {
    let mut values: Vec<&[u8]> = values.collect();
    values.sort_unstable();
    hasher.update([kind]);
    hasher.update((values.len() as u64).to_be_bytes());
    for value in values {
        feed(hasher, kind, value);
    }
}

fn feed_value(hasher: &mut Sha256, value: &AttributeValue) {
    match value {
        AttributeValue::S(text) => feed(hasher, b's', text.as_bytes()),
        AttributeValue::N(number) => feed(hasher, b'n', spelled(number).as_bytes()),
        AttributeValue::B(bytes) => feed(hasher, b'b', bytes.as_ref()),
        AttributeValue::Bool(flag) => feed(hasher, b'f', &[u8::from(*flag)]),
        AttributeValue::Null(_) => feed(hasher, b'0', &[]),
        AttributeValue::M(members) => feed_map(hasher, members),
        AttributeValue::L(values) => {
            hasher.update([b'l']);
            hasher.update((values.len() as u64).to_be_bytes());
            for value in values {
                feed_value(hasher, value);
            }
        }
        AttributeValue::Ss(texts) => feed_set(hasher, b'S', texts.iter().map(String::as_bytes)),
        AttributeValue::Ns(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(|number| spelled(number)).collect();
            feed_set(hasher, b'N', numbers.iter().map(String::as_bytes));
        }
        AttributeValue::Bs(all) => feed_set(hasher, b'B', all.iter().map(AsRef::as_ref)),
        other => feed(hasher, b'?', format!("{other:?}").as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(attributes: &[(&str, AttributeValue)]) -> RawItem {
        RawItem(attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn n(number: &str) -> AttributeValue {
        AttributeValue::N(number.to_owned())
    }

    #[test]
    fn a_digest_does_not_depend_on_spelling_or_order_and_shows_every_other_difference() {
        let item = |number: &str, list: &[&str]| {
            raw(&[
                ("pk", s("A")),
                ("sk", s("1")),
                ("n", n(number)),
                ("l", AttributeValue::L(list.iter().map(|text| s(text)).collect())),
            ])
        };
        let tally = |items: &[RawItem]| {
            let mut tally = Tally::default();
            for item in items {
                tally.add(item);
            }
            tally
        };
        let other = raw(&[("pk", s("A")), ("sk", s("2"))]);
        let one = tally(&[item("1e2", &["ab", "c"]), other.clone()]);
        assert_eq!(one, tally(&[other.clone(), item("100", &["ab", "c"])]));
        assert_eq!((one.items(), one.partitions()), (2, 1));
        for unlike in [item("101", &["ab", "c"]), item("100", &["a", "bc"]), item("100", &["c", "ab"])] {
            let unlike = tally(&[unlike, other.clone()]);
            assert_eq!(one.differences(&unlike), ["A"]);
            assert_ne!(one.digest(), unlike.digest());
        }
        let fewer = tally(&[other]);
        assert_eq!(one.differences(&fewer), ["A"]);
        assert_eq!(fewer.differences(&tally(&[raw(&[("pk", s("B")), ("sk", s("2"))])])), ["A", "B"]);
    }

    #[test]
    fn a_copy_leaves_out_its_marker_what_expires_and_what_is_of_stripe() {
        let all = CopyRule { without_stripe: false, expires_after: 100 };
        let without = CopyRule { without_stripe: true, ..all };
        assert_eq!(all.apply(raw(&[("pk", s(COPY)), ("sk", s("MARKER"))])), None);
        assert_eq!(all.apply(raw(&[("pk", s("a")), ("expires_at", n("100"))])), None);
        let live = raw(&[("pk", s("b")), ("expires_at", n("101"))]);
        assert_eq!(all.apply(live.clone()), Some(live));
        for entity in ["Customer", "Event", "Billing"] {
            let item = raw(&[("pk", s("x")), ("entity", s(entity))]);
            assert_eq!((all.apply(item.clone()).is_some(), without.apply(item)), (true, None), "{entity}");
        }
        let profile = raw(&[("pk", s("b")), ("credits", n("5")), ("stripe_customer_id", s("cus_1"))]);
        assert_eq!(without.apply(profile), Some(raw(&[("pk", s("b")), ("credits", n("5"))])));
    }

    #[test]
    fn write_units_follow_the_size() {
        assert_eq!(raw(&[("pk", s("a"))]).write_units(), 1);
        assert_eq!(raw(&[("pk", s("a")), ("b", s(&"x".repeat(5_000)))]).write_units(), 5);
    }
}
