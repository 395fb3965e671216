//! Browsing, single questions, the featured question.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{SMALL_COURSE, TestApp};

fn ids(page: &Value) -> Vec<&str> {
    page["questions"].as_array().unwrap().iter().map(|question| question["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn browsing_shows_locked_questions_by_topic_and_difficulty() {
    let test = TestApp::start().await;
    let page = test.user("ada").await.get("/api/questions?course_id=algebra").await.ok();
    assert_eq!(ids(&page), ["alg-q1", "alg-q5", "alg-q2", "alg-q3", "alg-q6", "alg-q4"]);
    assert_eq!((&page["total"], &page["next_cursor"]), (&json!(6), &json!(null)));
    assert_eq!(
        page["questions"][2],
        json!({
            "id": "alg-q2", "exam_id": "alg-2020", "topic_id": "alg-quadratic", "topic_name": "Quadratic equations",
            "course_id": "algebra", "pattern_id": "alg-p-discriminant", "techniques": ["discriminant"], "difficulty": 3,
            "difficulty_reason": "The sign decides", "frequency_score": 0.5, "estimated_time": 4,
            "source_exam_year": 2020, "source_exam_type": "final", "source_question_number": 2, "source_points": 15,
            "points": 15, "is_generated": false, "created_at": "2026-03-01T12:00:00.000Z", "version": 1, "locked": true,
            "question_text": "How many real roots does $x^2 + x + 1 = 0$ have? Give the number, and say which sign of the…",
            "solution_steps": null, "answer": null, "options": [],
        })
    );
}

#[tokio::test]
async fn every_filter_selects_its_questions() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let cases: [(&str, &[&str]); 9] = [
        ("topic_id=alg-quadratic", &["alg-q2", "alg-q3"]),
        ("difficulty=1", &["alg-q1", "alg-q5"]),
        ("technique=discriminant", &["alg-q2"]),
        ("technique=completing%20the%20square", &["alg-q3"]),
        ("exam_id=alg-2022", &["alg-q3", "alg-q4"]),
        ("year=2020", &["alg-q1", "alg-q2"]),
        ("year=2020&difficulty=3", &["alg-q2"]),
        ("topic_id=&difficulty=&year=1999", &[]),
        ("technique=none", &[]),
    ];
    for (filter, expected) in cases {
        let page = ada.get(&format!("/api/questions?course_id=algebra&{filter}")).await.ok();
        assert_eq!(ids(&page), expected, "{filter}");
        assert_eq!(page["total"], expected.len(), "{filter}");
    }
    for unknown in ["course_id=none", "course_id=algebra&topic_id=none", "course_id=algebra&exam_id=none"] {
        let _ = ada.get(&format!("/api/questions?{unknown}")).await.problem(404, "not_found");
    }
    let problem = ada.get("/api/questions?topic_id=alg-sets").await.problem(400, "missing_field");
    assert_eq!(problem["error"], "Missing course_id");
}

#[tokio::test]
async fn pages_have_no_gaps_and_no_repeats() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for limit in [1, 2, 4, 6, 100] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = ada.get(&format!("/api/questions?course_id=algebra&limit={limit}&cursor={cursor}")).await.ok();
            assert_eq!(page["total"], 6);
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(seen, ["alg-q1", "alg-q5", "alg-q2", "alg-q3", "alg-q6", "alg-q4"], "limit {limit}");
    }
    for cursor in ["nonsense", "%F0%9F%92%A9", "bm9uZQ"] {
        let problem = ada.get(&format!("/api/questions?course_id=algebra&cursor={cursor}")).await;
        assert_eq!(problem.problem(422, "invalid_field")["field"], "cursor");
    }
}

#[tokio::test]
async fn a_paid_question_stays_unlocked_for_its_buyer_only() {
    let test = TestApp::start().await;
    let (ada, bob) = (test.user("ada").await, test.user("bob").await);
    let wish = json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "difficulty": 3, "count": 1});
    let bought = ada.post("/api/questions/practice", wish).await.ok();
    let question = &bought["questions"][0];
    assert_eq!(question["id"], "alg-q2");
    assert_eq!((&question["locked"], &question["answer"]), (&json!(false), &json!("B")));
    assert_eq!(question["solution_steps"], "The discriminant is $1 - 4 = -3 < 0$.\nSo there is no real root.");
    assert_eq!(question["options"][1], json!({"letter": "B", "text": "None", "is_correct": true}));

    // As single questions and while browsing, also in a new process.
    for person in [ada.clone(), ada.through(test.twin())] {
        assert_eq!(person.get("/api/questions/alg-q2").await.ok()["question"], *question);
        let page = person.get("/api/questions?course_id=algebra&limit=3").await.ok();
        assert_eq!(page["questions"][2], *question);
        assert_eq!(page["questions"][0]["locked"], true);
    }
    let locked = bob.get("/api/questions/alg-q2").await.ok()["question"].clone();
    assert_eq!((&locked["locked"], &locked["answer"], &locked["options"]), (&json!(true), &json!(null), &json!([])));
}

#[tokio::test]
async fn a_list_shows_of_each_question_what_the_question_itself_shows() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    // One with an item of its own and no solution, one with its solution, three in a delivery, and locked ones.
    let one = json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 1});
    let three = json!({"course_id": "algebra", "count": 3});
    for (path, wish) in [("alg-q1/start", json!({})), ("practice", one), ("practice", three)] {
        let _ = ada.post(&format!("/api/questions/{path}"), wish).await.ok();
    }
    let page = ada.get("/api/questions?course_id=algebra&limit=50").await.ok();
    let mut shown = BTreeSet::new();
    for question in page["questions"].as_array().unwrap() {
        let id = question["id"].as_str().unwrap();
        let mut itself = ada.get(&format!("/api/questions/{id}")).await.ok()["question"].clone();
        // A list has no figures.
        itself.as_object_mut().unwrap().remove("figures");
        assert_eq!(*question, itself, "{id}");
        shown.insert((question["locked"].as_bool().unwrap(), question["answer"].is_string()));
    }
    assert_eq!(shown, BTreeSet::from([(true, false), (false, false), (false, true)]));
}

#[tokio::test]
async fn extra_columns_are_part_of_the_question() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    assert!(ada.get("/api/questions/alg-q3").await.ok()["question"].get("section").is_none());
    let wish = json!({"course_id": "algebra", "techniques": ["FACTORING"]});
    let bought = ada.post("/api/questions/practice", wish).await.ok();
    assert_eq!(bought["questions"][0]["section"], "I");
    assert_eq!(ada.get("/api/questions/alg-q3").await.ok()["question"]["section"], "I");
}

#[tokio::test]
async fn an_unknown_question_is_404() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for path in ["/api/questions/none", "/api/questions/%00", "/api/questions/%23", "/api/questions/%FF"] {
        let _ = ada.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_featured_question_is_complete_and_changes_daily() {
    let test = TestApp::start().await;
    let anonymous = test.anonymous();
    let mut seen = HashSet::new();
    for _ in 0..2 {
        let question = anonymous.get("/api/featured-question").await.ok()["question"].clone();
        assert_eq!(anonymous.get("/api/featured-question").await.ok()["question"], question, "the same all day");
        assert!(question["answer"].is_string() && question["solution_steps"].is_string());
        assert!([3, 4].contains(&question["difficulty"].as_u64().unwrap()));
        let exam = json!([question["exam_year"], question["exam_semester"], question["exam_type"]]);
        let expected = match question["id"].as_str().unwrap() {
            "alg-q2" => json!([2020, "spring", "final"]),
            "alg-q3" => json!([2022, "fall", "midterm"]),
            other => panic!("{other} is not of difficulty 3 or 4, or of no exam"),
        };
        assert_eq!(exam, expected);
        seen.insert(question["id"].as_str().unwrap().to_owned());
        test.pass(Duration::from_hours(24));
    }
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn without_questions_there_is_no_featured_question() {
    let test = TestApp::empty().await;
    let _ = test.anonymous().get("/api/featured-question").await.problem(404, "no_questions");
}

#[tokio::test]
async fn columns_that_are_needed_to_answer_are_shown_with_the_question() {
    let test = TestApp::empty().await;
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["course"]["shown_with_question"] = json!(["map"]);
    course["shown_with_question"] = json!(["chart"]);
    let columns = [
        ("image", true),
        ("figure", true),
        ("passage", true),
        ("table", true),
        ("audio", true),
        ("map", true),
        ("chart", true),
        ("rubric", false),
    ];
    for (column, _) in columns {
        course["questions"][0][column] = json!(format!("of {column}"));
    }
    test.import(&course).await;
    let ada = test.user("ada").await;
    let locked = ada.get("/api/questions/alg-q1").await.ok();
    let started = ada.post("/api/questions/alg-q1/start", json!({})).await.ok();
    let _ = ada.post("/api/questions/alg-q1/solution", json!({})).await.ok();
    let solved = ada.get("/api/questions/alg-q1").await.ok();
    for (column, is_shown) in columns {
        assert!(locked["question"].get(column).is_none(), "{column}");
        assert_eq!(started["question"].get(column).is_some(), is_shown, "{column}");
        assert_eq!(solved["question"][column], format!("of {column}"));
    }
}
