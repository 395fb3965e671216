//! Withheld questions: visible to their buyers, not for sale.

use pastpaper::import::import_d1;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::TestApp;

/// A dump of a course with five questions, the first with this answer and this text.
fn dump(answer: &str, text: &str) -> String {
    let course = "CREATE TABLE courses (id,name,description,exam_count,is_active,created_at);
        CREATE TABLE exams (id,course_id,year,semester,exam_type,total_points,exam_date,upload_date,processed);
        CREATE TABLE topics (id,course_id,name,slug,category,difficulty,frequency_score,avg_points,total_appearances);
        CREATE TABLE questions (id,course_id,exam_id,topic_id,question_text,solution_steps,answer,difficulty);
        CREATE TABLE question_options (id,question_id,option_letter,option_text,is_correct);
        INSERT INTO courses VALUES('w','W',NULL,0,1,NULL);
        INSERT INTO exams VALUES('e','w',2024,'fall','final',NULL,NULL,NULL,1);
        INSERT INTO topics VALUES('t','w','Series','','Calculus',3,NULL,NULL,NULL);\n";
    let question = |number: usize, answer: &str, text: &str| {
        format!(
            "INSERT INTO questions (id,course_id,exam_id,topic_id,question_text,solution_steps,answer,difficulty) \
             VALUES('q{number}','w','e','t','{text}','[\"!\"]','{answer}',3);
             INSERT INTO question_options VALUES('o{number}a','q{number}','A','One',0),\
                ('o{number}b','q{number}','B','Two',1);\n"
        )
    };
    let others = (2..=5).map(|number| question(number, "B", "Which?"));
    let rows: Vec<String> = [course.to_owned(), question(1, answer, text)].into_iter().chain(others).collect();
    rows.concat()
}

#[tokio::test]
async fn a_faulty_row_of_an_old_database_is_visible_to_its_buyers_and_not_sold() {
    let test = TestApp::empty().await;
    let good = import_d1(&test.app, &dump("B", "Which?"), false).await.unwrap();
    assert!(good.warnings.is_empty() && good.refused.is_empty(), "{good}");
    let ada = test.member("ada", Plan::Starter, 100).await;
    let ben = test.member("ben", Plan::Starter, 100).await;
    let _ = ada.post("/api/questions/q1/start", json!({})).await.ok();

    let faults = [
        (dump("A", "Which?"), "answer \"A\" and options contradict each other: is_correct is true for B"),
        (
            dump("B", "Is $\u{c}rac12$ it?"),
            r#"question_text has a form feed before "rac": JSON reads "\f" as one; write "\\frac""#,
        ),
    ];
    for (faulty, fault) in faults {
        let summary = import_d1(&test.app, &faulty, false).await.unwrap();
        let warnings: Vec<String> = summary.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, [format!("questions q1: {fault}; not sold until it is corrected")]);
        assert!(summary.refused.is_empty(), "{summary}");

        // A buyer can read and answer it, and read its solution.
        let page = ada.get("/api/questions?course_id=w").await.ok();
        assert_eq!((&page["total"], &page["questions"][0]["id"]), (&json!(5), &json!("q1")));
        assert_eq!(ada.get("/api/questions/q1").await.ok()["question"]["locked"], false);
        assert_eq!(ada.post("/api/questions/q1/start", json!({})).await.ok()["credits_deducted"], 0);
        assert_eq!(ada.post("/api/questions/q1/solution", json!({})).await.ok()["steps"], json!(["!"]));
        let _ = ada.post("/api/questions/q1/submit", json!({"answer": "B"})).await.ok();

        // Other users cannot see or buy it.
        let page = ben.get("/api/questions?course_id=w").await.ok();
        assert_eq!((&page["total"], &page["questions"][0]["id"]), (&json!(4), &json!("q2")));
        let _ = ben.get("/api/questions/q1").await.problem(404, "not_found");
        let _ = ben.post("/api/questions/q1/start", json!({})).await.problem(404, "not_found");
        let topic = ben.get("/api/courses/w/topics/t").await.ok();
        assert!(!topic["sampleQuestions"].to_string().contains("\"q1\""), "{topic}");
        let featured = ben.get("/api/featured-question").await.ok();
        assert_ne!(featured["question"]["id"], "q1");
        let midterm = json!({"course_id": "w", "config": {"question_count": 5}});
        let infeasible = ben.post("/api/midterm/generate", midterm).await.problem(422, "blueprint_infeasible");
        assert_eq!(infeasible["conflicts"][0]["available"], 4, "{infeasible}");
    }
    for person in [&ada, &ben] {
        let practice = person.post("/api/questions/practice", json!({"course_id": "w", "count": 10})).await.ok();
        let ids: Vec<&Value> =
            practice["questions"].as_array().unwrap().iter().map(|question| &question["id"]).collect();
        assert_eq!(ids.len(), 4);
        assert!(!ids.contains(&&json!("q1")), "{ids:?}");
    }
    test.assert_ledgers_are_true().await;

    let corrected = import_d1(&test.app, &dump("B", "Which?"), false).await.unwrap();
    assert!(corrected.warnings.is_empty(), "{corrected}");
    assert_eq!(ben.get("/api/questions?course_id=w").await.ok()["total"], 5);
    assert_eq!(ben.post("/api/questions/q1/start", json!({})).await.ok()["credits_deducted"], 1);
}
