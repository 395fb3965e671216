//! The tool as operators run it: `pastpaper db` and commands on its database.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a panic fails the test, and a skipped one says why")]

#[expect(dead_code, reason = "each test program uses a part of it")]
mod common;

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use common::{Server, outcome, pastpaper, refusal};

const ADA: &str = "ada@students.example";
const ADA_ID: &str = "5f0c1c7e-2b57-4c8e-9a55-61d0a7e9b111";

/// A database with users imported from the old service.
struct Db(Server);

impl Db {
    fn with_users() -> Self {
        let db = Server::db(&["--in-memory", "--empty"]);
        let dump = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/d1_dump.sql");
        let (_, printed, error) = outcome(&mut db.command(&["import", "d1", dump]));
        assert!(printed.contains("users"), "{printed}{error}");
        Self(db)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.0.command(arguments)
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.0.run(arguments)
    }

    /// A line of `user show` by its name.
    fn shown(&self, name: &str) -> String {
        let account = self.run(&["user", "show", ADA]);
        let line = account.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().to_owned()
    }
}

#[test]
fn an_account_is_found_by_email_and_by_id() {
    let db = Db::with_users();
    let account = db.run(&["user", "show", ADA]);
    assert_eq!(account, db.run(&["user", "show", ADA_ID]));
    assert_eq!(account, db.run(&["user", "show", " ADA@Students.Example "]));
    assert!(account.contains(ADA_ID) && account.contains("signup_bonus  Welcome bonus"), "{account}");
    // In the API's format, always with three digits of fraction.
    let times: Vec<&str> =
        account.split_whitespace().filter(|word| word.ends_with('Z') && word.contains('T')).collect();
    assert!(times.len() >= 2 && times.iter().all(|time| time.len() == "2025-01-01T00:00:00.000Z".len()), "{account}");

    let refused = |account: &str| refusal(&mut db.command(&["user", "show", account]));
    assert_eq!(refused("nobody@example.org"), "error: no account has this email\n");
    let nobody = "00000000-0000-4000-8000-000000000000";
    assert_eq!(refused(nobody), format!("error: there is no user {nobody}\n"));
    assert!(refused("ada").starts_with("error: the email "));
}

#[test]
fn credits_are_granted_and_taken_with_an_entry_that_says_why() {
    let db = Db::with_users();
    // A refresh that is due comes first.
    let granted = db.run(&["user", "grant", ADA, "3", "--reason", "The practice page was broken"]);
    assert!(granted.contains("+3") && granted.contains("adjustment  The practice page was broken"), "{granted}");
    let before: i64 = db.shown("credits").parse().unwrap();
    let taken = db.run(&["user", "grant", ADA, "-2"]);
    assert!(taken.contains("-2") && taken.contains("adjustment  Credits from support"), "{taken}");
    assert_eq!(db.shown("credits"), (before - 2).to_string());

    let refused = |arguments: &[&str]| refusal(db.command(&["user", "grant"]).args(arguments));
    let most = format!("error: at most {0} credits can be taken: the balance is {0}\n", before - 2);
    assert_eq!(refused(&[ADA, "-1000"]), most);
    assert!(refused(&[ADA, "some"]).contains("invalid value 'some' for '<CREDITS>'"));
    assert!(refused(&[ADA, "some"]).contains("must be a whole number"));
    for number in ["99999999999999999999", "-99999999999999999999", "4294967296"] {
        assert!(refused(&[ADA, number]).contains("at most 4294967295 credits can be given or taken"), "{number}");
    }
    let most =
        format!("error: at most {} credits can be given: a balance holds 4294967295\n", 4_294_967_295 - before + 2);
    assert_eq!(refused(&[ADA, "4294967295"]), most);
    assert!(refused(&[ADA]).contains("<CREDITS>"));
    assert!(refused(&[ADA, "1", "--reason", " "]).contains("must be 1 to 200 characters"));
    assert_eq!(refused(&["nobody@example.org", "1"]), "error: no account has this email\n");
    assert_eq!(db.shown("credits"), (before - 2).to_string());
}

#[test]
fn a_grant_with_a_key_is_given_once() {
    let db = Db::with_users();
    let grant = ["user", "grant", ADA, "3", "--key", "ticket 17"];
    let first = db.run(&grant);
    assert!(first.contains("+3"), "{first}");
    let credits = db.shown("credits");
    let second = db.run(&grant);
    assert!(second.starts_with("Nothing was changed: the change with this key was made at "), "{second}");
    assert_eq!(db.shown("credits"), credits);
    let other = refusal(&mut db.command(&["user", "grant", ADA, "4", "--key", "ticket 17"]));
    assert_eq!(other, "error: the key was used for another change of this account: use a new one\n");
    assert!(refusal(&mut db.command(&["user", "grant", ADA, "4", "--key", "é"])).contains("printable ASCII"));
    assert_eq!(db.shown("credits"), credits);
}

#[test]
fn a_plan_is_set_and_the_balance_stays() {
    let db = Db::with_users();
    let _ = db.run(&["user", "grant", ADA, "1"]);
    let credits = db.shown("credits");
    let changed = db.run(&["user", "plan", ADA, "starter"]);
    assert!(changed.contains("adjustment  Plan set by support"), "{changed}");
    assert_eq!((db.shown("plan"), db.shown("credits")), ("starter".to_owned(), credits));
    let refused = refusal(&mut db.command(&["user", "plan", ADA, "gold"]));
    assert!(refused.contains("must be free, starter or unlimited"), "{refused}");
    assert_eq!(db.shown("plan"), "starter");
}

#[test]
fn a_user_is_signed_out_and_deleted() {
    let db = Db::with_users();
    assert_eq!(db.run(&["user", "sign-out", ADA]), "Signed out everywhere.\n");
    for nothing in ["0", "-0", "+0", "000"] {
        let refused = refusal(&mut db.command(&["user", "grant", ADA, nothing]));
        assert!(refused.contains("must not be 0: that would change nothing"), "{nothing}: {refused}");
    }
    // There is no terminal to ask for confirmation.
    let unasked = refusal(&mut db.command(&["user", "delete", ADA]));
    assert_eq!(unasked, "error: there is no terminal to ask at: give --yes to delete the account\n");
    assert!(db.run(&["user", "show", ADA]).contains(ADA_ID));
    let deleted = db.run(&["user", "delete", ADA, "--yes"]);
    assert!(deleted.starts_with("Deleted; its ledger is kept as "), "{deleted}");
    for command in ["show", "delete", "sign-out"] {
        assert_eq!(refusal(&mut db.command(&["user", command, ADA])), "error: no account has this email\n");
    }
    assert_eq!(refusal(&mut db.command(&["user", "delete", ADA_ID])), format!("error: there is no user {ADA_ID}\n"));
}

/// The tool at a pseudo-terminal, where `typed` is entered. `script` of util-linux makes the terminal.
fn at_a_terminal(db: &Db, arguments: &str, typed: &str) -> Option<(Option<i32>, String)> {
    let line = format!("{} {arguments}", env!("CARGO_BIN_EXE_pastpaper"));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    script.envs(db.0.variables.iter().map(|(name, value)| (name, value)));
    let mut script = match script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
        Ok(script) => script,
        Err(error) => {
            eprintln!("skipped: no `script` to make a terminal: {error}");
            return None;
        }
    };
    let mut keys = script.stdin.take().unwrap();
    keys.write_all(typed.as_bytes()).unwrap();
    let output = script.wait_with_output().unwrap();
    drop(keys);
    Some((output.status.code(), String::from_utf8(output.stdout).unwrap()))
}

#[test]
fn a_deletion_asks_at_a_terminal_and_only_yes_deletes() {
    let db = Db::with_users();
    for keys in ["y\n", "\n", "no\n"] {
        let Some((code, screen)) = at_a_terminal(&db, &format!("user delete {ADA}"), keys) else { return };
        assert_eq!(code, Some(1), "{keys:?}: {screen}");
        assert!(screen.contains("This cannot be undone. Type yes:"), "{screen}");
        assert!(screen.contains("error: nothing was deleted"), "{screen}");
        assert!(db.run(&["user", "show", ADA]).contains(ADA_ID));
    }
    let Some((code, screen)) = at_a_terminal(&db, &format!("user delete {ADA}"), "yes\n") else { return };
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("Deleted; its ledger is kept as "), "{screen}");
}

#[test]
fn values_that_are_refused_are_named_with_what_is_wanted() {
    let refused = |arguments: &[&str]| refusal(&mut pastpaper(arguments));
    let said = refused(&["voucher", "create", "--credits", "5", "--uses", "1", "--until", "tomorrow"]);
    assert!(said.contains("'tomorrow' for '--until <DATE>': must be a date such as 2026-12-31"), "{said}");
    // A negative number is a value, not an unknown option, and its range is named.
    for (arguments, range) in [
        (&["voucher", "create", "--uses", "1", "--until", "2030-01-01", "--credits", "-5"][..], "-5 is not in 1..="),
        (&["voucher", "create", "--credits", "1", "--until", "2030-01-01", "--uses", "-1"], "-1 is not in 1..="),
        (&["serve", "--port", "-1"], "-1 is not in 0..=65535"),
        (&["serve", "--db-port", "-1"], "-1 is not in 0..=65535"),
        (&["serve", "--quota-times", "-1"], "-1 is not in 1..=1000000"),
        (&["serve", "--calibrate-every", "-1"], "-1 is not in 0..=8760"),
        (&["db", "--port", "-1"], "-1 is not in 0..=65535"),
        (&["health", "--timeout", "-1"], "-1 is not in 1..=60"),
        (&["verify", "--wait", "-1"], "-1 is not in 0..=3600"),
        (&["bench", "fill", "--users", "-1"], "-1 is not in 0..=10000000"),
        (&["bench", "fill", "--questions", "5,-1"], "-1 is not in 1..=1000000"),
        (&["copy", "--from", "x", "--to-aws", "--units", "-1"], "-1 is not in 1..=100000"),
    ] {
        let said = refused(arguments);
        assert!(said.contains(range), "{arguments:?}: {said}");
    }
    assert!(refused(&["user", "find", "  "]).contains("must not be empty; `user list` lists all accounts"));
    let said = refused(&["user", "grant", ADA]);
    assert!(said.contains("pastpaper user grant [OPTIONS] <ACCOUNT> <CREDITS>\n"), "{said}");
    assert!(said.contains("pastpaper user grant [OPTIONS] --file <CSV> --key <KEY>\n"), "{said}");
}

#[test]
fn the_configuration_in_force_is_shown_with_its_sources_and_without_secrets() {
    let config = |arguments: &[&str]| {
        let mut command = pastpaper(&["config"]);
        command
            .args(arguments)
            .env("PRICE_START", "2")
            .env("RATE_LIMITS", "spend=40")
            .env("FIGURE_KEY", "hush-".repeat(8));
        command
    };
    let (code, printed, error) = outcome(&mut config(&["--json", "--set", "PRICE_MIDTERM=4"]));
    assert_eq!(code, Some(0), "{error}");
    let shown: Value = serde_json::from_str(&printed).unwrap();
    let row = |list: &str, name: &str| {
        shown[list].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap().clone()
    };
    for (name, value, source) in
        [("PRICE_START", 2, "environment"), ("PRICE_MIDTERM", 4, "flag"), ("PRICE_BUNDLE", 1, "default")]
    {
        assert_eq!(
            (&row("settings", name)["value"], &row("settings", name)["source"]),
            (&json!(value), &json!(source)),
            "{name}"
        );
    }
    assert_eq!(
        (&row("limits", "spend")["quota"], &row("limits", "spend")["source"]),
        (&json!(40), &json!("environment"))
    );
    assert_eq!(row("limits", "export")["source"], "default");
    assert_eq!(shown["deliveries"], json!({"name": "DELIVERIES", "value": "together", "source": "default"}));
    let key = row("variables", "FIGURE_KEY");
    assert_eq!((&key["value"], &key["is_set"]), (&json!(null), &json!(true)));
    assert_eq!(row("variables", "STRIPE_SECRET_KEY")["is_set"], false);
    let (_, text, _) = outcome(&mut config(&[]));
    assert!(!printed.contains("hush") && !text.contains("hush"), "{printed}{text}");
    assert!(text.contains("PRICE_START                     2  environment"), "{text}");
    assert!(text.contains("DELIVERIES               together  default"), "{text}");
    assert!(text.contains("STRIPE_SECRET_KEY                       default      not set"), "{text}");
    let (_, text, _) = outcome(&mut config(&["--set", "DELIVERIES=single"]));
    assert!(text.contains("DELIVERIES                 single  flag"), "{text}");
}

#[test]
fn a_wrong_setting_stops_the_start_by_its_name_and_bounds() {
    let started =
        |arguments: &[&str], variable: (&str, &str)| refusal(pastpaper(arguments).env(variable.0, variable.1));
    let serve = ["serve", "--in-memory", "--port", "0"];
    let bounds = "PRICE_START must be a whole number from 0 to 1000, not \"many\"\n";
    assert_eq!(started(&serve, ("PRICE_START", "many")), format!("error: the environment: {bounds}"));
    assert_eq!(started(&["config"], ("PRICE_START", "many")), format!("error: the environment: {bounds}"));
    let flag = [&serve[..], &["--set", "PRICE_START=many"]].concat();
    assert_eq!(started(&flag, ("STAGE", "local")), format!("error: --set: {bounds}"));
    let twice = [&serve[..], &["--set", "PRICE_START=1", "--set", "PRICE_START=2"]].concat();
    assert_eq!(started(&twice, ("STAGE", "local")), "error: --set names PRICE_START twice\n");
    let unknown = [&serve[..], &["--set", "PRICE_STRAT=1"]].concat();
    assert!(started(&unknown, ("STAGE", "local")).contains("there is no setting \"PRICE_STRAT\""));
    let form = started(&["config", "--set", "DELIVERIES=off"], ("STAGE", "local"));
    assert_eq!(form, "error: --set: DELIVERIES must be `together` or `single`, not \"off\"\n");
    for secret in ["STRIPE_SECRET_KEY=hush", "hush"] {
        let refused = started(&["config", "--set", secret], ("STAGE", "local"));
        assert!(refused.contains("--set") && !refused.contains("hush"), "{refused}");
    }
    assert_eq!(started(&serve, ("MONITORING", "some")), "error: the environment: MONITORING must be lean or full\n");
    let limit = started(&["config"], ("RATE_LIMITS", "spend=0"));
    assert_eq!(
        limit,
        "error: the environment: RATE_LIMITS spend must be a whole number from 1 to 1000000, not \"0\"\n"
    );
}

#[test]
fn what_does_not_exist_is_named_in_quotes() {
    let db = Server::db(&["--in-memory", "--empty"]);
    for (arguments, error) in [
        (&["question", "retire", "none"][..], "error: there is no question \"none\"\n"),
        (&["course", "activate", "none"], "error: there is no course \"none\"\n"),
        (&["voucher", "stop", "none"], "error: no voucher has this id or code\n"),
    ] {
        assert_eq!(refusal(&mut db.command(arguments)), error);
    }
}

/// A course of one question with these fields.
fn course(fields: &str) -> String {
    format!(
        r#"{{"course": {{"id": "c", "name": "C"}}, "topics": [{{"id": "t", "name": "T", "category": "K"}}], "questions": [
            {{"id": "q1", "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": "1"}},
            {{"id": "q2", "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": "1"{fields}}}]}}"#
    )
}

#[test]
fn refused_rows_fail_and_with_strict_warnings_do_too() {
    let db = Server::db(&["--in-memory", "--empty"]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("course.json");
    let import = |fields: &str, options: &[&str]| {
        std::fs::write(&path, course(fields)).unwrap();
        let file = path.to_str().unwrap();
        let (code, printed, error) = outcome(db.command(&["import", "catalog", file]).args(options));
        assert!(error.is_empty(), "{error}");
        let last = printed.lines().last().unwrap().to_owned();
        (code, last, printed)
    };
    let refused = r#", "source_points": "10""#;
    let refusal = r#"  refused: questions q2: source_points is "10", a number is wanted"#;
    let warned = r#", "pionts": 10"#;
    let warning = r#"  warning: questions q2: unknown field "pionts": did you mean "source_points"?"#;

    let (code, last, printed) = import(refused, &["--dry-run"]);
    assert_eq!((code, last.as_str()), (Some(1), "1 refused, 3 would write"), "{printed}");
    assert!(printed.contains(" would write ") && !printed.contains("written  "), "{printed}");
    let (code, last, printed) = import(refused, &["--strict"]);
    assert_eq!((code, last.as_str()), (Some(1), "1 refused, 3 would write"), "{printed}");
    let (code, last, printed) = import(warned, &["--strict"]);
    assert_eq!((code, last.as_str()), (Some(1), "0 refused, 4 would write"), "{printed}");
    assert!(printed.contains("(--strict: nothing was written)") && printed.contains(warning), "{printed}");
    // None of them wrote anything.
    let (code, last, printed) = import(refused, &[]);
    assert_eq!((code, last.as_str()), (Some(1), "1 refused, 3 written"), "{printed}");
    assert!(printed.contains(refusal) && !printed.contains("would write"), "{printed}");

    let (code, last, printed) = import(warned, &[]);
    assert_eq!((code, last.as_str()), (Some(0), "0 refused, 3 written"), "{printed}");
    assert!(printed.contains(warning), "{printed}");
    let (code, last, printed) = import(", \"section\": \"I\"", &["--strict"]);
    assert_eq!((code, last.as_str()), (Some(0), "0 refused, 2 written"), "{printed}");
    assert!(printed.contains("  note: questions: extra columns kept: section"), "{printed}");
}

#[test]
fn verify_prints_a_report_or_a_metric() {
    let db = Db::with_users();
    let report = db.run(&["verify"]);
    assert!(report.ends_with(" ledger entries, 0 wrong\n"), "{report}");
    let (code, line, error) = outcome(db.command(&["verify", "--emf"]).env("STAGE", "prod"));
    assert_eq!((code, line.lines().count()), (Some(0), 1), "{error}");
    let line: Value = serde_json::from_str(&line).unwrap();
    let directive = json!([{
        "Namespace": "pastpaper",
        "Dimensions": [["stage"]],
        "Metrics": [{"Name": "VerifyMismatches", "Unit": "Count"}],
    }]);
    assert_eq!(line["_aws"]["CloudWatchMetrics"], directive);
    assert_eq!((&line["stage"], &line["VerifyMismatches"]), (&json!("prod"), &json!(0)));
    assert!(report.starts_with(&format!("{} users, {} ", line["users"], line["entries"])), "{report}{line}");
}

#[test]
fn a_database_in_a_directory_stays_and_has_the_samples() {
    let data = tempfile::tempdir().unwrap();
    let directory = data.path().join("data").to_str().unwrap().to_owned();
    for _ in 0..2 {
        let db = Server::db(&["--data", &directory]);
        assert!(!db.run(&["analyze", "calc2"]).is_empty());
        db.signal("-TERM");
        assert_eq!(db.end(), ("Stopped.\n".to_owned(), Some(0), String::new()));
    }
}

#[test]
fn options_that_do_not_fit_are_refused() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = |arguments: &[&str]| refusal(&mut pastpaper(arguments));
    assert!(refused(&["db", "--in-memory", "--port", &port]).starts_with("error: "));
    assert!(refused(&["db", "--in-memory", "--data", "elsewhere"]).contains("cannot be used with"));
    assert_eq!(refused(&["db", "--aws", "--port", "0"]), "error: --aws has no embedded database\n");
    assert!(refused(&["db", "--port", "65536"]).contains("invalid value"));
    assert!(refused(&["user", "show", ADA, "--aws", "--data", "elsewhere"]).contains("cannot be used with"));
    assert!(refused(&["user", "rename", ADA]).contains("unrecognized subcommand"));
}

#[test]
fn a_database_for_measurements_is_new_and_its_ledgers_are_true() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("bench");
    let data = data.to_str().unwrap();
    let fill = ["bench", "fill", "--users", "11", "--entries", "3", "--questions", "5,130", "--data", data];
    let (code, printed, error) = outcome(&mut pastpaper(&fill));
    assert_eq!(code, Some(0), "{error}");
    assert!(printed.contains("11 users of 3 ledger entries each, courses of [5, 130] questions"), "{printed}");
    let (_, printed, error) = outcome(&mut pastpaper(&["verify", "--data", data]));
    assert!(printed.contains("11 users, 33 ledger entries, 0 wrong"), "{printed}{error}");
    let (_, printed, error) = outcome(&mut pastpaper(&["analyze", "bench-130", "--data", data]));
    assert!(printed.contains("130 questions"), "{printed}{error}");
    let (_, printed, error) = outcome(&mut pastpaper(&["user", "show", "user-10@bench.example", "--data", data]));
    assert!(printed.contains("Unlimited") || printed.contains("unlimited"), "{printed}{error}");

    assert!(refusal(&mut pastpaper(&fill)).contains("name another --data directory"));
    assert!(refusal(&mut pastpaper(&["bench", "fill", "--aws"])).contains("--aws has no embedded database"));
    for (option, value) in [("--entries", "7"), ("--entries", "0"), ("--users", "10000001"), ("--questions", "0")] {
        assert!(refusal(&mut pastpaper(&["bench", "fill", option, value])).contains(value), "{option} {value}");
    }
}
