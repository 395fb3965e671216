//! Importing dumps of the old service's database.

use axum::http::Method;
use pastpaper::import::{import_catalog, import_d1};
use serde_json::{Value, json};
use shared::domain::account::Email;
use tests::{Answer, Person, SMALL_COURSE, TestApp};

use crate::import::{DUMP, counts, version_of, written};

async fn stored_hash(test: &TestApp, email: &str) -> String {
    let email = Email::try_from(email.to_owned()).unwrap();
    test.app.store.credential(&email).await.unwrap().unwrap().password_hash.as_str().to_owned()
}

async fn log_in(test: &TestApp, email: &str, password: &str) -> Person {
    let answer = test.anonymous().post("/api/auth/login", json!({"email": email, "password": password})).await.ok();
    test.somebody(answer["token"].as_str().unwrap())
}

async fn close(person: &Person, password: &str) -> Answer {
    let body = json!({"password": password}).to_string();
    person.send(Method::DELETE, "/api/auth/account", Some(body), &[("content-type", "application/json")]).await
}

#[tokio::test]
async fn a_d1_dump_is_imported_completely_and_a_second_time_changes_nothing() {
    let test = TestApp::empty().await;
    let first = import_d1(&test.app, DUMP, false).await.unwrap();
    let by_table = counts(&first);
    for (table, expected) in [
        ("courses", [1, 1, 0, 0]),
        ("exams", [5, 5, 0, 0]),
        ("topics", [9, 9, 0, 0]),
        ("question_patterns", [9, 9, 0, 0]),
        ("questions", [33, 33, 0, 0]),
        ("question_options", [4, 4, 0, 0]),
        ("users", [7, 6, 0, 1]),
    ] {
        assert_eq!(by_table[table], expected, "{table}\n{first}");
    }
    assert!(first.notes.iter().any(|note| note.contains("sessions") && note.contains('4')), "{first}");
    let refused: Vec<_> = first.refused.iter().map(|row| (row.table, row.id.as_str())).collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    test.assert_ledgers_are_true().await;

    let second = import_d1(&test.app, DUMP, false).await.unwrap();
    assert_eq!(written(&second), 0, "{second}");
    assert_eq!(version_of(&test, "calc2d").await, 1);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_worker_user_logs_in_with_the_old_password_and_gets_a_new_hash() {
    let test = TestApp::empty().await;
    import_d1(&test.app, DUMP, false).await.unwrap();
    let email = "ada@students.example";
    let old = stored_hash(&test, email).await;
    assert!(old.contains(':'), "{old}");

    let wrong = json!({"email": email, "password": "riemann sum 1855"});
    let _ = test.anonymous().post("/api/auth/login", wrong).await.problem(401, "invalid_credentials");
    assert_eq!(stored_hash(&test, email).await, old);

    let ada = log_in(&test, email, "riemann sum 1854").await;
    let me = ada.get("/api/auth/me").await.ok();
    assert_eq!(me["user"]["email"], email);
    let new = stored_hash(&test, email).await;
    assert!(new.starts_with("$pbkdf2-sha256$i=600000,l=32$"), "{new}");
    let _ = log_in(&test, email, "riemann sum 1854").await;
    assert_eq!(stored_hash(&test, email).await, new);

    // A second import does not bring the old hash back.
    import_d1(&test.app, DUMP, false).await.unwrap();
    assert_eq!(stored_hash(&test, email).await, new);
    let practice = ada.post("/api/questions/practice", json!({"course_id": "calc2d", "count": 2})).await.ok();
    assert_eq!(practice["questions"].as_array().unwrap().len(), 2);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_hash_of_an_unknown_scheme_cannot_log_in() {
    let test = TestApp::empty().await;
    import_d1(&test.app, DUMP, false).await.unwrap();
    for password in ["", " ", "pat", "password123"] {
        let body = json!({"email": "pat@students.example", "password": password});
        let status = test.anonymous().post("/api/auth/login", body).await.status.as_u16();
        assert!(status == 401 || (password.trim().is_empty() && status == 400), "{password:?}: {status}");
    }
}

#[tokio::test]
async fn an_imported_email_that_is_taken_is_refused() {
    let test = TestApp::empty().await;
    let body = json!({"email": "ada@students.example", "password": tests::PASSWORD});
    let registered = test.anonymous().post("/api/auth/register", body).await.ok();
    let summary = import_d1(&test.app, DUMP, false).await.unwrap();
    assert!(summary.refused.iter().any(|row| row.table == "users" && row.reason.contains("email")), "{summary}");
    let ada = log_in(&test, "ada@students.example", tests::PASSWORD).await;
    assert_eq!(ada.get("/api/auth/me").await.ok()["user"]["id"], registered["user"]["id"]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_question_of_another_course_is_left_alone_and_named() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post("/api/questions/alg-q2/start", json!({})).await.ok();
    let thief = json!({
        "course": {"id": "thief", "name": "Thief"}, "topics": [{"id": "t", "name": "T", "category": "K"}],
        "questions": [
            {"id": "alg-q2", "topic_id": "t", "question_text": "Mine now?", "solution_steps": [], "answer": "no"},
            {"id": "own", "topic_id": "t", "question_text": "Mine.", "solution_steps": [], "answer": "yes"},
        ],
    });
    for dry_run in [true, false] {
        let summary = import_catalog(&test.app, &thief.to_string(), dry_run).await.unwrap();
        let refused: Vec<_> = summary.refused.iter().map(|row| (row.table, row.id.as_str())).collect();
        assert_eq!(refused, [("questions", "alg-q2")]);
    }
    assert_eq!(ada.get("/api/questions/alg-q2").await.ok()["question"]["course_id"], "algebra");
    assert_eq!(ada.get("/api/questions?course_id=algebra").await.ok()["total"], 6);
    assert_eq!(ada.get("/api/courses/thief/stats").await.ok()["questions"], 1);
}

#[tokio::test]
async fn an_option_removed_by_a_later_import_is_ignored() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["questions"][1]["options"] = json!([
        {"letter": "A", "text": "One", "is_correct": true}, {"letter": "C", "text": "Two", "is_correct": false},
    ]);
    course["questions"][1]["answer"] = json!("A");
    test.import(&course).await;
    let started = ada.post("/api/questions/alg-q2/start", json!({})).await.ok();
    let letters: Vec<_> =
        started["question"]["options"].as_array().unwrap().iter().map(|option| option["letter"].clone()).collect();
    assert_eq!(letters, ["A", "C"]);
    assert_eq!(ada.post("/api/questions/alg-q2/submit", json!({"answer": "A"})).await.ok()["correct"], true);
    let dropped = ada.post("/api/questions/alg-q2/submit", json!({"answer": "B"})).await;
    let _ = dropped.problem(422, "invalid_field");
}

#[tokio::test]
async fn numbers_that_the_table_cannot_hold_are_refused_by_row() {
    let test = TestApp::empty().await;
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["questions"][0]["source_points"] = json!(1e308);
    course["questions"][1]["source_points"] = json!(-0.5);
    course["questions"][2]["options"] = json!([
        {"letter": "A", "text": "x", "is_correct": true}, {"letter": "a", "text": "y", "is_correct": false},
    ]);
    course["exams"][0]["total_points"] = json!(-1);
    course["topics"][3]["note"] = json!("x".repeat(500_000));
    let summary = import_catalog(&test.app, &course.to_string(), false).await.unwrap();
    let refused: Vec<_> = summary.refused.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(refused, ["alg-groups", "alg-2020", "alg-q1", "alg-q2", "alg-q3"]);
}

#[tokio::test]
async fn an_account_that_was_deleted_is_imported_again() {
    let test = TestApp::empty().await;
    import_d1(&test.app, DUMP, false).await.unwrap();
    let (email, password) = ("ada@students.example", "riemann sum 1854");
    let ada = log_in(&test, email, password).await;
    let id = ada.get("/api/auth/me").await.ok()["user"]["id"].as_str().unwrap().to_owned();
    let _ = close(&ada, password).await.ok();
    let again = import_d1(&test.app, DUMP, false).await.unwrap();
    assert_eq!(counts(&again)["users"], [7, 1, 5, 1], "{again}");
    assert_eq!(test.entries(&id).await.len(), 7);
    let ada = log_in(&test, email, password).await;
    assert_eq!(ada.get("/api/auth/me").await.ok()["user"]["email"], email);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_dump_is_imported_into_two_tables_of_one_server() {
    let test = TestApp::empty().await;
    let first = import_d1(&test.app, DUMP, false).await.unwrap();
    let other = test.on_another_table().await;
    let second = import_d1(&other, DUMP, false).await.unwrap();
    assert_eq!(counts(&second), counts(&first));
    let findings = pastpaper::verify::check_all(&other).await.unwrap();
    assert_eq!((findings.users, findings.mismatches()), (6, 0), "{findings:?}");
}
