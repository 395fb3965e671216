//! Injects throttling, conflicts, errors, and late or missing answers into every storage call of every request that
//! writes. A client that retries with the same key is charged once and gets what it paid for, and the stored items
//! equal those of an undisturbed request.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use axum::http::Method;
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};
use shared::domain::account::Password;
use shared::domain::account::password::PasswordHash;
use shared::domain::credits::Plan;
use shared::domain::id::UserId;
use shared::http::routes::{ROUTES, Route};
use tests::proxy::{Aim, Call, Fault, Reach, mask};
use tests::stripe::{Shape, WEBHOOK_SECRETS, customer_of, life, signature};
use tests::{Answer, PASSWORD, Person, Proxy, START, TestApp, VOUCHER, WORKER_HASH};

/// Concurrent cases that mostly wait for a timeout.
const SLOW_AT_ONCE: usize = 32;

/// Other concurrent cases. More of them would cause real timeouts in each other and in other tests.
const QUICK_AT_ONCE: usize = 4;

/// A failed case is repeated if a call was slow without an injected delay.
const TAKES_MAX: usize = 3;

/// Texts that no response may contain.
const INTERNALS: [&str; 12] = [
    "dynamo",
    "amazon",
    "Exception",
    "Item",
    "Query",
    "Transact",
    "127.0.0.1",
    "attempt",
    "USER#",
    "pk",
    "proxy",
    "panic",
];

/// The situation of a purchase that must replace the customer.
const DELETED_CUSTOMER: &str = "with a customer who was deleted at Stripe";

/// The situation of a request about a question that a delivery names and that has no item of progress.
const DELIVERED: &str = "on a delivered question";

/// A request that writes and whose result does not depend on random choices.
struct Trial {
    route: &'static Route,
    situation: &'static str,
    /// The user's password, if the request needs it.
    hash: Option<PasswordHash>,
    /// The only call with injected faults; `None` for all calls.
    only: Option<&'static str>,
    path: String,
    body: Option<Value>,
    /// Requests sent before it, without faults.
    before: &'static [&'static str],
    /// Whether it accepts an idempotency key.
    has_key: bool,
}

impl Trial {
    fn of(route: &'static Route) -> Self {
        let id = match route.path {
            "/api/auth/sessions/{id}" => "{session}",
            path if path.starts_with("/api/questions/") => "alg-q4",
            path if path.starts_with("/api/midterm/") => "{midterm}",
            _ => "algebra",
        };
        let path = route.path.replace("{id}", id);
        let start = ["/api/questions/alg-q4/start"].as_slice();
        let (body, before, has_key) = match route.operation {
            "register" | "login" => (Some(json!({"email": "", "password": PASSWORD})), [].as_slice(), false),
            "change_password" => (
                Some(json!({"current_password": PASSWORD, "new_password": "another good passphrase"})),
                [].as_slice(),
                false,
            ),
            "delete_account" | "setup_factor" => (Some(json!({"password": PASSWORD})), [].as_slice(), false),
            // An analysis is charged once without a key. `send` creates the event of each person; Stripe repeats
            // exactly the same event.
            "logout"
            | "revoke_session"
            | "show_analysis"
            | "show_detailed_analysis"
            | "enroll"
            | "receive_event"
            | "resend_verification"
            | "unsubscribe" => (None, [].as_slice(), false),
            // A question is reported once without a key.
            "report_question" => (Some(json!({"reason": "wrong_key", "text": "B is right."})), start, false),
            "forgot_password" => (Some(json!({"email": ""})), [].as_slice(), false),
            "send_message" => {
                (Some(json!({"name": "Ada", "email": "ada@example.org", "message": "Hello."})), [].as_slice(), false)
            }
            "verify_email" | "confirm_email" | "undo_email_change" => {
                (Some(json!({"token": ""})), [].as_slice(), false)
            }
            "reset_password" => {
                (Some(json!({"token": "", "new_password": "another good passphrase"})), [].as_slice(), false)
            }
            "update_notices" => (Some(json!({"new_sign_in": false})), [].as_slice(), false),
            "confirm_factor" => (Some(json!({"code": ""})), [].as_slice(), false),
            "remove_factor" => (Some(json!({"password": PASSWORD, "code": ""})), [].as_slice(), false),
            "login_with_factor" => (Some(json!({"challenge": "", "code": ""})), [].as_slice(), false),
            "update_me" => (Some(json!({"name": "Ada", "email": "", "password": PASSWORD})), [].as_slice(), false),
            "practice_questions" => (Some(two_questions()), [].as_slice(), true),
            "bundle_questions" => {
                (Some(json!({"course_id": "algebra", "topic_id": "alg-quadratic"})), [].as_slice(), true)
            }
            "generate_midterm" => {
                // All six questions and a fixed seed; otherwise the selection would be random.
                (Some(json!({"course_id": "algebra", "config": {"question_count": 6, "seed": 7}})), [].as_slice(), true)
            }
            "start_question" => (None, [].as_slice(), true),
            // A midterm is started and handed in once without a key.
            "start_midterm" => (Some(json!({})), [].as_slice(), false),
            "submit_midterm" => (Some(answer_sheet()), [].as_slice(), false),
            "unlock_solution" => (None, start, true),
            // A voucher is redeemed once without a key.
            "redeem_voucher" => (Some(json!({"code": VOUCHER})), [].as_slice(), false),
            "purchase_plan" => (Some(json!({"plan": "starter"})), [].as_slice(), true),
            "submit_answer" => (Some(json!({"answer": "8", "was_correct": true})), start, true),
            other => panic!("{other} is not tried: say here how it is called"),
        };
        Self { route, situation: "", hash: None, only: None, path, body, before, has_key }
    }

    async fn person(&self, test: &TestApp, name: &str) -> Person {
        let mut person = match self.route.operation {
            "register" => test.anonymous(),
            "resend_verification" | "verify_email" => test.newcomer(name).await,
            _ => test.member(name, Plan::Free, 5).await,
        };
        if let Some(hash) = &self.hash {
            test.set_hash(&person, hash).await;
        }
        match self.route.operation {
            "redeem_voucher" => test.voucher().await,
            "start_midterm" => person.link_token = person.midterm().await,
            "submit_midterm" => person.link_token = person.sitting().await,
            "verify_email" => {
                let _ = person.post("/api/auth/verify/resend", json!({})).await.ok();
                person.link_token = test.token_for(&person).await;
            }
            "reset_password" => person.link_token = test.reset_token(&person).await,
            "unsubscribe" => person.link_token = test.unsubscribe_token(&person).await,
            "confirm_factor" => person.code = test.code(&test.begin_factor(&person).await, 0),
            "remove_factor" | "login_with_factor" => {
                person.code = test.give_factor(&person).await.recovery_codes.swap_remove(0);
                if self.route.operation == "login_with_factor" {
                    person.link_token = test.challenge(&person.email).await;
                }
            }
            "confirm_email" => person.link_token = test.confirm_token(&person, &format!("new-{}", person.email)).await,
            "undo_email_change" => {
                person.link_token = test.undo_token(&person, &format!("new-{}", person.email)).await;
            }
            _ => {}
        }
        let names_an_account = |body: &Value| body["email"].is_string() && self.route.operation != "update_me";
        if self.body.as_ref().is_some_and(names_an_account) {
            person.token = None;
            person.email = format!("{name}@example.org");
        }
        if self.situation == DELIVERED {
            let six = json!({"course_id": "algebra", "config": {"question_count": 6, "seed": 7}});
            let _ = person.post("/api/midterm/generate", six).await.ok();
        }
        for path in self.before {
            let _ = person.post(path, json!({})).await.ok();
        }
        if self.situation == DELETED_CUSTOMER {
            let _ = person.post(&self.path, json!({"plan": "starter"})).await.ok();
            let profile = test.app.store.profile(UserId(person.id.parse().unwrap())).await.unwrap().unwrap();
            test.stripe.delete_customer(&profile.stripe_customer_id.unwrap());
        }
        person
    }

    async fn send(&self, person: &Person) -> Answer {
        if self.route.operation == "receive_event" {
            let now = START.parse().unwrap();
            let body = life(Shape::Before, person, now)[0].to_string();
            let signature = signature(body.as_bytes(), WEBHOOK_SECRETS[0], now);
            return person.send(Method::POST, &self.path, Some(body), &[("stripe-signature", &signature)]).await;
        }
        let mut body = self.body.clone();
        if let Some(email) = body.as_mut().and_then(|body| body.get_mut("email")) {
            let new = if self.route.operation == "update_me" { "new-" } else { "" };
            *email = json!(format!("{new}{}", person.email));
        }
        if let Some(token) = body.as_mut().and_then(|body| body.get_mut("token")) {
            *token = json!(person.link_token);
        }
        for (member, value) in [("challenge", &person.link_token), ("code", &person.code)] {
            // A voucher's code is everybody's.
            if let Some(place) = body.as_mut().and_then(|body| body.get_mut(member)).filter(|place| **place == "") {
                *place = json!(value);
            }
        }
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.has_key.then_some(("idempotency-key", "a-key")));
        let mut path = self.path.replace("{session}", &person.session_id()).replace("{midterm}", &person.link_token);
        if self.route.operation == "unsubscribe" {
            path = format!("{path}?token={}&kind=plan_started", person.link_token);
        }
        person.send(self.route.method.clone(), &path, body.map(|body| body.to_string()), &headers).await
    }

    /// Whether an error says that an earlier attempt, whose answer was lost, succeeded.
    fn tells_of_success(&self, answer: &Answer) -> bool {
        match self.route.operation {
            "register" => answer.body["code"] == "email_taken",
            "logout" | "revoke_session" | "delete_account" => answer.body["code"] == "unauthenticated",
            "change_password" => answer.body["code"] == "invalid_credentials",
            "confirm_factor" => answer.body["code"] == "factor_exists",
            "remove_factor" => answer.body["code"] == "not_found",
            "login_with_factor" => {
                answer.body["detail"].as_str().is_some_and(|detail| detail.contains("was completed"))
            }
            "reset_password" | "confirm_email" | "undo_email_change" => {
                answer.body["detail"].as_str().is_some_and(|detail| detail.contains("was used already"))
            }
            _ => false,
        }
    }
}

/// Answers that are right, wrong, blank, missing and left to the student.
fn answer_sheet() -> Value {
    json!({"answers": {
        "alg-q1": {"answer": "2"}, "alg-q2": {"answer": "A", "time_spent_seconds": 60}, "alg-q3": {"answer": " "},
        "alg-q4": {"answer": "8"}, "alg-q6": {"answer": "it depends", "was_correct": false},
    }})
}

/// Every route that changes something.
async fn trials(test: &TestApp) -> Vec<Trial> {
    let reads = ["find_weak_topics", "open_portal"];
    let changes = |route: &&Route| {
        let buys = ["show_analysis", "show_detailed_analysis"].contains(&route.operation);
        (route.method != Method::GET && !reads.contains(&route.operation)) || buys
    };
    let mut trials: Vec<Trial> = ROUTES.iter().filter(changes).map(Trial::of).collect();
    let login = trials.iter_mut().find(|trial| trial.route.operation == "login").unwrap();
    login.hash = Some(test.app.hash_password(Password::from(PASSWORD.to_owned())).await.unwrap());
    let upgrade = Trial {
        situation: "with a hash of the worker",
        hash: Some(PasswordHash::imported(WORKER_HASH.to_owned())),
        only: Some("UpdateItem"),
        ..Trial::of(login.route)
    };
    let purchase = ROUTES.iter().find(|route| route.operation == "purchase_plan").unwrap();
    let replace = Trial { situation: DELETED_CUSTOMER, only: Some("TransactWriteItems"), ..Trial::of(purchase) };
    trials.extend([upgrade, replace]);
    for operation in ["submit_answer", "unlock_solution", "start_question", "practice_questions"] {
        let route = ROUTES.iter().find(|route| route.operation == operation).unwrap();
        trials.push(Trial { situation: DELIVERED, before: &[], ..Trial::of(route) });
    }
    for trial in &mut trials {
        let with_password = [
            "change_password",
            "delete_account",
            "update_me",
            "confirm_email",
            "undo_email_change",
            "setup_factor",
            "confirm_factor",
            "remove_factor",
            "login_with_factor",
        ];
        if with_password.contains(&trial.route.operation) {
            trial.hash = Some(test.app.hash_password(Password::from(PASSWORD.to_owned())).await.unwrap());
        }
    }
    trials
}

/// The stored items after a request, and its final response.
#[derive(Debug, PartialEq)]
struct Ending {
    /// The body of the successful response, if one arrived.
    answer: Option<Value>,
    /// The user's items without sessions, because a repeated login may open two.
    items: Vec<Value>,
    /// Whether a request with a session succeeds.
    is_signed_in: bool,
}

/// Observations during the run.
struct Seen {
    /// The calls of the first request.
    calls: Vec<Call>,
    complaints: Vec<String>,
    /// There were more attempts than the fault explains: the machine was too busy.
    is_overloaded: bool,
}

/// A fault in a request.
#[derive(Debug, Clone)]
struct Case {
    fault: Fault,
    aim: Aim,
}

impl Case {
    fn is_slow(&self) -> bool {
        matches!(self.fault, Fault::TimeoutBefore | Fault::TimeoutAfter | Fault::Late)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Aim { name, nth, reach } = &self.aim;
        write!(f, "{:?} ({reach:?}) at [{nth}] {}", self.fault, name.as_deref().unwrap_or("any call"))
    }
}

/// Each fault at each call, without cases that behave the same.
fn cases<'a>(calls: impl Iterator<Item = &'a Call>) -> Vec<Case> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut cases = Vec::new();
    for call in calls {
        let before = seen.entry(&call.name).or_default();
        let nth = *before;
        *before += 1;
        for fault in Fault::of(&call.operation) {
            for reach in reaches(fault, call) {
                cases.push(Case { fault, aim: Aim { name: Some(call.name.clone()), nth, reach: *reach } });
            }
        }
    }
    cases
}

/// The SDK does not retry conflicts or unprocessed items; our own retry is another call. All permanent failures of a
/// read have the same effect.
fn reaches(fault: Fault, call: &Call) -> &'static [Reach] {
    let is_read = call.is_read();
    match fault {
        // A lasting conflict on a counter behaves the same on every route and takes seconds.
        Fault::Conflict if call.name.contains("LIMIT#") => &[Reach::Try],
        // A partly processed batch that stays so behaves like an unprocessed one.
        Fault::PartitionUnprocessed => &[Reach::Try],
        Fault::Conflict | Fault::Unprocessed => &[Reach::Try, Reach::Onwards],
        Fault::ErrorBefore => &[Reach::Try, Reach::Call, Reach::Onwards],
        Fault::Throttle | Fault::LostAnswer if is_read => &[Reach::Try],
        Fault::TimeoutBefore if is_read => &[Reach::Call],
        _ => &[Reach::Try, Reach::Call],
    }
}

/// Sends the request to a process that has just started, retries it on failure, and reads the stored items.
async fn run(test: &TestApp, trial: &Trial, name: &str, case: Option<&Case>) -> (Ending, Seen) {
    let (process, proxy) = test.twin_behind_proxy().await;
    let mut complaints = Vec::new();
    let person = trial.person(test, name).await.through(process);
    if let Some(case) = case {
        proxy.arm(case.fault, case.aim.clone());
    }
    let mut answer = trial.send(&person).await;
    if case.is_some() && proxy.hits() == 0 {
        complaints.push("nothing was hit".to_owned());
    }
    let (calls, hits) = (proxy.take_calls(), proxy.hits());
    proxy.disarm();
    if !answer.status.is_success() && case.is_some_and(|case| case.aim.reach == Reach::Try) {
        complaints.push(format!("one failed try is visible: {} {}", answer.status, answer.body));
    }
    if !answer.status.is_success() && !trial.tells_of_success(&answer) {
        complaints.extend(complaint(&answer));
        answer = trial.send(&person).await;
        if !answer.status.is_success() && !trial.tells_of_success(&answer) {
            complaints.push(format!("the retry is {}: {}", answer.status, answer.body));
        }
    }
    proxy.settle().await;

    let user = match answer.body["user"]["id"].as_str() {
        Some(id) => Some(id.to_owned()),
        None if trial.route.operation == "register" => login(&person).await,
        None if trial.route.operation == "login" => None,
        None => Some(person.id.clone()),
    };
    let is_signed_in = match trial.route.operation {
        "register" | "login" => user.is_some(),
        "logout" | "revoke_session" | "delete_account" => person.get("/api/auth/me").await.status.is_success(),
        _ => true,
    };
    let mut partitions = vec![format!("USER#{}", user.unwrap_or_default())];
    if trial.route.operation == "receive_event" {
        // The claim of the event and the customer's owner are in other partitions.
        let event = life(Shape::Before, &person, test.app.now())[0]["id"].as_str().unwrap().to_owned();
        partitions.extend([format!("STRIPE#{event}"), format!("CUSTOMER#{}", customer_of(&person))]);
    }
    let mut items = items(&proxy, test, &partitions, name).await;
    items.extend(mails(&proxy, test, &person, name).await);
    if trial.route.operation == "confirm_factor" {
        // They are random.
        answer.body["recovery_codes"] = Value::Null;
    }
    if ["show_analysis", "show_detailed_analysis"].contains(&trial.route.operation) {
        // The first request bought it, so the second one is free.
        answer.body["credits_deducted"] = Value::Null;
    }
    let answer = answer.status.is_success().then(|| masked(answer.body, name));
    let tries_again: usize = calls.iter().map(|call| call.tries - 1).sum();
    (Ending { answer, items, is_signed_in }, Seen { calls, complaints, is_overloaded: tries_again > hits })
}

/// The user whom this email and password sign in.
async fn login(person: &Person) -> Option<String> {
    let body = json!({"email": person.email, "password": PASSWORD});
    let answer = person.post("/api/auth/login", body).await;
    answer.body["user"]["id"].as_str().map(str::to_owned)
}

async fn items(proxy: &Proxy, test: &TestApp, partitions: &[String], name: &str) -> Vec<Value> {
    let mut items = Vec::new();
    for partition in partitions {
        items.extend(proxy.partition(&test.app.config.database.table_name, partition).await);
    }
    let is_session = |item: &Value| item["sk"]["S"].as_str().is_some_and(|sk| sk.starts_with("SESSION#"));
    let Value::Array(items) = masked(items.into_iter().filter(|item| !is_session(item)).collect(), name) else {
        unreachable!("an array stays one")
    };
    items
}

/// The mails of the outbox to a person, or asked for by them.
async fn mails(proxy: &Proxy, test: &TestApp, person: &Person, name: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for number in 0..4 {
        let mails = proxy.partition(&test.app.config.database.table_name, &format!("MAIL#{number}")).await;
        found.extend(mails.into_iter().filter(|mail| mail["to"]["S"] == person.email.as_str()));
    }
    // The partition depends on the user's id.
    for mail in &mut found {
        mail["pk"] = Value::Null;
    }
    let email = person.email.as_str();
    let hide = |value: Value| serde_json::from_str(&value.to_string().replace(email, "*")).unwrap();
    let Value::Array(mails) = masked(hide(Value::from(found)), name) else { unreachable!("an array stays one") };
    mails
}

/// Masks ids and the user's name and sorts lists, so that runs can be compared.
fn masked(value: Value, name: &str) -> Value {
    match value {
        Value::String(text) => Value::String(if text == name { "*".to_owned() } else { mask(&text) }),
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(|value| masked(value, name)).collect();
            values.sort_by_key(ToString::to_string);
            Value::Array(values)
        }
        Value::Object(members) => members.into_iter().map(|(key, value)| (mask(&key), masked(value, name))).collect(),
        other => other,
    }
}

/// The error in the response to a request that failed because of storage, if any.
fn complaint(answer: &Answer) -> Option<String> {
    let text = answer.body.to_string();
    let shown: Vec<_> = INTERNALS.iter().filter(|word| text.contains(**word)).collect();
    let is_as_said = answer.status.as_u16() == 503
        && answer.body["code"] == "unavailable"
        && answer.header("content-type") == "application/problem+json"
        && answer.header("retry-after").parse().is_ok_and(|seconds: u32| seconds > 0);
    (!is_as_said || !shown.is_empty()).then(|| format!("the failure is {}, shows {shown:?}: {text}", answer.status))
}

/// The differences of two lists that should be equal.
fn difference<'a, T: IntoIterator<Item = &'a Value> + Copy>(found: T, expected: T) -> String {
    let without = |these: T, those: T| -> Vec<String> {
        let extra = these.into_iter().filter(|value| those.into_iter().all(|other| other != *value));
        extra.map(ToString::to_string).collect()
    };
    format!("{:?}, not {:?}", without(found, expected), without(expected, found))
}

/// Violations that a fault caused.
async fn complaints_of(test: &TestApp, trial: &Trial, good: &Ending, name: &str, case: &Case) -> Vec<String> {
    let mut complaints = Vec::new();
    for take in 0..TAKES_MAX {
        let (ending, seen) = run(test, trial, &format!("{name}-{take}"), Some(case)).await;
        complaints = seen.complaints;
        // A lost response that cannot be replayed may be missing, but never different.
        if ending.answer.is_some() && ending.answer != good.answer {
            complaints.push(format!("the answer is {}", difference(&ending.answer, &good.answer)));
        }
        if ending.items != good.items {
            complaints.push(format!("stored is {}", difference(&ending.items, &good.items)));
        }
        if ending.is_signed_in != good.is_signed_in {
            complaints.push(format!("signed in afterwards: {}", ending.is_signed_in));
        }
        if complaints.is_empty() || !seen.is_overloaded {
            break;
        }
    }
    let what = format!("{} {}", trial.route.operation, trial.situation);
    complaints.into_iter().map(|complaint| format!("{}: {case}: {complaint}", what.trim_end())).collect()
}

/// The voucher counts as many uses as users redeemed it.
async fn assert_uses_are_counted_once(test: &TestApp) {
    let (mut redeemed, mut from) = (0, None);
    loop {
        let page = test.app.store.scan_profiles(from).await.unwrap();
        for profile in page.profiles {
            redeemed += test.app.store.redemptions(profile.id).await.unwrap().len();
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    let vouchers = test.app.store.vouchers().await.unwrap();
    assert!(redeemed > 0 && vouchers.len() == 1 && vouchers[0].uses as usize == redeemed, "{redeemed}: {vouchers:?}");
}

async fn assert_emails_are_of_one_account(test: &TestApp) {
    let mut emails = HashSet::new();
    let mut from = None;
    loop {
        let page = test.app.store.scan_profiles(from).await.unwrap();
        for profile in page.profiles {
            assert!(emails.insert(profile.email.as_str().to_owned()), "{} twice", profile.email.as_str());
        }
        from = page.next;
        if from.is_none() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_anywhere_charges_once_and_delivers() {
    // `FAULTS_OF=login,register` tries these operations only.
    let chosen = std::env::var("FAULTS_OF").ok();
    let is_chosen =
        |trial: &Trial| chosen.as_ref().is_none_or(|list| list.split(',').any(|name| name == trial.route.operation));
    let (mut tests, mut runs) = (Vec::new(), Vec::new());
    for trial in trials(&TestApp::empty().await).await.into_iter().filter(is_chosen) {
        // Each trial has a table of its own, because every case reads all mail.
        let test = Arc::new(TestApp::start().await);
        tests.push((Arc::clone(&test), trial.route.operation));
        // The first request for an edition writes it for all cases; another test covers that.
        let _ = test.member("first", Plan::Free, 5).await.get(ANALYSIS).await.ok();
        let (ending, seen) = run(&test, &trial, "undisturbed", None).await;
        let complaints = &seen.complaints;
        assert!(ending.answer.is_some() && complaints.is_empty(), "{}: {complaints:?}", trial.route.operation);
        let is_tried = |call: &&Call| trial.only.is_none_or(|operation| call.operation == operation);
        let cases = cases(seen.calls.iter().filter(is_tried));
        let tried = Arc::new((test, trial, ending));
        for case in cases {
            let (tried, name) = (Arc::clone(&tried), format!("case-{}", runs.len()));
            runs.push((case.is_slow(), async move {
                let (test, trial, ending) = &*tried;
                complaints_of(test, trial, ending, &name, &case).await
            }));
        }
    }
    let count = runs.len();
    let (slow, quick): (Vec<_>, Vec<_>) = runs.into_iter().partition(|(is_slow, _)| *is_slow);
    let all = |runs: Vec<_>, at_once| stream::iter(runs).map(|(_, run)| run).buffer_unordered(at_once).concat();
    let (slow, quick): (Vec<String>, Vec<String>) = tokio::join!(all(slow, SLOW_AT_ONCE), all(quick, QUICK_AT_ONCE));
    let complaints = [slow, quick].concat();
    for (test, operation) in tests {
        test.assert_ledgers_are_true().await;
        assert_emails_are_of_one_account(&test).await;
        if operation == "redeem_voucher" {
            assert_uses_are_counted_once(&test).await;
        }
    }
    assert!(complaints.is_empty(), "{} of {count} cases:\n{}", complaints.len(), complaints.join("\n"));
}

/// Each case uses its own table, in which the edition is not published yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_while_an_edition_is_written_charges_once_and_delivers() {
    let trial = &Trial::of(ROUTES.iter().find(|route| route.operation == "show_analysis").unwrap());
    let (good, seen) = run(&TestApp::start().await, trial, "undisturbed", None).await;
    let writes = seen.calls.iter().filter(|call| call.operation == "PutItem");
    let cases = cases(writes);
    assert!(!cases.is_empty(), "nothing is written: {:#?}", seen.calls);
    let good = &good;
    let runs = cases.into_iter().map(|case| async move {
        let test = TestApp::start().await;
        let complaints = complaints_of(&test, trial, good, "case", &case).await;
        test.assert_ledgers_are_true().await;
        complaints
    });
    let complaints: Vec<String> = stream::iter(runs).buffer_unordered(SLOW_AT_ONCE).concat().await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

const ANALYSIS: &str = "/api/courses/algebra/analysis";

/// Exactly the two existing questions.
pub(crate) fn two_questions() -> Value {
    json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 2})
}
