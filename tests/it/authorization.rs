//! Every route with every kind of wrong credential. A route that is added to the list fails here until it is tried.

use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::domain::account::session::SESSION_TTL_SECONDS;
use shared::domain::credits::Plan;
use shared::http::routes::{ROUTES, Route, RouteAccess};
use tests::stripe::{WEBHOOK_SECRETS, signature};
use tests::{Answer, Person, START, TestApp};

/// A session id that does not exist.
const NO_SESSION: &str = "0123456789abcdef0123456789abcdef";

/// A request that succeeds for a permitted caller.
fn good_request(route: &Route) -> (String, Option<Value>) {
    let path = route.path.replace("{topic_id}", "alg-sets");
    match route.operation {
        "register" => (path, Some(json!({"email": "new@example.org", "password": "long enough to be one"}))),
        "login" => (path, Some(json!({"email": "ada@example.org", "password": tests::PASSWORD}))),
        "forgot_password" => (path, Some(json!({"email": "ada@example.org"}))),
        "send_message" => (path, Some(json!({"name": "Ada", "email": "ada@example.org", "message": "Hello."}))),
        "unsubscribe" => (format!("{path}?token=pm_&kind=new_sign_in"), None),
        "update_notices" => (path, Some(json!({"plan_started": true}))),
        "verify_email" | "confirm_email" | "undo_email_change" => (path, Some(json!({"token": "pm_"}))),
        "login_with_factor" => (path, Some(json!({"challenge": "pc_", "code": "123456"}))),
        "confirm_factor" => (path, Some(json!({"code": "123456"}))),
        "remove_factor" => (path, Some(json!({"password": tests::PASSWORD, "code": "123456"}))),
        "update_me" => (path, Some(json!({"name": "Ada"}))),
        "reset_password" => (path, Some(json!({"token": "pm_", "new_password": "another good passphrase"}))),
        "practice_questions" => (path, Some(json!({"course_id": "algebra", "count": 1}))),
        "browse_questions" | "show_progress" | "show_review" => (format!("{path}?course_id=algebra"), None),
        "bundle_questions" | "find_weak_topics" => (path, Some(json!({"course_id": "algebra"}))),
        // In the list of routes, `start_question` precedes `unlock_solution`.
        "show_question" | "start_question" | "unlock_solution" => (path.replace("{id}", "alg-q1"), None),
        "preview_answer" => (format!("{}?answer=8", path.replace("{id}", "alg-q1")), None),
        "submit_answer" => (path.replace("{id}", "alg-q1"), Some(json!({"was_correct": true}))),
        "generate_midterm" => (path, Some(json!({"course_id": "algebra", "difficulty": "easy"}))),
        "show_figure" => (tests::FIGURE.to_owned(), None),
        "show_midterm" | "show_result" => (path.replace("{id}", "019a0000-0000-7000-8000-000000000000"), None),
        "start_midterm" => (path.replace("{id}", "019a0000-0000-7000-8000-000000000000"), Some(json!({}))),
        "submit_midterm" => {
            (path.replace("{id}", "019a0000-0000-7000-8000-000000000000"), Some(json!({"answers": {}})))
        }
        "redeem_voucher" => (path, Some(json!({"code": tests::VOUCHER}))),
        "purchase_plan" => (path, Some(json!({"plan": "starter"}))),
        "receive_event" => (path, Some(json!({"id": "evt_1", "type": "ping", "created": 1_772_366_400}))),
        // In the list of routes, `purchase_plan` precedes `open_portal`. Each of these routes ends a session or an
        // account, so each is tried with a session of its own.
        "revoke_session" => (path.replace("{id}", NO_SESSION), None),
        "change_password" => {
            (path, Some(json!({"current_password": tests::PASSWORD, "new_password": "another good passphrase"})))
        }
        "delete_account" | "setup_factor" => (path, Some(json!({"password": tests::PASSWORD}))),
        "open_portal"
        | "resend_verification"
        | "logout"
        | "list_sessions"
        | "export_account"
        | "list_midterms"
        | "list_transactions"
        | "show_me"
        | "show_notices"
        | "show_balance"
        | "show_status"
        | "list_courses"
        | "feature_question"
        | "show_health"
        | "list_prices"
        | "list_open_topics"
        | "list_public_questions"
        | "list_presets" => (path, None),
        "list_exam_questions" => (path.replace("{id}", "alg-2020"), None),
        "show_public_topic" => (path.replace("{id}", "alg-sets"), None),
        "report_question" => (path.replace("{id}", "alg-q1"), Some(json!({"reason": "wrong_key"}))),
        "show_analysis"
        | "show_detailed_analysis"
        | "list_course_questions"
        | "enroll"
        | "show_course"
        | "list_exams"
        | "show_stats"
        | "list_topics"
        | "show_topic"
        | "list_public_topics" => (path.replace("{id}", "algebra"), None),
        other => panic!("{other} is not tried: say here how it is called"),
    }
}

async fn call(person: &Person, route: &Route, headers: &[(&str, &str)]) -> Answer {
    let (path, body) = good_request(route);
    let body = body.map(|body| body.to_string());
    let now = START.parse().unwrap();
    let signature = signature(body.as_deref().unwrap_or_default().as_bytes(), WEBHOOK_SECRETS[0], now);
    let mut headers = [&[("content-type", "application/json")], headers].concat();
    headers.extend((route.operation == "receive_event").then_some(("stripe-signature", signature.as_str())));
    person.send(route.method.clone(), &path, body, &headers).await
}

fn signed_in_routes() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().filter(|route| route.access == RouteAccess::SignedIn)
}

#[tokio::test]
async fn every_route_answers_permitted_callers() {
    let test = TestApp::start().await;
    test.voucher().await;
    let ada = test.user("ada").await;
    // A midterm costs three credits and must exist before it can be shown.
    let rich = test.member("rich", Plan::Unlimited, 0).await;
    let _ = rich.get(&format!("/api/midterm/{}", rich.midterm().await)).await.ok();
    // Other tests cover these; a token of a mail, a challenge or a second factor is needed for the last eight.
    let tried_elsewhere = [
        "logout",
        "show_midterm",
        "start_midterm",
        "submit_midterm",
        "show_result",
        "revoke_session",
        "verify_email",
        "unsubscribe",
        "reset_password",
        "confirm_email",
        "undo_email_change",
        "login_with_factor",
        "confirm_factor",
        "remove_factor",
    ];
    for route in ROUTES.iter().filter(|route| !tried_elsewhere.contains(&route.operation)) {
        let person = match route.access {
            RouteAccess::Open => test.anonymous(),
            _ if ["change_password", "delete_account"].contains(&route.operation) => test.user(route.operation).await,
            RouteAccess::SignedIn if route.path.starts_with("/api/midterm") => rich.clone(),
            RouteAccess::SignedIn => ada.clone(),
        };
        let answer = call(&person, route, &[]).await;
        assert!(answer.status.is_success(), "{}: {}", route.operation, answer.body);
    }
}

#[tokio::test]
async fn without_a_token_no_user_data_is_reached() {
    let test = TestApp::start().await;
    for route in signed_in_routes() {
        let answer = call(&test.anonymous(), route, &[]).await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let problem = answer.problem(401, "unauthenticated");
        assert_eq!(problem["error"], "Unauthorized", "{}", route.operation);
    }
}

#[tokio::test]
async fn odd_authorization_headers_are_401_everywhere() {
    let test = TestApp::start().await;
    let token = test.user("ada").await.token.unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_start_matches("pp_")).unwrap();
    let encoded = |bytes: &[u8]| format!("pp_{}", URL_SAFE_NO_PAD.encode(bytes));
    let mut wrong_secret = bytes.clone();
    wrong_secret[47] ^= 1;
    let mut wrong_user = bytes.clone();
    wrong_user[0] ^= 1;
    let values = [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        token.clone(),
        format!("Basic {token}"),
        format!("Bearer {token} x"),
        format!("Bearer {token}="),
        format!("Bearer {}", token.replace("pp_", "")),
        format!("Bearer {}", "A".repeat(8_000)),
        format!("Bearer {}", encoded(&wrong_secret)),
        format!("Bearer {}", encoded(&wrong_user)),
        format!("Bearer {}", encoded(&bytes[..47])),
        "Bearer pp_💩".to_owned(),
    ];
    for route in signed_in_routes() {
        for value in &values {
            let answer = call(&test.anonymous(), route, &[("authorization", value)]).await;
            let _ = answer.problem(401, "unauthenticated");
        }
        let twice = [("authorization", "Bearer x"), ("authorization", &format!("Bearer {token}"))];
        let _ = call(&test.anonymous(), route, &twice).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_revoked_session_is_refused_on_every_route() {
    let test = TestApp::start().await;
    for route in signed_in_routes() {
        let person = test.user(route.operation).await;
        let _ = person.send(Method::POST, "/api/auth/logout", None, &[]).await.ok();
        let _ = call(&person, route, &[]).await.problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn an_expired_session_is_refused_on_every_route() {
    let test = TestApp::start().await;
    let mut people = Vec::new();
    for route in signed_in_routes() {
        people.push((route, test.user(route.operation).await));
    }
    test.pass(Duration::from_secs(SESSION_TTL_SECONDS.unsigned_abs()));
    for (route, person) in people {
        let problem = call(&person, route, &[]).await.problem(401, "unauthenticated");
        assert_eq!(problem["error"], "Session expired", "{}", route.operation);
    }
}

#[tokio::test]
async fn an_invalid_session_spends_nothing() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let token = ada.token.clone().unwrap();
    // The second to last character holds only bits of the secret.
    let forged = format!("{}{}", &token[..token.len() - 2], if token.ends_with('A') { "BA" } else { "AA" });
    let thief = test.somebody(&forged);
    let _ =
        thief.post("/api/questions/practice", json!({"course_id": "algebra"})).await.problem(401, "unauthenticated");
    assert_eq!(ada.credits().await, 5);
    assert_eq!(test.entries(&ada.id).await.len(), 1);
}

/// Every path with an id, and whether the id belongs to a user.
#[tokio::test]
async fn another_users_data_is_404() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let eve = test.member("eve", Plan::Unlimited, 0).await;
    let midterm = ada.midterm().await;
    // Ids of the catalogue are visible to everybody; all others belong to one user.
    let of_catalogue = ["/api/courses/", "/api/questions/", "/api/exams/", "/api/topics/"];
    let is_catalogue = |path: &str| of_catalogue.iter().any(|start| path.starts_with(start));
    // An address of a figure is the permission itself.
    let is_address = |path: &str| path.starts_with("/api/figures/");
    let of_users =
        ROUTES.iter().filter(|route| route.path.contains('{') && !is_catalogue(route.path) && !is_address(route.path));
    let mut tried = 0;
    for route in of_users {
        let id = match route.operation {
            // In the list of routes, `start_midterm` precedes `submit_midterm`, and that `show_result`.
            "show_midterm" | "start_midterm" | "submit_midterm" | "show_result" => midterm.clone(),
            "revoke_session" => test.renewed(&ada).await.session_id(),
            other => panic!("{other}: say here which id of a user it takes"),
        };
        let path = route.path.replace("{id}", &id);
        let body = match route.operation {
            "start_midterm" => Some("{}".to_owned()),
            "submit_midterm" => Some(json!({"answers": {}}).to_string()),
            _ => None,
        };
        let _ = eve.send(route.method.clone(), &path, body.clone(), &[]).await.problem(404, "not_found");
        assert!(ada.send(route.method.clone(), &path, body, &[]).await.status.is_success(), "{path}");
        tried += 1;
    }
    assert!(tried >= 2);
    // A question unlocked by one user stays locked for another.
    let _ = eve.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let grace = test.member("grace", Plan::Free, 5).await;
    assert_eq!(grace.get("/api/questions/alg-q4").await.ok()["question"]["locked"], true);
    let _ = grace.post("/api/questions/alg-q4/solution", json!({})).await.problem(409, "not_started");
}

#[tokio::test]
async fn unknown_fields_change_nothing() {
    let test = TestApp::start().await;
    let body = json!({
        "name": "Eve", "email": "eve@example.org", "password": tests::PASSWORD, "credits": 1_000, "plan": "unlimited",
        "id": "00000000-0000-4000-8000-000000000000", "version": 9, "session_epoch": 9, "monthly_credits": 1_000,
    });
    let answer = test.anonymous().post("/api/auth/register", body).await.ok();
    assert_eq!((&answer["user"]["credits"], &answer["user"]["plan"]), (&json!(5), &json!("free")));
    assert_ne!(answer["user"]["id"], "00000000-0000-4000-8000-000000000000");
    let eve = test.somebody(answer["token"].as_str().unwrap());
    // A request that costs credits is refused if it has unknown members.
    for member in ["price", "credits_deducted", "user_id"] {
        let mut order = json!({"course_id": "algebra", "count": 1});
        order[member] = json!(0);
        let _ = eve.post("/api/questions/practice", order).await.problem(422, "invalid_field");
    }
    assert_eq!(eve.credits().await, 5);
    assert_eq!(eve.get("/api/auth/me").await.ok()["user"]["plan"], "free");
}
