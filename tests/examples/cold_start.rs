//! `cargo build --release && cargo run -p tests --example cold_start`: from exec to the first `/next`, and to the first
//! answer, of each function's release binary, as Lambda would start it; its size zipped, and its memory when idle.
//! Names of functions as arguments measure those alone.
//!
//! A stand-in for Lambda's Runtime API gives out one event of `events/`; the table is the embedded database. With
//! `NODE_HANDLER=tests/examples/node/dist/bootstrap.mjs` the same is measured for a Node.js handler of `GET /api/auth/me`.
//! Medians of `STARTS` starts (40 unless said), one after another. `WARM=60` repeats the event so many times after the first
//! answer, and says how much processor time each took; more than 90 meet the limit of a user's requests. `BINARIES=FOLDER` has
//! the functions elsewhere than in `target/release`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a panic ends the measurement; it prints its result")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use shared::domain::credits::Plan;
use shared::domain::time::{Clock, SystemClock};
use shared::http::routes::{FUNCTIONS, MAILER};
use tests::TestApp;
use tests::stripe::{CANCEL_URL, PRICE_STARTER, PRICE_UNLIMITED, SUCCESS_URL, WEBHOOK_SECRETS};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// Analyses per user and hour; other limits are higher.
const ANALYSES_MAX: usize = 5;

/// Start of an answer, with its status: `{"statusCode":200`.
const STATUS_LENGTH: usize = 17;

/// The event that each function answers first.
fn event_of(function: &str) -> &'static str {
    match function {
        "analysis" => "analysis.show_analysis",
        "assessment" => "assessment.show_progress",
        "auth" => "auth.show_me",
        "courses" => "courses.list_courses",
        "credits" => "credits.show_balance",
        "marking" => "marking.preview_answer",
        "midterm" => "midterm.list_midterms",
        "questions" => "questions.browse_questions",
        "topics" => "topics.list_topics",
        "webhooks" => "webhooks.receive_event.forged",
        other => panic!("{other} has no event here"),
    }
}

/// One function instance, seen from the Runtime API.
struct Instance {
    event: String,
    /// Events after the first one.
    warm: usize,
    given: AtomicUsize,
    process: OnceLock<u32>,
    next_at: OnceLock<Instant>,
    answer: OnceLock<(Instant, String)>,
    /// Processor time after the first answer and after the last one, in milliseconds.
    run_times: Mutex<Vec<f64>>,
    is_idle: Notify,
}

async fn next(State(instance): State<Arc<Instance>>) -> Response {
    let given = instance.given.fetch_add(1, Ordering::Relaxed);
    if given == 0 {
        instance.next_at.set(Instant::now()).unwrap();
    }
    if given == 1 || given == instance.warm + 1 {
        let run_time = run_time(*instance.process.wait());
        instance.run_times.lock().unwrap().push(run_time);
    }
    if given > instance.warm {
        instance.is_idle.notify_one();
        std::future::pending::<()>().await;
    }
    let deadline = (SystemClock.now().as_millisecond() + 10_000).to_string();
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench"),
        ("lambda-runtime-deadline-ms", deadline.as_str()),
        ("content-type", "application/json"),
    ];
    (headers, instance.event.clone()).into_response()
}

async fn answered(State(instance): State<Arc<Instance>>, body: String) -> StatusCode {
    let (_, first) = instance.answer.get_or_init(|| (Instant::now(), body.clone()));
    assert_eq!(body.get(..STATUS_LENGTH), first.get(..STATUS_LENGTH), "{body}");
    StatusCode::ACCEPTED
}

/// One start, in milliseconds and mebibytes.
struct Start {
    next: f64,
    answer: f64,
    resident: f64,
    /// Processor time of a warm request.
    warm: f64,
}

async fn start(command: &mut Command, event: &str, status: u16, warm: usize) -> Start {
    let instance = Arc::new(Instance {
        event: event.to_owned(),
        warm,
        given: AtomicUsize::new(0),
        process: OnceLock::new(),
        run_times: Mutex::default(),
        next_at: OnceLock::new(),
        answer: OnceLock::new(),
        is_idle: Notify::new(),
    });
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(answered))
        .with_state(Arc::clone(&instance));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = listener.local_addr().unwrap().to_string();
    let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });

    let begin = Instant::now();
    let mut child = command.env("AWS_LAMBDA_RUNTIME_API", api).stdout(Stdio::null()).spawn().unwrap();
    instance.process.set(child.id()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), instance.is_idle.notified()).await.unwrap();
    let resident = resident_mib(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    server.abort();

    let (answered_at, body) = instance.answer.get().unwrap();
    assert!(body.contains(&format!("\"statusCode\":{status}")), "{body}");
    let millis = |at: Instant| (at - begin).as_secs_f64() * 1e3;
    let run_times = instance.run_times.lock().unwrap().clone();
    let warm = (run_times[run_times.len() - 1] - run_times[0]) / f64::from(u32::try_from(warm.max(1)).unwrap());
    Start { next: millis(*instance.next_at.get().unwrap()), answer: millis(*answered_at), resident, warm }
}

/// Milliseconds that the threads of a process have run (`schedstat`, in nanoseconds).
fn run_time(process: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let times = tasks.map(|task| {
        let times = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        times.split(' ').next().unwrap().parse::<f64>().unwrap()
    });
    times.sum::<f64>() / 1e6
}

fn resident_mib(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn median(starts: &[Start], value: impl Fn(&Start) -> f64) -> f64 {
    let mut values: Vec<f64> = starts.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn zipped_mb(file: &Path) -> f64 {
    let mut zip = DeflateEncoder::new(Vec::new(), Compression::best());
    zip.write_all(&std::fs::read(file).unwrap()).unwrap();
    f64::from(u32::try_from(zip.finish().unwrap().len()).unwrap()) / 1e6
}

/// Only the environment variables that Lambda sets.
fn environment(command: &mut Command, test: &TestApp) {
    let database = &test.app.config.database;
    command.env_clear().envs([
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("STAGE", "local"),
        ("AWS_LAMBDA_LOG_LEVEL", "ERROR"),
    ]);
    command.env("TABLE_NAME", &database.table_name);
    command.env("AWS_ENDPOINT_URL_DYNAMODB", database.endpoint_url.as_ref().unwrap());
    command.envs([
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRETS[0]),
        ("STRIPE_PRICE_STARTER", PRICE_STARTER),
        ("STRIPE_PRICE_UNLIMITED", PRICE_UNLIMITED),
        ("CHECKOUT_SUCCESS_URL", SUCCESS_URL),
        ("CHECKOUT_CANCEL_URL", CANCEL_URL),
    ]);
}

#[tokio::main]
async fn main() {
    let count: usize = std::env::var("STARTS").map_or(40, |count| count.parse().unwrap());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let test = TestApp::start().await;
    test.catch_up();
    let warm: usize = std::env::var("WARM").map_or(0, |count| count.parse().unwrap());
    let binaries = std::env::var("BINARIES").map_or_else(|_| root.join("target/release"), PathBuf::from);
    println!("| function | first `/next` ms | first answer ms | zip MB | resident MiB | warm, ms of processor |");
    println!("|---|---|---|---|---|---|");
    let mut commands: Vec<(String, Command, Option<PathBuf>, &str)> = Vec::new();
    if let Ok(handler) = std::env::var("NODE_HANDLER") {
        let mut node = Command::new("node");
        environment(node.arg(root.join(&handler)), &test);
        node.env("PATH", std::env::var("PATH").unwrap());
        commands.push(("auth in Node.js".to_owned(), node, Some(root.join(handler)), "auth.show_me"));
    }
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    // `mailer` answers no request.
    let mailer = binaries.join(MAILER);
    let answering = FUNCTIONS.into_iter().filter(|name| *name != MAILER);
    for function in answering.filter(|name| wanted.is_empty() || wanted.iter().any(|one| one == name)) {
        let file = binaries.join(function);
        let mut command = Command::new(&file);
        environment(&mut command, &test);
        commands.push((function.to_owned(), command, Some(file), event_of(function)));
    }
    for (name, mut command, file, event) in commands {
        let payload = std::fs::read_to_string(root.join(format!("events/{event}.json"))).unwrap();
        let status = match event {
            "webhooks.receive_event.forged" => 400,
            // The question is read, and was not started.
            "marking.preview_answer" => 409,
            _ => 200,
        };
        let mut starts = Vec::new();
        let per_reader = if warm == 0 { ANALYSES_MAX } else { 1 };
        for number in (0..count).step_by(per_reader) {
            let reader = test.member(&format!("{number}.{}", name.replace(' ', ".")), Plan::Unlimited, 0).await;
            let payload = payload.replace("{{token}}", reader.token.as_deref().unwrap());
            for _ in number..count.min(number + per_reader) {
                starts.push(start(&mut command, &payload, status, warm).await);
            }
        }
        println!(
            "| {name} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} |",
            median(&starts, |start| start.next),
            median(&starts, |start| start.answer),
            file.map_or(0.0, |file| zipped_mb(&file)),
            median(&starts, |start| start.resident),
            median(&starts, |start| start.warm),
        );
    }
    if mailer.exists() {
        println!("| {MAILER} | | | {:.2} | | |", zipped_mb(&mailer));
    }
}
