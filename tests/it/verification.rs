//! `POST /api/auth/verify`, `POST /api/auth/verify/resend`, and what waits for them.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use shared::domain::limits::Limits;
use tests::stripe::{Shape, life};
use tests::{Person, TestApp};

async fn is_verified(person: &Person) -> bool {
    person.get("/api/auth/me").await.ok()["user"]["email_verified"].as_bool().unwrap()
}

async fn verify(test: &TestApp, token: &str) -> tests::Answer {
    test.anonymous().post("/api/auth/verify", json!({"token": token})).await
}

#[tokio::test]
async fn the_token_of_the_mail_verifies_the_email_without_a_session_and_again() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    assert!(!is_verified(&ada).await);
    let token = test.token_for(&ada).await;
    for _ in 0..2 {
        assert_eq!(verify(&test, &token).await.ok(), json!({"success": true, "email_verified": true}));
        assert!(is_verified(&ada).await);
    }
    // The mail client added white space.
    let _ = verify(&test, &format!(" {token}\n")).await.ok();
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_token_is_of_its_purpose_its_user_and_its_time() {
    let test = TestApp::empty().await;
    let (ada, eve) = (test.newcomer("ada").await, test.newcomer("eve").await);
    let mut tokens = Vec::new();
    for person in [&ada, &eve] {
        let _ = person.post("/api/auth/verify/resend", json!({})).await.ok();
        tokens.push(test.token_for(person).await);
    }
    let reset = test.reset_token(&ada).await;
    // The user id of the one and the secret of the other: 16 bytes are 21 characters and a part of one.
    let mixed = format!("{}{}", &tokens[0][..24], &tokens[1][24..]);
    for odd in ["", "x", "pm_", &tokens[0][1..], &mixed, &reset, &tokens[0].to_uppercase(), &"A".repeat(5_000)] {
        let answer = verify(&test, odd).await;
        let _ =
            if odd.is_empty() { answer.problem(400, "missing_field") } else { answer.problem(400, "invalid_token") };
    }
    let body = json!({"token": tokens[0], "new_password": "another good passphrase"});
    let _ = test.anonymous().post("/api/auth/reset", body).await.problem(400, "invalid_token");
    assert!(!is_verified(&ada).await && !is_verified(&eve).await);
    let week = Duration::from_hours(7 * 24);
    test.pass(week.checked_sub(Duration::from_secs(1)).unwrap());
    let _ = verify(&test, &tokens[1]).await.ok();
    test.pass(Duration::from_secs(1));
    let _ = verify(&test, &tokens[0]).await.problem(400, "invalid_token");
}

#[tokio::test]
async fn a_newer_mail_replaces_the_token_and_a_flood_sends_one_mail() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let first = test.token_for(&ada).await;
    let flood = join_all((0..20).map(|_| ada.post("/api/auth/verify/resend", json!({})))).await;
    assert!(flood.iter().all(|answer| answer.status == 200));
    assert_eq!(test.mails().await, [], "one was sent less than a minute ago");
    test.pass(Duration::from_mins(1));
    let flood = join_all((0..20).map(|_| ada.post("/api/auth/verify/resend", json!({})))).await;
    assert!(flood.iter().all(|answer| answer.status == 200));
    let mails = test.mails().await;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    let _ = verify(&test, &first).await.problem(400, "invalid_token");
    let _ = verify(&test, &tests::mail::token_in(mail)).await.ok();
    test.pass(Duration::from_mins(1));
    let again = ada.post("/api/auth/verify/resend", json!({})).await.ok();
    assert_eq!((again, test.mails().await.len()), (json!({"success": true, "email_verified": true}), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_verifications_with_one_token_write_once() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let token = test.token_for(&ada).await;
    let user = UserId(ada.id.parse().unwrap());
    let before = test.app.store.profile(user).await.unwrap().unwrap();
    let twin = test.twin();
    let race = (0..50).map(|number| {
        let nobody = if number % 2 == 0 { test.anonymous() } else { test.anonymous().through(twin.clone()) };
        let body = json!({"token": token});
        async move { nobody.post("/api/auth/verify", body).await.status.as_u16() }
    });
    assert_eq!(join_all(race).await, [200; 50]);
    let after = test.app.store.profile(user).await.unwrap().unwrap();
    assert_eq!((after.version, after.email_unverified), (before.version + 1, false));
}

#[tokio::test]
async fn accounts_from_before_and_imported_ones_count_as_verified() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    assert!(is_verified(&ada).await);
    assert_eq!(ada.post("/api/auth/verify/resend", json!({})).await.ok()["email_verified"], true);
    assert_eq!(test.mails().await, []);
}

#[tokio::test]
async fn free_credits_wait_for_the_email_only_where_that_is_configured_and_paid_ones_never() {
    let test = TestApp::start().await;
    let strict = test.twin_where(|name| (name == "REQUIRE_VERIFIED_EMAIL").then(|| Some("true".to_owned())));
    // Not the topic of the question that is started below: what was bought already is not charged.
    let order = || json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 1});
    let ada = test.user("ada").await;
    // The default keeps clients of the old service working.
    let _ = ada.post("/api/questions/practice", order()).await.ok();
    let waiting = ada.through(strict.clone());
    for (path, body) in [
        ("/api/questions/practice", order()),
        ("/api/questions/alg-q4/start", json!({})),
        ("/api/midterm/generate", json!({"course_id": "algebra", "difficulty": "easy"})),
    ] {
        let _ = waiting.post(path, body).await.problem(409, "email_unverified");
    }
    let _ = waiting.get("/api/courses/algebra/analysis").await.problem(409, "email_unverified");
    assert_eq!(ada.credits().await, 4, "nothing was charged");
    let _ = verify(&test, &test.token_for(&ada).await).await.ok();
    let _ = waiting.post("/api/questions/practice", order()).await.ok();

    // Whoever pays may spend, also what is left after the plan has ended.
    let payer = test.newcomer("payer").await.through(strict.clone());
    let _ = payer.post("/api/questions/practice", order()).await.problem(409, "email_unverified");
    let _ = payer.post("/api/credits/purchase", json!({"plan": "starter"})).await.ok();
    for event in life(Shape::Since, &payer, test.app.now()) {
        let _ = test.webhook(&event).await.ok();
    }
    // The plan has ended, and its credits may be spent.
    assert_ne!(payer.post("/api/questions/practice", order()).await.body["code"], "email_unverified");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn resends_are_limited_by_user_exactly() {
    let test = TestApp::limited().await;
    let ada = test.newcomer("ada").await;
    let quota = shared::domain::limits::LimitedAction::Resend.policy().quota as usize;
    let mut statuses = Vec::new();
    let mut mails = 0;
    for _ in 0..quota + 2 {
        statuses.push(ada.post("/api/auth/verify/resend", json!({})).await.status.as_u16());
        mails += test.mails().await.len();
        test.pass(Duration::from_mins(1));
    }
    assert_eq!(statuses, [vec![200; quota], vec![429; 2]].concat());
    assert_eq!(mails, quota);
    assert_eq!(test.app.limits, Limits::default());
}
