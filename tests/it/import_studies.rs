//! What users did in the old service, imported for those who have an account.

use pastpaper::import::{Summary, import_d1};
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::study::progress::Rows;
use tests::{Person, TestApp};

const SCHEMA: &str = "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT, password_hash TEXT, created_at TEXT);
    CREATE TABLE user_progress (mood TEXT, question_id TEXT, user_id TEXT, completed INTEGER, attempts INTEGER, \
        is_correct INTEGER, time_spent INTEGER, unlocked_at TEXT);
    CREATE TABLE user_courses (course_id TEXT, user_id TEXT, enrolled_at INTEGER);";
const BOB: &str = "00000000-0000-4000-8000-00000000000b";

/// A dump with the new user Bob, and rows of Bob and `ada`.
fn dump(ada: &str) -> String {
    let progress = |user: &str, question: &str, rest: &str| {
        format!("INSERT INTO user_progress VALUES('fine','{question}','{user}',{rest});")
    };
    [
        SCHEMA.to_owned(),
        format!("INSERT INTO users VALUES('{BOB}','bob@example.org','x','2025-01-01');"),
        progress(ada, "alg-q1", "NULL,NULL,NULL,NULL,'2025-02-01 10:00:00'"),
        progress(ada, "alg-q2", "1,3,1,95,'2025-02-02 10:00:00'"),
        progress(ada, "alg-q4", "1,9,0,10,NULL"),
        progress(BOB, "alg-q3", "0,0,0,0,NULL"),
        progress(ada, "gone", "0,0,0,0,NULL"),
        progress("nobody", "alg-q1", "0,0,0,0,NULL"),
        format!("INSERT INTO user_courses VALUES('algebra','{ada}',1735787045),('algebra','{BOB}',NULL),"),
        "('gone','nobody',NULL);".to_owned(),
    ]
    .concat()
}

fn counts(summary: &Summary, table: &str) -> [usize; 4] {
    let counts = summary.tables[table];
    [counts.read, counts.written, counts.skipped, counts.refused]
}

async fn rows(test: &TestApp, person: &Person) -> Rows {
    let user = UserId(person.id.parse().unwrap());
    test.app.store.progress(user, &CourseId::try_from("algebra").unwrap()).await.unwrap()
}

async fn is_enrolled(test: &TestApp, person: &Person) -> bool {
    let enrolled = test.app.store.enrollments(UserId(person.id.parse().unwrap())).await.unwrap();
    enrolled.contains(&CourseId::try_from("algebra").unwrap())
}

#[tokio::test]
async fn rows_become_questions_and_enrolments_and_overwrite_nothing() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 5).await;
    // Ada's progress in this service stays.
    let _ = ada.post("/api/questions/alg-q4/start", json!({})).await.ok();
    let here = rows(&test, &ada).await;
    let question = |id: &str| QuestionId::try_from(id).unwrap();

    let dry = import_d1(&test.app, &dump(&ada.id), true).await.unwrap();
    assert_eq!(counts(&dry, "user_progress"), [6, 3, 1, 2]);
    assert_eq!((rows(&test, &ada).await, is_enrolled(&test, &ada).await), (here.clone(), false));

    let first = import_d1(&test.app, &dump(&ada.id), false).await.unwrap();
    assert_eq!((counts(&first, "user_progress"), counts(&first, "user_courses")), ([6, 3, 1, 2], [3, 2, 0, 1]));
    assert!(first.notes.contains(&"user_progress: extra columns left out: mood".to_owned()), "{first}");
    let refused: Vec<String> = first.refused.iter().map(ToString::to_string).collect();
    assert_eq!(
        refused,
        [
            format!("user_progress {} gone: there is no question \"gone\"", ada.id),
            "user_courses nobody gone: there is no course \"gone\"".to_owned(),
            "user_progress nobody alg-q1: its user has no account".to_owned(),
        ]
    );
    let after = rows(&test, &ada).await;
    assert_eq!((after.len(), &after[&question("alg-q4")]), (3, &here[&question("alg-q4")]));
    let answered = &after[&question("alg-q2")];
    assert_eq!((answered.attempts, answered.correct_attempts, answered.was_correct), (3, 1, Some(true)));
    assert_eq!((answered.time_spent_seconds, answered.unlocked_at.to_string().as_str()), (95, "2025-02-02T10:00:00Z"));
    let view = |id: &'static str| {
        let ada = ada.clone();
        async move { ada.get(&format!("/api/questions/{id}")).await.ok()["question"].clone() }
    };
    assert_eq!((&view("alg-q1").await["locked"], &view("alg-q1").await["answer"]), (&json!(false), &Value::Null));
    assert!(view("alg-q2").await["answer"].is_string());
    assert_eq!(view("alg-q3").await["locked"], true);
    let progress = ada.get("/api/assessment/progress?course_id=algebra").await.ok();
    assert_eq!((&progress["questions_unlocked"], &progress["questions_attempted"]), (&json!(3), &json!(1)));
    assert!(is_enrolled(&test, &ada).await);
    let mut bob = test.anonymous();
    BOB.clone_into(&mut bob.id);
    let bob = test.renewed(&bob).await;
    assert_eq!((rows(&test, &bob).await.len(), is_enrolled(&test, &bob).await), (1, true));

    // Progress made after the import stays, too.
    let _ = ada.post("/api/questions/alg-q2/submit", json!({"answer": "A"})).await.ok();
    let since = rows(&test, &ada).await;
    let second = import_d1(&test.app, &dump(&ada.id), false).await.unwrap();
    assert_eq!((counts(&second, "user_progress"), counts(&second, "user_courses")), ([6, 0, 4, 2], [3, 0, 2, 1]));
    assert_eq!(rows(&test, &ada).await, since);
    test.assert_ledgers_are_true().await;
}
