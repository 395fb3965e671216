//! `cargo run -p tests --example record_examples` writes the examples of the contract: the events of `events/` that are named
//! after an operation alone, sent by a student who has done something already, and what they are answered. Lists end after
//! their second entry.

#![expect(clippy::unwrap_used, reason = "it ends where it goes wrong")]

use axum::body::Body;
use serde_json::{Map, Value, json};
use shared::domain::credits::Plan;
use shared::domain::password::PasswordHash;
use shared::http::routes::ROUTES;
use tests::{PASSWORD, Person, TestApp, WORKER_HASH, events};

/// What is written.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/src/openapi/examples.json");
/// Entries of a list that are kept.
const ENTRIES_MAX: usize = 2;
/// These end accounts or sessions: somebody else's.
const ENDING: [&str; 2] = ["change_password", "delete_account"];
/// What examples say instead of the tests' password, with which testers of the contract sign in.
const EXAMPLE_PASSWORD: &str = "correct horse battery";

/// A student with a past.
async fn ada(test: &TestApp) -> Person {
    let ada = test.member("ada", Plan::Free, 60).await;
    test.set_hash(&ada, &PasswordHash::imported(WORKER_HASH.to_owned())).await;
    for (path, body) in [
        ("/api/courses/algebra/enroll", json!({})),
        ("/api/questions/practice", json!({"course_id": "algebra", "count": 2})),
        ("/api/questions/alg-q2/start", json!({})),
        ("/api/questions/alg-q2/submit", json!({"answer": "A", "time_spent_seconds": 80})),
        ("/api/credits/purchase", json!({"plan": "starter"})),
    ] {
        let _ = ada.post(path, body).await.ok();
    }
    let _ = ada.midterm().await;
    ada
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(entries) => {
            entries.truncate(ENTRIES_MAX);
            entries.iter_mut().for_each(shorten);
        }
        Value::Object(members) => members.values_mut().for_each(shorten),
        _ => {}
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let test = TestApp::start().await;
    let ada = ada(&test).await;
    let mut examples = Map::new();
    for route in &ROUTES {
        let ends = ENDING.contains(&route.operation);
        let reader = if ends { test.user(route.operation).await } else { test.renewed(&ada).await };
        let name = format!("{}.{}", route.function, route.operation);
        let payload = events::filled(&name, &reader, test.app.now()).await;
        let request = lambda_http::request::from_str(&payload.to_string()).unwrap();
        let mut answer = test.send(request.map(|body| Body::from(body.to_vec()))).await.ok();
        shorten(&mut answer);
        let mut example = json!({"response": answer});
        if let Some(body) = payload["body"].as_str() {
            let body = body.replace(PASSWORD, EXAMPLE_PASSWORD);
            example["request"] = serde_json::from_str(&body).unwrap();
        }
        examples.insert(route.operation.to_owned(), example);
    }
    let json = serde_json::to_string_pretty(&examples).unwrap();
    std::fs::write(FILE, json + "\n").unwrap();
}
