//! `replay ROUTER`: sends every payload of `events/` to the functions' binaries, through the invoke API of `cargo lambda
//! watch` at that address, and checks what they answer. `tests/lambda/run` calls it.
//!
//! The data is that of the tests, on an embedded database with the stand-in for Stripe. It prints the environment
//! variables that the functions need, one per line and then an empty line, and starts after it has read a line.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a panic ends the measurement; it prints its result")]

use axum::body::{Body, to_bytes};
use axum::http::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tests::TestApp;
use tests::events::{self, EVENTS};

#[tokio::main]
async fn main() {
    let router = std::env::args().nth(1).unwrap();
    let test = TestApp::start().await;
    test.catch_up();
    events::prepare(&test).await;
    for (name, value) in test.environment() {
        println!("{name}={value}");
    }
    println!();
    std::io::stdin().read_line(&mut String::new()).unwrap();

    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    for (name, status, code) in EVENTS {
        test.catch_up();
        let payload = events::payload(&test, name).await;
        let function = name.split('.').next().unwrap();
        let invocation = format!("{router}/2015-03-31/functions/{function}/invocations");
        let request = Request::post(invocation).body(Body::from(payload.to_string())).unwrap();
        let answer = client.request(request).await.unwrap();
        let answer = to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
        if let Some(code) = code {
            let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
            assert_eq!(body["code"], code, "{name}");
        }
    }
    println!("{} events, all answered as expected", EVENTS.len());
}
