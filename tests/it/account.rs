//! A user's own sessions, password, data and account.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::account::session::SESSION_TTL_SECONDS;
use shared::domain::account::session::SESSIONS_MAX;
use shared::domain::credits::Plan;
use shared::domain::credits::ledger::ClosedLedger;
use shared::domain::id::UserId;
use shared::domain::time::shown;
use tests::{Answer, PASSWORD, Person, TestApp};

const NEW_PASSWORD: &str = "another good passphrase";

async fn login(test: &TestApp, email: &str, password: &str) -> Answer {
    test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await
}

/// The same user, signed in once more.
async fn again(test: &TestApp, person: &Person) -> Person {
    let answer = login(test, &person.email, PASSWORD).await.ok();
    let token = answer["token"].as_str().unwrap().to_owned();
    let mut again = person.clone();
    again.token = Some(token);
    again
}

async fn is_signed_in(person: &Person) -> bool {
    person.get("/api/auth/me").await.status.is_success()
}

async fn sessions(person: &Person) -> Vec<Value> {
    person.get("/api/auth/sessions").await.ok()["sessions"].as_array().unwrap().clone()
}

async fn revoke(person: &Person, id: &str) -> Answer {
    person.send(Method::DELETE, &format!("/api/auth/sessions/{id}"), None, &[]).await
}

async fn delete_account(person: &Person, password: &str) -> Answer {
    let body = json!({"password": password}).to_string();
    person.send(Method::DELETE, "/api/auth/account", Some(body), &[("content-type", "application/json")]).await
}

async fn change_password(person: &Person, current: &str, new: &str) -> Answer {
    person.post("/api/auth/password", json!({"current_password": current, "new_password": new})).await
}

/// All items of a user's partition.
async fn items(test: &TestApp, user: &str) -> usize {
    let page = test.app.store.items_of(UserId(user.parse().unwrap()), None, |_| true).await.unwrap();
    assert_eq!(page.next, None);
    page.items.len()
}

/// What is left of deleted accounts.
async fn closed(test: &TestApp) -> Vec<ClosedLedger> {
    let page = test.app.store.scan_profiles(None).await.unwrap();
    assert!(page.next.is_none() && page.corrupt.is_empty());
    page.closed
}

#[tokio::test]
async fn sessions_are_listed_newest_first_and_revoked_one_by_one() {
    let test = TestApp::empty().await;
    let start = test.app.now();
    let after = |time: Duration| shown(start + time);
    let (minute, week) = (Duration::from_mins(1), Duration::from_hours(7 * 24));
    let first = test.user("ada").await;
    test.pass(minute);
    let second = again(&test, &first).await;
    let listed = sessions(&second).await;
    assert_eq!(
        listed,
        [
            json!({
                "id": second.session_id(), "created_at": after(minute), "expires_at": after(week + minute),
                "current": true,
            }),
            json!({
                "id": first.session_id(), "created_at": shown(start), "expires_at": after(week),
                "current": false,
            }),
        ]
    );
    let _ = revoke(&second, &first.session_id()).await.ok();
    assert!(!is_signed_in(&first).await && is_signed_in(&second).await);
    let _ = revoke(&second, &first.session_id()).await.problem(404, "not_found");
    let _ = revoke(&second, &second.session_id()).await.ok();
    assert!(!is_signed_in(&second).await);
}

#[tokio::test]
async fn another_users_session_is_404_and_stays() {
    let test = TestApp::empty().await;
    let (ada, eve) = (test.user("ada").await, test.user("eve").await);
    let _ = revoke(&eve, &ada.session_id()).await.problem(404, "not_found");
    for odd in ["", "x", "0", &ada.session_id()[..31], &ada.session_id().to_uppercase(), "%23", "SESSION"] {
        assert_eq!(revoke(&ada, odd).await.status, 404, "{odd}");
    }
    assert!(is_signed_in(&ada).await);
}

#[tokio::test]
async fn an_ended_session_is_not_listed() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    test.pass(Duration::from_secs(SESSION_TTL_SECONDS.unsigned_abs()));
    let again = again(&test, &ada).await;
    assert_eq!(sessions(&again).await.len(), 1);
    let _ = revoke(&again, &ada.session_id()).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_twenty_first_session_ends_the_oldest() {
    let test = TestApp::empty().await;
    let first = test.user("ada").await;
    let mut people = vec![first.clone()];
    for _ in 0..SESSIONS_MAX + 2 {
        test.pass(Duration::from_secs(1));
        people.push(again(&test, &first).await);
    }
    let ended = people.len() - SESSIONS_MAX;
    for (index, person) in people.iter().enumerate() {
        assert_eq!(is_signed_in(person).await, index >= ended, "{index}");
    }
    assert_eq!(sessions(people.last().unwrap()).await.len(), SESSIONS_MAX);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_logins_leave_at_most_twenty_sessions() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let twin = test.twin();
    for _ in 0..SESSIONS_MAX - 1 {
        let _ = test.renewed(&ada).await;
    }
    let race = (0..8).map(|number| {
        let nobody = if number % 2 == 0 { test.anonymous() } else { test.anonymous().through(twin.clone()) };
        let body = json!({"email": ada.email, "password": PASSWORD});
        async move { nobody.post("/api/auth/login", body).await.ok()["token"].as_str().unwrap().to_owned() }
    });
    let tokens = join_all(race).await;
    let someone = test.somebody(tokens.last().unwrap());
    // The sessions began at the same instant, so any of them may have ended.
    let live = match someone.get("/api/auth/sessions").await {
        answer if answer.status == 200 => answer.ok()["sessions"].as_array().unwrap().len(),
        _ => sessions(&again(&test, &ada).await).await.len(),
    };
    // The clock does not move, so a new session may sort before existing ones. A login never ends its own session; it
    // ends another one.
    assert!((SESSIONS_MAX - 7..=SESSIONS_MAX).contains(&live), "{live}");
}

#[tokio::test]
async fn a_new_password_ends_every_other_session() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let others = [again(&test, &ada).await, again(&test, &ada).await];
    assert_eq!(change_password(&ada, PASSWORD, NEW_PASSWORD).await.ok(), json!({"success": true}));
    assert!(is_signed_in(&ada).await);
    for other in &others {
        assert!(!is_signed_in(other).await);
    }
    assert_eq!(sessions(&ada).await.len(), 1);
    let _ = login(&test, &ada.email, PASSWORD).await.problem(401, "invalid_credentials");
    let token = login(&test, &ada.email, NEW_PASSWORD).await.ok()["token"].as_str().unwrap().to_owned();
    assert!(is_signed_in(&test.somebody(&token)).await);
    // The same race, with the other request first.
    let _ = change_password(&test.somebody(&token), NEW_PASSWORD, PASSWORD).await.ok();
    assert!(!is_signed_in(&ada).await && is_signed_in(&test.somebody(&token)).await);
}

#[tokio::test]
async fn a_password_change_needs_the_old_password_and_a_valid_new_one() {
    let test = TestApp::empty().await;
    let ada = test.user("ada.lovelace").await;
    let wrong = change_password(&ada, "not the passphrase", NEW_PASSWORD).await;
    assert_eq!(wrong.problem(401, "invalid_credentials")["error"], "Invalid credentials");
    for bad in ["short", "password1", "ada.lovelace!", "PastPaper2026", &"x".repeat(129)] {
        let problem = change_password(&ada, PASSWORD, bad).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "new_password", "{bad}");
        assert!(!problem.to_string().contains(bad), "{problem}");
    }
    assert!(is_signed_in(&ada).await);
    let _ = login(&test, &ada.email, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_password_made_of_the_users_own_data_is_refused() {
    let test = TestApp::empty().await;
    for password in ["ada.lovelace@example.org", "Ada Lovelace", "lovelace1", "pastpaper!"] {
        let body = json!({"name": "Ada", "email": "ada.lovelace@example.org", "password": password});
        let problem = test.anonymous().post("/api/auth/register", body).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "password", "{password}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_password_changes_leave_one_password() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let others = [again(&test, &ada).await, again(&test, &ada).await];
    let passwords = ["first new passphrase", "second new passphrase", "third new passphrase"];
    let people = [&ada, &others[0], &others[1]];
    let answers =
        join_all(people.iter().zip(passwords).map(|(person, new)| change_password(person, PASSWORD, new))).await;
    let winners: Vec<usize> = (0..3).filter(|index| answers[*index].status == 200).collect();
    let [winner] = winners[..] else { panic!("{winners:?} changed it") };
    for (index, (person, password)) in people.iter().zip(passwords).enumerate() {
        assert_eq!(is_signed_in(person).await, index == winner);
        assert_eq!(login(&test, &ada.email, password).await.status == 200, index == winner);
    }
}

/// A user with an item of every kind.
async fn busy(test: &TestApp, name: &str) -> Person {
    let person = test.user(name).await;
    let _ = person.post("/api/courses/algebra/enroll", json!({})).await.ok();
    let order = json!({"course_id": "algebra", "count": 1});
    let _ = person.post_once("/api/questions/practice", "a-key", order).await.ok();
    let _ = person.post("/api/questions/alg-q4/start", json!({})).await;
    let _ = person.post("/api/questions/alg-q4/submit", json!({"answer": "8", "was_correct": true})).await;
    let _ = person.get("/api/courses/algebra/analysis").await.ok();
    person
}

#[tokio::test]
async fn an_export_contains_all_data_and_no_secret() {
    let test = TestApp::start().await;
    let ada = busy(&test, "ada").await;
    let answer = ada.get("/api/auth/export").await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert!(answer.header("content-disposition").starts_with("attachment"));
    let export = answer.ok();
    let of = |name: &str| export[name].as_array().map_or(0, Vec::len);
    let stored: usize = export.as_object().unwrap().values().filter_map(Value::as_array).map(Vec::len).sum();
    // Also the mails to the user, which are in the outbox.
    assert_eq!(of("mails"), 1);
    assert_eq!(stored, items(&test, &ada.id).await + of("mails"));
    assert_eq!(export["profile"][0]["email"], "ada@example.org");
    assert_eq!((of("profile"), of("sessions"), of("enrollments"), of("analyses")), (1, 1, 1, 1));
    assert_eq!(of("credit_transactions"), test.entries(&ada.id).await.len());
    assert_eq!(export["sessions"][0]["id"], ada.session_id());
    assert!(of("progress") >= 1 && of("idempotency_records") == 1 && export["other"].is_null(), "{export}");
    let shown = export.to_string();
    let token = shared::domain::account::token::SessionToken::parse(ada.token.as_ref().unwrap()).unwrap();
    for secret in [ada.token.as_deref().unwrap(), token.hash().as_str(), "pbkdf2", PASSWORD] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn deletion_frees_the_email_and_anonymises_the_ledger() {
    let test = TestApp::start().await;
    let ada = busy(&test, "ada").await;
    let other = again(&test, &ada).await;
    let entries = test.entries(&ada.id).await;
    let _ = delete_account(&ada, "not the passphrase").await.problem(401, "invalid_credentials");
    assert!(is_signed_in(&ada).await && is_signed_in(&other).await);

    assert_eq!(delete_account(&ada, PASSWORD).await.ok(), json!({"success": true}));
    assert_eq!(items(&test, &ada.id).await, 0);
    assert!(!is_signed_in(&ada).await && !is_signed_in(&other).await);
    let _ = login(&test, &ada.email, PASSWORD).await.problem(401, "invalid_credentials");
    let _ = delete_account(&ada, PASSWORD).await.problem(401, "unauthenticated");

    let ledgers = closed(&test).await;
    assert_eq!(ledgers.len(), 1);
    let kept = test.app.store.closed_entries(ledgers[0].id).await.unwrap();
    let money = |entries: &[shared::domain::credits::ledger::Entry]| -> Vec<_> {
        entries.iter().map(|entry| (entry.amount, entry.kind, entry.balance_after, entry.created_at)).collect()
    };
    assert_eq!(money(&kept), money(&entries));
    assert!(kept.iter().all(|entry| entry.description.is_none() && entry.user_id.to_string() != ada.id));
    assert_eq!((ledgers[0].entry_count, ledgers[0].credits), (kept.len() as u64, kept.last().unwrap().balance_after));
    test.assert_ledgers_are_true().await;

    let anew = test.user("ada").await;
    assert_ne!(anew.id, ada.id);
    assert_eq!(anew.credits().await, 5);
    assert!(!is_signed_in(&ada).await);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_long_ledger_is_moved_completely() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let period = Duration::from_hours(30 * 24);
    let mut person = ada.clone();
    for _ in 0..60 {
        let _ = person.post("/api/questions/practice", json!({"course_id": "algebra", "count": 1})).await.ok();
        test.pass(period);
        person = test.renewed(&person).await;
    }
    let count = test.entries(&ada.id).await.len();
    assert!(count > 110, "{count}");
    let _ = delete_account(&person, PASSWORD).await.ok();
    assert_eq!(items(&test, &ada.id).await, 0);
    assert_eq!(closed(&test).await[0].entry_count, count as u64);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_active_subscription_must_be_cancelled_before_deletion() {
    let test = TestApp::start().await;
    let member = test.subscriber("ada").await;
    let problem = delete_account(&member, PASSWORD).await.problem(409, "subscription_active");
    assert!(problem["detail"].as_str().unwrap().contains("cancel"));
    assert!(is_signed_in(&member).await);
}

#[tokio::test]
async fn an_interrupted_deletion_can_be_completed() {
    let test = TestApp::start().await;
    let ada = busy(&test, "ada").await;
    let user = UserId(ada.id.parse().unwrap());
    let profile = test.app.store.profile(user).await.unwrap().unwrap();
    // Only the first step of the deletion.
    let _ = test.app.store.begin_closing(profile, test.app.now(), &test.app.random).await.unwrap().unwrap();
    assert!(!is_signed_in(&ada).await);
    let _ = login(&test, &ada.email, PASSWORD).await.problem(401, "invalid_credentials");
    let order = json!({"course_id": "algebra", "count": 1});
    let _ = ada.post("/api/questions/practice", order).await.problem(401, "unauthenticated");
    let half = test.app.store.profile(user).await.unwrap().unwrap();
    assert_eq!((half.email.as_str(), Option::<String>::from(half.name)), ("deleted@account.invalid", None));
    // The email is free already. The rest of the deletion does not affect a new account with this email.
    let anew = test.user("ada").await;

    let _ = delete_account(&ada, "no password is asked twice").await.ok();
    assert_eq!(items(&test, &ada.id).await, 0);
    assert_eq!(closed(&test).await.len(), 1);
    assert!(is_signed_in(&anew).await);
    test.assert_ledgers_are_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_concurrent_with_spends_and_logins_is_consistent() {
    for round in 0..12_u64 {
        let test = TestApp::start().await;
        let ada = test.member("ada", Plan::Starter, 60).await;
        let hash = shared::domain::account::password::PasswordHash::imported(tests::WORKER_HASH.to_owned());
        test.set_hash(&ada, &hash).await;
        let twin = test.twin();
        let spends = (0..6).map(|number| {
            let person = if number % 2 == 0 { ada.clone() } else { ada.through(twin.clone()) };
            let order = json!({"course_id": "algebra", "count": 1});
            async move {
                tokio::time::sleep(Duration::from_millis(round * 20 + 5 * number)).await;
                person.post("/api/questions/practice", order).await.status.as_u16()
            }
        });
        let (deleted, spent, logged_in) =
            tokio::join!(delete_account(&ada, PASSWORD), join_all(spends), login(&test, &ada.email, PASSWORD),);
        let _ = deleted.ok();
        assert!(spent.iter().all(|status| matches!(status, 200 | 401)), "{spent:?}");
        if logged_in.status == 200 {
            let token = logged_in.ok()["token"].as_str().unwrap().to_owned();
            assert!(!is_signed_in(&test.somebody(&token)).await);
        }
        let ledgers = closed(&test).await;
        let kept = test.app.store.closed_entries(ledgers[0].id).await.unwrap();
        // The opening entry, and one for each spend that was answered.
        assert_eq!(kept.len(), 1 + spent.iter().filter(|status| **status == 200).count());
        test.assert_ledgers_are_true().await;
    }
}

#[tokio::test]
async fn an_operator_ends_all_sessions_of_a_user() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let other = again(&test, &ada).await;
    let user = UserId(ada.id.parse().unwrap());
    let profile = test.app.store.profile(user).await.unwrap().unwrap();
    let with = (test.app.now(), &*test.app.random);
    assert!(test.app.store.end_all_sessions(user, &profile.email, 0, with).await.unwrap());
    assert!(!is_signed_in(&ada).await && !is_signed_in(&other).await);
    assert!(is_signed_in(&again(&test, &ada).await).await);
}
