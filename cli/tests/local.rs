//! The local server: access to its database, files on disk, shutdown.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod common;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{ENDPOINT, SERVED, Server, outcome, pastpaper, pastpaper_by, refusal, success};
use tempfile::TempDir;

const SMALL_COURSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/small_course.json");
const DUMP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/d1_dump.sql");
const ADA: &str = "ada@students.example";

/// Imports the users of the old service. The dump has rows that are refused, so the command fails.
fn import_dump(data: &str) {
    let (code, printed, error) = outcome(&mut pastpaper(&["import", "d1", DUMP, "--data", data]));
    assert_eq!(code, Some(1), "{printed}{error}");
    assert!(printed.contains("users"), "{printed}");
}

/// A folder that does not exist yet.
fn folder() -> (TempDir, PathBuf, String) {
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data");
    let name = path.to_str().unwrap().to_owned();
    (parent, path, name)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The response to a request, as text.
fn ask(address: &str, request: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

fn status(address: &str) -> String {
    let answer = ask(address, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    answer.split(' ').nth(1).unwrap().to_owned()
}

/// The TCP ports on which a process listens, from `/proc`.
fn ports(process: u32) -> BTreeSet<u16> {
    let files = fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    let sockets: BTreeSet<_> =
        files.filter_map(|file| Some(fs::read_link(file.ok()?.path()).ok()?.to_str()?.to_owned())).collect();
    let mut found = BTreeSet::new();
    for table in ["tcp", "tcp6"] {
        let table = fs::read_to_string(format!("/proc/{process}/net/{table}")).unwrap_or_default();
        for line in table.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            if columns[3] == "0A" && sockets.contains(&format!("socket:[{}]", columns[9])) {
                found.insert(u16::from_str_radix(columns[1].rsplit(':').next().unwrap(), 16).unwrap());
            }
        }
    }
    found
}

fn port(address: &str) -> u16 {
    address.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn the_database_has_a_port_only_when_one_is_asked_for() {
    let server = Server::serve(&["--in-memory"]);
    assert_eq!(ports(server.id()), BTreeSet::from([port(&server.address())]));
    assert!(server.variables.is_empty(), "{}", server.printed);
    let server = Server::serve(&["--in-memory", "--db-port", "0"]);
    assert_eq!(ports(server.id()), BTreeSet::from([port(&server.address()), port(&server.database_address())]));
}

#[test]
fn the_database_port_requires_its_key_and_refuses_web_pages() {
    for server in [Server::serve(&["--in-memory", "--db-port", "0"]), Server::db(&["--in-memory"])] {
        assert!(server.run(&["verify"]).starts_with("0 users"));
        let address = server.database_address();
        let scan = |host: &str, headers: &str| {
            let body = r#"{"TableName":"pastpaper"}"#;
            let request = format!(
                "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.0\r\n\
                 X-Amz-Target: DynamoDB_20120810.Scan\r\nX-Amz-Date: 20260101T000000Z\r\nOrigin: https://page.example\r\n\
                 {headers}Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            ask(&address, &request)
        };
        let of = |key: &str| {
            format!(
                "Authorization: AWS4-HMAC-SHA256 Credential={key}/20260101/local/dynamodb/aws4_request, \
                 SignedHeaders=host;x-amz-date;x-amz-target, Signature=00\r\n"
            )
        };
        let (_, key) = server.variables.iter().find(|(name, _)| name == "AWS_ACCESS_KEY_ID").unwrap();
        for (host, headers, error) in [
            ("localhost", String::new(), "MissingAuthenticationTokenException"),
            ("localhost", of("local"), "UnrecognizedClientException"),
            ("localhost", of(key), "InvalidSignatureException"),
            ("page.example", of(key), "AccessDeniedException"),
        ] {
            let answer = scan(host, &headers);
            assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains(error), "{error}: {answer}");
            assert!(!answer.to_lowercase().contains("access-control-"), "{answer}");
        }
        let preflight = "OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://page.example\r\n\
                         Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n";
        let answer = ask(&address, preflight);
        assert!(answer.starts_with("HTTP/1.1 404 ") && !answer.to_lowercase().contains("access-control-"), "{answer}");
        let guessed = server.command(&["verify"]).env("AWS_SECRET_ACCESS_KEY", "guessed").output().unwrap();
        let error = String::from_utf8(guessed.stderr).unwrap();
        assert!(!guessed.status.success() && error.contains("InvalidSignatureException"), "{error}");
    }
}

#[test]
fn commands_reach_a_running_servers_database_through_a_private_socket() {
    let (_parent, path, data) = folder();
    let server = Server::serve(&["--data", &data, "--empty"]);
    for (entry, expected) in [
        ("", 0o700),
        ("dynamodb.sqlite", 0o600),
        ("dynamodb.sqlite-wal", 0o600),
        ("lock", 0o600),
        ("run", 0o700),
        ("run/db", 0o600),
    ] {
        assert_eq!(mode(&path.join(entry)), expected, "{entry}");
    }
    assert!(success(&mut pastpaper(&["import", "catalog", SMALL_COURSE, "--data", &data])).contains("courses"));
    import_dump(&data);
    // Server and commands see each other's writes.
    let request = "GET /api/courses/algebra/topics/public HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let topics = ask(&server.address(), request);
    assert!(topics.starts_with("HTTP/1.1 200 "), "{topics}");
    for command in [&["verify"][..], &["analyze", "algebra"], &["user", "show", ADA], &["user", "grant", ADA, "1"]] {
        let printed = success(pastpaper(command).args(["--data", &data]));
        assert!(!printed.is_empty(), "{command:?}");
    }
    // A second server on the folder is refused.
    let second = refusal(&mut pastpaper(&["serve", "--port", "0", "--data", &data]));
    assert!(second.contains(&format!("{data} is in use by another process")), "{second}");

    // A crashed server leaves a dead socket; the next server replaces it.
    server.signal("-KILL");
    server.end();
    assert!(path.join("run/db").exists());
    assert!(success(&mut pastpaper(&["verify", "--data", &data])).contains(" 0 wrong"));
    let server = Server::serve(&["--data", &data]);
    assert!(success(&mut pastpaper(&["user", "show", ADA, "--data", &data])).contains(ADA));
    server.signal("-TERM");
    let mail = format!("Mail is written to {data}/mail and its links are printed; SMTP_URL sends it.\n");
    assert_eq!(server.end(), (mail + "Stopped.\n", Some(0), String::new()));
    assert!(!path.join("run/db").exists());
}

#[test]
fn a_folder_in_use_whose_socket_does_not_answer_is_refused() {
    let (_parent, path, data) = folder();
    success(&mut pastpaper(&["import", "catalog", SMALL_COURSE, "--data", &data]));
    let lock = fs::File::open(path.join("lock")).unwrap();
    lock.lock().unwrap();
    let verify = refusal(&mut pastpaper(&["verify", "--data", &data, "--wait", "0"]));
    assert!(
        verify.contains("is in use by another process: stop that one") && verify.contains("nobody answers"),
        "{verify}"
    );
}

#[test]
fn a_command_waits_for_another_one_that_uses_the_folder() {
    let (_parent, path, data) = folder();
    success(&mut pastpaper(&["import", "catalog", SMALL_COURSE, "--data", &data]));
    let long = ["--data", &data, "--wait", "600"];
    for command in [&["verify"][..], &["import", "catalog", SMALL_COURSE]] {
        let lock = fs::File::open(path.join("lock")).unwrap();
        lock.lock().unwrap();
        let mut process = pastpaper(command);
        let mut process = process.args(long).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(process.stderr.as_mut().unwrap()).read_line(&mut told).unwrap();
        assert_eq!(told, format!("waiting for another command that uses {data} (at most 600 seconds)\n"));
        drop(lock);
        assert!(process.wait().unwrap().success(), "{command:?}");
    }
}

/// Every entry of a folder with its mode.
fn entries(folder: &Path) -> Vec<(String, u32)> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    let mut entries: Vec<_> = files
        .map(|file| (file.file_name().into_string().unwrap(), mode(&file.path())))
        .chain([(String::new(), mode(folder))])
        .collect();
    entries.sort();
    entries
}

#[test]
fn a_command_that_reads_leaves_files_and_modes_as_they_are() {
    let (_parent, path, data) = folder();
    import_dump(&data);
    // As an unpacked archive has it.
    fs::remove_file(path.join("lock")).unwrap();
    fs::set_permissions(path.join("dynamodb.sqlite"), Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    let before = entries(&path);
    for reader in [&["verify"][..], &["user", "show", ADA], &["import", "catalog", SMALL_COURSE, "--dry-run"]] {
        success(pastpaper(reader).args(["--data", &data]));
        assert_eq!(entries(&path), before, "{reader:?}");
    }
    success(pastpaper(&["user", "grant", ADA, "1"]).args(["--data", &data]));
    assert_eq!((mode(&path), mode(&path.join("dynamodb.sqlite")), mode(&path.join("lock"))), (0o700, 0o600, 0o600));
}

#[test]
fn a_refused_import_makes_no_folder() {
    let (parent, path, data) = folder();
    let file = parent.path().join("course.json");
    let course = fs::read_to_string(SMALL_COURSE).unwrap().replacen("\"answer\"", "\"anwser\"", 1);
    fs::write(&file, course).unwrap();
    let strict = ["import", "catalog", file.to_str().unwrap(), "--strict", "--data", &data];
    let (code, printed, _) = outcome(&mut pastpaper(&strict));
    assert!(code == Some(1) && printed.contains("--strict: nothing was written"), "{printed}");
    // A paper without topics is taken with a warning.
    let bank = parent.path().join("bank.gift");
    fs::write(&bank, "::One::What? {=yes}\n").unwrap();
    let paper = ["import", bank.to_str().unwrap(), "--course", "c", "--strict", "--data", &data];
    let (code, printed, _) = outcome(&mut pastpaper(&paper));
    assert!(code == Some(1) && printed.contains("--strict: nothing was written"), "{printed}");
    fs::write(&file, b"\xff\xfe{\0}\0").unwrap();
    let error = refusal(&mut pastpaper(&strict));
    assert!(error.contains("the file is in UTF-16"), "{error}");
    assert!(!path.exists());
}

#[test]
fn a_path_too_long_for_a_socket_gives_a_warning() {
    let parent = tempfile::tempdir().unwrap();
    let long = parent.path().join("a".repeat(120));
    let data = long.to_str().unwrap();
    let server = Server::serve(&["--data", data]);
    assert_eq!(status(&server.address()), "200");
    let verify = refusal(&mut pastpaper(&["verify", "--data", data, "--wait", "0"]));
    assert!(
        verify.contains("is in use by another process") && verify.contains("a shorter or a relative path"),
        "{verify}"
    );
    server.signal("-TERM");
    let (_, code, error) = server.end();
    assert_eq!(code, Some(0));
    assert!(error.contains("warning: other commands cannot use this database meanwhile"), "{error}");
}

#[test]
fn a_command_that_reads_creates_nothing() {
    let (parent, path, data) = folder();
    let empty = parent.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let readers: [&[&str]; 8] = [
        &["verify"],
        &["analyze", "calc2"],
        &["calibrate", "calc2"],
        &["user", "show", ADA],
        &["user", "grant", ADA, "1"],
        &["user", "plan", ADA, "free"],
        &["user", "sign-out", ADA],
        &["user", "delete", ADA, "--yes"],
    ];
    for reader in readers {
        for folder in [&data, empty.to_str().unwrap()] {
            let error = refusal(pastpaper(reader).args(["--data", folder]));
            assert!(error.starts_with(&format!("error: there is no data in {folder}; is --data right?")), "{error}");
        }
    }
    let tried = success(&mut pastpaper(&["import", "catalog", SMALL_COURSE, "--dry-run", "--data", &data]));
    assert!(tried.contains("courses"), "{tried}");
    assert!(!path.exists() && fs::read_dir(&empty).unwrap().next().is_none());
    let error = refusal(&mut pastpaper(&["backtest", "missing.csv", "--year", "y", "--exam", "e", "--topic", "t"]));
    assert!(error.starts_with("error: cannot read missing.csv"), "{error}");

    // No table is created in a foreign database either.
    let db = Server::db(&["--in-memory", "--empty"]);
    for _ in 0..2 {
        let error = refusal(db.command(&["verify"]).env("TABLE_NAME", "other"));
        assert!(error.starts_with("error: there is no data in the table other"), "{error}");
    }
}

#[test]
fn two_selected_databases_are_refused_by_name() {
    let (_parent, path, data) = folder();
    let named = [
        (&["verify", "--data", &data][..], "--data"),
        (&["serve", "--port", "0", "--data", &data], "--data"),
        (&["serve", "--port", "0", "--in-memory"], "--in-memory"),
        (&["import", "catalog", SMALL_COURSE, "--data", &data], "--data"),
        (&["import", "catalog", SMALL_COURSE, "--dry-run", "--data", &data], "--data"),
        (&["bench", "fill", "--data", &data], "--data"),
        (&["user", "show", ADA, "--aws"], "--aws"),
    ];
    for (command, option) in named {
        let error = refusal(pastpaper(command).env(ENDPOINT, "http://127.0.0.1:9"));
        assert!(
            error.starts_with(&format!("error: {option} and {ENDPOINT} name two databases")),
            "{command:?}: {error}"
        );
    }
    assert!(!path.exists());
    let error = refusal(pastpaper(&["serve", "--port", "0", "--db-port", "0"]).env(ENDPOINT, "http://127.0.0.1:9"));
    assert!(error.contains("nothing answers at http://127.0.0.1:9"), "{error}");
}

#[test]
fn a_read_only_folder_is_read_through_a_copy() {
    let (_parent, path, data) = folder();
    import_dump(&data);
    let report = success(&mut pastpaper(&["verify", "--data", &data]));
    let file = path.join("dynamodb.sqlite");
    fs::set_permissions(&file, Permissions::from_mode(0o400)).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o500)).unwrap();
    let bytes = fs::read(&file).unwrap();
    let (code, copied, note) = outcome(&mut pastpaper(&["verify", "--data", &data]));
    assert_eq!((code, copied), (Some(0), report), "{note}");
    assert!(note.starts_with(&format!("note: {data} cannot be written; reading a copy of its ")), "{note}");
    let folder = note.trim_end().rsplit(' ').next().unwrap();
    assert!(!Path::new(folder).exists(), "{folder} stays");
    assert!(success(&mut pastpaper(&["user", "show", ADA, "--data", &data])).contains(ADA));
    let error = refusal(&mut pastpaper(&["user", "grant", ADA, "1", "--data", &data]));
    assert_eq!(error, format!("error: {data} cannot be written\n"));
    assert_eq!(fs::read(&file).unwrap(), bytes);
    fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
}

/// Whether this process ignores SIGHUP, by `proc(5)`: bit 0 of `SigIgn`.
fn ignores_hang_ups() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1)
}

#[test]
fn every_signal_to_stop_ends_a_server_gently_and_nohup_is_respected() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        if signal == "-HUP" && ignores_hang_ups() {
            eprintln!("SIGHUP is skipped: these tests run under nohup, and their servers inherit that it is ignored");
            continue;
        }
        let server = Server::serve(&["--in-memory", "--empty"]);
        // One client holds an idle connection.
        let _idle = TcpStream::connect(server.address()).unwrap();
        assert_eq!(status(&server.address()), "200");
        server.signal(signal);
        let (rest, code, log) = server.end();
        let expected = "Mail is not sent; its links are printed. SMTP_URL sends it.\nStopped.\n";
        assert_eq!((rest.as_str(), code), (expected, Some(0)), "{signal}: {log}");
    }
    if cfg!(target_os = "linux") {
        let options = ["serve", "--port", "0", "--in-memory", "--empty"];
        let server = Server::start(&mut pastpaper_by("trap '' HUP; exec \"$@\"", &options), SERVED);
        server.signal("-HUP");
        assert_eq!(status(&server.address()), "200");
        server.signal("-TERM");
        assert_eq!(server.end().1, Some(0));
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let db = Server::db(&["--in-memory"]);
    let commands: [&[&str]; 5] =
        [&["openapi"], &["verify"], &["analyze", "calc2"], &["import", "catalog", SMALL_COURSE], &["help"]];
    for command in commands {
        let mut process = db.command(command).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let output = process.wait_with_output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.as_str()), (Some(0), ""), "{command:?}");
    }
    // A full disk is reported.
    if Path::new("/dev/full").exists() {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = pastpaper(&["openapi"]).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn names_of_the_database_reach_a_terminal_without_control_characters() {
    let (parent, _, data) = folder();
    let mut course: serde_json::Value = serde_json::from_str(&fs::read_to_string(SMALL_COURSE).unwrap()).unwrap();
    course["course"]["name"] = "Algebra \u{1b}[2J\u{9b}31m\u{202e}".into();
    let file = parent.path().join("course.json");
    fs::write(&file, course.to_string()).unwrap();
    let (_, imported, error) = outcome(&mut pastpaper(&["import", "catalog", file.to_str().unwrap(), "--data", &data]));
    let (_, analysed, refused) = outcome(&mut pastpaper(&["analyze", "algebra", "--data", &data]));
    let nothing = outcome(&mut pastpaper(&["analyze", "\u{1b}[2J", "--data", &data])).2;
    assert!(nothing.contains("\\u{1b}[2J"), "{nothing}");
    for text in [imported, error, analysed, refused, nothing] {
        assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    }
}

#[test]
fn three_hundred_idle_clients_do_not_stop_a_server_with_few_files() {
    let options = ["serve", "--port", "0", "--in-memory", "--empty"];
    let server = Server::start(&mut pastpaper_by("ulimit -n 256; exec \"$@\"", &options), SERVED);
    let address = server.address();
    let idle: Vec<_> = (0..300).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let mut slow = TcpStream::connect(&address).unwrap();
            slow.write_all(b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{").unwrap();
            slow
        })
        .collect();
    assert_eq!(status(&address), "200");
    drop((idle, slow));
}
