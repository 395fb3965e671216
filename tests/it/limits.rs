//! Rate limits are exact for every action, also across two concurrent processes. The exception is the limit of all requests
//! of a signed-in user: its counter is sampled, and a quota of twenty or more may be overshot.

use std::sync::Mutex;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use pastpaper::trusted_proxy::TrustedProxies;
use serde_json::{Value, json};
use shared::domain::account::token::{SECRET_BYTES, SessionToken};
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use shared::domain::limits::LimitedAction;
use shared::domain::mail::MailId;
use shared::domain::mail::token::{LinkPurpose, LinkToken, MailKey};
use shared::http::routes::ROUTES;
use shared::http::with_standard_layers;
use tests::{Answer, Person, TestApp};
use uuid::Uuid;

use crate::architecture::read;

/// Requests beyond the quota.
const EXCESS: u32 = 7;

/// Number of concurrent requests.
pub(crate) const AT_ONCE: usize = 16;

/// The largest quota in tests that exhaust one; the real quotas are thousands of requests.
pub(crate) const QUOTA_MAX: u32 = 12;

/// A well-formed token without a session.
fn token_of_nobody() -> String {
    SessionToken::new(UserId(Uuid::from_u128(7)), [7; SECRET_BYTES]).reveal()
}

/// A well-formed token that no mail has.
fn token_of_no_mail() -> String {
    let key = MailKey::new("a key that is not the one of the server").unwrap();
    let user = UserId(Uuid::from_u128(7));
    LinkToken::derive(&key, LinkPurpose::Verify, MailId(Uuid::from_u128(7)), user).unwrap().reveal()
}

/// Members whose requests are counted together, since each names the same address.
static OTHERS: Mutex<Vec<Person>> = Mutex::new(Vec::new());

/// One request that `action` counts and no narrower policy does; `number` makes it differ from the others where these
/// would be counted by another policy, too.
pub(crate) async fn request(action: LimitedAction, person: &Person, number: u32) -> Answer {
    let elsewhere = || Person::new(person.router(), None);
    let other = format!("{number}@example.org");
    let form = |email: &str| json!({"email": email, "password": "not the passphrase"});
    match action {
        LimitedAction::OpenRead => person.get("/api/featured-question").await,
        LimitedAction::Anonymous | LimitedAction::SignedIn => person.get("/api/auth/me").await,
        LimitedAction::LoginAddress => person.post("/api/auth/login", form(&other)).await,
        LimitedAction::LoginEmail => elsewhere().post("/api/auth/login", form(" Flooded@example.org")).await,
        LimitedAction::RegisterAddress => person.post("/api/auth/register", form(&other)).await,
        LimitedAction::RegisterEmail => elsewhere().post("/api/auth/register", form("flooded@example.org")).await,
        LimitedAction::ResetAddress => person.post("/api/auth/forgot", json!({"email": other})).await,
        LimitedAction::ResetEmail => {
            elsewhere().post("/api/auth/forgot", json!({"email": " Flooded@example.org"})).await
        }
        LimitedAction::LinkAddress => person.post("/api/auth/verify", json!({"token": token_of_no_mail()})).await,
        LimitedAction::Contact => {
            person.post("/api/contact", json!({"name": "Ada", "email": other, "message": "Hello."})).await
        }
        LimitedAction::Resend => person.post("/api/auth/verify/resend", json!({})).await,
        LimitedAction::FactorCode => person.post("/api/auth/factor/confirm", json!({"code": "000000"})).await,
        LimitedAction::EmailChange => {
            let body = json!({"email": format!("new{number}@example.org"), "password": tests::PASSWORD});
            person.patch("/api/auth/me", body).await
        }
        LimitedAction::EmailChangeAddress => {
            let other = OTHERS.lock().unwrap().pop().unwrap();
            let body = json!({"email": "Wanted@example.org ", "password": tests::PASSWORD});
            other.through(person.router()).patch("/api/auth/me", body).await
        }
        LimitedAction::Password => {
            let body = json!({"current_password": "wrong", "new_password": "another good passphrase"});
            person.post("/api/auth/password", body).await
        }
        LimitedAction::Export => person.get("/api/auth/export").await,
        LimitedAction::Analysis => person.get(&format!("/api/courses/exam{number}/analysis")).await,
        LimitedAction::Report => person.post("/api/questions/alg-q1/report", json!({"reason": "other"})).await,
        LimitedAction::Payment => person.post("/api/credits/purchase", json!({"plan": "unlimited"})).await,
        LimitedAction::Redeem => person.post("/api/credits/redeem", json!({"code": "no such code"})).await,
        LimitedAction::Spend => {
            person.post("/api/questions/practice", json!({"course_id": "algebra", "count": 1})).await
        }
    }
}

/// Courses `exam<number>`, each with an analysis of its own.
async fn import_exams(test: &TestApp, numbers: impl Iterator<Item = u32>) {
    for number in numbers {
        let id = format!("exam{number}");
        let exam = |suffix: &str| format!("{id}-{suffix}");
        test.import(&json!({
            "course": {"id": id, "name": id},
            "topics": [{"id": exam("t"), "name": "Topic", "category": "a"}],
            "exams": [{"id": exam("e"), "year": 2020, "exam_type": "final"}],
            "questions": [{
                "id": exam("q"), "topic_id": exam("t"), "exam_id": exam("e"), "question_text": "?", "answer": "1",
                "solution_steps": ["Think."], "difficulty": 1,
            }],
        }))
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_each_action_meets_its_limit_exactly_across_processes() {
    // Actions that derive a key per request get the smaller quota. The other quota must be larger than those that a
    // flood of another action reaches first.
    let apps = [TestApp::limited_to(QUOTA_MAX).await, TestApp::limited_to(7 * QUOTA_MAX).await];
    for action in LimitedAction::ALL {
        let derives_keys = matches!(action, LimitedAction::LoginAddress | LimitedAction::RegisterAddress);
        // A sampled counter is exact if the quota is small.
        let test = &apps[usize::from(!derives_keys && !action.is_sampled())];
        let twin = test.twin();
        let person = match action {
            LimitedAction::OpenRead
            | LimitedAction::LoginAddress
            | LimitedAction::RegisterAddress
            | LimitedAction::ResetAddress
            | LimitedAction::LinkAddress
            | LimitedAction::Contact => test.anonymous(),
            LimitedAction::Anonymous => test.somebody(&token_of_nobody()),
            LimitedAction::Resend => test.newcomer(action.name()).await,
            _ => test.member(action.name(), Plan::Unlimited, 0).await,
        };
        if matches!(action, LimitedAction::EmailChange | LimitedAction::FactorCode) {
            test.give_password(&person).await;
        }
        if action == LimitedAction::FactorCode {
            let _ = test.begin_factor(&person).await;
        }
        let through_twin = person.through(twin.clone());
        let policy = test.app.limits.window(action, test.app.now()).policy;
        for window in 0..2 {
            if action == LimitedAction::EmailChangeAddress {
                for number in 0..policy.quota + EXCESS {
                    let other = test.member(&format!("wants-{window}-{number}"), Plan::Free, 5).await;
                    test.give_password(&other).await;
                    OTHERS.lock().unwrap().push(other);
                }
            }
            if action == LimitedAction::Analysis {
                // Each edition can be bought once.
                import_exams(test, (0..policy.quota + EXCESS).map(|number| number + 1_000 * window)).await;
            }
            let flood = (0..policy.quota + EXCESS).map(|number| {
                let person = if number % 2 == 0 { &person } else { &through_twin };
                request(action, person, number + 1_000 * window)
            });
            let answers: Vec<Answer> = stream::iter(flood).buffer_unordered(AT_ONCE).collect().await;
            let (refused, passed): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 429);
            assert_eq!(passed.len(), policy.quota as usize, "{action:?}, window {window}");
            for answer in passed {
                assert!(matches!(answer.status.as_u16(), 200 | 400 | 401 | 404 | 409), "{action:?}: {}", answer.body);
                let policies = format!("\"{}\";q={};w={}", action.name(), policy.quota, policy.window_seconds);
                if action == LimitedAction::OpenRead {
                    // Shared caches may store this response.
                    assert_eq!((answer.header("ratelimit-policy"), answer.header("ratelimit")), ("", ""));
                    continue;
                }
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
    for test in apps {
        test.assert_ledgers_are_true().await;
    }
}

#[tokio::test]
async fn one_request_in_ten_of_a_signed_in_user_writes_its_counter() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let ada = ada.through(process);
    for _ in 0..40 {
        let _ = ada.get("/api/auth/me").await.ok();
    }
    let calls = proxy.take_calls();
    let count = |name: &str| calls.iter().filter(|call| call.name.starts_with(name)).count();
    assert_eq!((count("BatchGetItem"), count("UpdateItem"), calls.len()), (40, 4, 44));
    assert_eq!(counted(&test, LimitedAction::SignedIn, &ada.id).await, 40);
}

#[tokio::test]
async fn a_quota_of_reads_is_overshot_by_at_most_nine_requests_per_process() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let quota = u64::from(LimitedAction::SignedIn.policy().quota);
    let processes = [test.twin(), test.twin(), test.twin()];
    for window in 0..2 {
        // Nine requests through each process write nothing, so they are not counted.
        let mut passed = 0;
        for process in &processes {
            for _ in 0..9 {
                let _ = ada.through(process.clone()).get("/api/auth/me").await.ok();
                passed += 1;
            }
        }
        // The next ones write for them: no process forgets more than nine, in this window or a later one.
        for number in 0.. {
            let answer = ada.through(processes[number % processes.len()].clone()).get("/api/auth/me").await;
            if answer.status == 429 {
                break;
            }
            let _ = answer.ok();
            passed += 1;
            assert!(passed <= quota + 3 * 9, "window {window}");
        }
        // In the second window, a process may write for nine requests of the first one.
        assert!(passed + 3 * 9 * window >= quota, "window {window}: {passed}");
        // No process admits a further one, also not one that has just started.
        for process in [test.twin(), processes[0].clone(), processes[1].clone(), processes[2].clone()] {
            let refused = ada.through(process).get("/api/auth/me").await.problem(429, "rate_limited");
            assert_eq!(refused["violated_policies"], json!(["signed_in"]));
        }
        test.pass(Duration::from_mins(1));
    }
}

/// The requests that write are selected among all requests of a process, so one user may write for others.
#[tokio::test]
async fn a_user_who_writes_for_others_has_more_than_half_of_the_quota() {
    let test = TestApp::limited().await;
    let (ada, bob) = (test.member("ada", Plan::Free, 5).await, test.member("bob", Plan::Free, 5).await);
    let mut passed = 0;
    for round in 0.. {
        if round < 5 {
            for _ in 0..9 {
                let _ = bob.get("/api/auth/me").await.ok();
            }
        }
        let answer = ada.get("/api/auth/me").await;
        if answer.status == 429 {
            break;
        }
        let _ = answer.ok();
        passed += 1;
    }
    assert_eq!(passed, 5 + 50);
}

#[tokio::test]
async fn a_request_over_the_limit_writes_no_counter() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let ada = test.member("ada", Plan::Free, 5).await;
    for _ in 0..QUOTA_MAX {
        let _ = ada.get("/api/auth/me").await.ok();
    }
    let (process, proxy) = test.twin_behind_proxy().await;
    for _ in 0..3 {
        let _ = ada.through(process.clone()).get("/api/auth/me").await.problem(429, "rate_limited");
    }
    assert_eq!(proxy.take_calls().len(), 3);
    assert_eq!(counted(&test, LimitedAction::SignedIn, &ada.id).await, u64::from(QUOTA_MAX));
}

#[tokio::test]
async fn a_request_over_the_limit_has_no_effect() {
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
async fn forwarded_headers_from_clients_are_ignored() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let quota = QUOTA_MAX;
    let mut event: Value = serde_json::from_str(&read("events/questions.feature_question.json")).unwrap();
    let function = with_standard_layers(questions::router(test.app.clone()), test.app.clone());
    for number in 0..=quota {
        let forged = format!("198.51.100.{number}");
        for header in ["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"] {
            event["headers"][header] = json!(forged);
        }
        let request = lambda_http::request::from_str(&event.to_string()).unwrap().map(|body| Body::from(body.to_vec()));
        let answer = Answer::to(request, function.clone()).await;
        assert_eq!(answer.status == 429, number == quota, "{number}: {}", answer.body);
    }
    // Another source address from API Gateway is another client.
    event["requestContext"]["http"]["sourceIp"] = json!("203.0.113.250");
    let request = lambda_http::request::from_str(&event.to_string()).unwrap().map(|body| Body::from(body.to_vec()));
    assert_eq!(Answer::to(request, function).await.status, 200);
}

#[tokio::test]
async fn an_invalid_token_counts_for_its_address_not_for_its_user() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let ada = test.user("ada").await;
    let good = ada.token.clone().unwrap();
    // The second to last character holds only bits of the secret.
    let forged = format!("{}{}", &good[..good.len() - 2], if good.ends_with('A') { "BA" } else { "AA" });
    let thief = test.somebody(&forged);
    let quota = QUOTA_MAX;
    for number in 0..40 {
        let answer = thief.get("/api/auth/me").await;
        let _ =
            if number < quota { answer.problem(401, "unauthenticated") } else { answer.problem(429, "rate_limited") };
    }
    let answer = ada.get("/api/auth/me").await;
    assert_eq!(answer.header("ratelimit"), "\"signed_in\";r=11;t=60");
    assert_eq!(answer.header("ratelimit-policy"), "\"signed_in\";q=12;w=60");
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
async fn malformed_requests_call_no_database_and_are_not_counted() {
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
async fn every_uncached_response_has_rate_limit_headers() {
    let test = TestApp::limited().await;
    for route in ROUTES.iter().filter(|route| route.method == Method::GET && !route.path.contains('{')) {
        let ada = test.member(route.operation, Plan::Free, 5).await;
        for method in [Method::GET, Method::HEAD] {
            let path = format!("{}?course_id=algebra", route.path);
            let answer = ada.send(method, &path, None, &[]).await;
            for action in route.limits {
                let name = format!("\"{}\"", action.name());
                for header in ["ratelimit", "ratelimit-policy"] {
                    let is_told = *action != LimitedAction::OpenRead;
                    assert_eq!(
                        answer.header(header).contains(&name),
                        is_told,
                        "{}: {:?}",
                        route.operation,
                        answer.headers
                    );
                }
            }
        }
    }
    let first = test.anonymous().get("/api/featured-question").await;
    let etag = first.header("etag").to_owned();
    let again = test.anonymous().get_with("/api/featured-question", &[("if-none-match", &etag)]).await;
    assert_eq!((again.status.as_u16(), again.header("ratelimit"), again.header("ratelimit-policy")), (304, "", ""));
    // Responses that no cache stores have the headers.
    let missing = test.anonymous().get("/api/courses/none/topics/public").await;
    assert_eq!((missing.status.as_u16(), missing.header("ratelimit")), (404, "\"open_read\";r=4999;t=60"));
}

/// The requests of a landing page; the second is repeated with its `ETag`.
async fn visit(visitor: &Person) -> [Answer; 4] {
    let health = visitor.get("/").await;
    let topics = visitor.get("/api/courses/algebra/topics/public").await;
    let featured = visitor.get("/api/featured-question").await;
    let tag = featured.header("etag").to_owned();
    let again = visitor.get_with("/api/featured-question", &[("if-none-match", &tag)]).await;
    [health, topics, featured, again]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_visitors_of_one_address_see_the_landing_page_within_a_minute() {
    let test = TestApp::limited().await;
    let first = test.anonymous();
    let visits = (0..1_000).map(|_| {
        let visitor = test.anonymous().at(first.address);
        async move { visit(&visitor).await }
    });
    let visits: Vec<[Answer; 4]> = stream::iter(visits).buffer_unordered(AT_ONCE).collect().await;
    for [health, topics, featured, again] in &visits {
        let statuses = [health, topics, featured, again].map(|answer| answer.status.as_u16());
        assert_eq!(statuses, [200, 200, 200, 304]);
        assert_eq!(health.header("ratelimit"), "", "asking for the health of the service counts nothing");
        for answer in [topics, featured, again] {
            assert_eq!(answer.header("cache-control"), "public, max-age=60");
            assert_eq!(answer.header("ratelimit-policy"), "");
        }
    }
    let last = first.get("/api/courses/none/topics/public").await;
    assert_eq!(last.header("ratelimit"), "\"open_read\";r=1999;t=60");
    // Requests from the same address do not affect a signed-in user.
    let ada = test.member("ada", Plan::Free, 5).await.at(first.address);
    assert_eq!(ada.get("/api/auth/me").await.header("ratelimit"), "\"signed_in\";r=99;t=60");
}

/// Current count of `subject`.
pub(crate) async fn counted(test: &TestApp, action: LimitedAction, subject: &str) -> u64 {
    let window = test.app.limits.window(action, test.app.now());
    let count = test.app.store.count(window, subject).await.unwrap();
    test.app.store.uncount(window, subject, 1).await.unwrap();
    count - 1
}

#[tokio::test]
async fn an_analysis_counts_when_it_is_bought_and_not_when_it_is_read_or_refused() {
    let test = TestApp::limited().await;
    let quota = LimitedAction::Analysis.policy().quota;
    import_exams(&test, 0..=quota).await;
    let analysis = |number: u32| format!("/api/courses/exam{number}/analysis");
    let ada = test.member("ada", Plan::Free, 2 * (quota + 1)).await;
    let poor = test.member("poor", Plan::Free, 1).await;
    for number in 0..=quota {
        // Refused requests: no credits, unknown course, or a prefetch.
        let _ = poor.get(&analysis(0)).await.problem(402, "insufficient_credits");
        let _ = ada.get("/api/courses/none/analysis").await.problem(404, "not_found");
        let _ = ada.get_with(&analysis(number), &[("purpose", "prefetch")]).await.problem(402, "not_purchased");
    }
    for number in 0..quota {
        // Two concurrent requests: one buys, the other reads. Both count until the result is known, so the last request
        // is sent alone.
        let (path, count) = (analysis(number), if number + 1 < quota { 2 } else { 1 });
        for answer in join_all((0..count).map(|_| ada.get(&path))).await {
            assert_eq!(answer.ok()["analysis"]["exams_analysed"], 1);
        }
    }
    let refused = ada.get(&analysis(quota)).await.problem(429, "rate_limited");
    assert_eq!(refused["violated_policies"], json!(["analysis"]));
    // An owned edition is limited like any other read.
    for number in 0..40 {
        assert_eq!(ada.get(&analysis(number % quota)).await.ok()["credits_deducted"], 0);
    }
    assert_eq!(ada.credits().await, 2);
    test.pass(Duration::from_hours(1));
    assert_eq!(ada.get(&analysis(quota)).await.ok()["credits_deducted"], 2);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn only_a_trusted_proxy_sets_the_address() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let proxies = TrustedProxies::of(&["192.0.2.0/24"]).unwrap();
    let router = proxies.before(test.anonymous().router());
    let at = |address: &str| Person::new(router.clone(), None).at(address.parse().unwrap());
    let ask = async |from: &Person, told: &str| {
        let headers = [("x-forwarded-for", told), ("forwarded", "for=203.0.113.250"), ("x-real-ip", "203.0.113.251")];
        from.get_with("/api/featured-question", &headers).await
    };
    let (proxy, stranger) = (at("192.0.2.9"), at("203.0.113.77"));
    for number in 0..QUOTA_MAX {
        // Entries sent by the client are to the left of the proxy's entry.
        let _ = ask(&proxy, &format!("198.51.100.{number}, 203.0.113.1")).await.ok();
        let _ = ask(&stranger, &format!("198.51.100.{number}")).await.ok();
    }
    let _ = ask(&proxy, "198.51.100.99, 203.0.113.1").await.problem(429, "rate_limited");
    let _ = ask(&stranger, "198.51.100.99").await.problem(429, "rate_limited");
    let _ = ask(&proxy, "203.0.113.2").await.ok();
}

/// An open route that writes counts the request itself, before it writes.
#[test]
fn every_route_has_a_policy() {
    for route in &ROUTES {
        // The webhook is signed, and monitors poll the status.
        let is_unlimited = ["receive_event", "show_health", "show_status"].contains(&route.operation);
        assert_eq!(route.limits.is_empty(), is_unlimited, "{}", route.operation);
    }
}
