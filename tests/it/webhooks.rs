//! The effects of Stripe events: each is applied once, in any order, to the right user.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use tests::stripe::{
    PRICE_STARTER, PRICE_UNLIMITED, Shape, StripeFault, customer_of, life, life_2026_10, others, payment_of,
};
use tests::{Answer, Person, TestApp};

const WEBHOOK: &str = "/api/webhooks/stripe";

/// The result of a life: the balance, and the entries as a multiset of type, amount and description.
async fn end(test: &TestApp, person: &Person) -> (Value, Vec<String>) {
    let entries = test.entries(&person.id).await;
    let mut entries: Vec<String> = entries
        .iter()
        .map(|entry| format!("{:?} {} {}", entry.kind, entry.amount, entry.description.as_deref().unwrap_or("")))
        .collect();
    entries.sort_unstable();
    (person.get("/api/credits/balance").await.ok(), entries)
}

/// Sets the customer of each charge and invoice in the Stripe stand-in.
fn own_all(test: &TestApp, person: &Person) {
    for number in 1..=9 {
        for kind in ["ch", "in"] {
            test.stripe.set_customer(&payment_of(person, kind, number), &customer_of(person));
        }
    }
}

#[tokio::test]
async fn a_life_ends_the_same_in_every_order_shape_and_repetition() {
    let test = TestApp::start().await;
    // Seventy days later, so that the months have ended in every order.
    let start = test.app.now() - SignedDuration::from_hours(24 * 70);
    let mut ends = Vec::new();
    for (index, shape) in
        [Shape::Before, Shape::Since, Shape::Before, Shape::Since, Shape::Before, Shape::Since].into_iter().enumerate()
    {
        let person = test.member(&format!("person-{index}"), Plan::Free, 3).await;
        own_all(&test, &person);
        // Like a purchase, store the customer's owner before the first event.
        let user = UserId(person.id.parse().unwrap());
        let adopted =
            test.app.store.adopt_customer(user, &customer_of(&person), test.app.now(), &test.app.random).await;
        assert_eq!(adopted.unwrap(), Some(customer_of(&person)));
        let mut deliveries = life(shape, &person, start);
        // Shuffled, each delivered once, so that no second copy can repair a lost effect. Then shuffled and doubled.
        if index > 3 {
            deliveries.extend(deliveries.clone());
        }
        if index > 1 {
            fastrand::Rng::with_seed(index as u64).shuffle(&mut deliveries);
        }
        for event in &deliveries {
            assert_eq!(test.webhook(event).await.ok(), json!({"received": true}), "{event}");
        }
        ends.push(end(&test, &person).await);
    }
    assert_eq!(ends[0].0["plan"], "free");
    assert!(ends[0].1.contains(&"SubscriptionRenewal 10 Starter plan: next month".to_owned()), "{:?}", ends[0]);
    for other in &ends[1..] {
        assert_eq!(*other, ends[0]);
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_life_of_2026_10_ends_the_same_in_every_order_and_repetition() {
    let test = TestApp::start().await;
    let start = test.app.now() - SignedDuration::from_hours(24 * 200);
    let mut ends = Vec::new();
    for round in 0..4 {
        let person = test.member(&format!("person-{round}"), Plan::Free, 3).await;
        own_all(&test, &person);
        let user = UserId(person.id.parse().unwrap());
        let adopted =
            test.app.store.adopt_customer(user, &customer_of(&person), test.app.now(), &test.app.random).await;
        assert_eq!(adopted.unwrap(), Some(customer_of(&person)));
        let mut deliveries = life_2026_10(&person, start);
        if round > 1 {
            deliveries.extend(deliveries.clone());
        }
        if round > 0 {
            fastrand::Rng::with_seed(round).shuffle(&mut deliveries);
        }
        for event in &deliveries {
            assert_eq!(test.webhook(event).await.ok(), json!({"received": true}), "{event}");
        }
        ends.push(end(&test, &person).await);
    }
    assert_eq!((&ends[0].0["plan"], &ends[0].0["subscription"]), (&json!("free"), &Value::Null));
    for other in &ends[1..] {
        assert_eq!(*other, ends[0]);
    }
    test.assert_ledgers_are_true().await;
}

/// A renewal with eleven lines, prorations first: the event shows ten of them.
fn renewal_of_eleven_lines(person: &Person, start: Timestamp) -> (Value, Vec<Value>) {
    let mut event = life(Shape::Since, person, start)[1].clone();
    let month = event["data"]["object"]["lines"]["data"][0].clone();
    let mut lines: Vec<Value> = (0..10)
        .map(|number| {
            let mut line = month.clone();
            line["id"] = json!(format!("il_proration_{number}"));
            line["amount"] = json!(-100 + 20 * number);
            line["parent"]["subscription_item_details"]["proration"] = json!(true);
            line
        })
        .collect();
    lines.push(month);
    event["data"]["object"]["lines"]["data"] = json!(lines[..10]);
    event["data"]["object"]["lines"]["has_more"] = json!(true);
    (event, lines)
}

#[tokio::test]
async fn further_pages_of_invoice_lines_are_read() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let start = test.app.now();
    let _ = test.webhook(&life(Shape::Since, &ada, start)[0]).await.ok();
    let before = ada.get("/api/credits/balance").await.ok();
    assert_eq!(before["credits"], 18);
    let (event, lines) = renewal_of_eleven_lines(&ada, start);
    let invoice = event["data"]["object"]["id"].as_str().unwrap().to_owned();
    let _ = test.stripe.take_requests();

    // Nothing is booked while Stripe does not return all lines, on the first page or a later one.
    let down = StripeFault::Answer(503, json!({}));
    let _ = test.webhook(&event).await.problem(503, "unavailable");
    test.stripe.set_lines(&invoice, &lines);
    test.stripe.fail(&[down.clone(), down.clone(), down.clone(), down]);
    let _ = test.webhook(&event).await.problem(503, "unavailable");
    test.stripe.fail(&[StripeFault::Answer(200, json!({"object": "list", "data": [{}], "has_more": true}))]);
    let _ = test.webhook(&event).await.problem(503, "unavailable");
    assert_eq!((ada.get("/api/credits/balance").await.ok(), test.entries(&ada.id).await.len()), (before, 2));

    let _ = test.stripe.take_requests();
    for _ in 0..2 {
        let _ = test.webhook(&event).await.ok();
    }
    let asked = test.stripe.take_requests();
    let pages: Vec<Option<&str>> =
        asked[..3].iter().map(|asked| asked.form.get("starting_after").map(String::as_str)).collect();
    assert_eq!(pages, [None, Some("il_proration_3"), Some("il_proration_7")]);
    assert!(asked.iter().all(|asked| asked.what == format!("GET /v1/invoices/{invoice}/lines")));
    let balance = ada.get("/api/credits/balance").await.ok();
    let until = start.as_second() + 59 * 86_400;
    assert_eq!((&balance["credits"], &balance["credits_reset_at"]), (&json!(28), &json!(until)));
    test.assert_ledgers_are_true().await;
}

/// A customer of ours pays another business for a long invoice whose lines our key may not read.
#[tokio::test]
async fn unreadable_lines_of_a_foreign_invoice_are_not_retried() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let start = test.app.now();
    let _ = test.webhook(&life(Shape::Since, &ada, start)[0]).await.ok();
    let before = ada.get("/api/credits/balance").await.ok();
    let (ours, _) = renewal_of_eleven_lines(&ada, start);
    let body = ours.to_string().replace("sub_1SmA0p", "sub_other").replace(PRICE_STARTER, "price_other");
    let mut foreign: Value =
        serde_json::from_str(&body.replace(PRICE_UNLIMITED, "price_other").replace("user_id", "x")).unwrap();
    foreign["id"] = json!("evt_long_of_another");
    foreign["data"]["object"]["id"] = json!("in_long_of_another");
    let _ = test.webhook(&foreign).await.ok();
    assert_eq!(ada.get("/api/credits/balance").await.ok(), before);
    // An event that names our user or subscription waits for its lines.
    let mut named = foreign.clone();
    named["data"]["object"]["metadata"] = json!({"user_id": ada.id});
    for event in [&named, &ours] {
        let _ = test.webhook(event).await.problem(503, "unavailable");
    }
}

/// Stripe repeats a refused event for days, and another business may use any metadata.
#[tokio::test]
async fn foreign_events_are_acknowledged() {
    let test = TestApp::start().await;
    let mut nobody = test.anonymous();
    nobody.id = uuid::Uuid::from_u128(9).to_string();
    let start = test.app.now();
    for text in ["Zoë Müller", "Order #12", ""] {
        for event in life(Shape::Since, &nobody, start).iter().chain(&others(Shape::Since, &nobody, start)) {
            let event: Value = serde_json::from_str(&event.to_string().replace(&nobody.id, text)).unwrap();
            assert_eq!(test.webhook(&event).await.ok(), json!({"received": true}), "{event}");
        }
    }
}

/// A subscription and an invoice of another business of the same Stripe account.
fn of_another_business(person: &Person, start: Timestamp) -> Vec<Value> {
    let mut events = [others(Shape::Since, person, start)[1].clone(), life(Shape::Since, person, start)[0].clone()];
    events[1]["data"]["object"]["lines"]["data"][0]["period"]["end"] = json!(start.as_second() + 365 * 86_400);
    let mut failed = life(Shape::Since, person, start)[3].clone();
    failed["data"]["object"]["id"] = json!("in_failed_of_another");
    events
        .into_iter()
        .chain([failed])
        .enumerate()
        .map(|(index, event)| {
            let text = event.to_string().replace("sub_1SmA0p", "sub_other").replace(PRICE_STARTER, "price_other");
            let mut event: Value = serde_json::from_str(&text.replace(PRICE_UNLIMITED, "price_other")).unwrap();
            event["id"] = json!(format!("evt_other_{index}_{}", person.id));
            event
        })
        .collect()
}

#[tokio::test]
async fn a_foreign_price_changes_nothing_and_blocks_nothing() {
    let test = TestApp::start().await;
    let (ada, gifted) = (test.user("ada").await, test.member("gifted", Plan::Starter, 9).await);
    let start = test.app.now();
    for person in [&ada, &gifted] {
        let before = person.get("/api/credits/balance").await.ok();
        for event in of_another_business(person, start) {
            let _ = test.webhook(&event).await.ok();
        }
        assert_eq!((person.get("/api/credits/balance").await.ok(), test.entries(&person.id).await.len()), (before, 1));
        let _ = person.post("/api/credits/purchase", json!({"plan": "unlimited"})).await.ok();
    }
    let password = Some(json!({"password": tests::PASSWORD}).to_string());
    let _ = ada.send(Method::DELETE, "/api/auth/account", password, &[("content-type", "application/json")]).await.ok();
    // Our own subscription is not affected by it.
    let events = life(Shape::Since, &gifted, start);
    for event in [&others(Shape::Since, &gifted, start)[1], &events[0], &events[1]] {
        let _ = test.webhook(event).await.ok();
    }
    let balance = gifted.get("/api/credits/balance").await.ok();
    assert_eq!((&balance["plan"], &balance["credits"]), (&json!("starter"), &json!(9 + 15 + 10)));
    assert_eq!(balance["credits_reset_at"], json!(start.as_second() + 59 * 86_400));
    test.assert_ledgers_are_true().await;
}

/// Deleting a customer cancels its subscriptions, whether or not Stripe's events of those come.
#[tokio::test]
async fn a_customer_deleted_at_stripe_has_no_plan() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let start = test.app.now();
    let _ = test.webhook(&others(Shape::Since, &ada, start)[1]).await.ok();
    let _ = test.webhook(&life(Shape::Since, &ada, start)[0]).await.ok();
    let deleted = life_2026_10(&ada, start).pop().unwrap();
    assert_eq!(deleted["type"], "customer.deleted");
    let _ = test.webhook(&deleted).await.ok();
    let balance = ada.get("/api/credits/balance").await.ok();
    assert_eq!(
        (&balance["plan"], &balance["credits"], &balance["subscription"]),
        (&json!("free"), &json!(18), &Value::Null)
    );
    // The next purchase creates a new customer.
    test.stripe.delete_customer(&customer_of(&ada));
    let _ = ada.post("/api/credits/purchase", json!({"plan": "starter"})).await.ok();
}

#[tokio::test]
async fn an_entry_names_its_payment() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let _ = test.webhook(&life(Shape::Before, &ada, test.app.now())[0]).await.ok();
    let newest = &ada.get("/api/credits/transactions?limit=1").await.ok()["transactions"][0];
    assert_eq!(newest["stripe_payment_intent_id"], payment_of(&ada, "pi", 1));
}

/// Sends exactly these bytes.
pub(crate) async fn send(test: &TestApp, body: impl Into<Body>, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(WEBHOOK);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    test.send(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn sixteen_deliveries_at_once_have_one_effect() {
    let test = TestApp::start().await;
    let processes: Vec<Router> = (0..4).map(|_| test.twin()).collect();
    for round in 0..10 {
        let person = test.member(&format!("person-{round}"), Plan::Free, 3).await;
        let event = life(Shape::Since, &person, test.app.now())[0].clone();
        // A concurrent spend of the student writes the same profile.
        let spends = join_all((0..3).map(|number| {
            let person = person.through(processes[number % 4].clone());
            async move { person.post(&format!("/api/questions/alg-q{}/start", number + 1), json!({})).await.ok() }
        }));
        let deliveries = join_all((0..16).map(|number| test.webhook_through(processes[number % 4].clone(), &event)));
        let (answers, spends) = tokio::join!(deliveries, spends);
        assert!(answers.into_iter().all(|answer| answer.ok() == json!({"received": true})));
        assert_eq!((spends.len(), person.credits().await), (3, 15));
        let entries = test.entries(&person.id).await;
        assert_eq!(entries.iter().filter(|entry| entry.amount == 15).count(), 1);
    }
    test.assert_ledgers_are_true().await;
}

/// A dispute names only a charge, so Stripe is asked for its customer.
#[tokio::test]
async fn a_dispute_finds_its_user_by_asking() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let events = life(Shape::Before, &ada, test.app.now());
    let dispute = &events[7];
    // Of another business on the same account.
    let _ = test.webhook(dispute).await.ok();
    assert_eq!(test.stripe.take_requests()[0].what, format!("GET /v1/charges/{}", charge_of(dispute)));

    test.stripe.set_customer(&charge_of(dispute), &customer_of(&ada));
    for event in &events[..5] {
        let _ = test.webhook(event).await.ok();
    }
    let before = ada.credits().await;
    let down = StripeFault::Answer(503, json!({}));
    test.stripe.fail(&[down.clone(), down.clone(), down.clone(), down]);
    let _ = test.webhook(dispute).await.problem(503, "unavailable");
    assert_eq!(ada.credits().await, before);
    // Stripe sends it again.
    let _ = test.webhook(dispute).await.ok();
    assert!(ada.credits().await < before);
    let _ = test.webhook(&events[8]).await.ok();
    assert_eq!(ada.credits().await, before);
    test.assert_ledgers_are_true().await;
}

fn charge_of(dispute: &Value) -> String {
    dispute["data"]["object"]["charge"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn events_about_nobody_and_of_other_types_are_acknowledged() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let mut nobody = ada.clone();
    nobody.id = uuid::Uuid::from_u128(7).to_string();
    for event in life(Shape::Before, &nobody, test.app.now()) {
        assert_eq!(test.webhook(&event).await.ok(), json!({"received": true}));
    }
    let other = others(Shape::Since, &ada, test.app.now())[5].clone();
    assert_eq!(test.webhook(&other).await.ok(), json!({"received": true}));
    assert_eq!(test.entries(&ada.id).await.len(), 1);
}

/// Once the configuration knows the price, the same event takes effect when it is sent again from the dashboard.
#[tokio::test]
async fn an_unknown_price_waits_for_its_configuration() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let event = life(Shape::Since, &ada, test.app.now())[0].clone();
    let forgetful = test.twin_where(|name| (name == "STRIPE_PRICE_STARTER").then(|| Some("price_other".to_owned())));
    for _ in 0..2 {
        let _ = test.webhook_through(forgetful.clone(), &event).await.ok();
    }
    assert_eq!(ada.get("/api/credits/balance").await.ok()["credits"], 3);
    for _ in 0..2 {
        let _ = test.webhook(&event).await.ok();
    }
    assert_eq!(ada.credits().await, 18);
}

/// A subscription created in the dashboard names our user in its metadata, or a known customer.
#[tokio::test]
async fn a_customer_belongs_to_its_first_user() {
    let test = TestApp::start().await;
    let (ada, eve) = (test.member("ada", Plan::Free, 3).await, test.member("eve", Plan::Free, 3).await);
    let start = test.app.now();
    let _ = test.webhook(&life(Shape::Since, &ada, start)[0]).await.ok();
    // The same customer, another user in the metadata.
    let mixed = life(Shape::Since, &ada, start)[1].to_string().replace(&ada.id, &eve.id);
    let mut event: Value = serde_json::from_str(&mixed).unwrap();
    event["id"] = json!("evt_mixed");
    let _ = test.webhook(&event).await.ok();
    assert_eq!((ada.credits().await, eve.credits().await), (28, 3));
}

/// Payment items hold only ids, amounts and times: no card, address or name.
#[tokio::test]
async fn stored_payments_contain_no_personal_data() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    own_all(&test, &ada);
    let start: Timestamp = test.app.now();
    for event in life(Shape::Before, &ada, start).iter().chain(&others(Shape::Before, &ada, start)) {
        let _ = test.webhook(event).await.ok();
    }
    let table = &test.app.config.database.table_name;
    let items = proxy.partition(table, &format!("USER#{}", ada.id)).await;
    let billing: Vec<_> = items.iter().filter(|item| item["entity"]["S"] == "Billing").collect();
    assert_eq!(billing.len(), 1);
    let facts = billing[0].to_string();
    assert!(facts.len() < 16_000, "{}", facts.len());
    for word in ["email", "card", "name", "@", "secret", "address"] {
        assert!(!facts.contains(word), "{word}: {facts}");
    }
    let counts: BTreeMap<&str, usize> = items.iter().fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item["entity"]["S"].as_str().unwrap()).or_default() += 1;
        counts
    });
    assert_eq!((counts["Profile"], counts["Billing"]), (1, 1));
}

/// A user who deletes the account must not be charged again, and later Stripe events have no user.
#[tokio::test]
async fn events_of_a_deleted_account_have_no_effect() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.user("ada").await;
    let now = test.app.now();
    let (events, others) = (life(Shape::Since, &ada, now), others(Shape::Since, &ada, now));
    for event in [&others[1], &events[0]] {
        let _ = test.webhook(event).await.ok();
    }
    let password = Some(json!({"password": tests::PASSWORD}).to_string());
    let headers = [("content-type", "application/json")];
    let delete = async || ada.send(Method::DELETE, "/api/auth/account", password.clone(), &headers).await;
    let _ = delete().await.problem(409, "subscription_active");
    // Cancelled at the period's end: the card is not charged again.
    let _ = test.webhook(&others[3]).await.ok();
    let _ = delete().await.ok();
    for event in [&events[1], &events[9]] {
        assert_eq!(test.webhook(event).await.ok(), json!({"received": true}));
    }
    let table = &test.app.config.database.table_name;
    for partition in [format!("USER#{}", ada.id), format!("CUSTOMER#{}", customer_of(&ada))] {
        assert!(proxy.partition(table, &partition).await.is_empty(), "{partition}");
    }
    test.assert_ledgers_are_true().await;
}
