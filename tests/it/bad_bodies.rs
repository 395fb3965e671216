//! Bodies that are no JSON object, too large, or have members that the route does not know.

use axum::http::Method;
use serde_json::json;
use tests::TestApp;

use crate::bad_input::{bodies, method_of};

#[tokio::test]
async fn a_body_must_be_a_json_object_of_64_kib() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let json_type = [("content-type", "application/json")];
    for (operation, path, good) in bodies() {
        let method = || method_of(operation);
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let nested = format!("{{\"email\":{deep}}}");
        for bad in ["", "null", "[]", "5", "\"x\"", "{", "{\"email\":", "{'email': 1}", "\u{feff}{}", &deep, &nested] {
            let _ = ada.send(method(), path, Some(bad.to_owned()), &json_type).await.problem(400, "invalid_json");
        }
        let long = format!("{{\"padding\": \"{}\"}}", "x".repeat(1024 * 1024));
        let problem = ada.send(method(), path, Some(long), &json_type).await.problem(413, "body_too_large");
        assert_eq!(problem["max_bytes"], 65_536);
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "💩"]
        {
            let answer = ada.send(method(), path, Some(good.to_string()), &[("content-type", media_type)]).await;
            let _ = answer.problem(415, "unsupported_media_type");
        }
    }
    assert_eq!(ada.credits().await, 5);
    // A missing `Content-Type` is accepted, and so is `application/…+json`.
    for headers in [[].as_slice(), &[("content-type", "application/json; charset=utf-8")]] {
        let body = json!({"email": "ada@example.org", "password": tests::PASSWORD}).to_string();
        let _ = test.anonymous().send(Method::POST, "/api/auth/login", Some(body), headers).await.ok();
    }
}

#[tokio::test]
async fn a_bad_body_gets_an_error_that_names_the_problem() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let json_type = ("content-type", "application/json");
    for (operation, path, good) in bodies() {
        let body = good.to_string();
        let (first, rest) = body.split_at(1);
        let name = good.as_object().unwrap().keys().next().unwrap();
        for (bad, told) in [
            (format!("{first}\"{name}\": 1, {rest}"), format!("has `{name}` more than once")),
            (format!("{first}\"x\": [{{\"y\": 1, \"z\": 2, \"y\": 1}}], {rest}"), "has `y` more than once".to_owned()),
            (format!("{first}\"x\": 1e400, {rest}"), "too large for a 64-bit float".to_owned()),
            (format!("{first}\"x\": {}1{}, {rest}", "[".repeat(500), "]".repeat(500)), "nested deeper".to_owned()),
            (body[..body.len() - 1].to_owned(), "ends in the middle".to_owned()),
            (String::new(), "is empty".to_owned()),
        ] {
            let answer = ada.send(method_of(operation), path, Some(bad), &[json_type]).await;
            let problem = answer.problem(400, "invalid_json");
            assert!(problem["detail"].as_str().unwrap().contains(&told), "{operation}: {problem}");
        }
        for coding in ["gzip", "br", "identity, gzip", "x"] {
            let headers = [json_type, ("content-encoding", coding)];
            let answer = ada.send(method_of(operation), path, Some(body.clone()), &headers).await;
            let problem = answer.problem(415, "unsupported_media_type");
            assert!(problem["detail"].as_str().unwrap().contains("Content-Encoding"), "{operation}: {problem}");
        }
    }
    assert_eq!(ada.credits().await, 5);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn requests_that_cost_credits_refuse_unknown_members() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let start = ("start_question", "/api/questions/alg-q4/start", json!({}));
    let spending = ["practice_questions", "bundle_questions", "purchase_plan", "generate_midterm", "start_question"];
    let mut tried = std::collections::HashSet::new();
    for (operation, path, good) in bodies().into_iter().chain([start]) {
        for member in ["topics", "Topic_ids", "course", "options", "__proto__"] {
            let mut body = good.clone();
            body[member] = json!(["alg-sets"]);
            if !spending.contains(&operation) {
                continue;
            }
            let problem = ada.post(path, body).await.problem(422, "invalid_field");
            assert_eq!(problem["field"], member, "{operation}");
            assert!(problem["detail"].as_str().unwrap().contains("not known"), "{operation}: {problem}");
            tried.insert(operation);
        }
    }
    assert_eq!(tried.len(), spending.len());
    for (config, field) in [
        (json!({"questions": 3}), "config.questions"),
        (json!({"difficultyDistribution": {"easy": 50, "very_hard": 50}}), "config.difficultyDistribution.very_hard"),
        (json!({"weights": {"luck": 1}}), "config.weights.luck"),
    ] {
        let body = json!({"course_id": "algebra", "config": config});
        assert_eq!(ada.post("/api/midterm/generate", body).await.problem(422, "invalid_field")["field"], field);
    }
    let long = ada.post("/api/questions/practice", json!({"course_id": "algebra", "x".repeat(9_000): 1})).await;
    assert_eq!(long.problem(422, "invalid_field")["field"], "x".repeat(60));
    assert_eq!(ada.credits().await, 5);
}

#[tokio::test]
async fn a_question_is_started_with_any_empty_body() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let path = "/api/questions/alg-q4/start";
    for body in [None, Some(""), Some("null"), Some("{}"), Some(" {} ")] {
        let _ = ada.send(Method::POST, path, body.map(str::to_owned), &[]).await.ok();
        let _ =
            ada.send(Method::POST, path, body.map(str::to_owned), &[("content-type", "application/json")]).await.ok();
    }
    // `fetch` sends this `Content-Type` with an empty text.
    let _ =
        ada.send(Method::POST, path, Some(String::new()), &[("content-type", "text/plain;charset=UTF-8")]).await.ok();
    let _ = ada.send(Method::POST, path, Some("[]".to_owned()), &[]).await.problem(400, "invalid_json");
    let answer = ada.send(Method::POST, path, Some("{\"a\": 1, \"a\": 1}".to_owned()), &[]).await;
    let _ = answer.problem(400, "invalid_json");
    let answer = ada.send(Method::POST, path, Some("x".to_owned()), &[("content-type", "text/plain")]).await;
    let _ = answer.problem(415, "unsupported_media_type");
    assert_eq!(ada.credits().await, 4);
}

/// A body whose `Content-Length` is too large and which never arrives.
struct Announced;

impl axum::body::HttpBody for Announced {
    type Data = axum::body::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        panic!("the body is waited for")
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(8 * 1024 * 1024)
    }
}

#[tokio::test]
async fn a_content_length_over_the_limit_is_413_before_the_body_arrives() {
    let test = TestApp::start().await;
    let ada = test.member("ada", shared::domain::credits::Plan::Free, 5).await;
    for path in ["/api/auth/login", "/api/questions/practice", "/api/questions/alg-q4/start"] {
        let request = axum::http::Request::post(path).header("content-type", "application/json");
        let token = format!("Bearer {}", ada.token.as_deref().unwrap());
        let request = request.header("authorization", token);
        let _ = test.send(request.body(axum::body::Body::new(Announced)).unwrap()).await.problem(413, "body_too_large");
    }
}

#[tokio::test]
async fn free_requests_without_a_body_ignore_members_but_refuse_invalid_json() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.send(Method::POST, "/api/questions/alg-q4/start", None, &[]).await.ok();
    let json_type = ("content-type", "application/json");
    for (path, status) in
        [("/api/courses/algebra/enroll", 200), ("/api/credits/portal", 409), ("/api/questions/alg-q4/solution", 200)]
    {
        for coding in ["gzip", "br"] {
            let headers = [json_type, ("content-encoding", coding)];
            let answer = ada.send(Method::POST, path, Some("{}".to_owned()), &headers).await;
            let _ = answer.problem(415, "unsupported_media_type");
        }
        for (bad, told) in [
            ("{\"a\": 1, \"a\": 2}", "has `a` more than once"),
            ("{\"a\": [{\"b\": 1, \"b\": 2}]}", "has `b` more than once"),
            ("{\"a\":", "ends in the middle"),
        ] {
            let problem = ada.send(Method::POST, path, Some(bad.to_owned()), &[json_type]).await;
            let problem = problem.problem(400, "invalid_json");
            assert!(problem["detail"].as_str().unwrap().contains(told), "{path}: {problem}");
        }
        for body in [None, Some(""), Some("null"), Some("{}"), Some("{\"unknown\": {\"member\": [1]}}")] {
            let answer = ada.send(Method::POST, path, body.map(str::to_owned), &[json_type]).await;
            assert_eq!(answer.status.as_u16(), status, "{path} {body:?}: {}", answer.body);
        }
        // `fetch` sends this `Content-Type` with a string.
        let plain = [("content-type", "text/plain;charset=UTF-8")];
        let answer = ada.send(Method::POST, path, Some("{}".to_owned()), &plain).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_name_that_is_repeated_shows_all_of_its_characters() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let name = "co\u{202e}urse\u{200b}";
    let unknown = ada.post("/api/questions/practice", json!({"course_id": "algebra", name: 1})).await;
    let unknown = unknown.problem(422, "invalid_field");
    let twice = format!("{{\"{name}\": 1, \"{name}\": 1}}");
    let twice = ada.send(Method::POST, "/api/questions/practice", Some(twice), &[]).await.problem(400, "invalid_json");
    let query = "/api/questions?course_id=algebra&co%E2%80%AEurse%E2%80%8B=1&co%E2%80%AEurse%E2%80%8B=1";
    let query = ada.get(query).await.problem(422, "invalid_field");
    for problem in [unknown, twice, query] {
        assert_eq!(problem["field"], "course", "{problem}");
        assert!(!problem.to_string().contains(['\u{202e}', '\u{200b}']), "{problem}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf8_is_400() {
    let test = TestApp::start().await;
    let request = axum::http::Request::builder().method(Method::POST).uri("/api/auth/login");
    let request =
        request.header("content-type", "application/json").body(axum::body::Body::from(vec![0x7b, 0xff, 0xfe]));
    let _ = test.send(request.unwrap()).await.problem(400, "invalid_json");
}
