//! Vouchers: redeemed once a user, never more often than allowed, and booked in the ledger.

use std::time::Duration;

use clap::Parser;
use futures_util::future::join_all;
use pastpaper::voucher::{self, Command, Create};
use serde_json::{Value, json};
use shared::domain::credits::{EntryType, Plan};
use shared::domain::id::UserId;
use shared::domain::vouchers::VoucherCode;
use shared::store::{RedeemError, Store};
use tests::engine::rounds;
use tests::proxy::{Aim, Fault, Reach};
use tests::{PASSWORD, Person, TestApp};

const REDEEM: &str = "/api/credits/redeem";
/// The end of the vouchers: the clock begins on 1 March 2026 at noon.
const UNTIL: &str = "2026-03-02";
/// Races of the transaction.
const ROUNDS: usize = 20;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn order(words: &str) -> Create {
    let Cli { command: Command::Create(create) } =
        Cli::parse_from(["voucher", "create"].into_iter().chain(words.split(' ')))
    else {
        panic!("{words}")
    };
    create
}

/// Creates a voucher and returns its code.
async fn create(test: &TestApp, words: &str) -> String {
    let said = voucher::create(&test.app, &order(&format!("{words} --until {UNTIL}"))).await.unwrap();
    said.lines().next().unwrap().strip_prefix("code  ").unwrap().to_owned()
}

async fn redeem(person: &Person, code: &str) -> tests::Answer {
    person.post(REDEEM, json!({"code": code})).await
}

#[tokio::test]
async fn a_voucher_is_booked_once_and_the_first_answer_is_given_again() {
    let test = TestApp::start().await;
    let (ada, ben) = (test.member("ada", Plan::Free, 2).await, test.member("ben", Plan::Free, 0).await);
    let code = create(&test, "--credits 5 --uses 2").await;
    let first = redeem(&ada, &code).await.ok();
    assert_eq!(first, json!({"credits_granted": 5, "credits": 7, "redeemed_at": "2026-03-01T12:00:00.000Z"}));
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    test.pass(Duration::from_mins(1));
    for spelling in [code.clone(), code.to_lowercase(), code.replace('-', ""), format!(" {} ", code.replace('-', " "))]
    {
        assert_eq!(redeem(&ada, &spelling).await.ok(), first, "{spelling}");
    }
    let entries = test.entries(&ada.id).await;
    assert_eq!(entries.len(), 3);
    assert_eq!((entries[1].kind, entries[1].amount, entries[1].balance_after), (EntryType::Adjustment, 5, 7));
    assert_eq!(entries[1].description.as_deref(), Some("Voucher"));
    assert_eq!(redeem(&ben, &code).await.ok()["credits"], 5);
    assert_eq!(ada.credits().await, 6);
    let export = ada.get("/api/auth/export").await.ok();
    assert_eq!(
        (export["vouchers"].as_array().map(Vec::len), &export["vouchers"][0]["credits_granted"]),
        (Some(1), &json!(5))
    );
    assert!(!export.to_string().contains(&code.replace('-', "")), "the code is not stored");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn unknown_used_up_expired_and_stopped_codes_have_one_error() {
    let test = TestApp::start().await;
    let (ada, ben) = (test.member("ada", Plan::Free, 0).await, test.member("ben", Plan::Free, 0).await);
    let (used, stopped) = (create(&test, "--credits 5 --uses 1").await, create(&test, "--credits 5 --uses 9").await);
    let expired = create(&test, "--credits 5 --uses 9 --code spring-2026").await;
    assert_eq!(expired, "SPRING2026");
    for code in [&used, &stopped] {
        let _ = redeem(&ada, code).await.ok();
    }
    let said = voucher::stop(&test.app, &stopped).await.unwrap();
    assert!(said.ends_with("it was redeemed 1 times."), "{said}");
    // The day of `--until` is over.
    test.pass(Duration::from_hours(36));
    let mut problems = Vec::new();
    for code in [&used, &stopped, &expired, "no such code", "💩", &"x".repeat(100)] {
        let mut problem = redeem(&ben, code).await.problem(404, "not_found");
        problem["request_id"] = Value::Null;
        problems.push(problem);
    }
    assert!(problems.iter().all(|problem| problem == &problems[0]), "{problems:#?}");
    // Who redeemed it before sees the first answer still.
    assert_eq!(redeem(&ada, &used).await.ok()["credits"], 5);
    assert_eq!(redeem(&ada, &stopped).await.ok()["credits"], 10);
    assert_eq!((ada.credits().await, ben.credits().await), (10, 0));
    for (bad, status, code) in [
        (json!({}), 400, "missing_field"),
        (json!({"code": " "}), 400, "missing_field"),
        (json!({"code": "x".repeat(101)}), 422, "invalid_field"),
        (json!({"code": 7}), 422, "invalid_field"),
    ] {
        let _ = ben.post(REDEEM, bad).await.problem(status, code);
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_voucher_ends_with_its_day() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 0).await;
    let code = create(&test, "--credits 5 --uses 9").await;
    test.pass(Duration::from_secs(36 * 3_600 - 1));
    let _ = redeem(&ada, &code).await.ok();
    let late = voucher::create(&test.app, &order("--credits 5 --uses 1 --until 2026-03-01")).await.unwrap_err();
    assert_eq!(late.to_string(), "--until 2026-03-01 is over");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_uses_raced_by_fifty_clients_are_five() {
    let test = TestApp::start().await;
    let processes: Vec<_> = (0..4).map(|_| test.twin()).collect();
    let mut people = Vec::new();
    for number in 0..25 {
        people.push(test.member(&format!("p{number}"), Plan::Free, 0).await);
    }
    let mut expected = vec![0; people.len()];
    for round in 0..rounds(10) {
        let code = create(&test, "--credits 3 --uses 5").await;
        // Each person sends two requests at the same time.
        let clients: Vec<_> = (0..50)
            .map(|client| {
                let person = people[client / 2].through(processes[client % 4].clone());
                let code = code.clone();
                tokio::spawn(async move {
                    loop {
                        let answer = redeem(&person, &code).await;
                        if answer.status != 503 {
                            return answer;
                        }
                    }
                })
            })
            .collect();
        let answers: Vec<_> = join_all(clients).await.into_iter().map(Result::unwrap).collect();
        let mut winners = 0;
        for (number, pair) in answers.chunks(2).enumerate() {
            let is_winner = pair.iter().any(|answer| answer.status == 200);
            for answer in pair {
                if is_winner && answer.status == 200 {
                    assert_eq!(answer.body["credits"], expected[number] + 3, "round {round}");
                } else {
                    // One of two requests at the same time may come too early to see the other's success.
                    let _ = answer.clone().problem(404, "not_found");
                }
            }
            if is_winner {
                winners += 1;
                expected[number] += 3;
            }
        }
        assert_eq!(winners, 5, "round {round}");
        assert!(test.app.store.vouchers().await.unwrap().iter().all(|voucher| voucher.uses == 5));
    }
    for (person, expected) in people.iter().zip(expected) {
        assert_eq!(person.credits().await, expected);
    }
    test.assert_ledgers_are_true().await;
}

/// The transaction alone, in more rounds than the requests above. `VOUCHER_ROUNDS=200` looks longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_uses_are_five_in_every_round() {
    let test = TestApp::start().await;
    let stores: Vec<_> = (0..4).map(|_| Store::connect(&test.app.config.database)).collect();
    let mut profiles = Vec::new();
    for number in 0..50 {
        let person = test.member(&format!("p{number}"), Plan::Free, 0).await;
        profiles.push(test.app.store.profile(UserId(person.id.parse().unwrap())).await.unwrap().unwrap());
    }
    let mut redeemed = 0;
    let asked = std::env::var("VOUCHER_ROUNDS").ok().map(|text| text.parse().unwrap());
    for round in 0..asked.unwrap_or_else(|| rounds(ROUNDS)) {
        let id = VoucherCode::typed(&create(&test, "--credits 3 --uses 5").await).id();
        let voucher = test.app.store.voucher(&id).await.unwrap().unwrap();
        let race = profiles
            .iter()
            .zip(stores.iter().cycle())
            .map(|(profile, store)| store.redeem(profile.clone(), &voucher, test.app.now(), &test.app.random));
        let ended = join_all(race).await;
        let won = ended.iter().filter(|end| end.is_ok()).count();
        let refused = ended.iter().filter(|end| matches!(end, Err(RedeemError::Refused))).count();
        assert_eq!((won, refused), (5, 45), "round {round}: {ended:?}");
        assert_eq!(test.app.store.voucher(&id).await.unwrap().unwrap().uses, 5);
        redeemed += won;
    }
    let mut entries = 0;
    for profile in profiles {
        entries += test.app.store.entries(profile.id).await.unwrap().len() - 1;
    }
    assert_eq!(entries, redeemed);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn two_requests_for_the_last_use_both_succeed_for_its_user() {
    let test = TestApp::start().await;
    for round in 0..10 {
        let ada = test.member(&format!("ada{round}"), Plan::Free, 0).await;
        let code = create(&test, "--credits 3 --uses 1").await;
        let answers = join_all((0..4).map(|_| redeem(&ada, &code))).await;
        for answer in answers {
            assert_eq!(answer.ok()["credits"], 3);
        }
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_deleted_account_takes_its_redemption_with_it_and_the_use_stays_counted() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let code = create(&test, "--credits 3 --uses 2").await;
    let _ = redeem(&ada, &code).await.ok();
    let body = Some(json!({"password": PASSWORD}).to_string());
    let json_type = [("content-type", "application/json")];
    let _ = ada.send(axum::http::Method::DELETE, "/api/auth/account", body, &json_type).await.ok();
    assert_eq!(test.app.store.voucher(&VoucherCode::typed(&code).id()).await.unwrap().unwrap().uses, 1);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_operator_creates_lists_and_stops() {
    let test = TestApp::start().await;
    assert_eq!(voucher::list(&test.app).await.unwrap(), "There is no voucher.");
    let code = create(&test, "--credits 5 --uses 200 --note Class-A").await;
    let listed = voucher::list(&test.app).await.unwrap();
    let id = listed.split(' ').next().unwrap().to_owned();
    assert!(listed.contains("open") && listed.contains("0 of 200 used") && listed.ends_with("Class-A"), "{listed}");
    assert!(!listed.contains(&code) && !listed.contains(&code.replace('-', "")), "{listed}");
    let own = order(&format!("--credits 5 --uses 2 --until {UNTIL} --code Spring-2026"));
    let _ = voucher::create(&test.app, &own).await.unwrap();
    // The same item at the same time counts as a repetition of one call.
    test.pass(Duration::from_secs(1));
    let twice = voucher::create(&test.app, &own).await.unwrap_err();
    assert_eq!(twice.to_string(), "a voucher has this code already");
    let _ = voucher::stop(&test.app, &id).await.unwrap();
    let _ = voucher::stop(&test.app, "spring 2026").await.unwrap();
    let listed = voucher::list(&test.app).await.unwrap();
    assert_eq!(listed.matches("  stopped  ").count(), 2, "{listed}");
    assert!(voucher::stop(&test.app, "none").await.is_err());
    for bad in [
        "--credits 0 --uses 1 --until 2026-03-02",
        "--credits 1001 --uses 1 --until 2026-03-02",
        "--credits 1 --uses 0 --until 2026-03-02",
        "--credits 1 --uses 1 --until tomorrow",
        "--credits 1 --uses 1 --until 2026-02-30",
        "--credits 1 --uses 1 --until 2026-03-02 --code abc",
    ] {
        assert!(Cli::try_parse_from(["voucher", "create"].into_iter().chain(bad.split(' '))).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_voucher_created_with_a_lost_answer_exists_once() {
    let (test, proxy) = TestApp::behind_proxy().await;
    for fault in [Fault::ErrorBefore, Fault::ErrorAfter, Fault::LostAnswer] {
        let before = test.app.store.vouchers().await.unwrap().len();
        proxy.arm(fault, Aim { name: None, nth: 0, reach: Reach::Try });
        let _ = create(&test, "--credits 5 --uses 1").await;
        assert!(proxy.hits() > 0);
        proxy.disarm();
        assert_eq!(test.app.store.vouchers().await.unwrap().len(), before + 1, "{fault:?}");
    }
}
