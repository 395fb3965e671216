//! Grants of emails without an account: they are held, and given once to the account that gets the email.

use std::time::Duration;

use futures_util::future::join_all;
use pastpaper::user_grants::{Report, all_held, grant_all, rows, withdraw_all};
use pastpaper::verify::check_all;
use serde_json::{Value, json};
use shared::app::App;
use shared::domain::account::Email;
use shared::domain::account::mailbox::Mailbox;
use shared::domain::credits::adjustment::AdjustmentReason;
use shared::domain::credits::held::{HELD_MAX, HeldGrant};
use shared::domain::credits::{Credits, Plan};
use shared::domain::idempotency::IdempotencyKey;
use shared::store::Hold;
use tests::proxy::{Aim, Fault, Proxy, Reach};
use tests::{Answer, PASSWORD, Person, TestApp};

const FAULTS: [Fault; 4] = [Fault::ErrorBefore, Fault::ErrorAfter, Fault::LostAnswer, Fault::Conflict];

fn key(key: &str) -> IdempotencyKey {
    IdempotencyKey::try_from(key).unwrap()
}

fn email(email: &str) -> Email {
    Email::try_from(email.to_owned()).unwrap()
}

/// Runs `user grant --file` with these rows.
async fn grant(app: &App, key: &str, lines: &[(&str, Credits)]) -> Result<Report, String> {
    let lines: Vec<String> = lines.iter().map(|(email, credits)| format!("{email},{credits}")).collect();
    let reason = AdjustmentReason::try_from("Class").unwrap();
    let rows = rows(format!("email,credits\n{}\n", lines.join("\n")).as_bytes()).unwrap();
    grant_all(app, &rows, &self::key(key), &reason).await.map_err(|error| format!("{error:#}"))
}

/// Counts of a report: granted, granted before, held, not granted.
fn counts(report: &Report) -> [usize; 4] {
    [report.granted, report.before, report.held, report.left]
}

async fn register(person: &Person, email: &str) -> Answer {
    person.post("/api/auth/register", json!({"email": email, "password": PASSWORD})).await
}

async fn confirm(test: &TestApp, token: &str) -> Answer {
    test.anonymous().post("/api/auth/email/confirm", json!({"token": token})).await
}

/// Emails and credits of everything that is held.
async fn held(test: &TestApp) -> Vec<(String, Vec<Credits>)> {
    let all = all_held(&test.app).await.unwrap().into_iter();
    all.map(|(email, held)| (email.as_str().to_owned(), held.grants().iter().map(|grant| grant.credits).collect()))
        .collect()
}

async fn amounts(test: &TestApp, user: &Value) -> Vec<i64> {
    let id = user["id"].as_str().unwrap();
    test.entries(id).await.iter().map(|entry| entry.amount).collect()
}

#[tokio::test]
async fn an_email_without_an_account_holds_its_grants_until_it_registers() {
    let test = TestApp::empty().await;
    let report = grant(&test.app, "autumn", &[("Ada@B\u{fc}cher.example", 3), ("ben@example.org", 2)]).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 2, 0]);
    assert_eq!(report.lines[1], "ben@example.org  +2  no account yet: held until the email registers");
    // The same file changes nothing; another key holds more.
    let again = grant(&test.app, "autumn", &[("ada@xn--bcher-kva.example", 3), ("ben@example.org", 9)]).await.unwrap();
    assert_eq!(counts(&again), [0, 0, 1, 1]);
    assert!(again.lines[0].ends_with("held since 2026-03-01T12:00:00.000Z"), "{again:?}");
    assert!(again.lines[1].ends_with("the email holds other credits for this key: use a new one"), "{again:?}");
    let _ = grant(&test.app, "winter", &[("ada@b\u{fc}cher.example", 4)]).await.unwrap();
    let ada = "ada@xn--bcher-kva.example";
    assert_eq!(held(&test).await, [(ada.to_owned(), vec![3, 4]), ("ben@example.org".to_owned(), vec![2])]);
    // It is no account: nobody signs in, nobody gets a link, and nothing is wrong with it.
    let login = json!({"email": ada, "password": PASSWORD});
    let _ = test.anonymous().post("/api/auth/login", login.clone()).await.problem(401, "invalid_credentials");
    let _ = test.anonymous().post("/api/auth/forgot", json!({"email": ada})).await.ok();
    assert!(test.mails().await.is_empty());
    assert_eq!(check_all(&test.app).await.unwrap().mismatches(), 0);

    let user = register(&test.anonymous(), "ada@b\u{fc}cher.example").await.ok()["user"].clone();
    assert_eq!(user["credits"], 12);
    assert_eq!(amounts(&test, &user).await, [5, 3, 4]);
    let token = test.anonymous().post("/api/auth/login", login).await.ok()["token"].as_str().unwrap().to_owned();
    let export = test.somebody(&token).get("/api/auth/export").await.ok();
    assert_eq!(export["adjustments"].as_array().map(Vec::len), Some(2), "{export}");
    assert_eq!(held(&test).await, [("ben@example.org".to_owned(), vec![2])]);
    let report = grant(&test.app, "autumn", &[(ada, 3)]).await.unwrap();
    assert_eq!(counts(&report), [0, 1, 0, 0], "the key is the account's: {report:?}");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn held_grants_are_taken_back_and_bounded() {
    let test = TestApp::empty().await;
    let _ = grant(&test.app, "a", &[("ada@example.org", 3), ("ben@example.org", 2)]).await.unwrap();
    let _ = grant(&test.app, "b", &[("ada@example.org", 1)]).await.unwrap();
    let taken = withdraw_all(&test.app, &key("a"), Some(email("ADA@example.org"))).await.unwrap();
    assert_eq!(taken, [(email("ada@example.org"), 3)]);
    assert_eq!(withdraw_all(&test.app, &key("a"), None).await.unwrap(), [(email("ben@example.org"), 2)]);
    assert_eq!(withdraw_all(&test.app, &key("a"), None).await.unwrap(), []);
    assert_eq!(held(&test).await, [("ada@example.org".to_owned(), vec![1])]);
    assert_eq!(register(&test.anonymous(), "ada@example.org").await.ok()["user"]["credits"], 6);
    assert_eq!(register(&test.anonymous(), "ben@example.org").await.ok()["user"]["credits"], 5);
    // What an account has got stays.
    assert_eq!(withdraw_all(&test.app, &key("b"), None).await.unwrap(), []);
    for number in 0..HELD_MAX {
        let report = grant(&test.app, &format!("key {number}"), &[("eve@example.org", 1)]).await.unwrap();
        assert_eq!(counts(&report), [0, 0, 1, 0]);
    }
    let report = grant(&test.app, "one more", &[("eve@example.org", 1)]).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 0, 1]);
    assert!(report.lines[0].ends_with("the email holds 10 grants, which is the most"), "{report:?}");
    let eve = register(&test.anonymous(), "eve@example.org").await.ok()["user"].clone();
    assert_eq!((&eve["credits"], amounts(&test, &eve).await.len()), (&json!(15), 1 + HELD_MAX));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_change_of_the_email_gives_what_the_new_one_holds() {
    let test = TestApp::empty().await;
    let (ada, ben) = (test.user("ada").await, test.user("ben").await);
    let file = [("ada@example.org", 3), ("ada.new@example.org", 4), ("ben.new@example.org", 2)];
    let report = grant(&test.app, "autumn", &file).await.unwrap();
    assert_eq!(counts(&report), [1, 0, 2, 0]);
    let _ = grant(&test.app, "winter", &[("ada.new@example.org", 6)]).await.unwrap();
    for (person, new) in [(&ada, "ada.new@example.org"), (&ben, "ben.new@example.org")] {
        let token = test.confirm_token(person, new).await;
        // Nothing is given before the link proves the address.
        assert_eq!(held(&test).await.iter().filter(|(email, _)| email == new).count(), 1);
        assert_eq!(confirm(&test, &token).await.ok()["email"], new);
    }
    // The key "autumn" was the account's before: an account gets one grant for a key.
    assert_eq!((ada.credits().await, ben.credits().await), (5 + 3 + 6, 5 + 2));
    assert_eq!(held(&test).await, []);
    // An email that an account can take back holds nothing; later it does.
    let report = grant(&test.app, "spring", &[("ada@example.org", 1)]).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 0, 1]);
    assert!(report.lines[0].contains("can take it back until 2026-03-08"), "{report:?}");
    test.pass(Duration::from_hours(8 * 24));
    let report = grant(&test.app, "spring", &[("ada@example.org", 1)]).await.unwrap();
    assert_eq!(counts(&report), [0, 0, 1, 0]);
    assert_eq!(register(&test.anonymous(), "ada@example.org").await.ok()["user"]["credits"], 6);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_imported_account_gets_what_its_email_holds_however_it_is_spelled() {
    let test = TestApp::empty().await;
    let file = [("ada@example.org", 3), ("ben@b\u{fc}cher.example", 4)];
    assert_eq!(counts(&grant(&test.app, "autumn", &file).await.unwrap()), [0, 0, 2, 0]);
    let ada = test.member("ada", Plan::Starter, 7).await;
    let ben = test.member_as("ben@b\u{fc}cher.example", "ben", Plan::Free, 1).await;
    assert_eq!((ada.credits().await, ben.credits().await), (10, 5));
    assert_eq!(held(&test).await, []);
    assert_eq!(counts(&grant(&test.app, "autumn", &file).await.unwrap()), [0, 2, 0, 0]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn verify_finds_what_cannot_be_given() {
    let test = TestApp::empty().await;
    let reason = AdjustmentReason::try_from("Class").unwrap();
    let nothing = HeldGrant { key: key("autumn"), credits: 0, reason, held_at: test.app.now() };
    let place = Mailbox::of(email("ada@example.org"));
    let done = test.app.store.hold_grant(&place, &nothing, (test.app.now(), &test.app.random)).await.unwrap();
    assert_eq!(done, Hold::Now);
    let findings = check_all(&test.app).await.unwrap();
    let wrong = ("grants of ada@example.org".to_owned(), "it holds a grant of no credits".to_owned());
    assert_eq!(findings.corrupt, [wrong]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registrations_beside_runs_of_the_file_give_each_grant_once() {
    let test = TestApp::empty().await;
    let others: Vec<App> = (0..3).map(|_| test.app_where(|_| None)).collect();
    for round in 0..tests::engine::rounds(8) {
        let address = format!("student-{round}@example.org");
        // Held before the race, or held or granted during it.
        if round % 2 == 1 {
            let _ = grant(&test.app, "held", &[(&address, 2)]).await.unwrap();
        }
        // Once a whole class at one address; then few, which are faster.
        let clients = if round == 0 { 50 } else { 6 };
        let people: Vec<Person> = (0..clients).map(|_| test.anonymous()).collect();
        let registrations = join_all(people.iter().map(|person| register(person, &address)));
        let runs = join_all(others.iter().enumerate().map(async |(number, app)| {
            for _ in 0..2 {
                grant(app, "held", &[(&address, 2)]).await?;
                grant(app, &format!("key {number}"), &[(&address, 1)]).await?;
            }
            Ok::<(), String>(())
        }));
        let (answers, runs) = tokio::join!(registrations, runs);
        let won: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
        let user = won[0].body["user"].clone();
        let is_lost = runs.iter().any(Result::is_err);
        for (number, run) in runs.into_iter().enumerate() {
            if run.is_err() {
                // Contention ended the run: it is repeated, as the command says.
                let _ = grant(&test.app, "held", &[(&address, 2)]).await.unwrap();
                let _ = grant(&test.app, &format!("key {number}"), &[(&address, 1)]).await.unwrap();
            }
        }
        let mut given = amounts(&test, &user).await;
        assert_eq!(given.remove(0), 5);
        given.sort_unstable();
        assert_eq!(given, [1, 1, 1, 2], "round {round}, repeated: {is_lost}");
        assert!(held(&test).await.iter().all(|(email, _)| *email != address), "round {round}");
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_beside_a_registration_is_given_or_taken_back_and_never_both() {
    let test = TestApp::empty().await;
    for round in 0..tests::engine::rounds(20) {
        let address = format!("student-{round}@example.org");
        for key in ["a", "b"] {
            let _ = grant(&test.app, key, &[(&address, 2)]).await.unwrap();
        }
        let (key, place) = (key("a"), Some(email(&address)));
        let (answer, taken) =
            tokio::join!(async { register(&test.anonymous(), &address).await }, withdraw_all(&test.app, &key, place));
        let taken = taken.unwrap().len();
        let user = answer.ok()["user"].clone();
        assert_eq!(amounts(&test, &user).await.len(), 3 - taken, "round {round}");
    }
    test.assert_ledgers_are_true().await;
}

/// Runs `step` with a fault at each of these calls. `prepare` and `repeat` run without faults, before and after it; `repeat` only
/// if the step failed. All get the name of the case.
async fn at_each_call(
    proxy: &Proxy,
    calls: &[usize],
    prepare: impl AsyncFn(&str),
    step: impl AsyncFn(&str) -> bool,
    repeat: impl AsyncFn(&str),
) {
    let mut hits = 0;
    for (kind, fault) in FAULTS.into_iter().enumerate() {
        for reach in [Reach::Try, Reach::Call] {
            for &nth in calls {
                let case = format!("{kind}-{reach:?}-{nth}").to_lowercase();
                prepare(&case).await;
                proxy.arm(fault, Aim { name: None, nth, reach });
                let is_done = step(&case).await;
                hits += usize::from(proxy.hits() > 0);
                proxy.disarm();
                if !is_done {
                    repeat(&case).await;
                }
            }
        }
    }
    // A conflict is possible in some calls only.
    assert!(hits >= 6 * calls.len(), "only {hits} faults were reached");
}

/// The entries of all accounts, by email.
async fn all_amounts(test: &TestApp) -> Vec<(String, Vec<i64>)> {
    let mut all = Vec::new();
    for profile in test.app.store.scan_profiles(None).await.unwrap().profiles {
        let entries = test.entries(&profile.id.to_string()).await;
        all.push((profile.email.as_str().to_owned(), entries.iter().map(|entry| entry.amount).collect()));
    }
    all
}

#[tokio::test]
async fn a_fault_at_any_call_of_a_registration_gives_what_is_held_once() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let address = |case: &str| format!("ada-{case}@example.org");
    // Two limits, the transaction that is refused, and the one that gives.
    at_each_call(
        &proxy,
        &[0, 1, 2, 3],
        async |case| drop(grant(&test.app, "autumn", &[(&address(case), 3)]).await.unwrap()),
        async |case| register(&test.anonymous(), &address(case)).await.status == 200,
        // Written, if the answer was lost.
        async |case| drop(register(&test.anonymous(), &address(case)).await),
    )
    .await;
    let all = all_amounts(&test).await;
    assert_eq!((all.len(), held(&test).await), (32, Vec::new()));
    assert!(all.iter().all(|(_, amounts)| *amounts == [5, 3]), "{all:?}");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_fault_at_any_call_of_a_change_of_the_email_gives_what_is_held_once() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let tokens = std::sync::Mutex::new(std::collections::HashMap::new());
    let token = |case: &str| tokens.lock().unwrap().get(case).cloned().unwrap_or_default();
    at_each_call(
        &proxy,
        // The transaction that is refused, the one that gives, and the one that changes the email.
        &[3, 6, 9],
        async |case| {
            let ada = test.user(&format!("ada-{case}")).await;
            let new = format!("new-{case}@example.org");
            let _ = grant(&test.app, "autumn", &[(&new, 3)]).await.unwrap();
            let _ = grant(&test.app, "winter", &[(&new, 4)]).await.unwrap();
            let token = test.confirm_token(&ada, &new).await;
            let _ = tokens.lock().unwrap().insert(case.to_owned(), token);
        },
        async |case| confirm(&test, &token(case)).await.status == 200,
        async |case| drop(confirm(&test, &token(case)).await),
    )
    .await;
    let all = all_amounts(&test).await;
    assert_eq!((all.len(), held(&test).await), (24, Vec::new()));
    for (email, amounts) in &all {
        assert!(email.starts_with("new-") && *amounts == [5, 3, 4], "{email}: {amounts:?}");
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_fault_at_any_call_of_holding_or_taking_back_leaves_nothing_half_done() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let address = |case: &str| format!("ada-{case}@example.org");
    let hold = async |case: &str| grant(&test.app, "autumn", &[(&address(case), 3)]).await.is_ok();
    at_each_call(&proxy, &[0, 1, 2], async |_| {}, hold, async |case| assert!(hold(case).await)).await;
    let all = held(&test).await;
    assert_eq!(all.len(), 24);
    assert!(all.iter().all(|(_, credits)| *credits == [3]), "{all:?}");
    let take_back =
        async |case: &str| withdraw_all(&test.app, &key("autumn"), Some(email(&address(case)))).await.is_ok();
    at_each_call(&proxy, &[0, 1], async |_| {}, take_back, async |case| assert!(take_back(case).await)).await;
    assert_eq!(held(&test).await.len(), 8, "the cases of the third call");
}
