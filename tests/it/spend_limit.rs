//! The limit of spends, which the profile counts: exact, without a counter, and only for what was spent.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::limits::LimitedAction;
use tests::{Answer, Person, TestApp, VOUCHER};

use crate::limits::counted;

const PRACTICE: &str = "/api/questions/practice";

fn one_question() -> Value {
    json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 1})
}

/// Spends that are left, as the response says.
fn left(answer: &Answer) -> u32 {
    let (_, after) = answer.header("ratelimit").split_once("\"spend\";r=").unwrap();
    after.split(';').next().unwrap().parse().unwrap()
}

async fn spend(person: &Person) -> u32 {
    let answer = person.post(PRACTICE, one_question()).await;
    let left = left(&answer);
    assert_eq!(answer.ok()["credits_deducted"], 1);
    left
}

#[tokio::test]
async fn what_was_not_spent_is_not_counted() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Free, 22).await;
    let first = ada.post_once(PRACTICE, "first", one_question()).await;
    assert_eq!(left(&first), 19);
    for _ in 0..3 {
        let again = ada.post_once(PRACTICE, "first", one_question()).await;
        assert_eq!((left(&again), &again.ok()), (19, &first.body));
    }
    let started = ada.post("/api/questions/alg-q4/start", json!({})).await;
    assert_eq!((left(&started), &started.ok()["credits_deducted"]), (18, &json!(1)));
    for _ in 0..3 {
        let again = ada.post("/api/questions/alg-q4/start", json!({})).await;
        assert_eq!((left(&again), &again.ok()["credits_deducted"]), (18, &json!(0)));
        let missing = ada.post(PRACTICE, json!({"course_id": "none", "count": 1})).await;
        assert_eq!(left(&missing), 18);
        let _ = missing.problem(404, "not_found");
        let reused = ada.post_once(PRACTICE, "first", json!({"course_id": "algebra", "count": 2})).await;
        assert_eq!(left(&reused), 18);
        let _ = reused.problem(422, "idempotency_key_reused");
    }
    let poor = test.member("poor", Plan::Free, 0).await;
    for _ in 0..3 {
        let refused = poor.post(PRACTICE, one_question()).await;
        assert_eq!(left(&refused), 20);
        let _ = refused.problem(402, "insufficient_credits");
    }
    for expected in (0..18).rev() {
        assert_eq!(spend(&ada).await, expected);
    }
    // The quota is used: nothing more is charged, and nothing is replayed.
    for key in ["another", "first"] {
        let refused = ada.post_once(PRACTICE, key, one_question()).await;
        assert_eq!((left(&refused), refused.header("retry-after")), (0, "60"));
        let problem = refused.problem(429, "rate_limited");
        assert_eq!((&problem["violated_policies"], &problem["retry_after_seconds"]), (&json!(["spend"]), &json!(60)));
    }
    assert_eq!(ada.credits().await, 2);
    test.pass(Duration::from_mins(1));
    let again = ada.post_once(PRACTICE, "first", one_question()).await;
    assert_eq!((left(&again), &again.ok()), (20, &first.body));
    assert_eq!(spend(&ada).await, 19);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_spend_writes_no_counter() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let _ = spend(&ada.through(process)).await;
    let written: Vec<_> =
        proxy.take_calls().into_iter().filter(|call| call.write_units > 0.0).map(|call| call.operation).collect();
    assert_eq!(written, ["TransactWriteItems"]);
    assert_eq!(counted(&test, LimitedAction::Spend, &ada.id).await, 0);
}

/// Every request is admitted before the first spend is committed, so the transactions decide.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_spends_of_several_processes_use_the_quota_exactly() {
    let test = TestApp::limited_to(12).await;
    let ada = test.member("ada", Plan::Starter, 60).await;
    let processes = [test.twin(), test.twin(), test.twin()];
    // The quota of all requests is as small: each minute has room for one race.
    for race in 1..=2 {
        let requests = (0..12).map(|number| {
            let person = ada.through(processes[number % 3].clone());
            async move { person.post_once(PRACTICE, &format!("{race}-{number}"), one_question()).await }
        });
        let before = ada.credits().await;
        test.pass(Duration::from_mins(1));
        for number in 0..5 {
            // They leave seven.
            assert_eq!(spend(&ada).await, 11 - number);
        }
        let window = test.app.limits.window(LimitedAction::SignedIn, test.app.now());
        test.app.store.uncount(window, &ada.id, 5).await.unwrap();
        let answers = join_all(requests).await;
        let (paid, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((paid.len(), refused.len()), (7, 5));
        for answer in refused {
            assert_eq!((left(&answer), answer.header("retry-after")), (0, "60"));
            assert_eq!(answer.problem(429, "rate_limited")["violated_policies"], json!(["spend"]));
        }
        test.pass(Duration::from_mins(1));
        assert_eq!(ada.credits().await, before - 12);
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn other_writes_of_the_profile_keep_the_count() {
    let test = TestApp::limited().await;
    test.voucher().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    assert_eq!(spend(&ada).await, 19);
    let _ = ada.patch("/api/auth/me", json!({"name": "Ada L."})).await.ok();
    assert_eq!(spend(&ada).await, 18);
    let _ = ada.post("/api/credits/redeem", json!({"code": VOUCHER})).await.ok();
    assert_eq!(spend(&ada).await, 17);
    // Buying a plan has a limit of its own, and an analysis too.
    let checkout = ada.post("/api/credits/purchase", json!({"plan": "starter"})).await;
    assert!(checkout.header("ratelimit").contains("\"payment\";r=19;t=60"), "{:?}", checkout.headers);
    assert!(!checkout.header("ratelimit").contains("\"spend\""), "{:?}", checkout.headers);
    let _ = checkout.ok();
    let analysis = ada.get("/api/courses/algebra/analysis").await;
    assert!(!analysis.header("ratelimit").contains("\"spend\""), "{:?}", analysis.headers);
    assert_eq!(analysis.ok()["credits_deducted"], 2);
    assert_eq!(spend(&ada).await, 16);
    test.assert_ledgers_are_true().await;
}
