//! Checks the dependency rules between modules and crates on the source files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use shared::http::routes::FUNCTIONS;

use crate::rust_source::Names;

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

/// The modules of `shared/src`, lowest floor first. A module may name itself and those on lower floors.
const FLOORS: [&[&str]; 6] =
    [&["domain"], &["request_metrics", "outbound", "config"], &["stripe", "store"], &["ses"], &["app"], &["http"]];

/// What `domain` and the crates without I/O may use from outside: data types, arithmetic, hashes, schemas.
const PURE_CRATES: &str = "alloc assembly base64 bigdecimal core fastrand fsrs getrandom hex hmac icu_normalizer icu_properties idna jiff kdf libm pbkdf2 proptest ring \
                           serde serde_json serde_path_to_error sha2 std subtle thiserror totp_rs utoipa uuid";

/// Parts of the standard library that do I/O or run threads.
const IMPURE_STD: [&str; 8] = ["env", "fs", "io", "os", "process", "thread", "net::Tcp", "net::Udp"];

/// A property test reads the number of its cases.
const MAY_READ_ENV: &str = "shared/src/domain/payments/life.rs";

/// The database port of the tool verifies signatures as AWS does. It makes no calls.
const SIGNATURE: &str = "cli/src/signature.rs";

/// The only file that builds keys.
const KEYS: &str = "shared/src/store/keys.rs";

/// What handlers reach only through `shared`.
const NOT_IN_FUNCTIONS: [&str; 9] =
    ["assembly", "dynoxide", "hyper", "hyper_rustls", "hyper_util", "kdf", "pastpaper", "rusqlite", "rustls"];

/// The folder of a file's crate, and its module path in it.
fn place(file: &str) -> (&str, Vec<&str>) {
    let (folder, inside) = file.split_once("/src/").unwrap_or_else(|| panic!("{file} is in no crate"));
    let mut module: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    module.pop_if(|name| ["lib", "main", "mod"].contains(name));
    (folder, module)
}

/// Names by which a crate's code can refer to its dependencies.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest: toml::Table = read(&format!("{folder}/Cargo.toml")).parse().unwrap();
    let tables = ["dependencies", "dev-dependencies"].map(|table| manifest.get(table).and_then(toml::Value::as_table));
    let standard = ["alloc", "core", "std"].map(str::to_owned);
    let named = tables.into_iter().flatten().flat_map(toml::Table::keys).map(|name| name.replace('-', "_"));
    standard.into_iter().chain(named).collect()
}

/// Texts with which keys begin, such as `USER#`, read from the file that builds them, and whole keys, such as `CATALOG`.
static KEY_TEXTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let names = Names::of(&read(KEYS), &place(KEYS).1).unwrap();
    let prefixes = names.texts.iter().filter_map(|text| text.split_once('#')).map(|(prefix, _)| format!("{prefix}#"));
    let is_upper = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'#');
    prefixes.chain(["CATALOG".to_owned()]).filter(|text| text.len() > 1 && is_upper(text)).collect()
});

/// The dependency rules that a file violates.
fn violations(file: &str, source: &str) -> Vec<String> {
    let (folder, module) = place(file);
    let names = match Names::of(source, &module) {
        Ok(names) => names,
        Err(error) => return vec![format!("{file} cannot be parsed: {error}")],
    };
    let room = (folder == "shared").then(|| module.first().copied()).flatten();
    let is_pure = room == Some("domain") || ["assembly", "kdf"].contains(&folder);
    let function = folder.strip_prefix("functions/");
    let dependencies = dependencies(folder);

    let mut reasons = Vec::new();
    for path in &names.paths {
        let text = path.join("::");
        let first = path.first().map_or("", String::as_str);
        if let Some(reason) = room.and_then(|room| wrong_room(room, path)) {
            reasons.push(format!("{text}: {reason}"));
        }
        let is_sdk = first.starts_with("aws_") || first == "serde_dynamo";
        let is_signature = file == SIGNATURE && ["aws_sigv4", "aws_credential_types"].contains(&first);
        // Mail has an SDK of its own, and no other part of the SDK is for it.
        let is_of_mail = room == Some("ses") && first == "aws_sdk_sesv2";
        let is_in_store = room == Some("store") && first != "aws_sdk_sesv2";
        if is_sdk && !is_in_store && !is_of_mail && !is_signature {
            reasons.push(format!("{text}: only `store` names the AWS SDK, and `ses` that of mail"));
        }
        if ["axum", "lambda_http", "tower"].contains(&first)
            && matches!(room, Some("domain" | "config" | "request_metrics" | "store" | "app"))
        {
            reasons.push(format!("{text}: only `http` speaks HTTP to clients"));
        }
        let is_foreign = dependencies.contains(first) && !names.declared.contains(first);
        if is_pure && is_foreign && !PURE_CRATES.split(' ').any(|pure| pure == first) {
            reasons.push(format!("{text}: not a crate for pure rules"));
        }
        let is_io = IMPURE_STD.iter().any(|part| text.starts_with(&format!("std::{part}")));
        if is_pure && is_io && !(file == MAY_READ_ENV && text.starts_with("std::env")) {
            reasons.push(format!("{text}: I/O in pure rules"));
        }
        let is_other = FUNCTIONS.contains(&first) && function != Some(first) && !names.declared.contains(first);
        if function.is_some() && (is_other || NOT_IN_FUNCTIONS.contains(&first)) {
            reasons.push(format!("{text}: not for handlers"));
        }
    }
    if is_pure && names.is_async {
        reasons.push("async code in pure rules".to_owned());
    }
    for text in &names.texts {
        let is_key = |key: &String| text.starts_with(key.as_str()) && (key.ends_with('#') || text == key);
        if file != KEYS && KEY_TEXTS.iter().any(is_key) {
            reasons.push(format!("{text:?}: only {KEYS} builds keys"));
        }
        // Stripe's request paths stay in `stripe`; a handler calls its typed functions.
        if function.is_some() && text.contains("/v1/") {
            reasons.push(format!("{text:?}: only `stripe` knows Stripe's paths"));
        }
    }
    reasons.into_iter().map(|reason| format!("{file}: {reason}")).collect()
}

/// Why a file in one module of `shared` may not use this path.
fn wrong_room(room: &str, path: &[String]) -> Option<&'static str> {
    let ("crate", rest) = (path.first()?.as_str(), &path[1..]) else { return None };
    let floor = |name: &str| FLOORS.iter().position(|rooms| rooms.contains(&name));
    let (Some(from), Some(named)) = (floor(room), rest.first()) else { return Some("no floor has this module") };
    match floor(named) {
        _ if named == room => None,
        Some(to) if to < from => None,
        Some(_) => Some("not on a lower floor"),
        // A macro's path is its name alone; it belongs to `domain::schema`.
        None if named == "has_schema" => None,
        None => Some("no floor has this module"),
    }
}

#[test]
fn modules_name_only_what_is_below_them() {
    let folders = ["assembly/src", "cli/src", "kdf/src", "shared/src"].map(str::to_owned);
    let folders = folders.into_iter().chain(FUNCTIONS.iter().map(|function| format!("functions/{function}/src")));
    let files: Vec<String> = folders.flat_map(|folder| sources(&folder)).collect();
    let found: Vec<String> = files.iter().flat_map(|file| violations(file, &read(file))).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_kind_of_violation_is_found() {
    const DOMAIN: &str = "shared/src/domain/credits/ledger.rs";
    const STORE: &str = "shared/src/store/ledger.rs";
    const HANDLER: &str = "functions/credits/src/show_balance.rs";
    for (file, source, is_wrong) in [
        // Paths in every position where Rust or a macro accepts one.
        (DOMAIN, "use crate::store::Store;", true),
        (DOMAIN, "use crate::{domain::id::UserId, http::{self, Problem}};", true),
        (DOMAIN, "use crate::config as domain;", true),
        (DOMAIN, "use super::super::super::store::Store;", true),
        (DOMAIN, "mod inner { use super::super::super::super::app::App; }", true),
        (DOMAIN, "use super::super::super::*;", true),
        (DOMAIN, "use super::super::super as everything;", true),
        (DOMAIN, "use crate::*;", true),
        (DOMAIN, "fn f() { crate::store::open() }", true),
        (DOMAIN, "fn f(store: &crate::store::Store) {}", true),
        (DOMAIN, "fn f<T>() where T: self::super::super::super::store::Entity {}", true),
        (DOMAIN, "impl<T: crate::store::Entity> X for T {}", true),
        (DOMAIN, "fn f() { <u8 as crate::store::Entity>::key() }", true),
        (DOMAIN, "fn f() { println!(\"{}\", [crate::store::COUNT; 2]) }", true),
        (DOMAIN, "macro_rules! m { () => { use $crate::{store, domain}; } }", true),
        (DOMAIN, "macro_rules! m { () => { $crate::store::open() } }", true),
        (DOMAIN, "#[serde(with = \"crate::store::time\")] struct X;", true),
        (DOMAIN, "#[derive(Debug, crate::http::Schema)] struct X;", true),
        (DOMAIN, "use crate::domain::{account::Email, id::UserId}; pub(in crate::domain) fn f() {}", false),
        (DOMAIN, "//! Not `crate::store`.\n/// Nor `axum::Json`.\nfn f() -> &'static str { \"async, crate\" }", false),
        (DOMAIN, "mod inner { use super::super::Ledger; use super::super::super::id::UserId; }", false),
        // Other crates and I/O.
        (DOMAIN, "use axum::Json;", true),
        (DOMAIN, "use ::tokio as runtime;", true),
        (DOMAIN, "extern crate tracing;", true),
        (DOMAIN, "fn f() { tracing::info!(\"spent\") }", true),
        (DOMAIN, "fn f() { std::fs::read(\"x\"); }", true),
        (DOMAIN, "use std::{fmt, io::Write};", true),
        (DOMAIN, "use std::net::TcpStream;", true),
        (DOMAIN, "use std::net::IpAddr; use serde::Deserialize; use jiff::Timestamp;", false),
        (DOMAIN, "mod http { pub struct X; } fn f() -> http::X { http::X }", false),
        ("assembly/src/search.rs", "use std::thread::spawn;", true),
        // Async code.
        (DOMAIN, "async fn f() {}", true),
        (DOMAIN, "impl X { async fn f(&self) {} }", true),
        (DOMAIN, "trait X { async fn f(&self); }", true),
        (DOMAIN, "fn f() { async move { 1 }; }", true),
        (DOMAIN, "fn f() { async || 1; }", true),
        (DOMAIN, "fn f() { vec![async { 1 }]; }", true),
        // Floors.
        (STORE, "use crate::http::Problem;", true),
        (STORE, "use crate::app::App;", true),
        (STORE, "use crate::stripe::Stripe;", true),
        (STORE, "use axum::http::StatusCode;", true),
        (STORE, "use aws_sdk_dynamodb::Client; use crate::{config::Config, domain::id::UserId};", false),
        ("shared/src/stripe/call.rs", "use crate::store::Store;", true),
        ("shared/src/config/mod.rs", "use crate::request_metrics::count_call;", true),
        ("shared/src/app/purchase.rs", "use crate::http::Problem;", true),
        ("shared/src/app/purchase.rs", "use crate::store::Store; use crate::stripe::Stripe;", false),
        ("shared/src/http/router.rs", "use crate::app::App; use crate::store::Store; use axum::Router;", false),
        ("shared/src/mailer/mod.rs", "use crate::domain::id::UserId;", true),
        // The SDK and keys.
        (STORE, "use aws_sdk_sesv2::Client;", true),
        ("shared/src/ses/mod.rs", "use aws_sdk_dynamodb::Client;", true),
        ("shared/src/ses/mod.rs", "use aws_sdk_sesv2::Client; use crate::domain::mail::message::Message;", false),
        ("shared/src/app/deliver_mail.rs", "fn f(client: &aws_sdk_sesv2::Client) {}", true),
        ("shared/src/http/limit.rs", "use aws_smithy_runtime_api::client::http::HttpClient;", true),
        ("cli/src/verify.rs", "fn f(client: &aws_sdk_dynamodb::Client) {}", true),
        (STORE, "fn f(id: u8) -> String { format!(\"USER#{id}\") }", true),
        ("cli/src/verify.rs", "const COURSES: &str = \"CATALOG\";", true),
        (HANDLER, "fn f(pk: &str) -> bool { matches!(pk, \"CREDIT#\") }", true),
        (KEYS, "fn f(id: u8) -> String { format!(\"USER#{id}\") }", false),
        // Handlers.
        (HANDLER, "use aws_sdk_dynamodb::Client;", true),
        (HANDLER, "use hyper_util::rt::TokioExecutor;", true),
        (HANDLER, "const URL: &str = \"https://api.stripe.com/v1/customers\";", true),
        (HANDLER, "fn f() { questions::router(); }", true),
        (HANDLER, "use shared::domain::questions; fn f() { questions::choose(); credits::router(); }", false),
        // A file that cannot be parsed counts as a violation.
        (DOMAIN, "fn f( {", true),
    ] {
        let found = violations(file, source);
        assert_eq!(!found.is_empty(), is_wrong, "{file}: {source}: {found:?}");
    }
}

/// The lint `missing_docs` would also require a comment on each field and variant, whose name is often enough.
#[test]
fn public_functions_and_types_are_documented() {
    let folders = ["assembly/src", "cli/src", "kdf/src", "shared/src", "tests/src"].map(str::to_owned);
    let folders = folders.into_iter().chain(FUNCTIONS.iter().map(|function| format!("functions/{function}/src")));
    let files: Vec<String> = folders.flat_map(|folder| sources(&folder)).collect();
    let mut found = Vec::new();
    for file in &files {
        let names = Names::of(&read(file), &place(file).1).unwrap_or_else(|error| panic!("{file}: {error}"));
        found.extend(names.undocumented.iter().map(|name| format!("{file}: {name}")));
    }
    assert!(found.is_empty(), "without a doc comment: {found:#?}");
}

#[test]
fn a_missing_doc_comment_is_found() {
    let source = "pub fn a() {} pub struct B { pub field: u8 } pub enum C { Variant } pub trait D {} pub type E = B;
                  impl B { pub fn f(&self) {} fn private() {} } pub(crate) fn internal() {}
                  /// Documented.
                  pub fn g() {} impl D for B {}";
    assert_eq!(Names::of(source, &[]).unwrap().undocumented, ["a", "B", "C", "D", "E", "f"]);
}

#[test]
fn keys_are_known_by_the_file_that_builds_them() {
    for expected in ["BANK#", "CATALOG", "CUSTOMER#", "IDEMPOTENCY#", "LIMIT#", "SESSION#", "USER#"] {
        assert!(KEY_TEXTS.contains(expected), "{expected} is not in {KEY_TEXTS:?}");
    }
}

#[test]
fn functions_do_not_depend_on_each_other() {
    for function in FUNCTIONS {
        let dependencies = dependencies(&format!("functions/{function}"));
        let others: Vec<_> = FUNCTIONS.iter().filter(|other| dependencies.contains(**other)).collect();
        assert!(others.is_empty(), "{function} depends on {others:?}");
    }
}

#[test]
fn no_function_links_the_latex_engine() {
    // `shared` is in every function. A crate without I/O that it uses must not bring the engine either.
    let folders = FUNCTIONS.iter().map(|function| format!("functions/{function}"));
    for folder in folders.chain(["shared", "assembly", "kdf"].map(str::to_owned)) {
        let found: Vec<_> =
            dependencies(&folder).into_iter().filter(|name| name == "rendering" || name == "katex").collect();
        assert!(found.is_empty(), "{folder} depends on {found:?}");
    }
}

#[test]
fn only_midterm_links_formats_and_only_their_writers() {
    for function in FUNCTIONS.into_iter().filter(|function| *function != "midterm") {
        assert!(!dependencies(&format!("functions/{function}")).contains("formats"), "{function} depends on formats");
    }
    assert!(!dependencies("shared").contains("formats"));
    let manifest = |path: &str| -> toml::Table { read(path).parse().unwrap() };
    let in_midterm = &manifest("functions/midterm/Cargo.toml")["dependencies"]["formats"];
    assert_eq!(in_midterm["features"], toml::Value::from(vec!["write"]), "{in_midterm:?}");
    // Otherwise the readers come along by default.
    let in_workspace = &manifest("Cargo.toml")["workspace"]["dependencies"]["formats"];
    assert_eq!(in_workspace["default-features"], toml::Value::from(false), "{in_workspace:?}");
}

/// What is never run: a test in a target whose manifest turns tests off, and an example in documentation.
fn tests_that_never_run(source: &str, is_tested: bool) -> Vec<&str> {
    let mut is_open = false;
    source
        .lines()
        .map(str::trim)
        .filter(|line| {
            let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).unwrap_or_default();
            if let Some(language) = doc.trim().strip_prefix("```") {
                is_open = !is_open;
                return is_open && language != "text";
            }
            !is_tested && ["test]", "cfg(test)"].iter().any(|name| line.starts_with("#[") && line.contains(name))
        })
        .collect()
}

#[test]
fn every_test_runs() {
    let folders = FUNCTIONS.map(|function| format!("functions/{function}"));
    let others = ["assembly", "cli", "formats", "kdf", "rendering", "shared", "tests"].map(str::to_owned);
    for folder in folders.into_iter().chain(others) {
        let manifest: toml::Table = read(&format!("{folder}/Cargo.toml")).parse().unwrap();
        let is_on = |target: &toml::Value, kind: &str| target.get(kind).is_none_or(|value| value.as_bool().unwrap());
        let lib = is_on(&manifest["lib"], "test");
        let main = manifest.get("bin").is_none_or(|targets| is_on(&targets[0], "test"));
        for file in sources(&format!("{folder}/src")) {
            let is_tested = if file.ends_with("/main.rs") { main } else { lib };
            assert_eq!(tests_that_never_run(&read(&file), is_tested), Vec::<&str>::new(), "{file}");
        }
    }
}

#[test]
fn a_test_that_never_runs_is_found() {
    let source = "/// ```text\n/// 1 + 1\n/// ```\n    #[test]\n";
    assert_eq!(tests_that_never_run(source, true), Vec::<&str>::new());
    assert_eq!(tests_that_never_run(source, false), ["#[test]"]);
    assert_eq!(
        tests_that_never_run("#[tokio::test]\nfn a() {}\n#[cfg(test)]", false),
        ["#[tokio::test]", "#[cfg(test)]"]
    );
    assert_eq!(tests_that_never_run("//! ```\n//! let a = 1;\n//! ```", true), ["//! ```"]);
}

/// The files that git tracks or would add; none without git.
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
    // Concatenated, so that this file does not contain them either.
    let folders = ["home", "root", "work", "Users"].map(|folder| format!("/{folder}/"));
    let hosts = ["static.crates", "index.crates", "files.pythonhosted", "pypi", "registry.npmjs", "deb.debian"]
        .map(|host| format!("{host}."));
    for file in files {
        // Skip pictures and deleted files.
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue };
        for (index, line) in text.lines().enumerate() {
            let found = folders.iter().chain(&hosts).find(|word| line.contains(word.as_str()));
            assert!(found.is_none(), "{file}:{}: {line}", index + 1);
        }
    }
}
