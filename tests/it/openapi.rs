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
        let signs_in = ["login", "login_with_factor"].contains(&route.operation);
        assert_eq!(responses.contains_key("401"), route.access == RouteAccess::SignedIn || signs_in, "{name}");
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

/// Many languages write member names in their own case, so names that differ only in case and `_` become one name: a
/// duplicate declaration, or a member that is lost in silence.
#[test]
fn no_two_members_of_a_schema_have_the_same_name_in_another_case() {
    fn members(schema: &Value, contract: &Value, names: &mut BTreeSet<String>) {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            members(contract.pointer(path.trim_start_matches('#')).unwrap(), contract, names);
        }
        names.extend(schema["properties"].as_object().into_iter().flat_map(|properties| properties.keys().cloned()));
        schema["allOf"].as_array().into_iter().flatten().for_each(|part| members(part, contract, names));
    }
    fn check(value: &Value, contract: &Value, place: &str) {
        let mut names = BTreeSet::new();
        members(value, contract, &mut names);
        let mut seen = BTreeSet::new();
        for name in names {
            assert!(seen.insert(name.replace('_', "").to_lowercase()), "{place}: {name} has a twin");
        }
        match value {
            Value::Object(inner) => {
                inner.iter().for_each(|(name, value)| check(value, contract, &format!("{place}/{name}")));
            }
            Value::Array(entries) => entries.iter().for_each(|entry| check(entry, contract, place)),
            _ => {}
        }
    }
    let contract = committed();
    for part in ["schemas", "responses"] {
        check(&contract["components"][part], &contract, part);
    }
    check(&contract["paths"], &contract, "paths");
}

/// Keywords that generators are known to misread, and schemas without a name, whose generated names change with the contract.
#[test]
fn schemas_are_named_and_use_what_generators_read() {
    fn check(value: &Value, place: &str) {
        match value {
            Value::Object(members) => {
                let of_booleans = members.get("type") == Some(&json!("boolean")) && members.contains_key("enum");
                assert!(!of_booleans, "{place}: generators name the values of an enum, and `true` is no name");
                for (name, member) in members {
                    let is_data = ["example", "examples"].contains(&name.as_str());
                    assert!(is_data || !["const", "propertyNames"].contains(&name.as_str()), "{place}: {name}");
                    if !is_data {
                        check(member, &format!("{place}/{name}"));
                    }
                }
            }
            Value::Array(entries) => entries.iter().for_each(|entry| check(entry, place)),
            _ => {}
        }
    }
    let contract = committed();
    check(&contract, "");
    for (name, response) in contract["components"]["responses"].as_object().unwrap() {
        let schema = &response["content"]["application/problem+json"]["schema"];
        let target = schema["$ref"].as_str().unwrap_or_else(|| panic!("{name} has an inline schema"));
        assert!(target.ends_with("Problem"), "{target}");
    }
    let lacking = &contract["components"]["schemas"]["InsufficientCreditsProblem"]["allOf"][1];
    assert_eq!(lacking["properties"]["status"]["enum"], json!([402]));
    assert_eq!(lacking["required"], json!(["status", "code", "credits_needed", "credits_available"]));
    for (_, item) in contract["paths"].as_object().unwrap() {
        for (_, operation) in item.as_object().unwrap() {
            let description = operation["responses"]["200"]["description"].as_str().unwrap();
            assert!(!["", "Success."].contains(&description), "{}", operation["operationId"]);
        }
    }
    assert_eq!(contract["components"]["schemas"]["Seed"]["format"], "int64");
    let count = &contract["components"]["schemas"]["PracticeRequest"]["properties"]["count"];
    assert!(count.to_string().contains("buys three") && count.to_string().contains("\"default\":3"), "{count}");
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
