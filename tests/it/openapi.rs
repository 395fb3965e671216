//! The contract: the committed file is current, complete and served.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use axum::response::{AppendHeaders, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use shared::http::Code;
use shared::http::routes::{ROUTES, RouteAccess};
use tests::contract::wrong_examples;
use tests::{Answer, TestApp};

use crate::architecture::read;

fn committed() -> Value {
    serde_json::from_str(&read("openapi.json")).unwrap()
}

#[test]
fn the_committed_contract_equals_the_generated_one() {
    let fresh = pastpaper::openapi::text().unwrap();
    let is_same = read("openapi.json").trim_end() == fresh;
    assert!(is_same, "openapi.json is stale: cargo run -p pastpaper -- openapi > openapi.json");
}

#[test]
fn the_contract_has_exactly_the_routes() {
    let contract = committed();
    let mut described = BTreeSet::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            described.insert((method.to_uppercase(), path.clone(), id.to_owned()));
        }
    }
    let listed =
        ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned(), route.operation.to_owned()));
    assert_eq!(described, listed.collect());
}

#[test]
fn every_operation_has_security_parameters_and_errors() {
    let contract = committed();
    for route in &ROUTES {
        let operation = &contract["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
        let name = route.operation;
        let security = if route.access == RouteAccess::Open { json!([]) } else { json!([{"session": []}]) };
        assert_eq!(operation["security"], security, "{name}");
        for text in ["summary", "description"] {
            assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{name}: {text}");
        }
        let in_path: Vec<&str> = route
            .path
            .split(['{', '}'])
            .enumerate()
            .filter_map(|(index, part)| (index % 2 == 1).then_some(part))
            .collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described = parameters.iter().filter(|parameter| parameter["in"] == "path");
        assert_eq!(
            described.map(|parameter| parameter["name"].as_str().unwrap()).collect::<Vec<_>>(),
            in_path,
            "{name}"
        );
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("200") && responses.contains_key("503"), "{name}");
        assert_eq!(responses.contains_key("401"), route.access == RouteAccess::SignedIn || name == "login", "{name}");
    }
}

#[test]
fn every_request_and_response_has_a_valid_example() {
    assert_eq!(wrong_examples(), [""; 0], "cargo run -p tests --example record_examples");
}

#[test]
fn every_reference_resolves() {
    fn check(value: &Value, contract: &Value) {
        if let Some(path) = value.get("$ref").and_then(Value::as_str) {
            assert!(contract.pointer(path.trim_start_matches('#')).is_some(), "{path}");
        }
        match value {
            Value::Object(members) => members.values().for_each(|member| check(member, contract)),
            Value::Array(entries) => entries.iter().for_each(|entry| check(entry, contract)),
            _ => {}
        }
    }
    let contract = committed();
    check(&contract, &contract);
}

#[test]
fn every_code_is_listed_once() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), Code::ALL.len());
}

/// The harness checks every response against the contract. This test shows that it finds a violation.
#[tokio::test]
async fn a_response_that_breaks_the_contract_is_found() {
    async fn is_noticed(body: Value, with_id: bool) -> bool {
        let id = with_id.then_some(("x-request-id", "1"));
        let router = Router::new().route("/api/courses/{id}/stats", get(async move || (AppendHeaders(id), Json(body))));
        let router = router.layer(axum::middleware::map_response(async |mut response: Response| {
            response.headers_mut().insert("etag", HeaderValue::from_static("1"));
            response
        }));
        let request =
            Request::get("/api/courses/algebra/stats").header("host", "localhost").body(Body::empty()).unwrap();
        tokio::spawn(Answer::to(request, router)).await.is_err()
    }
    let stats = json!({"exams": 1, "questions": 2, "topics": 3});
    assert!(!is_noticed(stats.clone(), true).await);
    assert!(is_noticed(stats.clone(), false).await, "a header is missing");
    let mut unknown = stats.clone();
    unknown["secret"] = json!(1);
    assert!(is_noticed(unknown, true).await, "a member that nobody knows");
    let mut wrong = stats.clone();
    wrong["exams"] = json!("1");
    assert!(is_noticed(wrong, true).await, "a wrong type");
    assert!(is_noticed(json!({"exams": 1, "questions": 2}), true).await, "a member is missing");
}

#[tokio::test]
async fn serve_answers_the_contract_and_its_page() {
    let test = TestApp::empty().await;
    let served = test.beside(pastpaper::docs::router().unwrap());
    let contract = served.get("/api/openapi.json").await;
    assert_eq!(contract.ok(), committed());
    let page = served.get("/docs/").await;
    let policy = page.header("content-security-policy").to_owned();
    assert!(policy.starts_with("default-src 'self'") && !policy.contains("http"), "{policy}");
    let page = page.ok();
    let page = page.as_str().unwrap();
    assert!(page.contains("swagger-ui") && !page.contains("https://"), "{page}");
    let _ = served.get("/docs/nothing.js").await.problem(404, "not_found");
}
