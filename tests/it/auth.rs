//! Register, login, logout, me.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::account::session::SESSION_TTL_SECONDS;
use tests::{PASSWORD, Person, TestApp};

async fn login(test: &TestApp, email: &str, password: &str) -> tests::Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await
}

fn signed_in(test: &TestApp, answer: &Value) -> Person {
    test.somebody(answer["token"].as_str().unwrap())
}

#[tokio::test]
async fn a_student_registers_and_is_signed_in() {
    let test = TestApp::empty().await;
    let body = json!({"name": " Ada ", "email": " Ada@Example.org", "password": PASSWORD});
    let answer = test.anonymous().post("/api/auth/register", body).await.ok();
    assert_eq!(answer["success"], true);
    let id = answer["user"]["id"].clone();
    assert_eq!(
        answer["user"],
        json!({"id": id, "email": "ada@example.org", "name": "Ada", "credits": 5, "plan": "free"})
    );

    let me = signed_in(&test, &answer).get("/api/auth/me").await.ok();
    // 2026-03-01T12:00:00Z and 30 days.
    let reset_at = 1_772_366_400 + 30 * 86_400;
    assert_eq!(
        me,
        json!({"user": {
            "id": id, "email": "ada@example.org", "name": "Ada", "credits": 5, "plan": "free",
            "credits_reset_at": reset_at, "email_verified": false, "email_deliverable": true, "new_email": null,
            "second_factor": false,
            "created_at": "2026-03-01T12:00:00.000Z", "has_unlimited": false, "unlimited_until": null,
        }})
    );
}

#[tokio::test]
async fn a_name_may_be_left_out() {
    let test = TestApp::empty().await;
    for (email, name) in [("a@example.org", json!(null)), ("b@example.org", json!("  "))] {
        let body = json!({"email": email, "password": PASSWORD, "name": name});
        assert_eq!(test.anonymous().post("/api/auth/register", body).await.ok()["user"]["name"], json!(null));
    }
    let body = json!({"email": "c@example.org", "password": PASSWORD});
    assert_eq!(test.anonymous().post("/api/auth/register", body).await.ok()["user"]["name"], json!(null));
}

#[tokio::test]
async fn an_email_has_one_account_whatever_its_letter_case() {
    let test = TestApp::empty().await;
    test.user("ada").await;
    for email in ["ada@example.org", "ADA@example.ORG", "  ada@example.org "] {
        let body = json!({"email": email, "password": "another good passphrase"});
        let problem = test.anonymous().post("/api/auth/register", body).await.problem(409, "email_taken");
        assert_eq!(problem["error"], "Email already registered");
    }
    // The account still belongs to the first registration.
    assert!(login(&test, "ada@example.org", PASSWORD).await.status.is_success());
}

#[tokio::test]
async fn concurrent_registrations_of_one_email_create_one_account() {
    let test = TestApp::empty().await;
    let attempts = (0..8).map(|_| {
        let body = json!({"email": "ada@example.org", "password": PASSWORD});
        let anonymous = test.anonymous();
        tokio::spawn(async move { anonymous.post("/api/auth/register", body).await.status.as_u16() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [[200].as_slice(), &[409; 7]].concat());
}

#[tokio::test]
async fn login_opens_a_session_beside_the_others() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let answer = login(&test, "Ada@Example.org ", PASSWORD).await.ok();
    assert_eq!(answer["user"]["id"], ada.id);
    assert_ne!(answer["token"].as_str(), ada.token.as_deref());
    for person in [ada, signed_in(&test, &answer)] {
        assert!(person.get("/api/auth/me").await.status.is_success());
    }
}

#[tokio::test]
async fn wrong_password_and_unknown_email_are_answered_alike() {
    let test = TestApp::empty().await;
    test.user("ada").await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("ada@example.org", "not the passphrase"),
        ("nobody@example.org", PASSWORD),
        ("not an address", PASSWORD),
        ("ada@example.org", "A quite good passphrase"),
        ("ada@example.org", "a quite good passphrase "),
    ] {
        let mut problem = login(&test, email, password).await.problem(401, "invalid_credentials");
        assert_eq!(problem["error"], "Invalid credentials");
        problem["request_id"] = json!(null);
        answers.push(problem);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[tokio::test]
async fn weak_passwords_are_refused_and_good_ones_kept_as_typed() {
    let test = TestApp::empty().await;
    for password in ["short", "password1", "Password1", &"x".repeat(129)] {
        let body = json!({"email": "ada@example.org", "password": password});
        let problem = test.anonymous().post("/api/auth/register", body).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "password");
        assert!(!problem.to_string().contains(password), "{problem}");
    }
    for (index, password) in [" spaces around ", "пароль из букв", &"x".repeat(128)].into_iter().enumerate()
    {
        let email = format!("user{index}@example.org");
        let body = json!({"email": email, "password": password});
        let _ = test.anonymous().post("/api/auth/register", body).await.ok();
        let _ = login(&test, &email, password).await.ok();
        let _ = login(&test, &email, &format!("{password}.")).await.problem(401, "invalid_credentials");
    }
}

#[tokio::test]
async fn logout_ends_this_session_at_once_and_no_other() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let other = signed_in(&test, &login(&test, &ada.email, PASSWORD).await.ok());
    assert_eq!(ada.post("/api/auth/logout", json!({})).await.ok(), json!({"success": true}));
    assert_eq!(ada.get("/api/auth/me").await.problem(401, "unauthenticated")["error"], "Unauthorized");
    let _ = ada.post("/api/auth/logout", json!({})).await.problem(401, "unauthenticated");
    assert!(other.get("/api/auth/me").await.status.is_success());
}

#[tokio::test]
async fn logout_needs_no_body() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = ada.send(axum::http::Method::POST, "/api/auth/logout", None, &[]).await.ok();
}

#[tokio::test]
async fn a_session_ends_after_seven_days_used_or_not() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    test.pass(Duration::from_secs(SESSION_TTL_SECONDS.unsigned_abs() - 1));
    assert!(ada.get("/api/auth/me").await.status.is_success());
    test.pass(Duration::from_secs(1));
    let problem = ada.get("/api/auth/me").await.problem(401, "unauthenticated");
    assert_eq!(problem["error"], "Session expired");
    let problem = ada.post("/api/auth/logout", json!({})).await.problem(401, "unauthenticated");
    assert_eq!(problem["error"], "Session expired");
}

#[tokio::test]
async fn the_scheme_word_may_be_in_any_letter_case() {
    let test = TestApp::empty().await;
    let token = test.user("ada").await.token.unwrap();
    for scheme in ["Bearer", "bearer", "BEARER", "bEARER"] {
        let value = format!("{scheme} {token}");
        let answer = test.anonymous().get_with("/api/auth/me", &[("authorization", &value)]).await;
        assert!(answer.status.is_success(), "{scheme}");
    }
}

#[tokio::test]
async fn me_and_balance_show_the_refresh_that_was_due() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 4})).await.ok();
    assert_eq!(ada.credits().await, 1);

    let period = Duration::from_hours(30 * 24);
    test.pass(period.checked_sub(Duration::from_secs(1)).unwrap());
    let again = login(&test, &ada.email, PASSWORD).await.ok();
    assert_eq!(again["user"]["credits"], 1);
    test.pass(Duration::from_secs(1));
    let again = login(&test, &ada.email, PASSWORD).await.ok();
    assert_eq!(again["user"]["credits"], 5, "login shows what me will");
    let ada = signed_in(&test, &again);
    let before = ada.get("/api/auth/me").await.ok()["user"].clone();
    assert_eq!(before["credits"], 5);
    let balance = ada.get("/api/credits/balance").await.ok();
    assert_eq!(
        balance,
        json!({
            "credits": 5, "plan": "free", "monthly_credits": 5, "credits_reset_at": before["credits_reset_at"],
            "subscription": null, "created_at": "2026-03-01T12:00:00.000Z", "has_unlimited": false, "unlimited_until": null,
        })
    );
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_refresh_met_by_concurrent_requests_happens_once() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 3})).await.ok();
    test.pass(Duration::from_hours(61 * 24));
    let again = signed_in(&test, &login(&test, &ada.email, PASSWORD).await.ok());
    let reads = (0..16).map(|_| {
        let again = again.clone();
        tokio::spawn(async move { again.credits().await })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap(), 5);
    }
    let amounts: Vec<i64> = test.entries(&ada.id).await.iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [5, -3, 3]);
    test.assert_ledgers_are_true().await;
}
