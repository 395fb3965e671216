//! Starting a question, its solution, and answers to it; bundles.

use axum::http::Method;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::{Answer, Person, TestApp};

async fn start(person: &Person, question: &str) -> Answer {
    person.send(Method::POST, &format!("/api/questions/{question}/start"), None, &[]).await
}

async fn solution(person: &Person, question: &str) -> Answer {
    person.send(Method::POST, &format!("/api/questions/{question}/solution"), None, &[]).await
}

async fn submit(person: &Person, question: &str, body: Value) -> Answer {
    person.post(&format!("/api/questions/{question}/submit"), body).await
}

#[tokio::test]
async fn starting_a_question_unlocks_its_text_but_not_its_solution() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let started = start(&ada, "alg-q2").await.ok();
    assert_eq!((&started["credits_deducted"], &started["credits"]), (&json!(1), &json!(4)));
    let question = &started["question"];
    assert_eq!(
        (&question["locked"], &question["answer"], &question["solution_steps"]),
        (&json!(false), &json!(null), &json!(null))
    );
    assert_eq!(question["options"][1], json!({"letter": "B", "text": "None"}));
    assert_eq!(ada.get("/api/questions/alg-q2").await.ok()["question"], *question);

    let again = start(&ada, "alg-q2").await.ok();
    assert_eq!((&again["credits_deducted"], &again["credits"], &again["question"]), (&json!(0), &json!(4), question));

    let solved = solution(&ada, "alg-q2").await.ok();
    assert_eq!(
        solved,
        json!({
            "steps": ["The discriminant is $1 - 4 = -3 < 0$.", "So there is no real root."], "answer": "B",
            "solution_steps": "The discriminant is $1 - 4 = -3 < 0$.\nSo there is no real root.",
        })
    );
    assert_eq!(ada.get("/api/questions/alg-q2").await.ok()["question"]["answer"], "B");
    // Starting it again allows another attempt.
    assert_eq!(start(&ada, "alg-q2").await.ok()["question"], *question);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_locked_question_refuses_solution_and_answers() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = solution(&ada, "alg-q2").await.problem(409, "not_started");
    let _ = submit(&ada, "alg-q2", json!({"answer": "B"})).await.problem(409, "not_started");
    for question in ["none", "%00"] {
        let _ = start(&ada, question).await.problem(404, "not_found");
        let _ = solution(&ada, question).await.problem(404, "not_found");
        let _ = submit(&ada, question, json!({"answer": "B"})).await.problem(404, "not_found");
    }
    assert_eq!(ada.credits().await, 5);
}

#[tokio::test]
async fn a_question_cannot_be_started_without_a_credit() {
    let test = TestApp::start().await;
    let poor = test.member("poor", Plan::Free, 0).await;
    let problem = start(&poor, "alg-q1").await.problem(402, "insufficient_credits");
    assert_eq!((&problem["credits_needed"], &problem["credits_available"]), (&json!(1), &json!(0)));
    assert_eq!(poor.get("/api/questions/alg-q1").await.ok()["question"]["locked"], true);
}

#[tokio::test]
async fn options_are_marked_by_letter() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = start(&ada, "alg-q2").await.ok();
    let marked = submit(&ada, "alg-q2", json!({"answer": "A", "time_spent_seconds": 40})).await.ok();
    for (member, value) in [
        ("correct", json!(false)),
        ("graded_by", json!("options")),
        ("attempts", json!(1)),
        ("accuracy_rate", json!(0.0)),
    ] {
        assert_eq!(marked[member], value, "{marked}");
    }
    assert_eq!(marked["mastery"]["topic_id"], "alg-quadratic");
    assert_eq!(ada.get("/api/questions/alg-q2").await.ok()["question"]["answer"], "B", "an answer opens the solution");
    // `was_correct` does not override the letters.
    let marked = submit(&ada, "alg-q2", json!({"answer": "c", "was_correct": true})).await.ok();
    assert_eq!((&marked["correct"], &marked["graded_by"]), (&json!(false), &json!("options")));
    let marked = submit(&ada, "alg-q2", json!({"answer": " b "})).await.ok();
    assert_eq!(
        (&marked["correct"], &marked["attempts"], &marked["accuracy_rate"]),
        (&json!(true), &json!(3), &json!(0.33))
    );
    let problem = submit(&ada, "alg-q2", json!({"answer": "D"})).await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "answer");
}

#[tokio::test]
async fn an_answer_that_cannot_be_marked_needs_was_correct() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = start(&ada, "alg-q1").await.ok();
    let prose = "what the teacher said";
    for body in [json!({}), json!({"answer": prose}), json!({"answer": null, "was_correct": null})] {
        assert_eq!(submit(&ada, "alg-q1", body).await.problem(422, "invalid_field")["field"], "was_correct");
    }
    assert_eq!(ada.get("/api/questions/alg-q1").await.ok()["question"]["answer"], json!(null));
    let marked = submit(&ada, "alg-q1", json!({"answer": prose, "was_correct": true})).await.ok();
    assert_eq!((&marked["correct"], &marked["graded_by"]), (&json!(true), &json!("self")));
    assert_eq!((&marked["attempts"], &marked["accuracy_rate"]), (&json!(1), &json!(1.0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_attempts_are_all_counted() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = start(&ada, "alg-q2").await.ok();
    let attempts: Vec<_> = (0..8)
        .map(|i| {
            let person = ada.through(test.twin());
            let answer = if i % 2 == 0 { "B" } else { "A" };
            tokio::spawn(async move { submit(&person, "alg-q2", json!({"answer": answer})).await.ok() })
        })
        .collect();
    let mut counts = Vec::new();
    for attempt in attempts {
        counts.push(attempt.await.unwrap()["attempts"].as_u64().unwrap());
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=8).collect::<Vec<_>>());
    assert_eq!(submit(&ada, "alg-q2", json!({"answer": "B"})).await.ok()["accuracy_rate"], 0.56);
}

#[tokio::test]
async fn a_bundle_has_three_questions_for_one_credit() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let bundle = ada.post("/api/questions/bundle", json!({"course_id": "algebra"})).await.ok();
    assert_eq!((&bundle["credits_deducted"], &bundle["credits"]), (&json!(1), &json!(4)));
    let questions = bundle["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 3);
    assert!(questions.iter().all(|question| question["locked"] == false && question["answer"].is_string()));

    for (body, delivered) in
        [(json!({"course_id": "algebra", "topic_id": "alg-sets"}), 2), (json!({"course_id": "algebra", "count": 1}), 1)]
    {
        let bundle = ada.post("/api/questions/bundle", body).await.ok();
        assert_eq!(bundle["questions"].as_array().unwrap().len(), delivered);
        assert_eq!(bundle["credits_deducted"], 1);
    }
    for count in [json!(0), json!(4), json!(1.5)] {
        let body = json!({"course_id": "algebra", "count": count});
        assert_eq!(ada.post("/api/questions/bundle", body).await.problem(422, "invalid_field")["field"], "count");
    }
    let body = json!({"course_id": "algebra", "topic_id": "alg-groups"});
    let _ = ada.post("/api/questions/bundle", body).await.problem(404, "no_questions");
    assert_eq!(ada.credits().await, 2);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_inactive_course_serves_only_unlocked_questions() {
    let test = TestApp::start().await;
    let (ada, bob) = (test.user("ada").await, test.user("bob").await);
    let _ = start(&ada, "alg-q2").await.ok();
    let bundle = json!({"course_id": "algebra", "count": 1});
    let bought = bob.post_once("/api/questions/bundle", "k", bundle.clone()).await.ok();
    let mut course: Value = serde_json::from_str(tests::SMALL_COURSE).unwrap();
    course["course"]["is_active"] = json!(false);
    test.import(&course).await;
    assert_eq!(ada.get("/api/questions/alg-q2").await.ok()["question"]["locked"], false);
    let _ = ada.get("/api/questions/alg-q1").await.problem(404, "not_found");
    let _ = start(&ada, "alg-q1").await.problem(404, "not_found");
    assert_eq!(ada.credits().await, 4);
    // A replayed request still gets its response.
    assert_eq!(bob.post_once("/api/questions/bundle", "k", bundle).await.ok(), bought);
    let other = json!({"course_id": "none"});
    let _ = bob.post_once("/api/questions/bundle", "k", other).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn an_unread_body_is_bounded_before_charging() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let long = "x".repeat(5 * 1024 * 1024);
    let answer = ada.send(Method::POST, "/api/questions/alg-q2/start", Some(long), &[]).await;
    let _ = answer.problem(413, "body_too_large");
    assert_eq!(ada.credits().await, 5);
}
