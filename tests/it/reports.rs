//! Reports of faulty questions: once a user and question, a queue for operators, and one credit back.

use futures_util::future::join_all;
use pastpaper::report;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::questions::report::{Report, ReportId, ReportReason, ReportStatus};
use tests::{PASSWORD, Person, TestApp};
use uuid::Uuid;

const REPORT: &str = "/api/questions/alg-q4/report";

async fn started(test: &TestApp, name: &str) -> Person {
    let person = test.member(name, Plan::Free, 5).await;
    let _ = person.post("/api/questions/alg-q4/start", json!({})).await.ok();
    person
}

fn id_of(report: &Value) -> ReportId {
    ReportId(report["id"].as_str().unwrap().parse::<Uuid>().unwrap())
}

#[tokio::test]
async fn a_user_reports_a_question_once() {
    let test = TestApp::start().await;
    let (ada, ben) = (started(&test, "ada").await, started(&test, "ben").await);
    let report = ada.post(REPORT, json!({"reason": "wrong_key", "text": " It is 9. "})).await.ok()["report"].clone();
    assert_eq!(
        report,
        json!({
            "id": report["id"], "question_id": "alg-q4", "reason": "wrong_key", "text": "It is 9.", "status": "open",
            "created_at": "2026-03-01T12:00:00.000Z",
        })
    );
    let again = ada.post(REPORT, json!({"reason": "other", "text": "Or is it?"})).await.ok()["report"].clone();
    assert_eq!(again, report, "the first report stays");
    assert_ne!(ben.post(REPORT, json!({"reason": "unreadable"})).await.ok()["report"]["id"], report["id"]);
    let open = test.app.store.open_reports().await.unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!(ada.credits().await, 4, "a report costs nothing");
    let export = ada.get("/api/auth/export").await.ok();
    assert_eq!(export["reports"][0]["text"], "It is 9.");
}

#[tokio::test]
async fn only_unlocked_questions_are_reported() {
    let test = TestApp::start().await;
    let ada = started(&test, "ada").await;
    let reason = json!({"reason": "unreadable"});
    let _ = ada.post("/api/questions/alg-q3/report", reason.clone()).await.problem(409, "not_started");
    let _ = ada.post("/api/questions/none/report", reason.clone()).await.problem(404, "not_found");
    let _ = test.anonymous().post(REPORT, reason).await.problem(401, "unauthenticated");
    for (bad, status, code) in [
        (json!({}), 400, "missing_field"),
        (json!({"reason": "boring"}), 422, "invalid_field"),
        (json!({"reason": "other", "text": "x".repeat(1_001)}), 422, "invalid_field"),
        (json!({"reason": "other", "text": 7}), 422, "invalid_field"),
    ] {
        let _ = ada.post(REPORT, bad).await.problem(status, code);
    }
    assert!(test.app.store.open_reports().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_reports_make_one() {
    let test = TestApp::start().await;
    let ada = started(&test, "ada").await;
    let answers = join_all((0..8).map(|_| ada.post(REPORT, json!({"reason": "wrong_key"})))).await;
    let ids: std::collections::HashSet<String> =
        answers.into_iter().map(|answer| answer.ok()["report"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(test.app.store.open_reports().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_operator_lists_closes_and_refunds() {
    let test = TestApp::start().await;
    let (ada, ben) = (started(&test, "ada").await, started(&test, "ben").await);
    let of_ada = ada.post(REPORT, json!({"reason": "wrong_key", "text": "\u{1b}[31mred"})).await.ok()["report"].clone();
    let of_ben = ben.post(REPORT, json!({"reason": "unreadable"})).await.ok()["report"].clone();
    let listed = report::list(&test.app).await.unwrap();
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.contains("alg-q4") && listed.contains("wrong_key") && listed.contains(&ada.id), "{listed}");
    assert!(!listed.contains('\u{1b}'), "control characters reach the terminal: {listed}");

    let _ = report::close(&test.app, id_of(&of_ben)).await.unwrap();
    let said = report::refund(&test.app, id_of(&of_ada)).await.unwrap();
    assert!(said.contains("the balance is 5"), "{said}");
    assert_eq!((ada.credits().await, ben.credits().await), (5, 4));
    for again in [id_of(&of_ada), id_of(&of_ben)] {
        assert!(report::refund(&test.app, again).await.is_err(), "it is closed");
    }
    assert_eq!(report::list(&test.app).await.unwrap(), "No report is open.");
    assert_eq!((ada.credits().await, ben.credits().await), (5, 4));
    let statuses = [(&ada, "refunded"), (&ben, "closed")];
    for (person, status) in statuses {
        let stored = person.post(REPORT, json!({"reason": "other"})).await.ok();
        assert_eq!(stored["report"]["status"], status);
    }
    assert!(test.app.store.open_reports().await.unwrap().is_empty(), "a closed report is not opened again");
    test.assert_ledgers_are_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_refunds_give_one_credit() {
    let test = TestApp::start().await;
    let ada = started(&test, "ada").await;
    let report = ada.post(REPORT, json!({"reason": "wrong_key"})).await.ok()["report"].clone();
    let refunds = join_all((0..4).map(|_| report::refund(&test.app, id_of(&report)))).await;
    assert!(refunds.iter().any(Result::is_ok));
    assert_eq!(ada.credits().await, 5);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_deleted_account_leaves_the_queue() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let report = ada.post(REPORT, json!({"reason": "wrong_key", "text": "Call me Ada."})).await.ok()["report"].clone();
    let _ = ada
        .send(
            axum::http::Method::DELETE,
            "/api/auth/account",
            Some(json!({"password": PASSWORD}).to_string()),
            &[("content-type", "application/json")],
        )
        .await
        .ok();
    assert!(report::refund(&test.app, id_of(&report)).await.is_err());
    assert_eq!(report::list(&test.app).await.unwrap(), "No report is open.");
}

#[tokio::test]
async fn a_report_of_an_account_that_is_being_deleted_leaves_nothing_behind() {
    let test = TestApp::start().await;
    let ada = started(&test, "ada").await;
    let (store, now, random) = (&test.app.store, test.app.now(), &test.app.random);
    let user = UserId(ada.id.parse().unwrap());
    let profile = store.profile(user).await.unwrap().unwrap();
    let _ = store.begin_closing(profile, now, random).await.unwrap().unwrap();
    let report = Report {
        id: ReportId(random.uuid_v7(now)),
        course_id: CourseId::try_from("algebra").unwrap(),
        question_id: QuestionId::try_from("alg-q4").unwrap(),
        reason: ReportReason::Other,
        text: Some("Call me Ada.".to_owned()),
        status: ReportStatus::Open,
        created_at: now,
        closed_at: None,
    };
    assert!(store.report(user, report, random).await.unwrap().is_none());
    assert!(store.open_reports().await.unwrap().is_empty());
}
