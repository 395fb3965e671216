//! Rate limits: floods of every action, exact to the request, through two processes at once.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::limits::LimitedAction;
use shared::http::routes::ROUTES;
use shared::http::with_manners;
use tests::{Answer, Person, TestApp};

use crate::architecture::read;

/// Requests beyond the quota.
const EXCESS: u32 = 7;
/// Requests under way at the same time.
const AT_ONCE: usize = 16;

/// One request that `action` counts and no narrower policy does; `number` makes it differ from the others where these
/// would be counted by another policy, too.
async fn request(action: LimitedAction, person: &Person, number: u32) -> Answer {
    let elsewhere = || Person::new(person.router(), None);
    let other = format!("{number}@example.org");
    let form = |email: &str| json!({"email": email, "password": "not the passphrase"});
    match action {
        LimitedAction::Anonymous => person.get("/api/featured-question").await,
        LimitedAction::SignedIn => person.get("/api/auth/me").await,
        LimitedAction::LoginAddress => person.post("/api/auth/login", form(&other)).await,
        LimitedAction::LoginEmail => elsewhere().post("/api/auth/login", form(" Flooded@example.org")).await,
        LimitedAction::RegisterAddress => person.post("/api/auth/register", form(&other)).await,
        LimitedAction::RegisterEmail => elsewhere().post("/api/auth/register", form("flooded@example.org")).await,
        LimitedAction::Password => {
            let body = json!({"current_password": "wrong", "new_password": "another good passphrase"});
            person.post("/api/auth/password", body).await
        }
        LimitedAction::Export => person.get("/api/auth/export").await,
        LimitedAction::Analysis => person.get("/api/courses/algebra/analysis").await,
        LimitedAction::Spend => {
            person.post("/api/questions/practice", json!({"course_id": "algebra", "count": 1})).await
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_each_action_meets_its_limit_exactly_across_processes() {
    let test = TestApp::limited().await;
    let twin = test.twin();
    for action in LimitedAction::ALL {
        let person = match action {
            LimitedAction::Anonymous | LimitedAction::LoginAddress | LimitedAction::RegisterAddress => test.anonymous(),
            _ => test.member(action.name(), Plan::Unlimited, 0).await,
        };
        let through_twin = person.through(twin.clone());
        let policy = action.policy();
        for window in 0..2 {
            let flood = (0..policy.quota + EXCESS).map(|number| {
                let person = if number % 2 == 0 { &person } else { &through_twin };
                request(action, person, number + 1_000 * window)
            });
            let answers: Vec<Answer> = stream::iter(flood).buffer_unordered(AT_ONCE).collect().await;
            let (refused, passed): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 429);
            assert_eq!(passed.len(), policy.quota as usize, "{action:?}, window {window}");
            for answer in passed {
                assert!(matches!(answer.status.as_u16(), 200 | 401 | 409), "{action:?}: {}", answer.body);
                let policies = format!("\"{}\";q={};w={}", action.name(), policy.quota, policy.window_seconds);
                assert!(answer.header("ratelimit-policy").contains(&policies), "{action:?}: {:?}", answer.headers);
                assert!(answer.header("ratelimit").contains(&format!("\"{}\";r=", action.name())), "{action:?}");
                assert_eq!(answer.header("retry-after"), "");
            }
            for answer in refused {
                let seconds: u32 = answer.header("retry-after").parse().unwrap();
                assert!((1..=policy.window_seconds).contains(&seconds), "{action:?}: {seconds}");
                assert!(answer.header("ratelimit").contains(&format!("\"{}\";r=0;t=", action.name())), "{action:?}");
                let problem = answer.problem(429, "rate_limited");
                assert_eq!(problem["violated_policies"], json!([action.name()]));
                assert_eq!(problem["retry_after_seconds"], seconds);
            }
            test.pass(Duration::from_secs(policy.window_seconds.into()));
        }
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_logins_to_one_account_derive_as_many_keys_as_the_policy_allows() {
    let test = TestApp::limited().await;
    let ada = test.user("ada").await;
    let before = test.app.kdf_runs();
    let logins = (0..1_000).map(|number| {
        let body = json!({"email": ada.email, "password": format!("wrong guess {number}")});
        let stranger = test.anonymous();
        async move { stranger.post("/api/auth/login", body).await }
    });
    // Somebody else keeps asking, and is answered every time.
    let others = async {
        let grace = test.member("grace", Plan::Free, 5).await;
        for _ in 0..50 {
            let _ = grace.get("/api/auth/me").await.ok();
        }
    };
    let (answers, ()) = tokio::join!(stream::iter(logins).buffer_unordered(64).collect::<Vec<_>>(), others);
    let quota = LimitedAction::LoginEmail.policy().quota;
    assert_eq!(test.app.kdf_runs() - before, u64::from(quota));
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(401), count(429)), (quota as usize, 1_000 - quota as usize));
}

#[tokio::test]
async fn what_is_over_the_limit_moves_nothing() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Starter, 60).await;
    let order = json!({"course_id": "algebra", "count": 1});
    let statuses = join_all((0..30).map(|_| ada.post("/api/questions/practice", order.clone()))).await;
    let delivered = statuses.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(delivered, 20);
    // The opening entry, and one for each that was delivered.
    assert_eq!(test.entries(&ada.id).await.len(), 1 + delivered);
    assert_eq!(ada.credits().await, 40);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_header_that_the_client_writes_is_no_address() {
    let test = TestApp::limited().await;
    let quota = LimitedAction::Anonymous.policy().quota;
    let mut event: Value = serde_json::from_str(&read("events/questions.feature_question.json")).unwrap();
    let function = with_manners(questions::router(test.app.clone()), test.app.clone());
    for number in 0..=quota {
        let forged = format!("198.51.100.{number}");
        for header in ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"] {
            event["headers"][header] = json!(forged);
        }
        let request = lambda_http::request::from_str(&event.to_string()).unwrap().map(|body| Body::from(body.to_vec()));
        let answer = Answer::to(request, function.clone()).await;
        assert_eq!(answer.status == 429, number == quota, "{number}: {}", answer.body);
    }
    // Another address, as API Gateway saw it, is somebody else.
    event["requestContext"]["http"]["sourceIp"] = json!("203.0.113.250");
    let request = lambda_http::request::from_str(&event.to_string()).unwrap().map(|body| Body::from(body.to_vec()));
    assert_eq!(Answer::to(request, function).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_nobodys_counts_for_its_address_and_not_for_the_user_it_names() {
    let test = TestApp::limited().await;
    let ada = test.user("ada").await;
    let good = ada.token.clone().unwrap();
    // The last character but one holds bits of the secret only.
    let forged = format!("{}{}", &good[..good.len() - 2], if good.ends_with('A') { "BA" } else { "AA" });
    let thief = test.somebody(&forged);
    let quota = LimitedAction::Anonymous.policy().quota;
    for number in 0..200 {
        let answer = thief.get("/api/auth/me").await;
        let _ =
            if number < quota { answer.problem(401, "unauthenticated") } else { answer.problem(429, "rate_limited") };
    }
    let answer = ada.get("/api/auth/me").await;
    assert_eq!(answer.header("ratelimit"), "\"signed_in\";r=99;t=60");
    assert_eq!(answer.header("ratelimit-policy"), "\"signed_in\";q=100;w=60");
}

#[tokio::test]
async fn a_logout_over_the_limit_still_ends_the_session() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    for _ in 0..LimitedAction::SignedIn.policy().quota {
        let _ = ada.get("/api/auth/me").await.ok();
    }
    let _ = ada.get("/api/auth/me").await.problem(429, "rate_limited");
    let _ = ada.post("/api/auth/logout", json!({})).await.ok();
    let _ = ada.get("/api/auth/me").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn what_fails_for_its_form_calls_no_database_and_is_not_counted() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let _ = proxy.take_calls();
    let malformed = test.somebody("pp_nonsense");
    let _ = malformed.get("/api/auth/me").await.problem(401, "unauthenticated");
    let _ = test.anonymous().get("/api/auth/me").await.problem(401, "unauthenticated");
    let _ = ada.post("/api/questions/practice", json!({"count": 1})).await.problem(400, "missing_field");
    let _ = ada.send(Method::DELETE, "/api/auth/me", None, &[]).await.problem(405, "method_not_allowed");
    let _ = ada.get("/nothing").await.problem(404, "not_found");
    assert!(proxy.take_calls().is_empty());
}

#[tokio::test]
async fn every_route_says_where_the_client_stands() {
    let test = TestApp::limited().await;
    for route in ROUTES.iter().filter(|route| route.method == Method::GET && !route.path.contains('{')) {
        let ada = test.member(route.operation, Plan::Free, 5).await;
        for method in [Method::GET, Method::HEAD] {
            let path = format!("{}?course_id=algebra", route.path);
            let answer = ada.send(method, &path, None, &[]).await;
            for action in route.limits {
                let name = format!("\"{}\"", action.name());
                for header in ["ratelimit", "ratelimit-policy"] {
                    assert!(answer.header(header).contains(&name), "{}: {:?}", route.operation, answer.headers);
                }
            }
        }
    }
    let first = test.anonymous().get("/api/featured-question").await;
    let etag = first.header("etag").to_owned();
    let again = test.anonymous().get_with("/api/featured-question", &[("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.header("ratelimit")), (304, "\"anonymous\";r=9;t=60"));
}

/// A route that anybody may call and that changes something counts by itself, before it does.
#[test]
fn every_route_has_a_policy() {
    for route in &ROUTES {
        let is_signed_by_its_sender = route.function == "webhooks";
        assert_eq!(route.limits.is_empty(), is_signed_by_its_sender, "{}", route.operation);
    }
}
