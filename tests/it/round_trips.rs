//! Measures each route: sequential round trips, calls, and capacity. In a warm process a read takes one round trip and a
//! spend two, as the table of `docs/performance.md` states. The test fails if a route costs more or less than the table;
//! `WRITE_BUDGET=1` updates the table.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::account::Password;
use shared::domain::account::password::PasswordHash;
use shared::domain::credits::{Plan, REFRESH_PERIOD_SECONDS};
use shared::http::routes::{ROUTES, Route};
use tests::proxy::{Call, sequential_round_trips};
use tests::stripe::{Shape, WEBHOOK_SECRETS, life, signature};
use tests::{FIGURE, PASSWORD, Person, TestApp, VOUCHER, WORKER_HASH};

use crate::budget::{Cost, Row, committed, write};

/// Delay of each call, much longer than the call itself, so that sequential calls can be told apart.
const CALL_TIME: Duration = Duration::from_millis(60);

/// Delay of each call where a request derives a key while calls run. The delay is much longer than the derivation, so that
/// the speed of the machine does not decide which calls overlap.
const CALL_TIME_BESIDE_A_KEY: Duration = Duration::from_millis(400);

const PRACTICE: &str = "/api/questions/practice";
const PURCHASE: &str = "/api/credits/purchase";
/// Unlocks the question that most requests here are about.
const START_Q4: &str = "/api/questions/alg-q4/start";

/// A busy machine can make concurrent calls look sequential, but not the other way round: a row that seems too expensive is
/// measured again.
const TAKES_MAX: usize = 5;

/// A typical request of a user in the situation; `round` makes unique names.
#[expect(clippy::too_many_lines, reason = "one arm for each kind of request")]
pub(crate) async fn request(test: &TestApp, row: &Row, round: &str) -> (Person, String, Option<Value>) {
    let route = ROUTES.iter().find(|route| route.operation == row.operation);
    let path = route.unwrap_or_else(|| panic!("{} is no route any more", row.operation)).path;
    let name = format!("{}-{}-{round}", row.operation, row.situation.replace(' ', "-"));
    let email = format!("{name}@example.org");
    let mut person = match row.operation.as_str() {
        "resend_verification" | "verify_email" => test.newcomer(&name).await,
        _ => test.member(&name, Plan::Free, 5).await,
    };
    let on = |id: &str| path.replace("{id}", id).replace("{topic_id}", "alg-sets");
    // Requests both existing questions, because a random choice would change the units.
    let order = json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 2});

    let (path, body) = match row.operation.as_str() {
        "practice_questions" => (on(""), Some(order.clone())),
        "redeem_voucher" => {
            test.voucher().await;
            (on(""), Some(json!({"code": VOUCHER})))
        }
        "purchase_plan" => (on(""), Some(json!({"plan": "starter"}))),
        "receive_event" => (on(""), Some(life(Shape::Before, &person, test.app.now())[0].clone())),
        "bundle_questions" | "find_weak_topics" => (on(""), Some(json!({"course_id": "algebra"}))),
        "submit_answer" => (on("alg-q4"), Some(json!({"answer": "8", "was_correct": true}))),
        "generate_midterm" => {
            (on(""), Some(json!({"course_id": "algebra", "config": {"question_count": 3, "seed": 7}})))
        }
        "start_midterm" => (on(&person.midterm().await), Some(json!({}))),
        "submit_midterm" => {
            let answers =
                json!({"answers": {"alg-q1": {"answer": "2"}, "alg-q2": {"answer": "A"}, "alg-q4": {"answer": "8"}}});
            (on(&person.sitting().await), Some(answers))
        }
        "show_result" => {
            let midterm = person.sitting().await;
            let _ = person.post(&format!("/api/midterm/{midterm}/submit"), json!({"answers": {}})).await.ok();
            (on(&midterm), None)
        }
        "report_question" => (on("alg-q4"), Some(json!({"reason": "wrong_key"}))),
        "list_exam_questions" => (on("alg-2020"), None),
        "show_public_topic" => (on("alg-sets"), None),
        "show_figure" => (FIGURE.to_owned(), None),
        "revoke_session" => (on(&person.session_id()), None),
        "change_password" => {
            (on(""), Some(json!({"current_password": PASSWORD, "new_password": "another good passphrase"})))
        }
        "delete_account" => (on(""), Some(json!({"password": PASSWORD}))),
        "show_midterm" => (on(&person.midterm().await), None),
        "browse_questions" | "show_progress" | "show_review" => (format!("{path}?course_id=algebra"), None),
        "unsubscribe" => {
            let token = test.unsubscribe_token(&person).await;
            (format!("{path}?token={token}&kind=plan_started"), None)
        }
        "update_notices" => (on(""), Some(json!({"new_sign_in": false}))),
        "preview_answer" => (format!("{}?answer=1/2x", on("alg-q4")), None),
        "show_question" | "start_question" | "unlock_solution" => (on("alg-q4"), None),
        "show_course"
        | "list_exams"
        | "show_stats"
        | "list_topics"
        | "show_topic"
        | "list_public_topics"
        | "show_analysis"
        | "show_detailed_analysis"
        | "list_course_questions"
        | "enroll" => (on("algebra"), None),
        operation => (on(""), account_body(test, operation, &person, &email).await),
    };
    match (row.operation.as_str(), row.situation.as_str()) {
        ("login", "sign-in is told") => {
            let hash = test.app.hash_password(Password::from(PASSWORD.to_owned())).await.unwrap();
            test.set_hash(&person, &hash).await;
            test.pass(Duration::from_hours(24));
        }
        ("login", "") | ("change_password" | "delete_account", _) => {
            let hash = test.app.hash_password(Password::from(PASSWORD.to_owned())).await.unwrap();
            test.set_hash(&person, &hash).await;
        }
        ("login", _) => test.set_hash(&person, &PasswordHash::imported(WORKER_HASH.to_owned())).await,
        (_, "delivered") => {
            // All four questions of both topics.
            let order = json!({"course_id": "algebra", "topic_ids": ["alg-sets", "alg-quadratic"], "count": 4});
            let answer = send(test.app.now(), &person, "POST", PRACTICE, Some(order)).await;
            assert_eq!(answer["credits_deducted"], 4);
        }
        ("unlock_solution" | "report_question", "done before") => {
            let _ = send(test.app.now(), &person, "POST", START_Q4, None).await;
            let _ = send(test.app.now(), &person, "POST", &path, body.clone()).await;
        }
        ("unlock_solution" | "submit_answer" | "preview_answer" | "report_question", "") => {
            let _ = send(test.app.now(), &person, "POST", START_Q4, None).await;
        }
        ("open_portal", _) => {
            let _ = send(test.app.now(), &person, "POST", PURCHASE, Some(json!({"plan": "starter"}))).await;
        }
        ("show_analysis" | "show_detailed_analysis", "done before") => {
            let _ = send(test.app.now(), &person, "GET", &path, None).await;
        }
        (_, "done before") => {
            let _ = send(test.app.now(), &person, "POST", &path, body.clone()).await;
        }
        ("bundle_questions", _) => {
            let _ = send(test.app.now(), &person, "POST", PRACTICE, Some(order)).await;
            let _ = send(test.app.now(), &person, "POST", START_Q4, None).await;
        }
        (_, "some unlocked") => {
            let _ = send(test.app.now(), &person, "POST", PRACTICE, Some(order)).await;
        }
        (_, "refresh due") => {
            let _ = send(test.app.now(), &person, "POST", PRACTICE, Some(order)).await;
            test.pass(Duration::from_secs(REFRESH_PERIOD_SECONDS.unsigned_abs()));
            person = test.renewed(&person).await;
        }
        _ => {}
    }
    (person, path, body)
}

/// The body of a request about an account; `None` for all others.
async fn account_body(test: &TestApp, operation: &str, person: &Person, email: &str) -> Option<Value> {
    match operation {
        "register" => Some(json!({"email": format!("new-{email}"), "password": PASSWORD})),
        "login" => Some(json!({"email": person.email, "password": PASSWORD})),
        "forgot_password" => Some(json!({"email": person.email})),
        "send_message" => Some(json!({"name": "Ada", "email": person.email, "message": "Hello."})),
        "verify_email" | "reset_password" => {
            let token = if operation == "verify_email" {
                let _ = person.post("/api/auth/verify/resend", json!({})).await.ok();
                test.token_for(person).await
            } else {
                test.reset_token(person).await
            };
            let mut body = json!({"token": token});
            if operation == "reset_password" {
                body["new_password"] = json!("another good passphrase");
            }
            Some(body)
        }
        "setup_factor" => {
            test.give_password(person).await;
            Some(json!({"password": PASSWORD}))
        }
        "confirm_factor" => {
            test.give_password(person).await;
            let secret = test.begin_factor(person).await;
            Some(json!({"code": test.code(&secret, 0)}))
        }
        "remove_factor" | "login_with_factor" => {
            test.give_password(person).await;
            let code = test.give_factor(person).await.recovery_codes.swap_remove(0);
            let body = if operation == "remove_factor" {
                json!({"password": PASSWORD, "code": code})
            } else {
                json!({"challenge": test.challenge(&person.email).await, "code": code})
            };
            Some(body)
        }
        "update_me" => {
            test.give_password(person).await;
            Some(json!({"name": "Ada", "email": format!("new-{email}"), "password": PASSWORD}))
        }
        "confirm_email" | "undo_email_change" => {
            test.give_password(person).await;
            let new = format!("new-{email}");
            let token = if operation == "confirm_email" {
                test.confirm_token(person, &new).await
            } else {
                test.undo_token(person, &new).await
            };
            Some(json!({"token": token}))
        }
        _ => None,
    }
}

/// Sends a request that must succeed, with an idempotency key if allowed.
pub(crate) async fn send(now: Timestamp, person: &Person, method: &str, path: &str, body: Option<Value>) -> Value {
    let body = body.map(|body| body.to_string());
    let signature = signature(body.as_deref().unwrap_or_default().as_bytes(), WEBHOOK_SECRETS[0], now);
    let headers =
        [("content-type", "application/json"), ("idempotency-key", path), ("stripe-signature", signature.as_str())];
    let method = method.parse().unwrap();
    person.send(method, path, body, &headers).await.ok()
}

/// Measurements of a row, in a process that has just started and in a warm one.
struct Measured {
    found: Row,
    complaints: Vec<String>,
}

/// Sends the request of a row to a process that has just started, then an equivalent one to the same process.
async fn measure(test: &TestApp, row: &Row, take: usize) -> Measured {
    let method = ROUTES.iter().find(|route| route.operation == row.operation).unwrap().method.as_str();
    let (process, proxy) = test.twin_behind_proxy().await;
    proxy.delay(call_time(row));
    let mut costs = Vec::new();
    let mut complaints = Vec::new();
    for (when, said) in [("cold", row.cold), ("warm", row.warm)] {
        let (person, path, body) = request(test, row, &format!("{when}-{take}")).await;
        let _ = send(test.app.now(), &person.through(process.clone()), method, &path, body).await;
        let calls = proxy.take_calls();
        let found = cost_of(&calls);
        complaints.extend(complaint(said, found).map(|complaint| {
            let names: Vec<_> = calls.iter().map(|call| &call.name).collect();
            format!("{}, {when}: {complaint}: {said:?}, found {found:?}: {names:#?}", row.name())
        }));
        costs.push(found);
    }
    Measured { found: Row { cold: costs[0], warm: costs[1], ..row.clone() }, complaints }
}

fn call_time(row: &Row) -> Duration {
    match row.operation.as_str() {
        "register" | "login" | "change_password" | "reset_password" | "delete_account" | "update_me"
        | "setup_factor" | "remove_factor" => CALL_TIME_BESIDE_A_KEY,
        _ => CALL_TIME,
    }
}

fn cost_of(calls: &[Call]) -> Cost {
    assert!(calls.iter().all(|call| call.tries == 1), "{calls:#?}");
    Cost {
        round_trips: sequential_round_trips(calls),
        calls: calls.len(),
        read_units: calls.iter().fold(0.0, |sum, call| sum + call.read_units),
        write_units: calls.iter().fold(0.0, |sum, call| sum + call.write_units),
    }
}

/// Difference from a row: too expensive, or another number of round trips.
fn complaint(said: Cost, found: Cost) -> Option<&'static str> {
    if found.round_trips < said.round_trips {
        return Some("fewer round trips than the table says: correct the table");
    }
    let is_dearer = found.round_trips > said.round_trips
        || found.calls > said.calls
        || found.read_units > said.read_units
        || found.write_units > said.write_units;
    is_dearer.then_some("dearer than the table says")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_costs_what_the_budget_table_states() {
    let table = committed();
    let has_row = |route: &&Route| table.iter().any(|row| row.operation == route.operation);
    let forgotten: Vec<_> = ROUTES.iter().filter(|route| !has_row(route)).map(|route| route.operation).collect();
    assert!(forgotten.is_empty(), "{forgotten:?} have no row in docs/performance.md: say there what they cost");

    let test = TestApp::start().await;
    let writes = std::env::var("WRITE_BUDGET").is_ok();
    let (mut rows, mut complaints) = (Vec::new(), Vec::new());
    for row in &table {
        let mut takes = Vec::new();
        for take in 0..TAKES_MAX {
            takes.push(measure(&test, row, take).await);
            if takes[take].complaints.is_empty() {
                break;
            }
        }
        takes.sort_by_key(|take| take.found.cold.round_trips + take.found.warm.round_trips);
        let best = takes.swap_remove(0);
        rows.push(best.found);
        complaints.extend(best.complaints);
    }
    if writes {
        write(&rows);
    } else {
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
