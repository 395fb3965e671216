//! The review queue: answers schedule questions, and the queue says what is due.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use pastpaper::calibrate::{Publication, calibrate_all};
use pastpaper::{course, verify::check_all};
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::mastery::Evidence;
use shared::domain::review::{FitOutcome, Scheduler};
use shared::domain::study::attempt::{Attempt, AttemptId, GradedBy};
use shared::domain::study::progress::Progress;
use shared::store::{ImportedStudies, keys};
use tests::{Person, TestApp};
use uuid::Uuid;

use crate::large_data::{fill, item};

const REVIEW: &str = "/api/assessment/review?course_id=algebra";

fn algebra() -> CourseId {
    CourseId::try_from("algebra").unwrap()
}

fn question(id: &str) -> QuestionId {
    QuestionId::try_from(id).unwrap()
}

fn user(person: &Person) -> UserId {
    UserId(person.id.parse().unwrap())
}

async fn answer(person: &Person, question: &str, answer: &str) -> Value {
    let _ = person.post(&format!("/api/questions/{question}/start"), json!({})).await.ok();
    person
        .post(&format!("/api/questions/{question}/submit"), json!({"answer": answer, "was_correct": false}))
        .await
        .ok()
}

fn days_pass(test: &TestApp, days: u64) {
    test.pass(Duration::from_hours(24 * days));
}

/// Ids of the questions that are due.
fn due(queue: &Value) -> Vec<&str> {
    queue["questions"].as_array().unwrap().iter().map(|due| due["question_id"].as_str().unwrap()).collect()
}

async fn stored(test: &TestApp, person: &Person, id: &str) -> Progress {
    test.app.store.progress_on(user(person), &algebra(), &question(id)).await.unwrap().unwrap()
}

async fn assert_verified(test: &TestApp) {
    let found = check_all(&test.app).await.unwrap();
    assert_eq!((found.wrong, found.corrupt), (vec![], vec![]));
}

#[tokio::test]
async fn answered_questions_come_again_and_cost_nothing() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let nothing = ada.get(REVIEW).await.ok();
    assert_eq!(
        (&nothing["due_today"], &nothing["scheduled"], &nothing["questions"]),
        (&json!(0), &json!(0), &json!([]))
    );
    assert_eq!((&nothing["today"], nothing["days"].as_array().unwrap().len()), (&json!("2026-03-01"), 30));

    // One right, one wrong, and one that is only unlocked.
    assert_eq!(answer(&ada, "alg-q1", "2").await["correct"], true);
    assert_eq!(answer(&ada, "alg-q4", "7").await["correct"], false);
    let _ = ada.post("/api/questions/alg-q5/start", json!({})).await.ok();
    let queue = ada.get(REVIEW).await.ok();
    assert_eq!((&queue["due_today"], &queue["scheduled"]), (&json!(0), &json!(2)));
    let [first, second] = [0, 1].map(|day| queue["days"][day].clone());
    assert_eq!((first, second), (json!({"date": "2026-03-02", "due": 1}), json!({"date": "2026-03-03", "due": 1})));

    days_pass(&test, 2);
    let ada = test.renewed(&ada).await;
    let credits = ada.credits().await;
    let queue = ada.get(REVIEW).await.ok();
    assert_eq!((due(&queue), &queue["due_today"]), (vec!["alg-q4", "alg-q1"], &json!(2)));
    let mut wrong = queue["questions"][0].clone();
    let preview = wrong.as_object_mut().unwrap().remove("preview").unwrap();
    assert!(!preview.as_str().unwrap().is_empty());
    assert_eq!(
        wrong,
        json!({
            "question_id": "alg-q4", "topic_id": wrong["topic_id"], "topic_name": wrong["topic_name"],
            "due": "2026-03-02", "days_overdue": 1, "last_answered": "2026-03-01", "last_correct": false, "attempts": 1,
            "recall": wrong["recall"], "memory": {"stability": 0.212, "difficulty": 6.4133},
        })
    );
    assert!(wrong["recall"].as_f64().unwrap() < queue["questions"][1]["recall"].as_f64().unwrap());
    // The list is bounded, the number is not.
    let one = ada.get(&format!("{REVIEW}&limit=1")).await.ok();
    assert_eq!((due(&one), &one["due_today"]), (vec!["alg-q4"], &json!(2)));
    // The plan says the same.
    let plan = ada.post("/api/assessment/weak-topics", json!({"course_id": "algebra"})).await.ok();
    assert_eq!(plan["review"], queue);

    // Seeing and answering it again costs nothing, and moves it to a later day.
    let seen = ada.get("/api/questions/alg-q1").await.ok();
    assert_eq!(seen["question"]["locked"], false);
    let _ = answer(&ada, "alg-q1", "2").await;
    assert_eq!(ada.credits().await, credits);
    let queue = ada.get(REVIEW).await.ok();
    assert_eq!((due(&queue), &queue["scheduled"]), (vec!["alg-q4"], &json!(2)));
    let state = stored(&test, &ada, "alg-q1").await.review.unwrap();
    let scheduler = Scheduler::new(None);
    let first = scheduler.after(None, true, state.day - 2);
    assert_eq!(state, scheduler.after(Some(&first), true, state.day));
    assert_verified(&test).await;
}

#[tokio::test]
async fn a_request_for_reviews_is_checked() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let path = "/api/assessment/review";
    let _ = test.anonymous().get(REVIEW).await.problem(401, "unauthenticated");
    let _ = ada.get(path).await.problem(400, "missing_field");
    let _ = ada.get(&format!("{path}?course_id=history")).await.problem(404, "not_found");
    for limit in ["0", "101", "-1", "x"] {
        let _ = ada.get(&format!("{REVIEW}&limit={limit}")).await.problem(422, "invalid_field");
    }
    assert_eq!(ada.get(&format!("{REVIEW}&limit=")).await.ok()["due_today"], 0);
    // Another student's answers are in no other queue.
    let _ = answer(&ada, "alg-q1", "1").await;
    let ben = test.member("ben", Plan::Free, 5).await;
    assert_eq!(ben.get(REVIEW).await.ok()["scheduled"], 0);
}

#[tokio::test]
async fn a_retired_question_leaves_the_queue_and_comes_back_with_its_schedule() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = answer(&ada, "alg-q1", "1").await;
    let _ = answer(&ada, "alg-q4", "1").await;
    days_pass(&test, 1);
    let ada = test.renewed(&ada).await;
    assert_eq!(due(&ada.get(REVIEW).await.ok()), ["alg-q1", "alg-q4"]);
    for (is_retired, expected) in [(true, vec!["alg-q4"]), (false, vec!["alg-q1", "alg-q4"])] {
        let _ = course::retire(&test.app, &question("alg-q1"), is_retired).await.unwrap();
        test.pass(Duration::from_mins(1));
        let queue = ada.get(REVIEW).await.ok();
        assert_eq!((due(&queue), &queue["scheduled"]), (expected.clone(), &json!(expected.len())));
    }
}

#[tokio::test]
async fn answers_from_before_there_were_schedules_count_as_one() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let row = |id: &str, attempts: u32, was_correct: Option<bool>| Progress {
        course_id: algebra(),
        question_id: question(id),
        unlocked_at: "2026-02-20T10:00:00Z".parse().unwrap(),
        solution_at: None,
        opened_at: None,
        seen_at: "2026-02-27T23:59:59Z".parse().unwrap(),
        attempts,
        correct_attempts: u32::from(was_correct == Some(true)),
        was_correct,
        time_spent_seconds: 0,
        review: None,
        delivered_by: None,
    };
    let progress = vec![row("alg-q1", 3, Some(true)), row("alg-q4", 2, Some(false)), row("alg-q5", 0, None)];
    let studies = ImportedStudies { progress, enrollments: Vec::new() };
    test.app.store.write_studies(user(&ada), &studies, false).await.unwrap();
    // 28 February is a day after, 1 March is two.
    let queue = ada.get(REVIEW).await.ok();
    assert_eq!((due(&queue), &queue["scheduled"]), (vec!["alg-q4", "alg-q1"], &json!(2)));
    assert_eq!((&queue["questions"][1]["due"], &queue["questions"][1]["attempts"]), (&json!("2026-03-01"), &json!(3)));
    assert_verified(&test).await;

    // The next answer goes on from there.
    let _ = answer(&ada, "alg-q1", "2").await;
    let state = stored(&test, &ada, "alg-q1").await.review.unwrap();
    let scheduler = Scheduler::new(None);
    assert_eq!(state, scheduler.after(Some(&scheduler.after(None, true, state.day - 2)), true, state.day));
    assert_verified(&test).await;
    // The export has the schedule.
    let export = ada.get("/api/auth/export").await.ok();
    let of_q1 = export["progress"].as_array().unwrap().iter().find(|row| row["question_id"] == "alg-q1").unwrap();
    assert_eq!((&of_q1["review"]["day"], &of_q1["attempts"]), (&json!(state.day), &json!(4)));
    assert!((of_q1["review"]["stability"].as_f64().unwrap() - f64::from(state.stability)).abs() < 1e-5);
}

#[tokio::test]
async fn every_answer_moves_the_schedule_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = answer(&ada, "alg-q1", "2").await;
    let once = stored(&test, &ada, "alg-q1").await;
    days_pass(&test, 3);
    let ada = test.renewed(&ada).await;
    // A replay of the same request, also at the same time, is one answer.
    let replays = join_all((0..5).map(|_| {
        let person = ada.through(test.twin());
        async move { person.post_once("/api/questions/alg-q1/submit", "one-key", json!({"answer": "2"})).await.ok() }
    }));
    assert_eq!(replays.await.len(), 5);
    let twice = stored(&test, &ada, "alg-q1").await;
    let scheduler = Scheduler::new(None);
    let (before, after) = (once.review.unwrap(), twice.review.unwrap());
    assert_eq!((twice.attempts, after), (2, scheduler.after(Some(&before), true, before.day + 3)));
    // Different answers at the same time all count, one after the other.
    let at_once = join_all(["2", "5", "2", "7"].map(|answer| {
        let person = ada.through(test.twin());
        async move { person.post("/api/questions/alg-q1/submit", json!({"answer": answer})).await.ok() }
    }));
    assert_eq!(at_once.await.len(), 4);
    let row = stored(&test, &ada, "alg-q1").await;
    assert_eq!((row.attempts, row.review.unwrap().day), (6, after.day));
    assert_verified(&test).await;
    // A schedule that does not follow from the answers is found.
    let mut forged = row.clone();
    forged.review.as_mut().unwrap().stability += 1.0;
    let key = keys::progress(user(&ada), &algebra(), &question("alg-q1"));
    fill(&test, vec![item(&key, "Progress", serde_json::to_value(&forged).unwrap())]).await;
    let wrong = check_all(&test.app).await.unwrap().wrong;
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].1[0].contains("alg-q1") && wrong[0].1[0].contains("not the fold"), "{wrong:?}");
}

/// 540 reviews of 60 students who forget more than half from one day to the next.
fn forgetful() -> Vec<(UserId, Attempt)> {
    let mut random = fastrand::Rng::with_seed(3);
    let start: Timestamp = "2026-01-01T08:00:00Z".parse().unwrap();
    let mut attempts = Vec::new();
    for student in 0..60_u128 {
        let mut position = 0;
        for id in ["alg-q1", "alg-q3", "alg-q5"] {
            let mut day = i64::from(random.u8(0..20));
            for _ in 0..4 {
                position += 1;
                let number = (student << 32) + u128::from(position);
                let attempt = Attempt {
                    id: AttemptId(Uuid::from_u128(number)),
                    course_id: algebra(),
                    topic_id: "alg-linear".to_owned().try_into().unwrap(),
                    question_id: question(id),
                    version: 1,
                    saw_earlier: false,
                    answer: None,
                    answers: BTreeMap::new(),
                    correct: random.u8(0..10) < 4,
                    score: None,
                    parts: Vec::new(),
                    graded_by: GradedBy::Answer,
                    solution_seen: true,
                    evidence: Evidence::None,
                    ease: 0.62,
                    practice: 0.0,
                    position,
                    review_parameters: None,
                    time_spent_seconds: None,
                    created_at: start + jiff::SignedDuration::from_hours(24 * day),
                };
                attempts.push((UserId(Uuid::from_u128(student + 1)), attempt));
                day += i64::from(random.u8(1..6));
            }
        }
    }
    attempts
}

#[tokio::test]
async fn parameters_are_learnt_once_and_used_within_a_minute() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let _ = answer(&ada, "alg-q1", "2").await;
    let too_few = calibrate_all(&test.app).await.unwrap();
    assert_eq!((too_few.len(), &too_few[0].review), (1, &FitOutcome::TooFew { reviews: 0 }));
    let row = |(user, attempt): (UserId, Attempt)| {
        item(&keys::attempt(user, attempt.id), "Attempt", serde_json::to_value(&attempt).unwrap())
    };
    fill(&test, forgetful().into_iter().map(row).collect()).await;
    let learnt = calibrate_all(&test.app).await.unwrap();
    let FitOutcome::Better(parameters) = &learnt[0].review else { panic!("{:?}", learnt[0].review) };
    assert_eq!((parameters.version, parameters.reviews, learnt[0].publication), (2, 540, Publication::New));
    // Without new answers there is nothing to publish.
    let again = calibrate_all(&test.app).await.unwrap();
    assert_eq!((&again[0].review, again[0].publication), (&FitOutcome::Kept { reviews: 540 }, Publication::Unchanged));
    assert_eq!(again[0].calibration.review.as_ref(), Some(parameters));

    // This process has read the calibration before. Within a minute it uses the new one.
    test.pass(Duration::from_secs(61));
    let _ = answer(&ada, "alg-q5", "4").await;
    let mut attempts = test.app.store.attempts(user(&ada)).await.unwrap();
    attempts.sort_by_key(|attempt| attempt.position);
    let versions: Vec<Option<u32>> = attempts.iter().map(|attempt| attempt.review_parameters).collect();
    assert_eq!(versions, [Some(0), Some(2)]);
    let [before, after] = [stored(&test, &ada, "alg-q1").await, stored(&test, &ada, "alg-q5").await];
    let stability = |row: &Progress| row.review.unwrap().stability;
    assert!(stability(&after) < stability(&before), "{after:?}");
    assert_verified(&test).await;
}
