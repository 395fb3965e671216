//! What each route costs: sequential round trips, calls, and capacity. Warm, a read answers after one round trip and a
//! spend after two; this table is the proof, and it fails in both directions, so that it stays true.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::account::Password;
use shared::domain::credits::{Plan, REFRESH_PERIOD_SECONDS};
use shared::domain::password::PasswordHash;
use shared::http::routes::{ROUTES, Route};
use tests::proxy::{Call, sequential_round_trips};
use tests::stripe::{Shape, WEBHOOK_SECRETS, life, signature};
use tests::{PASSWORD, Person, TestApp, WORKER_HASH};

/// Long against everything else that a call takes, so that what follows a call begins visibly later than it.
const CALL_TIME: Duration = Duration::from_millis(60);

const PRACTICE: &str = "/api/questions/practice";
const PURCHASE: &str = "/api/credits/purchase";
/// Unlocks the question that most requests here are about.
const START_Q4: &str = "/api/questions/alg-q4/start";

/// A machine that is busy elsewhere can make calls that run at once look like a sequence, never the other way round: a
/// row that seems too dear is measured again.
const TAKES_MAX: usize = 5;

/// What one request costs.
#[derive(Debug, Clone, Copy)]
struct Cost {
    round_trips: usize,
    calls: usize,
    read_units: f64,
    write_units: f64,
}

/// A route in a situation: in a process that has just started, and in one that has answered the like before.
struct Row {
    operation: &'static str,
    situation: &'static str,
    cold: Cost,
    warm: Cost,
}

const fn cost(round_trips: usize, calls: usize, read_units: f64, write_units: f64) -> Cost {
    Cost { round_trips, calls, read_units, write_units }
}

const fn row(operation: &'static str, situation: &'static str, cold: Cost, warm: Cost) -> Row {
    Row { operation, situation, cold, warm }
}

#[rustfmt::skip]
const TABLE: &[Row] = &[
    row("register", "", cost(2, 3, 0.0, 10.0), cost(2, 3, 0.0, 10.0)),
    row("login", "", cost(2, 6, 3.0, 3.0), cost(2, 6, 3.0, 3.0)),
    row("login", "hash of the worker", cost(3, 7, 3.0, 4.0), cost(3, 7, 3.0, 4.0)),
    row("logout", "", cost(1, 2, 0.0, 2.0), cost(1, 2, 0.0, 2.0)),
    row("show_me", "", cost(1, 2, 2.0, 1.0), cost(1, 2, 2.0, 1.0)),
    row("show_me", "refresh due", cost(2, 3, 2.0, 5.0), cost(2, 3, 2.0, 5.0)),
    row("list_sessions", "", cost(1, 3, 3.0, 1.0), cost(1, 3, 3.0, 1.0)),
    row("revoke_session", "", cost(2, 4, 3.0, 2.0), cost(2, 4, 3.0, 2.0)),
    row("change_password", "", cost(3, 5, 3.0, 8.0), cost(3, 5, 3.0, 8.0)),
    row("export_account", "", cost(1, 4, 3.0, 2.0), cost(1, 4, 3.0, 2.0)),
    row("delete_account", "", cost(7, 10, 6.0, 16.0), cost(7, 10, 6.0, 16.0)),
    row("show_balance", "", cost(1, 3, 3.0, 1.0), cost(1, 3, 3.0, 1.0)),
    row("show_balance", "refresh due", cost(2, 4, 3.0, 5.0), cost(2, 4, 3.0, 5.0)),
    row("list_transactions", "", cost(1, 3, 3.0, 1.0), cost(1, 3, 3.0, 1.0)),
    row("purchase_plan", "", cost(2, 4, 3.0, 5.0), cost(2, 4, 3.0, 5.0)),
    row("purchase_plan", "done before", cost(1, 3, 3.0, 1.0), cost(1, 3, 3.0, 1.0)),
    row("open_portal", "", cost(1, 2, 2.0, 1.0), cost(1, 2, 2.0, 1.0)),
    row("show_status", "", cost(1, 1, 0.0, 1.0), cost(1, 1, 0.0, 1.0)),
    row("list_courses", "", cost(1, 4, 3.5, 1.0), cost(1, 3, 3.0, 1.0)),
    row("show_course", "", cost(2, 8, 5.5, 1.0), cost(1, 3, 3.0, 1.0)),
    row("list_exams", "", cost(2, 7, 4.5, 1.0), cost(1, 2, 2.0, 1.0)),
    row("show_stats", "", cost(1, 3, 2.5, 1.0), cost(1, 2, 2.0, 1.0)),
    row("list_topics", "", cost(2, 7, 4.5, 1.0), cost(1, 2, 2.0, 1.0)),
    row("show_topic", "", cost(2, 7, 4.5, 1.0), cost(1, 2, 2.0, 1.0)),
    row("list_public_topics", "", cost(2, 6, 2.5, 1.0), cost(1, 1, 0.0, 1.0)),
    row("show_analysis", "", cost(4, 11, 6.5, 8.0), cost(2, 5, 3.0, 8.0)),
    row("show_analysis", "done before", cost(3, 10, 6.5, 2.0), cost(1, 4, 3.0, 2.0)),
    row("browse_questions", "", cost(2, 8, 5.5, 1.0), cost(1, 3, 3.0, 1.0)),
    row("browse_questions", "some unlocked", cost(3, 9, 8.0, 1.0), cost(2, 4, 5.5, 1.0)),
    row("show_question", "", cost(2, 5, 4.0, 1.0), cost(1, 5, 4.0, 1.0)),
    row("practice_questions", "", cost(3, 12, 9.0, 16.0), cost(2, 7, 6.5, 16.0)),
    row("practice_questions", "refresh due", cost(3, 12, 9.0, 18.0), cost(2, 8, 7.0, 18.0)),
    row("practice_questions", "done before", cost(2, 8, 5.5, 2.0), cost(2, 7, 5.0, 2.0)),
    row("bundle_questions", "", cost(3, 12, 8.0, 20.0), cost(2, 7, 5.5, 20.0)),
    row("start_question", "", cost(3, 8, 5.0, 12.0), cost(2, 8, 5.0, 12.0)),
    row("start_question", "done before", cost(2, 7, 5.0, 2.0), cost(1, 7, 5.0, 2.0)),
    row("unlock_solution", "", cost(3, 6, 4.0, 2.0), cost(2, 6, 4.0, 2.0)),
    row("unlock_solution", "done before", cost(2, 5, 4.0, 1.0), cost(1, 5, 4.0, 1.0)),
    row("submit_answer", "", cost(4, 13, 8.5, 9.0), cost(2, 8, 6.0, 9.0)),
    row("enroll", "", cost(2, 4, 2.5, 2.0), cost(2, 3, 2.0, 2.0)),
    row("find_weak_topics", "", cost(3, 11, 8.0, 1.0), cost(1, 4, 4.0, 1.0)),
    row("show_progress", "", cost(2, 10, 7.0, 1.0), cost(1, 4, 4.0, 1.0)),
    row("generate_midterm", "", cost(4, 14, 9.5, 22.0), cost(3, 8, 6.5, 22.0)),
    row("generate_midterm", "done before", cost(2, 9, 7.0, 2.0), cost(2, 7, 6.0, 2.0)),
    row("show_midterm", "", cost(1, 3, 3.0, 1.0), cost(1, 3, 3.0, 1.0)),
    row("list_midterms", "", cost(1, 3, 3.0, 1.0), cost(1, 3, 3.0, 1.0)),
    row("receive_event", "", cost(3, 3, 5.0, 10.0), cost(3, 3, 5.0, 10.0)),
    row("receive_event", "done before", cost(2, 2, 5.0, 0.0), cost(2, 2, 5.0, 0.0)),
    row("feature_question", "", cost(3, 7, 3.0, 1.0), cost(1, 1, 0.0, 1.0)),
];

/// A request as good as any, by somebody for whom the situation holds; `round` makes names that are not taken.
async fn request(test: &TestApp, row: &Row, round: &str) -> (Person, String, Option<Value>) {
    let route = ROUTES.iter().find(|route| route.operation == row.operation);
    let path = route.unwrap_or_else(|| panic!("{} is no route any more", row.operation)).path;
    let name = format!("{}-{}-{round}", row.operation, row.situation.replace(' ', "-"));
    let email = format!("{name}@example.org");
    let mut person = test.member(&name, Plan::Free, 5).await;
    let on = |id: &str| path.replace("{id}", id).replace("{topic_id}", "alg-sets");
    // The two questions there are: which one is chosen would change the units.
    let order = json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 2});

    let (path, body) = match row.operation {
        "register" => (on(""), Some(json!({"email": format!("new-{email}"), "password": PASSWORD}))),
        "login" => (on(""), Some(json!({"email": person.email, "password": PASSWORD}))),
        "practice_questions" => (on(""), Some(order.clone())),
        "purchase_plan" => (on(""), Some(json!({"plan": "starter"}))),
        "receive_event" => (on(""), Some(life(Shape::Before, &person, test.app.now())[0].clone())),
        "bundle_questions" | "find_weak_topics" => (on(""), Some(json!({"course_id": "algebra"}))),
        "submit_answer" => (on("alg-q4"), Some(json!({"answer": "8", "was_correct": true}))),
        "generate_midterm" => {
            (on(""), Some(json!({"course_id": "algebra", "config": {"question_count": 3, "seed": 7}})))
        }
        "revoke_session" => (on(&person.session_id()), None),
        "change_password" => {
            (on(""), Some(json!({"current_password": PASSWORD, "new_password": "another good passphrase"})))
        }
        "delete_account" => (on(""), Some(json!({"password": PASSWORD}))),
        "show_midterm" => (on(&person.midterm().await), None),
        "browse_questions" | "show_progress" => (format!("{path}?course_id=algebra"), None),
        "show_question" | "start_question" | "unlock_solution" => (on("alg-q4"), None),
        "show_course" | "list_exams" | "show_stats" | "list_topics" | "show_topic" | "list_public_topics"
        | "show_analysis" | "enroll" => (on("algebra"), None),
        _ => (on(""), None),
    };
    match (row.operation, row.situation) {
        ("login", "") | ("change_password" | "delete_account", _) => {
            let hash = test.app.hash_password(Password::from(PASSWORD.to_owned())).await.unwrap();
            test.set_hash(&person, &hash).await;
        }
        ("login", _) => test.set_hash(&person, &PasswordHash::imported(WORKER_HASH.to_owned())).await,
        ("unlock_solution", "done before") => {
            let _ = send(test.app.now(), &person, "POST", START_Q4, None).await;
            let _ = send(test.app.now(), &person, "POST", &path, body.clone()).await;
        }
        ("unlock_solution" | "submit_answer", _) => {
            let _ = send(test.app.now(), &person, "POST", START_Q4, None).await;
        }
        ("open_portal", _) => {
            let _ = send(test.app.now(), &person, "POST", PURCHASE, Some(json!({"plan": "starter"}))).await;
        }
        ("show_analysis", "done before") => {
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

/// Sends a request that must succeed, with a key where there may be one.
async fn send(now: Timestamp, person: &Person, method: &str, path: &str, body: Option<Value>) -> Value {
    let body = body.map(|body| body.to_string());
    let signature = signature(body.as_deref().unwrap_or_default().as_bytes(), WEBHOOK_SECRETS[0], now);
    let headers =
        [("content-type", "application/json"), ("idempotency-key", path), ("stripe-signature", signature.as_str())];
    let method = method.parse().unwrap();
    person.send(method, path, body, &headers).await.ok()
}

/// What was found of a row in one kind of process.
struct Measured {
    line: String,
    complaint: Option<String>,
}

/// Sends the request of a row to a process that has just started, and then the like of it again.
async fn measure(test: &TestApp, row: &Row, take: usize) -> Vec<Measured> {
    let method = ROUTES.iter().find(|route| route.operation == row.operation).unwrap().method.as_str();
    let (process, proxy) = test.twin_behind_proxy().await;
    proxy.delay(CALL_TIME);
    let mut measured = Vec::new();
    for (when, said) in [("cold", row.cold), ("warm", row.warm)] {
        let (person, path, body) = request(test, row, &format!("{when}-{take}")).await;
        let _ = send(test.app.now(), &person.through(process.clone()), method, &path, body).await;
        let calls = proxy.take_calls();
        let found = cost_of(&calls);
        let Cost { round_trips, calls: count, read_units, write_units } = found;
        let name = format!("{} ({})", row.operation, row.situation).replace(" ()", "");
        let line =
            format!("{name:<37} | {when} | {round_trips:>5} | {count:>5} | {read_units:>4} | {write_units:>5}\n");
        let complaint = complaint(said, found).map(|complaint| {
            let names: Vec<_> = calls.iter().map(|call| &call.name).collect();
            format!("{name}, {when}: {complaint}: {said:?}, found {found:?}: {names:#?}")
        });
        measured.push(Measured { line, complaint });
    }
    measured
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

/// What is wrong with a row: too dear, or not as many round trips as it says.
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
async fn every_route_costs_what_the_table_says() {
    let has_row = |route: &&Route| TABLE.iter().any(|row| row.operation == route.operation);
    let forgotten: Vec<_> = ROUTES.iter().filter(|route| !has_row(route)).map(|route| route.operation).collect();
    assert!(forgotten.is_empty(), "{forgotten:?} have no row: say here what they cost");

    let test = TestApp::start().await;
    let mut printed = format!("\n{:<37} |      | trips | calls | read | write\n", "route (situation)");
    let mut complaints = Vec::new();
    for row in TABLE {
        let mut measured = Vec::new();
        for take in 0..TAKES_MAX {
            measured = measure(&test, row, take).await;
            if measured.iter().all(|one| one.complaint.is_none()) {
                break;
            }
        }
        for one in measured {
            printed += &one.line;
            complaints.extend(one.complaint);
        }
    }
    println!("{printed}");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
