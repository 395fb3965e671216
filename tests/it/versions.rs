//! Versions of questions: a correction is a new version, and midterms, attempts and statistics keep the version they saw.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use pastpaper::calibrate::calibrate_all;
use pastpaper::import::import_catalog;
use pastpaper::items::{ItemReport, ItemRow, json as items_json, page, report, table};
use pastpaper::verify::check_all;
use pastpaper::{render, stored_course};
use serde_json::{Value, json};
use shared::domain::catalog::Question;
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::items::{Item, Response, statistics};
use shared::domain::study::attempt::Attempt;
use tests::proxy::{Aim, Fault, Reach};
use tests::{Person, SMALL_COURSE, TestApp};

use crate::import::{version_of, written};

/// Long after a correction, so that it is what students are given.
const LATER: Duration = Duration::from_mins(11);

/// The small course, with `change` applied to one of its questions.
fn course_where(id: &str, change: impl Fn(&mut Value)) -> Value {
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    change(course["questions"].as_array_mut().unwrap().iter_mut().find(|one| one["id"] == id).unwrap());
    course
}

fn with_answer(answer: &str) -> Value {
    course_where("alg-q1", |question| question["answer"] = json!(answer))
}

/// The small course, in which `letter` is the right option of `alg-q2`.
fn with_key(letter: &str) -> Value {
    course_where("alg-q2", |question| {
        question["answer"] = json!(letter);
        for option in question["options"].as_array_mut().unwrap() {
            option["is_correct"] = json!(option["letter"] == letter);
        }
    })
}

async fn stored(test: &TestApp, id: &str) -> Question {
    test.app.store.question(&QuestionId::try_from(id).unwrap()).await.unwrap().unwrap()
}

async fn attempts(test: &TestApp, person: &Person) -> Vec<Attempt> {
    let mut attempts = test.app.store.attempts(UserId(person.id.parse().unwrap())).await.unwrap();
    attempts.sort_by_key(|attempt| attempt.position);
    attempts
}

async fn start(person: &Person, id: &str) -> Value {
    person.post(&format!("/api/questions/{id}/start"), json!({})).await.ok()["question"].clone()
}

async fn submit(person: &Person, id: &str, answer: &str) -> Value {
    person.post(&format!("/api/questions/{id}/submit"), json!({"answer": answer})).await.ok()
}

fn row<'a>(report: &'a ItemReport, id: &str) -> &'a ItemRow {
    report.rows.iter().find(|row| row.id.as_str() == id).unwrap()
}

#[tokio::test]
async fn a_correction_raises_the_version_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let shown = async |id: &str| ada.get(&format!("/api/questions/{id}")).await.ok()["question"]["version"].clone();
    assert_eq!((start(&ada, "alg-q1").await["version"].clone(), shown("alg-q1").await), (json!(1), json!(1)));

    let corrected = with_answer("3");
    let tried = import_catalog(&test.app, &corrected.to_string(), true).await.unwrap();
    assert!(tried.notes.iter().any(|note| note.starts_with("questions: 1 would be corrected")), "{tried}");
    assert_eq!(stored(&test, "alg-q1").await.version, 1);
    let first = import_catalog(&test.app, &corrected.to_string(), false).await.unwrap();
    assert!(first.notes.iter().any(|note| note.starts_with("questions: 1 were corrected")), "{first}");
    let question = stored(&test, "alg-q1").await;
    assert_eq!((question.version, question.corrected_at), (2, Some(test.app.now())));

    test.pass(LATER);
    let version = version_of(&test, "algebra").await;
    let second = import_catalog(&test.app, &corrected.to_string(), false).await.unwrap();
    assert_eq!((written(&second), version_of(&test, "algebra").await), (0, version), "{second}");
    assert_eq!(stored(&test, "alg-q1").await, question);
    assert_eq!((shown("alg-q1").await, shown("alg-q2").await), (json!(2), json!(1)));
    let list = ada.get("/api/questions?course_id=algebra").await.ok();
    let versions: BTreeMap<&str, &Value> = list["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|question| (question["id"].as_str().unwrap(), &question["version"]))
        .collect();
    assert_eq!((versions["alg-q1"], versions["alg-q5"]), (&json!(2), &json!(1)));

    // The question as it was is a third version: nobody who answers it now answered it then.
    test.import(&with_answer("2")).await;
    assert_eq!(stored(&test, "alg-q1").await.version, 3);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn what_does_not_change_the_question_raises_no_version() {
    let test = TestApp::start().await;
    for change in [
        json!({"solution_steps": ["Look closely."]}),
        json!({"difficulty": 5}),
        json!({"topic_id": "alg-sets"}),
        json!({"rubric": "Two points for the method."}),
    ] {
        test.import(&course_where("alg-q1", |question| {
            for (name, value) in change.as_object().unwrap() {
                question[name] = value.clone();
            }
        }))
        .await;
        assert_eq!(stored(&test, "alg-q1").await.version, 1, "{change}");
    }
    // A feedback is stored with its option.
    test.import(&course_where("alg-q2", |question| question["options"][0]["feedback"] = json!("Look at the sign.")))
        .await;
    assert_eq!(stored(&test, "alg-q2").await.version, 1);
}

#[tokio::test]
async fn options_are_added_moved_and_removed_by_a_correction() {
    let test = TestApp::start().await;
    test.import(&with_key("A")).await;
    let moved = stored(&test, "alg-q2").await;
    assert_eq!((moved.version, moved.options[0].is_correct, moved.options[1].is_correct), (2, true, false));
    let four = course_where("alg-q2", |question| {
        question["options"].as_array_mut().unwrap().push(json!({"letter": "D", "text": "Four", "is_correct": false}));
    });
    test.import(&four).await;
    assert_eq!((stored(&test, "alg-q2").await.version, stored(&test, "alg-q2").await.options.len()), (3, 4));
    test.import(&with_key("B")).await;
    assert_eq!((stored(&test, "alg-q2").await.version, stored(&test, "alg-q2").await.options.len()), (4, 3));
    // The text of one option, and nothing of the question itself.
    test.import(&course_where("alg-q2", |question| question["options"][2]["text"] = json!("Two or more"))).await;
    assert_eq!(stored(&test, "alg-q2").await.version, 5);
}

#[tokio::test]
async fn a_midterm_keeps_the_version_that_it_printed() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let midterm = ada.sitting().await;
    test.import(&with_answer("7")).await;
    test.pass(LATER);
    let path = format!("/api/midterm/{midterm}");
    let of_midterm = ada.get(&path).await.ok();
    let printed = of_midterm["questions"].as_array().unwrap().iter().find(|one| one["id"] == "alg-q1").unwrap();
    assert_eq!((&printed["version"], &printed["answer"]), (&json!(1), &json!("2")));
    assert_eq!(ada.get("/api/questions/alg-q1").await.ok()["question"]["version"], 2);

    let answers = json!({"answers": {"alg-q1": {"answer": "2"}}});
    let result = ada.post(&format!("{path}/submit"), answers).await.ok();
    assert_eq!(result["questions"][0]["earned"], 5.0);
    let attempt = attempts(&test, &ada).await.remove(0);
    assert_eq!((attempt.correct, attempt.version, attempt.saw_earlier), (true, 1, false));
    let found = report(&test.app, "algebra").await.unwrap();
    let of_question = row(&found, "alg-q1");
    assert_eq!((of_question.version, of_question.earlier, of_question.statistics.shown), (2, 1, 0));

    // Another midterm has the corrected question, and says so.
    let bob = test.member("bob", Plan::Unlimited, 0).await;
    let newer = bob.sitting().await;
    let newer_path = format!("/api/midterm/{newer}");
    let of_newer = bob.get(&newer_path).await.ok();
    let printed = of_newer["questions"].as_array().unwrap().iter().find(|one| one["id"] == "alg-q1").unwrap();
    assert_eq!((&printed["version"], &printed["answer"]), (&json!(2), &json!("7")));
    let answers = json!({"answers": {"alg-q1": {"answer": "7"}}});
    let _ = bob.post(&format!("{newer_path}/submit"), answers).await.ok();
    assert_eq!(attempts(&test, &bob).await[0].version, 2);
    assert_eq!(row(&report(&test.app, "algebra").await.unwrap(), "alg-q1").statistics.shown, 1);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_answer_to_a_question_corrected_meanwhile_is_marked_by_the_correction_and_counted_apart() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = start(&ada, "alg-q1").await;
    test.import(&with_answer("7")).await;
    let answer = async || ada.post_once("/api/questions/alg-q1/submit", "k", json!({"answer": "7"})).await.ok();
    let marked = answer().await;
    assert_eq!((&marked["correct"], &marked["version"]), (&json!(true), &json!(2)));
    assert_eq!(answer().await, marked, "a repetition");
    let attempt = attempts(&test, &ada).await.remove(0);
    assert_eq!((attempt.version, attempt.saw_earlier), (2, true));

    // Directly after the import, a process may still deliver the question as it was.
    let bob = test.member("bob", Plan::Unlimited, 0).await;
    let _ = start(&bob, "alg-q1").await;
    let _ = submit(&bob, "alg-q1", "7").await;
    assert!(attempts(&test, &bob).await[0].saw_earlier);
    test.pass(LATER);
    let eve = test.member("eve", Plan::Unlimited, 0).await;
    let _ = start(&eve, "alg-q1").await;
    let _ = submit(&eve, "alg-q1", "7").await;
    let attempt = attempts(&test, &eve).await.remove(0);
    assert_eq!((attempt.version, attempt.saw_earlier), (2, false));
    let found = report(&test.app, "algebra").await.unwrap();
    assert_eq!((row(&found, "alg-q1").earlier, row(&found, "alg-q1").statistics.shown), (2, 1));
    let export = eve.get("/api/auth/export").await.ok();
    assert_eq!(export["attempts"][0]["version"], 2, "{export}");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_attempt_keeps_the_verdict_of_its_time() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = start(&ada, "alg-q1").await;
    assert_eq!(submit(&ada, "alg-q1", "7").await["correct"], false);
    let before = ada.get("/api/assessment/progress?course_id=algebra").await.ok();
    let queue = ada.get("/api/assessment/review?course_id=algebra").await.ok();
    test.import(&with_answer("7")).await;
    assert_eq!(ada.get("/api/assessment/progress?course_id=algebra").await.ok(), before);
    assert_eq!(ada.get("/api/assessment/review?course_id=algebra").await.ok(), queue);
    let attempt = attempts(&test, &ada).await.remove(0);
    assert_eq!((attempt.correct, attempt.version), (false, 1));
    // The next answer is marked by the correction.
    assert_eq!(submit(&ada, "alg-q1", "7").await["correct"], true);
    test.assert_ledgers_are_true().await;
}

/// The statistics of questions, computed from scratch: `answers` are by student and question, of the current versions.
fn batch(ids: &[&str], answers: &[BTreeMap<usize, bool>]) -> Vec<(u32, u32, Option<f64>)> {
    let items = vec![Item { options: Vec::new(), key: None }; ids.len()];
    let persons: Vec<BTreeMap<usize, Response>> = answers
        .iter()
        .map(|row| row.iter().map(|(at, right)| (*at, Response::Answered { right: *right, chosen: None })).collect())
        .collect();
    let found = statistics(&items, &persons);
    found.items.iter().map(|item| (item.shown, item.right, item.item_rest)).collect()
}

#[tokio::test]
async fn statistics_and_difficulties_are_those_of_the_current_version() {
    let test = TestApp::start().await;
    let ids = ["alg-q1", "alg-q3", "alg-q5"];
    let mut current: Vec<BTreeMap<usize, bool>> = Vec::new();
    // With the wrong key, who knows it is marked wrong.
    test.import(&with_answer("7")).await;
    test.pass(LATER);
    for (index, right) in [true, true, true, false].into_iter().enumerate() {
        let student = test.member(&format!("early-{index}"), Plan::Unlimited, 0).await;
        for (id, answer) in [("alg-q1", "2"), ("alg-q3", "2, 3"), ("alg-q5", "4")] {
            let _ = start(&student, id).await;
            let _ = submit(&student, id, if right { answer } else { "9" }).await;
        }
        current.push(BTreeMap::from([(1, right), (2, right)]));
    }
    let wrong_key = calibrate_all(&test.app).await.unwrap().remove(0).calibration;
    test.import(&with_answer("2")).await;
    test.pass(LATER);
    for (index, (first, third)) in [(true, true), (true, false), (false, false)].into_iter().enumerate() {
        let student = test.member(&format!("late-{index}"), Plan::Unlimited, 0).await;
        for (id, answer, right) in [("alg-q1", "2", first), ("alg-q3", "2, 3", third), ("alg-q5", "4", first)] {
            let _ = start(&student, id).await;
            let _ = submit(&student, id, if right { answer } else { "9" }).await;
        }
        current.push(BTreeMap::from([(0, first), (1, third), (2, first)]));
    }
    let found = report(&test.app, "algebra").await.unwrap();
    let expected = batch(&ids, &current);
    for (id, (shown, right, item_rest)) in ids.into_iter().zip(expected) {
        let row = row(&found, id);
        assert_eq!((row.statistics.shown, row.statistics.right), (shown, right), "{id}");
        let far = (row.statistics.item_rest.unwrap_or(2.0) - item_rest.unwrap_or(2.0)).abs();
        assert!(far < 1e-9, "{id}: {:?} is not {item_rest:?}", row.statistics.item_rest);
    }
    let first = row(&found, "alg-q1");
    assert_eq!((first.version, first.earlier, first.statistics.shown), (3, 4, 3));
    assert_eq!((row(&found, "alg-q3").version, row(&found, "alg-q3").earlier), (1, 0));
    let json: Value = serde_json::from_str(&items_json(&found)).unwrap();
    let of_json = json["questions"].as_array().unwrap().iter().find(|one| one["id"] == "alg-q1").unwrap();
    assert_eq!(
        (&of_json["version"], &of_json["earlier_answers"], &of_json["answers"]),
        (&json!(3), &json!(4), &json!(3))
    );
    assert!(page(&found).contains("answers to earlier versions"));
    assert!(table(&found).contains("earlier"), "{}", table(&found));

    // The wrong key made the earlier version hard for those who know the topic; the present one is learnt from its own answers.
    let calibrated = calibrate_all(&test.app).await.unwrap().remove(0).calibration;
    let id = QuestionId::try_from("alg-q1").unwrap();
    let (earlier, now) = (wrong_key.questions[&id], calibrated.questions[&id]);
    assert_eq!((earlier.attempts, now.attempts, calibrated.attempts), (4, 3, 21));
    assert!(now.value < earlier.value, "{now:?} {earlier:?}");
    assert_eq!(calibrated.questions[&QuestionId::try_from("alg-q3").unwrap()].attempts, 7);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_interrupted_correction_is_whole_or_absent_and_counted_once() {
    let (test, proxy) = TestApp::behind_proxy().await;
    let corrected = with_key("A").to_string();
    // The question and its options are written together.
    let name = "TransactWriteItems QUESTION#alg-q2 OPTION#A, QUESTION#alg-q2 OPTION#B, QUESTION#alg-q2 QUESTION";
    let aim = Aim { name: Some(name.to_owned()), nth: 0, reach: Reach::Onwards };
    proxy.arm(Fault::ErrorBefore, aim);
    let stopped = import_catalog(&test.app, &corrected, false).await;
    let is_hit = proxy.hits() > 0;
    proxy.disarm();
    assert!(stopped.is_err() && is_hit);
    let before = stored(&test, "alg-q2").await;
    assert_eq!((before.version, before.options[0].is_correct), (1, false));

    // Stopped after the question and before the course.
    let aim = Aim { name: Some("PutItem CATALOG COURSE#algebra".to_owned()), nth: 0, reach: Reach::Onwards };
    proxy.arm(Fault::ErrorBefore, aim);
    assert!(import_catalog(&test.app, &corrected, false).await.is_err());
    proxy.disarm();
    let half = stored(&test, "alg-q2").await;
    assert_eq!((half.version, half.options[0].is_correct), (2, true));
    let said = check_all(&test.app).await.unwrap().corrupt;
    assert!(said.len() == 1 && said[0].1.contains("alg-q2 is listed as version 1 and is version 2"), "{said:?}");

    // A lost answer is no second correction.
    let aim = Aim { name: Some("PutItem CATALOG COURSE#algebra".to_owned()), nth: 0, reach: Reach::Call };
    proxy.arm(Fault::ErrorAfter, aim);
    let _ = import_catalog(&test.app, &corrected, false).await;
    proxy.disarm();
    test.import(&serde_json::from_str(&corrected).unwrap()).await;
    assert_eq!(stored(&test, "alg-q2").await.version, 2);
    test.assert_ledgers_are_true().await;
}

/// Two imports at once, each of which moves the key back and forth, and students who always give the first answer: whatever
/// wins, an odd version has the first key and an even one the second, and every attempt was marked by the version it names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_and_submissions_at_once_never_share_a_version() {
    let test = TestApp::start().await;
    let mut students = Vec::new();
    for index in 0..2 {
        let student = test.member(&format!("student-{index}"), Plan::Unlimited, 0).await.through(test.twin());
        let _ = start(&student, "alg-q2").await;
        students.push(student);
    }
    let apps = [test.app_where(|_| None), test.app_where(|_| None)];
    let importing = apps.iter().map(|app| async move {
        for round in 0..6 {
            let course = with_key(if round % 2 == 0 { "A" } else { "B" }).to_string();
            // Who was slower is refused and tries again next round.
            let _ = import_catalog(app, &course, false).await;
        }
    });
    let answering = students.iter().map(|student| async move {
        for _ in 0..15 {
            let answer = student.post("/api/questions/alg-q2/submit", json!({"answer": "B"})).await;
            assert!(answer.status == 200 || answer.status == 503, "{}", answer.status);
        }
    });
    let _ = tokio::join!(join_all(importing), join_all(answering));
    let mut seen = 0;
    for student in &students {
        for attempt in attempts(&test, student).await {
            assert_eq!(attempt.correct, attempt.version % 2 == 1, "version {}", attempt.version);
            seen += 1;
        }
    }
    assert!(seen > 0);
    let question = stored(&test, "alg-q2").await;
    assert_eq!(question.options[1].is_correct, question.version % 2 == 1, "{question:?}");
    // An import that was refused left the course behind its questions.
    test.import(&with_key("B")).await;
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_stored_course_and_drawn_formulas_keep_their_versions() {
    let test = TestApp::start().await;
    test.import(&with_answer("7")).await;
    let id = CourseId::try_from("algebra").unwrap();
    let exported = stored_course::read(&test.app, &id).await.unwrap().unwrap();
    let document = stored_course::document(&exported);
    let again = import_catalog(&test.app, &document.to_string(), false).await.unwrap();
    assert_eq!(written(&again), 0, "{again}");
    // A correction of one question keeps the versions of the others.
    let mut both = with_answer("7");
    both["questions"][3]["answer"] = json!("eight");
    test.import(&both).await;
    let versions = [stored(&test, "alg-q1").await.version, stored(&test, "alg-q4").await.version];
    assert_eq!(versions, [2, 2]);
    let course = test.app.store.course(&id).await.unwrap().unwrap();
    let drawn = render::render_course(&test.app, &course, false).await.unwrap();
    assert_eq!(drawn.written, 0);
    let retired = pastpaper::course::retire(&test.app, &QuestionId::try_from("alg-q1").unwrap(), true).await.unwrap();
    assert!(retired.contains("retired"), "{retired}");
    both["questions"][0]["answer"] = json!("5");
    test.import(&both).await;
    let question = stored(&test, "alg-q1").await;
    assert!(question.version == 3 && question.retired_at.is_some(), "{question:?}");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn verify_names_an_attempt_by_a_version_that_never_was() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    test.import(&with_answer("7")).await;
    test.pass(LATER);
    let _ = start(&ada, "alg-q1").await;
    let _ = submit(&ada, "alg-q1", "7").await;
    test.assert_ledgers_are_true().await;
    let mut attempt = attempts(&test, &ada).await.remove(0);
    assert_eq!(attempt.version, 2);
    attempt.version = 3;
    let key = shared::store::keys::attempt(UserId(ada.id.parse().unwrap()), attempt.id);
    let item = crate::large_data::item(&key, "Attempt", serde_json::to_value(&attempt).unwrap());
    crate::large_data::fill(&test, vec![item]).await;
    let wrong = check_all(&test.app).await.unwrap().wrong;
    assert!(wrong.len() == 1 && wrong[0].1[0].contains("was marked by version 3, and the question has 2"), "{wrong:?}");
    attempt.version = 2;
    let item = crate::large_data::item(&key, "Attempt", serde_json::to_value(&attempt).unwrap());
    crate::large_data::fill(&test, vec![item]).await;
}
