//! Examples of the status of subscriptions: imported, moved to foreign prices, failed while `past_due`, ended, under
//! inquiry; also valid events that name nothing of ours.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::{
    CUSTOMER, STARTER, UNLIMITED, day, dispute, event, invoice, invoice_of, line, paid, proration, received, state,
    subscription, subscription_of,
};
use super::life::{Account, START, prices, walk, walk_from};
use super::{Billing, Event, Payer};
use crate::domain::account::profile::Profile;
use crate::domain::account::{Email, Name};
use crate::domain::credits::{Plan, Wallet};
use crate::domain::id::UserId;

fn profile() -> Profile {
    let wallet = Wallet { plan: Plan::Starter, monthly_credits: 15, ..Account::new().wallet };
    let email = Email::try_from("ada@example.org".to_owned()).unwrap();
    Profile {
        stripe_customer_id: Some(CUSTOMER.to_owned()),
        stripe_subscription_id: Some("sub_1".to_owned()),
        ..Profile::open(UserId(Uuid::from_u128(7)), email, Name::default(), wallet, Timestamp::UNIX_EPOCH)
    }
}

/// A starter with 15 a month and 3 credits left, paid until day 20 as the import says.
fn imported() -> Account {
    let mut account = Account::new();
    account.wallet = profile().wallet;
    account.billing = account.billing.with_import(&profile());
    account
}

fn is_subscribed(account: &Account) -> bool {
    account.billing.is_subscribed(&Profile { wallet: account.wallet, ..profile() })
}

fn after(events: &[&Event]) -> Account {
    let mut account = imported();
    for event in events {
        account.receive(event, &prices(), START);
    }
    account
}

fn deleted_customer() -> Event {
    event("customer.deleted", day(5), &json!({"id": CUSTOMER, "object": "customer"}))
}

fn changed(created: i64, status: &str, price: &str, days: (i64, i64)) -> Event {
    event("customer.subscription.updated", created, &subscription_of("sub_1", status, price, days))
}

fn paused(created: i64, days: (i64, i64)) -> Event {
    let mut object = subscription_of("sub_1", "active", STARTER, days);
    object["pause_collection"] = json!({"behavior": "void", "resumes_at": null});
    event("customer.subscription.updated", created, &object)
}

#[test]
fn an_imported_subscription_ends_with_its_customer() {
    assert!(is_subscribed(&imported()));
    for gone in [deleted_customer(), Event::customer_is_gone(CUSTOMER)] {
        for events in [vec![&gone], vec![&subscription(day(1), "active", (-10, 20)), &gone]] {
            let account = after(&events);
            assert_eq!((state(&account), is_subscribed(&account)), ((Plan::Free, 3, 20), false), "{}", gone.id);
            assert_eq!(account.wallet.monthly_credits, 5);
        }
    }
    // The deletion of another customer ends nothing.
    let other = Event::customer_is_gone("cus_other");
    assert_eq!((after(&[&other]).wallet.plan, is_subscribed(&after(&[&other]))), (Plan::Starter, true));
}

#[test]
fn a_customer_that_stripe_does_not_have_ends_a_subscription_as_its_event_would() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let gone = Event::customer_is_gone(CUSTOMER);
    let account = received(&[&subscription(day(0), "active", (0, 31)), &begin, &gone]);
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Free, false));
}

#[test]
fn an_import_counts_as_paid_until_its_reset_date() {
    // Nothing changes while the subscription runs, whether its status is good or not.
    for status in ["active", "past_due"] {
        let account = after(&[&subscription(day(1), status, (-10, 20))]);
        assert_eq!((state(&account), account.wallet.monthly_credits), ((Plan::Starter, 3, 20), 15), "{status}");
        assert!(!account.billing.sets_plan() && is_subscribed(&account));
    }
    let upgraded = after(&[&changed(day(1), "active", UNLIMITED, (-10, 20))]);
    assert_eq!((state(&upgraded), upgraded.wallet.monthly_credits), ((Plan::Unlimited, 3, 20), 5));
    // Paused collection ends the plan after what is paid.
    assert_eq!(after(&[&paused(day(2), (-10, 20))]).wallet.plan, Plan::Starter);
    assert_eq!(after(&[&paused(day(2), (-10, 20)), &paused(day(20), (20, 50))]).wallet.plan, Plan::Free);
    // A stop removes the plan, and a start restores it with its month.
    let mut account = after(&[&changed(day(2), "paused", STARTER, (-10, 20))]);
    assert_eq!((account.wallet.plan, account.wallet.monthly_credits), (Plan::Free, 5));
    account.receive(&changed(day(3), "active", STARTER, (-10, 20)), &prices(), START);
    assert_eq!((account.wallet.plan, account.wallet.monthly_credits), (Plan::Starter, 15));
    // The first paid month grants what the refresh no longer brings.
    account.receive(&paid(20, "in_1", "cycle", &[line(STARTER, 999, (20, 50))]), &prices(), START);
    assert_eq!((state(&account), account.wallet.monthly_credits), ((Plan::Starter, 13, 50), 5));
    assert!(account.billing.sets_plan());
}

#[test]
fn an_imported_subscription_is_ours_whatever_its_price() {
    let mut account = after(&[&changed(day(1), "active", "price_legacy", (-10, 20))]);
    account.receive(&changed(day(20), "active", "price_legacy", (20, 50)), &prices(), START);
    assert_eq!((state(&account), is_subscribed(&account)), ((Plan::Starter, 3, 20), true));
    account.receive(&changed(day(25), "canceled", "price_legacy", (20, 50)), &prices(), START);
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Free, false));
}

#[test]
fn a_plan_removed_by_an_operator_is_not_subscribed() {
    let mut account = imported();
    account.wallet.plan = Plan::Free;
    assert!(!is_subscribed(&account));
    // A plan that an operator set while the first payment is pending does not count as an import.
    let waiting = received(&[&subscription(day(0), "active", (0, 31))]);
    assert_eq!(waiting.billing.with_import(&profile()), waiting.billing);
}

#[test]
fn the_import_survives_its_storage() {
    let billing = imported().billing;
    let stored = serde_json::to_string(&billing).unwrap();
    assert_eq!(serde_json::from_str::<Billing>(&stored).unwrap(), billing);
}

#[test]
fn every_order_of_an_imported_life_ends_the_same() {
    let events = [
        subscription(day(1), "active", (-10, 20)),
        changed(day(2), "paused", STARTER, (-10, 20)),
        changed(day(3), "active", STARTER, (-10, 20)),
        changed(day(4), "active", UNLIMITED, (-10, 20)),
        paused(day(20), (20, 50)),
        changed(day(30), "past_due", "price_other", (20, 50)),
        paid(31, "in_1", "cycle", &[line(STARTER, 999, (31, 61))]),
        deleted_customer(),
        Event::customer_is_gone(CUSTOMER),
    ];
    // Before the refresh on day 20, whose credits depend on the plan at that time.
    for now in [day(1), day(15)] {
        assert_eq!(walk_from(&imported(), &events, 5, now), (15_120, 381));
    }
}

#[test]
fn a_plan_ends_when_its_subscription_moved_to_prices_that_are_not_ours() {
    let begin = paid(0, "in_1", "create", &[line(UNLIMITED, 1_999, (0, 31))]);
    let moved = changed(day(10), "active", "price_other", (0, 31));
    let mut account = received(&[&begin, &changed(day(0), "active", UNLIMITED, (0, 31)), &moved]);
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Unlimited, true), "it is paid");
    assert_eq!(account.billing.ends_at(), Some(day(31)));
    account.receive(&changed(day(31), "active", "price_other", (31, 61)), &prices(), START);
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Free, false));
    account.receive(&paid(61, "in_2", "cycle", &[line("price_other", 5, (61, 92))]), &prices(), START);
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Free, false));
    // The plan returns with a price of ours.
    account.receive(&changed(day(62), "active", STARTER, (62, 92)), &prices(), START);
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Starter, true));
}

#[test]
fn a_price_that_the_configuration_forgot_keeps_the_plan() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let mut account = received(&[&begin, &subscription(day(0), "active", (0, 31))]);
    for start in [31, 61] {
        let renewed = changed(day(start), "active", STARTER, (start, start + 30));
        account.receive(&renewed, &super::Prices::default(), START);
    }
    assert_eq!((account.wallet.plan, is_subscribed(&account)), (Plan::Starter, true));
}

#[test]
fn every_order_of_a_move_to_other_prices_ends_the_same() {
    let events = [
        paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]),
        subscription(day(0), "active", (0, 31)),
        changed(day(10), "active", "price_other", (0, 31)),
        changed(day(31), "active", "price_other", (31, 61)),
        paid(31, "in_2", "cycle", &[line("price_other", 500, (31, 61))]),
        changed(day(40), "active", "price_z", (31, 61)),
        changed(day(41), "active", UNLIMITED, (31, 61)),
        changed(day(42), "past_due", "price_other", (31, 61)),
        dispute("created", day(43), "warning_needs_response"),
    ];
    assert_eq!(walk(&events, &[], 5, day(40)), (15_120, 381));
}

#[test]
fn while_the_status_is_past_due_a_payment_fails() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let open = invoice("in_2", "cycle", &[line(STARTER, 999, (31, 59))], 0);
    // A renewal fails at once: three events within a second, whatever their ids.
    let failed = event("invoice.payment_failed", day(31), &open);
    let mut late = subscription(day(31), "past_due", (31, 59));
    let active = subscription(day(31), "active", (31, 59));
    for id in ["evt_a", "evt_z"] {
        id.clone_into(&mut late.id);
        for order in [[&active, &failed, &late], [&late, &failed, &active], [&failed, &late, &active]] {
            assert!(received(&[&begin, order[0], order[1], order[2]]).billing.payment_failing(), "{id}");
        }
    }
    // A proration paid afterwards does not end the failure.
    let late = subscription(day(32), "past_due", (31, 59));
    let other = paid(33, "in_3", "update", &[proration(STARTER, 100, (33, 59))]);
    let mut account = received(&[&begin, &failed, &late, &other]);
    assert!(account.billing.payment_failing());
    account.receive(&event("invoice.voided", day(34), &open), &prices(), START);
    assert!(!account.billing.payment_failing());
}

#[test]
fn an_end_in_the_middle_of_a_period_is_shown() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    for (cancel_at, at_period_end, ends_at) in
        [(Some(10), false, Some(10)), (Some(31), false, Some(31)), (Some(50), false, None), (Some(50), true, Some(31))]
    {
        let mut object = subscription_of("sub_1", "active", STARTER, (0, 31));
        object["cancel_at"] = cancel_at.map_or(Value::Null, |at| json!(day(at)));
        object["cancel_at_period_end"] = json!(at_period_end);
        let account = received(&[&begin, &event("customer.subscription.updated", day(1), &object)]);
        assert_eq!(account.billing.ends_at(), ends_at.map(day), "{cancel_at:?}");
    }
}

#[test]
fn a_chargeback_after_a_closed_inquiry_holds_the_month() {
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    for status in ["warning_closed", "prevented"] {
        let [inquiry, closed, open] = [
            dispute("created", day(2), "warning_needs_response"),
            dispute("closed", day(9), status),
            dispute("updated", day(12), "needs_response"),
        ];
        let before = received(&[&begin, &inquiry, &closed]);
        assert_eq!((before.wallet.plan, before.entries.len()), (Plan::Starter, 1));
        for order in [[&inquiry, &closed, &open], [&open, &closed, &inquiry], [&closed, &open, &inquiry]] {
            let account = received(&[&begin, order[0], order[1], order[2]]);
            assert_eq!(state(&account), (Plan::Free, 3, 31), "{status}");
        }
    }
    let mut events = vec![begin];
    for (day_of, status) in [
        (2, "warning_needs_response"),
        (9, "warning_closed"),
        (12, "needs_response"),
        (13, "under_review"),
        (14, "lost"),
        (20, "appeal_under_review"),
        (30, "won"),
    ] {
        events.push(dispute("updated", day(day_of), status));
    }
    assert_eq!(walk(&events, &[], 5, day(1)), (6_720, 218));
}

fn parse(kind: &str, object: &Value) -> Event {
    event(kind, day(1), object)
}

#[test]
fn an_unknown_id_format_names_no_user() {
    for text in ["Zoë Müller", "a b", "", "12345", &"x".repeat(500)] {
        let mut subscription = subscription_of("sub_1", "active", STARTER, (0, 31));
        subscription["metadata"] = json!({"user_id": text});
        let mut bill = invoice("in_1", "create", &[line(STARTER, 999, (0, 31))], 999);
        bill["metadata"] = json!({"user_id": text});
        bill["parent"]["subscription_details"]["metadata"] = json!({"user_id": text});
        let checkout = json!({"id": "cs_1", "client_reference_id": text, "metadata": {"user_id": profile().id}});
        let customer = json!({"id": "cus_1", "metadata": {"user_id": text}});
        for (kind, object) in
            [("customer.subscription.updated", &subscription), ("invoice.paid", &bill), ("customer.deleted", &customer)]
        {
            assert_eq!(parse(kind, object).user(), None, "{kind} {text}");
        }
        assert_eq!(parse("checkout.session.completed", &checkout).user(), Some(profile().id));
    }
}

#[test]
fn lines_without_a_price_are_read() {
    let mut bare = line(STARTER, 999, (0, 31));
    bare["pricing"] = Value::Null;
    for kind in ["invoice.paid", "invoice.payment_failed"] {
        for reason in ["create", "cycle"] {
            let account = received(&[&parse(kind, &invoice("in_1", reason, &[bare.clone()], 999))]);
            assert_eq!((state(&account), account.entries.len()), ((Plan::Free, 3, 20), 0), "{kind}");
        }
    }
}

#[test]
fn a_customer_account_is_read_in_place_of_a_customer() {
    let user = json!({"user_id": profile().id});
    let mut bill = invoice("in_1", "create", &[line(STARTER, 999, (0, 31))], 999);
    bill["parent"]["subscription_details"]["metadata"] = user.clone();
    let mut subscription = subscription_of("sub_1", "active", STARTER, (0, 31));
    subscription["metadata"] = user;
    for object in [&mut bill, &mut subscription] {
        object["customer"] = Value::Null;
        object["customer_account"] = json!("acct_1");
    }
    let events = [parse("invoice.paid", &bill), parse("customer.subscription.created", &subscription)];
    for event in &events {
        assert_eq!((event.payer(), event.user()), (Payer::Nobody, Some(profile().id)));
    }
    assert_eq!(state(&received(&[&events[0], &events[1]])), (Plan::Starter, 18, 31));
}

#[test]
fn an_item_may_name_its_price_as_a_plan() {
    let mut object = subscription_of("sub_1", "active", UNLIMITED, (0, 31));
    let price = object["items"]["data"][0]["price"].take();
    object["items"]["data"][0]["plan"] = price;
    let begin = paid(0, "in_1", "create", &[line(STARTER, 999, (0, 31))]);
    let account = received(&[&begin, &parse("customer.subscription.updated", &object)]);
    assert_eq!(account.wallet.plan, Plan::Unlimited);
}

#[test]
fn an_invoice_concerns_us_by_user_price_or_subscription() {
    let mut object = invoice_of("sub_other", "in_1", "cycle", &[line("price_other", 5, (0, 31))], 5);
    object["lines"]["has_more"] = json!(true);
    let foreign = parse("invoice.paid", &object);
    let billing = imported().billing;
    assert!(!billing.may_concern(&foreign, &prices(), &profile()));
    let mut ours = [object.clone(), object.clone(), object.clone()];
    ours[0]["metadata"] = json!({"user_id": profile().id});
    ours[1]["lines"]["data"][0] = proration(STARTER, -5, (0, 31));
    ours[2]["parent"]["subscription_details"]["subscription"] = json!("sub_1");
    for object in &ours {
        assert!(billing.may_concern(&parse("invoice.paid", object), &prices(), &profile()), "{object}");
    }
    // The lines of the first page may arrive again with all lines.
    let outcome = billing.apply(&foreign, &prices(), profile().wallet, super::life::at(START));
    assert!(outcome.unknown_price);
}
