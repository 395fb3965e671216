//! Messages of visitors to the operators.

use serde_json::{Value, json};
use shared::domain::mail::MailState;
use tests::mail::Post;
use tests::{CONTACT_EMAIL, MAIL_FROM, TestApp};

fn message() -> Value {
    json!({
        "name": "Ada\r\nBcc: all@example.org", "email": "ada@example.org", "subject": "Question 4\r\nBcc: all@example.org",
        "message": "The key is wrong.\n\nI think.", "errorDetails": "status 500",
    })
}

#[tokio::test]
async fn a_message_goes_to_the_operators_alone_and_is_answered_to_its_sender() {
    let test = TestApp::empty().await;
    let answer = test.anonymous().post("/api/contact", message()).await.ok();
    assert_eq!(answer["success"], true);
    assert!(answer["message"].is_string());
    let mails = test.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert_eq!((mail.to.as_str(), mail.from.as_str()), (CONTACT_EMAIL, MAIL_FROM));
    let bytes = String::from_utf8(mail.bytes.clone()).unwrap();
    let (headers, body) = bytes.split_once("\r\n\r\n").unwrap();
    assert!(headers.contains("\r\nReply-To: <ada@example.org>\r\n"), "{headers}");
    assert!(headers.contains("\r\nSubject: [contact] Question 4 Bcc: all@example.org\r\n"), "{headers}");
    assert!(!headers.contains("\nBcc:"), "{headers}");
    assert!(body.contains("The key is wrong.") && body.contains("status 500"), "{body}");
    assert!(!body.contains("text/html"), "{body}");
    let [stored] = test.app.store.mails().await.unwrap().try_into().unwrap();
    assert_eq!((stored.mail.state, stored.mail.message), (MailState::Sent, None), "the words are removed");
    assert_eq!(test.mails().await, [], "it is sent once");
}

#[tokio::test]
async fn an_address_that_mail_cannot_carry_gets_no_reply_to() {
    let test = TestApp::empty().await;
    let body = json!({"name": "Jörg", "email": "jörg@example.org", "message": "Hallo."});
    let _ = test.anonymous().post("/api/contact", body).await.ok();
    let bytes = String::from_utf8(test.mails().await.remove(0).bytes).unwrap();
    assert!(!bytes.contains("Reply-To") && bytes.contains("Subject: [contact] Message\r\n"), "{bytes}");
}

#[tokio::test]
async fn an_incomplete_message_is_refused_by_the_name_of_its_field() {
    let test = TestApp::empty().await;
    for (field, value, status, code) in [
        ("name", Value::Null, 400, "missing_field"),
        ("email", Value::Null, 400, "missing_field"),
        ("message", Value::Null, 400, "missing_field"),
        ("name", json!("  "), 400, "missing_field"),
        ("email", json!("nobody"), 422, "invalid_field"),
        ("message", json!("\n"), 400, "missing_field"),
        ("message", json!("x".repeat(5_001)), 422, "invalid_field"),
        ("subject", json!("x".repeat(201)), 422, "invalid_field"),
        ("errorDetails", json!("x".repeat(5_001)), 422, "invalid_field"),
    ] {
        let mut body = message();
        body[field] = value;
        let problem = test.anonymous().post("/api/contact", body).await.problem(status, code);
        assert_eq!(problem["field"], field);
    }
    assert!(test.app.store.mails().await.unwrap().is_empty());
}

#[tokio::test]
async fn without_a_mailbox_of_the_operators_nothing_is_stored() {
    let test = TestApp::empty().await;
    let _ = test.anonymous().post("/api/contact", message()).await.ok();
    let mut app = test.app.clone();
    let config = std::sync::Arc::make_mut(&mut app.config);
    config.mail.as_mut().unwrap().contact = None;
    let post = Post::default();
    let _ = app.deliver_due_mail(&post).await.unwrap();
    assert!(post.take().is_empty(), "the mailbox was removed before the message was sent");
    let without = test.twin_where(|name| (name == "CONTACT_EMAIL").then_some(None));
    let _ = test.anonymous().through(without).post("/api/contact", message()).await.problem(503, "unavailable");
    assert_eq!(test.app.store.mails().await.unwrap().len(), 1);
}
