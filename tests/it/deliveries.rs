//! Questions that were bought together and are stored as one item: every request finds them as it finds the others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use pastpaper::calibrate::calibrate_all;
use pastpaper::course;
use pastpaper::import::import_d1;
use pastpaper::items::{published, report};
use pastpaper::verify::check_all;
use serde_json::{Value, json};
use shared::domain::account::profile::Profile;
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::settings::{DELIVERIES, Deliveries};
use shared::domain::study::progress::{Progress, Rows};
use shared::store::{ImportedStudies, keys};
use tests::proxy::{Aim, Call, Fault, Proxy, Reach};
use tests::{Person, TestApp};

use crate::large_data::{fill, item};

pub(crate) const PRACTICE: &str = "/api/questions/practice";

pub(crate) fn wide() -> CourseId {
    CourseId::try_from("wide").unwrap()
}

pub(crate) fn user(person: &Person) -> UserId {
    UserId(person.id.parse().unwrap())
}

/// A course of questions with these ids, of two topics by turns.
pub(crate) fn course_of<'a>(ids: impl IntoIterator<Item = &'a str>) -> Value {
    let question = |(number, id): (usize, &str)| {
        json!({
            "id": id, "topic_id": format!("t{}", number % 2), "question_text": "2 + 2?", "solution_steps": ["Add."],
            "answer": "4", "answer_type": "numeric",
        })
    };
    json!({
        "course": {"id": "wide", "name": "Wide"},
        "topics": [{"id": "t0", "name": "T", "category": "K"}, {"id": "t1", "name": "U", "category": "K"}],
        "questions": ids.into_iter().enumerate().map(question).collect::<Vec<_>>(),
    })
}

/// A course of so many questions.
pub(crate) fn course(questions: usize) -> Value {
    let ids: Vec<String> = (0..questions).map(|number| format!("q{number}")).collect();
    course_of(ids.iter().map(String::as_str))
}

pub(crate) fn ids(answer: &Value) -> BTreeSet<String> {
    answer["questions"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn practice(person: &Person, count: usize) -> BTreeSet<String> {
    let answer = person.post(PRACTICE, json!({"course_id": "wide", "count": count})).await.ok();
    assert_eq!(answer["credits_deducted"], count);
    let delivered = ids(&answer);
    assert_eq!(delivered.len(), count);
    delivered
}

/// A process that stores an item for each question.
pub(crate) fn single(test: &TestApp) -> Router {
    test.twin_where(|name| (name == DELIVERIES).then(|| Some(Deliveries::Single.as_str().to_owned())))
}

pub(crate) async fn rows(test: &TestApp, person: &Person) -> Rows {
    test.app.store.progress(user(person), &wide()).await.unwrap()
}

/// The questions that deliveries name, and those that have an item.
pub(crate) async fn stored(test: &TestApp, proxy: &Proxy, person: &Person) -> (Vec<String>, Vec<String>) {
    let (mut delivered, mut single) = (Vec::new(), Vec::new());
    for item in proxy.partition(&test.app.config.database.table_name, &format!("USER#{}", person.id)).await {
        match item["entity"]["S"].as_str() {
            Some("Delivery") => {
                let ids = item["question_ids"]["L"].as_array().unwrap().iter();
                delivered.extend(ids.map(|id| id["S"].as_str().unwrap().to_owned()));
            }
            Some("Progress") => single.push(item["question_id"]["S"].as_str().unwrap().to_owned()),
            _ => {}
        }
    }
    delivered.sort();
    single.sort();
    (delivered, single)
}

async fn profile(test: &TestApp, person: &Person) -> Profile {
    test.app.store.profile(user(person)).await.unwrap().unwrap()
}

fn question(id: &str) -> QuestionId {
    QuestionId::try_from(id).unwrap()
}

pub(crate) fn imported(test: &TestApp, numbers: impl Iterator<Item = usize>) -> ImportedStudies {
    let row = |number: usize| Progress {
        course_id: wide(),
        question_id: question(&format!("q{number}")),
        unlocked_at: test.app.now() - Duration::from_hours(24),
        solution_at: None,
        opened_at: None,
        seen_at: test.app.now() - Duration::from_hours(24),
        attempts: 0,
        correct_attempts: 0,
        was_correct: None,
        time_spent_seconds: 0,
        review: None,
        delivered_by: None,
    };
    ImportedStudies { progress: numbers.map(row).collect(), enrollments: Vec::new() }
}

/// Each request is answered by a process with nothing in memory, by a warm one, and after an import that voids the set.
#[tokio::test]
async fn every_request_finds_a_delivered_question() {
    let test = TestApp::empty().await;
    test.import(&course(40)).await;
    let (_, proxy) = test.app_behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 100).await;
    let bought_at = test.app.now();
    let delivered = practice(&ada, 6).await;
    assert_eq!(stored(&test, &proxy, &ada).await, (delivered.iter().cloned().collect(), vec![]));
    test.pass(Duration::from_hours(1));
    let ada = test.renewed(&ada).await;
    let mut left: Vec<&String> = delivered.iter().collect();
    let mut tried = BTreeSet::new();
    for (round, process) in [test.twin(), ada.router(), ada.router()].into_iter().enumerate() {
        if round == 2 {
            test.import(&course(50)).await;
            test.pass(Duration::from_mins(1));
        }
        let ada = ada.through(process);
        let (one, other) = (left.pop().unwrap(), left.pop().unwrap());
        let path = |id: &str, what: &str| format!("/api/questions/{id}{what}");
        // Nothing is stored by a look.
        let shown = ada.get(&path(one, "")).await.ok()["question"].clone();
        assert_eq!((&shown["locked"], &shown["answer"]), (&json!(false), &json!("4")));
        assert_eq!(ada.get(&path(one, "/preview-answer?answer=4")).await.ok()["readable"], true);
        let listed = ada.get("/api/questions?course_id=wide&limit=100").await.ok();
        let open = listed["questions"].as_array().unwrap().iter().filter(|question| question["locked"] == false);
        assert!(open.clone().all(|question| question["answer"] == "4"));
        let open: BTreeSet<String> = open.map(|question| question["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(open, delivered);
        let started = ada.post(&path(one, "/start"), json!({})).await.ok();
        assert_eq!(started["credits_deducted"], 0);
        assert_eq!(stored(&test, &proxy, &ada).await.1, tried.iter().cloned().collect::<Vec<String>>());
        // An attempt and a request for the solution create the item, which keeps the times of the delivery.
        let marked = ada.post(&path(one, "/submit"), json!({"answer": "4"})).await.ok();
        assert_eq!((&marked["correct"], &marked["attempts"]), (&json!(true), &json!(1)));
        let again = ada.post(&path(one, "/submit"), json!({"answer": "5"})).await.ok();
        assert_eq!((&again["correct"], &again["attempts"]), (&json!(false), &json!(2)));
        assert_eq!(ada.post(&path(other, "/solution"), json!({})).await.ok()["answer"], "4");
        let _ = ada.post(&path(other, "/solution"), json!({})).await.ok();
        tried.extend([one.clone(), other.clone()]);
        let rows = rows(&test, &ada).await;
        assert_eq!(rows.len(), delivered.len());
        for id in &delivered {
            let row = &rows[&question(id)];
            assert_eq!((row.unlocked_at, row.seen_at, row.solution_at), (bought_at, bought_at, Some(bought_at)));
            assert_eq!(row.delivered_by.is_none(), tried.contains(id));
            assert_eq!(row.attempts > 0, tried.contains(id) && row.opened_at.is_none());
        }
        let progress = ada.get("/api/assessment/progress?course_id=wide").await.ok();
        assert_eq!((&progress["questions_unlocked"], &progress["questions_attempted"]), (&json!(6), &json!(round + 1)));
    }
    let complaint = json!({"reason": "wrong_key"});
    let one = delivered.first().unwrap();
    let _ = ada.post(&format!("/api/questions/{one}/report"), complaint.clone()).await.ok();
    let locked = (0..40).map(|number| format!("q{number}")).find(|id| !delivered.contains(id)).unwrap();
    let _ = ada.post(&format!("/api/questions/{locked}/report"), complaint).await.problem(409, "not_started");
    let _ = ada.post(&format!("/api/questions/{locked}/solution"), json!({})).await.problem(409, "not_started");
    // Three of the six were tried.
    let _ = calibrate_all(&test.app).await.unwrap();
    let published = published(&test.app, "wide").await.unwrap().unwrap();
    for report in [report(&test.app, "wide").await.unwrap(), published] {
        let omitted: BTreeSet<String> =
            report.rows.iter().filter(|row| row.omitted == 1).map(|row| row.id.to_string()).collect();
        assert_eq!((omitted.len(), report.rows.iter().map(|row| row.omitted).sum::<u32>()), (3, 3));
        assert!(omitted.is_subset(&delivered));
    }
    let export = ada.get("/api/auth/export").await.ok();
    let exported = export["deliveries"][0]["question_ids"].as_array().unwrap().len();
    assert_eq!((exported, export["progress"].as_array().unwrap().len()), (6, 6));
    assert_eq!(ada.credits().await, 94);
    test.assert_ledgers_are_true().await;
}

/// A question that was started has no solution until a purchase includes it; an item says what was delivered last.
#[tokio::test]
async fn a_question_that_is_delivered_again_has_an_item() {
    let test = TestApp::empty().await;
    test.import(&course(8)).await;
    let (_, proxy) = test.app_behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 100).await;
    let _ = practice(&ada, 4).await;
    let bought_at = test.app.now();
    let known = rows(&test, &ada).await;
    let started = (0..8).map(|number| format!("q{number}")).find(|id| !known.contains_key(&question(id))).unwrap();
    assert_eq!(ada.post(&format!("/api/questions/{started}/start"), json!({})).await.ok()["credits_deducted"], 1);
    let of_started = format!("/api/questions/{started}");
    assert_eq!(ada.get(&of_started).await.ok()["question"]["answer"], Value::Null);
    test.pass(Duration::from_mins(10));
    // Three are new, and five are delivered again.
    let all = practice(&ada, 8).await;
    assert!(all.contains(&started));
    let (delivered, single) = stored(&test, &proxy, &ada).await;
    assert_eq!((delivered.len(), single.len()), (7, 5));
    assert_eq!(ada.get(&of_started).await.ok()["question"]["answer"], "4");
    let now = test.app.now();
    let after = rows(&test, &ada).await;
    assert!(after.values().all(|row| row.seen_at == now && row.solution_at.is_some()));
    let old = after.values().filter(|row| row.unlocked_at == bought_at).count();
    assert_eq!((after.len(), old), (8, 5));
    // In a course without new questions those seen longest ago come first.
    test.pass(Duration::from_mins(10));
    let first = practice(&ada, 2).await;
    test.pass(Duration::from_mins(10));
    let next = practice(&ada, 6).await;
    assert!(first.is_disjoint(&next));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_repeated_purchase_has_the_first_answer() {
    let test = TestApp::empty().await;
    test.import(&course(30)).await;
    let ada = test.member("ada", Plan::Free, 100).await;
    let midterm = json!({"course_id": "wide", "config": {"question_count": 8}});
    for (path, body) in [
        (PRACTICE, json!({"course_id": "wide", "count": 7})),
        ("/api/questions/bundle", json!({"course_id": "wide"})),
        ("/api/midterm/generate", midterm),
    ] {
        let first = ada.post_once(path, path, body.clone()).await.ok();
        for process in [ada.router(), test.twin(), single(&test)] {
            assert_eq!(ada.through(process).post_once(path, path, body.clone()).await.ok(), first, "{path}");
        }
    }
    assert_eq!((ada.credits().await, rows(&test, &ada).await.len()), (100 - 7 - 1 - 3, 18));
    test.assert_ledgers_are_true().await;
}

/// The largest purchase: twenty questions with ids as long as they may be.
#[tokio::test]
async fn the_largest_delivery_is_small() {
    let long: Vec<String> = (0..50).map(|number| format!("{number:x>128}")).collect();
    let test = TestApp::empty().await;
    test.import(&course_of(long.iter().map(String::as_str))).await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 100).await.through(process);
    let mut all = practice(&ada, 20).await;
    let midterm = json!({"course_id": "wide", "config": {"question_count": 20}});
    all.extend(ids(&ada.post("/api/midterm/generate", midterm).await.ok()));
    assert_eq!(all.len(), 40);
    let items = proxy.partition(&test.app.config.database.table_name, &format!("USER#{}", ada.id)).await;
    let sizes: Vec<usize> = items
        .iter()
        .filter(|item| item["entity"]["S"] == "Delivery")
        .map(|item| item["question_ids"].to_string().len())
        .collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 4_000), "{sizes:?}");
    let long = all.first().unwrap();
    assert_eq!(ada.get(&format!("/api/questions/{long}")).await.ok()["question"]["locked"], false);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_retired_and_a_moved_question_stay_with_who_has_them() {
    let test = TestApp::empty().await;
    test.import(&course(12)).await;
    let (ada, ben) = (test.member("ada", Plan::Free, 100).await, test.member("ben", Plan::Free, 100).await);
    let owned = practice(&ada, 5).await;
    let retired = owned.first().unwrap().clone();
    let path = format!("/api/questions/{retired}");
    let _ = course::retire(&test.app, &question(&retired), true).await.unwrap();
    test.pass(Duration::from_mins(1));
    let _ = ben.get(&path).await.problem(404, "not_found");
    for _ in 0..2 {
        // First without a set, then with one of the course without the question.
        assert_eq!(ada.get(&path).await.ok()["question"]["answer"], "4");
        assert_eq!(ada.post(&format!("{path}/start"), json!({})).await.ok()["credits_deducted"], 0);
        assert!(practice(&ada, 3).await.is_disjoint(&owned));
    }
    // The places of all questions change.
    let mut moved = course(12);
    for (number, row) in moved["questions"].as_array_mut().unwrap().iter_mut().enumerate() {
        row["topic_id"] = json!(format!("t{}", usize::from(number < 6)));
        row["difficulty"] = json!(5 - number % 5);
    }
    test.import(&moved).await;
    let _ = course::retire(&test.app, &question(&retired), false).await.unwrap();
    test.pass(Duration::from_mins(1));
    let all = rows(&test, &ada).await;
    assert_eq!(all.len(), 11);
    let last = (0..12).map(|number| format!("q{number}")).find(|id| !all.contains_key(&question(id))).unwrap();
    for id in all.keys() {
        assert_eq!(ada.get(&format!("/api/questions/{id}")).await.ok()["question"]["locked"], false);
    }
    assert_eq!(ada.get(&format!("/api/questions/{last}")).await.ok()["question"]["locked"], true);
    assert_eq!(practice(&ada, 1).await, BTreeSet::from([last]));
    test.assert_ledgers_are_true().await;
}

/// A release that knows no deliveries reads the sets as a list, and writes a profile on the condition of its version.
#[tokio::test]
async fn the_first_delivery_marks_the_account() {
    let test = TestApp::empty().await;
    test.import(&course(40)).await;
    let (_, proxy) = test.app_behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 100).await;
    let sets = async || {
        let items = proxy.partition(&test.app.config.database.table_name, &format!("USER#{}", ada.id)).await;
        let profile = items.into_iter().find(|item| item["sk"]["S"] == "PROFILE").unwrap();
        (profile["seen_questions"].clone(), profile["version"]["N"].as_str().unwrap().to_owned())
    };
    // As the release before, and as a process whose setting is `single`.
    let before = ada.through(single(&test));
    let first = practice(&before, 5).await;
    let (seen, version) = sets().await;
    assert!(seen["L"].is_array(), "{seen}");
    assert_eq!(stored(&test, &proxy, &ada).await, (vec![], first.iter().cloned().collect::<Vec<_>>()));
    let second = practice(&ada, 5).await;
    let (seen, newer) = sets().await;
    assert!(seen["M"].is_object() && seen["L"].is_null(), "{seen}");
    assert_ne!(version, newer);
    // A marked account stays marked, and the process with the other setting sells nothing twice.
    let third = practice(&before, 5).await;
    assert!(sets().await.0["M"].is_object());
    let all: BTreeSet<String> = [first, second, third].into_iter().flatten().collect();
    assert_eq!((all.len(), rows(&test, &ada).await.len()), (15, 15));
    test.assert_ledgers_are_true().await;
}

/// The import is interrupted after each of its transactions, and between its reads.
#[tokio::test]
async fn an_interrupted_import_of_studies_sells_nothing_twice() {
    const QUESTIONS: usize = 160;
    let test = TestApp::empty().await;
    test.import(&course(QUESTIONS)).await;
    let (app, proxy) = test.app_behind_proxy().await;
    for nth in 0..6 {
        let ada = test.member(&format!("ada{nth}"), Plan::Free, 1_000).await;
        let delivered = practice(&ada, 6).await;
        let studies = imported(&test, 0..110);
        // Three transactions: each of them, and the reads before them, may be the last that succeeds.
        proxy.arm(Fault::ErrorBefore, Aim { name: None, nth, reach: Reach::Onwards });
        let cut = app.store.write_studies(user(&ada), &studies, false).await;
        proxy.disarm();
        let found = rows(&test, &ada).await;
        let more = practice(&ada, 20).await;
        assert!(more.iter().all(|id| !found.contains_key(&question(id))), "{nth}: sold again");
        let again = app.store.write_studies(user(&ada), &studies, false).await.unwrap();
        let owned = rows(&test, &ada).await;
        let of_import = (0..110).map(|number| format!("q{number}"));
        let bought: BTreeSet<String> = delivered.union(&more).cloned().collect();
        let expected: BTreeSet<String> = of_import.chain(bought.iter().cloned()).collect();
        assert_eq!(owned.keys().map(ToString::to_string).collect::<BTreeSet<_>>(), expected);
        assert!(cut.is_err() || again.progress == 0, "{nth}");
        // What was bought keeps its solution.
        assert!(bought.iter().all(|id| owned[&question(id)].solution_at.is_some()), "{nth}");
        let rest = practice(&ada, 20).await;
        assert!(rest.iter().all(|id| !owned.contains_key(&question(id))), "{nth}: sold again");
    }
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn verify_compares_the_sets_with_what_is_unlocked() {
    let test = TestApp::empty().await;
    test.import(&course(20)).await;
    let ada = test.member("ada", Plan::Free, 100).await;
    let owned = practice(&ada, 5).await;
    let faults = async || {
        let found = check_all(&test.app).await.unwrap();
        assert!(found.corrupt.is_empty());
        found.wrong.into_iter().flat_map(|(_, faults)| faults).collect::<Vec<String>>()
    };
    assert_eq!(faults().await, Vec::<String>::new());
    // An item that was written beside the profile.
    let other = (0..20).map(|number| format!("q{number}")).find(|id| !owned.contains(id)).unwrap();
    let key = keys::progress(user(&ada), &wide(), &question(&other));
    let row =
        json!({"course_id": "wide", "question_id": other, "unlocked_at": test.app.now(), "seen_at": test.app.now()});
    fill(&test, vec![item(&key, "Progress", row)]).await;
    assert_eq!(faults().await, [format!("wide: the set of unlocked questions is wrong about {other}")]);
    // A profile that was restored from before the delivery.
    let mut stored = serde_json::to_value(profile(&test, &ada).await).unwrap();
    stored.as_object_mut().unwrap().remove("seen_questions");
    fill(&test, vec![item(&keys::profile(user(&ada)), "Profile", stored)]).await;
    assert_eq!(
        faults().await,
        ["5 questions are in deliveries, and the profile does not say that there are any".to_owned()]
    );
}

/// Of several courses, only the last ones have sets.
#[tokio::test]
async fn a_course_whose_set_is_forgotten_is_read() {
    let test = TestApp::empty().await;
    let (process, proxy) = test.twin_behind_proxy().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await.through(process);
    let mut owned: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for round in 0..2 {
        for number in 0..6 {
            let mut course = course(9);
            course["course"]["id"] = json!(format!("c{number}"));
            for row in course["questions"].as_array_mut().unwrap() {
                row["id"] = json!(format!("c{number}-{}", row["id"].as_str().unwrap()));
            }
            for topic in course["topics"].as_array_mut().unwrap() {
                topic["id"] = json!(format!("c{number}-{}", topic["id"].as_str().unwrap()));
            }
            for row in course["questions"].as_array_mut().unwrap() {
                row["topic_id"] = json!(format!("c{number}-{}", row["topic_id"].as_str().unwrap()));
            }
            if round == 0 {
                test.import(&course).await;
            }
            let order = json!({"course_id": format!("c{number}"), "count": 4});
            let bought = ids(&ada.post(PRACTICE, order).await.ok());
            let owned = owned.entry(number).or_default();
            assert!(owned.is_disjoint(&bought));
            owned.extend(bought);
        }
    }
    let _ = proxy.take_calls();
    for (number, has_set) in [(0, false), (5, true)] {
        for id in &owned[&number] {
            assert_eq!(ada.get(&format!("/api/questions/{id}")).await.ok()["question"]["locked"], false);
            let is_query = |call: &&Call| call.operation == "Query" && call.name.contains("PROGRESS");
            let queries = proxy.take_calls().iter().filter(is_query).count();
            assert_eq!(queries, usize::from(!has_set), "{id}");
        }
    }
    test.assert_ledgers_are_true().await;
}

/// An account of the old service may have no entry in its ledger, so that its first purchase writes the first one.
#[tokio::test]
async fn an_account_without_entries_is_sold_nothing_twice() {
    let test = TestApp::empty().await;
    test.import(&course(12)).await;
    let id = "00000000-0000-4000-8000-000000000001";
    let dump = format!(
        "CREATE TABLE users (id TEXT, email TEXT, password_hash TEXT, credits INTEGER, plan TEXT, monthly_credits INTEGER,
            created_at TEXT);
         INSERT INTO users VALUES('{id}','bob@example.org','x',0,'unlimited',999,'2026-01-01');"
    );
    let summary = import_d1(&test.app, &dump, false).await.unwrap();
    assert!(summary.refused.is_empty(), "{summary}");
    let mut bob = test.anonymous();
    id.clone_into(&mut bob.id);
    let bob = test.renewed(&bob).await;
    assert_eq!(profile(&test, &bob).await.entry_count, 0);
    let _ = bob.post("/api/questions/q0/start", json!({})).await.ok();
    let mut owned = BTreeSet::from(["q0".to_owned()]);
    for count in [3, 4, 4] {
        let bought = ids(&bob.post(PRACTICE, json!({"course_id": "wide", "count": count})).await.ok());
        assert!(owned.is_disjoint(&bought), "{bought:?} after {owned:?}");
        owned.extend(bought);
    }
    assert_eq!(check_all(&test.app).await.unwrap().mismatches(), 0);
}

/// The sets are forgotten by an import of studies. The first start reads one, and the others find it.
#[tokio::test]
async fn starts_at_once_in_a_course_without_a_set_succeed() {
    let test = TestApp::empty().await;
    test.import(&course(30)).await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = ids(&ada.post(PRACTICE, json!({"course_id": "wide", "count": 3})).await.ok());
    let _ = test.app.store.write_studies(user(&ada), &imported(&test, 0..10), false).await.unwrap();
    let owned = rows(&test, &ada).await;
    let locked = (0..30).map(|number| format!("q{number}")).filter(|id| !owned.contains_key(&question(id)));
    let paths: Vec<String> = locked.take(12).map(|id| format!("/api/questions/{id}/start")).collect();
    for answer in join_all(paths.iter().map(|path| ada.post(path, json!({})))).await {
        let _ = answer.ok();
    }
    assert_eq!(rows(&test, &ada).await.len(), owned.len() + 12);
    assert_eq!(check_all(&test.app).await.unwrap().mismatches(), 0);
    test.assert_ledgers_are_true().await;
}
