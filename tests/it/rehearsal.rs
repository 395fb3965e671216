//! Exam rehearsal: a midterm is sat once against the clock of the service, handed in once, and marked.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, UserId};
use shared::domain::midterm::MidtermId;
use tests::{Person, TestApp};

/// Two right answers of 5 points each, and a wrong one of 15.
fn sheet() -> Value {
    json!({"answers": {"alg-q1": {"answer": "2"}, "alg-q2": {"answer": "A", "time_spent_seconds": 60}, "alg-q4": {"answer": "8"}}})
}

fn path(midterm: &str, end: &str) -> String {
    format!("/api/midterm/{midterm}{end}")
}

async fn start(person: &Person, midterm: &str) -> Value {
    person.post(&path(midterm, "/start"), json!({})).await.ok()
}

/// The attempts and the work of a user in the course.
async fn attempts(test: &TestApp, person: &Person) -> (usize, u64) {
    let user = UserId(person.id.parse().unwrap());
    let study = test.app.store.study(user, &CourseId::try_from("algebra").unwrap()).await.unwrap();
    (test.app.store.attempts(user).await.unwrap().len(), study.version)
}

#[tokio::test]
async fn a_sitting_is_started_once_and_resumed_on_another_device() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.midterm().await;
    assert!(ada.get(&path(&midterm, "")).await.ok().get("sitting").is_none());
    let _ = ada.get(&path(&midterm, "/result")).await.problem(409, "not_started");
    let _ = ada.post(&path(&midterm, "/submit"), sheet()).await.problem(409, "not_started");

    let first = start(&ada, &midterm).await;
    // Sixteen minutes of five questions, and what the service expects of the sixth.
    let minutes = ada.get(&path(&midterm, "")).await.ok()["fit"]["minutes"]["achieved"].as_f64().unwrap();
    let at = |member: &str| -> jiff::Timestamp { first["sitting"][member].as_str().unwrap().parse().unwrap() };
    let allowed = at("deadline").duration_since(at("started_at")).as_secs_f64();
    assert!((allowed - (minutes * 60.0).ceil()).abs() < 1e-6, "{allowed} s for {minutes} minutes");
    assert_eq!((&first["sitting"]["handed_in_at"], &first["sitting"]["late"]), (&Value::Null, &json!(false)));

    test.pass(Duration::from_mins(2));
    let device = test.renewed(&ada).await;
    let again = device.post(&path(&midterm, "/start"), json!({"minutes": 600})).await.ok();
    let shown = device.get(&path(&midterm, "")).await.ok();
    for other in [&again, &shown] {
        for member in ["started_at", "deadline"] {
            assert_eq!(other["sitting"][member], first["sitting"][member]);
        }
        assert_ne!(other["sitting"]["now"], first["sitting"]["now"]);
    }
    let _ = ada.get(&path(&midterm, "/result")).await.problem(409, "not_started");
    // It costs nothing.
    assert_eq!(ada.credits().await, 2);
}

#[tokio::test]
async fn the_time_may_be_chosen_within_its_bounds() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let midterm = ada.midterm().await;
    for minutes in [json!(0), json!(601), json!("45")] {
        let problem =
            ada.post(&path(&midterm, "/start"), json!({"minutes": minutes})).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "minutes");
    }
    let _ = ada.post(&path(&midterm, "/start"), json!({"hours": 1})).await.problem(422, "invalid_field");
    let sitting = ada.post(&path(&midterm, "/start"), json!({"minutes": 45})).await.ok()["sitting"].clone();
    let at = |member: &str| -> jiff::Timestamp { sitting[member].as_str().unwrap().parse().unwrap() };
    assert_eq!(at("deadline").as_second() - at("started_at").as_second(), 45 * 60);
}

#[tokio::test]
async fn all_answers_are_marked_and_counted_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.sitting().await;
    test.pass(Duration::from_mins(5));
    let result = ada.post(&path(&midterm, "/submit"), sheet()).await.ok();
    assert_eq!((&result["points"], &result["earned"], &result["unmarked"]), (&json!(32.5), &json!(10.0), &json!(0.0)));
    assert_eq!((&result["percent"], &result["late"], &result["seconds"]), (&json!(30.8), &json!(false), &json!(300)));
    let states: Vec<_> = result["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["question_id"], &one["state"], &one["earned"]))
        .collect();
    assert_eq!(states[0], (&json!("alg-q1"), &json!("marked"), &json!(5.0)));
    assert_eq!(states[1], (&json!("alg-q5"), &json!("unanswered"), &json!(0.0)));
    assert_eq!(states[2], (&json!("alg-q2"), &json!("marked"), &json!(0.0)));
    assert_eq!(result["review"].as_array().unwrap().len(), 1);
    let review = &result["review"][0];
    assert_eq!((&review["topic_name"], &review["points_lost"]), (&json!("Quadratic equations"), &json!(22.5)));
    assert_eq!(review["question_ids"], json!(["alg-q2", "alg-q3"]));

    assert_eq!(attempts(&test, &ada).await, (3, 3));
    let progress = ada.get("/api/assessment/progress?course_id=algebra").await.ok();
    // Replays, with other answers and from another device, change nothing.
    test.pass(Duration::from_hours(2));
    let device = test.renewed(&ada).await;
    let other = json!({"answers": {"alg-q2": {"answer": "B"}, "alg-q3": {"answer": "2, 3"}}});
    for answers in [sheet(), other] {
        assert_eq!(device.post(&path(&midterm, "/submit"), answers).await.ok(), result);
    }
    assert_eq!(device.get(&path(&midterm, "/result")).await.ok(), result);
    assert_eq!(attempts(&test, &ada).await, (3, 3));
    let now = device.get("/api/assessment/progress?course_id=algebra").await.ok();
    assert_eq!(now["attempts"], progress["attempts"]);
    let sitting = device.get(&path(&midterm, "")).await.ok()["sitting"].clone();
    assert_eq!((&sitting["handed_in_at"], &sitting["late"]), (&result["handed_in_at"], &json!(false)));
    assert_eq!(start(&device, &midterm).await["sitting"]["handed_in_at"], result["handed_in_at"]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn answers_after_the_deadline_and_the_grace_are_kept_and_late() {
    let test = TestApp::start().await;
    for (name, seconds, late) in [("on-time", 60 + 30, false), ("late", 60 + 31, true)] {
        let person = test.member(name, Plan::Free, 5).await;
        let midterm = person.midterm().await;
        let _ = person.post(&path(&midterm, "/start"), json!({"minutes": 1})).await.ok();
        test.pass(Duration::from_secs(seconds));
        assert_eq!(person.get(&path(&midterm, "")).await.ok()["sitting"]["late"], late, "{name}");
        let result = person.post(&path(&midterm, "/submit"), sheet()).await.ok();
        assert_eq!((&result["late"], &result["earned"]), (&json!(late), &json!(10.0)), "{name}");
        assert_eq!(attempts(&test, &person).await, (3, 3));
    }
}

#[tokio::test]
async fn what_belongs_to_no_question_is_refused_by_name_and_nothing_is_kept() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.sitting().await;
    for (answers, field) in [
        (json!({"other": {"answer": "2"}}), "answers.other"),
        (json!({"alg-q1": {"answer": "2", "note": "?"}}), "answers.alg-q1.note"),
        (json!({"alg-q2": {"answer": "Z"}}), "answers.alg-q2.answer"),
        (json!({"alg-q1": {"answers": {"a": "2"}}}), "answers.alg-q1.answers"),
        (json!({"alg-q1": {"answer": "2".repeat(501)}}), "answers.alg-q1.answer"),
        (json!({"alg-q1": {"time_spent_seconds": 90_000}}), "answers.alg-q1.time_spent_seconds"),
    ] {
        let problem =
            ada.post(&path(&midterm, "/submit"), json!({"answers": answers})).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], field);
    }
    let problem = ada.post(&path(&midterm, "/submit"), json!({})).await.problem(400, "missing_field");
    assert_eq!(problem["field"], "answers");
    assert_eq!(attempts(&test, &ada).await, (0, 0));
    assert_eq!(ada.get(&path(&midterm, "")).await.ok()["sitting"]["handed_in_at"], Value::Null);
}

#[tokio::test]
async fn an_answer_that_only_the_student_can_mark_waits_for_their_own_attempt() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.sitting().await;
    let answers = json!({"answers": {"alg-q4": {"answer": "as many as there are subsets of the set"}}});
    let result = ada.post(&path(&midterm, "/submit"), answers).await.ok();
    assert_eq!((&result["unmarked"], &result["percent"]), (&json!(5.0), &json!(0.0)));
    assert_eq!(attempts(&test, &ada).await, (0, 0));
    let own = json!({"answer": "as many as there are subsets of the set", "was_correct": true});
    assert_eq!(ada.post("/api/questions/alg-q4/submit", own).await.ok()["graded_by"], "self");
    assert_eq!(attempts(&test, &ada).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twins_of_start_and_of_submit_get_one_sitting_and_one_result() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.midterm().await;
    let devices = [ada.clone(), test.renewed(&ada).await, ada.through(test.twin()), ada.clone()];
    let minutes = [5, 45, 90, 600];
    let starts = devices.iter().zip(minutes).map(|(device, minutes)| {
        let midterm = &midterm;
        async move {
            device.post(&path(midterm, "/start"), json!({"minutes": minutes})).await.ok()["sitting"]["deadline"].clone()
        }
    });
    let deadlines = join_all(starts).await;
    assert!(deadlines.iter().all(|deadline| *deadline == deadlines[0]), "{deadlines:?}");

    let submits = devices.iter().enumerate().map(|(index, device)| {
        let body = json!({"answers": {"alg-q1": {"answer": index.to_string()}, "alg-q2": {"answer": "B"}}});
        let midterm = &midterm;
        async move { device.post(&path(midterm, "/submit"), body).await.ok() }
    });
    // An attempt on one of its questions at the same time is counted beside it.
    let practice = ada.post("/api/questions/alg-q2/submit", json!({"answer": "B"}));
    let (results, practice) = tokio::join!(join_all(submits), practice);
    let _ = practice.ok();
    assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
    assert_eq!(attempts(&test, &ada).await, (3, 3));
    let user = UserId(ada.id.parse().unwrap());
    let mut all = test.app.store.attempts(user).await.unwrap();
    all.sort_by_key(|attempt| attempt.position);
    assert_eq!(all.iter().map(|attempt| attempt.position).collect::<Vec<_>>(), [1, 2, 3]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_import_does_not_change_how_a_sitting_is_marked() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.sitting().await;
    let mut course: Value = serde_json::from_str(tests::SMALL_COURSE).unwrap();
    course["questions"].as_array_mut().unwrap().iter_mut().find(|one| one["id"] == "alg-q1").unwrap()["answer"] =
        json!("7");
    test.import(&course).await;
    let result = ada.post(&path(&midterm, "/submit"), json!({"answers": {"alg-q1": {"answer": "2"}}})).await.ok();
    assert_eq!(result["questions"][0]["earned"], 5.0);
}

#[tokio::test]
async fn the_result_is_a_page_without_scripts() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.sitting().await;
    let answers = json!({"answers": {"alg-q1": {"answer": "<b>2</b>"}, "alg-q2": {"answer": "A"}}});
    let _ = ada.post(&path(&midterm, "/submit"), answers).await.ok();
    let answer = ada.get_with(&path(&midterm, "/result"), &[("accept", "text/html")]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("vary"), "Accept");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    let page = answer.body.as_str().unwrap();
    for text in [
        "Result of the practice midterm",
        "What to review",
        "Quadratic equations",
        "&lt;b&gt;2&lt;/b&gt;",
        "not answered",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>2</b>"));
}

#[tokio::test]
async fn a_sitting_is_exported_and_deleted_with_its_account() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let midterm = ada.sitting().await;
    let _ = ada.post(&path(&midterm, "/submit"), sheet()).await.ok();
    let export = ada.get("/api/auth/export").await.ok();
    let sitting = &export["sittings"][0];
    assert_eq!(sitting["handed_in"]["questions"][0]["answer"], "2", "{export}");
    assert!(sitting["deadline_at"].as_str().is_some_and(|at| at.strip_suffix(".000Z").is_some()), "{export}");
    test.give_password(&ada).await;
    let _ = ada
        .send(
            axum::http::Method::DELETE,
            "/api/auth/account",
            Some(json!({"password": tests::PASSWORD}).to_string()),
            &[("content-type", "application/json")],
        )
        .await
        .ok();
    let user = UserId(ada.id.parse().unwrap());
    assert!(test.app.store.sitting(user, MidtermId(midterm.parse().unwrap())).await.unwrap().is_none());
    assert!(test.app.store.attempts(user).await.unwrap().is_empty());
}
