//! Properties of [`Billing::apply`] over the events of the fixtures, with spends and time between them, and the single
//! rules by example.

use proptest::prelude::*;

use super::event::{DisputeStatus, EventKind, Invoice, Status, SubscriptionChange};
use super::life::{
    Account, BUY, CANCEL, CANCELS, CREATED, DISPUTE, FAIL, LOST, PAST_DUE, RECOVER, REFUND, REFUND_MORE, RENEW, START,
    UNKNOWN, UPGRADE, WIN, at, before, others, payments, prices, since, wallet,
};
use super::{Billing, Event, Prices};
use crate::domain::credits::{Charge, EntryType, Plan};
use crate::domain::time::DAY_SECONDS;

fn received(events: &[&Event]) -> Account {
    let mut account = Account::new();
    for event in events {
        account.receive(event, &prices(), START);
    }
    account
}

fn spend(account: &mut Account, price: u32, now: i64) -> u32 {
    let charge = Charge { price, kind: EntryType::QuestionView, description: String::new() };
    account.wallet.spend(&charge, at(now)).map_or(0, |settled| {
        account.wallet = settled.wallet;
        settled.deducted()
    })
}

fn refund_of(total_before: u64, total: u64) -> Event {
    let mut event = before()[REFUND].clone();
    if let EventKind::Refund(refund) = &mut event.kind {
        (refund.refunded_before, refund.refunded) = (total_before, total);
    }
    event
}

fn dispute_with(index: usize, status: DisputeStatus, inquiry: bool) -> Event {
    let mut event = before()[index].clone();
    if let EventKind::Dispute(dispute) = &mut event.kind {
        (dispute.status, dispute.inquiry) = (status, inquiry);
    }
    event
}

#[test]
fn a_created_subscription_gives_nothing_and_its_invoice_the_plan_and_the_credits() {
    let account = received(&[&others()[CREATED]]);
    assert_eq!((account.wallet.plan, account.wallet.credits, account.entries.len()), (Plan::Free, 3, 0));
    let account = received(&[&others()[CREATED], &before()[BUY]]);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Starter, 18));
    assert_eq!(account.wallet.credits_reset_at, START + 31 * DAY_SECONDS);
    assert_eq!(account.billing.customer(), Some("cus_TjdWq2c8Pp0xkN"));
    assert_eq!(account.billing.subscription(), Some("sub_1SmA0pLkdIwHu7ixraBm9sYq"));
}

#[test]
fn upgrade_and_downgrade_move_the_plan_and_no_credits() {
    let mut account = received(&[&others()[CREATED], &before()[BUY], &before()[UPGRADE]]);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Unlimited, 18));
    let mut downgrade = others()[CREATED].clone();
    downgrade.created = before()[UPGRADE].created + 1;
    if let EventKind::Subscription(change) = &mut downgrade.kind {
        change.change = super::event::Change::Updated;
    }
    account.receive(&downgrade, &prices(), START);
    assert_eq!((account.wallet.plan, account.wallet.credits, account.entries.len()), (Plan::Starter, 18, 1));
}

#[test]
fn grace_lasts_as_long_as_stripe_tries() {
    let mut account = received(&[&before()[BUY], &others()[PAST_DUE], &before()[super::life::FAIL]]);
    assert_eq!(account.wallet.plan, Plan::Unlimited);
    assert!(account.billing.payment_failing());
    let mut unpaid = others()[PAST_DUE].clone();
    unpaid.created += 1;
    unpaid.id.push('u');
    if let EventKind::Subscription(change) = &mut unpaid.kind {
        change.status = Status::Stopped;
    }
    account.receive(&unpaid, &prices(), START);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Free, 18));
    assert!(!account.billing.payment_failing());
}

#[test]
fn a_cancelled_subscription_runs_to_its_end_and_credits_to_the_refresh() {
    let mut account = received(&[&before()[BUY], &others()[CREATED], &others()[CANCELS]]);
    assert_eq!(account.wallet.plan, Plan::Unlimited);
    assert_eq!(account.billing.ends_at(), Some(START + 90 * DAY_SECONDS));
    account.receive(&before()[CANCEL], &prices(), START);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Free, 18));
    assert_eq!(account.billing.ends_at(), None);
    assert_eq!(account.wallet.as_of(at(START + 31 * DAY_SECONDS)).credits, 5);
}

#[test]
fn a_full_refund_takes_all_credits_and_the_plan() {
    let account = received(&[&before()[BUY], &before()[RENEW], &refund_of(0, 998)]);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Starter, 3 + 15 + 10 - 9));
    let account = received(&[&before()[BUY], &before()[RENEW], &refund_of(0, 998), &refund_of(998, 999)]);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Free, 3 + 15));
}

#[test]
fn a_refund_without_the_total_before_takes_no_more_than_the_total() {
    for (order, credits) in [([300, 999], 3), ([999, 300], 3), ([300, 600], 7), ([600, 300], 7)] {
        let refunds = order.map(|total| refund_of(0, total));
        let account = received(&[&before()[RENEW], &refunds[0], &refunds[1]]);
        assert_eq!(account.wallet.credits, credits, "{order:?}");
    }
}

#[test]
fn a_refund_waits_for_its_grant() {
    let mut account = received(&[&before()[REFUND], &before()[REFUND_MORE]]);
    assert_eq!((account.wallet, account.entries.len()), (wallet(), 0));
    account.receive(&before()[RENEW], &prices(), START);
    assert_eq!(account.wallet.credits, 3 + 10 - 3 - 3);
}

#[test]
fn in_the_newer_shape_a_refund_waits_for_the_payments_invoice() {
    let mut account = received(&[&since()[RENEW], &since()[REFUND]]);
    assert_eq!(account.wallet.credits, 13);
    account.receive(&payments()[1], &prices(), START);
    assert_eq!(account.wallet.credits, 10);
}

#[test]
fn a_dispute_holds_credits_and_plan_until_it_is_won() {
    let mut account = received(&[&before()[BUY], &others()[CREATED], &before()[DISPUTE]]);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Free, 3));
    let lost = {
        let mut account = account.clone();
        account.receive(&others()[LOST], &prices(), START);
        account
    };
    assert_eq!((lost.wallet.plan, lost.wallet.credits), (Plan::Free, 3));
    account.receive(&before()[WIN], &prices(), START);
    assert_eq!((account.wallet.plan, account.wallet.credits), (Plan::Starter, 18));
}

#[test]
fn an_inquiry_holds_nothing_and_may_still_become_a_dispute() {
    let inquiry = dispute_with(DISPUTE, DisputeStatus::Inquiry, true);
    let closed = dispute_with(WIN, DisputeStatus::Won, true);
    let account = received(&[&before()[BUY], &inquiry]);
    assert_eq!((account.wallet.plan, account.entries.len()), (Plan::Starter, 1));
    for order in [[&inquiry, &closed], [&closed, &inquiry]] {
        assert_eq!(received(&[&before()[BUY], order[0], order[1]]).entries.len(), 1);
    }
    // The inquiry became a dispute and was won: the ledger shows both entries, in either order.
    let won = &before()[WIN];
    for order in [[&inquiry, won], [won, &inquiry]] {
        let account = received(&[&before()[BUY], order[0], order[1]]);
        assert_eq!((account.wallet.credits, account.entries.len()), (18, 3));
    }
}

#[test]
fn unrecovered_credits_are_taken_from_the_next_paid_month() {
    let mut account = received(&[&before()[RENEW]]);
    assert_eq!(spend(&mut account, 11, START), 11);
    account.receive(&refund_of(0, 999), &prices(), START);
    assert_eq!((account.wallet.credits, account.billing.unrecovered()), (0, 8));
    account.receive(&before()[BUY], &prices(), START);
    assert_eq!((account.wallet.credits, account.billing.unrecovered()), (7, 0));
    assert_eq!(account.entries.last().unwrap(), "Refund -8 Owed for a refund or dispute");
}

#[test]
fn free_months_do_not_pay_unrecovered_credits() {
    let mut account = received(&[&before()[RENEW]]);
    spend(&mut account, 13, START);
    account.receive(&refund_of(0, 999), &prices(), START);
    let later = START + 100 * DAY_SECONDS;
    account.wallet = account.wallet.as_of(at(later));
    account.receive(&before()[CANCEL], &prices(), later);
    assert_eq!((account.wallet.credits, account.billing.unrecovered()), (5, 10));
}

#[test]
fn an_unknown_price_gives_nothing_and_is_reported() {
    let none = Prices::default();
    let outcome = Billing::default().apply(&before()[BUY], &none, wallet(), at(START));
    assert!(outcome.changed && outcome.unknown_price);
    assert_eq!((outcome.settlement.wallet.plan, outcome.settlement.wallet.credits), (Plan::Free, 3));
    // Delivered again under a configuration that knows it.
    let outcome = outcome.billing.apply(&before()[BUY], &prices(), outcome.settlement.wallet, at(START));
    assert_eq!((outcome.settlement.wallet.plan, outcome.settlement.wallet.credits), (Plan::Starter, 18));
    // Once the price is known, the booking stays, even if the configuration changes later.
    let outcome = outcome.billing.apply(&before()[REFUND], &none, outcome.settlement.wallet, at(START));
    assert_eq!(outcome.settlement.wallet.plan, Plan::Starter);
}

#[test]
fn subscribers_of_a_retired_price_keep_their_plan() {
    let mut account = received(&[&before()[BUY], &others()[CREATED]]);
    let plan = account.wallet.plan;
    let EventKind::Subscription(begun) = &others()[CREATED].kind else { panic!() };
    // The configuration no longer has any price; the subscription continues with another change.
    for mut event in [before()[UPGRADE].clone(), others()[CANCELS].clone()] {
        let EventKind::Subscription(change) = &mut event.kind else { panic!() };
        change.items[0].price.clone_from(&begun.items[0].price);
        let outcome = account.billing.apply(&event, &Prices::default(), account.wallet, at(START));
        assert!(outcome.unknown_price);
        account.billing = outcome.billing;
        account.wallet = outcome.settlement.wallet;
    }
    assert_eq!(account.wallet.plan, plan);
    assert!(account.billing.ends_at().is_some());
}

#[test]
fn a_cancelled_subscription_beside_one_that_runs_ends_nothing() {
    let mut account = received(&[&before()[BUY], &others()[CREATED], &others()[CANCELS]]);
    assert!(account.billing.ends_at().is_some());
    let EventKind::Subscription(change) = others()[CREATED].kind.clone() else { panic!() };
    let kind = EventKind::Subscription(SubscriptionChange { id: "sub_second".to_owned(), ..change });
    let second = Event { id: "evt_second".to_owned(), created: START, kind };
    account.receive(&second, &prices(), START);
    assert_eq!(account.billing.ends_at(), None);
}

#[test]
fn a_later_payment_ends_a_failure() {
    let mut account = received(&[&before()[BUY], &before()[RENEW], &before()[FAIL]]);
    assert!(account.billing.payment_failing());
    // Another invoice of the same subscription is paid afterwards.
    let EventKind::InvoicePaid(invoice) = before()[RENEW].kind.clone() else { panic!() };
    let kind = EventKind::InvoicePaid(Invoice { id: "in_later".to_owned(), ..invoice });
    let later = Event { id: "evt_later".to_owned(), created: before()[FAIL].created + 1, kind };
    account.receive(&later, &prices(), START);
    assert!(!account.billing.payment_failing());
}

#[test]
fn an_operators_plan_stays_until_the_facts_change_it() {
    let mut gifted = Account::new();
    gifted.wallet.plan = Plan::Unlimited;
    gifted.receive(&before()[DISPUTE], &prices(), START);
    assert_eq!(gifted.wallet.plan, Plan::Unlimited);
    gifted.receive(&before()[BUY], &prices(), START);
    assert_eq!(gifted.wallet.plan, Plan::Free, "the month is disputed");
}

#[test]
fn within_one_second_the_later_status_wins() {
    let mut created = others()[CREATED].clone();
    let mut updated = before()[UPGRADE].clone();
    let mut deleted = before()[CANCEL].clone();
    // The end is final even when a clock says otherwise.
    (created.created, updated.created, deleted.created) = (START, START, START - 9);
    for order in [[&created, &updated], [&updated, &created]] {
        let paid = &before()[BUY];
        assert_eq!(received(&[paid, order[0], order[1]]).wallet.plan, Plan::Unlimited);
        for end in [[&deleted, order[0], order[1]], [order[0], &deleted, order[1]], [order[0], order[1], &deleted]] {
            assert_eq!(received(&[paid, end[0], end[1], end[2]]).wallet.plan, Plan::Free);
        }
    }
}

#[test]
fn the_state_survives_its_storage() {
    let events: Vec<_> = before().into_iter().chain(others()).collect();
    let account = received(&events.iter().collect::<Vec<_>>());
    let stored = serde_json::to_string(&account.billing).unwrap();
    assert_eq!(serde_json::from_str::<Billing>(&stored).unwrap(), account.billing);
    assert!(stored.len() < 4_000, "{}", stored.len());
    assert_eq!(serde_json::from_str::<Billing>("{}").unwrap(), Billing::default());
}

/// All events; a dispute ends once, either won or lost.
fn pool(lost: bool) -> Vec<Event> {
    let mut events: Vec<_> = before().into_iter().chain(others()).chain(payments()).collect();
    events.remove(if lost { WIN } else { before().len() + LOST });
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// `receive` checks that movements chain and add up, and that a repeated event does nothing.
    #[test]
    fn any_sequence_of_events_keeps_the_ledger_consistent(
        lost in any::<bool>(),
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0..9_u32, 0..12 * DAY_SECONDS), 1..60),
    ) {
        let events = pool(lost);
        let mut account = Account::new();
        let mut now = START;
        for (event, price, passed) in steps {
            now += passed;
            let event = event.get(&events);
            account.receive(event, &prices(), now);
            let known = account.clone();
            prop_assert!(!account.receive(event, &prices(), now + passed));
            prop_assert!(!account.receive(&others()[UNKNOWN], &prices(), now) );
            prop_assert_eq!(&account, &known);
            spend(&mut account, price, now);
        }
    }

    /// With spends between events, ledgers differ by order, but the result does not: credits granted less credits
    /// spent, with any negative rest recorded as unrecovered.
    #[test]
    fn the_same_events_and_spends_give_the_same_balance(
        order in Just((0..16_usize).collect::<Vec<_>>()).prop_shuffle(),
        spends in prop::collection::vec(0..9_u32, 16),
        lost in any::<bool>(),
    ) {
        let mut events = pool(lost);
        // The plan without debit would make the spends depend on the order.
        events.retain(|event| !matches!(event.kind, EventKind::Subscription(_)) && event.id != before()[RECOVER].id);
        let mut shuffled = Account::new();
        let mut spent = 0;
        for (index, price) in order.iter().zip(spends) {
            if let Some(event) = events.get(*index) {
                shuffled.receive(event, &prices(), START);
            }
            spent += i64::from(spend(&mut shuffled, price, START));
        }
        let mut plain = Account::new();
        for event in &events {
            plain.receive(event, &prices(), START);
        }
        let left = i64::from(plain.wallet.credits) - spent;
        prop_assert_eq!(i64::from(shuffled.wallet.credits), left.max(0));
        prop_assert_eq!(i64::try_from(shuffled.billing.unrecovered()).unwrap(), (-left).max(0));
    }
}
