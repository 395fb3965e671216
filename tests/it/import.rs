//! Importing course files, and imports that are interrupted.

use std::collections::BTreeMap;

use pastpaper::import::{Summary, import_catalog, import_d1};
use pastpaper::samples::{SAMPLES, import_samples};
use serde_json::{Value, json};
use shared::domain::catalog::Course;
use shared::domain::credits::Plan;
use shared::domain::id::CourseId;
use shared::store::Store;
use tests::proxy::{Aim, Call, Fault, Reach};
use tests::{SMALL_COURSE, TestApp};

pub(crate) const DUMP: &str = include_str!("../fixtures/d1_dump.sql");

pub(crate) fn written(summary: &Summary) -> usize {
    summary.tables.values().map(|counts| counts.written).sum()
}

/// Numbers of read, written, skipped and refused rows by table.
pub(crate) fn counts(summary: &Summary) -> BTreeMap<&str, [usize; 4]> {
    let row = |counts: &pastpaper::import::RowCounts| [counts.read, counts.written, counts.skipped, counts.refused];
    summary.tables.iter().map(|(table, counts)| (*table, row(counts))).collect()
}

pub(crate) async fn version_of(test: &TestApp, course: &str) -> u64 {
    let course = test.app.store.course(&CourseId::try_from(course).unwrap()).await.unwrap();
    course.map_or(0, |course| course.catalog_version)
}

/// The small course with its fourth question in another topic.
fn moved_course() -> Value {
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["questions"][3]["topic_id"] = json!("alg-groups");
    course
}

#[tokio::test]
async fn a_course_is_imported_and_a_second_time_changes_nothing() {
    let test = TestApp::empty().await;
    let first = import_catalog(&test.app, SMALL_COURSE, false).await.unwrap();
    assert_eq!(
        counts(&first),
        BTreeMap::from([
            ("courses", [1, 1, 0, 0]),
            ("exams", [2, 2, 0, 0]),
            ("topics", [4, 4, 0, 0]),
            ("question_patterns", [1, 1, 0, 0]),
            ("questions", [6, 6, 0, 0]),
            ("question_options", [3, 3, 0, 0]),
            ("figures", [1, 1, 0, 0]),
        ])
    );
    assert_eq!(version_of(&test, "algebra").await, 1);
    // Rows without a date keep the date of the first import.
    test.pass(std::time::Duration::from_hours(1));
    let second = import_catalog(&test.app, SMALL_COURSE, false).await.unwrap();
    assert_eq!(written(&second), 0, "{second}");
    assert_eq!(version_of(&test, "algebra").await, 1);
}

#[tokio::test]
async fn a_dry_run_reports_and_changes_nothing() {
    let test = TestApp::empty().await;
    let dry = import_catalog(&test.app, SMALL_COURSE, true).await.unwrap();
    assert_eq!(written(&dry), 18);
    assert_eq!(version_of(&test, "algebra").await, 0);
    let dry = import_d1(&test.app, DUMP, true).await.unwrap();
    assert!(written(&dry) > 50);
    assert!(test.app.store.courses().await.unwrap().is_empty());
    assert_eq!(pastpaper::verify::check_all(&test.app).await.unwrap().users, 0);
}

#[tokio::test]
async fn a_bad_row_is_named_and_the_rest_is_imported() {
    let test = TestApp::empty().await;
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["questions"][0]["topic_id"] = json!("none");
    course["questions"][1]["difficulty"] = json!(6);
    course["questions"][2]["question_text"] = json!(5);
    let summary = import_catalog(&test.app, &course.to_string(), false).await.unwrap();
    let refused: Vec<_> = summary.refused.iter().map(|row| (row.table, row.id.as_str())).collect();
    assert_eq!(refused, [("questions", "alg-q3"), ("questions", "alg-q1"), ("questions", "alg-q2")]);
    assert_eq!(counts(&summary)["questions"], [6, 3, 0, 3]);
    let stats = test.user("ada").await.get("/api/courses/algebra/stats").await.ok();
    assert_eq!(stats, json!({"exams": 2, "questions": 3, "topics": 4}));
}

#[tokio::test]
async fn rows_missing_from_a_later_file_stay() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["questions"].as_array_mut().unwrap().truncate(2);
    test.import(&course).await;
    assert_eq!(ada.get("/api/courses/algebra/stats").await.ok()["questions"], 6);
    assert_eq!(ada.get("/api/questions?course_id=algebra").await.ok()["total"], 6);
}

#[tokio::test]
async fn a_question_that_moves_to_another_topic_is_found_there() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    test.import(&moved_course()).await;
    let page = ada.get("/api/questions?course_id=algebra&topic_id=alg-groups").await.ok();
    assert_eq!((&page["total"], &page["questions"][0]["id"]), (&json!(1), &json!("alg-q4")));
    assert_eq!(ada.get("/api/questions?course_id=algebra").await.ok()["total"], 6);
}

async fn questions_of_groups(store: &Store, course: &Course) -> usize {
    let bank = store.bank(course).await.unwrap();
    bank.questions.iter().filter(|question| question.meta.topic_id.as_str() == "alg-groups").count()
}

#[tokio::test]
async fn a_reader_of_an_older_course_finds_its_bank() {
    let test = TestApp::start().await;
    let store = Store::connect(&test.app.config.database);
    let id = CourseId::try_from("algebra").unwrap();
    let before = store.course(&id).await.unwrap().unwrap();
    test.import(&moved_course()).await;
    let after = store.course(&id).await.unwrap().unwrap();
    assert_eq!(questions_of_groups(&store, &before).await, 0);
    assert_eq!(questions_of_groups(&store, &after).await, 1);
    test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
    let again = store.course(&id).await.unwrap().unwrap();
    assert_eq!((&again.bank, again.catalog_version), (&before.bank, 3), "a bank is known by what it says");
    assert_eq!(questions_of_groups(&store, &again).await, 0);
}

#[tokio::test]
async fn a_bank_that_no_course_names_expires() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let expiries = async || {
        let items = proxy.partition(&test.app.config.database.table_name, "COURSE#algebra").await;
        let banks = items.iter().filter(|item| item["entity"]["S"] == "Bank");
        let mut expiries: Vec<_> = banks.map(|bank| bank["expires_at"]["N"].as_str().map(str::to_owned)).collect();
        expiries.sort();
        expiries
    };
    let tomorrow = Some((test.app.now().as_second() + 86_400).to_string());
    assert_eq!(expiries().await, [None]);
    test.import(&moved_course()).await;
    assert_eq!(expiries().await, [None, tomorrow.clone()]);
    test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
    assert_eq!(expiries().await, [None, tomorrow], "the one that is named again stays");
}

#[tokio::test]
async fn an_interrupted_import_shows_nothing_and_is_completed_by_the_next() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let of_groups =
        async || ada.get("/api/questions?course_id=algebra&topic_id=alg-groups").await.ok()["total"].clone();
    let last = Aim { name: Some("PutItem CATALOG COURSE#algebra".to_owned()), nth: 0, reach: Reach::Onwards };
    proxy.arm(Fault::ErrorBefore, last);
    assert!(import_catalog(&test.app, &moved_course().to_string(), false).await.is_err());
    assert!(proxy.hits() > 0);
    proxy.disarm();
    assert_eq!((of_groups().await, version_of(&test, "algebra").await), (json!(0), 1));
    test.import(&moved_course()).await;
    assert_eq!((of_groups().await, version_of(&test, "algebra").await), (json!(1), 2));
}

#[tokio::test]
async fn the_samples_are_whole() {
    let test = TestApp::empty().await;
    import_samples(&test.app).await.unwrap();
    let ada = test.user("ada").await;
    let calc2 = ada.get("/api/courses/calc2/stats").await.ok();
    assert!(calc2["exams"].as_u64() >= Some(8) && calc2["questions"].as_u64() >= Some(60), "{calc2}");
    let exams = ada.get("/api/courses/calc2/exams").await.ok();
    let years: std::collections::HashSet<_> =
        exams["exams"].as_array().unwrap().iter().map(|exam| exam["year"].as_i64()).collect();
    assert!(years.len() >= 6);
    let _ = test.anonymous().get("/api/featured-question").await.ok();
}

#[test]
fn the_samples_fit_their_schema() {
    let schema: Value = serde_json::from_str(include_str!("../../samples/catalog.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let small: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    let samples = SAMPLES.iter().map(|(_, text)| serde_json::from_str(text).unwrap());
    for course in samples.chain([small]) {
        let errors: Vec<String> = validator.iter_errors(&course).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

/// A course of `count` questions in ten topics.
fn large_course(count: usize) -> Value {
    let topics = (0..10).map(|topic| json!({"id": format!("t{topic}"), "name": format!("T{topic}"), "category": "K"}));
    let questions = (0..count).map(|number| {
        json!({
            "id": format!("q{number:04}"), "topic_id": format!("t{}", number % 10), "question_text": "What?",
            "solution_steps": [], "answer": "This.",
        })
    });
    json!({
        "course": {"id": "large", "name": "Large"}, "topics": topics.collect::<Vec<_>>(),
        "questions": questions.collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn an_import_into_a_throttled_partition_is_complete() {
    let (test, proxy) = TestApp::behind_proxy().await;
    proxy.slow_down("COURSE#large");
    let summary = import_catalog(&test.app, &large_course(30).to_string(), false).await.unwrap();
    assert!(proxy.hits() > 12, "{}", proxy.hits());
    proxy.disarm();
    assert_eq!(written(&summary), 41, "{summary}");
    let again = import_catalog(&test.app, &large_course(30).to_string(), false).await.unwrap();
    assert_eq!(written(&again), 0, "{again}");
    assert_eq!(test.user("ada").await.get("/api/courses/large/stats").await.ok()["questions"], 30);
}

/// The items written in batches.
fn keys_written(calls: &[Call]) -> Vec<String> {
    let writes = calls.iter().filter_map(|call| call.name.strip_prefix("BatchWriteItem "));
    writes.flat_map(|keys| keys.split(", ").map(str::to_owned)).collect()
}

#[tokio::test]
async fn an_interrupted_import_continues_where_it_stopped() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let course = large_course(300).to_string();
    let _ = proxy.take_calls();
    // Four batches, the course and its record are read. The record begins and has a list; then eight batches are written at once.
    let calls = 6 + 2 + 8;
    proxy.arm(Fault::ErrorBefore, Aim { name: None, nth: calls, reach: Reach::Onwards });
    assert!(import_catalog(&test.app, &course, false).await.is_err());
    assert!(proxy.hits() > 0);
    proxy.disarm();
    let stored = proxy.partition(&test.app.config.database.table_name, "COURSE#large").await;
    let first: Vec<Call> = proxy.take_calls().into_iter().take(calls).collect();
    let before = keys_written(&first);
    assert_eq!((stored.len(), before.len()), (12, 201));
    test.import(&serde_json::from_str(&course).unwrap()).await;
    let after = keys_written(&proxy.take_calls());
    let twice: Vec<_> = after.iter().filter(|key| before.contains(key) && !key.contains("#LIST#")).collect();
    assert!(twice.is_empty(), "{twice:?}");
    // The rest of the questions, a list of them, and the bank.
    assert_eq!(after.len(), 112);
}

#[tokio::test]
async fn the_import_of_a_long_ledger_continues_where_it_stopped() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let rows = (0..150).map(|number| format!("('t{number:03}','{LONG}',-1,{},'practice',{number})", 149 - number));
    let sql = format!(
        "CREATE TABLE users (id,email,password_hash,credits);
         CREATE TABLE credit_transactions (id,user_id,amount,balance_after,type,created_at);
         INSERT INTO users (id,email,password_hash,credits) VALUES('{LONG}','long@students.example','x:y',0);
         INSERT INTO credit_transactions (id,user_id,amount,balance_after,type,created_at) VALUES {};",
        rows.collect::<Vec<_>>().join(",")
    );
    // Four reads and three batches of the oldest entries come before the transaction.
    proxy.arm(Fault::ErrorBefore, Aim { name: None, nth: 7, reach: Reach::Onwards });
    assert!(import_d1(&test.app, &sql, false).await.is_err());
    proxy.disarm();
    let _ = proxy.take_calls();
    let again = import_d1(&test.app, &sql, false).await.unwrap();
    assert_eq!(counts(&again)["users"], [1, 1, 0, 0], "{again}");
    assert_eq!(keys_written(&proxy.take_calls()), Vec::<String>::new());
    test.assert_ledgers_are_true().await;
}

/// An account whose ledger is longer than a transaction.
const LONG: &str = "0b9c7a52-6f0e-4d57-9a44-3c1f5d2e8a01";

/// Unknown columns with numbers at the limits of JSON, doubles and DynamoDB.
fn odd_columns() -> Value {
    let text = r#"{
        "tiny": 1e-200, "huge": 1e300, "largest": 1.7976931348623157e308, "smallest": 5e-324,
        "minus_zero": -0.0, "zero": 0.0, "whole": 2.0, "integer": 2, "power": 1e21, "small_power": 1e-7,
        "most": 18446744073709551615, "least": -9223372036854775808, "digits": 0.30000000000000004,
        "third": 0.3333333333333333, "edge": 9.007199254740993e15,
        "nested": {"list": [1e-200, -0.0, {"deep": [2.0]}], "": "no name", "$json": "1"},
        "tag": {"$json": "1e-200"}, "null": null, "empty": {}
    }"#;
    let mut columns: Value = serde_json::from_str(text).unwrap();
    let deep = (0..40).fold(json!(1.5), |inner, _| json!([inner]));
    columns["deep"] = deep;
    columns
}

#[tokio::test]
async fn any_number_in_an_extra_column_is_kept_exactly() {
    let test = TestApp::empty().await;
    let ada = test.user("ada").await;
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    let columns = odd_columns();
    for (kind, index) in [("exams", 0), ("topics", 0), ("patterns", 0), ("questions", 0)] {
        for (name, value) in columns.as_object().unwrap() {
            course[kind][index][name] = value.clone();
        }
    }
    let first = import_catalog(&test.app, &course.to_string(), false).await.unwrap();
    assert!(first.refused.is_empty(), "{first}");
    let second = import_catalog(&test.app, &course.to_string(), false).await.unwrap();
    assert_eq!(written(&second), 0, "{second}");

    let id = course["questions"][0]["id"].as_str().unwrap();
    let stored = test.app.store.question(&id.try_into().unwrap()).await.unwrap().unwrap();
    // Compare as text, because `==` treats -0.0 and 0.0 as equal.
    assert_eq!(Value::from(stored.extra).to_string(), columns.to_string());
    let topics = ada.get("/api/courses/algebra/topics").await.ok();
    let topic = topics["topics"].as_array().unwrap().iter().find(|topic| topic["id"] == course["topics"][0]["id"]);
    for (name, value) in columns.as_object().unwrap() {
        assert_eq!(topic.unwrap()[name].to_string(), value.to_string(), "{name}");
    }
}

#[tokio::test]
async fn a_number_that_json_values_cannot_hold_is_refused_by_row() {
    let test = TestApp::empty().await;
    let course = SMALL_COURSE
        .replacen("\"id\": \"alg-q1\",", "\"id\": \"alg-q1\", \"weight\": 1e400,", 1)
        .replacen(
            "\"id\": \"alg-q2\",",
            "\"id\": \"alg-q2\", \"serial\": {\"of\": [123456789012345678901234567890]},",
            1,
        )
        .replacen("\"id\": \"alg-q3\",", "\"id\": \"alg-q3\", \"exact\": 100000000000000000000000,", 1);
    let summary = import_catalog(&test.app, &course, false).await.unwrap();
    let refused: Vec<_> = summary.refused.iter().map(|row| (row.id.as_str(), row.reason.as_str())).collect();
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(refused[0].0 == "alg-q1" && refused[0].1.contains("the number 1e400 is too large"), "{refused:?}");
    assert!(refused[1].0 == "alg-q2" && refused[1].1.contains("123456789012345678901234567890"), "{refused:?}");
}
