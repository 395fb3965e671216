//! The function `mailer`: what the stream, the schedule and SNS bring it, what it asks of SES, and what SES's answers and reports do.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::id::UserId;
use shared::domain::mail::delivery::LEASE_SECONDS;
use shared::domain::mail::{MailKind, MailState};
use shared::ses::Ses;
use shared::store::keys;
use tests::mail::Post;
use tests::proxy::{Aim, Fault, Reach};
use tests::ses::{SesStandIn, SesTrouble};
use tests::{MAIL_FROM, MAIL_TOPIC_ARN, PASSWORD, Person, TestApp};

const CONFIGURATION_SET: &str = "pastpaper-mail";

/// An event of the stream with every mail of the outbox, as a filter on mail lets it pass.
async fn written(test: &TestApp) -> Value {
    let records = test.app.store.mails().await.unwrap();
    let records = records.iter().enumerate().map(|(number, stored)| {
        let key = keys::mail(&stored.mail.slot());
        json!({
            "eventID": number.to_string(), "eventName": "INSERT", "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
            "dynamodb": {
                "Keys": {"pk": {"S": key.pk}, "sk": {"S": key.sk}},
                "SequenceNumber": format!("{}", 1_000 + number), "StreamViewType": "NEW_IMAGE",
            },
        })
    });
    json!({"Records": records.collect::<Vec<_>>()})
}

fn due() -> Value {
    json!({"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
}

fn report(topic: &str, message: &Value) -> Value {
    let message = if message.is_string() { message.as_str().unwrap().to_owned() } else { message.to_string() };
    json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"TopicArn": topic, "Message": message}}]})
}

fn bounce(email: &str, kind: &str, mail: &str) -> Value {
    json!({
        "eventType": "Bounce",
        "bounce": {"bounceType": kind, "bouncedRecipients": [{"emailAddress": email}]},
        "mail": {"commonHeaders": {"messageId": format!("<{mail}@mail.example.org>")}},
    })
}

async fn states(test: &TestApp) -> Vec<MailState> {
    test.app.store.mails().await.unwrap().iter().map(|stored| stored.mail.state).collect()
}

async fn is_deliverable(person: &Person) -> bool {
    person.get("/api/auth/me").await.ok()["user"]["email_deliverable"].as_bool().unwrap()
}

/// Everything that the function does, for its permissions.
pub(crate) async fn do_all_its_work(test: &TestApp, app: &App) {
    let post = Post::default();
    let person = test.newcomer("mailer").await;
    let _ = person.post("/api/auth/verify/resend", json!({})).await.ok();
    let _ = test.anonymous().post("/api/auth/forgot", json!({"email": person.email})).await.ok();
    let _ = mailer::handle(app, &post, &written(test).await).await.unwrap();
    test.pass(Duration::from_mins(2));
    let _ = person.post("/api/auth/verify/resend", json!({})).await.ok();
    let _ = mailer::handle(app, &post, &due()).await.unwrap();
    let id = post.take().last().unwrap().id.to_string();
    let event = report(MAIL_TOPIC_ARN, &bounce(&person.email, "Permanent", &id));
    let _ = mailer::handle(app, &post, &event).await.unwrap();
    assert!(!is_deliverable(&person).await);
}

#[tokio::test]
async fn mail_of_the_stream_is_sent_by_ses_with_our_bytes() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let server = SesStandIn::start(SesTrouble::None).await;
    let app = test.app_where(|name| match name {
        "AWS_ENDPOINT_URL_SESV2" => Some(Some(server.url())),
        "SES_CONFIGURATION_SET" => Some(Some(CONFIGURATION_SET.to_owned())),
        _ => None,
    });
    let event = written(&test).await;
    for _ in 0..2 {
        // The stream may bring a record twice.
        assert_eq!(mailer::answer(app.clone(), event.clone()).await.unwrap(), json!({"batchItemFailures": []}));
    }
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.line, "POST /v2/email/outbound-emails HTTP/1.1");
    let signed = request.headers.iter().find(|header| header.starts_with("authorization: AWS4-HMAC-SHA256 "));
    assert!(signed.unwrap().contains("/ses/aws4_request"), "{signed:?}");
    let data = request.body["Content"]["Raw"]["Data"].as_str().unwrap();
    // Nothing else is asked of SES.
    assert_eq!(
        request.body,
        json!({
            "FromEmailAddress": MAIL_FROM,
            "Destination": {"ToAddresses": [ada.email]},
            "Content": {"Raw": {"Data": data}},
            "ConfigurationSetName": CONFIGURATION_SET,
        })
    );
    let sent = String::from_utf8(BASE64_STANDARD.decode(data).unwrap()).unwrap();
    let id = test.app.store.mails().await.unwrap()[0].mail.id;
    assert!(sent.contains(&format!("\r\nMessage-ID: <{id}@mail.example.org>\r\n")), "{sent}");
    assert_eq!(states(&test).await, [MailState::Sent]);
}

/// The copies that SES accepted of one mail, its state in the end, and how often it was tried.
async fn through_ses(trouble: SesTrouble) -> (usize, MailState, usize) {
    let test = TestApp::empty().await;
    let _ada = test.user("ada").await;
    let server = SesStandIn::start(trouble).await;
    let app = test.app_where(|name| (name == "AWS_ENDPOINT_URL_SESV2").then(|| Some(server.url())));
    let ses = Ses::connect(&app.config.database, &app.config.mail.as_ref().unwrap().ses);
    let _ = mailer::handle(&app, &ses, &written(&test).await).await.unwrap();
    for _ in 0..60 {
        test.pass(Duration::from_mins(1));
        let _ = mailer::handle(&app, &ses, &due()).await.unwrap();
    }
    let requests = server.requests();
    let bodies: Vec<_> = requests.iter().filter(|request| request.is_accepted).map(|request| &request.body).collect();
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]), "a repetition has the same bytes");
    let mail = test.app.store.mails().await.unwrap().remove(0).mail;
    assert!(
        !mail.trouble.clone().unwrap_or_default().contains('@'),
        "the text of SES is not stored: {:?}",
        mail.trouble
    );
    (bodies.len(), mail.state, mail.claims as usize)
}

/// A connection that breaks after the request looks like one that breaks before it, so the first is delivered twice.
#[tokio::test]
async fn what_ses_does_decides_how_often_a_mail_is_sent() {
    for (trouble, expected) in [
        (SesTrouble::None, (1, MailState::Sent, 1)),
        (SesTrouble::Answer(400, "MessageRejected"), (0, MailState::Dead, 1)),
        (SesTrouble::Answer(400, "BadRequestException"), (0, MailState::Dead, 1)),
        (SesTrouble::Answer(403, "AccessDeniedException"), (0, MailState::Dead, 1)),
        (SesTrouble::Answer(429, "TooManyRequestsException"), (0, MailState::Dead, 5)),
        (SesTrouble::Answer(400, "SendingPausedException"), (0, MailState::Dead, 5)),
        (SesTrouble::Answer(500, "InternalFailure"), (0, MailState::Dead, 2)),
        (SesTrouble::ClosedAtOnce, (0, MailState::Dead, 2)),
        (SesTrouble::ClosedAfterRequest, (2, MailState::Dead, 2)),
    ] {
        assert_eq!(through_ses(trouble).await, expected, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_mailer_killed_before_or_after_the_send_is_followed_by_the_schedule() {
    for is_after in [false, true] {
        let test = TestApp::empty().await;
        let _ada = test.user("ada").await;
        let (app, event) = (test.app.clone(), written(&test).await);
        let deliver = |killed| async move { mailer::handle(&app, &killed, &event).await };
        let mut copies = test.kill_sender(is_after, deliver).await;
        let post = Post::default();
        // The stream brings the record again, and the schedule comes: another sender has the mail until the lease is over.
        for event in [written(&test).await, due()] {
            let _ = mailer::handle(&test.app, &post, &event).await.unwrap();
        }
        assert_eq!(post.take().len(), 0);
        test.pass(Duration::from_secs(LEASE_SECONDS.unsigned_abs()));
        assert_eq!(mailer::handle(&test.app, &post, &due()).await.unwrap(), json!({"handled": 1}));
        copies.extend(post.take());
        assert_eq!((copies.len(), states(&test).await), (1 + usize::from(is_after), vec![MailState::Sent]));
        assert_eq!(copies.first(), copies.last(), "a receiver can tell the repetition");
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_looked_at_is_brought_again_with_those_after_it() {
    let test = TestApp::empty().await;
    for name in ["ada", "bob", "eve"] {
        let _ = test.user(name).await;
    }
    let event = written(&test).await;
    let post = Post::default();
    let (app, proxy) = test.app_behind_proxy().await;
    proxy.arm(Fault::ErrorBefore, Aim { name: None, nth: 0, reach: Reach::Onwards });
    let answer = mailer::handle(&app, &post, &event).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "1000"}]}));
    assert!(mailer::handle(&app, &post, &due()).await.is_err());
    proxy.disarm();
    assert_eq!(post.take().len(), 0);
    let answer = mailer::handle(&app, &post, &event).await.unwrap();
    assert_eq!((answer, post.take().len()), (json!({"batchItemFailures": []}), 3));
}

#[tokio::test]
async fn records_of_something_else_and_unknown_events_are_ignored() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let user = UserId(ada.id.parse().unwrap());
    let keys = [
        json!({"pk": {"S": keys::profile(user).pk}, "sk": {"S": keys::profile(user).sk}}),
        json!({"pk": {"S": "MAIL#0"}, "sk": {"S": "reset#of-nobody"}}),
        json!({"pk": {"S": "MAIL#9"}, "sk": {"S": "x"}}),
        json!({"pk": {"N": "1"}}),
        Value::Null,
    ];
    let records: Vec<_> = keys
        .map(|keys| json!({"eventSource": "aws:dynamodb", "dynamodb": {"Keys": keys, "SequenceNumber": "1"}}))
        .into();
    let post = Post::default();
    let answer = mailer::handle(&test.app, &post, &json!({"Records": records})).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    for odd in
        [json!(null), json!({}), json!({"Records": []}), json!({"Records": [{"eventSource": "aws:s3"}]}), json!([1])]
    {
        assert_eq!(mailer::handle(&test.app, &post, &odd).await.unwrap(), Value::Null, "{odd}");
    }
    assert_eq!(post.take().len(), 0);
}

#[tokio::test]
async fn a_bounce_stops_mail_until_an_operator_allows_it_or_the_address_changes() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let sent = test.mails().await.remove(0).id.to_string();
    let post = Post::default();
    let follow = async |event: Value| assert_eq!(mailer::handle(&test.app, &post, &event).await.unwrap(), Value::Null);
    // Reports of another topic, of a transient bounce, of nobody and of no form are ignored.
    follow(report("arn:aws:sns:us-east-1:999999999999:pastpaper-mail", &bounce(&ada.email, "Permanent", &sent))).await;
    follow(report(MAIL_TOPIC_ARN, &bounce(&ada.email, "Transient", &sent))).await;
    follow(report(MAIL_TOPIC_ARN, &bounce("nobody@example.org", "Permanent", "x"))).await;
    follow(report(MAIL_TOPIC_ARN, &json!("Successfully validated SNS topic for Amazon SES event publishing."))).await;
    assert!(is_deliverable(&ada).await);
    for _ in 0..2 {
        follow(report(MAIL_TOPIC_ARN, &bounce("ADA@example.org", "Permanent", &sent))).await;
        assert!(!is_deliverable(&ada).await);
    }
    let listed = pastpaper::mail::list(&test.app, false).await.unwrap();
    assert!(listed.contains("the address rejects mail") && !listed.contains('@'), "{listed}");
    let known = pastpaper::user::show(&test.app, &ada.email).await.unwrap();
    assert!(known.contains("\nmail     stopped on 2026-03-01") && known.contains("bounced"), "{known}");
    // Nothing is promised, and a mail that is written all the same is dropped.
    let _ = ada.post("/api/auth/verify/resend", json!({})).await.problem(409, "email_undeliverable");
    let _ = test.anonymous().post("/api/auth/forgot", json!({"email": ada.email})).await.ok();
    assert_eq!(test.mails().await, []);
    let answer = pastpaper::mail::allow(&test.app, &ada.email).await.unwrap();
    assert!(answer.contains("bounced"), "{answer}");
    assert!(is_deliverable(&ada).await);
    assert!(!pastpaper::user::show(&test.app, &ada.email).await.unwrap().contains("\nmail "));
    assert!(pastpaper::mail::allow(&test.app, "nobody@example.org").await.is_err());
    // A complaint stops mail, too; another address gets mail again.
    let complaint =
        json!({"notificationType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": ada.email}]}});
    follow(report(MAIL_TOPIC_ARN, &complaint)).await;
    assert!(!is_deliverable(&ada).await);
    let token = test.confirm_token(&ada, "ada.new@example.org").await;
    let _ = test.anonymous().post("/api/auth/email/confirm", json!({"token": token})).await.ok();
    assert!(is_deliverable(&ada).await);
    let profile = test.app.store.profile(UserId(ada.id.parse().unwrap())).await.unwrap().unwrap();
    assert_eq!(profile.email, Email::try_from("ada.new@example.org".to_owned()).unwrap());
    let told: Vec<_> = test.app.store.mails().await.unwrap().iter().map(|stored| stored.mail.kind).collect();
    assert!(!told.contains(&MailKind::EmailChanged), "the former address gets no mail: {told:?}");
    let body = json!({"current_password": PASSWORD, "new_password": "another good passphrase"});
    let _ = ada.post("/api/auth/password", body).await.ok();
    assert_eq!(test.mails().await.len(), 1);
}
