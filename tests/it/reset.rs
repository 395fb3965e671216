//! `POST /api/auth/forgot` and `POST /api/auth/reset`: an account is got back by its mail, and by nothing else.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::limits::LimitedAction;
use tests::mail::token_in;
use tests::{Answer, PASSWORD, Person, TestApp};

const NEW_PASSWORD: &str = "another good passphrase";

async fn forgot(test: &TestApp, email: &str) -> Answer {
    test.anonymous().post("/api/auth/forgot", json!({"email": email})).await
}

async fn reset(test: &TestApp, token: &str, password: &str) -> Answer {
    test.anonymous().post("/api/auth/reset", json!({"token": token, "new_password": password})).await
}

async fn login(test: &TestApp, email: &str, password: &str) -> Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await
}

async fn is_signed_in(person: &Person) -> bool {
    person.get("/api/auth/me").await.status.is_success()
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_and_every_session_ends() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = test.mails().await;
    assert_eq!(forgot(&test, " Ada@Example.org").await.ok(), json!({"success": true}));
    let mails = test.mails().await;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!(mail.to, ada.email);
    let token = token_in(mail);
    assert!(is_signed_in(&ada).await, "asking changes nothing");

    assert_eq!(reset(&test, &token, NEW_PASSWORD).await.ok(), json!({"success": true}));
    assert!(!is_signed_in(&ada).await);
    let _ = login(&test, &ada.email, PASSWORD).await.problem(401, "invalid_credentials");
    let answer = login(&test, &ada.email, NEW_PASSWORD).await.ok();
    let again = test.somebody(answer["token"].as_str().unwrap());
    // Who reads the mail has the address.
    assert_eq!(again.get("/api/auth/me").await.ok()["user"]["email_verified"], true);
    let notice = test.mails().await;
    let told: Vec<_> = notice.iter().map(|mail| (mail.to.as_str(), mail.subject.as_str())).collect();
    assert_eq!(told, [("ada@example.org", "Your password was changed")]);

    let used = reset(&test, &token, "a third good passphrase").await.problem(400, "invalid_token");
    assert!(used["detail"].as_str().unwrap().contains("was used already"), "{used}");
    let _ = login(&test, &ada.email, NEW_PASSWORD).await.ok();
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_token_lasts_thirty_minutes_from_the_request_and_a_newer_one_replaces_it() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let old = test.reset_token(&ada).await;
    test.pass(Duration::from_mins(1));
    let new = test.reset_token(&ada).await;
    assert_ne!(old, new);
    let _ = reset(&test, &old, NEW_PASSWORD).await.problem(400, "invalid_token");
    test.pass(Duration::from_mins(30));
    let _ = reset(&test, &new, NEW_PASSWORD).await.problem(400, "invalid_token");
    let last = test.reset_token(&ada).await;
    test.pass(Duration::from_secs(30 * 60 - 1));
    let _ = reset(&test, &last, NEW_PASSWORD).await.ok();
    // A mail that could not be sent for half an hour is not sent: its link would not work.
    let _ = forgot(&test, &ada.email).await.ok();
    test.pass(Duration::from_mins(30));
    let subjects: Vec<_> = test.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Your password was changed"]);
}

#[tokio::test]
async fn a_refused_password_does_not_use_up_the_token() {
    let test = TestApp::empty().await;
    let ada = test.user("ada.lovelace").await;
    let token = test.reset_token(&ada).await;
    for bad in ["short", "password1", "ada.lovelace!", &"x".repeat(129)] {
        let problem = reset(&test, &token, bad).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "new_password", "{bad}");
        assert!(!problem.to_string().contains(bad), "{problem}");
    }
    let _ = reset(&test, &token, NEW_PASSWORD).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_resets_with_one_token_one_works() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let token = test.reset_token(&ada).await;
    let twin = test.twin();
    let race = (0..50).map(|number| {
        let nobody = if number % 2 == 0 { test.anonymous() } else { test.anonymous().through(twin.clone()) };
        let body = json!({"token": token, "new_password": format!("a good passphrase {number}")});
        async move { nobody.post("/api/auth/reset", body).await }
    });
    let answers = join_all(race).await;
    let winners: Vec<usize> = (0..50).filter(|index| answers[*index].status == 200).collect();
    let [winner] = winners[..] else { panic!("{winners:?} set a password") };
    for (index, answer) in answers.into_iter().enumerate().filter(|(index, _)| *index != winner) {
        let _ = answer.problem(400, "invalid_token");
        assert_ne!(index, winner);
    }
    let _ = login(&test, &ada.email, &format!("a good passphrase {winner}")).await.ok();
    let notices = test.mails().await;
    assert_eq!(notices.iter().filter(|mail| mail.subject == "Your password was changed").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_beside_logins_leaves_no_session_of_the_old_password() {
    for _ in 0..4 {
        let test = TestApp::empty().await;
        let ada = test.user("ada").await;
        let token = test.reset_token(&ada).await;
        let logins = join_all((0..4).map(|_| login(&test, &ada.email, PASSWORD)));
        let (done, logins) = tokio::join!(reset(&test, &token, NEW_PASSWORD), logins);
        let _ = done.ok();
        for answer in logins.into_iter().filter(|answer| answer.status == 200) {
            assert!(!is_signed_in(&test.somebody(answer.ok()["token"].as_str().unwrap())).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_beside_a_change_of_the_password_leaves_one_password_and_it_works() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let token = test.reset_token(&ada).await;
    let body = json!({"current_password": PASSWORD, "new_password": "changed good passphrase"});
    let (changed, reset) = tokio::join!(ada.post("/api/auth/password", body), reset(&test, &token, NEW_PASSWORD));
    // Whichever is first voids the other: a reset ends the session, and a change voids the link.
    let (works, other) = if reset.status == 200 {
        let _ = changed.problem(401, "invalid_credentials");
        (NEW_PASSWORD, "changed good passphrase")
    } else {
        let _ = (changed.ok(), reset.problem(400, "invalid_token"));
        ("changed good passphrase", NEW_PASSWORD)
    };
    let _ = login(&test, &ada.email, works).await.ok();
    for refused in [PASSWORD, other] {
        let _ = login(&test, &ada.email, refused).await.problem(401, "invalid_credentials");
    }
    assert_eq!(is_signed_in(&ada).await, works != NEW_PASSWORD);
}

#[tokio::test]
async fn a_change_of_the_password_voids_a_link_that_was_sent_and_one_that_waits() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let sent = test.reset_token(&ada).await;
    let change = async |from: &str, to: &str| {
        let body = json!({"current_password": from, "new_password": to});
        let _ = ada.post("/api/auth/password", body).await.ok();
        test.mails().await.into_iter().map(|mail| mail.subject).collect::<Vec<_>>()
    };
    assert_eq!(change(PASSWORD, NEW_PASSWORD).await, ["Your password was changed"]);
    let _ = reset(&test, &sent, "a third good passphrase").await.problem(400, "invalid_token");
    let _ = forgot(&test, " ADA@example.org").await.ok();
    assert_eq!(change(NEW_PASSWORD, PASSWORD).await, ["Your password was changed"]);
    let _ = login(&test, &ada.email, PASSWORD).await.ok();
    // The user may ask again at once, and that link works.
    let _ = reset(&test, &test.reset_token(&ada).await, NEW_PASSWORD).await.ok();
}

#[tokio::test]
async fn a_reset_voids_a_newer_link_that_waits() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let first = test.reset_token(&ada).await;
    test.pass(Duration::from_mins(1));
    let _ = forgot(&test, &ada.email).await.ok();
    let _ = reset(&test, &first, NEW_PASSWORD).await.ok();
    let subjects: Vec<_> = test.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["Your password was changed"]);
}

#[tokio::test]
async fn ending_all_sessions_voids_a_link() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let token = test.reset_token(&ada).await;
    let profile = test.app.store.profile(shared::domain::id::UserId(ada.id.parse().unwrap())).await.unwrap().unwrap();
    let with = (test.app.now(), &*test.app.random);
    assert!(test.app.store.end_all_sessions(profile.id, &profile.email, 0, with).await.unwrap());
    let _ = reset(&test, &token, NEW_PASSWORD).await.problem(400, "invalid_token");
}

/// A request for a new password, as the database sees it.
async fn seen(email: &str, with_account: bool) -> (Value, Vec<(String, usize)>) {
    let (test, proxy) = TestApp::behind_proxy().await;
    if with_account {
        let _ = test.member(email.split('@').next().unwrap(), shared::domain::credits::Plan::Free, 5).await;
    }
    let _ = proxy.take_calls();
    let answer = forgot(&test, email).await;
    let headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    let calls = proxy.take_calls().into_iter().map(|call| (call.name, call.tries)).collect();
    (json!({"status": answer.status.as_u16(), "body": answer.body, "headers": headers}), calls)
}

#[tokio::test]
async fn an_address_with_an_account_and_one_without_get_the_same_answer_after_the_same_calls() {
    let with = seen("ada@example.org", true).await;
    let without = seen("ada@example.org", false).await;
    assert_eq!(with, without);
    assert_eq!(with.0["status"], 200);
    assert!(!with.1.iter().any(|(name, _)| name.contains("USER#") || name.contains("EMAIL#")), "{:?}", with.1);
}

#[tokio::test]
async fn nobody_gets_a_mail_who_has_no_account() {
    let test = TestApp::empty().await;
    let _ = forgot(&test, "nobody@example.org").await.ok();
    assert_eq!(test.mails().await, []);
    let left = test.app.store.mails().await.unwrap();
    assert!(left.iter().all(|stored| stored.mail.to.is_none()), "the address is not kept");
}

#[tokio::test]
async fn the_mail_goes_to_the_stored_spelling_of_the_address() {
    let test = TestApp::empty().await;
    let body = json!({"email": "u@xn--bcher-kva.example", "password": PASSWORD});
    let _ = test.anonymous().post("/api/auth/register", body).await.ok();
    let _ = test.mails().await;
    let _ = forgot(&test, "U@B\u{fc}cher.example").await.ok();
    assert_eq!(test.mails().await[0].to, "u@xn--bcher-kva.example");
}

#[tokio::test]
async fn a_flood_of_requests_sends_one_mail_and_meets_the_limit_of_the_address_exactly() {
    let test = TestApp::limited().await;
    let ada = test.member("ada", shared::domain::credits::Plan::Free, 5).await;
    let quota = LimitedAction::ResetEmail.policy().quota as usize;
    let flood = join_all((0..60).map(|_| forgot(&test, &ada.email))).await;
    let passed = flood.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(passed, quota);
    for answer in flood.into_iter().filter(|answer| answer.status != 200) {
        assert_eq!(answer.problem(429, "rate_limited")["violated_policies"], json!(["reset_email"]));
    }
    assert_eq!(test.mails().await.len(), 1);
    // Another spelling of the address is the same address; another address is not affected.
    let _ = forgot(&test, "ADA@example.org").await.problem(429, "rate_limited");
    let _ = forgot(&test, "bob@example.org").await.ok();
    test.pass(Duration::from_hours(1));
    let _ = forgot(&test, &ada.email).await.ok();
    assert_eq!(test.mails().await.len(), 1);
}

#[tokio::test]
async fn a_changed_password_is_told_to_the_address() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = test.mails().await;
    let body = json!({"current_password": "wrong", "new_password": NEW_PASSWORD});
    let _ = ada.post("/api/auth/password", body).await.problem(401, "invalid_credentials");
    assert_eq!(test.mails().await, []);
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let _ = ada.post("/api/auth/password", body).await.ok();
    let mails = test.mails().await;
    assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "Your password was changed"));
    assert!(mails[0].link.ends_with("/forgot-password"), "a notice has no token");
}
