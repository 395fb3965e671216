//! Sends the payloads of `events/` to the function that API Gateway would call, as in Lambda.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use lambda_http::request::LambdaRequest;
use lambda_http::{Context, LambdaEvent};
use serde_json::{Value, json};
use shared::app::App;
use shared::http::routes::{ROUTES, Route};
use shared::http::{lambda, with_standard_layers};
use tests::events::{self, EVENTS};
use tests::{Answer, TestApp};

use crate::architecture::root;

/// A function, called as in Lambda.
fn function(name: &str, app: &App) -> Router {
    let router = match name {
        "analysis" => analysis::router,
        "assessment" => assessment::router,
        "auth" => auth::router,
        "courses" => courses::router,
        "credits" => credits::router,
        "marking" => marking::router,
        "midterm" => midterm::router,
        "questions" => questions::router,
        "topics" => topics::router,
        "webhooks" => webhooks::router,
        other => panic!("no function {other}"),
    };
    with_standard_layers(router(app.clone()), app.clone())
}

/// The route that a file is named after.
fn route_of(name: &str) -> &'static Route {
    let mut parts = name.split('.');
    let (function, operation) = (parts.next(), parts.next());
    let named = |route: &&Route| Some(route.function) == function && Some(route.operation) == operation;
    ROUTES.iter().find(named).unwrap_or_else(|| panic!("events/{name}.json: no such operation"))
}

/// Whether a path matches a route.
fn fits(path: &str, pattern: &str) -> bool {
    let (path, pattern): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
    path.len() == pattern.len()
        && path.iter().zip(pattern).all(|(part, wanted)| wanted.starts_with('{') || *part == wanted)
}

#[tokio::test]
async fn every_event_gets_the_expected_response() {
    let test = TestApp::start().await;
    events::prepare(&test).await;
    for (name, status, code) in EVENTS {
        let payload = events::payload(&test, name).await;
        let json = payload.to_string();
        let request = lambda_http::request::from_str(&json).unwrap().map(|body| Body::from(body.to_vec()));
        let answer = Answer::to(request, function(route_of(name).function, &test.app)).await;

        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.body);
        let request_id = payload["requestContext"]["requestId"].as_str().unwrap();
        assert_eq!(answer.header("x-request-id"), request_id, "{name}");
        match code {
            Some(code) => assert_eq!(answer.problem(status, code)["request_id"], request_id, "{name}"),
            None => assert_ne!(answer.header("content-type"), "application/problem+json", "{name}"),
        }
    }
}

#[tokio::test]
async fn query_parameters_of_an_event_are_decoded() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let json = events::text("questions.browse_questions.filters").replace("{{token}}", &ada.token.unwrap());
    let request = lambda_http::request::from_str(&json).unwrap().map(|body| Body::from(body.to_vec()));
    let page = Answer::to(request, function("questions", &test.app)).await.ok();
    assert_eq!((&page["total"], &page["questions"][0]["id"]), (&json!(1), &json!("alg-q3")));
}

/// The response to API Gateway has a problem as text, not as base64.
#[tokio::test]
async fn answers_leave_lambda_in_payload_format_2() {
    let test = TestApp::start().await;
    for (name, status, media_type) in [
        ("auth.show_me.missing_token", 401, "application/problem+json"),
        ("questions.feature_question", 200, "application/json"),
    ] {
        let payload: LambdaRequest = serde_json::from_str(&events::text(name)).unwrap();
        let router = function(route_of(name).function, &test.app);
        let answer = lambda::answer(router, LambdaEvent::new(payload, Context::default())).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["statusCode"], status);
        assert_eq!(answer["isBase64Encoded"], false);
        assert_eq!(answer["headers"]["content-type"], media_type);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert!(body.is_object(), "{body}");
    }
}

#[tokio::test]
async fn bytes_leave_lambda_as_base64() {
    let payload: LambdaRequest = serde_json::from_str(&events::text("courses.show_status")).unwrap();
    let router = Router::new().fallback(async || [0xff, 0x00]);
    let answer = lambda::answer(router, LambdaEvent::new(payload, Context::default())).await.unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!((&answer["isBase64Encoded"], &answer["body"]), (&json!(true), &json!("/wA=")));
}

#[test]
fn every_event_file_is_listed() {
    let files: BTreeSet<String> = std::fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".json").unwrap_or_else(|| panic!("events/{file} is no JSON file")).to_owned())
        .collect();
    assert_eq!(files, EVENTS.map(|(name, ..)| name.to_owned()).into());
}

#[test]
fn every_route_has_an_event_with_its_name() {
    for route in &ROUTES {
        let payload: Value =
            serde_json::from_str(&events::text(&format!("{}.{}", route.function, route.operation))).unwrap();
        let http = &payload["requestContext"]["http"];
        assert_eq!(http["method"], route.method.as_str());
        assert!(fits(payload["rawPath"].as_str().unwrap(), route.path), "{route:?}");
    }
}

#[test]
fn events_have_the_form_of_api_gateway() {
    for (name, ..) in EVENTS {
        let payload: Value = serde_json::from_str(&events::text(name)).unwrap();
        let context = &payload["requestContext"];
        assert_eq!((&payload["version"], &context["stage"]), (&json!("2.0"), &json!("$default")), "{name}");
        assert_eq!(
            (&payload["routeKey"], &payload["rawPath"]),
            (&context["routeKey"], &context["http"]["path"]),
            "{name}"
        );
        // An address reserved for documentation (RFC 5737).
        let address = context["http"]["sourceIp"].as_str().unwrap();
        assert!(address.starts_with("203.0.113."), "{name}");
        assert_eq!(payload["headers"]["x-forwarded-for"], address, "{name}");
        let path = payload["rawPath"].as_str().unwrap();
        match payload["routeKey"].as_str().unwrap() {
            "$default" => assert!(!ROUTES.iter().any(|route| fits(path, route.path)), "{name}"),
            key => assert_eq!(key, format!("ANY {}", route_of(name).path), "{name}"),
        }
    }
}
