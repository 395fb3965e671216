//! Webhook requests that are refused: unsigned, unreadable, or without the facts of their event.

use jiff::SignedDuration;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::TestApp;
use tests::stripe::{PRICE_STARTER, PRICE_UNLIMITED, Shape, WEBHOOK_SECRETS, customer_of, life, others, signature};

use crate::webhooks::send;

/// A thin event holds no object: the log says what to change, and Stripe shows the failure.
#[tokio::test]
async fn a_thin_event_is_refused_by_name() {
    let test = TestApp::start().await;
    let thin = json!({
        "id": "evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0", "object": "v2.core.event",
        "type": "v1.invoice.paid", "livemode": false, "created": "2026-11-02T09:14:09.134Z",
        "related_object": {"id": "in_1", "type": "invoice", "url": "/v1/invoices/in_1"},
    });
    let problem = test.webhook(&thin).await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "/object");
    assert!(problem["detail"].as_str().unwrap().contains("snapshot"), "{problem}");
}

#[tokio::test]
async fn an_unsigned_body_is_not_read() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let now = test.app.now();
    let event = life(Shape::Since, &ada, now)[0].clone();
    let (body, secret) = (event.to_string(), WEBHOOK_SECRETS[0]);
    let good = signature(body.as_bytes(), secret, now);
    let _ = proxy.take_calls();

    let minutes = |minutes: i64| now + SignedDuration::from_mins(minutes);
    let reencoded = serde_json::to_string_pretty(&event).unwrap();
    let forged = body.replace("starter", "unlimited").replace(PRICE_STARTER, PRICE_UNLIMITED);
    assert_ne!(forged, body);
    let huge = format!("{{\"x\": \"{}\"}}", "x".repeat(300 * 1024));
    let later = signature(body.as_bytes(), secret, now + SignedDuration::from_secs(301));
    let (stale, wrong) = (signature(body.as_bytes(), secret, minutes(-6)), signature(body.as_bytes(), "whsec_x", now));
    let huge_signature = signature(huge.as_bytes(), secret, now);
    let v0 = good.replace("v1=", "v0=");
    let cases: [(&str, &[u8], &[&str]); 14] = [
        ("no header", body.as_bytes(), &[]),
        ("an empty header", body.as_bytes(), &[""]),
        ("two headers", body.as_bytes(), &[&good, &good]),
        ("forged", forged.as_bytes(), &[&good]),
        ("truncated", &body.as_bytes()[..body.len() - 1], &[&good]),
        ("longer", format!("{body} ").leak().as_bytes(), &[&good]),
        ("encoded again", reencoded.as_bytes(), &[&good]),
        ("another secret", body.as_bytes(), &[&wrong]),
        ("stale", body.as_bytes(), &[&stale]),
        ("of the future", body.as_bytes(), &[&later]),
        ("an old scheme", body.as_bytes(), &[&v0]),
        ("huge", huge.as_bytes(), &[&huge_signature]),
        ("empty", b"", &[&good]),
        ("no text", &[0xff; 64], &[&good]),
    ];
    for (case, body, headers) in cases {
        let headers: Vec<_> = headers.iter().map(|value| ("stripe-signature", *value)).collect();
        let problem = send(&test, body.to_vec(), &headers).await.problem(400, "invalid_signature");
        assert!(!problem.to_string().contains("secret"), "{case}: {problem}");
    }
    assert!(proxy.take_calls().is_empty() && test.stripe.take_requests().is_empty());
    assert_eq!(test.entries(&ada.id).await.len(), 1);
    // The valid event is accepted with either secret, and applied once.
    let both = signature(body.as_bytes(), WEBHOOK_SECRETS[1], now);
    for header in [&both, &good] {
        let _ = send(&test, body.clone(), &[("stripe-signature", header)]).await.ok();
    }
    assert_eq!(ada.credits().await, 18);
}

#[tokio::test]
async fn a_signed_unreadable_event_is_refused_with_the_field() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let now = test.app.now();
    let cut = b"{\"id\": ";
    let header = signature(cut, WEBHOOK_SECRETS[0], now);
    let _ = send(&test, cut.to_vec(), &[("stripe-signature", &header)]).await.problem(400, "invalid_json");
    let mut event = life(Shape::Since, &ada, now)[0].clone();
    event["data"]["object"]["customer"] = json!(7);
    let problem = test.webhook(&event).await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "/data/object/customer");
}

/// The same event with something in it that cannot be read, and the field that is named.
fn unreadable(paid: &Value, subscription: &Value) -> Vec<(Value, &'static str)> {
    let with = |event: &Value, pointer: &str, value: Value| {
        let mut event = event.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        event
    };
    let (items, lines) = ("/data/object/items", "/data/object/lines");
    vec![
        (with(subscription, items, json!({})), "/data/object/items/data"),
        (with(subscription, items, json!({"data": []})), "/data/object/items/data"),
        (with(subscription, items, Value::Null), "/data/object/items/data"),
        (with(subscription, items, json!({"data": "x"})), "/data/object/items/data"),
        (with(paid, lines, json!({})), "/data/object/lines/data"),
        (with(paid, lines, Value::Null), "/data/object/lines/data"),
        (with(paid, lines, json!({"data": {}})), "/data/object/lines/data"),
        (with(paid, "/created", json!(1.5)), "/created"),
        (with(paid, "/created", json!("now")), "/created"),
    ]
}

#[tokio::test]
async fn an_unreadable_event_is_refused_for_us_and_acknowledged_for_others() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let now = test.app.now();
    let paid = life(Shape::Since, &ada, now)[0].clone();
    let subscription = others(Shape::Since, &ada, now)[1].clone();
    assert_eq!(
        (&paid["type"], &subscription["type"]),
        (&json!("invoice.paid"), &json!("customer.subscription.created"))
    );
    for (event, field) in unreadable(&paid, &subscription) {
        let problem = test.webhook(&event).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], field, "{event}");
        // The same for a customer of another business on the Stripe account: Stripe must not send it for days.
        let foreign = event.to_string().replace(&customer_of(&ada), "cus_foreign").replace("user_id", "x");
        let _ = test.webhook(&serde_json::from_str(&foreign).unwrap()).await.ok();
    }
    // It names nobody: no Stripe event has this shape.
    let nobody = json!({"id": "evt_1", "type": "invoice.paid", "created": now.as_second(), "data": {}});
    assert_eq!(test.webhook(&nobody).await.problem(422, "invalid_field")["field"], "/data/object");
    assert_eq!(ada.credits().await, 3);
}

#[tokio::test]
async fn numbers_with_a_fraction_of_zero_and_lines_without_a_period_are_valid() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let mut paid = life(Shape::Since, &ada, test.app.now())[0].clone();
    paid["created"] = json!(paid["created"].as_f64().unwrap());
    let fee = json!({"id": "il_fee", "amount": 100, "pricing": {"price_details": {"price": "price_fee"}}});
    paid["data"]["object"]["lines"]["data"].as_array_mut().unwrap().insert(0, fee);
    let _ = test.webhook(&paid).await.ok();
    assert_eq!(ada.credits().await, 18);
    test.assert_ledgers_are_true().await;
}
