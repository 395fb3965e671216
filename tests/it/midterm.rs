//! Midterms: contents, price and immutability.

use axum::http::StatusCode;
use serde_json::{Value, json};
use shared::domain::credits::Plan;
use tests::{Person, SMALL_COURSE, TestApp};

const GENERATE: &str = "/api/midterm/generate";

async fn generate(person: &Person, order: Value) -> tests::Answer {
    let mut body = order;
    body["course_id"] = json!("algebra");
    person.post(GENERATE, body).await
}

fn ids(midterm: &Value) -> Vec<&str> {
    midterm["questions"].as_array().unwrap().iter().map(|question| question["id"].as_str().unwrap()).collect()
}

fn small_course() -> Value {
    serde_json::from_str(SMALL_COURSE).unwrap()
}

#[tokio::test]
async fn a_midterm_costs_three_and_unlocks_its_questions() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let midterm = generate(&ada, json!({"difficulty": "easy"})).await.ok();
    assert_eq!((&midterm["credits_deducted"], &midterm["credits"]), (&json!(3), &json!(2)));
    assert_eq!(midterm["difficulty"], "easy");
    // All six questions, by topic, then easy to hard.
    assert_eq!(ids(&midterm), ["alg-q1", "alg-q5", "alg-q2", "alg-q3", "alg-q4", "alg-q6"]);
    for question in midterm["questions"].as_array().unwrap() {
        assert_eq!(question["locked"], false);
        assert!(question["answer"].is_string() && question["solution_steps"].is_string());
        let id = question["id"].as_str().unwrap();
        assert_eq!(ada.get(&format!("/api/questions/{id}")).await.ok()["question"]["answer"], question["answer"]);
    }
    let entry = &ada.get("/api/credits/transactions").await.ok()["transactions"][0];
    assert_eq!((&entry["type"], &entry["amount"]), (&json!("midterm"), &json!(-3)));
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_response_reports_the_fit() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let midterm = generate(&ada, json!({"config": {"question_count": 4, "points": 30, "minutes": 12}})).await.ok();
    assert_eq!(midterm["difficulty"], "custom");
    let fit = &midterm["fit"];
    let sum = |field: &str| {
        let questions = midterm["questions"].as_array().unwrap();
        questions.iter().map(|question| question[field].as_f64().unwrap_or_default()).sum::<f64>()
    };
    assert_eq!((&fit["points"]["target"], &fit["minutes"]["target"]), (&json!(30.0), &json!(12.0)));
    // The bank has four from exams, with 5, 15, 7.5 and 5 points and 2, 4, 6 and 3 minutes: unseen exam questions first.
    assert_eq!(ids(&midterm), ["alg-q1", "alg-q2", "alg-q3", "alg-q4"]);
    assert_eq!(fit["points"]["achieved"].as_f64(), Some(sum("points")));
    assert_eq!(fit["minutes"]["achieved"].as_f64(), Some(sum("estimated_time")));
    let total = |list: &Value, member: &str| -> f64 {
        list.as_array().unwrap().iter().map(|one| one[member].as_f64().unwrap()).sum()
    };
    assert!((total(&fit["topics"], "achieved") - 4.0).abs() < 1e-9);
    assert!((total(&fit["difficulty"], "target") - 4.0).abs() < 0.05, "{fit}");
    assert_eq!((&fit["seen_before"], &fit["generated"]), (&json!(0), &json!(0)));
    // One past midterm, with one question on quadratic equations and one on sets.
    let topics = &midterm["blueprint"]["topics"];
    let names: Vec<_> = topics.as_array().unwrap().iter().map(|topic| topic["topic_id"].as_str().unwrap()).collect();
    assert_eq!((names, &midterm["blueprint"]["exams"]), (vec!["alg-quadratic", "alg-sets"], &json!(1)));
}

#[tokio::test]
async fn seen_questions_are_used_last_and_counted() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let order = json!({"config": {"question_count": 3, "seed": 1}});
    let first = generate(&ada, order.clone()).await.ok();
    assert_eq!(first["fit"]["seen_before"], 0);
    let second = generate(&ada, order.clone()).await.ok();
    assert_eq!(second["fit"]["seen_before"], 0);
    assert!(ids(&second).iter().all(|id| !ids(&first).contains(id)));
    assert_eq!(generate(&ada, order).await.ok()["fit"]["seen_before"], 3);
    let entry = &ada.get("/api/credits/transactions").await.ok()["transactions"][0];
    assert_eq!((&entry["type"], &entry["amount"]), (&json!("midterm"), &json!(0)));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_form_to_equal_students() {
    let test = TestApp::start().await;
    let order = json!({"config": {"question_count": 3, "seed": 9_007_199_254_740_991_u64}});
    let mut forms = Vec::new();
    for name in ["ada", "bob"] {
        let mut midterm = generate(&test.user(name).await, order.clone()).await.ok();
        assert_eq!(midterm["seed"], 9_007_199_254_740_991_u64);
        midterm["midterm_id"] = Value::Null;
        forms.push(midterm);
    }
    assert_eq!(forms[0], forms[1]);
}

#[tokio::test]
async fn an_infeasible_request_lists_its_conflicts_and_is_not_charged() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let conflicts = async |order: Value| -> Vec<Value> {
        let problem = generate(&ada, order).await.problem(422, "blueprint_infeasible");
        assert!(problem["detail"].as_str().unwrap().ends_with("nothing was charged."), "{problem}");
        problem["conflicts"].as_array().unwrap().clone()
    };
    let found = conflicts(json!({"difficulty": "hard"})).await;
    assert_eq!(
        (&found[0]["constraint"], &found[0]["asked"], &found[0]["available"]),
        (&json!("question_count"), &json!(10), &json!(6))
    );
    let found =
        conflicts(json!({"config": {"question_count": 3, "topic_ids": ["alg-sets"], "techniques": ["Isolation"]}}))
            .await;
    let named: Vec<_> = found.iter().map(|one| (one["constraint"].as_str().unwrap(), &one["available"])).collect();
    assert_eq!(named, [("question_count", &json!(0)), ("topic_ids", &json!(2)), ("techniques", &json!(2))]);
    // Three questions have at most 32.5 points, two of them without stated points, and at least 5 minutes.
    let found = conflicts(json!({"config": {"question_count": 3, "points": 500, "minutes": 1}})).await;
    assert_eq!(found.iter().map(|one| one["constraint"].as_str().unwrap()).collect::<Vec<_>>(), ["points", "minutes"]);
    let only_hard = json!({"config": {"question_count": 3, "topic_ids": ["alg-linear", "alg-sets"], "difficulty_distribution": {"hard": 1}}});
    assert_eq!(conflicts(only_hard).await[0]["constraint"], "difficulty_distribution");
    assert_eq!(ada.credits().await, 5);
    let _ =
        generate(&ada, json!({"config": {"question_count": 3, "topic_ids": ["none"]}})).await.problem(404, "not_found");
    let poor = test.member("poor", Plan::Free, 2).await;
    let _ = generate(&poor, json!({"difficulty": "easy"})).await.problem(402, "insufficient_credits");
    assert_eq!(poor.get("/api/midterm").await.ok()["midterms"], json!([]));
    test.import(&json!({"course": {"id": "new", "name": "New"}, "topics": [], "questions": []})).await;
    let empty = json!({"course_id": "new", "difficulty": "easy"});
    let _ = ada.post(GENERATE, empty).await.problem(404, "no_questions");
}

#[tokio::test]
async fn a_request_has_either_a_level_or_a_config() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = generate(&ada, json!({})).await.problem(400, "missing_field");
    let both = json!({"difficulty": "easy", "config": {"question_count": 3}});
    let _ = generate(&ada, both).await.problem(422, "invalid_field");
    let _ = generate(&ada, json!({"difficulty": "brutal"})).await.problem(422, "invalid_field");
    for (field, odd) in [
        ("question_count", json!(2)),
        ("question_count", json!(21)),
        ("difficulty_distribution", json!({})),
        ("difficulty_distribution", json!({"easy": -1, "hard": 2})),
        ("difficulty_distribution", json!("hard")),
        ("minutes", json!(0)),
        ("points", json!(1001)),
        ("seed", json!(-1)),
        ("seed", json!(9_007_199_254_740_992_u64)),
        ("topic_ids", json!("alg-sets")),
        ("techniques", json!([""])),
    ] {
        let mut config = json!({"question_count": 3});
        config[field] = odd;
        let problem = generate(&ada, json!({"config": config})).await.problem(422, "invalid_field");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
    assert_eq!(ada.credits().await, 5);
}

#[tokio::test]
async fn a_midterm_does_not_change_with_the_catalogue() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let mut sold = generate(&ada, json!({"difficulty": "easy"})).await.ok();
    let path = format!("/api/midterm/{}", sold["midterm_id"].as_str().unwrap());
    let mut changed = small_course();
    for question in changed["questions"].as_array_mut().unwrap() {
        question["question_text"] = json!("Something else?");
        if question.get("options").is_none() {
            question["answer"] = json!("C");
        }
    }
    test.import(&changed).await;
    for name in ["credits", "credits_deducted", "credits_remaining"] {
        let _ = sold.as_object_mut().unwrap().remove(name);
    }
    assert_eq!(ada.get(&path).await.ok(), sold);
    assert_eq!(ada.credits().await, 2);
    // Another user's midterm is not found.
    let bob = test.user("bob").await;
    let _ = bob.get(&path).await.problem(404, "not_found");
    for odd in ["/api/midterm/none", "/api/midterm/019a0000-0000-7000-8000-000000000000"] {
        let _ = ada.get(odd).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_list_has_own_midterms_newest_first() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, ada.midterm().await);
    }
    let mut listed = Vec::new();
    let mut path = "/api/midterm?limit=2".to_owned();
    loop {
        let page = ada.get(&path).await.ok();
        for row in page["midterms"].as_array().unwrap() {
            assert_eq!(
                (&row["course_id"], &row["difficulty"], &row["question_count"]),
                (&json!("algebra"), &json!("easy"), &json!(6))
            );
            listed.push(row["midterm_id"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/midterm?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, made);
    let bob = test.user("bob").await;
    assert_eq!(bob.get("/api/midterm").await.ok(), json!({"midterms": [], "next_cursor": null}));
    let _ = ada.get("/api/midterm?cursor=bm9uZQ").await.problem(422, "invalid_field");
}

#[tokio::test]
async fn a_browser_gets_a_printable_page() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let path = format!("/api/midterm/{}", ada.midterm().await);
    let html = [("accept", "text/html")];
    let page = ada.get_with(&path, &html).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, "text/html; charset=utf-8"));
    assert_eq!(page.header("vary"), "Accept");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    let shown = page.body.as_str().unwrap().to_owned();
    for part in ["6 questions", "Question 6", "5 points · 2 minutes", "<math", "Solve", "Two"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("Subtract 3") && !shown.contains("http"), "{shown}");
    let with_answers = ada.get_with(&format!("{path}?answers=1"), &html).await;
    assert!(with_answers.body.as_str().unwrap().contains("Subtract 3"));
    let _ = ada.get_with(&format!("{path}?answers=yes"), &html).await.problem(422, "invalid_field");
    assert_eq!(ada.credits().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_midterms_are_charged_exactly() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 7).await;
    let requests: Vec<_> = (0..8)
        .map(|_| {
            let person = ada.through(test.twin());
            tokio::spawn(async move {
                let order = json!({"course_id": "algebra", "config": {"question_count": 3}});
                person.post(GENERATE, order).await.status.as_u16()
            })
        })
        .collect();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 402, 402, 402, 402, 402, 402]);
    assert_eq!(ada.credits().await, 1);
    assert_eq!(ada.get("/api/midterm").await.ok()["midterms"].as_array().unwrap().len(), 2);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn the_newest_client_of_the_old_service_orders_a_midterm() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Unlimited, 0).await;
    let config = json!({
        "id": "quick", "name": "Quick practice", "questionCount": 3,
        "difficultyDistribution": {"easy": 100, "medium": 0, "hard": 0},
        "sections": ["EQUATIONS"],
        "weights": {"recency": 0.4, "repetition": 0.3, "coverage": 0.2, "difficulty": 0.1},
        "creditCost": 0,
    });
    let midterm = generate(&ada, json!({"config": config})).await.ok();
    assert_eq!((midterm["difficulty"].as_str(), ids(&midterm).len()), (Some("custom"), 3));
    for question in midterm["questions"].as_array().unwrap() {
        assert!(["alg-linear", "alg-quadratic"].contains(&question["topic_id"].as_str().unwrap()), "{question}");
    }
    let difficulty = &midterm["blueprint"]["difficulty"];
    assert_eq!((&difficulty[2], &difficulty[3], &difficulty[4]), (&json!(0.0), &json!(0.0), &json!(0.0)));
    // Name, slug and id select the same topic.
    for section in ["Sets", "alg-sets", "Foundations"] {
        let one = json!({"config": {"questionCount": 3, "sections": [section]}});
        let problem = generate(&ada, one).await.problem(422, "blueprint_infeasible");
        assert_eq!(problem["conflicts"][0]["available"], json!(2), "{problem}");
    }
    let unknown = json!({"config": {"questionCount": 3, "sections": ["Equations", "Calculus"]}});
    let _ = generate(&ada, unknown).await.problem(404, "not_found");
}

#[tokio::test]
async fn both_spellings_of_a_config_are_bounded_and_exclusive() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (config, field) in [
        (json!({"question_count": 3, "questionCount": 3}), "config.questionCount"),
        (
            json!({"difficulty_distribution": {"easy": 1}, "difficultyDistribution": {"easy": 1}}),
            "config.difficultyDistribution",
        ),
        (json!({"topic_ids": ["alg-sets"], "sections": ["Sets"]}), "config.sections"),
        (json!({"questionCount": 21}), "config.questionCount"),
        (json!({"difficultyDistribution": {"easy": 0}}), "config.difficultyDistribution"),
        (json!({"weights": {"recency": -1}}), "config.weights.recency"),
        (json!({"weights": {"recency": 1e300}}), "config.weights.recency"),
        (json!({"weights": "none"}), "config.weights"),
        (json!({"sections": [""]}), "config.sections[0]"),
        (json!({"sections": "Sets"}), "config.sections"),
        (json!({"id": 5}), "config.id"),
        (json!({"name": "x".repeat(201)}), "config.name"),
    ] {
        let answer = generate(&ada, json!({"config": config})).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], field, "{config}");
    }
    assert_eq!(ada.credits().await, 5);
}
