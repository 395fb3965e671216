//! The rules that keep the parts apart, checked on the sources themselves.

use std::path::{Path, PathBuf};
use std::process::Command;

use shared::http::routes::FUNCTIONS;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// A file of the repository.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Rust files in and below a folder, as paths from the root.
fn sources(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// The lines of code, each with its place; comments say what they like.
fn code(file: &str) -> Vec<(String, String)> {
    let lines = read(file);
    let lines = lines.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    lines.map(|(index, line)| (format!("{file}:{}", index + 1), line.to_owned())).collect()
}

/// Fails with every line of these files that has one of these words.
#[track_caller]
fn forbid(files: &[String], words: &[&str]) {
    let lines = files.iter().flat_map(|file| code(file));
    let wrong: Vec<_> = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word))).collect();
    assert!(wrong.is_empty(), "{words:?} must not be here: {wrong:#?}");
}

fn functions() -> Vec<String> {
    FUNCTIONS.iter().flat_map(|function| sources(&format!("functions/{function}/src"))).collect()
}

#[test]
fn domain_is_pure() {
    let words = [
        "crate::store",
        "crate::http",
        "crate::stripe",
        "axum",
        "aws_sdk",
        "tokio",
        "async fn",
        "async move",
        ".await",
    ];
    forbid(&sources("shared/src/domain"), &words);
    forbid(&sources("assembly/src"), &words);
}

#[test]
fn store_knows_nothing_of_http() {
    forbid(&sources("shared/src/store"), &["crate::http", "axum"]);
}

#[test]
fn stripe_knows_nothing_of_http_and_store() {
    forbid(&sources("shared/src/stripe"), &["crate::http", "crate::store", "aws_sdk"]);
    // What Stripe is called with stays there: a handler says what it wants.
    forbid(&functions(), &["hyper", "/v1/"]);
}

#[test]
fn only_store_names_the_sdk() {
    forbid(&functions(), &["aws_sdk", "aws_smithy"]);
    for folder in ["shared/src/domain", "shared/src/http", "cli/src"] {
        forbid(&sources(folder), &["aws_sdk", "aws_smithy"]);
    }
}

#[test]
fn keys_are_built_in_one_file() {
    let prefixes = "ANALYSIS ATTEMPT BANK CALIBRATION CLOSED COURSE CREDIT CUSTOMER EMAIL ENROLLMENT EXAM IDEMPOTENCY LIMIT MASTERY \
                    MIDTERM OPTION PATTERN PROGRESS QUESTION SESSION STRIPE TOPIC USER";
    let mut words: Vec<String> = prefixes.split(' ').map(|prefix| format!("\"{prefix}#")).collect();
    words.push("\"CATALOG\"".to_owned());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut files = functions();
    files.extend(sources("cli/src"));
    files.extend(sources("shared/src").into_iter().filter(|file| file != "shared/src/store/keys.rs"));
    forbid(&files, &words);
}

#[test]
fn functions_do_not_depend_on_each_other() {
    for function in FUNCTIONS {
        let manifest: toml::Table = read(&format!("functions/{function}/Cargo.toml")).parse().unwrap();
        for table in ["dependencies", "dev-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(toml::Value::as_table) else { continue };
            let others: Vec<_> = dependencies.keys().filter(|name| FUNCTIONS.contains(&name.as_str())).collect();
            assert!(others.is_empty(), "{function} depends on {others:?}");
        }
    }
}

/// The files that git keeps, or would; none where there is no git.
fn tracked_files() -> Option<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()?;
    let listed = listed.status.success().then_some(listed.stdout)?;
    let files = String::from_utf8(listed).unwrap();
    Some(files.split_terminator('\0').map(str::to_owned).collect())
}

#[test]
fn no_file_names_a_machine() {
    let Some(files) = tracked_files() else {
        println!("skipped: this is no git work tree, or git is not installed");
        return;
    };
    // Put together here, so that this file does not name them either.
    let folders = ["home", "root", "work", "Users"].map(|folder| format!("/{folder}/"));
    let hosts = ["static.crates", "index.crates", "files.pythonhosted", "pypi", "registry.npmjs", "deb.debian"]
        .map(|host| format!("{host}."));
    for file in files {
        // Pictures, and what is deleted but not committed yet.
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let found = folders.iter().chain(&hosts).find(|word| line.contains(word.as_str()));
            assert!(found.is_none(), "{file}:{}: {line}", index + 1);
        }
    }
}
