//! Compatibility with the clients of the old service: its responses keep their fields and JSON types.

use axum::http::Method;
use serde_json::{Map, Value, json};
use shared::http::routes::ROUTES;
use tests::{PASSWORD, TestApp};

/// Checks that every field of `expected` is in `actual` with the type it names: "string", "number", "boolean", "null",
/// or several with `|`; lists hold at least one entry, all of the given type. Additional fields are allowed.
#[track_caller]
pub(crate) fn assert_shape(actual: &Value, expected: &Value, at: &str) {
    match expected {
        Value::String(types) => {
            let is = match actual {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            assert!(types.split('|').any(|wanted| wanted == is), "{at}: {actual} is no {types}");
        }
        Value::Array(entries) => {
            let list = actual.as_array().unwrap_or_else(|| panic!("{at}: {actual} is no list"));
            assert!(!list.is_empty(), "{at} is empty");
            for entry in list {
                assert_shape(entry, &entries[0], &format!("{at}[]"));
            }
        }
        Value::Object(fields) => {
            let actual = actual.as_object().unwrap_or_else(|| panic!("{at}: {actual} is no object"));
            for (name, expected) in fields {
                let value = actual.get(name).unwrap_or_else(|| panic!("{at}.{name} is missing in {actual:?}"));
                assert_shape(value, expected, &format!("{at}.{name}"));
            }
        }
        other => panic!("{other} is no shape"),
    }
}

pub(crate) fn question(solved: bool) -> Value {
    let text = if solved { "string" } else { "null" };
    json!({
        "id": "string", "exam_id": "string|null", "topic_id": "string", "course_id": "string",
        "pattern_id": "string|null", "techniques": "array", "question_text": "string", "solution_steps": text,
        "answer": text, "difficulty": "number|null", "difficulty_reason": "string|null",
        "frequency_score": "number|null", "estimated_time": "number|null", "source_exam_year": "number|null",
        "source_exam_type": "string|null", "source_question_number": "number|null", "source_points": "number|null",
        "is_generated": "boolean", "created_at": "string", "topic_name": "string", "points": "number|null",
        "locked": "boolean", "options": "array",
    })
}

pub(crate) fn with(shape: Value, more: &Value) -> Value {
    let fields = [shape, more.clone()].into_iter().filter_map(|value| value.as_object().cloned()).flatten();
    Value::Object(fields.collect::<Map<_, _>>())
}

/// Paths that clients read, and the shapes of their responses.
fn shapes_of_reads() -> Vec<(&'static str, Value)> {
    let of_exam = json!({"exam_year": "number", "exam_semester": "string", "exam_type": "string"});
    let topic = json!({
        "id": "string", "course_id": "string", "name": "string", "slug": "string", "category": "string",
        "difficulty": "number|null", "frequency_score": "number", "avg_points": "number|null",
        "total_appearances": "number",
    });
    let facts =
        json!({"appearances": "number", "totalExams": "number", "avgDifficulty": "number", "avgPoints": "number"});
    let sample = json!({"year": "number|null", "semester": "string|null", "exam_type": "string|null"});
    vec![
        (
            "/api/auth/me",
            json!({"user": {
                "id": "string", "email": "string", "name": "string", "credits": "number", "plan": "string",
                "credits_reset_at": "number", "created_at": "string", "has_unlimited": "boolean",
                "unlimited_until": "number|null",
            }}),
        ),
        (
            "/api/credits/balance",
            json!({
                "credits": "number", "plan": "string", "credits_reset_at": "number", "monthly_credits": "number",
                "created_at": "string", "has_unlimited": "boolean", "unlimited_until": "number|null",
            }),
        ),
        (
            "/api/courses",
            json!({"courses": [{
                "id": "string", "name": "string", "description": "string|null", "exam_count": "number",
                "question_count": "number", "is_active": "boolean", "created_at": "string",
            }]}),
        ),
        ("/api/courses/algebra/topics", json!({"topics": [topic]})),
        (
            "/api/courses/algebra/topics/public",
            json!({"topics": [{"id": "string", "name": "string", "category": "string", "question_count": "number"}]}),
        ),
        (
            "/api/courses/algebra/topics/alg-quadratic",
            json!({
                "topic": with(topic, &facts),
                "sampleQuestions": [with(question(false), &sample)],
                "analysis": {
                    "frequencyScore": "number", "questionCount": "number", "commonDifficulties": ["string"],
                    "studyTips": ["string"],
                },
            }),
        ),
        (
            "/api/courses/algebra/exams",
            json!({"exams": [{
                "id": "string", "course_id": "string", "year": "number", "semester": "string", "exam_type": "string",
                "total_points": "number", "exam_date": "number", "question_count": "number",
            }]}),
        ),
        ("/api/courses/algebra/stats", json!({"exams": "number", "questions": "number"})),
        (
            "/api/questions?course_id=algebra&topic_id=alg-quadratic&difficulty=4",
            json!({"questions": "array", "next_cursor": "string|null", "total": "number"}),
        ),
        ("/api/featured-question", json!({"question": with(question(true), &of_exam)})),
    ]
}

#[tokio::test]
async fn responses_keep_the_fields_and_types_of_the_old_service() {
    let test = TestApp::start().await;
    let started = json!({
        "success": "boolean", "token": "string",
        "user": {"id": "string", "email": "string", "name": "string|null", "credits": "number", "plan": "string"},
    });
    let anonymous = test.anonymous();
    let account = json!({"name": "Ada", "email": "ada@example.org", "password": PASSWORD});
    assert_shape(&anonymous.post("/api/auth/register", account.clone()).await.ok(), &started, "register");
    let login = anonymous.post("/api/auth/login", account).await.ok();
    assert_shape(&login, &started, "login");
    let ada = test.somebody(login["token"].as_str().unwrap());

    let practice = ada.post("/api/questions/practice", json!({"course_id": "algebra", "count": 1})).await.ok();
    let delivered = json!({"questions": [question(true)], "credits_deducted": "number", "credits": "number"});
    assert_shape(&practice, &delivered, "practice");

    let bundle = ada.post("/api/questions/bundle", json!({"course_id": "algebra", "count": 3})).await.ok();
    assert_shape(&bundle, &delivered, "bundle");

    let share = json!({
        "topic_id": "string", "name": "string", "count": "number", "percentage": "number", "avg_points": "number",
    });
    let value = json!({
        "topic_id": "string", "name": "string", "avg_points": "number", "frequency": "string", "frequency_score": "number",
    });
    let sold = json!({"credits_deducted": "number", "analysis": {
        "topic_distribution": [share],
        "difficulty_distribution": {"easy": "number", "medium": "number", "hard": "number"},
        "high_value_topics": [value],
        "recommended_study_order": ["string"],
        "study_strategy": "string",
    }});
    assert_shape(&ada.get("/api/courses/algebra/analysis").await.ok(), &sold, "analysis");

    for (path, shape) in shapes_of_reads() {
        assert_shape(&ada.get(path).await.ok(), &shape, path);
    }
    for listed in ada.get("/api/questions?course_id=algebra").await.ok()["questions"].as_array().unwrap() {
        let solved = listed["locked"] == false;
        assert_shape(listed, &question(solved), "browse");
        let path = format!("/api/questions/{}", listed["id"].as_str().unwrap());
        assert_shape(&ada.get(&path).await.ok(), &json!({"question": question(solved)}), &path);
    }
    assert_shape(&ada.post("/api/auth/logout", json!({})).await.ok(), &json!({"success": "boolean"}), "logout");
}

#[tokio::test]
async fn cors_allows_the_web_client_on_every_route() {
    let test = TestApp::start().await;
    let origin = "http://localhost:5173";
    for route in &ROUTES {
        let path = route.path.replace("{id}", "algebra").replace("{topic_id}", "alg-sets");
        let answer = test.preflight(origin, route.method.clone(), &path).await;
        assert!(answer.status.is_success(), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        assert!(answer.header("access-control-allow-methods").contains(route.method.as_str()), "{path}");
        for name in ["authorization", "content-type", "idempotency-key"] {
            assert!(answer.header("access-control-allow-headers").contains(name), "{path}: {name}");
        }
        // Error responses also need CORS headers.
        let answer = test.anonymous().send(route.method.clone(), &path, None, &[("origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
    }
}

#[tokio::test]
async fn cors_allows_no_other_origin() {
    let test = TestApp::start().await;
    for origin in ["https://evil.example", "null", "http://localhost:5174"] {
        let answer = test.preflight(origin, Method::GET, "/api/courses").await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
}
