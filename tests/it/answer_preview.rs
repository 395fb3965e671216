//! `GET /api/questions/{id}/preview-answer`: how an answer is read, before it counts.

use serde_json::{Value, json};
use tests::{Person, TestApp};

const START: &str = "/api/questions/alg-q4/start";

async fn preview(person: &Person, id: &str, answer: &str) -> Value {
    let answer: String = form_urlencoded::byte_serialize(answer.as_bytes()).collect();
    person.get(&format!("/api/questions/{id}/preview-answer?answer={answer}")).await.ok()
}

#[tokio::test]
async fn a_formula_is_written_as_it_was_read() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post(START, json!({})).await.ok();
    assert_eq!(
        preview(&ada, "alg-q4", "1/2x").await,
        json!({
            "readable": true, "kind": "formula", "text": "(1/2)⋅x", "problem": null,
            "mathml": "<math xmlns=\"http://www.w3.org/1998/Math/MathML\"><mrow><mfrac><mn>1</mn><mn>2</mn></mfrac>\
                       <mo>⋅</mo><mi>x</mi></mrow></math>",
        })
    );
    assert_eq!(
        preview(&ada, "alg-q4", "(1+2").await,
        json!({
            "readable": false, "kind": "unreadable", "text": null, "mathml": null,
            "problem": "The brackets do not match.",
        })
    );
    let cases = [
        ("SQL", "text", "SQL"),
        ("demand rises", "text", "demand rises"),
        ("10-12", "text", "10-12"),
        ("x > 1 and x \\le 3", "formula", "x ∈ (1, 3]"),
        ("2 1/2", "formula", "2 + 1/2"),
        ("5 m/s", "formula", "5\u{a0}m⋅s^-1"),
        ("<i>&</i>", "unreadable", ""),
    ];
    for (answer, kind, text) in cases {
        let body = preview(&ada, "alg-q4", answer).await;
        assert_eq!((&body["kind"], body["text"].as_str().unwrap_or_default()), (&json!(kind), text), "{answer}");
    }
}

#[tokio::test]
async fn the_letters_of_choices_are_read_as_choices() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post("/api/questions/alg-q2/start", json!({})).await.ok();
    let body = preview(&ada, "alg-q2", "b, a").await;
    assert_eq!((&body["kind"], &body["text"]), (&json!("choices"), &json!("A, B")));
    let body = preview(&ada, "alg-q2", "42").await;
    assert_eq!((&body["readable"], &body["kind"]), (&json!(false), &json!("unreadable")));
    assert!(
        body["problem"].as_str().unwrap().starts_with("The answer must name choices of the question, such as A, B")
    );
}

#[tokio::test]
async fn a_preview_needs_an_unlocked_question_and_an_answer() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let path = "/api/questions/alg-q4/preview-answer";
    let _ = ada.get(&format!("{path}?answer=8")).await.problem(409, "not_started");
    let _ = ada.get("/api/questions/none/preview-answer?answer=8").await.problem(404, "not_found");
    let _ = test.anonymous().get(&format!("{path}?answer=8")).await.problem(401, "unauthenticated");
    let _ = ada.post(START, json!({})).await.ok();
    let _ = ada.get(path).await.problem(400, "missing_field");
    let long = "1".repeat(501);
    let _ = ada.get(&format!("{path}?answer={long}")).await.problem(422, "invalid_field");
    let _ = ada.get(&format!("{path}?answer=%20")).await.problem(400, "missing_field");
}

/// The expected answer is 8. A right and a wrong answer differ in nothing but themselves, and a preview is no attempt.
#[tokio::test]
async fn a_preview_tells_nothing_of_the_expected_answer_and_counts_nothing() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post(START, json!({})).await.ok();
    let masked = |body: Value, number: &str| body.to_string().replace("/1998/", "").replace(number, "N");
    let (right, wrong) = (preview(&ada, "alg-q4", "8").await, preview(&ada, "alg-q4", "7").await);
    assert_eq!(masked(right, "8"), masked(wrong, "7"));
    let progress = ada.get("/api/assessment/progress?course_id=algebra").await.ok();
    let submitted = ada.post("/api/questions/alg-q4/submit", json!({"answer": "8"})).await.ok();
    assert_eq!(submitted["attempts"], 1, "{progress}");
}

/// Parts a and b are gaps, c has options and d is a text.
#[tokio::test]
async fn the_answer_to_a_part_is_read_by_the_rules_of_the_part() {
    let test = TestApp::empty().await;
    test.import(&serde_json::from_str(include_str!("../fixtures/parts_course.json")).unwrap()).await;
    let ada = test.user("ada").await;
    for id in ["mix-parts", "mix-name"] {
        let _ = ada.post(&format!("/api/questions/{id}/start"), json!({})).await.ok();
    }
    let cases = [
        ("a", "1/2x", "formula", json!("(1/2)⋅x")),
        ("b", "4", "formula", json!("4")),
        ("c", "b", "choices", json!("B")),
        ("c", "6", "unreadable", Value::Null),
        ("d", "demand rises", "text", json!("demand rises")),
    ];
    for (part, answer, kind, text) in cases {
        let answer: String = form_urlencoded::byte_serialize(answer.as_bytes()).collect();
        let path = format!("/api/questions/mix-parts/preview-answer?answer={answer}&part={part}");
        let body = ada.get(&path).await.ok();
        assert_eq!((&body["kind"], &body["text"]), (&json!(kind), &text), "{part} {answer}");
    }
    for query in ["answer=6", "answer=6&part="] {
        let body = ada.get(&format!("/api/questions/mix-parts/preview-answer?{query}")).await.ok();
        assert_eq!((&body["readable"], &body["kind"]), (&json!(false), &json!("unreadable")));
        assert_eq!(body["problem"], "The question has the parts a, b, c, d. Each is read alone: name one.");
    }
    for part in ["e", "A", "1", "a,b"] {
        let path = format!("/api/questions/mix-parts/preview-answer?answer=6&part={part}");
        let problem = ada.get(&path).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], "part", "{problem}");
    }
    let problem = ada.get("/api/questions/mix-name/preview-answer?answer=6&part=a").await.problem(422, "invalid_field");
    assert_eq!(problem["field"], "part");
}
