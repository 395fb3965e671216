//! The ledger as its owner sees it, and the unlimited plan.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::TestApp;

const TRANSACTIONS: &str = "/api/credits/transactions";

fn facts(page: &Value) -> Vec<Value> {
    let fact = |entry: &Value| json!([entry["amount"], entry["type"], entry["balance_after"]]);
    page["transactions"].as_array().unwrap().iter().map(fact).collect()
}

#[tokio::test]
async fn transactions_are_newest_first() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    test.pass(Duration::from_mins(1));
    let _ = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 2})).await.ok();
    let page = ada.get(TRANSACTIONS).await.ok();
    assert_eq!(facts(&page), [json!([-2, "question_view", 3]), json!([5, "signup_bonus", 5])]);
    let entry = &page["transactions"][0];
    assert_eq!(
        (&entry["description"], &entry["created_at"], &page["next_cursor"]),
        (&json!("Practice: 2 questions"), &json!("2026-03-01T12:01:00.000Z"), &json!(null))
    );
    assert!(entry.get("stripe_payment_intent_id").is_none());
}

#[tokio::test]
async fn a_cursor_stays_where_it_is_while_entries_are_added() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let spend = async |count: usize| {
        for _ in 0..count {
            let _ = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 1})).await.ok();
        }
    };
    spend(5).await;
    let whole = ada.get(&format!("{TRANSACTIONS}?limit=100")).await.ok();
    let expected: Vec<Value> = whole["transactions"].as_array().unwrap().clone();
    assert_eq!(expected.len(), 6);

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ada.get(&format!("{TRANSACTIONS}?limit=2&cursor={cursor}")).await.ok();
        seen.extend(page["transactions"].as_array().unwrap().clone());
        spend(1).await;
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    for bad in ["x", "AAAA", "bm90LWEtdXVpZA"] {
        let problem = ada.get(&format!("{TRANSACTIONS}?cursor={bad}")).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "cursor");
    }
}

#[tokio::test]
async fn a_ledger_is_visible_only_to_its_owner() {
    let test = TestApp::start().await;
    let (ada, bob) = (test.user("ada").await, test.user("bob").await);
    let _ = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 1})).await.ok();
    let cursor = ada.get(&format!("{TRANSACTIONS}?limit=1")).await.ok()["next_cursor"].as_str().unwrap().to_owned();
    let page = bob.get(&format!("{TRANSACTIONS}?cursor={cursor}")).await.ok();
    // Another user's cursor is only a position in time and shows none of their entries.
    assert!(!page.to_string().contains("question_view"), "{page}");
    assert_eq!(facts(&bob.get(TRANSACTIONS).await.ok()), [json!([5, "signup_bonus", 5])]);
}

#[tokio::test]
async fn the_unlimited_plan_pays_nothing_and_is_on_record() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 2).await;
    let practice = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 6})).await.ok();
    assert_eq!((&practice["credits_deducted"], &practice["credits"]), (&json!(0), &json!(2)));
    assert_eq!(facts(&ada.get(TRANSACTIONS).await.ok())[0], json!([0, "question_view", 2]));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_spend_that_meets_a_due_refresh_writes_both() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Starter, 1).await;
    // A session lasts a week, so sign in again.
    test.pass(Duration::from_hours(24 * 95));
    let ada = test.renewed(&ada).await;
    let practice = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 6})).await.ok();
    assert_eq!((&practice["credits_deducted"], &practice["credits"]), (&json!(6), &json!(9)));
    assert_eq!(
        facts(&ada.get(TRANSACTIONS).await.ok()),
        [json!([-6, "question_view", 9]), json!([14, "monthly_refresh", 15]), json!([1, "adjustment", 1])]
    );
    let balance = ada.get("/api/credits/balance").await.ok();
    // 2026-03-01T12:00:00Z and four periods of 30 days: three were missed.
    assert_eq!(balance["credits_reset_at"], 1_772_366_400 + 4 * 30 * 86_400);
    test.assert_ledgers_are_true().await;
}

const PURCHASE: &str = "/api/credits/purchase";

/// The same URL as the old service returned without payments.
#[tokio::test]
async fn a_local_server_without_stripe_returns_the_placeholder_url() {
    let test = TestApp::start().await;
    let keyless = test.twin_where(|name| name.starts_with("STRIPE").then_some(None));
    let ada = test.user("ada").await.through(keyless.clone());
    for plan in ["starter", "unlimited"] {
        let checkout = ada.post(PURCHASE, json!({"plan": plan})).await.ok();
        let expected = json!({"checkout_url": "https://checkout.stripe.com/placeholder", "session_id": "cs_test"});
        assert_eq!(checkout, expected);
    }
    let missing = ada.post(PURCHASE, json!({})).await.problem(400, "missing_field");
    assert_eq!(missing["error"], "Missing plan");
    let _ = ada.post(PURCHASE, json!({"plan": "free"})).await.problem(422, "invalid_field");
    let rich = test.member("rich", Plan::Unlimited, 0).await.through(keyless);
    let _ = rich.post(PURCHASE, json!({"plan": "unlimited"})).await.problem(409, "already_subscribed");
    let _ = rich.post(PURCHASE, json!({"plan": "starter"})).await.ok();
    assert_eq!(ada.get("/api/credits/balance").await.ok()["plan"], "free");
    assert_eq!(test.stripe.take_requests(), []);
}
