//! The payloads of `events/`, answered as in Lambda: by the one function that API Gateway would call.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use lambda_http::request::LambdaRequest;
use lambda_http::tower::ServiceExt;
use lambda_http::{Adapter, Context, LambdaEvent};
use serde_json::{Value, json};
use shared::app::App;
use shared::http::routes::{ROUTES, Route};
use shared::http::with_manners;
use tests::{Answer, TestApp};

use crate::architecture::{read, root};

/// File name without `.json`, status, and the code when it is a problem's.
const EXPECTED: [(&str, u16, Option<&str>); 66] = [
    ("analysis.show_analysis", 200, None),
    ("analysis.show_analysis.prefetch", 402, Some("not_purchased")),
    ("analysis.show_analysis.unknown_course", 404, Some("not_found")),
    ("assessment.find_weak_topics", 200, None),
    ("assessment.find_weak_topics.unknown_topic", 404, Some("not_found")),
    ("assessment.show_progress", 200, None),
    ("auth.change_password", 200, None),
    ("auth.change_password.wrong", 401, Some("invalid_credentials")),
    ("auth.delete_account", 200, None),
    ("auth.export_account", 200, None),
    ("auth.list_sessions", 200, None),
    ("auth.login", 200, None),
    ("auth.login.base64_body", 200, None),
    ("auth.login.wrong_method", 405, Some("method_not_allowed")),
    ("auth.login.wrong_password", 401, Some("invalid_credentials")),
    ("auth.logout", 200, None),
    ("auth.register", 200, None),
    ("auth.register.email_taken", 409, Some("email_taken")),
    ("auth.register.malformed_json", 400, Some("invalid_json")),
    ("auth.revoke_session", 200, None),
    ("auth.revoke_session.unknown", 404, Some("not_found")),
    ("auth.show_me", 200, None),
    ("auth.show_me.foreign_token", 401, Some("unauthenticated")),
    ("auth.show_me.missing_token", 401, Some("unauthenticated")),
    ("courses.enroll", 200, None),
    ("courses.list_courses", 200, None),
    ("courses.list_exams", 200, None),
    ("courses.show_course", 200, None),
    ("courses.show_course.unknown_course", 404, Some("not_found")),
    ("courses.show_stats", 200, None),
    ("courses.show_status", 200, None),
    ("courses.show_status.head", 200, None),
    ("courses.show_status.unknown_path", 404, Some("not_found")),
    ("credits.list_transactions", 200, None),
    ("credits.open_portal", 200, None),
    ("credits.open_portal.not_subscribed", 409, Some("not_subscribed")),
    ("credits.purchase_plan", 200, None),
    ("credits.show_balance", 200, None),
    ("midterm.generate_midterm", 200, None),
    ("midterm.generate_midterm.config", 200, None),
    ("midterm.generate_midterm.infeasible", 422, Some("blueprint_infeasible")),
    ("midterm.list_midterms", 200, None),
    ("midterm.show_midterm", 200, None),
    ("midterm.show_midterm.page", 200, None),
    ("midterm.show_midterm.unknown", 404, Some("not_found")),
    ("questions.browse_questions", 200, None),
    ("questions.browse_questions.filters", 200, None),
    ("questions.browse_questions.missing_course_id", 400, Some("missing_field")),
    ("questions.bundle_questions", 200, None),
    ("questions.feature_question", 200, None),
    ("questions.feature_question.not_modified", 304, None),
    ("questions.practice_questions", 200, None),
    ("questions.practice_questions.missing_course_id", 400, Some("missing_field")),
    ("questions.practice_questions.preflight", 204, None),
    ("questions.show_question", 200, None),
    ("questions.start_question", 200, None),
    ("questions.submit_answer", 200, None),
    ("questions.unlock_solution", 200, None),
    ("questions.unlock_solution.not_started", 409, Some("not_started")),
    ("topics.list_public_topics", 200, None),
    ("topics.list_topics", 200, None),
    ("topics.list_topics.category", 200, None),
    ("topics.show_topic", 200, None),
    ("webhooks.receive_event", 200, None),
    ("webhooks.receive_event.base64_body", 200, None),
    ("webhooks.receive_event.forged", 400, Some("invalid_signature")),
];

/// Events on a question that must have been started.
const AFTER_START: [&str; 2] = ["questions.submit_answer", "questions.unlock_solution"];

/// A function as it runs in Lambda.
fn function(name: &str, app: &App) -> Router {
    let router = match name {
        "analysis" => analysis::router,
        "assessment" => assessment::router,
        "auth" => auth::router,
        "courses" => courses::router,
        "credits" => credits::router,
        "midterm" => midterm::router,
        "questions" => questions::router,
        "topics" => topics::router,
        "webhooks" => webhooks::router,
        other => panic!("no function {other}"),
    };
    with_manners(router(app.clone()), app.clone())
}

/// The text of an event.
fn event(name: &str) -> String {
    read(&format!("events/{name}.json"))
}

/// The route that a file is named after.
fn route_of(name: &str) -> &'static Route {
    let mut parts = name.split('.');
    let (function, operation) = (parts.next(), parts.next());
    let named = |route: &&Route| Some(route.function) == function && Some(route.operation) == operation;
    ROUTES.iter().find(named).unwrap_or_else(|| panic!("events/{name}.json: no such operation"))
}

/// Whether a path is one of a route's.
fn fits(path: &str, pattern: &str) -> bool {
    let (path, pattern): (Vec<_>, Vec<_>) = (path.split('/').collect(), pattern.split('/').collect());
    path.len() == pattern.len()
        && path.iter().zip(pattern).all(|(part, wanted)| wanted.starts_with('{') || *part == wanted)
}

#[tokio::test]
async fn every_event_gets_its_answer() {
    let test = TestApp::start().await;
    // Whom the events of login and register speak of.
    let _ada = test.user("ada").await;
    for (number, (name, status, code)) in EXPECTED.into_iter().enumerate() {
        let mut json = event(name);
        if json.contains("{{token}}") {
            let reader = test.user(&format!("reader-{number}")).await;
            if AFTER_START.contains(&name) {
                let _ = reader.post("/api/questions/alg-q2/start", json!({})).await.ok();
            }
            if name == "credits.open_portal" {
                let _ = reader.post("/api/credits/purchase", json!({"plan": "starter"})).await.ok();
            }
            if json.contains("{{midterm}}") {
                json = json.replace("{{midterm}}", &reader.midterm().await);
            }
            json = json.replace("{{session}}", &reader.session_id());
            json = json.replace("{{token}}", &reader.token.unwrap());
        }
        let payload: Value = serde_json::from_str(&json).unwrap();
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
async fn filters_of_an_event_arrive_decoded() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let json = event("questions.browse_questions.filters").replace("{{token}}", &ada.token.unwrap());
    let request = lambda_http::request::from_str(&json).unwrap().map(|body| Body::from(body.to_vec()));
    let page = Answer::to(request, function("questions", &test.app)).await.ok();
    assert_eq!((&page["total"], &page["questions"][0]["id"]), (&json!(1), &json!("alg-q3")));
}

/// What the runtime hands to API Gateway: a problem as text, not as base64.
#[tokio::test]
async fn answers_leave_lambda_in_payload_format_2() {
    let test = TestApp::start().await;
    for (name, status, media_type) in [
        ("auth.show_me.missing_token", 401, "application/problem+json"),
        ("questions.feature_question", 200, "application/json"),
    ] {
        let payload: LambdaRequest = serde_json::from_str(&event(name)).unwrap();
        let lambda = Adapter::from(function(route_of(name).function, &test.app));
        let answer = lambda.oneshot(LambdaEvent::new(payload, Context::default())).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer["statusCode"], status);
        assert_eq!(answer["isBase64Encoded"], false);
        assert_eq!(answer["headers"]["content-type"], media_type);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert!(body.is_object(), "{body}");
    }
}

#[test]
fn every_file_is_expected() {
    let files: BTreeSet<String> = std::fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|file| file.strip_suffix(".json").unwrap_or_else(|| panic!("events/{file} is no JSON file")).to_owned())
        .collect();
    assert_eq!(files, EXPECTED.map(|(name, ..)| name.to_owned()).into());
}

#[test]
fn every_route_has_an_event_named_after_it_alone() {
    for route in &ROUTES {
        let payload: Value = serde_json::from_str(&event(&format!("{}.{}", route.function, route.operation))).unwrap();
        let http = &payload["requestContext"]["http"];
        assert_eq!(http["method"], route.method.as_str());
        assert!(fits(payload["rawPath"].as_str().unwrap(), route.path), "{route:?}");
    }
}

#[test]
fn events_are_such_as_api_gateway_makes() {
    for (name, ..) in EXPECTED {
        let payload: Value = serde_json::from_str(&event(name)).unwrap();
        let context = &payload["requestContext"];
        assert_eq!((&payload["version"], &context["stage"]), (&json!("2.0"), &json!("$default")), "{name}");
        assert_eq!(
            (&payload["routeKey"], &payload["rawPath"]),
            (&context["routeKey"], &context["http"]["path"]),
            "{name}"
        );
        // An address of the block for documentation (RFC 5737).
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
