//! Progress and the study plan as pages to print.

use axum::http::Method;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::{Answer, Person, TestApp};

const PROGRESS: &str = "/api/assessment/progress?course_id=algebra";
const WEAK: &str = "/api/assessment/weak-topics";

async fn progress(person: &Person, accept: &[(&str, &str)]) -> Answer {
    person.get_with(PROGRESS, accept).await
}

async fn weak(person: &Person, accept: &[(&str, &str)]) -> Answer {
    let body = json!({"course_id": "algebra"}).to_string();
    let headers = [&[("content-type", "application/json")], accept].concat();
    person.send(Method::POST, WEAK, Some(body), &headers).await
}

async fn answer(person: &Person, question: &str, answer: &str) {
    let _ = person.post(&format!("/api/questions/{question}/start"), json!({})).await.ok();
    let _ = person.post(&format!("/api/questions/{question}/submit"), json!({"answer": answer})).await.ok();
}

/// The page, which runs and loads nothing.
fn page(answer: &Answer) -> String {
    assert_eq!((answer.status.as_u16(), answer.header("vary")), (200, "Accept"));
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; style-src 'unsafe-inline'");
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let page = answer.body.as_str().unwrap().to_owned();
    for word in ["<script", "javascript:", " src=", "href=", "url(", "@import"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    // Every chart says in words what it shows.
    assert_eq!(page.matches("<svg").count(), page.matches(r#"role="img" aria-label=""#).count(), "{page}");
    assert!(!page.contains(r#"aria-label="""#) && !page.contains("NaN"), "{page}");
    page
}

#[tokio::test]
async fn a_browser_gets_pages_and_programs_get_json_as_before() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    answer(&ada, "alg-q1", "2").await;
    answer(&ada, "alg-q3", "9").await;
    let (json, plan) = (progress(&ada, &[]).await.ok(), weak(&ada, &[]).await.ok());
    for accept in [
        "*/*",
        "application/json",
        "application/json, text/html",
        "text/html;q=0.4, application/json",
        "text/html;q=0.9, */*",
        "text/html;q=0, text/*",
        "text/plain",
        "",
    ] {
        let accept = [("accept", accept)];
        let (shown, advised) = (progress(&ada, &accept).await, weak(&ada, &accept).await);
        assert_eq!((shown.header("vary"), advised.header("vary")), ("Accept", "Accept"));
        assert_eq!((shown.ok(), advised.ok()), (json.clone(), plan.clone()), "{accept:?}");
    }
    for accept in ["text/html", "text/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"] {
        let accept = [("accept", accept)];
        let shown = page(&progress(&ada, &accept).await);
        assert!(shown.contains("Mastery by topic") && shown.contains("What to study next"), "{shown}");
        let advised = page(&weak(&ada, &accept).await);
        assert!(advised.contains("Weak topics") && advised.contains("Not tried yet"), "{advised}");
    }
    // Errors stay problems.
    let html = [("accept", "text/html")];
    let _ = ada.get_with("/api/assessment/progress?course_id=none", &html).await.problem(404, "not_found");
    let _ = ada.get_with("/api/assessment/progress", &html).await.problem(400, "missing_field");
    let _ = test.anonymous().get_with(PROGRESS, &html).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_page_says_what_the_answer_says() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let html = [("accept", "text/html")];
    let empty = page(&progress(&ada, &html).await);
    assert!(empty.contains("0 answers") && empty.contains("No answers in the last 52 weeks."), "{empty}");
    assert!(empty.contains("too few answers"), "{empty}");
    for (question, text) in [("alg-q1", "2"), ("alg-q5", "4"), ("alg-q3", "9"), ("alg-q4", "8")] {
        answer(&ada, question, text).await;
    }
    let json = progress(&ada, &[]).await.ok();
    let shown = page(&progress(&ada, &html).await);
    for topic in json["topics"].as_array().unwrap() {
        let percent = format!("{:.0} %", 100.0 * topic["mastery"].as_f64().unwrap());
        let [low, high] = [0, 1].map(|end| 100.0 * topic["interval"][end].as_f64().unwrap());
        let label = format!(r#"aria-label="{percent}, between {low:.0} % and {high:.0} %""#);
        assert!(shown.contains(topic["name"].as_str().unwrap()) && shown.contains(&label), "{label}: {shown}");
    }
    assert!(shown.contains("4 answers, 3 of them right (75 %)"), "{shown}");
    // The past exams had 20 and 12.5 points.
    assert!(shown.contains(" of 16.2</strong> points today."), "{shown}");
    assert!(shown.contains("4 answers in 1 of the last 52 weeks"), "{shown}");
    assert!(shown.contains(": 4 answers, 3 right</title>"), "{shown}");
    // On a narrow screen the head of the table is not seen, so each figure has its own.
    let mastery = &shown[shown.find("<table class=\"mastery\"").unwrap()..shown.find("</table>").unwrap()];
    assert_eq!(mastery.matches("<td class=\"n\"").count(), mastery.matches(" data-head=\"").count(), "{mastery}");
    assert_eq!(mastery.matches(" data-head=\"Answers\"").count(), 4, "{mastery}");
    let plan = weak(&ada, &[]).await.ok();
    for topic in plan["recommended_study_plan"].as_array().unwrap() {
        let reason = maud_escaped(topic["reason"].as_str().unwrap());
        assert!(shown.contains(&reason), "{reason}: {shown}");
    }
}

/// A text as the page has it.
fn maud_escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[tokio::test]
async fn names_cannot_break_out_of_a_page() {
    let test = TestApp::start().await;
    let mut course: Value = serde_json::from_str(tests::SMALL_COURSE).unwrap();
    let name = r#"<b>"&amp;</b>' onload='x"#;
    course["course"]["name"] = json!(name);
    course["topics"][0]["name"] = json!(name);
    test.import(&course).await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    answer(&ada, "alg-q1", "9").await;
    let html = [("accept", "text/html")];
    for shown in [page(&progress(&ada, &html).await), page(&weak(&ada, &html).await)] {
        assert!(shown.contains("&lt;b&gt;") && !shown.contains("<b>\""), "{shown}");
    }
}

#[tokio::test]
async fn topics_are_in_the_order_that_a_reader_expects() {
    let test = TestApp::empty().await;
    for (course, topics) in [
        ("algebra", [("29", "A"), ("3", "B"), ("30", "C")]),
        ("words", [("a", "Unit 10"), ("b", "unit 9"), ("c", "Sets")]),
    ] {
        let topic = |(id, name): (&str, &str)| json!({"id": id, "name": name, "category": "K"});
        let question = json!({"id": course, "topic_id": topics[0].0, "question_text": "?", "solution_steps": [], "answer": "1", "is_generated": true});
        test.import(
            &json!({"course": {"id": course, "name": course}, "topics": topics.map(topic), "questions": [question]}),
        )
        .await;
    }
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let names = |topics: &Value| {
        let names = topics.as_array().unwrap().iter().map(|topic| topic["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    for (course, expected) in [("algebra", ["B", "A", "C"]), ("words", ["Sets", "unit 9", "Unit 10"])] {
        let path = format!("/api/assessment/progress?course_id={course}");
        let shown = page(&ada.get_with(&path, &[("accept", "text/html")]).await);
        let places = expected.map(|name| shown.find(&format!("<th scope=\"row\">{name}</th>")).unwrap());
        assert!(places.is_sorted(), "{shown}");
        assert_eq!(names(&ada.get(&path).await.ok()["topics"]), expected);
        assert_eq!(names(&ada.get(&format!("/api/courses/{course}")).await.ok()["course"]["topics"]), expected);
        for list in ["topics", "topics/public"] {
            assert_eq!(names(&ada.get(&format!("/api/courses/{course}/{list}")).await.ok()["topics"]), expected);
        }
    }
}

#[tokio::test]
async fn a_course_without_exams_expects_no_points() {
    let test = TestApp::empty().await;
    let course = json!({
        "course": {"id": "algebra", "name": "Algebra"}, "topics": [{"id": "t", "name": "T", "category": "K"}],
        "questions": [{"id": "q", "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": "1", "is_generated": true}],
    });
    test.import(&course).await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let shown = page(&progress(&ada, &[("accept", "text/html")]).await);
    assert!(shown.contains("Without past exams of this course"), "{shown}");
    let _ = page(&weak(&ada, &[("accept", "text/html")]).await);
}
