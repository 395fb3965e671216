//! Enrolment, mastery, progress and weak topics.

use std::time::Duration;

use axum::http::Method;
use pastpaper::calibrate::{Publication, calibrate, calibrate_all};
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::study::{Study, differences};
use tests::{Person, TestApp};

const WEAK: &str = "/api/assessment/weak-topics";
const PROGRESS: &str = "/api/assessment/progress?course_id=algebra";

async fn start(person: &Person, question: &str) {
    let _ = person.send(Method::POST, &format!("/api/questions/{question}/start"), None, &[]).await.ok();
}

async fn submit(person: &Person, question: &str, body: Value) -> Value {
    person.post(&format!("/api/questions/{question}/submit"), body).await.ok()
}

async fn weak(person: &Person, reported: Value) -> Value {
    person.post(WEAK, json!({"course_id": "algebra", "self_reported_weaknesses": reported})).await.ok()
}

/// What the advice says of a topic, weak or untried.
fn told(answer: &Value, id: &str) -> Value {
    let lists = ["weak_topics", "untried_topics"].map(|list| answer[list].as_array().unwrap().clone());
    lists.concat().into_iter().find(|topic| topic["topic_id"] == id).unwrap()
}

fn ids(answer: &Value, list: &str) -> Vec<String> {
    let topics = answer[list].as_array().unwrap();
    topics.iter().map(|topic| topic["topic_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn enrolling_is_idempotent() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let path = "/api/courses/algebra/enroll";
    assert_eq!(ada.get("/api/courses/algebra").await.ok()["course"]["is_enrolled"], false);
    let first = ada.send(Method::POST, path, None, &[]).await.ok();
    assert_eq!(first["success"], true);
    test.pass(Duration::from_mins(1));
    assert_eq!(ada.send(Method::POST, path, None, &[]).await.ok(), first);
    assert_eq!(ada.get("/api/courses/algebra").await.ok()["course"]["is_enrolled"], true);
    assert_eq!(ada.get("/api/courses").await.ok()["courses"][0]["is_enrolled"], true);
    let bob = test.user("bob").await;
    assert_eq!(bob.get("/api/courses/algebra").await.ok()["course"]["is_enrolled"], false);
    let _ = ada.send(Method::POST, "/api/courses/none/enroll", None, &[]).await.problem(404, "not_found");
}

#[tokio::test]
async fn answers_are_marked_by_the_checker() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    for (question, answer, correct) in
        [("alg-q1", "x = 2", true), ("alg-q1", "3", false), ("alg-q4", "2^3", true), ("alg-q5", r"\frac{8}{2}", true)]
    {
        start(&ada, question).await;
        let marked = submit(&ada, question, json!({"answer": answer, "was_correct": !correct})).await;
        assert_eq!(
            (&marked["correct"], &marked["graded_by"]),
            (&json!(correct), &json!("answer")),
            "{question} {answer}"
        );
    }
    // The student marks what the checker cannot parse.
    start(&ada, "alg-q6").await;
    let path = "/api/questions/alg-q6/submit";
    let prose = "it depends on what one means by a set";
    let problem = ada.post(path, json!({"answer": prose})).await.problem(422, "invalid_field");
    assert!(problem["detail"].as_str().unwrap().contains("was_correct"), "{problem}");
    let marked = submit(&ada, "alg-q6", json!({"answer": prose, "was_correct": false})).await;
    assert_eq!((&marked["correct"], &marked["graded_by"]), (&json!(false), &json!("self")));
}

#[tokio::test]
async fn attempts_after_seeing_the_solution_are_no_evidence() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let mastery = |marked: &Value| marked["mastery"]["mastery"].as_f64().unwrap();
    let unmoved = |marked: &Value, by: &Value| (mastery(marked) - mastery(by)).abs() < 1e-9;
    let before = weak(&ada, json!([])).await;
    let start_mastery = told(&before, "alg-linear")["mastery"].as_f64().unwrap();
    start(&ada, "alg-q1").await;
    let wrong = submit(&ada, "alg-q1", json!({"answer": "5"})).await;
    assert_eq!((&wrong["correct"], &wrong["mastery"]["topic_id"]), (&json!(false), &json!("alg-linear")));
    assert!(mastery(&wrong) < start_mastery);
    // The solution is unlocked now: later attempts change no estimate.
    for answer in ["2", "5", "2"] {
        let again = submit(&ada, "alg-q1", json!({"answer": answer})).await;
        assert!(unmoved(&again, &wrong));
    }
    start(&ada, "alg-q5").await;
    let _ = ada.send(Method::POST, "/api/questions/alg-q5/solution", None, &[]).await.ok();
    let after_looking = submit(&ada, "alg-q5", json!({"answer": "4"})).await;
    assert!(unmoved(&after_looking, &wrong));
    // Practice includes the solution, which does not count as requesting it.
    let bob = test.member("bob", Plan::Unlimited, 0).await;
    let practice = json!({"course_id": "algebra", "topic_ids": ["alg-linear"], "count": 2});
    let _ = bob.post("/api/questions/practice", practice).await.ok();
    assert!(mastery(&submit(&bob, "alg-q1", json!({"answer": "2"})).await) > start_mastery);
    let own_word = submit(&bob, "alg-q5", json!({"was_correct": true})).await;
    assert_eq!((&own_word["graded_by"], &own_word["mastery"]["enough_data"]), (&json!("self"), &json!(false)));
    let [low, high] = [0, 1].map(|end| own_word["mastery"]["interval"][end].as_f64().unwrap());
    assert!(0.0 < low && low < mastery(&own_word) && mastery(&own_word) < high && high < 1.0);
}

#[tokio::test]
async fn stored_mastery_equals_the_fold_of_the_attempts() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    for (round, question) in ["alg-q1", "alg-q2", "alg-q3", "alg-q4", "alg-q5", "alg-q6"].into_iter().enumerate() {
        start(&ada, question).await;
        let answer = if question == "alg-q2" { "B" } else { "2" };
        let body = json!({"answer": answer, "was_correct": round % 2 == 0, "time_spent_seconds": 60});
        let _ = submit(&ada, question, body).await;
        test.pass(Duration::from_hours(20));
    }
    // This also holds for concurrent attempts.
    let ada = &test.renewed(&ada).await;
    let at_once = (0..6).map(|_| {
        let person = ada.through(test.twin());
        async move { person.post("/api/questions/alg-q3/submit", json!({"answer": "2, 3"})).await.ok() }
    });
    let _ = futures_util::future::join_all(at_once).await;
    let user = ada.id.parse().unwrap();
    let user = shared::domain::id::UserId(user);
    let studies = test.app.store.studies(user).await.unwrap();
    let mut attempts = test.app.store.attempts(user).await.unwrap();
    attempts.sort_by_key(|attempt| attempt.position);
    assert_eq!((studies.len(), attempts.len(), studies[0].version), (1, 12, 12));
    assert!(attempts.iter().zip(1..).all(|(attempt, position)| attempt.position == position));
    let folded = Study::fold(studies[0].course_id.clone(), &attempts);
    assert_eq!(differences(&studies[0], &folded), [""; 0]);
    assert!(pastpaper::verify::check_all(&test.app).await.unwrap().wrong.is_empty());
}

#[tokio::test]
async fn progress_has_topics_weeks_and_a_streak() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let nothing = ada.get(PROGRESS).await.ok();
    assert_eq!((&nothing["attempts"], &nothing["streak_days"], &nothing["weeks"]), (&json!(0), &json!(0), &json!([])));
    assert_eq!(nothing["topics"].as_array().unwrap().len(), 4);
    for (question, answer) in [("alg-q1", "2"), ("alg-q3", "1"), ("alg-q4", "8")] {
        start(&ada, question).await;
        let _ = submit(&ada, question, json!({"answer": answer, "time_spent_seconds": 40})).await;
        test.pass(Duration::from_hours(24));
    }
    let progress = ada.get(PROGRESS).await.ok();
    for (member, value) in [
        ("attempts", json!(3)),
        ("correct", json!(2)),
        ("accuracy_rate", json!(0.67)),
        ("time_spent_seconds", json!(120)),
        ("questions_unlocked", json!(3)),
        ("questions_attempted", json!(3)),
        ("streak_days", json!(3)),
        ("longest_streak_days", json!(3)),
    ] {
        assert_eq!(progress[member], value, "{member}: {progress}");
    }
    let of_weeks: u64 =
        progress["weeks"].as_array().unwrap().iter().map(|week| week["attempts"].as_u64().unwrap()).sum();
    assert_eq!(of_weeks, 3);
    let quadratic = progress["topics"].as_array().unwrap().iter().find(|t| t["topic_id"] == "alg-quadratic").unwrap();
    assert_eq!((&quadratic["attempts"], &quadratic["correct"]), (&json!(1), &json!(0)));
    test.pass(Duration::from_hours(48));
    assert_eq!(test.renewed(&ada).await.get(PROGRESS).await.ok()["streak_days"], 0);
    let _ = ada.get("/api/assessment/progress").await.problem(400, "missing_field");
    let _ = ada.get("/api/assessment/progress?course_id=none").await.problem(404, "not_found");
}

#[tokio::test]
async fn weak_topics_come_with_questions_and_a_plan() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let fresh = weak(&ada, json!([])).await;
    // Nothing is known of a new student: no topic is weak, and those with the most points come first. The topic without
    // questions is left out.
    assert_eq!(fresh["weak_topics"], json!([]));
    assert_eq!(ids(&fresh, "untried_topics")[0], "alg-quadratic");
    assert_eq!(ids(&fresh, "untried_topics").len(), 3);
    for topic in fresh["untried_topics"].as_array().unwrap() {
        let probability = topic["probability"].as_f64().unwrap();
        assert!(0.0 < probability && probability < 1.0 && topic["expected_questions"].as_f64().unwrap() > 0.0);
        assert!(topic["reason"].as_str().unwrap().starts_with("You have not tried this topic yet."));
    }
    assert_eq!(fresh["forecast_quality"], "not enough exams to tell");
    let questions = fresh["personalized_question_set"].as_array().unwrap();
    assert!(questions.iter().all(|question| question["reason"].as_str().unwrap().starts_with("New to you")));
    let plan = &fresh["recommended_study_plan"];
    // alg-q2 and alg-q3 take 4 and 6 minutes.
    assert_eq!((&plan[0]["topic_id"], &plan[0]["estimated_time"]), (&json!("alg-quadratic"), &json!(10.0)));
    assert_eq!((&plan[0]["priority"], &plan[0]["standing"]), (&json!("high"), &json!("untried")));
    assert!(plan[0]["reason"].as_str().unwrap().starts_with("Nothing is known yet"), "{plan}");

    // A self-reported weakness raises a topic as long as there are no attempts.
    let gain = |answer: &Value, id: &str| told(answer, id)["points_to_gain"].as_f64().unwrap();
    let reported = weak(&ada, json!(["alg-sets"])).await;
    assert_eq!(ids(&reported, "weak_topics"), ["alg-sets"]);
    assert!(gain(&reported, "alg-sets") > gain(&fresh, "alg-sets"));
    start(&ada, "alg-q4").await;
    let _ = submit(&ada, "alg-q4", json!({"answer": "8"})).await;
    assert!(gain(&weak(&ada, json!(["alg-sets"])).await, "alg-sets") < gain(&reported, "alg-sets"));
    let suggested = weak(&ada, json!([])).await["personalized_question_set"].clone();
    let of_sets: Vec<_> = suggested.as_array().unwrap().iter().filter(|q| q["topic_id"] == "alg-sets").collect();
    assert_eq!(of_sets[0]["question_id"], "alg-q6", "unseen first: {suggested}");
    let _ = ada
        .post(WEAK, json!({"course_id": "algebra", "self_reported_weaknesses": ["x"]}))
        .await
        .problem(404, "not_found");
    let _ = ada.post(WEAK, json!({})).await.problem(400, "missing_field");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_topic_that_failed_is_the_first_weak_one_and_untried_ones_are_told_apart() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    for (question, answer) in [("alg-q1", "7"), ("alg-q5", "9"), ("alg-q4", "8")] {
        start(&ada, question).await;
        let _ = submit(&ada, question, json!({"answer": answer})).await;
    }
    let found = weak(&ada, json!([])).await;
    // Two of two wrong; one of one right is no weakness, and nothing is known of what was not tried.
    assert_eq!(ids(&found, "weak_topics"), ["alg-linear"]);
    assert_eq!(ids(&found, "untried_topics"), ["alg-quadratic"]);
    let linear = told(&found, "alg-linear");
    assert!(linear["reason"].as_str().unwrap().starts_with("You got 0 of 2 right"), "{linear}");
    assert!(linear["certainty"].as_f64().unwrap() > 0.7, "{linear}");
    let plan = found["recommended_study_plan"].as_array().unwrap();
    let standings: Vec<_> = plan.iter().map(|topic| (&topic["topic_id"], &topic["standing"])).collect();
    assert_eq!(
        standings,
        [
            (&json!("alg-linear"), &json!("weak")),
            (&json!("alg-quadratic"), &json!("untried")),
            (&json!("alg-sets"), &json!("good")),
        ]
    );
    assert!(plan.iter().all(|topic| topic["reason"].as_str().unwrap().ends_with('.')));
}

#[tokio::test]
async fn an_own_wrong_moves_the_mastery_further_than_an_own_right() {
    let test = TestApp::start().await;
    let mut moved = Vec::new();
    for (name, correct) in [("ada", true), ("bob", false)] {
        let person = test.member(name, Plan::Unlimited, 0).await;
        let before = told(&weak(&person, json!([])).await, "alg-sets")["mastery"].as_f64().unwrap();
        start(&person, "alg-q6").await;
        let marked = submit(&person, "alg-q6", json!({"was_correct": correct})).await;
        assert_eq!(marked["graded_by"], "self");
        moved.push((marked["mastery"]["mastery"].as_f64().unwrap() - before).abs());
    }
    // With equal weights it would be 1.6 times as far, because a right answer was expected.
    assert!(moved[1] > 2.0 * moved[0], "{moved:?}");
}

#[tokio::test]
async fn all_courses_are_calibrated_at_once_and_again_without_effect() {
    let test = TestApp::start().await;
    assert!(calibrate_all(&test.app).await.unwrap().is_empty());
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    start(&ada, "alg-q1").await;
    let _ = submit(&ada, "alg-q1", json!({"answer": "2"})).await;
    let done = async || {
        let all = calibrate_all(&test.app).await.unwrap();
        all.iter().map(|one| (one.course.to_string(), one.calibration.version, one.publication)).collect::<Vec<_>>()
    };
    assert_eq!(done().await, [("algebra".to_owned(), 1, Publication::New)]);
    assert_eq!(done().await, [("algebra".to_owned(), 1, Publication::Unchanged)]);
    start(&ada, "alg-q4").await;
    let _ = submit(&ada, "alg-q4", json!({"answer": "1"})).await;
    // Of two processes at once, one publishes, or both publish one after the other; none fails.
    let both = tokio::join!(calibrate_all(&test.app), calibrate_all(&test.app));
    let versions = [both.0, both.1].map(|all| all.unwrap()[0].calibration.attempts);
    assert_eq!(versions, [2, 2]);
    assert_eq!(
        test.app.store.newest_calibration(&"algebra".to_owned().try_into().unwrap()).await.unwrap().unwrap().version,
        2
    );
}

#[tokio::test]
async fn a_calibration_separates_hard_topics_from_weak_ones() {
    let test = TestApp::start().await;
    assert!(calibrate(&test.app, "none").await.is_err());
    let nothing = calibrate(&test.app, "algebra").await.unwrap_err();
    assert!(nothing.to_string().contains("nobody has answered"), "{nothing}");
    // All students fail quadratic equations and solve the rest.
    for index in 0..12 {
        let student = test.member(&format!("student-{index}"), Plan::Unlimited, 0).await;
        for (question, answer) in [("alg-q1", "2"), ("alg-q3", "7"), ("alg-q2", "A"), ("alg-q4", "8"), ("alg-q5", "4")]
        {
            start(&student, question).await;
            let _ = submit(&student, question, json!({"answer": answer})).await;
        }
    }
    let fresh = test.member("fresh", Plan::Unlimited, 0).await;
    let mastery = async |test: &TestApp| {
        let person = fresh.through(test.twin());
        told(&weak(&person, json!([])).await, "alg-quadratic")["mastery"].as_f64().unwrap()
    };
    let before = mastery(&test).await;
    let first = calibrate(&test.app, "algebra").await.unwrap();
    assert_eq!((first.version, first.attempts, first.questions.len()), (1, 60, 5));
    assert!(mastery(&test).await < before - 0.1, "what all fail at is hard for the next one, too");
    // A process that has read the old one sees the new one within a minute.
    let of_running = async || told(&weak(&fresh, json!([])).await, "alg-quadratic")["mastery"].as_f64().unwrap();
    test.pass(Duration::from_secs(61));
    assert!(of_running().await < before - 0.1);
    // Without new attempts there is nothing to publish.
    assert_eq!(calibrate(&test.app, "algebra").await.unwrap().version, 1);
    // Attempts under the old calibration keep their effect.
    assert!(pastpaper::verify::check_all(&test.app).await.unwrap().wrong.is_empty());
}
