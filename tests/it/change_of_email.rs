//! `PATCH /api/auth/me`, `POST /api/auth/email/confirm` and `POST /api/auth/email/undo`: a user changes name and address, and
//! the former address can undo that.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use tests::mail::token_in;
use tests::{Answer, PASSWORD, Person, TestApp};

const NEW: &str = "ada.new@example.org";
const NEW_PASSWORD: &str = "another good passphrase";
const WEEK: Duration = Duration::from_hours(7 * 24);

async fn ask(person: &Person, email: &str) -> Answer {
    person.patch("/api/auth/me", json!({"email": email, "password": PASSWORD})).await
}

async fn confirm(test: &TestApp, token: &str) -> Answer {
    test.anonymous().post("/api/auth/email/confirm", json!({"token": token})).await
}

async fn undo(test: &TestApp, token: &str) -> Answer {
    test.anonymous().post("/api/auth/email/undo", json!({"token": token})).await
}

async fn login(test: &TestApp, email: &str, password: &str) -> Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await
}

async fn me(person: &Person) -> Value {
    person.get("/api/auth/me").await.ok()["user"].clone()
}

async fn register(test: &TestApp, email: &str) -> Answer {
    test.anonymous().post("/api/auth/register", json!({"email": email, "password": PASSWORD})).await
}

/// Receivers and subjects of the mails that are due.
async fn told(test: &TestApp) -> Vec<(String, String)> {
    test.mails().await.into_iter().map(|mail| (mail.to, mail.subject)).collect()
}

#[tokio::test]
async fn a_name_is_changed_removed_and_kept() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    for (body, expected) in [
        (json!({"name": " Ada King "}), json!("Ada King")),
        (json!({}), json!("Ada King")),
        (json!({"name": null}), json!("Ada King")),
        (json!({"name": ""}), json!(null)),
    ] {
        let answer = ada.patch("/api/auth/me", body.clone()).await.ok();
        assert_eq!(answer["user"]["name"], expected, "{body}");
        assert_eq!(answer["user"], me(&ada).await, "{body}");
    }
    let problem = ada.patch("/api/auth/me", json!({"name": "a\u{202e}b"})).await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "name");
    test.assert_ledgers_are_true().await;
    // A mistyped member would be told as done.
    let mistyped = ada.patch("/api/auth/me", json!({"name": "Bob", "e-mail": "bob@example.org"})).await;
    assert_eq!(mistyped.problem(422, "invalid_field")["field"], "e-mail");
    assert_eq!(me(&ada).await["name"], Value::Null);
}

#[tokio::test]
async fn a_new_email_is_confirmed_and_the_former_one_is_told() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = test.mails().await;
    let answer = ask(&ada, " Ada.New@Example.org").await.ok();
    assert_eq!((&answer["user"]["email"], &answer["user"]["new_email"]), (&json!(ada.email), &json!(NEW)));
    let mails = test.mails().await;
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (NEW, "Confirm your new email address"));
    let token = token_in(mail);
    // Nothing has changed yet.
    let _ = login(&test, NEW, PASSWORD).await.problem(401, "invalid_credentials");
    let _ = login(&test, &ada.email, PASSWORD).await.ok();

    assert_eq!(confirm(&test, &token).await.ok(), json!({"success": true, "email": NEW}));
    let user = me(&ada).await;
    assert_eq!(
        (&user["email"], &user["new_email"], &user["email_verified"]),
        (&json!(NEW), &json!(null), &json!(true))
    );
    let _ = login(&test, NEW, PASSWORD).await.ok();
    let _ = login(&test, &ada.email, PASSWORD).await.problem(401, "invalid_credentials");
    assert_eq!(told(&test).await, [(ada.email.clone(), "Your email address was changed".to_owned())]);
    let problem = confirm(&test, &token).await.problem(400, "invalid_token");
    assert!(problem["detail"].as_str().unwrap().contains("was used already"), "{problem}");
    // A password can be changed, and an account be got back, by the new address alone.
    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let _ = ada.post("/api/auth/password", change).await.ok();
    let _ = test.mails().await;
    for (email, count) in [(ada.email.as_str(), 0), (NEW, 1)] {
        let _ = test.anonymous().post("/api/auth/forgot", json!({"email": email})).await.ok();
        assert_eq!(told(&test).await.len(), count, "{email}");
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_former_address_undoes_a_change_within_seven_days() {
    for (passed, works) in [(WEEK.checked_sub(Duration::from_secs(1)).unwrap(), true), (WEEK, false)] {
        let test = TestApp::empty().await;
        let ada = test.user("ada").await;
        let token = test.undo_token(&ada, NEW).await;
        // A thief who changes the password cannot keep the account.
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        let _ = ada.post("/api/auth/password", change).await.ok();
        test.pass(passed);
        if !works {
            let _ = undo(&test, &token).await.problem(400, "invalid_token");
            continue;
        }
        let _ = test.mails().await;
        let session = test.somebody(login(&test, NEW, NEW_PASSWORD).await.ok()["token"].as_str().unwrap());
        assert_eq!(undo(&test, &token).await.ok(), json!({"success": true, "email": ada.email}));
        let _ = session.get("/api/auth/me").await.problem(401, "unauthenticated");
        for email in [NEW, &ada.email] {
            for password in [PASSWORD, NEW_PASSWORD, ""] {
                assert_ne!(login(&test, email, password).await.status, 200, "{email}, {password}");
            }
        }
        // The mail with the link for a new password comes by itself.
        let mails = test.mails().await;
        let [told, mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
        assert_eq!((told.to.as_str(), told.subject.as_str()), (ada.email.as_str(), "New sign-in to your account"));
        assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ada.email.as_str(), "Set a new password"));
        let body = json!({"token": token_in(mail), "new_password": "a third good passphrase"});
        let _ = test.anonymous().post("/api/auth/reset", body).await.ok();
        let answer = login(&test, &ada.email, "a third good passphrase").await.ok();
        assert_eq!(answer["user"]["id"], ada.id);
        let _ = undo(&test, &token).await.problem(400, "invalid_token");
        test.assert_ledgers_are_true().await;
    }
}

#[tokio::test]
async fn the_former_address_is_reserved_while_the_change_can_be_undone() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let token = test.undo_token(&ada, NEW).await;
    let _ = register(&test, "ADA@example.org").await.problem(409, "email_taken");
    let bob = test.user("bob").await;
    let of_bob = test.confirm_token(&bob, &ada.email).await;
    let _ = confirm(&test, &of_bob).await.problem(409, "email_taken");
    // Changing once more would make the first change permanent.
    let problem = ask(&ada, "third@example.org").await.problem(409, "email_changed_recently");
    assert!(problem["detail"].as_str().unwrap().contains("7 days"), "{problem}");
    test.pass(WEEK);
    let ada = test.somebody(login(&test, NEW, PASSWORD).await.ok()["token"].as_str().unwrap());
    let _ = undo(&test, &token).await.problem(400, "invalid_token");
    // Whoever comes first has it.
    let _ = register(&test, "ada@example.org").await.ok();
    let _ = ask(&ada, "third@example.org").await.ok();
    let _ = ask(&ada, "ada@example.org").await.problem(409, "email_taken");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_request_needs_the_password_and_an_address_that_is_free_and_can_get_mail() {
    let test = TestApp::empty().await;
    let (ada, bob) = (test.user("ada").await, test.user("bob").await);
    let _ = test.mails().await;
    let missing = ada.patch("/api/auth/me", json!({"email": NEW})).await.problem(400, "missing_field");
    assert_eq!(missing["field"], "password");
    let wrong = json!({"email": bob.email, "name": "Eve", "password": "not the passphrase"});
    let _ = ada.patch("/api/auth/me", wrong).await.problem(401, "invalid_credentials");
    let _ = ask(&ada, " BOB@example.org").await.problem(409, "email_taken");
    let _ = ask(&ada, "jos\u{e9}@example.org").await.problem(409, "email_undeliverable");
    for bad in ["x", "a@b", "\"a\"@example.org", "a\u{200b}@example.org"] {
        assert_eq!(ask(&ada, bad).await.problem(422, "invalid_field")["field"], "email", "{bad}");
    }
    assert_eq!((told(&test).await, me(&ada).await["name"].clone()), (Vec::new(), json!("ada")));
}

#[tokio::test]
async fn a_newer_request_replaces_the_older_and_the_current_address_withdraws_it() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let _ = test.mails().await;
    let first = test.confirm_token(&ada, NEW).await;
    let second = test.confirm_token(&ada, "second@example.org").await;
    let _ = confirm(&test, &first).await.problem(400, "invalid_token");
    // One that waits to be sent is withdrawn, too.
    let _ = ask(&ada, "third@example.org").await.ok();
    let answer = ask(&ada, "ADA@example.org").await.ok();
    assert_eq!(answer["user"]["new_email"], json!(null));
    assert_eq!(told(&test).await, []);
    let _ = confirm(&test, &second).await.problem(400, "invalid_token");
    // A request lasts a day.
    let late = test.confirm_token(&ada, NEW).await;
    test.pass(Duration::from_hours(24));
    assert_eq!(me(&ada).await["new_email"], json!(null));
    let _ = confirm(&test, &late).await.problem(400, "invalid_token");
}

#[tokio::test]
async fn a_new_password_withdraws_a_request() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    for is_sent in [true, false] {
        let token = if is_sent {
            Some(test.confirm_token(&ada, NEW).await)
        } else {
            let _ = ask(&ada, NEW).await.ok();
            None
        };
        for (from, to) in [(PASSWORD, NEW_PASSWORD), (NEW_PASSWORD, PASSWORD)] {
            let body = json!({"current_password": from, "new_password": to});
            let _ = ada.post("/api/auth/password", body).await.ok();
        }
        assert_eq!(me(&ada).await["new_email"], json!(null));
        assert!(told(&test).await.iter().all(|(to, _)| *to == ada.email));
        if let Some(token) = token {
            let _ = confirm(&test, &token).await.problem(400, "invalid_token");
        }
    }
}

#[tokio::test]
async fn a_token_is_of_its_purpose() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let verify = test.token_for(&ada).await;
    let token = test.confirm_token(&ada, NEW).await;
    for path in ["/api/auth/verify", "/api/auth/email/undo"] {
        let _ = test.anonymous().post(path, json!({"token": token})).await.problem(400, "invalid_token");
    }
    let _ = confirm(&test, &verify).await.problem(400, "invalid_token");
    let _ = confirm(&test, &token).await.ok();
    // A token for the former address verifies nothing.
    let _ = test.anonymous().post("/api/auth/verify", json!({"token": verify})).await.problem(400, "invalid_token");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_users_who_want_one_address_one_gets_it() {
    let test = TestApp::empty().await;
    let mut tokens = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let person = test.user(name).await;
        tokens.push(test.confirm_token(&person, "new@b\u{fc}cher.example").await);
    }
    let race = tokens.iter().chain(&tokens).map(|token| confirm(&test, token));
    let (answers, registered) = tokio::join!(join_all(race), register(&test, "new@xn--bcher-kva.example"));
    let won = answers.iter().filter(|answer| answer.status == 200).count() + usize::from(registered.status == 200);
    assert_eq!(won, 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        let code = answer.body["code"].as_str().unwrap().to_owned();
        let _ = answer.problem(if code == "email_taken" { 409 } else { 400 }, &code);
        assert!(["email_taken", "invalid_token"].contains(&code.as_str()), "{code}");
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_beside_a_change_of_the_password_loses_neither() {
    for _ in 0..4 {
        let test = TestApp::empty().await;
        let ada = test.user("ada").await;
        let token = test.confirm_token(&ada, NEW).await;
        let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        let (confirmed, changed) = tokio::join!(confirm(&test, &token), ada.post("/api/auth/password", body));
        let email = if confirmed.status == 200 { NEW } else { ada.email.as_str() };
        let password = if changed.status == 200 { NEW_PASSWORD } else { PASSWORD };
        assert!(confirmed.status == 200 || changed.status == 200);
        let _ = login(&test, email, password).await.ok();
        assert_eq!(me(&ada).await["email"], email);
    }
}

#[tokio::test]
async fn requests_for_another_address_are_limited_by_user_and_by_address() {
    let test = TestApp::limited().await;
    let mut sent = 0;
    for name in ["ada", "bob"] {
        let person = test.member(name, Plan::Free, 5).await;
        test.give_password(&person).await;
        let flood = join_all((0..8).map(|_| ask(&person, "flooded@example.org"))).await;
        sent += flood.iter().filter(|answer| answer.status == 200).count();
        assert!(flood.iter().all(|answer| matches!(answer.status.as_u16(), 200 | 429)));
    }
    assert_eq!(sent, 5, "one address gets five an hour, whoever asks");
}

#[tokio::test]
async fn the_deletion_of_an_account_leaves_none_of_its_addresses() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.user("ada").await;
    let _ = test.undo_token(&ada, NEW).await;
    let body = json!({"password": PASSWORD}).to_string();
    let json_type = [("content-type", "application/json")];
    let _ = ada.send(axum::http::Method::DELETE, "/api/auth/account", Some(body), &json_type).await.ok();
    // The last mail, to the address of the account, is sent.
    assert_eq!(test.mails().await.last().map(|mail| mail.to.clone()), Some(NEW.to_owned()));
    let table = Value::from(proxy.dump(&test.app.config.database.table_name).await).to_string();
    assert!(!table.contains(NEW) && !table.contains(&ada.email), "{table}");
    for email in [NEW, ada.email.as_str()] {
        let _ = register(&test, email).await.ok();
    }
}

#[tokio::test]
async fn the_customer_at_stripe_gets_the_new_address() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post("/api/credits/purchase", json!({"plan": "starter"})).await.ok();
    let token = test.confirm_token(&ada, NEW).await;
    let _ = confirm(&test, &token).await.ok();
    let _ = test.stripe.take_requests();
    let profile = async || test.app.store.profile(UserId(ada.id.parse().unwrap())).await.unwrap().unwrap();
    let customer = profile().await.stripe_customer_id.unwrap();
    // Stripe does not answer: the payment goes on, and the next one tells the address.
    let refused = json!({"error": {"type": "api_error", "message": "no"}});
    test.stripe.fail(&[tests::stripe::StripeFault::Answer(400, refused)]);
    for tells in [true, true, false] {
        let _ = ada.post("/api/credits/portal", json!({})).await.ok();
        let asked = test.stripe.take_requests();
        let told: Vec<_> =
            asked.iter().filter(|request| request.what == format!("POST /v1/customers/{customer}")).collect();
        assert_eq!(told.len(), usize::from(tells), "{asked:?}");
        assert!(told.iter().all(|request| request.form["email"] == NEW));
    }
    assert!(!profile().await.customer_email_due);
}

#[tokio::test]
async fn a_payment_of_a_renewal_tells_stripe_the_new_address() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let events = tests::stripe::life(tests::stripe::Shape::Since, &ada, test.app.now());
    let _ = test.webhook(&events[0]).await.ok();
    let token = test.confirm_token(&ada, NEW).await;
    let _ = confirm(&test, &token).await.ok();
    let _ = test.stripe.take_requests();
    for event in &events[1..] {
        let _ = test.webhook(event).await.ok();
    }
    let asked = test.stripe.take_requests();
    let told: Vec<_> =
        asked.iter().filter(|request| request.form.get("email").is_some_and(|email| email == NEW)).collect();
    assert_eq!(told.len(), 1, "{asked:?}");
    test.assert_ledgers_are_true().await;
}
