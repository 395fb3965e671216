//! The log lines of a function for a student's requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use shared::http::logs::{JsonLines, Monitoring};
use tests::proxy::{Aim, Fault, Reach};
use tests::{TestApp, stripe};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Metrics of a request's line with `MONITORING=full`.
pub(crate) const FULL_METRICS: [&str; 9] = [
    "slow_requests",
    "payment_errors",
    "cold_starts",
    "database_calls",
    "database_retries",
    "conflicts",
    "spends",
    "credits_spent",
    "credits_granted",
];

/// The lines that this test's thread logs.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<Value>>>);

impl Lines {
    pub(crate) fn layer(&self) -> JsonLines<impl Fn(Value) + use<>> {
        let kept = Arc::clone(&self.0);
        JsonLines::new("prod".to_owned(), "all".to_owned(), Monitoring::Full, move |line| {
            kept.lock().unwrap().push(line);
        })
    }

    /// The line of the latest request.
    pub(crate) fn latest(&self) -> Value {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        lines.into_iter().rfind(|line| line["message"] == "request").unwrap()
    }

    /// Warnings and errors logged since then.
    fn loud(&self) -> Vec<Value> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        lines.into_iter().filter(|line| line["level"] == "WARN" || line["level"] == "ERROR").collect()
    }

    /// Credits that the latest request moved: spends, spent, granted.
    fn moved(&self) -> [u64; 3] {
        let line = self.latest();
        ["spends", "credits_spent", "credits_granted"].map(|name| line[name].as_u64().unwrap())
    }
}

#[tokio::test]
async fn every_movement_of_credits_is_counted_in_its_request() {
    let test = TestApp::start().await;
    let lines = Lines::default();
    let _guard = tracing_subscriber::registry().with(lines.layer()).set_default();
    let order = json!({"course_id": "algebra", "count": 2});

    let ada = test.user("ada").await;
    assert_eq!(lines.moved(), [0, 0, 5]);
    let _ = ada.post("/api/questions/practice", order.clone()).await.ok();
    assert_eq!(lines.moved(), [1, 2, 0]);
    let _ = ada.get("/api/credits/balance").await.ok();
    assert_eq!(lines.moved(), [0, 0, 0]);
    // A month later the refresh adds two credits, to five. The spend is a separate movement.
    test.pass(Duration::from_hours(31 * 24));
    let ada = test.renewed(&ada).await;
    let _ = ada.post("/api/questions/practice", order).await.ok();
    assert_eq!(lines.moved(), [1, 2, 2]);
}

#[tokio::test]
async fn credits_of_a_payment_are_counted_once() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let lines = Lines::default();
    let _guard = tracing_subscriber::registry().with(lines.layer()).set_default();
    let mut granted = Vec::new();
    for _ in 0..2 {
        for event in stripe::life(stripe::Shape::Since, &ada, test.app.now()) {
            assert!(test.webhook(&event).await.status.is_success());
            granted.push(lines.moved()[2]);
        }
    }
    let (first, again) = granted.split_at(granted.len() / 2);
    let entries = test.entries(&ada.id).await;
    let came: i64 = entries[1..].iter().map(|entry| entry.amount.max(0)).sum();
    assert!(came > 0);
    assert_eq!((first.iter().sum::<u64>(), again.iter().sum::<u64>()), (came.unsigned_abs(), 0));
}

#[tokio::test]
async fn a_request_is_a_line_with_its_metrics_and_without_names() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let lines = Lines::default();
    let _guard = tracing_subscriber::registry().with(lines.layer()).set_default();

    let answer = ada.get("/api/questions/alg-q1").await;
    let line = lines.latest();
    assert_eq!(line["request_id"], answer.header("x-request-id"));
    let said = ["method", "route", "status", "level", "stage", "function"].map(|name| line[name].clone());
    assert_eq!(json!(said), json!(["GET", "/api/questions/{id}", 200, "INFO", "prod", "all"]));
    let whole = line.to_string();
    for name in [ada.id.as_str(), ada.email.as_str(), ada.token.as_deref().unwrap(), "alg-q1"] {
        assert!(!whole.contains(name), "{name}: {whole}");
    }
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    let metrics: Vec<&str> =
        directive["Metrics"].as_array().unwrap().iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
    assert_eq!(metrics, FULL_METRICS);
    assert!(metrics.iter().all(|name| line[name].is_u64()), "{line}");
    assert_eq!((&line["slow_requests"], &line["server_errors"]), (&json!(0), &json!(0)));
    assert!(line["database_calls"].as_u64() > Some(0));

    // A request without a session logs no user, and a refusal is not logged as an error.
    let _ = test.somebody("pp_nobody").get("/api/auth/me").await.problem(401, "unauthenticated");
    let line = lines.latest();
    assert_eq!((&line["user"], &line["status"], &line["server_errors"]), (&json!("-"), &json!(401), &json!(0)));
}

#[tokio::test]
async fn a_failure_logs_its_cause() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let lines = Lines::default();
    let _guard = tracing_subscriber::registry().with(lines.layer()).set_default();
    let _ = test.anonymous().get("/api/featured-question").await.ok();
    assert!(lines.latest().get("cause").is_none());
    let ada = test.user("ada").await;
    proxy.arm(Fault::ErrorBefore, Aim { name: None, nth: 0, reach: Reach::Onwards });
    let _ = ada.get("/api/credits/balance").await.problem(503, "unavailable");
    let loud = lines.loud();
    assert_eq!(loud.len(), 1, "the request's line alone: {loud:#?}");
    let line = &loud[0];
    assert_eq!((&line["level"], &line["server_errors"]), (&json!("ERROR"), &json!(1)));
    assert!(line["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{line}");
    assert!(line["database_retries"].as_u64() > Some(0), "{line}");
    assert_eq!(line["payment_errors"], 1, "a route of credits: {line}");
    let _ = ada.get("/api/courses/algebra/exams").await.problem(503, "unavailable");
    let line = lines.latest();
    assert_eq!((&line["server_errors"], &line["payment_errors"]), (&json!(1), &json!(0)), "{line}");
}
