//! What an operator of one machine uses: health, metrics, backup, restore.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

#[expect(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::io::{Read, Write};
use std::net::TcpStream;

use common::{Server, outcome, pastpaper, refusal, success};

fn get(address: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn health_and_metrics_are_answered_by_a_running_server() {
    let server = Server::serve(&["--in-memory", "--empty", "--metrics"]);
    let answer = get(&server.address(), "/healthz");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("{\"status\":\"ok\"}"), "{answer}");
    let url = format!("http://{}", server.address());
    assert_eq!(success(&mut pastpaper(&["health", "--url", &url])), "ok\n");
    let _ = get(&server.address(), "/api/health");
    let answer = get(&server.address(), "/metrics");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("pastpaper_requests_total{status=\"200\"} "), "{answer}");
    assert!(answer.contains("# TYPE pastpaper_credits_spent_total counter\n"), "{answer}");
    drop(server);
    let said = refusal(&mut pastpaper(&["health", "--url", &url]));
    assert!(said.contains("/healthz does not answer"), "{said}");
    let server = Server::serve(&["--in-memory", "--empty"]);
    assert!(get(&server.address(), "/metrics").starts_with("HTTP/1.1 404 "));
    let said = refusal(&mut pastpaper(&["health", "--url", "https://localhost"]));
    assert!(said.contains("must begin with http://"), "{said}");
}

#[test]
fn a_running_servers_database_is_backed_up_and_restored() {
    let parent = tempfile::tempdir().unwrap();
    let path = |name: &str| parent.path().join(name).to_str().unwrap().to_owned();
    let (data, file, restored) = (path("data"), path("copy.sqlite"), path("restored"));
    let server = Server::serve(&["--data", &data]);
    let said = success(&mut pastpaper(&["backup", &file, "--data", &data]));
    assert!(said.starts_with(&format!("Backed up to {file} (")) && said.contains("0 users"), "{said}");
    let said = refusal(&mut pastpaper(&["backup", &file, "--data", &data]));
    assert!(said.contains("exists and is not overwritten"), "{said}");
    let said = refusal(&mut pastpaper(&["restore", &file, "--data", &data]));
    assert!(said.contains("has a database, which is not overwritten"), "{said}");
    drop(server);
    let said = success(&mut pastpaper(&["restore", &file, "--data", &restored]));
    assert!(said.starts_with(&format!("Restored to {restored}: 0 users")), "{said}");
    let (_, courses, _) = outcome(&mut pastpaper(&["course", "list", "--data", &restored]));
    assert!(courses.contains("calc2  active") && courses.contains("micro1  active"), "{courses}");
}
