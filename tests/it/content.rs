//! Courses that are hidden, and questions that are retired: what was bought stays readable, and nothing more is sold.

use std::collections::BTreeSet;
use std::time::Duration;

use pastpaper::course;
use pastpaper::import::missing::Missing;
use pastpaper::verify::check_all;
use serde_json::{Value, json};
use shared::domain::catalog::QuestionSummary;
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId};
use tests::proxy::{Aim, Fault, Reach};
use tests::{Person, SMALL_COURSE, TestApp};

fn question(id: &str) -> QuestionId {
    QuestionId::try_from(id).unwrap()
}

fn algebra() -> CourseId {
    CourseId::try_from("algebra").unwrap()
}

async fn retire(test: &TestApp, id: &str, is_retired: bool) -> String {
    let said = course::retire(&test.app, &question(id), is_retired).await.unwrap();
    // Processes keep a course for a minute.
    test.pass(Duration::from_mins(1));
    said
}

/// The questions that a student's list has.
async fn listed(person: &Person) -> BTreeSet<String> {
    let page = person.get("/api/questions?course_id=algebra&limit=100").await.ok();
    let questions = page["questions"].as_array().unwrap();
    assert_eq!(page["total"], questions.len());
    questions.iter().map(|question| question["id"].as_str().unwrap().to_owned()).collect()
}

/// The questions that a practice of everything delivers.
async fn practised(person: &Person) -> BTreeSet<String> {
    let practice = person.post("/api/questions/practice", json!({"course_id": "algebra", "count": 20})).await.ok();
    practice["questions"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_retired_question_is_sold_no_more_and_stays_with_who_has_it() {
    let test = TestApp::start().await;
    let (ada, ben) = (test.member("ada", Plan::Unlimited, 0).await, test.member("ben", Plan::Unlimited, 0).await);
    let all = listed(&ben).await;
    assert_eq!(all.len(), 6);
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let before = ada.get("/api/questions/alg-q4").await.ok();
    assert_eq!(retire(&test, "alg-q4", true).await, "alg-q4 of algebra is retired; students see it within a minute.");

    // Who bought it.
    assert_eq!(ada.get("/api/questions/alg-q4").await.ok(), before);
    assert_eq!(listed(&ada).await, all);
    let _ = ada.post("/api/questions/alg-q4/solution", json!({})).await.ok();
    let _ = ada.post("/api/questions/alg-q4/submit", json!({"answer": "8"})).await.ok();
    // Everybody else.
    let left: BTreeSet<String> = all.iter().filter(|id| *id != "alg-q4").cloned().collect();
    assert_eq!(listed(&ben).await, left);
    let _ = ben.get("/api/questions/alg-q4").await.problem(404, "not_found");
    let _ = ben.post("/api/questions/alg-q4/start", json!({})).await.problem(404, "not_found");
    assert_eq!(practised(&ben).await, left);
    assert!(!practised(&ada).await.contains("alg-q4"));
    let midterm = ben
        .post("/api/midterm/generate", json!({"course_id": "algebra", "config": {"question_count": 5, "seed": 7}}))
        .await;
    assert!(!midterm.ok().to_string().contains("alg-q4"));
    assert_eq!(ben.get("/api/courses/algebra/stats").await.ok()["questions"], 5);
    test.assert_ledgers_are_true().await;

    // An import of the same course keeps it retired.
    test.import(&serde_json::from_str(SMALL_COURSE).unwrap()).await;
    test.pass(Duration::from_mins(1));
    assert_eq!(listed(&ben).await, left);
    let mut changed: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    for question in changed["questions"].as_array_mut().unwrap() {
        question["question_text"] = json!(format!("{} Really?", question["question_text"].as_str().unwrap()));
    }
    test.import(&changed).await;
    test.pass(Duration::from_mins(1));
    assert_eq!(listed(&ben).await, left);
    let now = ada.get("/api/questions/alg-q4").await.ok();
    assert!(now["question"]["question_text"].as_str().unwrap().ends_with("Really?"), "a correction reaches who has it");

    assert!(retire(&test, "alg-q4", true).await.contains("was retired already"));
    let _ = retire(&test, "alg-q4", false).await;
    assert_eq!(listed(&ben).await, all);
    let _ = ben.post("/api/questions/alg-q4/start", json!({})).await.ok();
    assert!(course::retire(&test.app, &question("none"), true).await.is_err());
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_retired_question_is_no_part_of_the_forecast() {
    let test = TestApp::start().await;
    let bank = async || {
        let course = test.app.store.course(&algebra()).await.unwrap().unwrap();
        test.app.store.bank(&course).await.unwrap()
    };
    let past = |bank: &shared::domain::catalog::Bank| {
        bank.questions.iter().filter(|question| question.meta.exam_id.is_some()).count()
    };
    let before = past(&*bank().await);
    let exam_question = bank().await.questions.iter().find(|q| q.meta.exam_id.is_some()).unwrap().meta.id.clone();
    let _ = retire(&test, exam_question.as_str(), true).await;
    let after = bank().await;
    assert_eq!((past(&after), after.retired.len()), (before - 1, 1));
    assert!(course::list(&test.app).await.unwrap().contains("5 questions, 1 retired"));
}

#[tokio::test]
async fn questions_that_a_file_does_not_have_are_retired() {
    let test = TestApp::start().await;
    let ben = test.member("ben", Plan::Unlimited, 0).await;
    let mut file: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    file["questions"]
        .as_array_mut()
        .unwrap()
        .retain(|question| question["id"] != "alg-q1" && question["id"] != "alg-q4");
    let missing = Missing::find(&test.app, &file.to_string()).await.unwrap();
    assert_eq!(
        missing.report(false),
        "would retire 2 questions of algebra that the file does not have: alg-q1, alg-q4"
    );
    missing.retire(&test.app, 1).await.unwrap();
    test.pass(Duration::from_mins(1));
    assert_eq!(listed(&ben).await.len(), 4);
    // Again, there is nothing to do.
    assert!(Missing::find(&test.app, &file.to_string()).await.unwrap().questions.is_empty());
    file["questions"] = json!([]);
    assert!(Missing::find(&test.app, &file.to_string()).await.unwrap_err().to_string().contains("no question"));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_hidden_course_sells_nothing_and_what_was_bought_stays() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    assert_eq!(course::activate(&test.app, &algebra(), true).await.unwrap(), "algebra was active already.");
    let _ = course::activate(&test.app, &algebra(), false).await.unwrap();
    test.pass(Duration::from_mins(1));
    let order = json!({"course_id": "algebra", "count": 1});
    let _ = ada.post("/api/questions/practice", order.clone()).await.problem(404, "not_found");
    let _ = ada.post("/api/questions/alg-q2/start", json!({})).await.problem(404, "not_found");
    let _ = ada.get("/api/questions/alg-q4").await.ok();
    assert_eq!(ada.credits().await, 4);
    assert!(course::list(&test.app).await.unwrap().starts_with("algebra  hidden  6 questions, 0 retired"));
    let _ = course::activate(&test.app, &algebra(), true).await.unwrap();
    test.pass(Duration::from_mins(1));
    let _ = ada.post("/api/questions/practice", order).await.ok();
    assert!(course::activate(&test.app, &CourseId::try_from("none").unwrap(), true).await.is_err());
}

#[tokio::test]
async fn a_fault_while_a_question_is_retired_is_healed_by_repeating_the_command() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let mut failures = 0;
    for (is_retired, fault) in
        [(true, Fault::ErrorBefore), (true, Fault::ErrorAfter), (true, Fault::LostAnswer), (false, Fault::ErrorAfter)]
    {
        for nth in 0.. {
            let _ = course::retire(&test.app, &question("alg-q4"), !is_retired).await.unwrap();
            proxy.arm(fault, Aim { name: None, nth, reach: Reach::Call });
            let first = course::retire(&test.app, &question("alg-q4"), is_retired).await;
            let is_hit = proxy.hits() > 0;
            proxy.disarm();
            if !is_hit {
                assert!(first.is_ok() && nth >= 5, "{nth} calls: {first:?}");
                break;
            }
            failures += usize::from(first.is_err());
            let _ = course::retire(&test.app, &question("alg-q4"), is_retired).await.unwrap();
            let course = test.app.store.course(&algebra()).await.unwrap().unwrap();
            let bank = test.app.store.bank(&course).await.unwrap();
            let ids = |list: &[QuestionSummary]| list.iter().filter(|q| q.meta.id == question("alg-q4")).count();
            let expected = if is_retired { (0, 1) } else { (1, 0) };
            assert_eq!((ids(&bank.questions), ids(&bank.retired)), expected, "{fault:?} at call {nth}");
            let found = check_all(&test.app).await.unwrap();
            assert_eq!(found.mismatches(), 0, "{fault:?} at call {nth}: {found:?}");
        }
    }
    assert!(failures > 5, "{failures}");
}
