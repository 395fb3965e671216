//! Practice: delivery, price and concurrency.

use std::collections::HashSet;

use serde_json::{Value, json};
use tests::{Answer, Person, TestApp};

const PRACTICE: &str = "/api/questions/practice";

fn ids(practice: &Value) -> HashSet<String> {
    practice["questions"].as_array().unwrap().iter().map(|q| q["id"].as_str().unwrap().to_owned()).collect()
}

/// Retries of a client after 503: fifty concurrent processes can overload a busy machine.
const ASKS_MAX: usize = 10;

/// Sends concurrent requests, each through its own process and with its own key.
async fn at_once(test: &TestApp, person: &Person, bodies: Vec<Value>) -> Vec<Answer> {
    let requests: Vec<_> = bodies
        .into_iter()
        .enumerate()
        .map(|(number, body)| {
            let person = person.through(test.twin());
            tokio::spawn(async move {
                let mut answer = person.post_once(PRACTICE, &number.to_string(), body.clone()).await;
                for _ in 1..ASKS_MAX {
                    if answer.status.as_u16() != 503 {
                        break;
                    }
                    answer = person.post_once(PRACTICE, &number.to_string(), body.clone()).await;
                }
                answer
            })
        })
        .collect();
    let mut answers = Vec::new();
    for request in requests {
        answers.push(request.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn practice_costs_one_credit_per_question() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let practice = ada.post(PRACTICE, json!({"course_id": "algebra"})).await.ok();
    assert_eq!((ids(&practice).len(), &practice["credits_deducted"], &practice["credits"]), (3, &json!(3), &json!(2)));
    assert!(practice["questions"].as_array().unwrap().iter().all(|q| q["locked"] == false && q["answer"].is_string()));

    let entries = test.entries(&ada.id).await;
    let facts: Vec<_> = entries
        .iter()
        .map(|entry| (entry.amount, entry.balance_after, entry.description.as_deref().unwrap()))
        .collect();
    assert_eq!(facts, [(5, 5, "Welcome bonus"), (-3, 2, "Practice: 3 questions")]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn unseen_questions_come_first() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let mut seen = HashSet::new();
    for _ in 0..5 {
        let practice = ada.post(PRACTICE, json!({"course_id": "algebra", "count": 1})).await.ok();
        assert!(seen.is_disjoint(&ids(&practice)));
        seen.extend(ids(&practice));
    }
}

#[tokio::test]
async fn only_delivered_questions_are_charged() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let wish = json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 5});
    let practice = ada.post(PRACTICE, wish).await.ok();
    assert_eq!((ids(&practice).len(), &practice["credits_deducted"], &practice["credits"]), (2, &json!(2), &json!(3)));
}

#[tokio::test]
async fn an_empty_delivery_is_not_charged() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for wish in [
        json!({"course_id": "algebra", "topic_ids": ["alg-groups"]}),
        json!({"course_id": "algebra", "difficulty": 5}),
        json!({"course_id": "algebra", "techniques": ["none"]}),
    ] {
        let _ = ada.post(PRACTICE, wish).await.problem(404, "no_questions");
    }
    for wish in [json!({"course_id": "none"}), json!({"course_id": "algebra", "topic_ids": ["alg-sets", "none"]})] {
        let _ = ada.post(PRACTICE, wish).await.problem(404, "not_found");
    }
    assert_eq!(ada.credits().await, 5);
    assert_eq!(test.entries(&ada.id).await.len(), 1);
}

#[tokio::test]
async fn too_little_credit_is_402_and_nothing_is_unlocked() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let problem =
        ada.post(PRACTICE, json!({"course_id": "algebra", "count": 6})).await.problem(402, "insufficient_credits");
    assert_eq!(
        (&problem["credits_needed"], &problem["credits_available"], &problem["error"]),
        (&json!(6), &json!(5), &json!("Insufficient credits"))
    );
    let page = ada.get("/api/questions?course_id=algebra").await.ok();
    assert!(page["questions"].as_array().unwrap().iter().all(|question| question["locked"] == true));
}

/// 50 concurrent requests with a balance of 5, whatever questions they choose.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_requests_with_five_credits_make_five_purchases() {
    let test = TestApp::start().await;
    let same = json!({"course_id": "algebra", "topic_ids": ["alg-linear"], "count": 1});
    let any = json!({"course_id": "algebra", "count": 1});
    for (name, body) in [("same", same), ("any", any)] {
        let person = test.user(name).await;
        let answers = at_once(&test, &person, vec![body; 50]).await;
        let (paid, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status.is_success());
        assert_eq!((paid.len(), refused.len()), (5, 45), "{name}");
        for answer in refused {
            assert_eq!(answer.problem(402, "insufficient_credits")["credits_needed"], 1);
        }
        assert!(paid.iter().all(|answer| answer.body["credits_deducted"] == 1));
        let mut balances: Vec<_> = paid.iter().map(|answer| answer.body["credits"].as_u64().unwrap()).collect();
        balances.sort_unstable();
        assert_eq!(balances, [0, 1, 2, 3, 4], "{name}");
        assert_eq!(person.credits().await, 0);
        assert_eq!(test.entries(&person.id).await.len(), 6);
        // No question was bought twice while another one was unseen.
        let delivered: HashSet<_> = paid.iter().flat_map(|answer| ids(&answer.body)).collect();
        assert_eq!(delivered.len(), if name == "same" { 2 } else { 5 }, "{name}");
    }
    test.assert_ledgers_are_true().await;
}

/// 50 concurrent requests, each for a different question.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_requests_for_different_questions_make_five_purchases() {
    let test = TestApp::empty().await;
    let topics: Vec<_> = (0..50).map(|i| json!({"id": format!("t{i}"), "name": "T", "category": "K"})).collect();
    let questions: Vec<_> = (0..50)
        .map(|i| json!({"id": format!("q{i}"), "topic_id": format!("t{i}"), "question_text": "?", "solution_steps": [], "answer": "!"}))
        .collect();
    test.import(&json!({"course": {"id": "wide", "name": "Wide"}, "topics": topics, "questions": questions})).await;
    let ada = test.user("ada").await;
    let bodies = (0..50).map(|i| json!({"course_id": "wide", "topic_ids": [format!("t{i}")], "count": 1})).collect();
    let answers = at_once(&test, &ada, bodies).await;
    let paid: Vec<_> = answers.iter().filter(|answer| answer.status.is_success()).collect();
    assert_eq!(paid.len(), 5);
    assert_eq!(answers.iter().filter(|answer| answer.status.as_u16() == 402).count(), 45);
    let page = ada.get("/api/questions?course_id=wide&limit=100").await.ok();
    let unlocked = page["questions"].as_array().unwrap().iter().filter(|question| question["locked"] == false).count();
    assert_eq!((unlocked, ada.credits().await), (5, 0));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn one_technique_filters_like_a_list() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let ask = async |filter: Value| {
        let mut body = filter;
        body["course_id"] = json!("algebra");
        ada.post(PRACTICE, body).await
    };
    let one = ask(json!({"technique": " Isolation "})).await.ok();
    assert_eq!(ids(&one), HashSet::from(["alg-q1".to_owned(), "alg-q5".to_owned()]));
    // With a list, a question must fit both.
    let both = json!({"technique": "factoring", "techniques": ["completing the square", "isolation"]});
    assert_eq!(ids(&ask(both).await.ok()), HashSet::from(["alg-q3".to_owned()]));
    let none = json!({"technique": "factoring", "techniques": ["isolation"]});
    let _ = ask(none).await.problem(404, "no_questions");
    for odd in [json!(""), json!(["isolation"]), json!("x".repeat(101))] {
        assert_eq!(ask(json!({"technique": odd})).await.problem(422, "invalid_field")["field"], "technique");
    }
    assert_eq!(ada.credits().await, 2);
}
