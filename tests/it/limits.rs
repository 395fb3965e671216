//! Rate limits: floods of every action, exact to the request, through two processes at once.

use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use pastpaper::router;
use pastpaper::trusted_proxy::TrustedProxies;
use serde_json::{Value, json};
use shared::domain::account::token::{SECRET_BYTES, SessionToken};
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use shared::domain::limits::{LimitedAction, address_subject, email_subject};
use shared::http::routes::ROUTES;
use shared::http::with_standard_layers;
use tests::{Answer, PASSWORD, Person, TestApp};
use uuid::Uuid;

use crate::architecture::read;

/// Requests beyond the quota.
const EXCESS: u32 = 7;
/// Requests under way at the same time.
const AT_ONCE: usize = 16;

/// The largest quota in tests that use one up: the real ones are thousands of requests.
const QUOTA_MAX: u32 = 12;

/// A well-formed token of nobody.
fn token_of_nobody() -> String {
    SessionToken::new(UserId(Uuid::from_u128(7)), [7; SECRET_BYTES]).reveal()
}

/// One request that `action` counts and no narrower policy does; `number` makes it differ from the others where these
/// would be counted by another policy, too.
async fn request(action: LimitedAction, person: &Person, number: u32) -> Answer {
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
        LimitedAction::Password => {
            let body = json!({"current_password": "wrong", "new_password": "another good passphrase"});
            person.post("/api/auth/password", body).await
        }
        LimitedAction::Export => person.get("/api/auth/export").await,
        LimitedAction::Analysis => person.get(&format!("/api/courses/exam{number}/analysis")).await,
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
    // What derives a key for each request has the smaller quota; the other must be above those that a flood of another
    // action would meet first.
    let apps = [TestApp::limited_to(QUOTA_MAX).await, TestApp::limited_to(7 * QUOTA_MAX).await];
    for action in LimitedAction::ALL {
        let derives_keys = matches!(action, LimitedAction::LoginAddress | LimitedAction::RegisterAddress);
        let test = &apps[usize::from(!derives_keys)];
        let twin = test.twin();
        let person = match action {
            LimitedAction::OpenRead | LimitedAction::LoginAddress | LimitedAction::RegisterAddress => test.anonymous(),
            LimitedAction::Anonymous => test.somebody(&token_of_nobody()),
            _ => test.member(action.name(), Plan::Unlimited, 0).await,
        };
        let through_twin = person.through(twin.clone());
        let policy = test.app.limits.window(action, test.app.now()).policy;
        for window in 0..2 {
            if action == LimitedAction::Analysis {
                // Each can be bought once.
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
                assert!(matches!(answer.status.as_u16(), 200 | 401 | 409), "{action:?}: {}", answer.body);
                let policies = format!("\"{}\";q={};w={}", action.name(), policy.quota, policy.window_seconds);
                if action == LimitedAction::OpenRead {
                    // A cache may give it to others.
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
    // Another address, as API Gateway saw it, is somebody else.
    event["requestContext"]["http"]["sourceIp"] = json!("203.0.113.250");
    let request = lambda_http::request::from_str(&event.to_string()).unwrap().map(|body| Body::from(body.to_vec()));
    assert_eq!(Answer::to(request, function).await.status, 200);
}

#[tokio::test]
async fn a_token_that_is_nobodys_counts_for_its_address_and_not_for_the_user_it_names() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let ada = test.user("ada").await;
    let good = ada.token.clone().unwrap();
    // The last character but one holds bits of the secret only.
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
async fn every_route_says_where_the_client_stands_but_what_a_cache_may_give_to_others() {
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
    // What no cache keeps tells it.
    let missing = test.anonymous().get("/api/courses/none/topics/public").await;
    assert_eq!((missing.status.as_u16(), missing.header("ratelimit")), (404, "\"open_read\";r=4999;t=60"));
}

/// What a landing page asks for, of which the second is asked again with its tag.
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
    // A neighbour's requests leave those of a user with a session alone.
    let ada = test.member("ada", Plan::Free, 5).await.at(first.address);
    assert_eq!(ada.get("/api/auth/me").await.header("ratelimit"), "\"signed_in\";r=99;t=60");
}

/// As if `count` other people of `person`'s address had done the same.
async fn count_others(test: &TestApp, action: LimitedAction, person: &Person, count: usize) {
    let window = test.app.limits.window(action, test.app.now());
    let subject = address_subject(person.address);
    let counts = (0..count).map(|_| test.app.store.count(window, &subject));
    let counted: Vec<_> = stream::iter(counts).buffer_unordered(AT_ONCE).collect().await;
    assert!(counted.iter().all(Result::is_ok));
}

#[tokio::test]
async fn a_class_of_two_hundred_registers_and_signs_in_from_one_address() {
    let test = TestApp::limited().await;
    let school = test.anonymous();
    count_others(&test, LimitedAction::RegisterAddress, &school, 197).await;
    count_others(&test, LimitedAction::LoginAddress, &school, 197).await;
    for number in 0..3 {
        let form = json!({"email": format!("student{number}@example.org"), "password": PASSWORD});
        let _ = school.post("/api/auth/register", form.clone()).await.ok();
        let _ = school.post("/api/auth/login", form).await.ok();
    }
}

#[tokio::test]
async fn guesses_at_many_accounts_from_one_address_stop_and_logins_that_succeed_do_not_count() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let ada = test.user("ada").await;
    let grace = test.user("grace").await;
    let school = test.anonymous();
    let login = async |email: &str, password: &str| {
        school.post("/api/auth/login", json!({"email": email, "password": password})).await
    };
    for _ in 0..8 {
        for member in [&ada, &grace] {
            let _ = login(&member.email, PASSWORD).await.ok();
        }
    }
    for number in 0..QUOTA_MAX {
        let _ = login(&format!("{number}@example.org"), "a guess").await.problem(401, "invalid_credentials");
    }
    let derived = test.app.kdf_runs();
    let refused = login("another@example.org", "a guess").await.problem(429, "rate_limited");
    assert_eq!(refused["violated_policies"], json!(["login_address"]));
    let _ = login(&ada.email, PASSWORD).await.problem(429, "rate_limited");
    assert_eq!(test.app.kdf_runs(), derived, "no key is derived for what is refused");
}

/// `test` with a queue of key derivations that holds `waiting`, and people with a password, of one address.
async fn class_before_queue(mut test: TestApp, waiting: usize, names: &[&str]) -> (TestApp, Vec<Person>) {
    test.app = test.app.with_kdf_queue(waiting);
    let school = test.anonymous().address;
    let hash = test.app.hash_password(PASSWORD.to_owned().into()).await.unwrap();
    let router = router::all(&test.app);
    let mut class = Vec::new();
    for name in names {
        let student = test.member(name, Plan::Free, 5).await.through(router.clone()).at(school);
        test.set_hash(&student, &hash).await;
        class.push(student);
    }
    (test, class)
}

const CLASS: [&str; 8] = ["ada", "grace", "emmy", "sofia", "hypatia", "maria", "rosalind", "lise"];

/// Sends all of `requests` at once, and again those that are told to come back later, until none is.
async fn until_answered<R: Future<Output = Answer>>(count: usize, request: impl Fn(usize) -> R) -> Vec<Answer> {
    let (mut left, mut answers): (Vec<usize>, Vec<Answer>) = ((0..count).collect(), Vec::new());
    while !left.is_empty() {
        let round = join_all(left.iter().map(|number| request(*number))).await;
        let (busy, done): (Vec<_>, Vec<_>) = left.drain(..).zip(round).partition(|(_, answer)| answer.status == 503);
        for (_, answer) in &busy {
            // As long as a full queue takes.
            assert_eq!(answer.header("retry-after"), "4");
        }
        assert!(!done.is_empty(), "somebody is answered in each round");
        left = busy.into_iter().map(|(number, _)| number).collect();
        answers.extend(done.into_iter().map(|(_, answer)| answer));
    }
    answers
}

#[tokio::test]
async fn a_login_or_registration_that_finds_the_queue_full_is_not_counted() {
    let (_test, class) = class_before_queue(TestApp::limited_to(QUOTA_MAX).await, 0, &CLASS).await;
    let answers = until_answered(class.len(), |number| {
        class[number].post("/api/auth/login", json!({"email": class[number].email, "password": PASSWORD}))
    });
    assert!(answers.await.iter().all(|answer| answer.status == 200));
    let answers = until_answered(class.len(), |number| {
        let form = json!({"email": format!("student{number}@example.org"), "password": PASSWORD});
        let student = &class[number];
        async move { student.post("/api/auth/register", form).await }
    });
    assert!(answers.await.iter().all(|answer| answer.status == 200));
}

#[tokio::test]
async fn a_guess_at_the_own_password_counts_when_a_key_was_derived_for_it() {
    let (test, class) = class_before_queue(TestApp::limited().await, 0, &["ada"]).await;
    let ada = &class[0];
    let derived = test.app.kdf_runs();
    let change = json!({"current_password": "a guess", "new_password": "another good passphrase"});
    let quota = LimitedAction::Password.policy().quota as usize;
    let answers = until_answered(quota, |number| {
        let (change, form) = (change.clone(), json!({"password": "a guess"}).to_string());
        async move {
            if number % 2 == 0 {
                ada.post("/api/auth/password", change).await
            } else {
                let json = [("content-type", "application/json")];
                ada.send(Method::DELETE, "/api/auth/account", Some(form), &json).await
            }
        }
    });
    for answer in answers.await {
        let _ = answer.problem(401, "invalid_credentials");
    }
    // What is refused before any password is compared counts no more than what found the queue full.
    let refused = ada.post("/api/auth/password", change).await.problem(429, "rate_limited");
    assert_eq!(refused["violated_policies"], json!(["password"]));
    assert_eq!(test.app.kdf_runs() - derived, quota as u64);
}

/// How many requests of `subject` are counted now.
async fn counted(test: &TestApp, action: LimitedAction, subject: &str) -> u64 {
    let window = test.app.limits.window(action, test.app.now());
    let count = test.app.store.count(window, subject).await.unwrap();
    test.app.store.uncount(window, subject).await.unwrap();
    count - 1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_is_counted_for_the_keys_that_were_derived_and_the_guesses_that_were_wrong() {
    let (test, class) = class_before_queue(TestApp::limited().await, 8, &["ada", "grace"]).await;
    let school = address_subject(class[0].address);
    let mut wrong = 0;
    for (student, password) in [(&class[0], PASSWORD), (&class[1], "a guess")] {
        let before = test.app.kdf_runs();
        for patience in 0..8 {
            let (person, form) = (student.clone(), json!({"email": student.email, "password": password}));
            let login = tokio::spawn(async move { person.post("/api/auth/login", form).await });
            for _ in 0..patience {
                // About as long as a step of the login takes.
                let _ = counted(&test, LimitedAction::OpenRead, "nobody").await;
            }
            login.abort();
            let _ = login.await;
        }
        let mut seen = (0, 0, 1);
        for _ in 0..10_000 {
            let derived = test.app.kdf_runs() - before;
            let by_email = counted(&test, LimitedAction::LoginEmail, &email_subject(&student.email)).await;
            let by_address = counted(&test, LimitedAction::LoginAddress, &school).await;
            seen = (by_email, by_address, derived);
            if seen == (derived, wrong + if password == PASSWORD { 0 } else { derived }, derived) {
                break;
            }
        }
        wrong += if password == PASSWORD { 0 } else { seen.2 };
        assert_eq!((seen.0, seen.1), (seen.2, wrong), "{password}");
    }
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
        // Refused: no credits, no such course, a request that buys nothing.
        let _ = poor.get(&analysis(0)).await.problem(402, "insufficient_credits");
        let _ = ada.get("/api/courses/none/analysis").await.problem(404, "not_found");
        let _ = ada.get_with(&analysis(number), &[("purpose", "prefetch")]).await.problem(402, "not_purchased");
    }
    for number in 0..quota {
        // At the same time: one buys, the other reads. Until that is known both count, so the last one comes alone.
        let (path, count) = (analysis(number), if number + 1 < quota { 2 } else { 1 });
        for answer in join_all((0..count).map(|_| ada.get(&path))).await {
            assert_eq!(answer.ok()["analysis"]["exams_analysed"], 1);
        }
    }
    let refused = ada.get(&analysis(quota)).await.problem(429, "rate_limited");
    assert_eq!(refused["violated_policies"], json!(["analysis"]));
    // What is owned is read as often as anything else.
    for number in 0..40 {
        assert_eq!(ada.get(&analysis(number % quota)).await.ok()["credits_deducted"], 0);
    }
    assert_eq!(ada.credits().await, 2);
    test.pass(Duration::from_hours(1));
    assert_eq!(ada.get(&analysis(quota)).await.ok()["credits_deducted"], 2);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn guesses_at_one_account_that_its_limit_refuses_leave_the_neighbours_alone() {
    let test = TestApp::limited_to(QUOTA_MAX).await;
    let school = test.anonymous();
    let guess =
        async |email: &str| school.post("/api/auth/login", json!({"email": email, "password": "a guess"})).await;
    let quota = LimitedAction::LoginEmail.policy().quota;
    for number in 0..40 {
        let answer = guess("flooded@example.org").await;
        if number < quota {
            let _ = answer.problem(401, "invalid_credentials");
        } else {
            assert_eq!(answer.problem(429, "rate_limited")["violated_policies"], json!(["login_email"]));
        }
    }
    for number in quota..QUOTA_MAX {
        let _ = guess(&format!("{number}@example.org")).await.problem(401, "invalid_credentials");
    }
    assert_eq!(
        guess("last@example.org").await.problem(429, "rate_limited")["violated_policies"],
        json!(["login_address"])
    );
}

#[tokio::test]
async fn every_spelling_of_an_email_is_counted_as_one() {
    let test = TestApp::limited().await;
    let spellings = ["josé@bücher.example", "JOSE\u{301}@BÜCHER.example", "josé@xn--bcher-kva.example"];
    let quota = LimitedAction::LoginEmail.policy().quota;
    for number in 0..=quota {
        let form = json!({"email": spellings[number as usize % spellings.len()], "password": "a guess"});
        let answer = test.anonymous().post("/api/auth/login", form).await;
        assert_eq!(answer.status == 429, number == quota, "{number}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_address_and_nobody_else_does() {
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
        // What the client wrote itself stands left of what the proxy saw.
        let _ = ask(&proxy, &format!("198.51.100.{number}, 203.0.113.1")).await.ok();
        let _ = ask(&stranger, &format!("198.51.100.{number}")).await.ok();
    }
    let _ = ask(&proxy, "198.51.100.99, 203.0.113.1").await.problem(429, "rate_limited");
    let _ = ask(&stranger, "198.51.100.99").await.problem(429, "rate_limited");
    let _ = ask(&proxy, "203.0.113.2").await.ok();
}

/// A route that anybody may call and that changes something counts by itself, before it does.
#[test]
fn every_route_has_a_policy() {
    for route in &ROUTES {
        // Signed by its sender, and asked by monitors.
        let is_unlimited = ["receive_event", "show_status"].contains(&route.operation);
        assert_eq!(route.limits.is_empty(), is_unlimited, "{}", route.operation);
    }
}
