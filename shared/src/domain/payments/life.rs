//! The life of a subscription in ten events: bought, renewed, upgraded, failed, recovered, refunded twice in part,
//! disputed, won, cancelled. Every order and repetition of the events gives the same result.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Billing, Event, Prices};
use crate::domain::credits::{Plan, Wallet};
use crate::domain::time::DAY_SECONDS;

const BEFORE: &str = include_str!("fixtures/life_before_2025_03.json");
const SINCE: &str = include_str!("fixtures/life_since_2025_03.json");
const PAYMENTS: &str = include_str!("fixtures/payments_since_2025_03.json");
const OTHERS_BEFORE: &str = include_str!("fixtures/others_before_2025_03.json");
const OTHERS_SINCE: &str = include_str!("fixtures/others_since_2025_03.json");
pub(super) const ENDIVE: &str = include_str!("fixtures/life_2026_10.json");

/// Two seconds before the first event.
pub(super) const START: i64 = 1_767_607_200;

pub(super) const BUY: usize = 0;
pub(super) const RENEW: usize = 1;
pub(super) const UPGRADE: usize = 2;
pub(super) const FAIL: usize = 3;
pub(super) const RECOVER: usize = 4;
pub(super) const REFUND: usize = 5;
pub(super) const REFUND_MORE: usize = 6;
pub(super) const DISPUTE: usize = 7;
pub(super) const WIN: usize = 8;
pub(super) const CANCEL: usize = 9;

/// Of the others.
pub(super) const CHECKOUT: usize = 0;
pub(super) const CREATED: usize = 1;
pub(super) const PAST_DUE: usize = 2;
pub(super) const CANCELS: usize = 3;
pub(super) const LOST: usize = 4;
pub(super) const UNKNOWN: usize = 5;

pub(super) fn values(list: &str) -> Vec<Value> {
    serde_json::from_str(list).unwrap()
}

fn parse(list: &str) -> Vec<Event> {
    values(list).iter().map(|value| Event::parse(value.to_string().as_bytes()).unwrap()).collect()
}

/// The ten events, in the shape before 2025-03-31.
pub(super) fn before() -> Vec<Event> {
    parse(BEFORE)
}

/// In the shape since.
pub(super) fn since() -> Vec<Event> {
    parse(SINCE)
}

/// The events that join payments to invoices in the newer shape.
pub(super) fn payments() -> Vec<Event> {
    parse(PAYMENTS)
}

/// Checkout, creation, past due, cancelled at the period's end, lost, and one that is ignored.
pub(super) fn others() -> Vec<Event> {
    parse(OTHERS_BEFORE)
}

/// A whole life in the shape of API version 2026-10-28, with an event of each type that is handled.
pub(super) fn endive() -> Vec<Event> {
    parse(ENDIVE)
}

pub(super) fn all_bodies() -> Vec<Value> {
    [BEFORE, SINCE, PAYMENTS, OTHERS_BEFORE, OTHERS_SINCE, ENDIVE].into_iter().flat_map(values).collect()
}

pub(super) fn prices() -> Prices {
    [("price_1SlStarterLkdIwHu7ix", Plan::Starter), ("price_1SlUnlimitLkdIwHu7ix", Plan::Unlimited)]
        .into_iter()
        .collect()
}

/// A free account of twenty days before its refresh, with three credits left.
pub(super) fn wallet() -> Wallet {
    let credits_reset_at = START + 20 * DAY_SECONDS;
    Wallet { credits: 3, plan: Plan::Free, monthly_credits: 5, credits_reset_at, unlimited_until: None }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A user, and the ledger as far as payments write it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    pub(super) billing: Billing,
    pub(super) wallet: Wallet,
    /// Type, amount, description, in the order of booking.
    pub(super) entries: Vec<String>,
}

impl Account {
    pub(super) fn new() -> Self {
        Self { billing: Billing::default(), wallet: wallet(), entries: Vec::new() }
    }

    /// Whether the event said anything new. Checks that entries chain and add up.
    pub(super) fn receive(&mut self, event: &Event, prices: &Prices, now: i64) -> bool {
        let outcome = self.billing.apply(event, prices, self.wallet, at(now));
        let mut balance = i64::from(self.wallet.credits);
        for entry in &outcome.settlement.movements {
            balance += entry.amount;
            assert_eq!(balance, i64::from(entry.balance_after));
            self.entries.push(format!("{:?} {} {}", entry.kind, entry.amount, entry.description));
        }
        assert_eq!(balance, i64::from(outcome.settlement.wallet.credits));
        if !outcome.changed {
            assert_eq!((&outcome.billing, outcome.settlement.wallet), (&self.billing, self.wallet));
            assert!(outcome.settlement.movements.is_empty());
        }
        self.billing = outcome.billing;
        self.wallet = outcome.settlement.wallet;
        outcome.changed
    }

    /// Whether both are equal except for the order of their entries.
    fn is_end_of(&self, other: &Self) -> bool {
        let mut entries: Vec<_> = other.entries.iter().collect();
        entries.sort_unstable();
        self.wallet == other.wallet && self.billing == other.billing && self.entries.iter().eq(entries)
    }

    /// With the entries as a multiset.
    pub(super) fn sorted(&self) -> Self {
        let mut sorted = self.clone();
        sorted.entries.sort_unstable();
        sorted
    }
}

/// Walks every order of every choice of up to `left` further events. The first order of a choice sets the expected
/// result of the others.
struct Walk<'a> {
    events: &'a [Event],
    prices: Prices,
    now: i64,
    ends: HashMap<u32, Account>,
    orders: u64,
}

impl Walk<'_> {
    fn on(&mut self, account: &Account, chosen: u32, path: &mut Vec<usize>, left: usize) {
        if left == 0 {
            self.orders += 1;
            return;
        }
        for index in (0..self.events.len()).filter(|index| chosen & (1 << index) == 0) {
            let mut next = account.clone();
            next.receive(&self.events[index], &self.prices, self.now);
            path.push(index);
            // After each delivery, some event is repeated.
            let again = path[(index * 7 + left) % path.len()];
            assert!(!next.receive(&self.events[again], &self.prices, self.now), "{path:?} repeats {again}");
            let chosen = chosen | (1 << index);
            let end = self.ends.entry(chosen).or_insert_with(|| next.sorted());
            assert!(end.is_end_of(&next), "{path:?} ends in {next:?}, and not in {end:?}");
            self.on(&next, chosen, path, left - 1);
            path.pop();
        }
    }
}

/// Number of orders and of choices.
pub(super) fn walk(events: &[Event], known_before: &[Event], length: usize, now: i64) -> (u64, usize) {
    let mut account = Account::new();
    for event in known_before {
        account.receive(event, &prices(), now);
    }
    walk_from(&account, events, length, now)
}

/// The same from an account that is not new.
pub(super) fn walk_from(account: &Account, events: &[Event], length: usize, now: i64) -> (u64, usize) {
    let mut walk = Walk { events, prices: prices(), now, ends: HashMap::new(), orders: 0 };
    walk.on(account, 0, &mut Vec::new(), length);
    (walk.orders, walk.ends.len())
}

#[test]
fn every_order_of_any_seven_ends_the_same() {
    // The events arrive late: the free month and two of the three paid periods have ended.
    let (orders, choices) = walk(&before(), &[], 7, START + 70 * DAY_SECONDS);
    assert_eq!((orders, choices), (604_800, 967));
}

#[test]
fn every_order_of_any_five_ends_the_same_in_the_newer_shape_and_at_other_times() {
    for now in [START, START + 40 * DAY_SECONDS, START + 200 * DAY_SECONDS] {
        assert_eq!(walk(&since(), &payments(), 5, now), (30_240, 637));
        assert_eq!(walk(&before(), &[], 5, now), (30_240, 637));
    }
}

/// `PAYMENT_ORDERS=100000` sets the number of orders.
#[test]
fn random_orders_and_repetitions_of_everything_end_the_same() {
    let orders: u64 = std::env::var("PAYMENT_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(2_000);
    let prices = prices();
    let all_since: Vec<_> = since().into_iter().chain(payments()).collect();
    // A dispute ends once: here it is lost.
    let mut lost: Vec<_> = before().into_iter().chain(others()).collect();
    lost.remove(WIN);
    for events in [before(), all_since, lost, endive()] {
        for (now, orders) in
            [(START, orders / 4), (START + 70 * DAY_SECONDS, orders), (START + 400 * DAY_SECONDS, orders / 4)]
        {
            let mut random = fastrand::Rng::with_seed(0x5eed);
            let mut expected = Account::new();
            for event in &events {
                expected.receive(event, &prices, now);
            }
            let expected = expected.sorted();
            for order in 0..orders {
                let mut deliveries: Vec<_> = (0..events.len()).collect();
                for _ in 0..random.usize(0..15) {
                    deliveries.push(random.usize(0..events.len()));
                }
                random.shuffle(&mut deliveries);
                let mut account = Account::new();
                for index in &deliveries {
                    account.receive(&events[*index], &prices, now);
                }
                assert_eq!(account.sorted(), expected, "order {order}: {deliveries:?}");
            }
        }
    }
}

#[test]
fn both_shapes_end_the_same() {
    let mut old = Account::new();
    let mut new = Account::new();
    let now = START + 70 * DAY_SECONDS;
    for event in before() {
        old.receive(&event, &prices(), now);
    }
    for event in since().iter().chain(&payments()) {
        new.receive(event, &prices(), now);
    }
    assert_eq!((old.wallet, old.sorted().entries), (new.wallet, new.sorted().entries));
}

#[test]
fn the_life_in_its_usual_order() {
    let events = before();
    let mut account = Account::new();
    let mut seen = Vec::new();
    for index in [BUY, RENEW, UPGRADE, FAIL, RECOVER, REFUND, REFUND_MORE, DISPUTE, WIN, CANCEL] {
        account.receive(&events[index], &prices(), events[index].created);
        let day = (account.wallet.credits_reset_at - START) / DAY_SECONDS;
        seen.push((account.wallet.plan, account.wallet.credits, day, account.billing.payment_failing()));
    }
    assert_eq!(
        seen,
        [
            (Plan::Starter, 18, 31, false),
            (Plan::Starter, 15, 59, false),
            (Plan::Unlimited, 15, 59, false),
            (Plan::Unlimited, 5, 89, true),
            (Plan::Unlimited, 5, 90, false),
            (Plan::Unlimited, 2, 90, false),
            (Plan::Unlimited, 0, 90, false),
            (Plan::Unlimited, 0, 90, false),
            (Plan::Unlimited, 0, 90, false),
            (Plan::Free, 5, 120, false),
        ]
    );
    assert_eq!(
        account.entries,
        [
            "Purchase 15 Starter plan: first month",
            "MonthlyRefresh -13 Monthly credits",
            "SubscriptionRenewal 10 Starter plan: next month",
            "MonthlyRefresh -10 Monthly credits",
            "SubscriptionRenewal 0 Unlimited plan: next month",
            "Refund -3 Credits of a refunded payment",
            "Refund -2 Credits of a refunded payment",
            "MonthlyRefresh 5 Monthly credits",
        ]
    );
}
