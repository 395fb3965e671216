//! Courses, exams, stats, and the status of the service.

use axum::http::StatusCode;
use serde_json::json;
use tests::TestApp;

#[tokio::test]
async fn status_has_name_version_and_environment() {
    let test = TestApp::empty().await;
    let status = test.anonymous().get("/").await.ok();
    assert_eq!(status, json!({"name": "pastpaper", "version": "0.1.0", "environment": "local", "status": "healthy"}));
}

#[tokio::test]
async fn active_courses_are_listed() {
    let test = TestApp::start().await;
    test.import(
        &json!({"course": {"id": "hidden", "name": "Hidden", "is_active": false}, "topics": [], "questions": []}),
    )
    .await;
    let ada = test.user("ada").await;
    assert_eq!(
        ada.get("/api/courses").await.ok(),
        json!({"courses": [{
            "id": "algebra", "name": "Algebra", "description": "A course small enough to count by hand.", "exam_count": 2, "question_count": 6,
            "is_active": true, "created_at": "2026-01-01T00:00:00.000Z", "is_enrolled": false,
        }]})
    );
    for path in ["/api/courses/hidden", "/api/courses/hidden/stats", "/api/questions?course_id=hidden"] {
        let _ = ada.get(path).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_course_has_topics_and_stats() {
    let test = TestApp::start().await;
    let course = test.user("ada").await.get("/api/courses/algebra").await.ok()["course"].clone();
    assert_eq!((&course["id"], &course["is_enrolled"]), (&json!("algebra"), &json!(false)));
    assert_eq!(course["stats"], json!({"exams": 2, "questions": 6, "topics": 4}));
    let ids: Vec<_> = course["topics"].as_array().unwrap().iter().map(|topic| topic["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["alg-groups", "alg-linear", "alg-quadratic", "alg-sets"]);
}

#[tokio::test]
async fn exams_are_newest_first_with_their_extra_columns() {
    let test = TestApp::start().await;
    assert_eq!(
        test.user("ada").await.get("/api/courses/algebra/exams").await.ok(),
        json!({"exams": [
            {
                "id": "alg-2022", "course_id": "algebra", "year": 2022, "semester": "fall", "exam_type": "midterm",
                "total_points": 12.5, "exam_date": 1_668_470_400, "upload_date": null, "processed": true,
                "question_count": 2,
            },
            {
                "id": "alg-2020", "course_id": "algebra", "year": 2020, "semester": "spring", "exam_type": "final",
                "total_points": 20, "exam_date": 1_590_969_600, "upload_date": null, "processed": true,
                "question_count": 2, "difficulty_label": "fair",
            },
        ]})
    );
}

#[tokio::test]
async fn stats_count_the_stored_rows() {
    let test = TestApp::start().await;
    let stats = test.user("ada").await.get("/api/courses/algebra/stats").await.ok();
    assert_eq!(stats, json!({"exams": 2, "questions": 6, "topics": 4}));
}

#[tokio::test]
async fn catalogue_reads_answer_304_to_a_current_etag() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let paths = [
        "/api/courses",
        "/api/courses/algebra",
        "/api/courses/algebra/exams",
        "/api/courses/algebra/stats",
        "/api/courses/algebra/topics",
        "/api/courses/algebra/topics/alg-sets",
        "/api/courses/algebra/topics/public",
        "/api/featured-question",
    ];
    for path in paths {
        let first = ada.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"'), "{path}: {tag}");
        let again = ada.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!((again.status, again.header("etag")), (StatusCode::NOT_MODIFIED, tag.as_str()), "{path}");
        assert_eq!(again.body, json!(null));
        // Without a session, the response is 401, also with a matching `If-None-Match`.
        if !path.ends_with("public") && !path.ends_with("featured-question") {
            let stranger = test.anonymous().get_with(path, &[("if-none-match", &tag)]).await;
            let _ = stranger.problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn an_import_is_visible_at_once_and_changes_the_etag() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let before = ada.get("/api/courses/algebra/topics").await;
    let mut course: serde_json::Value = serde_json::from_str(tests::SMALL_COURSE).unwrap();
    course["topics"][0]["name"] = json!("Linear equations, renamed");
    test.import(&course).await;
    let after = ada.get("/api/courses/algebra/topics").await;
    assert_ne!(before.header("etag"), after.header("etag"));
    assert_eq!(after.body["topics"][1]["name"], "Linear equations, renamed");
}
