//! Topics.

use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn topics_have_derived_columns() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let topics = ada.get("/api/courses/algebra/topics").await.ok()["topics"].clone();
    assert_eq!(
        topics[2],
        json!({
            "id": "alg-quadratic", "course_id": "algebra", "name": "Quadratic equations", "slug": "quadratic-equations",
            "category": "Equations", "difficulty": 3, "frequency_score": 1, "avg_points": 11.3, "total_appearances": 2,
            "question_count": 2,
        })
    );
    assert_eq!(topics.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn category_filters_topics() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (query, count) in
        [("?category=Equations", 2), ("?category=equations", 2), ("?category=", 4), ("?category=Nope", 0)]
    {
        let topics = ada.get(&format!("/api/courses/algebra/topics{query}")).await.ok()["topics"].clone();
        assert_eq!(topics.as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn topic_statistics_are_computed_from_questions() {
    let test = TestApp::start().await;
    let page = test.user("ada").await.get("/api/courses/algebra/topics/alg-quadratic").await.ok();
    let topic = &page["topic"];
    assert_eq!(
        (&topic["appearances"], &topic["totalExams"], &topic["avgDifficulty"], &topic["avgPoints"], &topic["name"]),
        (&json!(2), &json!(2), &json!(3.5), &json!(11.3), &json!("Quadratic equations"))
    );
    assert_eq!(
        page["analysis"],
        json!({
            "frequencyScore": 1.0, "questionCount": 2, "commonDifficulties": ["The sign decides"],
            "studyTips": [
                "It was on 2 of 2 past exams.",
                "A question on it was worth 11.3 points on average.",
                "Plan about 5 minutes for a question.",
                "Techniques that solve most of its questions: Completing the square, discriminant, factoring.",
                "Its questions go from difficulty 3 to 4: begin with the easy ones.",
            ],
        })
    );
    let samples = page["sampleQuestions"].as_array().unwrap();
    let facts: Vec<_> =
        samples.iter().map(|q| json!([q["id"], q["year"], q["semester"], q["exam_type"], q["locked"]])).collect();
    assert_eq!(
        facts,
        [json!(["alg-q3", 2022, "fall", "midterm", true]), json!(["alg-q2", 2020, "spring", "final", true])]
    );
    assert!(samples.iter().all(|q| q["answer"].is_null() && q["solution_steps"].is_null()));
}

#[tokio::test]
async fn a_topic_without_questions_has_statistics_too() {
    let test = TestApp::start().await;
    let page = test.user("ada").await.get("/api/courses/algebra/topics/alg-groups").await.ok();
    assert_eq!((&page["topic"]["appearances"], &page["sampleQuestions"]), (&json!(0), &json!([])));
    assert_eq!(page["analysis"]["studyTips"], json!(["It was on 0 of 2 past exams."]));
}

#[tokio::test]
async fn public_topics_need_no_session() {
    let test = TestApp::start().await;
    let topics = test.anonymous().get("/api/courses/algebra/topics/public").await.ok()["topics"].clone();
    assert_eq!(
        topics[3],
        json!({
            "id": "alg-sets", "course_id": "algebra", "name": "Sets", "slug": "sets", "category": "Foundations",
            "difficulty": 2, "frequency_score": 0.5, "question_count": 2,
        })
    );
}

#[tokio::test]
async fn an_unknown_topic_or_course_is_404() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for path in [
        "/api/courses/none/topics",
        "/api/courses/none/topics/public",
        "/api/courses/none/topics/alg-sets",
        "/api/courses/algebra/topics/none",
    ] {
        let _ = ada.get(path).await.problem(404, "not_found");
    }
}
