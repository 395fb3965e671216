//! The sets of seen questions in the profile: they save reads, and no state of theirs makes anybody pay twice.

use std::collections::HashSet;

use pastpaper::import::import_d1;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, UserId};
use tests::{Person, TestApp};

const PRACTICE: &str = "/api/questions/practice";
const QUESTIONS: usize = 60;

/// A course with so many questions.
fn course(questions: usize) -> Value {
    let question = |number: usize| {
        json!({
            "id": format!("q{number}"), "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": "!",
        })
    };
    json!({
        "course": {"id": "wide", "name": "Wide"},
        "topics": [{"id": "t", "name": "T", "category": "K"}],
        "questions": (0..questions).map(question).collect::<Vec<_>>(),
    })
}

fn ids(practice: &Value) -> Vec<String> {
    practice["questions"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap().to_owned()).collect()
}

async fn practice(person: &Person, count: usize) -> Vec<String> {
    let answer = person.post(PRACTICE, json!({"course_id": "wide", "count": count})).await.ok();
    assert_eq!(answer["credits_deducted"], count);
    ids(&answer)
}

async fn unlocked(test: &TestApp, person: &Person) -> HashSet<String> {
    let user = UserId(person.id.parse().unwrap());
    let rows = test.app.store.progress(user, &CourseId::try_from("wide").unwrap()).await.unwrap();
    rows.into_keys().map(|id| id.to_string()).collect()
}

/// Buys the rest of the course in steps of at most ten, and checks that nothing was delivered twice.
async fn buy_the_rest(test: &TestApp, person: &Person, questions: usize) {
    let mut owned = unlocked(test, person).await;
    while owned.len() < questions {
        for id in practice(person, (questions - owned.len()).min(10)).await {
            assert!(owned.insert(id.clone()), "{id} was sold twice");
        }
    }
    assert_eq!(unlocked(test, person).await, owned);
}

#[tokio::test]
async fn a_purchase_reads_no_progress_while_enough_questions_are_new() {
    let test = TestApp::empty().await;
    test.import(&course(QUESTIONS)).await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 1_000).await;
    let ada = ada.through(process);
    let queries = async |count: usize| {
        let _ = practice(&ada, count).await;
        proxy
            .take_calls()
            .into_iter()
            .filter(|call| call.operation == "Query" && call.name.contains("PROGRESS"))
            .count()
    };
    let _ = queries(1).await;
    for _ in 0..5 {
        assert_eq!(queries(10).await, 0);
    }
    // Nine are new: of the others, those seen longest ago are delivered.
    assert_eq!(queries(10).await, 1);
    buy_the_rest(&test, &ada, QUESTIONS).await;
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn questions_that_a_set_misses_are_not_sold_again() {
    let test = TestApp::empty().await;
    test.import(&course(QUESTIONS)).await;
    let ada = test.member("ada", Plan::Free, 1_000).await;
    let _ = practice(&ada, 5).await;
    // A start does not change the set.
    let free: Vec<String> = (0..QUESTIONS).map(|number| format!("q{number}")).collect();
    let owned = unlocked(&test, &ada).await;
    for id in free.iter().filter(|id| !owned.contains(*id)).take(20) {
        assert_eq!(ada.post(&format!("/api/questions/{id}/start"), json!({})).await.ok()["credits_deducted"], 1);
    }
    buy_the_rest(&test, &ada, QUESTIONS).await;
    test.assert_ledgers_are_true().await;
}

/// An account without purchases counts as one without progress, until a purchase shows otherwise.
#[tokio::test]
async fn imported_progress_of_a_new_account_is_not_sold_again() {
    let test = TestApp::empty().await;
    test.import(&course(QUESTIONS)).await;
    let ada = test.member("ada", Plan::Free, 1_000).await;
    let schema = "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password_hash TEXT, created_at TEXT);
        CREATE TABLE user_progress (question_id TEXT, user_id TEXT, unlocked_at TEXT);\n";
    let row = |n: usize| format!("INSERT INTO user_progress VALUES('q{n}','{}','2025-02-01 10:00:00');", ada.id);
    let rows = (0..QUESTIONS / 2).map(row).collect::<Vec<_>>().join("\n");
    let summary = import_d1(&test.app, &format!("{schema}{rows}"), false).await.unwrap();
    assert_eq!(unlocked(&test, &ada).await.len(), QUESTIONS / 2, "{summary}");
    buy_the_rest(&test, &ada, QUESTIONS).await;
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_course_that_grows_or_loses_questions_voids_its_set() {
    let test = TestApp::empty().await;
    test.import(&course(20)).await;
    let ada = test.member("ada", Plan::Free, 1_000).await;
    buy_the_rest(&test, &ada, 20).await;
    test.import(&course(QUESTIONS)).await;
    let new: HashSet<String> = (20..QUESTIONS).map(|number| format!("q{number}")).collect();
    for _ in 0..2 {
        let delivered = practice(&ada, 10).await;
        assert!(delivered.iter().all(|id| new.contains(id)), "{delivered:?}");
    }
    // A row that is left out stays in the course.
    test.import(&course(10)).await;
    buy_the_rest(&test, &ada, QUESTIONS).await;
    test.assert_ledgers_are_true().await;
}

/// Processes whose copies of the course differ, and requests that overtake each other, refuse and choose again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_purchases_of_several_processes_sell_each_question_once() {
    let test = TestApp::empty().await;
    test.import(&course(20)).await;
    let ada = test.member("ada", Plan::Free, 1_000).await;
    let early = test.twin();
    let _ = practice(&ada.through(early.clone()), 1).await;
    test.import(&course(QUESTIONS)).await;
    let processes = [early, test.twin(), test.twin()];
    let running: Vec<_> = (0..9)
        .map(|number| {
            let person = ada.through(processes[number % 3].clone());
            tokio::spawn(async move {
                let body = json!({"course_id": "wide", "count": 2});
                loop {
                    let answer = person.post_once(PRACTICE, &number.to_string(), body.clone()).await;
                    if answer.status.as_u16() != 503 {
                        return answer.ok();
                    }
                }
            })
        })
        .collect();
    let mut delivered = HashSet::new();
    for request in running {
        for id in ids(&request.await.unwrap()) {
            assert!(delivered.insert(id.clone()), "{id} was sold twice");
        }
    }
    assert_eq!((delivered.len(), unlocked(&test, &ada).await.len()), (18, 19));
    assert_eq!(ada.credits().await, 1_000 - 19);
    test.assert_ledgers_are_true().await;
}
