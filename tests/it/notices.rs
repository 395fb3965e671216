//! Notices of what happened to an account: each is written with its cause, and the optional ones can be turned off.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::mail::MailKind;
use tests::mail::unsubscription_in;
use tests::stripe::{Shape, life};
use tests::{Answer, PASSWORD, Person, TestApp};

const NOTICES: &str = "/api/auth/notices";
const DAY: Duration = Duration::from_hours(24);

async fn login(test: &TestApp, email: &str) -> Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": PASSWORD})).await
}

/// The kinds of mail that wait or were sent, oldest first.
async fn kinds(test: &TestApp) -> Vec<MailKind> {
    test.app.store.mails().await.unwrap().iter().map(|stored| stored.mail.kind).collect()
}

/// What `GET` and `PATCH` show: kind, essential, enabled.
fn shown(answer: &Value) -> Vec<(String, bool, bool)> {
    let row = |notice: &Value| {
        let flag = |name: &str| notice[name].as_bool().unwrap();
        (notice["kind"].as_str().unwrap().to_owned(), flag("essential"), flag("enabled"))
    };
    answer["notices"].as_array().unwrap().iter().map(row).collect()
}

/// A user whose registration was a day ago, with all mail sent.
async fn user_of_yesterday(test: &TestApp, name: &str) -> Person {
    let person = test.user(name).await;
    let _ = test.mails().await;
    test.pass(DAY);
    person
}

#[tokio::test]
async fn a_sign_in_is_told_once_a_day_and_not_on_the_day_of_the_registration() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = login(&test, &ada.email).await.ok();
    assert_eq!(kinds(&test).await, [MailKind::Verify]);
    test.pass(DAY);
    let answers = join_all((0..4).map(|_| login(&test, &ada.email))).await;
    for answer in answers {
        let _ = answer.ok();
    }
    assert_eq!(kinds(&test).await, [MailKind::Verify, MailKind::NewSignIn], "concurrent logins write one");
    test.pass(DAY.checked_sub(Duration::from_secs(1)).unwrap());
    let _ = login(&test, &ada.email).await.ok();
    assert_eq!(kinds(&test).await.len(), 2);
    test.pass(Duration::from_secs(1));
    let _ = login(&test, &ada.email).await.ok();
    assert_eq!(kinds(&test).await.len(), 3);
    // A wrong password tells nothing.
    test.pass(DAY);
    let body = json!({"email": ada.email, "password": "not the passphrase"});
    let _ = test.anonymous().post("/api/auth/login", body).await.problem(401, "invalid_credentials");
    assert_eq!(kinds(&test).await.len(), 3);
}

#[tokio::test]
async fn a_sign_in_with_a_second_factor_is_told_when_it_succeeds() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let factor = test.give_factor(&ada).await;
    test.pass(DAY);
    let before = kinds(&test).await.len();
    let [first, second] = [test.challenge(&ada.email).await, test.challenge(&ada.email).await];
    assert_eq!(kinds(&test).await.len(), before, "the password alone is no sign-in");
    for (challenge, code) in [(first, &factor.recovery_codes[0]), (second, &factor.recovery_codes[1])] {
        let body = json!({"challenge": challenge, "code": code});
        let _ = test.anonymous().post("/api/auth/login/factor", body).await.ok();
    }
    let told = kinds(&test).await.iter().filter(|kind| **kind == MailKind::NewSignIn).count();
    assert_eq!(told, 1, "the second of the day opens a session and tells nothing");
}

#[tokio::test]
async fn a_plan_that_starts_is_told_once_and_a_failed_renewal_too() {
    let test = TestApp::empty().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let events = life(Shape::Since, &ada, test.app.now());
    for event in events.iter().chain(&events) {
        let _ = test.webhook(event).await.ok();
    }
    let told = kinds(&test).await;
    let count = |kind| told.iter().filter(|told| **told == kind).count();
    assert!(count(MailKind::PlanStarted) >= 1, "{told:?}");
    let failed = events.iter().filter(|event| event["type"] == "invoice.payment_failed").count();
    assert!(failed > 0 && count(MailKind::PaymentFailed) == failed, "{failed}: {told:?}");
    let subjects: Vec<_> = test.mails().await.into_iter().map(|mail| mail.subject).collect();
    assert!(subjects.contains(&"Your plan has started".to_owned()), "{subjects:?}");
    assert!(subjects.contains(&"Your payment did not go through".to_owned()), "{subjects:?}");
}

#[tokio::test]
async fn notices_are_listed_and_only_the_optional_ones_are_turned_off() {
    let test = TestApp::empty().await;
    let ada = user_of_yesterday(&test, "ada").await;
    let all = shown(&ada.get(NOTICES).await.ok());
    let optional = ["new_sign_in", "plan_started"];
    assert_eq!(all.len(), 8);
    assert!(all.iter().all(|(kind, essential, on)| *on && *essential != optional.contains(&kind.as_str())), "{all:?}");
    for (kind, essential, _) in &all {
        let answer = ada.patch(NOTICES, json!({kind.as_str(): false})).await;
        if *essential {
            let problem = answer.problem(422, "invalid_field");
            assert_eq!(problem["field"], kind.as_str());
            assert!(problem["detail"].as_str().unwrap().contains("essential"), "{problem}");
            let _ = ada.patch(NOTICES, json!({kind.as_str(): true})).await.ok();
        } else {
            assert!(shown(&answer.ok()).contains(&(kind.clone(), false, false)));
        }
    }
    // A mistyped kind would leave the notice on, unnoticed.
    let mistyped = ada.patch(NOTICES, json!({"new_signin": false})).await.problem(422, "invalid_field");
    assert_eq!(mistyped["field"], "new_signin");
    // A refused request changes nothing of what else it asks for.
    let both = json!({"new_sign_in": true, "password_changed": false});
    let _ = ada.patch(NOTICES, both).await.problem(422, "invalid_field");
    let off = shown(&ada.get(NOTICES).await.ok());
    assert_eq!(off.iter().filter(|(_, _, on)| !on).count(), 2, "{off:?}");
    let _ = login(&test, &ada.email).await.ok();
    assert_eq!(test.mails().await, [], "a login has not read the profile, so the sender drops the mail");
    let _ = ada.patch(NOTICES, json!({"new_sign_in": true})).await.ok();
    test.pass(DAY);
    let _ = login(&test, &ada.email).await.ok();
    assert_eq!(test.mails().await.len(), 1);
}

#[tokio::test]
async fn a_mail_program_unsubscribes_with_one_post_without_a_session() {
    let test = TestApp::empty().await;
    let ada = user_of_yesterday(&test, "ada").await;
    let _ = login(&test, &ada.email).await.ok();
    let mails = test.mails().await;
    let (token, kind) = unsubscription_in(&mails[0]).unwrap();
    assert_eq!(kind, "new_sign_in");
    let path = |token: &str, kind: &str| format!("{NOTICES}/unsubscribe?token={token}&kind={kind}");
    let nobody = test.anonymous();
    // As RFC 8058 prescribes it. A GET, as scanners of links send it, changes nothing.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let _ = nobody.get(&path(&token, &kind)).await.problem(405, "method_not_allowed");
    assert!(shown(&ada.get(NOTICES).await.ok()).iter().all(|(_, _, on)| *on));
    for _ in 0..2 {
        let body = Some("List-Unsubscribe=One-Click".to_owned());
        let answer = nobody.send(Method::POST, &path(&token, &kind), body, &form).await.ok();
        assert_eq!(answer, json!({"success": true, "kind": "new_sign_in", "enabled": false}));
    }
    let off: Vec<_> = shown(&ada.get(NOTICES).await.ok()).into_iter().filter(|(_, _, on)| !on).collect();
    assert_eq!(off, [("new_sign_in".to_owned(), false, false)]);
    for (token, kind, status, code) in [
        (format!("{token}A"), "new_sign_in", 400, "invalid_token"),
        (token.clone(), "password_changed", 422, "invalid_field"),
        (token.clone(), "", 400, "missing_field"),
        (String::new(), "new_sign_in", 400, "missing_field"),
    ] {
        let problem = nobody.send(Method::POST, &path(&token, kind), None, &[]).await.problem(status, code);
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(
            detail.contains("sign in to choose"),
            code == "invalid_token",
            "no other mail has another link: {detail}"
        );
    }
    // An older mail's link is that of a newer one, and a link of another purpose is none.
    test.pass(DAY);
    let again = test.unsubscribe_token(&ada).await;
    assert_eq!(again, token);
    let reset = test.reset_token(&ada).await;
    let _ = nobody.send(Method::POST, &path(&reset, "plan_started"), None, &[]).await.problem(400, "invalid_token");
    let verify =
        nobody.post("/api/auth/reset", json!({"token": token, "new_password": "another good passphrase"})).await;
    let _ = verify.problem(400, "invalid_token");
}

#[tokio::test]
async fn only_optional_notices_have_a_header_to_unsubscribe() {
    let test = TestApp::empty().await;
    let ada = user_of_yesterday(&test, "ada").await;
    let _ = login(&test, &ada.email).await.ok();
    let body = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
    let _ = ada.post("/api/auth/password", body).await.ok();
    let mails = test.mails().await;
    let has_header: Vec<_> = mails.iter().map(|mail| unsubscription_in(mail).is_some()).collect();
    assert_eq!(has_header, [true, false]);
    // A sender that does not know the API's address writes no header.
    test.pass(DAY);
    let twin = test.app_where(|name| (name == "API_URL").then_some(None));
    let body = json!({"email": ada.email, "password": "another good passphrase"});
    let _ = test.anonymous().post("/api/auth/login", body).await.ok();
    let post = tests::mail::Post::default();
    let _ = twin.deliver_due_mail(&post).await.unwrap();
    let sent = post.take();
    assert_eq!((sent.len(), unsubscription_in(&sent[0])), (1, None));
}

#[tokio::test]
async fn where_no_mail_is_sent_nothing_is_written() {
    let test = TestApp::empty().await;
    let off = test.twin_where(|name| (name == "MAIL_FROM").then_some(None));
    let nobody = test.anonymous().through(off.clone());
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let _ = nobody.post("/api/auth/register", body.clone()).await.ok();
    test.pass(DAY);
    let answer = nobody.post("/api/auth/login", body).await.ok();
    let ada = test.somebody(answer["token"].as_str().unwrap()).through(off);
    let _ = ada.get(NOTICES).await.ok();
    let headers = [("content-type", "application/json")];
    let body = Some(json!({"password": PASSWORD}).to_string());
    let _ = ada.send(Method::DELETE, "/api/auth/account", body, &headers).await.ok();
    assert_eq!(kinds(&test).await, []);
}

#[tokio::test]
async fn the_last_mail_goes_to_the_address_of_a_deleted_account_in_its_language() {
    let test = TestApp::empty().await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let headers = [("content-type", "application/json"), ("accept-language", "de")];
    let answer = test.anonymous().send(Method::POST, "/api/auth/register", Some(body.to_string()), &headers).await.ok();
    let ada = test.somebody(answer["token"].as_str().unwrap());
    let body = Some(json!({"password": PASSWORD}).to_string());
    let _ = ada.send(Method::DELETE, "/api/auth/account", body, &headers).await.ok();
    // Somebody opens an account with the address before the mail is sent: the mail is about the former account all the same.
    let _ = test.user("ada").await;
    let subjects: Vec<_> = test.mails().await.into_iter().map(|mail| (mail.to, mail.subject)).collect();
    assert!(subjects.contains(&("ada@example.org".to_owned(), "Dein Konto wurde gelöscht".to_owned())), "{subjects:?}");
}
