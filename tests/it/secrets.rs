//! After many requests of several users, no password, token or secret is in the table, in the logs, or in any response
//! except the one that issued it. This includes base64 and hex forms.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use shared::domain::account::session::SESSION_TTL_SECONDS;
use tests::mail::token_in;
use tests::proxy::{Aim, Fault, Reach};
use tests::stripe::{SECRET_KEY, Shape, StripeFault, WEBHOOK_SECRETS, life};
use tests::{Answer, FACTOR_KEY, MAIL_KEY, PASSWORD, Person, TestApp};
use totp_rs::Secret;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

const USERS: usize = 6;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The encodings of a secret.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut spelled = vec![secret.to_vec()];
    let hex = hex::encode(secret);
    spelled.extend([hex.to_uppercase().into_bytes(), hex.into_bytes()]);
    // Base64 of a text with the secret depends on the secret's offset. There are three forms; each omits the characters
    // that neighbours affect.
    for shift in 0..3 {
        let padded = [vec![b'.'; shift], secret.to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let start = (shift * 8).div_ceil(6);
            let whole = (padded.len() * 8) / 6;
            spelled.push(encoded.as_bytes()[start..whole].to_vec());
        }
    }
    spelled
}

/// The secrets that are in `text`, by name.
fn found<'a>(text: &[u8], secrets: &'a [(String, Vec<u8>)]) -> Vec<&'a str> {
    let readable = String::from_utf8_lossy(text);
    let is_in = |secret: &[u8]| {
        spellings(secret).iter().any(|one| match str::from_utf8(one) {
            Ok(one) => readable.contains(one),
            Err(_) => text.windows(one.len()).any(|part| part == one),
        })
    };
    secrets.iter().filter(|(_, secret)| is_in(secret)).map(|(name, _)| name.as_str()).collect()
}

struct Life {
    test: TestApp,
    secrets: Vec<(String, Vec<u8>)>,
    /// Responses that must not contain a secret.
    answers: Vec<Answer>,
}

impl Life {
    /// Notes the secrets of a token: its text, and the random bytes in it.
    fn note_token(&mut self, whose: &str, token: &str) {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_start_matches("pp_")).unwrap();
        self.secrets.push((format!("token of {whose}"), token.as_bytes().to_vec()));
        self.secrets.push((format!("secret of the token of {whose}"), bytes[16..].to_vec()));
    }

    /// Notes the secrets of a token in a mail.
    fn note_link(&mut self, token: &str) {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_start_matches("pm_")).unwrap();
        self.secrets.push(("token of a mail".to_owned(), token.as_bytes().to_vec()));
        self.secrets.push(("secret of the token of a mail".to_owned(), bytes[16..].to_vec()));
    }

    fn note_password(&mut self, whose: &str, password: &str) {
        self.secrets.push((format!("password of {whose}"), password.as_bytes().to_vec()));
    }

    async fn sign_in(&mut self, path: &str, body: Value, whose: &str) -> Person {
        let answer = self.test.anonymous().post(path, body).await.ok();
        let token = answer["token"].as_str().unwrap().to_owned();
        self.note_token(whose, &token);
        self.test.somebody(&token)
    }

    async fn ask(&mut self, person: &Person, method: Method, path: &str, body: Option<Value>) -> u16 {
        let headers = [("content-type", "application/json"), ("idempotency-key", "one-key")];
        let answer = person.send(method, path, body.map(|body| body.to_string()), &headers).await;
        let status = answer.status.as_u16();
        self.answers.push(answer);
        status
    }

    /// Buys a plan while Stripe's errors contain secrets.
    async fn buy(&mut self, person: &Person) {
        let quoting = json!({"error": {"type": "invalid_request_error", "message": SECRET_KEY, "code": SECRET_KEY}});
        self.test.stripe.fail(&[StripeFault::Answer(401, quoting)]);
        let body = || Some(json!({"plan": "starter"}));
        assert_eq!(self.ask(person, Method::POST, "/api/credits/purchase", body()).await, 503);
        assert_eq!(self.ask(person, Method::POST, "/api/credits/purchase", body()).await, 200);
        let mut event = life(Shape::Since, person, self.test.app.now())[0].clone();
        for _ in 0..2 {
            self.answers.push(self.test.webhook(&event).await);
            // The same request with an unreadable answer.
            event["data"]["object"]["customer"] = json!(WEBHOOK_SECRETS[0].len());
        }
        let unsigned = Some(json!({"secret": WEBHOOK_SECRETS[0]}));
        assert_eq!(self.ask(person, Method::POST, "/api/webhooks/stripe", unsigned).await, 400);
    }

    async fn live(&mut self, number: usize) {
        let email = format!("user{number}@example.org");
        let (first, second) = (format!("first passphrase of {number}"), format!("second passphrase of {number}"));
        let (wrong, short) = (format!("wrong passphrase of {number}"), format!("Sh0rt{number}"));
        for password in [&first, &second, &wrong, &short] {
            self.note_password(&email, password);
        }
        let form = |password: &str| json!({"email": email, "password": password});
        let nobody = self.test.anonymous();
        self.ask(&nobody, Method::POST, "/api/auth/register", Some(form(&short))).await;
        let person = self.sign_in("/api/auth/register", form(&first), &email).await;
        self.ask(&nobody, Method::POST, "/api/auth/register", Some(form(&first))).await;
        self.ask(&nobody, Method::POST, "/api/auth/login", Some(form(&wrong))).await;
        // Malformed bodies with a password in a wrong place or of a wrong type.
        for odd in [json!({"email": {"password": wrong}, "password": wrong}), json!({"email": wrong}), json!([wrong])] {
            self.ask(&nobody, Method::POST, "/api/auth/login", Some(odd)).await;
        }
        let other = self.sign_in("/api/auth/login", form(&first), &email).await;
        let forged = format!("{}AA", &person.token.as_ref().unwrap()[..65]);
        let thief = self.test.somebody(&forged);
        self.ask(&thief, Method::GET, "/api/auth/me", None).await;
        for path in
            ["/api/auth/me", "/api/auth/sessions", "/api/auth/export", "/api/courses", "/api/credits/transactions"]
        {
            assert_eq!(self.ask(&person, Method::GET, path, None).await, 200, "{path}");
        }
        // A token in a wrong place.
        let misplaced = format!("/api/questions?course_id={}", person.token.as_ref().unwrap());
        self.ask(&person, Method::GET, &misplaced, None).await;
        self.ask(&person, Method::GET, &format!("/{first}/").replace(' ', "%20"), None).await;
        let order = json!({"course_id": "algebra", "count": 1});
        assert_eq!(self.ask(&person, Method::POST, "/api/questions/practice", Some(order.clone())).await, 200);
        self.ask(&person, Method::POST, "/api/questions/alg-q4/start", None).await;
        let change = json!({"current_password": first, "new_password": second});
        assert_eq!(self.ask(&person, Method::POST, "/api/auth/password", Some(change.clone())).await, 200);
        self.ask(&person, Method::POST, "/api/auth/password", Some(change)).await;
        self.ask(&other, Method::GET, "/api/auth/me", None).await;
        match number % 3 {
            0 => {
                self.ask(&person, Method::DELETE, "/api/auth/account", Some(json!({"password": wrong}))).await;
                let body = json!({"password": second});
                assert_eq!(self.ask(&person, Method::DELETE, "/api/auth/account", Some(body)).await, 200);
            }
            1 => {
                assert_eq!(self.ask(&person, Method::POST, "/api/auth/logout", None).await, 200);
            }
            _ => self.buy(&person).await,
        }
        self.ask(&person, Method::GET, "/api/auth/me", None).await;
    }
}

/// A user who confirms the email and gets the account back by mail.
async fn recover(life: &mut Life) {
    let email = "forgetful@example.org";
    let (first, second) = ("forgotten passphrase of all", "found passphrase of all");
    life.note_password(email, first);
    life.note_password(email, second);
    life.secrets.push(("key of mail".to_owned(), MAIL_KEY.as_bytes().to_vec()));
    let person = life.sign_in("/api/auth/register", json!({"email": email, "password": first}), email).await;
    let nobody = life.test.anonymous();
    for path in ["/api/auth/verify", "/api/auth/reset"] {
        if path.ends_with("reset") {
            assert_eq!(life.ask(&nobody, Method::POST, "/api/auth/forgot", Some(json!({"email": email}))).await, 200);
        }
        let mails = life.test.mails().await;
        let mail = mails.iter().rev().find(|mail| mail.to == email && mail.link.contains('#')).unwrap();
        let token = token_in(mail);
        // The mail itself holds the token, and nothing else that is secret.
        let shown = String::from_utf8(mail.bytes.clone()).unwrap().replace("=\r\n", "").replace("=3D", "=");
        assert!(shown.contains(&token), "{shown}");
        assert_eq!(found(shown.as_bytes(), &life.secrets), Vec::<&str>::new(), "in a mail");
        life.note_link(&token);
        let odd = json!({"token": {"token": token}, "new_password": second});
        life.ask(&nobody, Method::POST, path, Some(odd)).await;
        life.ask(&nobody, Method::POST, path, Some(json!({"token": format!("{token}A"), "new_password": second})))
            .await;
        let body = json!({"token": token, "new_password": second});
        assert_eq!(life.ask(&nobody, Method::POST, path, Some(body.clone())).await, 200);
        life.ask(&nobody, Method::POST, path, Some(body)).await;
    }
    assert_eq!(life.ask(&person, Method::GET, "/api/auth/me", None).await, 401);
    let again = life.sign_in("/api/auth/login", json!({"email": email, "password": second}), email).await;
    assert_eq!(life.ask(&again, Method::GET, "/api/auth/export", None).await, 200);
}

/// A user with a second factor, who signs in with codes of the app and with recovery codes.
async fn protect(life: &mut Life) {
    let person = life.test.user("careful").await;
    let email = &person.email;
    life.note_password(email, PASSWORD);
    life.note_token(email, person.token.as_ref().unwrap());
    life.secrets.push(("key of factors".to_owned(), FACTOR_KEY.as_bytes().to_vec()));
    let factor = life.test.give_factor(&person).await;
    life.secrets.push(("secret of a factor".to_owned(), factor.secret.as_bytes().to_vec()));
    let bytes = Secret::try_from_base32(&factor.secret).unwrap().as_bytes().to_vec();
    life.secrets.push(("bytes of the secret of a factor".to_owned(), bytes));
    for code in &factor.recovery_codes {
        for code in [code.clone(), code.replace('-', "")] {
            life.secrets.push(("recovery code".to_owned(), code.into_bytes()));
        }
    }
    let nobody = life.test.anonymous();
    for code in [factor.recovery_codes[0].clone(), life.test.code(&factor.secret, 1)] {
        let challenge = life.test.challenge(email).await;
        let bytes = URL_SAFE_NO_PAD.decode(challenge.trim_start_matches("pc_")).unwrap();
        life.secrets.push(("challenge".to_owned(), challenge.as_bytes().to_vec()));
        life.secrets.push(("secret of the challenge".to_owned(), bytes[16..].to_vec()));
        for wrong in [
            json!({"challenge": challenge, "code": factor.recovery_codes[1..3].concat()}),
            json!({"challenge": [challenge]}),
        ] {
            life.ask(&nobody, Method::POST, "/api/auth/login/factor", Some(wrong)).await;
        }
        let answer = nobody.answer(&challenge, &code).await.ok();
        life.note_token(email, answer["token"].as_str().unwrap());
    }
    for path in ["/api/auth/me", "/api/auth/sessions", "/api/auth/export"] {
        assert_eq!(life.ask(&person, Method::GET, path, None).await, 200, "{path}");
    }
    let token = life.test.unsubscribe_token(&person).await;
    life.note_link(&token);
    let path = format!("/api/auth/notices/unsubscribe?token={token}&kind=plan_started");
    assert_eq!(life.ask(&nobody, Method::POST, &path, None).await, 200);
    life.ask(&nobody, Method::POST, &format!("{path}A"), None).await;
}

#[tokio::test]
async fn no_secret_is_in_the_table_the_logs_or_a_response() {
    let log = Log::default();
    // More than production logs: also the SDK and the HTTP client. The subscriber applies to this thread, on which the
    // test runs.
    let lines = tracing_subscriber::fmt().with_max_level(LevelFilter::DEBUG).with_writer(log.clone()).finish();
    let guard = lines.set_default();

    let (test, proxy) = TestApp::behind_proxy().await;
    let mut life = Life { test, secrets: Vec::new(), answers: Vec::new() };
    for secret in [SECRET_KEY, WEBHOOK_SECRETS[0], WEBHOOK_SECRETS[1]] {
        life.secrets.push(("secret of Stripe".to_owned(), secret.as_bytes().to_vec()));
    }
    for number in 0..USERS {
        life.live(number).await;
    }
    recover(&mut life).await;
    protect(&mut life).await;
    // An internal error is logged with its cause.
    let email = "user2@example.org";
    for fault in [Fault::ErrorBefore, Fault::Throttle] {
        proxy.arm(fault, Aim { name: None, nth: 0, reach: Reach::Onwards });
        let body = json!({"email": email, "password": "second passphrase of 2"});
        let nobody = life.test.anonymous();
        assert_eq!(life.ask(&nobody, Method::POST, "/api/auth/login", Some(body)).await, 503);
        proxy.disarm();
    }
    life.test.pass(Duration::from_secs(SESSION_TTL_SECONDS.unsigned_abs()));
    let body = json!({"email": email, "password": "second passphrase of 2"});
    let _ = life.sign_in("/api/auth/login", body, email).await;
    drop(guard);

    let table = proxy.dump(&life.test.app.config.database.table_name).await;
    assert!(table.len() > 50, "{}", table.len());
    let table = Value::from(table).to_string();
    let logged = log.0.lock().unwrap().clone();
    let logged_text = String::from_utf8_lossy(&logged);
    for (where_it_is, words) in
        [("the log", ["status=401", "cause=", "POST"]), ("the table", ["EMAIL#", "pbkdf2", "LIMIT#"])]
    {
        let read = if where_it_is == "the log" { &*logged_text } else { table.as_str() };
        for word in words {
            assert!(read.contains(word), "{where_it_is} has no {word}: is it read at all?");
        }
    }
    assert_eq!(found(table.as_bytes(), &life.secrets), Vec::<&str>::new(), "in the table");
    assert_eq!(found(&logged, &life.secrets), Vec::<&str>::new(), "in the log");
    for answer in &life.answers {
        let shown = format!("{:?} {}", answer.headers, answer.body);
        assert_eq!(found(shown.as_bytes(), &life.secrets), Vec::<&str>::new(), "in {shown}");
    }
    // A digest of an email does not count as an email.
    assert!(!table.contains("LIMIT#login_email#user"));
}

#[test]
fn a_secret_is_found_in_every_encoding() {
    let secrets = [("it".to_owned(), b"first passphrase of 1".to_vec())];
    let secret = "first passphrase of 1";
    let hex = hex::encode(secret);
    for text in [
        format!("x{secret}y"),
        format!("x{hex}y"),
        hex.to_uppercase(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("a{secret}")),
        STANDARD.encode(format!("ab{secret}c")),
        URL_SAFE_NO_PAD.encode(format!("{{\"password\": \"{secret}\"}}")),
    ] {
        assert_eq!(found(text.as_bytes(), &secrets), ["it"], "{text}");
    }
    assert!(found(b"first passphrase of 2", &secrets).is_empty());
}
