//! The sets of seen questions in the profile: they save reads, and no state of theirs makes anybody pay twice.

use std::collections::HashSet;

use pastpaper::import::import_d1;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, UserId};
use tests::proxy::{Call, Proxy};
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

/// A midterm of eight questions, with a key.
async fn midterm(person: &Person, key: &str) -> Value {
    let body = json!({"course_id": "wide", "config": {"question_count": 8}});
    let answer = person.post_once("/api/midterm/generate", key, body).await.ok();
    assert_eq!(ids(&answer).len(), 8);
    answer
}

fn queries_of_progress(proxy: &Proxy) -> usize {
    let is_it = |call: &Call| call.operation == "Query" && call.name.contains("PROGRESS");
    proxy.take_calls().iter().filter(|call| is_it(call)).count()
}

/// What the calls so far have read and written. Complete questions are not counted, because they are cached, and neither is the
/// counter that one request in ten writes.
fn units(proxy: &Proxy) -> (f64, f64) {
    let calls = proxy.take_calls();
    let is_counted = |call: &&Call| call.operation != "UpdateItem" && !call.name.contains("QUESTION#");
    let of_student = calls.iter().filter(is_counted);
    of_student.fold((0.0, 0.0), |(read, write), call| (read + call.read_units, write + call.write_units))
}

/// Gives the student the first questions, as an import of an old service does.
async fn import_progress(test: &TestApp, person: &Person, questions: usize) {
    let schema = "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password_hash TEXT, created_at TEXT);
        CREATE TABLE user_progress (question_id TEXT, user_id TEXT, unlocked_at TEXT);\n";
    let row = |n: usize| format!("INSERT INTO user_progress VALUES('q{n}','{}','2025-02-01 10:00:00');", person.id);
    let rows = (0..questions).map(row).collect::<Vec<_>>().join("\n");
    let summary = import_d1(&test.app, &format!("{schema}{rows}"), false).await.unwrap();
    assert_eq!(unlocked(test, person).await.len(), questions, "{summary}");
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
        queries_of_progress(&proxy)
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

/// Midterms of eight take all questions but four; the next one has to deliver older ones.
#[tokio::test]
async fn a_midterm_reads_no_progress_while_enough_questions_are_new() {
    let test = TestApp::empty().await;
    test.import(&course(QUESTIONS)).await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let ada = ada.through(process);
    let mut delivered = HashSet::new();
    for number in 0..QUESTIONS / 8 {
        let midterm = midterm(&ada, &format!("midterm {number}")).await;
        assert_eq!((queries_of_progress(&proxy), &midterm["fit"]["seen_before"]), (0, &json!(0)), "{number}");
        assert!(ids(&midterm).into_iter().all(|id| delivered.insert(id)), "{number}: sold twice");
    }
    let last = midterm(&ada, "last midterm").await;
    assert_eq!((queries_of_progress(&proxy), &last["fit"]["seen_before"]), (1, &json!(4)));
    assert_eq!(unlocked(&test, &ada).await.len(), QUESTIONS);
    test.assert_ledgers_are_true().await;
}

/// A start does not change the set, so the midterm that it misleads is refused once and chooses again.
#[tokio::test]
async fn a_midterm_has_no_started_question_while_enough_are_new() {
    let test = TestApp::empty().await;
    test.import(&course(QUESTIONS)).await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = midterm(&ada, "first midterm").await;
    let process = test.twin();
    let owned = unlocked(&test, &ada).await;
    let started: Vec<String> =
        (0..QUESTIONS).map(|number| format!("q{number}")).filter(|id| !owned.contains(id)).collect();
    for id in &started[..40] {
        // The bank is not in the memory of this process.
        let _ = ada.through(process.clone()).post(&format!("/api/questions/{id}/start"), json!({})).await.ok();
    }
    let next = midterm(&ada, "next midterm").await;
    assert_eq!(next["fit"]["seen_before"], 0);
    assert!(ids(&next).iter().all(|id| started[40..].contains(id)), "{next}");
    assert_eq!(unlocked(&test, &ada).await.len(), 8 + 40 + 8);
    test.assert_ledgers_are_true().await;
}

/// The units of a purchase that delivers new questions depend on their number, not on what the student has.
#[tokio::test]
async fn a_purchase_costs_the_same_however_many_questions_are_unlocked() {
    const WIDE: usize = 700;
    let test = TestApp::empty().await;
    test.import(&course(WIDE)).await;
    let (process, proxy) = test.twin_behind_proxy().await;
    // Loads what a process caches.
    let _ = midterm(&test.member("eve", Plan::Unlimited, 0).await.through(process.clone()), "midterm").await;
    let mut costs = Vec::new();
    for (name, owned) in [("ada", 10), ("bob", 600)] {
        let person = test.member(name, Plan::Free, 1_000).await;
        import_progress(&test, &person, owned).await;
        let person = person.through(process.clone());
        // After a start the student has bought something, so the first purchase reads what the import wrote.
        let _ = person.post("/api/questions/q650/start", json!({})).await.ok();
        let _ = practice(&person, 1).await;
        assert_eq!(queries_of_progress(&proxy), 1, "{name}");
        let mut measured = Vec::new();
        for count in [2, 20] {
            let body = json!({"course_id": "wide", "count": count});
            let answer = person.post_once(PRACTICE, &format!("practice of {count}"), body).await.ok();
            assert_eq!(ids(&answer).len(), count);
            measured.push(units(&proxy));
        }
        let bundle = person.post_once("/api/questions/bundle", "bundle", json!({"course_id": "wide"})).await.ok();
        assert_eq!(ids(&bundle).len(), 3);
        measured.push(units(&proxy));
        let _ = midterm(&person, "midterm").await;
        measured.push(units(&proxy));
        assert_eq!(unlocked(&test, &person).await.len(), owned + 1 + 1 + 2 + 20 + 3 + 8);
        costs.push(measured);
    }
    let written: Vec<f64> = costs[0].iter().map(|(_, write)| *write).collect();
    // Profile, entry, record, and two questions or a delivery; the midterm itself besides.
    assert_eq!(written, [10.0, 8.0, 8.0, 10.0]);
    assert_eq!(costs[0], costs[1]);
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
    import_progress(&test, &ada, QUESTIONS / 2).await;
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
