//! Races of purchases with each other, with attempts, with an import and with the deletion of the account, in processes that
//! store deliveries and in those that store an item for each question.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::QuestionId;
use tests::engine::rounds;
use tests::{Answer, Person, TestApp};

use crate::deliveries::{PRACTICE, course, ids, imported, practice, rows, single, stored, user};

const ROUNDS: usize = 30;
/// Maximum retries of a client after 503.
const PATIENCE: usize = 30;

/// Sends a request until it is not refused with 503.
async fn insist(person: &Person, path: &str, key: &str, body: Value) -> Answer {
    for _ in 0..PATIENCE {
        let answer = person.post_once(path, key, body.clone()).await;
        if answer.status.as_u16() != 503 {
            return answer;
        }
    }
    panic!("{path}: always 503");
}

/// Lets the other tasks go first, for another while in each round.
async fn later(round: usize) {
    for _ in 0..(round % 12) * 40 {
        tokio::task::yield_now().await;
    }
}

fn processes(test: &TestApp) -> Vec<Router> {
    vec![test.twin(), single(test), test.twin(), single(test)]
}

/// Sends all requests at once, each through the next process.
async fn at_once(person: &Person, processes: &[Router], requests: &[(String, Value)]) -> Vec<Answer> {
    let running = requests.iter().cloned().enumerate().map(|(number, (path, body))| {
        let person = person.through(processes[number % processes.len()].clone());
        tokio::spawn(async move { insist(&person, &path, &number.to_string(), body).await })
    });
    join_all(running).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn purchases_at_once_sell_each_question_once() {
    let test = TestApp::empty().await;
    test.import(&course(60)).await;
    let processes = processes(&test);
    for round in 0..rounds(ROUNDS) {
        let ada = test.member(&format!("ada{round}"), Plan::Free, 200).await;
        if round % 3 == 1 {
            let _ = practice(&ada.through(processes[round % 4].clone()), 4).await;
        }
        let before = rows(&test, &ada).await.len();
        let paid_before = 200 - ada.credits().await;
        let of = |path: &str, body: Value| (path.to_owned(), body);
        let mut requests = vec![
            of(PRACTICE, json!({"course_id": "wide", "count": 7})),
            of(PRACTICE, json!({"course_id": "wide", "count": 5})),
            of("/api/questions/bundle", json!({"course_id": "wide"})),
            of("/api/midterm/generate", json!({"course_id": "wide", "config": {"question_count": 8}})),
            of(PRACTICE, json!({"course_id": "wide", "count": 2})),
        ];
        requests.extend((0..4).map(|number| (format!("/api/questions/q{}/start", 9 * number + round), json!({}))));
        // Other orders meet other processes.
        let shift = round % requests.len();
        requests.rotate_left(shift);
        let answers = at_once(&ada, &processes, &requests).await;
        let mut sold: BTreeMap<String, usize> = BTreeMap::new();
        let mut paid = paid_before;
        for ((path, _), answer) in requests.iter().zip(answers) {
            let answer = answer.ok();
            let deducted = answer["credits_deducted"].as_u64().unwrap();
            paid += deducted;
            if let Some(id) = path.strip_suffix("/start") {
                let id = id.rsplit('/').next().unwrap();
                *sold.entry(id.to_owned()).or_default() += usize::try_from(deducted).unwrap();
            } else {
                for id in ids(&answer) {
                    *sold.entry(id).or_default() += 1;
                }
            }
        }
        let twice: Vec<&String> = sold.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id).collect();
        assert!(twice.is_empty(), "round {round}: {twice:?} sold twice");
        let new = sold.values().sum::<usize>();
        assert_eq!(rows(&test, &ada).await.len(), before + new, "round {round}");
        assert_eq!(ada.credits().await, 200 - paid, "round {round}");
    }
    test.assert_ledgers_are_true().await;
}

/// The first attempts on a delivered question meet each other, requests for its solution, and a purchase that delivers it again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_attempts_at_once_are_counted_each() {
    let test = TestApp::empty().await;
    test.import(&course(5)).await;
    let processes = processes(&test);
    for round in 0..rounds(ROUNDS) {
        let ada = test.member(&format!("ada{round}"), Plan::Unlimited, 0).await;
        let bought_at = test.app.now();
        let order = json!({"course_id": "wide", "count": 5});
        let _ = ada.post(PRACTICE, order.clone()).await.ok();
        test.pass(Duration::from_secs(1));
        let submit = ("/api/questions/q1/submit".to_owned(), json!({"answer": "4"}));
        let solution = ("/api/questions/q1/solution".to_owned(), json!({}));
        let requests = [submit.clone(), solution, submit.clone(), (PRACTICE.to_owned(), order), submit];
        for answer in at_once(&ada, &processes, &requests).await {
            let _ = answer.ok();
        }
        let rows = rows(&test, &ada).await;
        let row = &rows[&QuestionId::try_from("q1").unwrap()];
        assert_eq!((row.attempts, row.correct_attempts, row.unlocked_at), (3, 3, bought_at), "round {round}");
        assert!(row.opened_at.is_some() && row.seen_at == test.app.now() && rows.len() == 5, "round {round}");
    }
    test.assert_ledgers_are_true().await;
}

/// Whatever meets the deletion, nothing is left of the account.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_an_account_that_is_deleted_meanwhile() {
    let test = TestApp::empty().await;
    test.import(&course(60)).await;
    let (_, proxy) = test.app_behind_proxy().await;
    let processes = processes(&test);
    for round in 0..rounds(ROUNDS) {
        let ada = test.member(&format!("ada{round}"), Plan::Unlimited, 0).await;
        let owned: Vec<String> = practice_free(&ada, 6).await.into_iter().collect();
        let order = (PRACTICE.to_owned(), json!({"course_id": "wide", "count": 5}));
        let mut requests = vec![order.clone(), order];
        for (id, what, body) in [
            (&owned[0], "submit", json!({"answer": "4"})),
            (&owned[1], "submit", json!({"answer": "5"})),
            (&owned[2], "solution", json!({})),
            (&owned[3], "solution", json!({})),
        ] {
            requests.push((format!("/api/questions/{id}/{what}"), body));
        }
        let deletion = async {
            later(round).await;
            let profile = test.app.store.profile(user(&ada)).await.unwrap().unwrap();
            let ledger = test.app.store.begin_closing(profile, test.app.now(), &test.app.random).await.unwrap();
            test.app.store.finish_closing(user(&ada), ledger.unwrap(), None, &test.app.random).await.unwrap();
        };
        let (_, ()) = tokio::join!(at_once(&ada, &processes, &requests), deletion);
        let left = proxy.partition(&test.app.config.database.table_name, &format!("USER#{}", ada.id)).await;
        let of_studies = |item: &&Value| ["Delivery", "Progress"].contains(&item["entity"]["S"].as_str().unwrap());
        assert_eq!(left.iter().filter(of_studies).count(), 0, "round {round}: {left:#?}");
    }
    test.assert_ledgers_are_true().await;
}

async fn practice_free(person: &Person, count: usize) -> BTreeSet<String> {
    ids(&person.post(PRACTICE, json!({"course_id": "wide", "count": count})).await.ok())
}

/// An import of studies writes only what is locked, and a purchase sells nothing that was imported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_beside_purchases_gives_nothing_that_is_sold() {
    let test = TestApp::empty().await;
    test.import(&course(120)).await;
    let (app, proxy) = test.app_behind_proxy().await;
    let processes = vec![test.twin()];
    for round in 0..rounds(ROUNDS) {
        let ada = test.member(&format!("ada{round}"), Plan::Unlimited, 0).await;
        if round % 2 == 1 {
            let _ = practice_free(&ada, 3).await;
        }
        let studies = imported(&test, 0..70);
        let order = (PRACTICE.to_owned(), json!({"course_id": "wide", "count": 10}));
        let requests = vec![order; 4];
        let import = async {
            later(round).await;
            // A student who is faster again and again makes it give up: the operator repeats it.
            while app.store.write_studies(user(&ada), &studies, false).await.is_err() {}
        };
        let (answers, ()) = tokio::join!(at_once(&ada, &processes, &requests), import);
        let mut bought: Vec<String> = answers.into_iter().flat_map(|answer| ids(&answer.ok())).collect();
        bought.sort();
        let (delivered, items) = stored(&test, &proxy, &ada).await;
        let twice: Vec<&String> = delivered.iter().filter(|id| items.contains(id)).collect();
        assert!(twice.is_empty(), "round {round}: {twice:?}");
        let distinct: BTreeSet<&String> = bought.iter().collect();
        assert_eq!((distinct.len(), bought.iter().all(|id| delivered.contains(id))), (40, true), "round {round}");
    }
    test.assert_ledgers_are_true().await;
}
