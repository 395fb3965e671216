//! Load on a running `pastpaper serve`, over a database of `pastpaper bench fill` that a process of its own serves, so that
//! the processor's time of both is known. In three shells:
//!
//! ```text
//! pastpaper bench fill --data target/bench --users 3000 --questions 1000
//! pastpaper db --data target/bench --port 8000
//! pastpaper serve --quota-times 1000000   # in a shell with the variables that `db` printed
//! cargo run --release -p tests --example load -- http://127.0.0.1:8787 <process of serve> <process of db>
//! ```
//!
//! Every connection is a user of its own, of the unlimited plan, and sends its next request when it has the answer. The
//! table measures each route at 32 and 256 connections. `MIXED_SECONDS=600` mixes them instead, and says each minute
//! how much memory the server has.
//!
//! `cargo run --release -p tests --example load -- --against OLD NEW` compares two release builds of `pastpaper` instead. It
//! starts their processes itself. `OLD` may be `tests/examples/node/sqlite/server.mjs`, after `npm ci` in its folder.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a panic ends the measurement; it prints its result")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of a few minutes, to be read by people"
)]

#[path = "load/against.rs"]
mod against;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

const COURSE: &str = "bench-1000";
const LARGE_COURSE: &str = "bench-100000";
/// Duration per route.
const ROUTE_TIME: Duration = Duration::from_secs(8);
const CONNECTIONS: [usize; 2] = [32, 256];
const MIXED_CONNECTIONS: usize = 32;

/// A user with their connection.
#[derive(Clone)]
struct User {
    client: Client<HttpConnector, Body>,
    server: String,
    email: String,
    token: String,
    course: &'static str,
}

#[derive(Clone, Copy, PartialEq)]
enum Action {
    Me,
    Topics,
    Browse,
    Bundle,
    Practice,
    /// Unlocks questions before a measurement.
    PracticeOfTen,
    Login,
}

const ACTIONS: [Action; 6] =
    [Action::Me, Action::Topics, Action::Browse, Action::Bundle, Action::Practice, Action::Login];

impl Action {
    fn request(self, user: &User) -> (&'static str, String, Option<Value>) {
        let course = user.course;
        match self {
            Self::Me => ("GET", "/api/auth/me".to_owned(), None),
            Self::Topics => ("GET", format!("/api/courses/{course}/topics"), None),
            Self::Browse => ("GET", format!("/api/questions?course_id={course}"), None),
            Self::Bundle => ("POST", "/api/questions/bundle".to_owned(), Some(json!({"course_id": course}))),
            Self::Practice => {
                ("POST", "/api/questions/practice".to_owned(), Some(json!({"course_id": course, "count": 3})))
            }
            Self::PracticeOfTen => {
                ("POST", "/api/questions/practice".to_owned(), Some(json!({"course_id": course, "count": 10})))
            }
            Self::Login => {
                let body = json!({"email": user.email, "password": pastpaper::bench::PASSWORD});
                ("POST", "/api/auth/login".to_owned(), Some(body))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Me => "me",
            Self::Topics => "topics",
            Self::Browse => "questions",
            Self::Bundle => "bundle",
            Self::Practice => "practice",
            Self::PracticeOfTen => "practice of ten",
            Self::Login => "login",
        }
    }

    /// A request of the mix: mostly reads, one login in two hundred.
    fn any() -> Self {
        match fastrand::u32(0..200) {
            0 => Self::Login,
            1..10 => Self::Bundle,
            10..30 => Self::Practice,
            30..70 => Self::Topics,
            70..130 => Self::Browse,
            _ => Self::Me,
        }
    }
}

/// Status and milliseconds of a response.
#[derive(Default)]
struct Answers {
    /// From the first request to the last answer.
    seconds: f64,
    millis: Vec<f64>,
    statuses: BTreeMap<u16, usize>,
}

impl User {
    async fn send(&self, action: Action) -> (StatusCode, Vec<u8>) {
        self.send_request(action.request(self)).await
    }

    async fn send_request(&self, (method, path, body): (&str, String, Option<Value>)) -> (StatusCode, Vec<u8>) {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.server));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        let request = request.header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.client.request(request.body(body).unwrap()).await.unwrap();
        let status = answer.status();
        (status, answer.into_body().collect().await.unwrap().to_bytes().to_vec())
    }

    async fn sign_in(server: &str, number: usize) -> Self {
        let client = Client::builder(TokioExecutor::new()).build_http();
        // The tenth part of the users is on the unlimited plan.
        let email = format!("user-{}@bench.example", number * 10);
        let mut user = Self { client, server: server.to_owned(), email, token: "none".to_owned(), course: COURSE };
        let (status, body) = user.send(Action::Login).await;
        assert!(status.is_success(), "{}", String::from_utf8_lossy(&body));
        user.begin(&body);
        user
    }

    /// Continues with the session of the login, because twenty later logins end an older session.
    fn begin(&mut self, session: &[u8]) {
        let session: Value = serde_json::from_slice(session).unwrap();
        session["token"].as_str().unwrap().clone_into(&mut self.token);
    }

    async fn load(&mut self, time: Duration, action: impl Fn() -> Action) -> Answers {
        let begin = Instant::now();
        let mut answers = Answers::default();
        while begin.elapsed() < time {
            let asked = Instant::now();
            let action = action();
            let (status, body) = self.send(action).await;
            if matches!(action, Action::Login) && status.is_success() {
                self.begin(&body);
            }
            answers.millis.push(asked.elapsed().as_secs_f64() * 1e3);
            *answers.statuses.entry(status.as_u16()).or_default() += 1;
        }
        answers
    }
}

async fn load(users: &mut [User], time: Duration, action: impl Fn() -> Action + Copy) -> Answers {
    let mut all = Answers::default();
    let begin = Instant::now();
    for answers in join_all(users.iter_mut().map(|user| user.load(time, action))).await {
        all.millis.extend(answers.millis);
        for (status, count) in answers.statuses {
            *all.statuses.entry(status).or_default() += count;
        }
    }
    all.seconds = begin.elapsed().as_secs_f64();
    all.millis.sort_by(f64::total_cmp);
    all
}

/// User and system time of a process in seconds (`proc(5)`, in hundredths), and what it holds in MiB.
fn used(process: &str) -> (f64, f64) {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks = |index: usize| fields[index].parse::<f64>().unwrap();
    let pages = ticks(21);
    ((ticks(11) + ticks(12)) / 100.0, pages * 4096.0 / 1024.0 / 1024.0)
}

fn line(answers: &Answers) -> String {
    let count = answers.millis.len();
    let at = |part: f64| answers.millis[((count as f64 * part) as usize).min(count - 1)];
    format!("{:.0} | {:.1} | {:.1} | {:?}", count as f64 / answers.seconds, at(0.5), at(0.99), answers.statuses)
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap();
    if server == "--against" {
        return against::compare(&arguments.next().unwrap(), &arguments.next().unwrap()).await;
    }
    let processes: [String; 2] = [arguments.next().unwrap(), arguments.next().unwrap()];
    let mixed: Option<u64> = std::env::var("MIXED_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    let count = if mixed.is_some() { MIXED_CONNECTIONS } else { CONNECTIONS[1] };
    let mut users: Vec<User> =
        stream::iter(0..count).map(|number| User::sign_in(&server, number)).buffer_unordered(2).collect().await;

    if let Some(seconds) = mixed {
        println!("| minute | a second | p50, ms | p99, ms | answers | server, MiB |\n|---|---|---|---|---|---|");
        let minute = Duration::from_mins(1);
        for number in 1..=seconds.div_ceil(60) {
            let answers = load(&mut users, minute, Action::any).await;
            println!("| {number} | {} | {:.0} |", line(&answers), used(&processes[0]).1);
        }
        return;
    }
    println!(
        "| route | connections | a second | p50, ms | p99, ms | answers | server, ms of CPU a request | database |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for action in ACTIONS {
        for connections in CONNECTIONS {
            let before = processes.each_ref().map(|process| used(process).0);
            let answers = load(&mut users[..connections], ROUTE_TIME, || action).await;
            let after = processes.each_ref().map(|process| used(process).0);
            let millis = |index: usize| (after[index] - before[index]) * 1e3 / answers.millis.len() as f64;
            let line = line(&answers);
            println!("| {} | {connections} | {line} | {:.2} | {:.2} |", action.name(), millis(0), millis(1));
        }
    }
}
