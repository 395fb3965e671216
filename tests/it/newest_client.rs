//! What the newest clients of the old service read: fields, types and prices.

use std::collections::HashSet;

use axum::http::Method;
use pastpaper::import::import_d1;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::TestApp;

use crate::old_clients::{assert_shape, question, with};

const DETAILED: &str = "/api/courses/algebra/analysis-detailed";

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|entry| entry["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn responses_have_the_fields_and_types_of_the_newest_client() {
    let test = TestApp::start().await;
    let (ada, nobody) = (test.member("ada", Plan::Free, 20).await, test.anonymous());
    let status = json!({"name": "string", "version": "string", "environment": "string", "status": "string"});
    let row = json!({
        "id": "string", "course_id": "string", "name": "string", "slug": "string", "category": "string",
        "difficulty": "number|null", "frequency_score": "number", "avg_points": "number|null",
        "total_appearances": "number", "question_count": "number",
    });
    let facts =
        json!({"appearances": "number", "totalExams": "number", "avgDifficulty": "number", "avgPoints": "number"});
    let of_exam = json!({"year": "number|null", "semester": "string|null", "exam_type": "string|null"});
    let preset = json!({
        "id": "string", "name": "string", "description": "string", "creditCost": "number", "questionCount": "number",
        "estimatedTime": "number", "color": "string", "customizable": "boolean",
        "difficultyDistribution": {"easy": "number", "medium": "number", "hard": "number"},
    });
    for (path, shape) in [
        ("/api/health", status),
        ("/api/topics", json!({"topics": [row]})),
        (
            "/api/topics/alg-quadratic/public",
            json!({
                "topic": with(row, &facts), "questions": [with(question(false), &of_exam)],
                "analysis": {
                    "frequency": "number", "avgDifficulty": "number", "avgPoints": "number", "studyTips": ["string"],
                },
            }),
        ),
        ("/api/questions/public?course_id=algebra&limit=2", json!({"questions": [question(false)]})),
        ("/api/midterm/presets", json!({"presets": [preset]})),
    ] {
        assert_shape(&nobody.get(path).await.ok(), &shape, path);
    }
    let sample = json!({
        "id": "string", "question_text": "string", "difficulty": "number", "points": "number", "year": "number",
        "semester": "string", "exam_type": "string",
    });
    let section = json!({
        "id": "string", "name": "string", "sectionNum": "string", "totalQuestions": "number", "avgDifficulty": "number",
        "avgTime": "number", "frequency": "number", "techniques": "array",
    });
    let chapter = json!({
        "id": "string", "name": "string", "chapterNum": "number", "totalQuestions": "number", "frequencyScore": "number",
        "sections": [section],
    });
    let detailed = ada.get(DETAILED).await.ok();
    assert_shape(&detailed, &json!({"credits_deducted": "number", "chapters": [chapter]}), DETAILED);
    let technique = json!({"id": "string", "count": "number", "sampleQuestions": [sample]});
    let sections =
        detailed["chapters"].as_array().unwrap().iter().flat_map(|chapter| chapter["sections"].as_array().unwrap());
    let quadratic = sections.into_iter().find(|section| section["id"] == "alg-quadratic").unwrap();
    assert_shape(&quadratic["techniques"], &json!([technique]), "techniques");
    for (path, shape) in [
        (
            "/api/courses/algebra/questions",
            json!({"questions": "array", "next_cursor": "string|null", "total": "number"}),
        ),
        ("/api/exams/alg-2020/questions", json!({"questions": [question(false)]})),
    ] {
        assert_shape(&ada.get(path).await.ok(), &shape, path);
    }
    let config = json!({
        "id": "mine", "name": "Mine", "questionCount": 4, "difficultyDistribution": {"easy": 40, "medium": 40, "hard": 20},
        "sections": [], "weights": {"recency": 1}, "creditCost": 99,
    });
    let midterm = ada.post("/api/midterm/generate", json!({"course_id": "algebra", "config": config})).await.ok();
    assert_eq!((&midterm["credits_deducted"], &midterm["credits_remaining"]), (&json!(3), &json!(15)));
    assert_eq!(
        midterm["config"],
        json!({
            "id": "mine", "name": "Mine", "questionCount": 4, "sections": [], "creditCost": 3,
            "difficultyDistribution": {"easy": 40.0, "medium": 40.0, "hard": 20.0},
        })
    );
    let technique = json!({"course_id": "algebra", "technique": "Discriminant", "count": 1});
    let practised = ada.post("/api/questions/practice", technique).await.ok();
    assert_eq!(ids(&practised["questions"]), ["alg-q2"]);
}

#[tokio::test]
async fn the_detailed_analysis_is_bought_with_the_analysis() {
    let test = TestApp::start().await;
    let analysis = "/api/courses/algebra/analysis";
    for (first, second) in [(DETAILED, analysis), (analysis, DETAILED)] {
        let name = if first == DETAILED { "ada" } else { "ben" };
        let person = test.member(name, Plan::Free, 3).await;
        let head = person.send(Method::HEAD, first, None, &[]).await;
        assert_eq!(head.status, 402, "a HEAD buys nothing");
        assert_eq!(person.get(first).await.ok()["credits_deducted"], 2);
        for path in [first, second, first] {
            assert_eq!(person.get(path).await.ok()["credits_deducted"], 0, "{path}");
        }
        assert_eq!(person.credits().await, 1);
    }
    let poor = test.member("poor", Plan::Free, 1).await;
    let refused = poor.get(DETAILED).await.problem(402, "insufficient_credits");
    assert_eq!(refused["credits_needed"], 2);
    let _ = poor.get("/api/courses/none/analysis-detailed").await.problem(404, "not_found");
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_detailed_analysis_counts_past_questions_and_locks_its_samples() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let answer = ada.get(DETAILED).await.ok();
    let chapters = answer["chapters"].as_array().unwrap();
    let total: u64 = chapters.iter().map(|chapter| chapter["totalQuestions"].as_u64().unwrap()).sum();
    assert_eq!(total, 4, "without generated questions: {answer}");
    let equations = chapters.iter().find(|chapter| chapter["id"] == "equations").unwrap();
    let quadratic = equations["sections"].as_array().unwrap().iter().find(|s| s["id"] == "alg-quadratic").unwrap();
    assert_eq!((&quadratic["sectionNum"], &quadratic["frequency"]), (&json!("I"), &json!(1.0)));
    assert_eq!((&quadratic["avgDifficulty"], &quadratic["avgTime"]), (&json!(3.5), &json!(5.0)));
    assert!(!answer.to_string().contains("(x-2)(x-3)"), "a solution");
    let preview = &quadratic["techniques"][1]["sampleQuestions"][0]["question_text"];
    let texts = answer.to_string();
    assert!(texts.contains("How many real roots") && texts.contains('…'), "a preview, not the text: {preview}");
    assert!(!texts.contains("tells it"), "the whole text of a locked question");
}

#[tokio::test]
async fn the_questions_of_an_exam_come_in_its_order() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    let path = "/api/exams/alg-2022/questions";
    let page = ada.get(path).await.ok();
    assert_eq!((ids(&page["questions"]), &page["next_cursor"]), (vec!["alg-q3", "alg-q4"], &Value::Null));
    assert!(page["questions"].as_array().unwrap().iter().all(|question| question["locked"] == true));
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let page = ada.get(path).await.ok();
    assert_eq!((&page["questions"][0]["locked"], &page["questions"][1]["locked"]), (&json!(true), &json!(false)));
    let _ = ada.get("/api/exams/none/questions").await.problem(404, "not_found");
    let _ = ada.get(&format!("{path}?cursor=Zm9v")).await.problem(422, "invalid_field");
    let _ = test.anonymous().get(path).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_long_exam_comes_in_pages() {
    let test = TestApp::empty().await;
    let question = |number: u32| {
        json!({
            "id": format!("q{number}"), "topic_id": "t", "exam_id": "e", "question_text": format!("What is {number}?"),
            "answer": number.to_string(), "solution_steps": ["Count."], "difficulty": 1, "source_question_number": number,
        })
    };
    test.import(&json!({
        "course": {"id": "long", "name": "Long"},
        "topics": [{"id": "t", "name": "Numbers", "category": "a"}],
        "exams": [{"id": "e", "year": 2020, "exam_type": "final"}],
        "questions": (1..=130).map(question).collect::<Vec<_>>(),
    }))
    .await;
    let ada = test.user("ada").await;
    let first = ada.get("/api/exams/e/questions").await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ada.get(&format!("/api/exams/e/questions?cursor={cursor}")).await.ok();
    let all: Vec<&str> = [ids(&first["questions"]), ids(&second["questions"])].concat();
    assert_eq!(all, (1..=130).map(|number| format!("q{number}")).collect::<Vec<_>>());
    assert_eq!(second["next_cursor"], Value::Null);
}

#[tokio::test]
async fn open_lists_show_no_solution_and_nothing_of_inactive_courses() {
    let test = TestApp::start().await;
    let nobody = test.anonymous();
    let topics = nobody.get("/api/topics").await.ok();
    let counts: Vec<u64> =
        topics["topics"].as_array().unwrap().iter().map(|topic| topic["question_count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [2, 2, 2], "without the topic that has no questions");
    assert_eq!(topics, nobody.get("/api/topics?course_id=algebra").await.ok(), "the first course is the default");

    let questions = nobody.get("/api/questions/public").await.ok();
    assert_eq!(ids(&questions["questions"])[..4], ["alg-q4", "alg-q3", "alg-q1", "alg-q2"], "newest, then easiest");
    for question in questions["questions"].as_array().unwrap() {
        assert_eq!((&question["locked"], &question["answer"]), (&json!(true), &Value::Null), "{question}");
        assert!(question["topic_name"].is_string());
    }
    assert_eq!(ids(&nobody.get("/api/questions/public?limit=1").await.ok()["questions"]), ["alg-q4"]);
    for path in ["/api/topics?course_id=none", "/api/questions/public?course_id=none", "/api/topics/none/public"] {
        let _ = nobody.get(path).await.problem(404, "not_found");
    }
    let _ = nobody.get("/api/questions/public?limit=0").await.problem(422, "invalid_field");
    let empty = TestApp::empty().await;
    let _ = empty.anonymous().get("/api/topics").await.problem(404, "not_found");
}

#[tokio::test]
async fn presets_are_of_the_course_and_can_be_ordered() {
    let test = TestApp::start().await;
    let nobody = test.anonymous();
    for path in ["/api/midterm/presets", "/api/midterm/presets?course_id=algebra"] {
        let presets = nobody.get(path).await.ok()["presets"].clone();
        let sizes: Vec<_> = presets.as_array().unwrap().iter().map(|p| json!([p["id"], p["questionCount"]])).collect();
        assert_eq!(sizes, [json!(["easy", 6]), json!(["sample", 8]), json!(["hard", 10]), json!(["custom", 8])]);
        for preset in presets.as_array().unwrap() {
            assert_eq!(preset["creditCost"], 3);
            let shares = preset["difficultyDistribution"].as_object().unwrap();
            let sum: f64 = shares.values().map(|share| share.as_f64().unwrap()).sum();
            assert!((sum - 100.0).abs() < 1e-9, "{preset}");
            assert_eq!(preset["customizable"], preset["id"] == "custom");
        }
    }
    let _ = nobody.get("/api/midterm/presets?course_id=none").await.problem(404, "not_found");
    let before_an_import = TestApp::empty().await.anonymous().get("/api/midterm/presets").await.ok();
    assert_eq!(before_an_import["presets"][0]["questionCount"], 6);
    // The preset as the client sends it back.
    let ada = test.member("ada", Plan::Free, 3).await;
    let custom = &nobody.get("/api/midterm/presets").await.ok()["presets"][3];
    let config = json!({
        "id": custom["id"], "name": custom["name"], "questionCount": 4, "creditCost": 0,
        "difficultyDistribution": custom["difficultyDistribution"],
    });
    let midterm = ada.post("/api/midterm/generate", json!({"course_id": "algebra", "config": config})).await.ok();
    assert_eq!((&midterm["credits_deducted"], &midterm["config"]["creditCost"]), (&json!(3), &json!(3)));
}

#[tokio::test]
async fn an_unlimited_user_is_told_so() {
    let test = TestApp::start().await;
    let (ada, free) = (test.member("ada", Plan::Unlimited, 0).await, test.member("free", Plan::Free, 5).await);
    for (person, is_unlimited) in [(&ada, true), (&free, false)] {
        let me = person.get("/api/auth/me").await.ok()["user"].clone();
        let balance = person.get("/api/credits/balance").await.ok();
        for answer in [me, balance] {
            assert_eq!(answer["has_unlimited"], is_unlimited, "{answer}");
            assert_eq!(answer["unlimited_until"], Value::Null);
            assert_eq!(answer["created_at"], "2026-03-01T12:00:00.000Z");
        }
    }
    let order = json!({"course_id": "algebra", "config": {"question_count": 3}});
    let midterm = ada.post("/api/midterm/generate", order.clone()).await.ok();
    assert_eq!((&midterm["credits_remaining"], &midterm["credits_deducted"]), (&Value::Null, &json!(0)));
    assert_eq!(free.post("/api/midterm/generate", order).await.ok()["credits_remaining"], 2);
}

#[tokio::test]
async fn prices_are_those_that_are_charged() {
    let test = TestApp::start().await;
    let list = test.anonymous().get("/api/prices").await.ok();
    let prices = &list["prices"];
    let ada = test.member("ada", Plan::Free, 20).await;
    for (price, path, body) in [
        ("practice_question", "/api/questions/practice", json!({"course_id": "algebra", "count": 1})),
        ("bundle", "/api/questions/bundle", json!({"course_id": "algebra"})),
        ("midterm", "/api/midterm/generate", json!({"course_id": "algebra", "config": {"question_count": 3}})),
    ] {
        let paid = ada.post(path, body).await.ok()["credits_deducted"].clone();
        assert_eq!(paid, prices[price], "{price}");
    }
    assert_eq!(ada.get("/api/courses/algebra/analysis").await.ok()["credits_deducted"], prices["analysis"]);
    let ben = test.user("ben").await;
    assert_eq!(ben.get("/api/credits/balance").await.ok()["credits"], list["signup_credits"]);
    let started = ben.post("/api/questions/alg-q1/start", json!({})).await.ok();
    assert_eq!(started["credits_deducted"], prices["start_question"]);
    assert_eq!((&prices["bundle_questions"], &list["refresh_days"]), (&json!(3), &json!(30)));
    let plans: Vec<_> = list["plans"].as_array().unwrap().iter().collect();
    let names: Vec<_> =
        plans.iter().map(|plan| json!([plan["plan"], plan["monthly_credits"], plan["is_unlimited"]])).collect();
    assert_eq!(names, [json!(["free", 5, false]), json!(["starter", 15, false]), json!(["unlimited", 5, true])]);
    assert_eq!((&plans[0]["is_for_sale"], &plans[1]["is_for_sale"]), (&json!(false), &json!(true)));
}

#[tokio::test]
async fn several_featured_questions_are_different_and_begin_with_that_of_the_day() {
    let test = TestApp::start().await;
    let nobody = test.anonymous();
    let one = nobody.get("/api/featured-question").await.ok();
    assert!(one.get("questions").is_none());
    // The course has two exam questions of difficulty 3 or 4.
    let three = nobody.get("/api/featured-question?count=3").await.ok();
    let found = ids(&three["questions"]);
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), 2, "{found:?}");
    assert_eq!((&three["question"], &three["questions"][0]), (&one["question"], &one["question"]));
    assert!(three["questions"].as_array().unwrap().iter().all(|question| question["solution_steps"].is_string()));
    for bad in ["0", "11", "x"] {
        let _ = nobody.get(&format!("/api/featured-question?count={bad}")).await.problem(422, "invalid_field");
    }
}

/// A dump whose questions call the exam another type than the exam does, as the old database had it.
const DUMP: &str = "CREATE TABLE courses (id,name,description,exam_count,is_active,created_at);
    CREATE TABLE exams (id,course_id,year,semester,exam_type,total_points,exam_date,upload_date,processed);
    CREATE TABLE topics (id,course_id,name,slug,category,difficulty,frequency_score,avg_points,total_appearances);
    CREATE TABLE questions (id,course_id,exam_id,topic_id,question_text,solution_steps,answer,difficulty,source_exam_type);
    INSERT INTO courses VALUES('w','W',NULL,0,1,NULL);
    INSERT INTO exams VALUES('e','w',2024,'fall','Midterm 1',NULL,NULL,NULL,1);
    INSERT INTO topics VALUES('t','w','Series','','Calculus',3,NULL,NULL,NULL);
    INSERT INTO questions VALUES('q1','w','e','t','Which?','[\"!\"]','1',3,'midterm');
    INSERT INTO questions VALUES('q2','w','e','t','Which then?','[\"!\"]','2',3,'midterm');
    INSERT INTO questions VALUES('q3','w',NULL,'t','Which at last?','[\"!\"]','3',3,NULL);\n";

#[tokio::test]
async fn the_exam_type_of_a_shown_question_is_that_of_its_exam() {
    let test = TestApp::empty().await;
    let _ = import_d1(&test.app, DUMP, false).await.unwrap();
    let ada = test.user("ada").await;
    assert_eq!(ada.get("/api/featured-question").await.ok()["question"]["exam_type"], "Midterm 1");
    let page = ada.get("/api/courses/w/topics/t").await.ok();
    assert_eq!(page["sampleQuestions"][0]["exam_type"], "Midterm 1");
    assert_eq!(ada.get("/api/topics/t/public").await.ok()["questions"][0]["exam_type"], "Midterm 1");
    // One exam, two questions on it, three questions in the archive.
    let topic = &page["topic"];
    assert_eq!(
        (&topic["appearances"], &topic["total_appearances"], &page["analysis"]["questionCount"]),
        (&json!(1), &json!(2), &json!(3))
    );
    assert_eq!(ada.get("/api/courses").await.ok()["courses"][0]["question_count"], 3);
}

#[tokio::test]
async fn common_traps_are_never_empty() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (topic, expected) in [
        ("alg-quadratic", "The sign decides"),
        ("alg-linear", "One unknown"),
        ("alg-sets", "No mistakes on Sets are recorded yet."),
        ("alg-groups", "No mistakes on Groups are recorded yet."),
    ] {
        let page = ada.get(&format!("/api/courses/algebra/topics/{topic}")).await.ok();
        assert_eq!(page["analysis"]["commonDifficulties"][0], expected, "{topic}");
    }
}
