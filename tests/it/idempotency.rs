//! `Idempotency-Key`: the effect happens once, and every retry gets the response.

use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::{Person, TestApp};

/// Every route that takes a key, with a request that succeeds once `alg-q2` is started.
fn requests() -> [(&'static str, Value); 5] {
    [
        ("/api/questions/practice", json!({"course_id": "algebra", "count": 2})),
        ("/api/questions/bundle", json!({"course_id": "algebra"})),
        ("/api/questions/alg-q3/start", Value::Null),
        ("/api/midterm/generate", json!({"course_id": "algebra", "difficulty": "easy"})),
        ("/api/questions/alg-q2/submit", json!({"answer": "B"})),
    ]
}

async fn once(person: &Person, path: &str, key: &str, body: &Value) -> tests::Answer {
    if body.is_null() {
        return person.send(Method::POST, path, None, &[("idempotency-key", key)]).await;
    }
    person.post_once(path, key, body.clone()).await
}

async fn ready(test: &TestApp, name: &str) -> Person {
    let person = test.member(name, Plan::Starter, 100).await;
    let _ = person.send(Method::POST, "/api/questions/alg-q2/start", None, &[]).await.ok();
    person
}

#[tokio::test]
async fn the_same_key_and_request_get_the_same_answer_and_one_charge() {
    let test = TestApp::start().await;
    let ada = ready(&test, "ada").await;
    for (path, body) in requests() {
        let first = once(&ada, path, path, &body).await.ok();
        let entries = test.entries(&ada.id).await.len();
        let credits = ada.credits().await;
        // Also from another process, and after a reload of the catalogue.
        for person in [ada.clone(), ada.through(test.twin())] {
            assert_eq!(once(&person, path, path, &body).await.ok(), first, "{path}");
        }
        assert_eq!((test.entries(&ada.id).await.len(), ada.credits().await), (entries, credits), "{path}");
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_order_and_spacing_of_members_do_not_matter() {
    let test = TestApp::start().await;
    let ada = ready(&test, "ada").await;
    let headers = [("content-type", "application/json"), ("idempotency-key", "k")];
    let mut answers = Vec::new();
    for body in [r#"{"course_id":"algebra","count":1}"#, "{ \"count\" : 1,\n\"course_id\": \"algebra\" }"] {
        answers.push(ada.send(Method::POST, "/api/questions/practice", Some(body.to_owned()), &headers).await.ok());
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(ada.credits().await, 98);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let test = TestApp::start().await;
    for (index, (path, body)) in requests().into_iter().enumerate() {
        let ada = ready(&test, &format!("ada{index}")).await;
        let _ = once(&ada, path, path, &body).await.ok();
        let credits = ada.credits().await;
        for (other, other_body) in requests() {
            let body = if other == path && !other_body.is_null() {
                let mut changed = other_body.clone();
                let (member, value) = match path {
                    "/api/questions/practice" => ("count", json!(1)),
                    "/api/questions/bundle" => ("topic_id", json!("alg-sets")),
                    "/api/midterm/generate" => ("difficulty", json!("sample")),
                    _ => ("another", json!(1)),
                };
                changed[member] = value;
                changed
            } else {
                other_body
            };
            if other == path && body.is_null() {
                continue;
            }
            let _ = once(&ada, other, path, &body).await.problem(422, "idempotency_key_reused");
        }
        assert_eq!(ada.credits().await, credits);
    }
}

#[tokio::test]
async fn keys_are_of_their_user() {
    let test = TestApp::start().await;
    let (ada, bob) = (ready(&test, "ada").await, ready(&test, "bob").await);
    for person in [&ada, &bob] {
        let _ = once(person, "/api/questions/bundle", "k", &json!({"course_id": "algebra"})).await.ok();
        assert_eq!(person.credits().await, 98);
    }
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let test = TestApp::start().await;
    let ada = ready(&test, "ada").await;
    let body = json!({"course_id": "algebra", "count": 1});
    let bought = |person: Person| {
        let body = body.clone();
        async move { person.post_once("/api/questions/practice", "k", body).await.ok()["credits"].clone() }
    };
    assert_eq!(bought(ada.clone()).await, 98);
    test.pass(Duration::from_secs(86_399));
    assert_eq!(bought(ada.clone()).await, 98);
    test.pass(Duration::from_secs(1));
    assert_eq!(bought(ada.clone()).await, 97);
    assert_eq!(bought(ada.clone()).await, 97);
}

#[tokio::test]
async fn a_failed_request_leaves_the_key_unused() {
    let test = TestApp::start().await;
    let poor = test.member("poor", Plan::Free, 0).await;
    let wish = json!({"course_id": "algebra", "count": 1});
    let path = "/api/questions/practice";
    let _ = poor.post_once(path, "k", wish.clone()).await.problem(402, "insufficient_credits");
    let _ = poor.post_once(path, "k", json!({"course_id": "none"})).await.problem(404, "not_found");
    test.pass(Duration::from_hours(24 * 30));
    let poor = test.renewed(&poor).await;
    assert_eq!(poor.post_once(path, "k", wish).await.ok()["credits"], 4);
}

/// It costs nothing, but its key is recorded like any other.
#[tokio::test]
async fn a_start_that_is_free_keeps_its_key() {
    let test = TestApp::start().await;
    let ada = ready(&test, "ada").await;
    let started = "/api/questions/alg-q2/start";
    let first = once(&ada, started, "k", &Value::Null).await.ok();
    assert_eq!((&first["credits_deducted"], &first["credits"]), (&json!(0), &json!(99)));
    let bundle = json!({"course_id": "algebra"});
    let _ = once(&ada, "/api/questions/bundle", "k", &bundle).await.problem(422, "idempotency_key_reused");
    let _ = once(&ada, "/api/questions/bundle", "k2", &bundle).await.ok();
    assert_eq!(once(&ada, started, "k", &Value::Null).await.ok(), first);
    test.pass(Duration::from_hours(24));
    assert_eq!(once(&ada, started, "k", &Value::Null).await.ok()["credits"], 98);
}

#[tokio::test]
async fn odd_keys_are_refused_before_anything_happens() {
    let test = TestApp::start().await;
    let ada = ready(&test, "ada").await;
    let credits = ada.credits().await;
    for (path, body) in requests() {
        for key in ["", &"x".repeat(256), "schlüssel", "a\tb"] {
            let problem = once(&ada, path, key, &body).await.problem(422, "invalid_field");
            assert_eq!(problem["field"], "Idempotency-Key", "{path}");
        }
    }
    assert_eq!(ada.credits().await, credits);
    let _ = once(&ada, "/api/questions/bundle", &"x".repeat(255), &json!({"course_id": "algebra"})).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_duplicates_spend_once_and_get_one_answer() {
    let test = TestApp::start().await;
    for (index, (path, body)) in requests().into_iter().enumerate() {
        let ada = ready(&test, &format!("ada{index}")).await;
        let entries = test.entries(&ada.id).await.len();
        let twins: Vec<_> = (0..16)
            .map(|_| {
                let (person, body) = (ada.through(test.twin()), body.clone());
                tokio::spawn(async move { once(&person, path, "twin", &body).await.ok() })
            })
            .collect();
        let mut answers = Vec::new();
        for twin in twins {
            answers.push(twin.await.unwrap());
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{path}: {answers:?}");
        let spends = usize::from(!path.ends_with("submit"));
        assert_eq!(test.entries(&ada.id).await.len(), entries + spends, "{path}");
    }
    test.assert_ledgers_are_true().await;
}

/// With one credit left, the concurrent duplicate must not fail with 402.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_duplicates_with_the_last_credit_both_succeed() {
    let test = TestApp::start().await;
    for round in 0..20 {
        let ada = test.member(&format!("ada{round}"), Plan::Free, 1).await;
        let path = if round % 2 == 0 { "/api/questions/practice" } else { "/api/questions/alg-q1/start" };
        let body = if round % 2 == 0 { json!({"course_id": "algebra", "count": 1}) } else { Value::Null };
        let twins: Vec<_> = (0..4)
            .map(|_| {
                let (person, body) = (ada.through(test.twin()), body.clone());
                tokio::spawn(async move { once(&person, path, "last", &body).await.ok() })
            })
            .collect();
        for twin in twins {
            let answer = twin.await.unwrap();
            assert_eq!((&answer["credits_deducted"], &answer["credits"]), (&json!(1), &json!(0)));
        }
    }
    test.assert_ledgers_are_true().await;
}
