//! `POST`, `DELETE /api/auth/factor`, `POST /api/auth/factor/confirm` and `POST /api/auth/login/factor`: codes of an app, and
//! recovery codes.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::account::challenge::CHALLENGE_TTL_SECONDS;
use shared::domain::id::UserId;
use shared::domain::limits::LimitedAction;
use tests::factor::TestFactor;
use tests::{FACTOR_KEY, PASSWORD, Person, TestApp};

const STEP: Duration = Duration::from_secs(30);
const NEW_PASSWORD: &str = "another good passphrase";

async fn login(test: &TestApp, email: &str, password: &str) -> tests::Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await
}

async fn has_factor(person: &Person) -> bool {
    person.get("/api/auth/me").await.ok()["user"]["second_factor"].as_bool().unwrap()
}

/// A user with a factor whose next code is not used.
async fn user_with_factor(test: &TestApp, name: &str) -> (Person, TestFactor) {
    let person = test.user(name).await;
    let factor = test.give_factor(&person).await;
    (person, factor)
}

#[tokio::test]
async fn a_factor_is_set_up_asked_for_and_removed() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = test.mails().await;
    let started = ada.post("/api/auth/factor", json!({"password": PASSWORD})).await.ok();
    let secret = started["secret"].as_str().unwrap();
    assert_eq!((&started["kind"], secret.len()), (&json!("totp"), 32));
    assert!(started["uri"].as_str().unwrap().contains(&format!("ada%40example.org?secret={secret}")), "{started}");
    // Until a code confirms it, nothing has changed.
    let _ = login(&test, &ada.email, PASSWORD).await.ok();
    assert!(!has_factor(&ada).await);
    let _ = ada.post("/api/auth/factor/confirm", json!({"code": "000000"})).await.problem(401, "invalid_code");

    let code = test.code(secret, 0);
    let typed = format!(" {} {}", &code[..3], &code[3..]);
    let confirmed = ada.post("/api/auth/factor/confirm", json!({"code": typed})).await.ok();
    let codes: HashSet<&str> =
        confirmed["recovery_codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(codes.len(), 10);
    assert!(has_factor(&ada).await);
    let again = ada.post("/api/auth/factor/confirm", json!({"code": code})).await;
    let _ = again.problem(409, "factor_exists");
    let _ = ada.post("/api/auth/factor", json!({"password": PASSWORD})).await.problem(409, "factor_exists");

    let _ = login(&test, &ada.email, "not the passphrase").await.problem(401, "invalid_credentials");
    let problem = login(&test, &ada.email, PASSWORD).await.problem(401, "factor_required");
    assert_eq!((&problem["factors"], &problem["expires_in_seconds"]), (&json!(["totp"]), &json!(300)));
    let challenge = problem["challenge"].as_str().unwrap();
    // It is no session.
    let _ = test.somebody(challenge).get("/api/auth/me").await.problem(401, "unauthenticated");
    let nobody = test.anonymous();
    // The code that confirmed the factor is used up.
    let _ = nobody.answer(challenge, &code).await.problem(401, "invalid_code");
    test.pass(STEP);
    let answer = nobody.answer(challenge, &test.code(secret, 0)).await.ok();
    assert_eq!(answer["user"]["email"], ada.email);
    assert!(has_factor(&test.somebody(answer["token"].as_str().unwrap())).await);
    let _ = nobody.answer(challenge, &test.code(secret, 1)).await.problem(400, "invalid_token");

    test.pass(STEP);
    for (password, code, status, problem) in [
        ("not the passphrase", test.code(secret, 0), 401, "invalid_credentials"),
        (PASSWORD, "000000".to_owned(), 401, "invalid_code"),
    ] {
        let answer = ada.delete("/api/auth/factor", json!({"password": password, "code": code})).await;
        let _ = answer.problem(status, problem);
    }
    let body = json!({"password": PASSWORD, "code": test.code(secret, 0)});
    assert_eq!(ada.delete("/api/auth/factor", body.clone()).await.ok(), json!({"success": true}));
    let _ = ada.delete("/api/auth/factor", body).await.problem(404, "not_found");
    assert!(!has_factor(&ada).await);
    let _ = login(&test, &ada.email, PASSWORD).await.ok();
    let subjects: Vec<_> = test.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["A second factor was added", "The second factor was removed"]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn recovery_codes_sign_in_once_each() {
    let test = TestApp::empty().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let nobody = test.anonymous();
    for code in &factor.recovery_codes {
        let challenge = test.challenge(&ada.email).await;
        let _ = nobody.answer(&challenge, &code.to_uppercase().replace('-', "")).await.ok();
        let challenge = test.challenge(&ada.email).await;
        let _ = nobody.answer(&challenge, code).await.problem(401, "invalid_code");
    }
    // Codes of the app work on.
    let _ = nobody.answer(&test.challenge(&ada.email).await, &test.code(&factor.secret, 1)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_answers_with_one_code_one_signs_in() {
    let test = TestApp::empty().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let twin = test.twin();
    for code in [test.code(&factor.secret, 1), factor.recovery_codes[0].clone()] {
        // One challenge for all, or one for each.
        let one = test.challenge(&ada.email).await;
        let mut challenges = vec![one; 25];
        for _ in 0..25 {
            challenges.push(test.challenge(&ada.email).await);
        }
        let race = challenges.iter().enumerate().map(|(number, challenge)| {
            let nobody = if number % 2 == 0 { test.anonymous() } else { test.anonymous().through(twin.clone()) };
            let code = code.clone();
            async move { nobody.answer(challenge, &code).await }
        });
        let answers = join_all(race).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 400 | 401 | 503)));
    }
}

#[tokio::test]
async fn a_challenge_lasts_five_minutes_and_ends_with_the_password_and_the_account() {
    let test = TestApp::empty().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let (bob, _) = user_with_factor(&test, "bob").await;
    let nobody = test.anonymous();
    let ttl = Duration::from_secs(CHALLENGE_TTL_SECONDS.unsigned_abs());
    let (early, late) = (test.challenge(&ada.email).await, test.challenge(&ada.email).await);
    test.pass(ttl.checked_sub(Duration::from_secs(1)).unwrap());
    let _ = nobody.answer(&early, &test.code(&factor.secret, 0)).await.ok();
    test.pass(Duration::from_secs(1));
    let _ = nobody.answer(&late, &test.code(&factor.secret, 1)).await.problem(400, "invalid_token");

    let voided = test.challenge(&ada.email).await;
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let _ = ada.post("/api/auth/password", change).await.ok();
    let _ = nobody.answer(&voided, &factor.recovery_codes[0]).await.problem(400, "invalid_token");
    let _ = login(&test, &ada.email, NEW_PASSWORD).await.problem(401, "factor_required");

    // A challenge is of its user, and of nobody else.
    let of_bob = test.challenge(&bob.email).await;
    let mixed = format!("{}{}", &of_bob[..24], &voided[24..]);
    for odd in ["x", "pc_", &mixed, ada.token.as_deref().unwrap(), &of_bob.to_uppercase(), &"A".repeat(5_000)] {
        let _ = nobody.answer(odd, &factor.recovery_codes[1]).await.problem(400, "invalid_token");
    }
    let _ = nobody.answer(&of_bob, &factor.recovery_codes[1]).await.problem(401, "invalid_code");
    let _ = bob.delete("/api/auth/account", json!({"password": PASSWORD})).await.ok();
    let _ = nobody.answer(&of_bob, "000000").await.problem(400, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_of_codes_are_limited_by_account_exactly_over_all_challenges() {
    let test = TestApp::limited().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let quota = LimitedAction::FactorCode.policy().quota as usize;
    let mut challenges = Vec::new();
    for _ in 0..4 {
        challenges.push(test.challenge(&ada.email).await);
    }
    let twin = test.twin();
    let flood = (0..60_usize).map(|number| {
        let nobody = if number % 2 == 0 { test.anonymous() } else { test.anonymous().through(twin.clone()) };
        let challenge = &challenges[number % challenges.len()];
        async move { nobody.answer(challenge, &format!("{number:06}")).await }
    });
    let answers = join_all(flood).await;
    let checked = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!((checked, answers.len() - checked), (quota, 60 - quota));
    for answer in answers.into_iter().filter(|answer| answer.status != 401) {
        assert_eq!(answer.problem(429, "rate_limited")["violated_policies"], json!(["factor_code"]));
    }
    // Also a right code waits, and those of the other routes are counted with them. The window passes.
    let right = test.anonymous().answer(&challenges[0], &factor.recovery_codes[0]).await;
    let _ = right.problem(429, "rate_limited");
    let body = json!({"password": PASSWORD, "code": factor.recovery_codes[0]});
    let _ = ada.delete("/api/auth/factor", body).await.problem(429, "rate_limited");
    test.pass(Duration::from_hours(1));
    let challenge = test.challenge(&ada.email).await;
    let _ = test.anonymous().answer(&challenge, &factor.recovery_codes[0]).await.ok();
}

#[tokio::test]
async fn right_codes_do_not_count_and_nobody_without_the_password_can_use_up_the_limit() {
    let test = TestApp::limited().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let quota = LimitedAction::FactorCode.policy().quota;
    let genuine = test.challenge(&ada.email).await;
    let forged = format!("{}{}", &genuine[..24], "A".repeat(genuine.len() - 24));
    for _ in 0..quota + 2 {
        let _ = test.anonymous().answer(&forged, "000000").await.problem(400, "invalid_token");
    }
    for _ in 0..quota - 1 {
        let _ = test.anonymous().answer(&genuine, "000000").await.problem(401, "invalid_code");
    }
    for code in &factor.recovery_codes[..3] {
        // More than ten logins in ten minutes would be refused by another limit.
        let _ = test.anonymous().answer(&test.challenge(&ada.email).await, code).await.ok();
    }
    let _ = test.anonymous().answer(&test.challenge(&ada.email).await, "000000").await.problem(401, "invalid_code");
    let _ = test.anonymous().answer(&test.challenge(&ada.email).await, "000000").await.problem(429, "rate_limited");
}

#[tokio::test]
async fn a_reset_and_a_change_of_the_address_keep_the_factor() {
    let test = TestApp::empty().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let nobody = test.anonymous();
    let reset = json!({"token": test.reset_token(&ada).await, "new_password": NEW_PASSWORD});
    let _ = nobody.post("/api/auth/reset", reset).await.ok();
    let problem = login(&test, &ada.email, NEW_PASSWORD).await.problem(401, "factor_required");
    let answer = nobody.answer(problem["challenge"].as_str().unwrap(), &factor.recovery_codes[0]).await.ok();
    let mut ada = ada;
    ada.token = Some(answer["token"].as_str().unwrap().to_owned());

    let change = json!({"current_password": NEW_PASSWORD, "new_password": PASSWORD});
    let _ = ada.post("/api/auth/password", change).await.ok();
    let undo = test.undo_token(&ada, "ada.new@example.org").await;
    let _ = login(&test, "ada.new@example.org", PASSWORD).await.problem(401, "factor_required");
    let _ = nobody.post("/api/auth/email/undo", json!({"token": undo})).await.ok();
    let reset = json!({"token": test.token_for(&ada).await, "new_password": NEW_PASSWORD});
    let _ = nobody.post("/api/auth/reset", reset).await.ok();
    let _ = login(&test, &ada.email, NEW_PASSWORD).await.problem(401, "factor_required");
}

#[tokio::test]
async fn the_secret_is_encrypted_and_neither_exported_nor_left_by_a_deletion() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let _ = test.challenge(&ada.email).await;
    let export = ada.get("/api/auth/export").await.ok();
    assert_eq!(export["second_factors"][0]["kind"], "totp");
    let table = async || Value::from(proxy.dump(&test.app.config.database.table_name).await).to_string();
    let stored = table().await;
    assert!(stored.contains("FACTOR#totp"));
    for text in [stored, export.to_string()] {
        for secret in factor.recovery_codes.iter().map(|code| code.replace('-', "")).chain([factor.secret.clone()]) {
            assert!(!text.contains(&secret), "{secret}");
        }
    }
    for hidden in ["secret", "recovery_codes", "token_hash"] {
        assert!(!export.to_string().contains(hidden), "{hidden}: {export}");
    }
    let _ = ada.delete("/api/auth/account", json!({"password": PASSWORD})).await.ok();
    let left = table().await;
    assert!(!left.contains("FACTOR#") && !left.contains("CHALLENGE#"), "{left}");
}

#[tokio::test]
async fn an_operator_removes_a_lost_factor() {
    let test = TestApp::empty().await;
    let (ada, _) = user_with_factor(&test, "ada").await;
    let _ = test.mails().await;
    assert!(pastpaper::user::reset_factor(&test.app, &ada.email).await.unwrap().contains("removed"));
    assert!(pastpaper::user::reset_factor(&test.app, &ada.email).await.unwrap().contains("no second factor"));
    assert!(!has_factor(&ada).await);
    let _ = login(&test, &ada.email, PASSWORD).await.ok();
    let mails = test.mails().await;
    assert_eq!(mails.iter().map(|mail| mail.subject.as_str()).collect::<Vec<_>>(), ["The second factor was removed"]);
}

#[tokio::test]
async fn a_newer_key_seals_and_the_older_one_opens() {
    let test = TestApp::empty().await;
    let (ada, factor) = user_with_factor(&test, "ada").await;
    let with = |list: String| test.twin_where(move |name| (name == "FACTOR_KEY").then(|| Some(list.clone())));
    let newer = "a newer key of factors for tests of 32 bytes or more";
    let both = with(format!("2:{newer},1:{FACTOR_KEY}"));
    let _ = test
        .anonymous()
        .through(both.clone())
        .answer(&test.challenge(&ada.email).await, &test.code(&factor.secret, 1))
        .await
        .ok();
    let bob = test.user("bob").await.through(both.clone());
    let _ = test.give_factor(&bob).await;
    // Without its key, a factor lets nobody in.
    let nobody = test.anonymous();
    let challenge = test.challenge(&bob.email).await;
    let _ = nobody.answer(&challenge, "000000").await.problem(500, "internal");
    let without = test.twin_where(|name| (name == "FACTOR_KEY").then_some(None));
    let _ = nobody.through(without.clone()).answer(&challenge, "000000").await.problem(503, "unavailable");
    let eve = test.user("eve").await.through(without);
    let _ = eve.post("/api/auth/factor", json!({"password": PASSWORD})).await.problem(503, "unavailable");
    let profile = test.app.store.profile(UserId(bob.id.parse().unwrap())).await.unwrap().unwrap();
    assert!(profile.second_factor);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_factor_beside_a_change_of_the_address_stays_with_the_account() {
    for _ in 0..4 {
        let test = TestApp::empty().await;
        let ada = test.user("ada").await;
        let secret = test.begin_factor(&ada).await;
        let token = test.confirm_token(&ada, "ada.new@example.org").await;
        let code = json!({"code": test.code(&secret, 0)});
        let nobody = test.anonymous();
        let (factor, email) = tokio::join!(
            ada.post("/api/auth/factor/confirm", code),
            nobody.post("/api/auth/email/confirm", json!({"token": token})),
        );
        let _ = email.ok();
        assert!(matches!(factor.status.as_u16(), 200 | 503), "{}", factor.body);
        let answer = login(&test, "ada.new@example.org", PASSWORD).await;
        assert_eq!(answer.status == 401, factor.status == 200, "{}", answer.body);
        assert_eq!(has_factor(&ada).await, factor.status == 200);
    }
}
