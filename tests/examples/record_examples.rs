//! `cargo run -p tests --example record_examples` writes the examples of the contract. It sends the events of `events/`
//! that are named after an operation, as a student with some activity, and records the responses. It uses the sample
//! course of `serve`, so that the examples work there. Lists are cut after their second entry.

#![expect(clippy::unwrap_used, reason = "a panic ends the command")]

use axum::body::Body;
use pastpaper::samples::import_samples;
use serde_json::{Map, Value, json};
use shared::domain::account::password::PasswordHash;
use shared::domain::credits::Plan;
use shared::http::routes::ROUTES;
use tests::{PASSWORD, Person, TestApp, WORKER_HASH, events};

/// The written examples.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../cli/src/openapi/examples.json");
/// Maximum entries of a list.
const ENTRIES_MAX: usize = 2;
/// These requests end accounts or sessions, so another user sends them.
const ENDING: [&str; 5] = ["change_password", "delete_account", "setup_factor", "confirm_factor", "remove_factor"];
/// The password in the examples, with which contract testers sign in.
const EXAMPLE_PASSWORD: &str = "correct horse battery";
/// The token of a mail in the examples. It is not valid.
const EXAMPLE_TOKEN: &str = "pm_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The challenge of a login in the examples. It is not valid.
const EXAMPLE_CHALLENGE: &str = "pc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The code of an app in the examples.
const EXAMPLE_CODE: &str = "123456";
/// Ids of the test course in the events, and their replacements in the examples.
const IN_THE_SAMPLE: [(&str, &str); 5] = [
    ("algebra", COURSE),
    ("alg-2020", "calc2-2018-fall-final"),
    ("alg-q2", QUESTION),
    ("alg-quadratic", "calc2-sequences"),
    ("alg-sets", "calc2-by-parts"),
];
/// The sample course.
const COURSE: &str = "calc2";
/// One of its questions, with choices.
const QUESTION: &str = "calc2-2018-fall-final-q9";

/// A student with some activity.
async fn ada(test: &TestApp) -> Person {
    let ada = test.member("ada", Plan::Free, 60).await;
    test.set_hash(&ada, &PasswordHash::imported(WORKER_HASH.to_owned())).await;
    for (path, body) in [
        (format!("/api/courses/{COURSE}/enroll"), json!({})),
        ("/api/questions/practice".to_owned(), json!({"course_id": COURSE, "count": 2})),
        (format!("/api/questions/{QUESTION}/start"), json!({})),
        (format!("/api/questions/{QUESTION}/submit"), json!({"answer": "A", "time_spent_seconds": 80})),
        ("/api/credits/purchase".to_owned(), json!({"plan": "starter"})),
    ] {
        let _ = ada.post(&path, body).await.ok();
    }
    ada
}

/// The student's midterm, and two of its questions without choices.
async fn midterm(ada: &Person) -> (String, [String; 2]) {
    let midterm = ada.post("/api/midterm/generate", json!({"course_id": COURSE, "difficulty": "easy"})).await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let is_written = |question: &&Value| question["options"] == json!([]);
    let mut written = midterm["questions"].as_array().unwrap().iter().filter(is_written);
    let ids = [(); 2].map(|()| text(&written.next().unwrap()["id"]));
    (text(&midterm["midterm_id"]), ids)
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(entries) => {
            entries.truncate(ENTRIES_MAX);
            entries.iter_mut().for_each(shorten);
        }
        // There are always ten recovery codes.
        Value::Object(members) => {
            members.iter_mut().filter(|(name, _)| *name != "recovery_codes").for_each(|(_, value)| shorten(value));
        }
        _ => {}
    }
}

/// Path and query parameters, numbers as numbers.
fn parameters(payload: &Value) -> Map<String, Value> {
    let both = ["pathParameters", "queryStringParameters"].into_iter().filter_map(|name| payload[name].as_object());
    let typed = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok()).map(Value::from);
    both.flatten().map(|(name, value)| (name.clone(), typed(value).unwrap_or_else(|| value.clone()))).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let test = TestApp::empty().await;
    import_samples(&test.app).await.unwrap();
    test.voucher().await;
    let ada = ada(&test).await;
    let (midterm, asked) = midterm(&ada).await;
    let mut examples = Map::new();
    for route in &ROUTES {
        let ends = ENDING.contains(&route.operation);
        let reader = if ends { test.user(route.operation).await } else { test.renewed(&ada).await };
        let name = format!("{}.{}", route.function, route.operation);
        let mut event = events::text(&name).replace("{{midterm}}", &midterm);
        if route.operation == "submit_midterm" {
            event = event.replace("alg-q1", &asked[0]).replace("alg-q4", &asked[1]);
        }
        for (in_the_tests, in_the_sample) in IN_THE_SAMPLE {
            event = event.replace(in_the_tests, in_the_sample);
        }
        let (mut link_token, mut code) = (None, None);
        if event.contains(events::LINK_TOKEN) {
            let owner = test.user(&format!("{}-link", route.operation)).await;
            if event.contains(events::CODE) {
                let typed = events::code(&test, &owner, &name).await;
                event = event.replace(events::CODE, &typed);
                code = Some(typed);
            }
            let token = events::link_token(&test, &owner, &name).await;
            event = event.replace(events::LINK_TOKEN, &token);
            link_token = Some(token);
        }
        if event.contains(events::CODE) {
            let typed = events::code(&test, &reader, &name).await;
            event = event.replace(events::CODE, &typed);
            code = Some(typed);
        }
        let payload = events::fill(&name, event, &reader, test.app.now()).await;
        // An image is no JSON, and the sample course has none.
        if route.operation == "show_figure" {
            examples.insert(route.operation.to_owned(), json!({"parameters": parameters(&payload)}));
            continue;
        }
        let request = lambda_http::request::from_str(&payload.to_string()).unwrap();
        let mut answer = test.send(request.map(|body| Body::from(body.to_vec()))).await.ok();
        shorten(&mut answer);
        let mut parameters = parameters(&payload);
        if parameters.contains_key("token") {
            parameters.insert("token".to_owned(), json!(EXAMPLE_TOKEN));
        }
        let mut example = json!({"parameters": parameters, "response": answer});
        // The form that a mail program sends is ignored.
        let form = Some(&json!("application/x-www-form-urlencoded"));
        if let Some(body) = payload["body"].as_str().filter(|_| payload["headers"].get("content-type") != form) {
            let mut body = body.replace(PASSWORD, EXAMPLE_PASSWORD);
            if let Some(token) = &link_token {
                let shown = if token.starts_with("pc_") { EXAMPLE_CHALLENGE } else { EXAMPLE_TOKEN };
                body = body.replace(token, shown);
            }
            if let Some(code) = &code {
                body = body.replace(code, EXAMPLE_CODE);
            }
            example["request"] = serde_json::from_str(&body).unwrap();
        }
        examples.insert(route.operation.to_owned(), example);
    }
    let json = serde_json::to_string_pretty(&examples).unwrap();
    std::fs::write(FILE, json + "\n").unwrap();
}
