//! The analysis: contents, price and charging.

use axum::http::{Method, StatusCode};
use pastpaper::analyze::{page, tables};
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::{SMALL_COURSE, TestApp};

const ANALYSIS: &str = "/api/courses/algebra/analysis";

#[tokio::test]
async fn analysis_is_computed_from_past_exams() {
    let test = TestApp::start().await;
    let answer = test.user("ada").await.get(ANALYSIS).await.ok();
    assert_eq!(answer["credits_deducted"], 2);
    let analysis = &answer["analysis"];
    assert_eq!(analysis["exams_analysed"], 2);
    // Past exams have four questions: one linear (5 points), two quadratic (15 and 7.5), one on sets (5); 32.5 in
    // total.
    assert_eq!(
        analysis["topic_distribution"],
        json!([
            {"topic_id": "alg-quadratic", "name": "Quadratic equations", "count": 2, "percentage": 50.0, "points_percentage": 69.2, "avg_points": 11.3},
            {"topic_id": "alg-linear", "name": "Linear equations", "count": 1, "percentage": 25.0, "points_percentage": 15.4, "avg_points": 5.0},
            {"topic_id": "alg-sets", "name": "Sets", "count": 1, "percentage": 25.0, "points_percentage": 15.4, "avg_points": 5.0},
            {"topic_id": "alg-groups", "name": "Groups", "count": 0, "percentage": 0.0, "points_percentage": 0.0, "avg_points": 0.0},
        ])
    );
    assert_eq!(analysis["difficulty_distribution"], json!({"easy": 50.0, "medium": 25.0, "hard": 25.0}));
    assert_eq!(
        analysis["patterns"],
        json!([{
            "pattern_id": "alg-p-discriminant", "name": "Count the roots", "topic_id": "alg-quadratic", "count": 1,
            "appearance_rate": 0.5, "first_year": 2020, "last_year": 2020,
        }])
    );
    let trends = &analysis["year_trends"];
    let years: Vec<&Value> = trends["exams"].as_array().unwrap().iter().map(|exam| &exam["year"]).collect();
    assert_eq!(years, [2020, 2022]);
    assert_eq!(trends["topics"][2], json!({"topic_id": "alg-quadratic", "counts": [1, 1], "points": [15.0, 7.5]}));
    assert_eq!(analysis["high_value_topics"][0]["topic_id"], "alg-quadratic");
    assert_eq!(analysis["high_value_topics"][0]["frequency"], "Very often");
    assert_eq!(analysis["high_value_topics"][0]["frequency_score"], 1.0);
    let order: Vec<&str> =
        analysis["recommended_study_order"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    assert_eq!(order.len(), 4);
    let equations: Vec<usize> =
        ["alg-linear", "alg-quadratic"].iter().map(|id| order.iter().position(|topic| topic == id).unwrap()).collect();
    assert_eq!(equations[0].abs_diff(equations[1]), 1, "a category stays together: {order:?}");
    assert!(
        analysis["study_strategy"].as_str().unwrap().starts_with("This is based on 2 past exams from 2020 to 2022.")
    );
    for topic in analysis["forecast"].as_array().unwrap() {
        let number = |value: &Value| value.as_f64().unwrap();
        let (low, p, high) =
            (number(&topic["interval"][0]), number(&topic["probability"]), number(&topic["interval"][1]));
        assert!(0.0 <= low && low <= p && p <= high && high <= 1.0, "{topic}");
        assert!(p <= 0.9, "two exams say little: {topic}");
        assert!(!topic["basis"].as_str().unwrap().is_empty());
    }
    assert_eq!(analysis["forecast_quality"], "not enough exams to tell");
}

#[tokio::test]
async fn an_edition_is_charged_once() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let first = ada.get(ANALYSIS).await.ok();
    assert_eq!((&first["credits_deducted"], ada.credits().await), (&json!(2), 3));
    for person in [ada.clone(), ada.through(test.twin())] {
        let again = person.get(ANALYSIS).await.ok();
        assert_eq!((&again["credits_deducted"], &again["analysis"]), (&json!(0), &first["analysis"]));
    }
    assert_eq!(ada.credits().await, 3);
    let kinds: Vec<_> = test.entries(&ada.id).await.into_iter().map(|entry| (entry.kind, entry.amount)).collect();
    assert_eq!(kinds[1], (shared::domain::credits::EntryType::AnalysisView, -2));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_new_exam_makes_a_new_edition_but_a_typo_does_not() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let first = ada.get(ANALYSIS).await.ok();
    let mut course: Value = serde_json::from_str(SMALL_COURSE).unwrap();
    course["questions"][0]["question_text"] = json!("Solve $2x + 3 = 7$ for $x$.");
    test.import(&course).await;
    assert_eq!(ada.get(ANALYSIS).await.ok()["credits_deducted"], 0);

    course["exams"].as_array_mut().unwrap().push(json!({"id": "alg-2023", "year": 2023, "exam_type": "final"}));
    course["questions"][4]["exam_id"] = json!("alg-2023");
    course["questions"][4]["is_generated"] = json!(false);
    test.import(&course).await;
    let next = ada.get(ANALYSIS).await.ok();
    assert_eq!((&next["credits_deducted"], &next["analysis"]["exams_analysed"]), (&json!(2), &json!(3)));
    assert_ne!(next["analysis"]["edition"], first["analysis"]["edition"]);
    assert_eq!(ada.credits().await, 1);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn owner_with_current_etag_gets_304() {
    let test = TestApp::start().await;
    let (ada, bob) = (test.user("ada").await, test.user("bob").await);
    let tag = ada.get(ANALYSIS).await.header("etag").to_owned();
    let again = ada.get_with(ANALYSIS, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.header("etag")), (StatusCode::NOT_MODIFIED, tag.as_str()));
    // A buyer gets the analysis, whatever `If-None-Match` they send.
    let bought = bob.get_with(ANALYSIS, &[("if-none-match", "*")]).await.ok();
    assert_eq!(bought["credits_deducted"], 2);
}

#[tokio::test]
async fn head_and_prefetch_never_charge() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let peek = async || {
        let mut answers = vec![ada.send(Method::HEAD, ANALYSIS, None, &[]).await];
        for header in [("sec-purpose", "prefetch"), ("sec-purpose", "prefetch;prerender"), ("purpose", "prefetch")] {
            answers.push(ada.get_with(ANALYSIS, &[header]).await);
        }
        answers
    };
    for answer in peek().await {
        assert_eq!(answer.status, StatusCode::PAYMENT_REQUIRED);
    }
    assert_eq!(ada.credits().await, 5);
    let _ = ada.get(ANALYSIS).await.ok();
    for answer in peek().await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    assert_eq!(ada.credits().await, 3);
}

#[tokio::test]
async fn failed_requests_are_not_charged() {
    let test = TestApp::start().await;
    test.import(&json!({"course": {"id": "new", "name": "New"}, "topics": [], "questions": []})).await;
    let ada = test.user("ada").await;
    let _ = ada.get("/api/courses/new/analysis").await.problem(404, "no_exams");
    let _ = ada.get("/api/courses/none/analysis").await.problem(404, "not_found");
    assert_eq!(ada.credits().await, 5);
    let poor = test.member("poor", Plan::Free, 1).await;
    let problem = poor.get(ANALYSIS).await.problem(402, "insufficient_credits");
    assert_eq!((&problem["credits_needed"], &problem["credits_available"]), (&json!(2), &json!(1)));
    let rich = test.member("rich", Plan::Unlimited, 0).await;
    assert_eq!(rich.get(ANALYSIS).await.ok()["credits_deducted"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_are_charged_once() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 3).await;
    let requests: Vec<_> = (0..16)
        .map(|_| {
            let person = ada.through(test.twin());
            tokio::spawn(async move { person.get(ANALYSIS).await.ok()["credits_deducted"].as_u64().unwrap() })
        })
        .collect();
    let mut paid = 0;
    for request in requests {
        paid += request.await.unwrap();
    }
    assert_eq!((paid, ada.credits().await), (2, 1));
    test.assert_ledgers_are_true().await;
}

/// `analyze` prints what students buy, and HTML in names is escaped.
#[tokio::test]
async fn analyze_command_shows_the_same_numbers_as_the_api() {
    let test = TestApp::start().await;
    test.import(&json!({
        "course": {"id": "odd", "name": "Odd <b>& ends</b>"},
        "topics": [
            {"id": "odd-t1", "name": "<script>alert(1)</script>", "category": "a"},
            {"id": "odd-t2", "name": "Quite ordinary", "category": "a"},
        ],
        "exams": [
            {"id": "odd-e1", "year": 2020, "exam_type": "final"}, {"id": "odd-e2", "year": 2021, "exam_type": "final"},
        ],
        "questions": [
            {"id": "odd-q1", "topic_id": "odd-t1", "exam_id": "odd-e1", "question_text": "?", "answer": "1", "solution_steps": ["Think."], "difficulty": 1},
            {"id": "odd-q2", "topic_id": "odd-t2", "exam_id": "odd-e2", "question_text": "?", "answer": "1", "solution_steps": ["Think."], "difficulty": 5},
        ],
    }))
    .await;
    let bought = test.user("ada").await.get("/api/courses/odd/analysis").await.ok();
    let course = test.app.store.course(&"odd".to_owned().try_into().unwrap()).await.unwrap().unwrap();
    let analysis = test.app.store.analysis(&course, test.app.now()).await.unwrap().unwrap();
    assert_eq!(bought["analysis"], serde_json::to_value(&*analysis).unwrap());

    let tables = tables(&course, &analysis);
    for text in ["Odd <b>& ends</b>", "Quite ordinary", "On 1 of 2 past exams, last in 2021.", "easy 50.0 %"] {
        assert!(tables.contains(text), "{tables}");
    }
    let page = page(&course, &analysis).unwrap();
    for text in ["Odd &lt;b&gt;&amp; ends", "Quite ordinary", "Questions by topic and year", "2020", "2021"] {
        assert!(page.contains(text), "{page}");
    }
    assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    let addresses = page.matches("http").count() - page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(addresses, 0, "a page of its own names no host");
    assert_eq!(page.matches("<svg").count(), 6, "three charts at two widths");
    assert!(page.contains("Shares of the rated questions: easy 50 %, medium 0 %, hard 50 %."), "{page}");
    // The last label of an axis ends at the edge of the chart, so that nothing of it is cut off.
    let labels: Vec<&str> = page.split("<text ").filter(|label| label.contains("100 %")).collect();
    assert!(labels.len() >= 2 && labels.iter().all(|label| label.contains("text-anchor=\"end\"")), "{labels:?}");
}
