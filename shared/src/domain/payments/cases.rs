//! Single rules by example, with events written in the newest shape: foreign prices, several lines, trials, coupons,
//! voided invoices, paused collection, disputes with their appeals. Also tests every order of such events.

use std::fmt::Write;

use serde_json::{Value, json};

use super::life::{Account, ENDIVE, START, endive, prices, values, walk};
use super::{Billing, Event, LinePage, Prices};
use crate::domain::credits::Plan;
use crate::domain::time::DAY_SECONDS;

pub(super) const STARTER: &str = "price_1SlStarterLkdIwHu7ix";
pub(super) const UNLIMITED: &str = "price_1SlUnlimitLkdIwHu7ix";
pub(super) const CUSTOMER: &str = "cus_TjdWq2c8Pp0xkN";

pub(super) fn day(day: i64) -> i64 {
    START + day * DAY_SECONDS
}

pub(super) fn event(kind: &str, created: i64, object: &Value) -> Event {
    let id = object["id"].as_str().unwrap();
    let body = json!({"id": format!("evt_{kind}_{id}_{created}"), "object": "event", "created": created, "type": kind,
        "data": {"object": object}});
    Event::parse(body.to_string().as_bytes()).unwrap()
}

/// A line from one day to another.
pub(super) fn line(price: &str, amount: i64, (start, end): (i64, i64)) -> Value {
    json!({"id": "il_1", "amount": amount, "subtotal": amount, "period": {"start": day(start), "end": day(end)},
        "pricing": {"type": "price_details", "price_details": {"price": price, "product": "prod_1"}},
        "parent": {"type": "subscription_item_details", "subscription_item_details": {"proration": false}}})
}

pub(super) fn proration(price: &str, amount: i64, days: (i64, i64)) -> Value {
    let mut line = line(price, amount, days);
    line["parent"]["subscription_item_details"]["proration"] = json!(true);
    line
}

pub(super) fn invoice_of(subscription: &str, id: &str, reason: &str, lines: &[Value], paid: u64) -> Value {
    json!({"id": id, "customer": CUSTOMER, "billing_reason": format!("subscription_{reason}"), "amount_paid": paid,
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": subscription}},
        "payments": {"data": [{"payment": {"payment_intent": format!("pi_{id}")}}]},
        "lines": {"data": lines, "has_more": false}})
}

pub(super) fn invoice(id: &str, reason: &str, lines: &[Value], paid: u64) -> Value {
    invoice_of("sub_1", id, reason, lines, paid)
}

pub(super) fn paid(created: i64, id: &str, reason: &str, lines: &[Value]) -> Event {
    event("invoice.paid", day(created) + 3_600, &invoice(id, reason, lines, 999))
}

pub(super) fn subscription_of(id: &str, status: &str, price: &str, (start, end): (i64, i64)) -> Value {
    json!({"id": id, "customer": CUSTOMER, "status": status, "cancel_at_period_end": false, "pause_collection": null,
        "items": {"data": [{"price": {"id": price}, "current_period_start": day(start), "current_period_end": day(end)}]}})
}

pub(super) fn subscription(created: i64, status: &str, days: (i64, i64)) -> Event {
    event("customer.subscription.updated", created, &subscription_of("sub_1", status, STARTER, days))
}

pub(super) fn dispute(kind: &str, created: i64, status: &str) -> Event {
    let object = json!({"id": "du_1", "charge": "ch_1", "payment_intent": "pi_in_1", "amount": 999, "status": status});
    event(&format!("charge.dispute.{kind}"), created, &object)
}

pub(super) fn received(events: &[&Event]) -> Account {
    let mut account = Account::new();
    for event in events {
        account.receive(event, &prices(), START);
    }
    account
}

pub(super) fn state(account: &Account) -> (Plan, u32, i64) {
    (account.wallet.plan, account.wallet.credits, (account.wallet.credits_reset_at - START) / DAY_SECONDS)
}

/// Events of another business on the same Stripe account: a yearly price, paid, failed, refunded.
fn foreign() -> Vec<Event> {
    let year = line("price_other", 9_999, (0, 365));
    let object = subscription_of("sub_other", "active", "price_other", (0, 365));
    let mut ended = object.clone();
    ended["status"] = json!("canceled");
    let failed = invoice_of("sub_other", "in_other_2", "cycle", &[line("price_other", 9_999, (365, 730))], 0);
    vec![
        event("customer.subscription.created", day(0), &object),
        event("invoice.paid", day(0), &invoice_of("sub_other", "in_other", "create", &[year], 9_999)),
        event("invoice.payment_failed", day(1), &failed),
        event(
            "charge.refunded",
            day(2),
            &json!({"id": "ch_other", "customer": CUSTOMER, "payment_intent": "pi_in_other", "amount_refunded": 9_999}),
        ),
        event("customer.subscription.deleted", day(3), &ended),
    ]
}

#[test]
fn facts_of_foreign_prices_change_nothing_and_block_nothing() {
    let mut account = Account::new();
    account.wallet.plan = Plan::Unlimited;
    for event in foreign() {
        account.receive(&event, &prices(), START);
        assert_eq!((state(&account), account.entries.len()), ((Plan::Unlimited, 3, 20), 0), "{}", event.id);
        assert!(!account.billing.payment_failing());
        assert_eq!((account.billing.subscription(), account.billing.ends_at()), (None, None));
    }
    // A month of ours beside it has the same effect as alone.
    let renewal = paid(31, "in_1", "cycle", &[line(STARTER, 999, (31, 59))]);
    let alone = received(&[&renewal]);
    let mut beside = received(&foreign().iter().collect::<Vec<_>>());
    beside.receive(&renewal, &prices(), START);
    assert_eq!((state(&beside), &beside.entries), (state(&alone), &alone.entries));
    assert_eq!(state(&alone), (Plan::Starter, 13, 59));
}

#[test]
fn a_foreign_price_is_booked_when_the_configuration_knows_it() {
    let mut account = received(&foreign()[..2].iter().collect::<Vec<_>>());
    let known: Prices = [("price_other", Plan::Starter)].into_iter().collect();
    for event in &foreign()[..2] {
        assert!(account.receive(event, &known, START), "the same event says more now");
        assert!(!account.receive(event, &known, START));
    }
    assert_eq!(state(&account), (Plan::Starter, 18, 365));
    assert_eq!(account.billing.subscription(), Some("sub_other"));
    // The booking stays after the price is removed from the configuration.
    assert!(!account.receive(&foreign()[1], &Prices::default(), START));
}

#[test]
fn rows_that_a_foreign_price_changed_are_corrected_by_the_next_event() {
    let mut stored =
        serde_json::to_value(&received(&[&paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))])]).billing).unwrap();
    stored["booked"]["reset_at"] = json!(day(365));
    let mut account = Account::new();
    account.billing = serde_json::from_value(stored).unwrap();
    account.wallet.credits_reset_at = day(365);
    account.receive(&subscription(day(1), "active", (0, 31)), &prices(), START);
    assert_eq!(state(&account).2, 31);
}

#[test]
fn of_several_lines_the_known_price_counts_in_every_order() {
    for addon in ["price_a_addon", "price_z_addon"] {
        let mut lines = vec![
            line(addon, 500, (0, 31)),
            line(addon, 500, (0, 365)),
            line(STARTER, 999, (0, 31)),
            proration(UNLIMITED, 1_533, (0, 400)),
            line(UNLIMITED, 0, (0, 500)),
        ];
        for _ in 0..lines.len() {
            lines.rotate_left(1);
            let account = received(&[&paid(0, "in_1", "create", &lines)]);
            assert_eq!(state(&account), (Plan::Starter, 18, 31), "{lines:#?}");
        }
    }
    // Two plans at once: the better one.
    let both = [line(UNLIMITED, 1_999, (0, 31)), line(STARTER, 999, (0, 31))];
    assert_eq!(state(&received(&[&paid(0, "in_1", "create", &both)])), (Plan::Unlimited, 3, 31));
}

#[test]
fn a_proration_never_grants() {
    for reason in ["create", "cycle", "update"] {
        let lines = [proration(STARTER, -500, (10, 31)), proration(UNLIMITED, 1_500, (10, 31))];
        let account = received(&[&paid(10, "in_1", reason, &lines)]);
        assert_eq!((state(&account), account.entries.len()), ((Plan::Free, 3, 20), 0), "{reason}");
    }
}

/// A renewal whose event shows only its proration, with the page that was read from Stripe.
fn of_two_pages() -> Event {
    let mut cut = invoice("in_2", "cycle", &[proration(STARTER, -500, (20, 31))], 999);
    cut["lines"]["has_more"] = json!(true);
    let cut = event("invoice.paid", day(31), &cut);
    assert_eq!(cut.invoice_to_read(), Some("in_2"));
    let page = json!({"data": [proration(STARTER, -500, (20, 31)), line(STARTER, 999, (31, 59))], "has_more": true});
    let page = LinePage::parse(&page).unwrap();
    assert_eq!((page.lines.len(), page.next.as_deref()), (2, Some("il_1")));
    cut.with_lines(page.lines)
}

#[test]
fn an_incomplete_page_of_lines_books_nothing() {
    let whole = of_two_pages();
    assert_eq!((whole.invoice_to_read(), state(&received(&[&whole]))), (None, (Plan::Starter, 13, 59)));
    for bad in [json!({"data": [{"price": "price_1"}]}), json!({"data": [{}], "has_more": true}), json!({"data": 7})] {
        assert!(LinePage::parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_change_that_begins_a_period_is_a_paid_month() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let switch = paid(10, "in_2", "update", &[proration(STARTER, -600, (10, 31)), line(STARTER, 999, (10, 41))]);
    let account = received(&[&begin, &switch]);
    assert_eq!(state(&account), (Plan::Starter, 3 + 15 + 15, 41));
    assert_eq!(account.entries[1], "Purchase 15 Starter plan: new month");
    // A second line for a paid month grants nothing, in either order.
    let again = paid(12, "in_3", "update", &[line(STARTER, 999, (10, 41))]);
    let refund = event(
        "charge.refunded",
        day(13),
        &json!({"id": "ch_3", "customer": CUSTOMER, "payment_intent": "pi_in_3", "amount_refunded": 999}),
    );
    for order in [[&switch, &again, &refund], [&again, &switch, &refund], [&refund, &again, &switch]] {
        let account = received(&[&begin, order[0], order[1], order[2]]);
        assert_eq!(state(&account), (Plan::Starter, 33, 41), "{:?}", account.entries);
    }
}

#[test]
fn a_trial_gives_the_plan_and_the_first_paid_month_the_credits() {
    let trial = paid(0, "in_0", "create", &[line(STARTER, 0, (0, 7))]);
    let mut account = received(&[&trial]);
    assert_eq!((state(&account), account.entries.len()), ((Plan::Starter, 3, 20), 0));
    account.receive(&subscription(day(0), "trialing", (0, 7)), &prices(), START);
    assert_eq!(state(&account), (Plan::Starter, 3, 20));
    // The plan continues during the hour until it is paid.
    account.receive(&subscription(day(7), "active", (7, 38)), &prices(), START);
    assert_eq!(state(&account), (Plan::Starter, 3, 20));
    let failed = {
        let mut account = account.clone();
        account.receive(&subscription(day(7) + 3_600, "past_due", (7, 38)), &prices(), START);
        account
    };
    assert_eq!(state(&failed), (Plan::Free, 3, 20), "grace is for who has paid once");
    // There is no refresh at the trial's end, so the first month grants all 15 credits; the next one grants 10 as
    // usual.
    let first = paid(7, "in_1", "cycle", &[line(STARTER, 999, (7, 38))]);
    let next = paid(38, "in_2", "cycle", &[line(STARTER, 999, (38, 68))]);
    for order in [[&trial, &first, &next], [&next, &first, &trial]] {
        assert_eq!(state(&received(&order)), (Plan::Starter, 3 + 15 + 10, 68));
    }
    account.receive(&first, &prices(), START);
    assert_eq!(state(&account), (Plan::Starter, 18, 38));
    // A trial that is ended early also starts a month.
    let early = paid(3, "in_1", "update", &[line(STARTER, 999, (3, 34))]);
    assert_eq!(state(&received(&[&trial, &early])), (Plan::Starter, 18, 34));
}

#[test]
fn a_coupon_of_the_whole_price_gives_the_month() {
    let mut month = line(STARTER, 999, (0, 31));
    month["discount_amounts"] = json!([{"amount": 999, "discount": "di_1"}]);
    let free = event("invoice.paid", day(0), &invoice("in_1", "create", &[month], 0));
    assert_eq!(state(&received(&[&free])), (Plan::Starter, 18, 31));
}

#[test]
fn before_any_money_there_is_no_plan() {
    for status in ["active", "past_due", "incomplete"] {
        let started = subscription(day(0), status, (0, 31));
        let mut account = received(&[&started]);
        assert_eq!(state(&account), (Plan::Free, 3, 20), "{status}");
        account.wallet.plan = Plan::Unlimited;
        account.receive(&subscription(day(1), "incomplete_expired", (0, 31)), &prices(), START);
        assert_eq!(account.wallet.plan, Plan::Unlimited, "what gave nothing takes nothing");
    }
    // After the first paid month, a failed payment has a grace period.
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let late = subscription(day(31), "past_due", (31, 59));
    assert_eq!(received(&[&begin, &late]).wallet.plan, Plan::Starter);
}

#[test]
fn a_failure_ends_when_its_invoice_is_closed_or_the_subscription_is_active_again() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let open = invoice("in_2", "cycle", &[line(STARTER, 999, (31, 59))], 0);
    let failed = event("invoice.payment_failed", day(31), &open);
    let late = subscription(day(31), "past_due", (31, 59));
    let account = received(&[&begin, &late, &failed]);
    assert!(account.billing.payment_failing());
    let ends = [
        event("invoice.voided", day(33), &open),
        event("invoice.marked_uncollectible", day(33), &open),
        subscription(day(33), "active", (31, 59)),
    ];
    for end in &ends {
        let mut account = account.clone();
        account.receive(end, &prices(), START);
        assert!(!account.billing.payment_failing(), "{}", end.id);
        assert!(!received(&[end, &failed, &late, &begin]).billing.payment_failing(), "{}", end.id);
        // A later failure starts a new grace period.
        account.receive(&event("invoice.payment_failed", day(34), &open), &prices(), START);
        assert!(account.billing.payment_failing(), "{}", end.id);
    }
    // An older `active` event does not end the failure.
    let mut older = account;
    older.receive(&subscription(day(30), "active", (31, 59)), &prices(), START);
    assert!(older.billing.payment_failing());
}

#[test]
fn while_collection_is_paused_the_plan_ends_with_what_is_paid() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let pause = |created, days| {
        let mut object = subscription_of("sub_1", "active", STARTER, days);
        object["pause_collection"] = json!({"behavior": "void", "resumes_at": null});
        event("customer.subscription.updated", day(created), &object)
    };
    let paused = pause(10, (0, 31));
    let unpaid = pause(31, (31, 59));
    let mut account = received(&[&begin, &paused]);
    assert_eq!(state(&account), (Plan::Starter, 18, 31));
    account.receive(&unpaid, &prices(), START);
    assert_eq!(state(&account), (Plan::Free, 18, 31));
    assert_eq!(received(&[&unpaid, &paused, &begin]).wallet.plan, Plan::Free);
    account.receive(&subscription(day(40), "active", (31, 59)), &prices(), START);
    assert_eq!(account.wallet.plan, Plan::Starter);
}

#[test]
fn a_paused_subscription_gives_nothing_until_it_is_resumed() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let mut account = received(&[&begin]);
    for (kind, status, plan) in [("paused", "paused", Plan::Free), ("resumed", "active", Plan::Starter)] {
        let created = day(if kind == "paused" { 5 } else { 6 });
        let object = subscription_of("sub_1", status, STARTER, (0, 31));
        account.receive(&event(&format!("customer.subscription.{kind}"), created, &object), &prices(), START);
        assert_eq!(account.wallet.plan, plan, "{kind}");
    }
}

/// An inquiry that became a chargeback, was lost, appealed and won.
fn appealed() -> Vec<Event> {
    vec![
        dispute("created", day(2), "warning_needs_response"),
        dispute("updated", day(3), "needs_response"),
        dispute("funds_withdrawn", day(3), "needs_response"),
        dispute("closed", day(9), "lost"),
        dispute("updated", day(12), "appeal_under_review"),
        dispute("closed", day(20), "won"),
        dispute("funds_reinstated", day(20) + 1, "won"),
    ]
}

#[test]
fn a_dispute_holds_the_month_until_an_appeal_is_won() {
    let mut account = received(&[&paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))])]);
    let mut seen = Vec::new();
    for event in appealed() {
        account.receive(&event, &prices(), START);
        seen.push((account.wallet.plan, account.wallet.credits));
    }
    let (kept, held) = ((Plan::Starter, 18), (Plan::Free, 3));
    assert_eq!(seen, [kept, held, held, held, held, kept, kept]);
    assert_eq!(account.entries.len(), 3);
}

#[test]
fn facts_of_older_rows_are_read() {
    let stored = json!({
        "customer": {"created": 1, "event": "evt_1", "id": CUSTOMER},
        "subscriptions": {"sub_1": {
            "watermark": {"ended": false, "created": 1, "updated": false, "period_end": day(31), "event": "evt_1"},
            "gives_access": true, "cancels": true,
            "priced": {"plan": "starter",
                "at": {"ended": false, "created": 1, "updated": false, "period_end": day(31), "event": "evt_1"}},
        }},
        "invoices": {"in_1": {"subscription": "sub_1", "failed_at": null, "paid": {
            "created": 1, "event": "evt_2", "amount": 999, "plan": "starter", "period": "first", "period_end": day(31)}}},
        "payments": {}, "charges": {},
        "disputes": {"du_1": {"closed": true, "created": 1, "event": "evt_3", "charge": "ch_1", "payment_intent": "pi_1",
            "amount": 999, "status": "won", "inquiry": false}},
        "booked": {"plan": "starter", "reset_at": day(31), "grants": {"in_1": 15}, "clawbacks": {}},
    });
    let billing: Billing = serde_json::from_value(stored).unwrap();
    assert_eq!((billing.subscription(), billing.ends_at()), (Some("sub_1"), Some(day(31))));
    let mut account = Account::new();
    account.billing = billing;
    account.wallet.plan = Plan::Starter;
    account.receive(&paid(31, "in_2", "cycle", &[line(STARTER, 999, (31, 59))]), &prices(), START);
    assert_eq!((state(&account), account.entries.len()), ((Plan::Starter, 13, 59), 1));
    let gone = event("customer.deleted", day(40), &json!({"id": CUSTOMER, "object": "customer"}));
    account.receive(&gone, &prices(), START);
    assert_eq!((account.wallet.plan, account.billing.subscription()), (Plan::Free, Some("sub_1")));
    assert!(!account.billing.payment_failing());
}

#[test]
fn every_order_of_foreign_prices_and_lines_ends_the_same() {
    let mut events = foreign();
    events.extend([
        subscription(day(0), "active", (0, 31)),
        paid(0, "in_1", "create", &[line("price_z_addon", 500, (0, 365)), line(STARTER, 999, (0, 31))]),
        of_two_pages(),
        paid(20, "in_3", "update", &[proration(STARTER, -300, (20, 31)), proration(UNLIMITED, 700, (20, 31))]),
    ]);
    assert_eq!(walk(&events, &[], 5, day(40)), (15_120, 381));
}

#[test]
fn every_order_of_trials_voids_and_pauses_ends_the_same() {
    let open = invoice("in_3", "cycle", &[line(STARTER, 999, (38, 68))], 0);
    let mut paused = subscription_of("sub_1", "active", STARTER, (68, 99));
    paused["pause_collection"] = json!({"behavior": "void", "resumes_at": null});
    let events = [
        subscription(day(0), "trialing", (0, 7)),
        paid(0, "in_0", "create", &[line(STARTER, 0, (0, 7))]),
        subscription(day(7), "active", (7, 38)),
        paid(7, "in_1", "cycle", &[line(STARTER, 999, (7, 38))]),
        event(
            "charge.refunded",
            day(8),
            &json!({"id": "ch_1", "customer": CUSTOMER, "payment_intent": "pi_in_1", "amount_refunded": 500}),
        ),
        event("invoice.payment_failed", day(38), &open),
        subscription(day(38), "past_due", (38, 68)),
        event("invoice.voided", day(40), &open),
        event("customer.subscription.updated", day(68), &paused),
    ];
    for now in [day(1), day(50)] {
        assert_eq!(walk(&events, &[], 5, now), (15_120, 381));
    }
}

#[test]
fn every_order_of_a_dispute_with_an_appeal_ends_the_same() {
    let mut events = vec![paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))])];
    events.extend(appealed());
    events.push(event("customer.deleted", day(30), &json!({"id": CUSTOMER, "object": "customer"})));
    assert_eq!(walk(&events, &[], 5, day(1)), (15_120, 381));
}

/// Effects of the life of 2026-10-28, event by event.
const LIFE: [&str; 35] = [
    "a trial of seven days begins",
    "the trial's invoice of zero",
    "the checkout is done",
    "the trial is ended early",
    "the first month is paid",
    "its payment is known",
    "a period begins, with a yearly price of others beside ours",
    "renewal, with a line of each price",
    "upgrade",
    "its invoice: prorations only",
    "the renewal fails",
    "grace",
    "the invoice is voided",
    "active again",
    "downgrade",
    "renewal with a coupon of 100 %",
    "collection is paused",
    "an unpaid period begins",
    "its invoice is uncollectible",
    "collection goes on",
    "renewal",
    "its payment is known",
    "300 of 999 are refunded",
    "the bank inquires about the other 699",
    "the inquiry becomes a chargeback",
    "the money is withdrawn",
    "the dispute is lost",
    "we appeal",
    "the appeal is won",
    "the money is back",
    "paused",
    "resumed",
    "cancelled at the period's end",
    "it ends",
    "the customer is deleted at Stripe",
];

/// Plan, credits, reset day and whether a payment fails, after each event; `docs/payments.md` shows the same table.
#[test]
fn the_life_of_2026_10_matches_the_documentation() {
    let mut account = Account::new();
    let mut table = String::new();
    for ((event, body), what) in endive().into_iter().zip(values(ENDIVE)).zip(LIFE) {
        account.receive(&event, &prices(), event.created);
        let (plan, credits, reset) = state(&account);
        let (happened, kind) = ((event.created - START) / DAY_SECONDS, body["type"].as_str().unwrap());
        let failing = if account.billing.payment_failing() { "yes" } else { "" };
        let plan = plan.as_str();
        writeln!(table, "| {happened} | `{kind}` | {what} | {plan} | {credits} | {reset} | {failing} |").unwrap();
    }
    assert_eq!(
        account.entries,
        [
            "Purchase 15 Starter plan: new month",
            "MonthlyRefresh -13 Monthly credits",
            "SubscriptionRenewal 10 Starter plan: next month",
            "MonthlyRefresh -10 Monthly credits",
            "MonthlyRefresh 0 Monthly credits",
            "SubscriptionRenewal 10 Starter plan: next month",
            "MonthlyRefresh -10 Monthly credits",
            "MonthlyRefresh 0 Monthly credits",
            "SubscriptionRenewal 10 Starter plan: next month",
            "Refund -3 Credits of a refunded payment",
            "Refund -6 Credits of a disputed payment",
            "Refund 6 Credits of a dispute that ended well",
            "MonthlyRefresh -7 Monthly credits",
        ]
    );
    assert!(include_str!("../../../../docs/payments.md").contains(&table), "{table}");
}
