//! What an operator of one machine uses: health, metrics, backup, restore.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

#[expect(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

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

/// Kills a command, as `kill -9` does, as soon as `is_part_way`.
fn killed(command: &mut Command, mut is_part_way: impl FnMut() -> bool) {
    let mut process: Child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let started = Instant::now();
    while !is_part_way() {
        let ended = process.try_wait().unwrap();
        assert!(ended.is_none() && started.elapsed() < Duration::from_mins(1), "nothing was killed: {ended:?}");
        sleep(Duration::from_millis(20));
    }
    process.kill().unwrap();
    assert_eq!(process.wait().unwrap().code(), None);
}

/// The number before these words in what a copy says.
fn number(said: &str, words: &str) -> u64 {
    said.split(words).next().unwrap().rsplit([' ', '\n']).next().unwrap().parse().unwrap()
}

fn digest(said: &str) -> &str {
    said.split("digest ").nth(1).unwrap().split('\n').next().unwrap()
}

#[test]
fn a_copy_that_is_killed_goes_on_and_nothing_uses_a_copy_that_is_not_complete() {
    let parent = tempfile::tempdir().unwrap();
    let path = |name: &str| parent.path().join(name).to_str().unwrap().to_owned();
    let (data, back) = (path("data"), path("back"));
    let _ = success(&mut pastpaper(&["bench", "fill", "--users", "200", "--questions", "20", "--data", &data]));
    let other = Server::db(&["--in-memory", "--empty"]);
    // A server holds the source.
    let server = Server::serve(&["--data", &data, "--empty"]);
    let forth = ["copy", "--from", &data, "--to-aws"];
    let said = refusal(&mut other.command(&forth));
    assert!(said.ends_with(&format!("{data} is in use by another process: stop that one first\n")), "{said}");
    drop(server);

    // One write unit a second: it waits for minutes after the first page.
    let slow = ["--units", "1"];
    let users = || outcome(&mut other.command(&["verify"])).1;
    killed(other.command(&forth).args(slow), || {
        users().split(' ').next().is_some_and(|users| users.parse::<u32>().is_ok_and(|users| users > 0))
    });
    let said = refusal(&mut other.command(&["serve", "--port", "0"]));
    assert!(said.contains("a copy into this database is not complete: run `pastpaper copy` again"), "{said}");
    let said = success(&mut other.command(&forth));
    let (written, all) = (number(&said, " items of a copy begun at "), number(&said, " items in "));
    assert!(written > 0 && written < all, "{said}");
    assert!(users().starts_with("200 users, 1000 ledger entries, 0 wrong"), "{}", users());
    let said_again = refusal(&mut other.command(&forth));
    assert!(said_again.contains("the target is not empty"), "{said_again}");

    // And back, into a new directory.
    let home = ["copy", "--from-aws", "--to", &back];
    let bytes = |file: &str| Path::new(&back).join(file).metadata().map_or(0, |file| file.len());
    killed(other.command(&home).args(slow), || bytes("dynamodb.sqlite") + bytes("dynamodb.sqlite-wal") > 300_000);
    let refused = refusal(&mut pastpaper(&["serve", "--port", "0", "--data", &back]));
    assert!(refused.contains("a copy into this database is not complete"), "{refused}");
    let returned = success(&mut other.command(&home));
    assert!(returned.contains(" items of a copy begun at "), "{returned}");
    assert_eq!((digest(&returned), number(&returned, " items in ")), (digest(&said), all));
    let verified = success(&mut pastpaper(&["verify", "--data", &back]));
    assert!(verified.starts_with("200 users, 1000 ledger entries, 0 wrong"), "{verified}");
}
