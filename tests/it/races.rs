//! Races between concurrent requests. Each race runs 200 times (fewer on a shared engine), each time with a new
//! student.
//!
//! A 503 does not fail these tests, because it has no effect; the client retries. The number of 503s is bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};
use shared::domain::credits::{EntryType, Plan};
use tests::engine::rounds;
use tests::{Answer, Person, TestApp};

const ROUNDS: usize = 200;
/// Runs of the race that takes long for each student.
const ROUNDS_AT_ONCE: usize = 4;
/// Number of processes that serve the clients of a race.
const PROCESSES: usize = 4;
/// One 503 is allowed per this many requests.
const REQUESTS_A_503: usize = 200;
/// Maximum retries of a client after 503.
const PATIENCE: usize = 20;

/// A concurrent request; null means no body.
#[derive(Clone, Copy)]
struct Request<'a> {
    path: &'a str,
    body: &'a Value,
    key: Option<&'a str>,
}

/// The processes of the races, and the number of 503s.
struct Track {
    test: TestApp,
    processes: Vec<Router>,
    requests: AtomicUsize,
    unavailable: Arc<AtomicUsize>,
}

impl Track {
    async fn start() -> Self {
        let test = TestApp::start().await;
        let processes = (0..PROCESSES).map(|_| test.twin()).collect();
        Self { test, processes, requests: AtomicUsize::default(), unavailable: Arc::default() }
    }

    /// Sends the same request from `clients` concurrently and returns the responses.
    async fn race(&self, person: &Person, clients: usize, request: Request<'_>) -> Vec<Answer> {
        self.requests.fetch_add(clients, Ordering::Relaxed);
        let running: Vec<_> = (0..clients)
            .map(|client| {
                let person = person.through(self.processes[client % PROCESSES].clone());
                let unavailable = Arc::clone(&self.unavailable);
                let (path, body) = (request.path.to_owned(), request.body.clone());
                let key = request.key.map(str::to_owned);
                tokio::spawn(async move { persist(&person, &path, &body, key.as_deref(), &unavailable).await })
            })
            .collect();
        join_all(running).await.into_iter().map(Result::unwrap).collect()
    }

    /// Checks the number of 503s and all stored items.
    async fn finish(self) {
        let (requests, unavailable) = (self.requests.into_inner(), self.unavailable.load(Ordering::Relaxed));
        assert!(
            unavailable * REQUESTS_A_503 <= requests,
            "{unavailable} of {requests} requests were answered 503 before they succeeded"
        );
        self.test.assert_ledgers_are_true().await;
    }
}

/// Retries until the response is not 503.
async fn persist(person: &Person, path: &str, body: &Value, key: Option<&str>, unavailable: &AtomicUsize) -> Answer {
    let mut headers = Vec::from_iter(key.map(|key| ("idempotency-key", key)));
    if !body.is_null() {
        headers.push(("content-type", "application/json"));
    }
    for _ in 0..PATIENCE {
        let text = (!body.is_null()).then(|| body.to_string());
        let answer = person.send(Method::POST, path, text, &headers).await;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            return answer;
        }
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{:?}", answer.headers);
        unavailable.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("still 503 after {PATIENCE} tries");
}

/// What is in the ledger, oldest first: kind, amount, balance after it.
async fn ledger(test: &TestApp, person: &Person) -> Vec<(EntryType, i64, u32)> {
    let entries = test.entries(&person.id).await;
    let sum: i64 = entries.iter().map(|entry| entry.amount).sum();
    assert_eq!(u64::try_from(sum).unwrap(), person.credits().await);
    entries.iter().map(|entry| (entry.kind, entry.amount, entry.balance_after)).collect()
}

fn split(answers: Vec<Answer>) -> (Vec<Value>, Vec<Answer>) {
    let (paid, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == StatusCode::OK);
    (paid.into_iter().map(|answer| answer.body).collect(), refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_credit_is_spent_once() {
    let track = Track::start().await;
    let body = json!({"course_id": "algebra", "count": 1});
    for round in 0..rounds(ROUNDS) {
        let ada = track.test.member(&format!("ada{round}"), Plan::Free, 1).await;
        let request = Request { path: "/api/questions/practice", body: &body, key: None };
        let (paid, refused) = split(track.race(&ada, 32, request).await);
        assert_eq!((paid.len(), refused.len()), (1, 31), "round {round}");
        assert_eq!((&paid[0]["credits_deducted"], &paid[0]["credits"]), (&json!(1), &json!(0)), "round {round}");
        for answer in refused {
            let problem = answer.problem(402, "insufficient_credits");
            assert_eq!((&problem["credits_needed"], &problem["credits_available"]), (&json!(1), &json!(0)));
        }
        let expected = [(EntryType::Adjustment, 1, 1), (EntryType::QuestionView, -1, 0)];
        assert_eq!(ledger(&track.test, &ada).await, expected, "round {round}");
    }
    track.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_requests_with_one_key_spend_once() {
    let track = Track::start().await;
    let practice = json!({"course_id": "algebra", "count": 2});
    let bundle = json!({"course_id": "algebra"});
    let requests = [
        ("/api/questions/practice", &practice, 2),
        ("/api/questions/bundle", &bundle, 1),
        ("/api/questions/alg-q2/start", &Value::Null, 1),
    ];
    for round in 0..rounds(ROUNDS) {
        let (path, body, price) = requests[round % requests.len()];
        // Every second run has credits for only one request.
        let credits = if round % 2 == 0 { 20 } else { u32::try_from(price).unwrap() };
        let ada = track.test.member(&format!("ada{round}"), Plan::Starter, credits).await;
        let answers = track.race(&ada, 16, Request { path, body, key: Some("twin") }).await;
        let first = answers[0].clone().ok();
        assert_eq!(first["credits_deducted"], price, "round {round}");
        for answer in answers {
            assert_eq!(answer.ok(), first, "round {round}");
        }
        let after = credits - u32::try_from(price).unwrap();
        let expected = [(EntryType::Adjustment, credits.into(), credits), (EntryType::QuestionView, -price, after)];
        assert_eq!(ledger(&track.test, &ada).await, expected, "round {round}");
    }
    track.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_met_by_all_requests_happens_once() {
    let track = Track::start().await;
    let body = json!({"course_id": "algebra", "count": 1});
    let request = Request { path: "/api/questions/practice", body: &body, key: None };
    let mut members = Vec::new();
    for round in 0..rounds(ROUNDS) {
        members.push(track.test.member(&format!("ada{round}"), Plan::Starter, 3).await);
    }
    track.test.pass(Duration::from_hours(24 * 30));
    let round = async |member: Person| {
        let ada = track.test.renewed(&member).await;
        let (paid, refused) = split(track.race(&ada, 16, request).await);
        assert_eq!((paid.len(), refused.len()), (15, 1), "{}", ada.email);
        for answer in refused {
            assert_eq!(answer.problem(402, "insufficient_credits")["credits_available"], 0, "{}", ada.email);
        }
        let mut balances: Vec<_> = paid.iter().map(|body| body["credits"].as_u64().unwrap()).collect();
        balances.sort_unstable();
        assert_eq!(balances, (0..15).collect::<Vec<_>>(), "{}", ada.email);
        let mut expected = vec![(EntryType::Adjustment, 3, 3), (EntryType::MonthlyRefresh, 12, 15)];
        expected.extend((0..15).rev().map(|after| (EntryType::QuestionView, -1, after)));
        assert_eq!(ledger(&track.test, &ada).await, expected, "{}", ada.email);
    };
    // The clients spend most of their time in pauses between retries.
    stream::iter(members).for_each_concurrent(ROUNDS_AT_ONCE, &round).await;
    track.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_started_by_all_is_charged_once() {
    let track = Track::start().await;
    let request = Request { path: "/api/questions/alg-q2/start", body: &Value::Null, key: None };
    for round in 0..rounds(ROUNDS) {
        // Every second run spends the last credit.
        let credits = if round % 2 == 0 { 5 } else { 1 };
        let ada = track.test.member(&format!("ada{round}"), Plan::Free, credits).await;
        let (started, refused) = split(track.race(&ada, 8, request).await);
        let charged = started.iter().filter(|body| body["credits_deducted"] == 1).count();
        let free = started.iter().filter(|body| body["credits_deducted"] == 0).count();
        assert_eq!((charged, free + refused.len()), (1, 7), "round {round}");
        // Balance and question are read concurrently, not atomically: the question may still look locked when the
        // credit is already spent.
        assert!(credits == 1 || refused.is_empty(), "round {round}");
        for answer in refused {
            let _ = answer.problem(402, "insufficient_credits");
        }
        assert!(started.iter().all(|body| body["question"] == started[0]["question"]), "round {round}");
        let expected = [(EntryType::Adjustment, credits.into(), credits), (EntryType::QuestionView, -1, credits - 1)];
        assert_eq!(ledger(&track.test, &ada).await, expected, "round {round}");
    }
    track.finish().await;
}
