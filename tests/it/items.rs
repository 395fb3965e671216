//! Item statistics from stored attempts.

use axum::http::Method;
use pastpaper::items::{Row, page, report, table};
use serde_json::json;
use shared::domain::credits::Plan;
use shared::domain::items::Flag;
use tests::{Person, TestApp};

async fn answer(person: &Person, question: &str, answer: &str) {
    let _ = person.send(Method::POST, &format!("/api/questions/{question}/start"), None, &[]).await.ok();
    let path = format!("/api/questions/{question}/submit");
    let _ = person.post(&path, json!({"answer": answer, "time_spent_seconds": 40})).await.ok();
}

#[tokio::test]
async fn first_answers_count_and_questions_that_were_not_answered_do_not() {
    let test = TestApp::start().await;
    assert!(report(&test.app, "none").await.is_err());
    let nobody = report(&test.app, "algebra").await.unwrap();
    assert_eq!((nobody.students, nobody.alpha), (0, None));
    for index in 0..4 {
        let student = test.member(&format!("student-{index}"), Plan::Unlimited, 0).await;
        let is_good = index < 2;
        answer(&student, "alg-q1", if is_good { "2" } else { "5" }).await;
        // A second attempt has the solution at hand.
        answer(&student, "alg-q1", "2").await;
        answer(&student, "alg-q4", if is_good { "8" } else { "7" }).await;
        if index == 3 {
            let _ = student.send(Method::POST, "/api/questions/alg-q2/start", None, &[]).await.ok();
        } else {
            answer(&student, "alg-q2", if index == 0 { "B" } else { "A" }).await;
        }
    }
    let found = report(&test.app, "algebra").await.unwrap();
    assert_eq!(found.students, 4);
    let row = |id: &str| -> &Row { found.rows.iter().find(|row| row.id.as_str() == id).unwrap() };
    let first = &row("alg-q1").statistics;
    assert_eq!((first.shown, first.right, first.blank), (4, 2, 0));
    // Those who are right on one question are right on the others.
    assert!(first.item_rest.unwrap() > 0.9, "{first:?}");
    assert_eq!(row("alg-q1").median_seconds, Some(40));
    assert_eq!(row("alg-q1").flags, [Flag::TooFewAnswers { answers: 4 }]);
    let choice = row("alg-q2");
    assert_eq!((choice.statistics.shown, choice.omitted), (3, 1));
    let chosen: Vec<_> =
        choice.statistics.options.iter().map(|option| (option.letters.as_str(), option.chosen)).collect();
    assert_eq!(chosen[..2], [("A", 2), ("B", 1)]);
    assert_eq!(choice.statistics.options.iter().filter(|option| option.is_key).count(), 1);
    // All four answered two questions.
    assert_eq!(found.alpha.map(|(_, items)| items), Some(2));
    let shown = table(&found);
    assert!(shown.contains("alg-q2") && shown.contains("Too few answers to judge it: 4"), "{shown}");
    let html = page(&found);
    assert!(html.contains("<h2>alg-q1</h2>") && html.contains("(key)") && !html.contains("<script"), "{html}");
}
