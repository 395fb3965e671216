//! The outbox and its delivery: nothing is sent for what did not happen, nothing is forgotten, and what is sent twice can be
//! told.

use std::time::Duration;

use axum::http::Method;
use futures_util::future::join_all;
use pastpaper::mail::courier::Smtp;
use serde_json::{Value, json};
use shared::domain::mail::delivery::{DeliveryOutcome, LEASE_SECONDS};
use shared::domain::mail::{MailKind, MailState};
use tests::mail::Post;
use tests::smtp::{SmtpStandIn, SmtpTrouble};
use tests::{APP_URL, MAIL_FROM, PASSWORD, TestApp};

const LEASE: Duration = Duration::from_secs(LEASE_SECONDS.unsigned_abs());

fn unknown() -> DeliveryOutcome {
    DeliveryOutcome::Unknown("the connection broke".to_owned())
}

fn postponed() -> DeliveryOutcome {
    DeliveryOutcome::Postponed("the mail server answered 450".to_owned())
}

async fn states(test: &TestApp) -> Vec<MailState> {
    test.app.store.mails().await.unwrap().iter().map(|stored| stored.mail.state).collect()
}

async fn deliver_all(test: &TestApp, post: &Post) -> usize {
    let _ = test.app.deliver_due_mail(post).await.unwrap();
    post.take().len()
}

#[tokio::test]
async fn a_registration_writes_one_mail_and_a_refused_one_none() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let body = json!({"email": ada.email, "password": PASSWORD});
    let _ = test.anonymous().post("/api/auth/register", body).await.problem(409, "email_taken");
    let mails = test.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((mail.to.as_str(), mail.from.as_str()), ("ada@example.org", MAIL_FROM));
    assert!(mail.link.starts_with(&format!("{APP_URL}/verify-email#token=pm_")), "{}", mail.link);
    let bytes = String::from_utf8(mail.bytes.clone()).unwrap();
    assert!(bytes.contains("Date: Sun, 1 Mar 2026 12:00:00 +0000\r\n") && bytes.contains("\r\nMIME-Version: 1.0\r\n"));
    assert_eq!(test.mails().await, [], "it is sent once");
    assert_eq!(states(&test).await, [MailState::Sent]);
}

#[tokio::test]
async fn a_host_header_and_a_name_change_no_mail() {
    let test = TestApp::empty().await;
    let body = json!({"name": "Visit https://evil.example", "email": "ada@example.org", "password": PASSWORD});
    let headers = [("content-type", "application/json"), ("host", "localhost"), ("x-forwarded-host", "evil.example")];
    let _ = test.anonymous().send(Method::POST, "/api/auth/register", Some(body.to_string()), &headers).await.ok();
    let mail = test.mails().await.remove(0);
    assert!(!String::from_utf8(mail.bytes).unwrap().contains("evil"));
    assert!(mail.link.starts_with(APP_URL));
}

#[tokio::test]
async fn the_language_of_the_registration_is_kept() {
    let test = TestApp::empty().await;
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    let headers = [("content-type", "application/json"), ("accept-language", "de-AT, en;q=0.5")];
    let _ = test.anonymous().send(Method::POST, "/api/auth/register", Some(body.to_string()), &headers).await.ok();
    let mut subjects = vec![test.mails().await.remove(0).subject];
    let _ = test.anonymous().post("/api/auth/forgot", json!({"email": "ada@example.org"})).await.ok();
    subjects.push(test.mails().await.remove(0).subject);
    assert_eq!(subjects, ["Bestätige deine E-Mail-Adresse", "Neues Passwort festlegen"]);
}

#[tokio::test]
async fn an_address_that_smtp_cannot_carry_gets_no_mail_and_me_says_so() {
    let test = TestApp::empty().await;
    for (email, deliverable, sent) in
        [("jos\u{e9}@example.org", false, None), ("u@b\u{fc}cher.example", true, Some("u@xn--bcher-kva.example"))]
    {
        let answer =
            test.anonymous().post("/api/auth/register", json!({"email": email, "password": PASSWORD})).await.ok();
        let person = test.somebody(answer["token"].as_str().unwrap());
        let me = person.get("/api/auth/me").await.ok();
        assert_eq!(
            (&me["user"]["email_deliverable"], &me["user"]["email_verified"]),
            (&json!(deliverable), &json!(false))
        );
        assert_eq!(test.mails().await.first().map(|mail| mail.to.as_str()), sent);
        test.pass(Duration::from_mins(2));
        let resent = person.post("/api/auth/verify/resend", json!({})).await;
        if deliverable {
            let _ = resent.ok();
            assert_eq!(test.mails().await.len(), 1);
        } else {
            let _ = resent.problem(409, "email_undeliverable");
            // Asking for a new password is answered as for every address.
            let _ = test.anonymous().post("/api/auth/forgot", json!({"email": email})).await.ok();
            assert_eq!(test.mails().await, []);
        }
    }
}

#[tokio::test]
async fn a_sender_killed_before_or_after_the_send_is_followed_by_one_repetition_with_the_same_bytes() {
    for is_after in [false, true] {
        let test = TestApp::empty().await;
        let ada = test.user("ada").await;
        let app = test.app.clone();
        let deliver = |killed| async move { app.deliver_due_mail(&killed).await };
        let mut copies = test.kill_sender(is_after, deliver).await;
        let post = Post::default();
        assert_eq!(deliver_all(&test, &post).await, 0, "another sender has it");
        test.pass(LEASE.checked_sub(Duration::from_secs(1)).unwrap());
        assert_eq!(deliver_all(&test, &post).await, 0, "until the lease is over");
        test.pass(Duration::from_secs(1));
        copies.extend(test.mails().await);
        assert_eq!(copies.len(), 1 + usize::from(is_after), "one more, whether the first arrived or not");
        assert_eq!(copies.first(), copies.last(), "a receiver can tell the repetition");
        let body = json!({"token": tests::mail::token_in(&copies[0])});
        let _ = ada.post("/api/auth/verify", body).await.ok();
        test.pass(LEASE);
        assert_eq!(deliver_all(&test, &post).await, 0, "it was sent");
    }
}

#[tokio::test]
async fn a_connection_that_broke_is_repeated_once_and_then_the_mail_is_dead_until_an_operator_retries() {
    let test = TestApp::empty().await;
    let _ada = test.user("ada").await;
    let post = Post::answering([unknown(), unknown()]);
    let _ = test.app.deliver_due_mail(&post).await.unwrap();
    test.pass(LEASE);
    let _ = test.app.deliver_due_mail(&post).await.unwrap();
    let sent = post.take();
    let [first, second] = sent.as_slice() else { panic!("{}", sent.len()) };
    assert_eq!(first, second, "a receiver can tell the repetition: also the Message-ID is the same");
    test.pass(LEASE);
    assert_eq!((deliver_all(&test, &post).await, states(&test).await), (0, vec![MailState::Dead]));
    test.pass(LEASE);
    assert_eq!(deliver_all(&test, &post).await, 0);

    let listed = pastpaper::mail::list(&test.app, false).await.unwrap();
    assert!(listed.contains("dead") && listed.contains("the connection broke") && !listed.contains('@'), "{listed}");
    assert_eq!(pastpaper::mail::retry(&test.app, &[]).await.unwrap(), 1);
    let again = test.mails().await;
    assert_eq!(again.len(), 1);
    assert_ne!((again[0].id, &again[0].link), (first.id, &first.link));
    assert_eq!(pastpaper::mail::retry(&test.app, &[]).await.unwrap(), 0);
    assert!(pastpaper::mail::retry(&test.app, &[again[0].id.0]).await.is_err(), "only dead mails are sent again");
}

#[tokio::test]
async fn a_server_that_asks_to_wait_gets_the_mail_later_and_one_that_refuses_never() {
    let test = TestApp::empty().await;
    let _ada = test.user("ada").await;
    let post = Post::answering([postponed(), postponed()]);
    assert_eq!(deliver_all(&test, &post).await, 1);
    assert_eq!(deliver_all(&test, &post).await, 0);
    for (pause, tries) in [(119, 0), (1, 1), (239, 0), (1, 1), (100_000, 0)] {
        test.pass(Duration::from_secs(pause));
        assert_eq!(deliver_all(&test, &post).await, tries, "{pause}");
    }
    assert_eq!(states(&test).await, [MailState::Sent]);
    let _bob = test.user("bob").await;
    let post = Post::answering([DeliveryOutcome::Refused("the mail server answered 550".to_owned())]);
    assert_eq!((deliver_all(&test, &post).await, deliver_all(&test, &post).await), (1, 0));
    assert!(states(&test).await.contains(&MailState::Dead));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_senders_send_each_mail_once() {
    let test = TestApp::empty().await;
    for number in 0..4 {
        let newcomer = test.newcomer(&format!("user{number}")).await;
        let _ = newcomer.post("/api/auth/verify/resend", json!({})).await.ok();
    }
    let post = Post::default();
    let deliveries = join_all((0..6).map(|_| test.app.deliver_due_mail(&post))).await;
    assert!(deliveries.iter().all(Result::is_ok), "{deliveries:?}");
    let mut sent: Vec<_> = post.take().into_iter().map(|mail| mail.to).collect();
    sent.sort();
    assert_eq!(sent, (0..4).map(|number| format!("user{number}@example.org")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deleted_account_gets_no_mail_and_leaves_none_in_the_outbox() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let body = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
    let _ = ada.post("/api/auth/password", body).await.ok();
    let _ = test.anonymous().post("/api/auth/forgot", json!({"email": "ada@example.org"})).await.ok();
    assert_eq!(states(&test).await.len(), 3);
    let body = json!({"password": "another good passphrase"}).to_string();
    let headers = [("content-type", "application/json")];
    let _ = ada.send(Method::DELETE, "/api/auth/account", Some(body), &headers).await.ok();
    let left: Vec<_> = test.app.store.mails().await.unwrap().into_iter().map(|stored| stored.mail).collect();
    assert_eq!(
        left.iter().map(|mail| (mail.kind, mail.user_id)).collect::<Vec<_>>(),
        [(MailKind::AccountDeleted, None)]
    );
    let last = test.mails().await;
    assert_eq!(last.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(), ["ada@example.org"]);
    assert_eq!(states(&test).await, [MailState::Sent]);
    assert_eq!(test.app.store.mails().await.unwrap()[0].mail.to, None, "the address is gone, too");
}

#[tokio::test]
async fn a_deletion_that_was_begun_stops_the_mail() {
    let test = TestApp::empty().await;
    let ada = test.newcomer("ada").await;
    let _ = ada.post("/api/auth/verify/resend", json!({})).await.ok();
    let user = shared::domain::id::UserId(ada.id.parse().unwrap());
    let profile = test.app.store.profile(user).await.unwrap().unwrap();
    let _ = test.app.store.begin_closing(profile, test.app.now(), &test.app.random).await.unwrap().unwrap();
    assert_eq!(test.mails().await, []);
    assert_eq!(states(&test).await, [MailState::Dropped]);
}

#[tokio::test]
async fn without_a_sender_nothing_is_promised() {
    let test = TestApp::empty().await;
    let off = test.twin_where(|name| (name == "MAIL_FROM").then_some(None));
    let nobody = test.anonymous().through(off.clone());
    let _ = nobody.post("/api/auth/forgot", json!({"email": "ada@example.org"})).await.problem(503, "unavailable");
    let answer =
        nobody.post("/api/auth/register", json!({"email": "ada@example.org", "password": PASSWORD})).await.ok();
    let ada = test.somebody(answer["token"].as_str().unwrap()).through(off);
    // Nobody could verify the email.
    assert_eq!(ada.get("/api/auth/me").await.ok()["user"]["email_verified"], true);
    assert_eq!(ada.post("/api/auth/verify/resend", json!({})).await.ok()["email_verified"], true);
    assert_eq!(states(&test).await, []);
}

#[tokio::test]
async fn the_outbox_has_no_address_and_the_table_no_token_once_a_mail_is_sent() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.user("ada").await;
    let tokens = [test.token_for(&ada).await, test.reset_token(&ada).await];
    let table = proxy.dump(&test.app.config.database.table_name).await;
    let outbox: Vec<&Value> =
        table.iter().filter(|item| item["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("MAIL#"))).collect();
    assert_eq!(outbox.len(), 2);
    assert!(!outbox.iter().any(|item| item.to_string().contains('@')), "{outbox:?}");
    let shown = Value::from(table).to_string();
    for token in tokens {
        assert!(!shown.contains(&token) && !shown.contains(&token[30..]));
    }
}

/// The copies that a mail server got of one mail, its state in the end, and how long that took.
async fn through_smtp(trouble: SmtpTrouble) -> (usize, MailState, usize) {
    let test = TestApp::empty().await;
    let newcomer = test.newcomer("ada").await;
    let _ = newcomer.post("/api/auth/verify/resend", json!({})).await.ok();
    let server = SmtpStandIn::start(trouble).await;
    let smtp = Smtp::of_url(&server.url()).unwrap();
    let mut rounds = 0;
    while !matches!(states(&test).await[..], [MailState::Sent | MailState::Dead]) && rounds < 100 {
        let _ = test.app.deliver_due_mail(&smtp).await.unwrap();
        test.pass(Duration::from_mins(1));
        rounds += 1;
    }
    let copies = server.accepted();
    assert!(copies.windows(2).all(|pair| pair[0] == pair[1]), "a repetition has the same bytes");
    let mail = test.app.store.mails().await.unwrap().remove(0).mail;
    assert!(!mail.trouble.unwrap_or_default().contains('@'), "the text of a server is not stored");
    (copies.len(), mail.state, mail.claims as usize)
}

/// A connection that breaks after the text looks like one that breaks before it, so the first is delivered twice.
#[tokio::test]
async fn what_an_smtp_server_does_decides_how_often_a_mail_is_sent() {
    for (trouble, expected) in [
        (SmtpTrouble::None, (1, MailState::Sent, 1)),
        (SmtpTrouble::ClosedAtOnce, (0, MailState::Dead, 2)),
        (SmtpTrouble::AnswerToMail(451), (0, MailState::Dead, 5)),
        (SmtpTrouble::AnswerToRecipient(450), (0, MailState::Dead, 5)),
        (SmtpTrouble::AnswerToRecipient(550), (0, MailState::Dead, 1)),
        (SmtpTrouble::AnswerToData(452), (0, MailState::Dead, 5)),
        (SmtpTrouble::AnswerToData(554), (0, MailState::Dead, 1)),
        (SmtpTrouble::ClosedBeforeText, (0, MailState::Dead, 2)),
        (SmtpTrouble::ClosedAfterText, (2, MailState::Dead, 2)),
    ] {
        assert_eq!(through_smtp(trouble).await, expected, "{trouble:?}");
    }
}

#[test]
fn a_wrong_smtp_url_is_refused_without_quoting_its_password() {
    for url in ["mail.example.org", "http://user:hush@mail.example.org", "smtp://user:hush@:x"] {
        let error = format!("{:#}", Smtp::of_url(url).err().unwrap());
        assert!(error.contains("SMTP_URL") && !error.contains("hush"), "{error}");
    }
}
