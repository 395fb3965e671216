//! What requests cost as courses grow, over a database that `pastpaper bench fill` made:
//!
//! `cargo run --release -p tests --example scale -- target/big`
//!
//! Each course by a process that has just started (cold) and again (warm): sequential round trips, calls, units, and
//! milliseconds with the database of this machine. The name of a course as second argument tells how much memory it takes
//! instead.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a panic ends the measurement; it prints its result")]

use std::net::Ipv4Addr;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use pastpaper::embedded::Embedded;
use pastpaper::router;
use serde_json::{Value, json};
use shared::app::App;
use shared::config::{Config, Database};
use shared::domain::limits::Limits;
use shared::http::ClientAddress;
use tests::proxy::{Proxy, sequential_round_trips};
use tower::ServiceExt;

/// Number of requests per median.
const WARM: usize = 9;

/// The requests of a student in a course.
fn requests(course: &str) -> Vec<(&'static str, &'static str, String, Option<Value>)> {
    let on = |rest: &str| format!("/api/courses/{course}{rest}");
    let body = |config: Value| Some(json!({"course_id": course, "config": config}));
    vec![
        ("me", "GET", "/api/auth/me".to_owned(), None),
        ("balance", "GET", "/api/credits/balance".to_owned(), None),
        ("transactions", "GET", "/api/credits/transactions".to_owned(), None),
        ("course", "GET", on(""), None),
        ("topics", "GET", on("/topics"), None),
        ("browse", "GET", format!("/api/questions?course_id={course}"), None),
        ("practice", "POST", "/api/questions/practice".to_owned(), Some(json!({"course_id": course, "count": 5}))),
        ("bundle", "POST", "/api/questions/bundle".to_owned(), Some(json!({"course_id": course}))),
        ("analysis", "GET", on("/analysis"), None),
        ("midterm", "POST", "/api/midterm/generate".to_owned(), body(json!({"question_count": 8}))),
        ("weak topics", "POST", "/api/assessment/weak-topics".to_owned(), Some(json!({"course_id": course}))),
        ("progress", "GET", format!("/api/assessment/progress?course_id={course}"), None),
    ]
}

/// A line of `/proc/self/status`: current or peak resident memory.
fn mib(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

struct Cost {
    trips: usize,
    calls: usize,
    read: f64,
    write: f64,
    millis: f64,
}

/// Without `tests::Person`, which also checks responses against the contract and takes time for it.
async fn ask(router: &Router, token: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    let request = request.header("content-type", "application/json");
    let request =
        request.header("authorization", format!("Bearer {token}")).extension(ClientAddress(Ipv4Addr::LOCALHOST.into()));
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    let answer = router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let is_success = answer.status().is_success();
    let text = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    assert!(is_success, "{method} {path}: {}", String::from_utf8_lossy(&text));
    serde_json::from_slice(&text).unwrap()
}

async fn cost(proxy: &Proxy, router: &Router, token: &str, method: &str, path: &str, body: Option<&Value>) -> Cost {
    let _ = proxy.take_calls();
    let begin = Instant::now();
    ask(router, token, method, path, body).await;
    let millis = begin.elapsed().as_secs_f64() * 1e3;
    let calls = proxy.take_calls();
    Cost {
        trips: sequential_round_trips(&calls),
        calls: calls.len(),
        read: calls.iter().fold(0.0, |sum, call| sum + call.read_units),
        write: calls.iter().fold(0.0, |sum, call| sum + call.write_units),
        millis,
    }
}

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).unwrap();
    let embedded = Embedded::in_directory(folder.as_ref()).unwrap().without_key().await.unwrap();
    let proxy = Proxy::start(embedded.endpoint_url()).await;
    let endpoint = proxy.endpoint_url();
    let mut config =
        Config::read(|name| if name == "AWS_ENDPOINT_URL_DYNAMODB" { Some(endpoint.clone()) } else { None }).unwrap();
    config.database = Database::local(endpoint.clone(), &config.database.table_name);
    let process = || App::new(config.clone()).with_limits(Limits::times(1_000_000));

    let mut courses = process().store.courses().await.unwrap();
    courses.sort_by_key(|course| course.stats.questions);
    if let Some(wanted) = std::env::args().nth(2) {
        let course = courses.iter().find(|course| course.id.as_str() == wanted).unwrap();
        let before = mib("VmRSS:");
        let app = process();
        let _bank = app.store.bank(course).await.unwrap();
        println!("{wanted}: {:.1} MiB more, {:.1} while it was loaded", mib("VmRSS:") - before, mib("VmHWM:") - before);
        return;
    }
    println!(
        "| course | request | cold: trips | calls | read | write | ms | warm: trips | calls | read | write | ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (number, course) in courses.iter().enumerate() {
        // A user on the unlimited plan.
        let email = format!("user-{}@bench.example", number * 10);
        let login = json!({"email": email, "password": pastpaper::bench::PASSWORD});
        let session = ask(&router::all(&process()), "", "POST", "/api/auth/login", Some(&login)).await;
        let token = session["token"].as_str().unwrap();
        for (name, method, path, body) in requests(course.id.as_str()) {
            let router = router::all(&process());
            let cold = cost(&proxy, &router, token, method, &path, body.as_ref()).await;
            let mut warm = Vec::new();
            for _ in 0..WARM {
                warm.push(cost(&proxy, &router, token, method, &path, body.as_ref()).await);
            }
            warm.sort_by(|one, other| one.millis.total_cmp(&other.millis));
            let warm = &warm[WARM / 2];
            println!(
                "| {} | {name} | {} | {} | {} | {} | {:.1} | {} | {} | {} | {} | {:.1} |",
                course.id,
                cold.trips,
                cold.calls,
                cold.read,
                cold.write,
                cold.millis,
                warm.trips,
                warm.calls,
                warm.read,
                warm.write,
                warm.millis,
            );
        }
    }
}
