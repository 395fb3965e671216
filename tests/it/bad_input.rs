//! Bad input on every route: a clear 4xx that names what is wrong, never a 500, never a charge.

use axum::http::Method;
use serde_json::{Value, json};
use shared::http::routes::ROUTES;
use tests::{Person, TestApp};

/// A good body of each route that takes one, and which of its fields may take which odd values.
pub(crate) fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        (
            "register",
            "/api/auth/register",
            json!({"email": "new@example.org", "password": "long enough to be one", "name": "N"}),
        ),
        ("login", "/api/auth/login", json!({"email": "ada@example.org", "password": tests::PASSWORD})),
        ("forgot_password", "/api/auth/forgot", json!({"email": "ada@example.org"})),
        (
            "send_message",
            "/api/contact",
            json!({"name": "Ada", "email": "ada@example.org", "subject": "S", "message": "Hello.", "errorDetails": "status 500"}),
        ),
        ("verify_email", "/api/auth/verify", json!({"token": "pm_x"})),
        ("reset_password", "/api/auth/reset", json!({"token": "pm_x", "new_password": "another good passphrase"})),
        ("login_with_factor", "/api/auth/login/factor", json!({"challenge": "pc_x", "code": "123456"})),
        ("setup_factor", "/api/auth/factor", json!({"password": "not the passphrase"})),
        ("confirm_factor", "/api/auth/factor/confirm", json!({"code": "123456"})),
        ("remove_factor", "/api/auth/factor", json!({"password": "not the passphrase", "code": "123456"})),
        ("confirm_email", "/api/auth/email/confirm", json!({"token": "pm_x"})),
        ("undo_email_change", "/api/auth/email/undo", json!({"token": "pm_x"})),
        (
            "update_notices",
            "/api/auth/notices",
            json!({"new_sign_in": true, "plan_started": true, "password_changed": true}),
        ),
        (
            "update_me",
            "/api/auth/me",
            json!({"name": "N", "email": "other@example.org", "password": "not the passphrase"}),
        ),
        (
            "change_password",
            "/api/auth/password",
            // Not the current password, since other tests cover a successful change.
            json!({"current_password": "not the passphrase", "new_password": "another good passphrase"}),
        ),
        (
            "practice_questions",
            "/api/questions/practice",
            json!({"course_id": "algebra", "topic_ids": ["alg-sets"], "techniques": ["x"], "technique": "x", "difficulty": 2,
                "count": 1}),
        ),
        (
            "bundle_questions",
            "/api/questions/bundle",
            json!({"course_id": "algebra", "topic_id": "alg-sets", "count": 3}),
        ),
        ("redeem_voucher", "/api/credits/redeem", json!({"code": "no such code"})),
        ("purchase_plan", "/api/credits/purchase", json!({"plan": "starter"})),
        ("generate_midterm", "/api/midterm/generate", json!({"course_id": "algebra", "difficulty": "hard"})),
        (
            "find_weak_topics",
            "/api/assessment/weak-topics",
            json!({"course_id": "algebra", "self_reported_weaknesses": ["alg-sets"]}),
        ),
        (
            "generate_midterm",
            "/api/midterm/generate",
            json!({"course_id": "algebra", "config": {"question_count": 20, "topic_ids": ["alg-sets"]}}),
        ),
        ("start_midterm", "/api/midterm/019a0000-0000-7000-8000-000000000000/start", json!({"minutes": 45})),
        (
            "submit_midterm",
            "/api/midterm/019a0000-0000-7000-8000-000000000000/submit",
            json!({"answers": {"alg-q1": {"answer": "2"}}}),
        ),
        (
            "submit_answer",
            "/api/questions/alg-q2/submit",
            json!({"answer": "A", "was_correct": true, "time_spent_seconds": 30}),
        ),
    ]
}

/// The method of an operation.
pub(crate) fn method_of(operation: &str) -> Method {
    ROUTES.iter().find(|route| route.operation == operation).unwrap().method.clone()
}

/// Values of other types and out of bounds.
fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!("   "),
        json!("x"),
        json!("\u{0}"),
        json!("#"),
        json!("💩".repeat(300)),
        json!("x".repeat(60_000)),
        json!([]),
        json!([null]),
        json!([[]]),
        json!([1]),
        json!(vec!["x"; 60]),
        json!({}),
        json!({"a": {"b": 1}}),
    ]
}

#[tokio::test]
async fn every_field_with_every_odd_value() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let _ = ada.send(Method::POST, "/api/questions/alg-q2/start", None, &[]).await.ok();
    let mut tried = 0;
    for (operation, path, good) in bodies() {
        for field in good.as_object().unwrap().keys() {
            for odd in odd_values() {
                let mut body = good.clone();
                body[field] = odd.clone();
                let before = ada.credits().await;
                let json_type = [("content-type", "application/json")];
                let answer = ada.send(method_of(operation), path, Some(body.to_string()), &json_type).await;
                let status = answer.status.as_u16();
                let case = format!("{operation}.{field} = {:.60}: {}", odd.to_string(), answer.body);
                // 409: the body was valid, and the account exists.
                assert!(matches!(status, 200 | 400 | 401 | 404 | 409 | 422), "{case}");
                if status != 200 {
                    let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
                    let problem = answer.problem(status, &code);
                    if status == 422 && code != "blueprint_infeasible" {
                        assert!(
                            problem["field"].as_str().is_some_and(|named| named.starts_with(field.as_str())),
                            "{case}"
                        );
                        let detail = problem["detail"].as_str().unwrap();
                        let rust_words =
                            ["i64", "sequence", "struct", "map", "f64", "u32", "unit", "single key", "in range"];
                        assert!(detail.len() < 300 && !rust_words.iter().any(|word| detail.contains(word)), "{case}");
                    }
                    assert_eq!(ada.credits().await, before, "{case}");
                }
                // No answers at all are answers too.
                let is_valid = operation == "submit_midterm" && odd == json!({});
                let is_boolean = field == "was_correct" || operation == "update_notices";
                if (odd.is_object() && !is_valid) || (odd.is_boolean() && !is_boolean) {
                    assert_eq!(status, 422, "{case}");
                }
                tried += 1;
            }
        }
    }
    let fields: usize = bodies().iter().map(|(_, _, good)| good.as_object().unwrap().len()).sum();
    assert_eq!(tried, fields * odd_values().len());
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn numbers_are_bounded_and_whole() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (field, odd) in [
        ("count", json!(0)),
        ("count", json!(21)),
        ("count", json!(-1)),
        ("count", json!(1.5)),
        ("count", json!(1e308)),
        ("count", json!("3")),
        ("difficulty", json!(0)),
        ("difficulty", json!(6)),
        ("difficulty", json!(2.5)),
    ] {
        let mut body = json!({"course_id": "algebra"});
        body[field] = odd.clone();
        let problem = ada.post("/api/questions/practice", body).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], field, "{odd}");
    }
    assert_eq!(ada.credits().await, 5);
}

#[tokio::test]
async fn a_wrong_type_is_refused_with_the_contracts_rule() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let object = |field: &str| (field.to_owned(), "must be an object");
    let level = || ("difficulty".to_owned(), "must be one of `easy`, `sample`, `hard`");
    let plan = || ("plan".to_owned(), "must be one of `starter`, `unlimited`");
    let count = || ("count".to_owned(), "must be a whole number from 1 to 20");
    let mut list = vec![json!(4)];
    list.resize(14, json!(null));
    let midterm =
        |member: &str, value: Value| ("/api/midterm/generate", json!({"course_id": "algebra", member: value}));
    let practice =
        |member: &str, value: Value| ("/api/questions/practice", json!({"course_id": "algebra", member: value}));
    for ((path, body), (field, rule)) in [
        (midterm("config", json!(list)), object("config")),
        (midterm("config", json!([1])), object("config")),
        (midterm("config", json!("sample")), object("config")),
        (midterm("config", json!({"difficultyDistribution": [100]})), object("config.difficultyDistribution")),
        (midterm("config", json!({"difficulty_distribution": []})), object("config.difficulty_distribution")),
        (midterm("config", json!({"weights": [1, 1, 1, 1]})), object("config.weights")),
        (
            midterm("config", json!({"weights": {"luck": 1}})),
            ("config.weights.luck".to_owned(), "known are `recency`, `repetition`, `coverage`, `difficulty`"),
        ),
        (
            midterm("config", json!({"weights": {"recency": "1"}})),
            ("config.weights.recency".to_owned(), "must be a number from 0 to 1000"),
        ),
        (midterm("config", json!({"creditCost": "3"})), ("config.creditCost".to_owned(), "must be a number")),
        (
            midterm("config", json!({"seed": -1})),
            ("config.seed".to_owned(), "must be a whole number from 0 to 9007199254740991"),
        ),
        (
            midterm("config", json!({"topic_ids": ["alg-sets", 3]})),
            ("config.topic_ids[1]".to_owned(), "must be a string"),
        ),
        (midterm("difficulty", json!({"sample": null})), level()),
        (midterm("difficulty", json!({"sample": 1})), level()),
        (midterm("difficulty", json!({})), level()),
        (midterm("difficulty", json!(3)), level()),
        (midterm("difficulty", json!("Sample")), level()),
        (("/api/credits/purchase", json!({"plan": {"starter": null}})), plan()),
        (("/api/credits/purchase", json!({"plan": 1})), plan()),
        (("/api/credits/purchase", json!({"plan": "free"})), plan()),
        (
            ("/api/credits/purchase", json!({"plan": "starter", "coupon": "x"})),
            ("coupon".to_owned(), "is not known; the only known member is `plan`"),
        ),
        (practice("count", json!("1")), count()),
        (practice("count", json!(1.5)), count()),
        (practice("count", json!(1.0e300)), count()),
        (practice("count", json!(18_446_744_073_709_551_616_f64)), count()),
        (practice("count", json!([1])), count()),
        (practice("difficulty", json!("2")), ("difficulty".to_owned(), "must be a whole number from 1 to 5")),
        (practice("topic_ids", json!({"0": "alg-sets"})), ("topic_ids".to_owned(), "must be a list")),
    ] {
        let problem = ada.post(path, body.clone()).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], field, "{body}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.ends_with(&format!("{rule}.")), "{body}: {detail}");
    }
    for (query, rule) in [
        ("limit=abc", "`limit` must be a whole number from 1 to 100."),
        ("limit=18446744073709551616", "`limit` must be a whole number from 1 to 100."),
        ("difficulty=easy", "`difficulty` must be a whole number from 1 to 5."),
        ("year=soon", "`year` must be a whole number from -2147483648 to 2147483647."),
    ] {
        let problem = ada.get(&format!("/api/questions?course_id=algebra&{query}")).await.problem(422, "invalid_field");
        assert_eq!(problem["detail"], rule, "{query}");
    }
    // `creditCost` is a number or null.
    for cost in [json!(3), json!(null)] {
        let body = json!({"course_id": "algebra", "config": {"creditCost": cost, "sections": ["none"]}});
        let _ = ada.post("/api/midterm/generate", body).await.problem(404, "not_found");
    }
    assert_eq!(ada.credits().await, 5);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn an_unknown_id_in_a_list_is_named_with_its_field() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let course = |member: &str, value: Value| json!({"course_id": "algebra", member: value});
    for (path, body, field) in [
        ("/api/midterm/generate", course("config", json!({"topic_ids": ["alg-sets", "none"]})), "config.topic_ids[1]"),
        ("/api/midterm/generate", course("config", json!({"sections": ["none"]})), "config.sections[0]"),
        ("/api/questions/practice", course("topic_ids", json!(["alg-sets", "none"])), "topic_ids[1]"),
        ("/api/questions/bundle", course("topic_id", json!("none")), "topic_id"),
        (
            "/api/assessment/weak-topics",
            course("self_reported_weaknesses", json!(["none"])),
            "self_reported_weaknesses[0]",
        ),
    ] {
        let problem = ada.post(path, body).await.problem(404, "not_found");
        assert_eq!(problem["field"], field);
        assert_eq!(problem["detail"], format!("There is no such topic: `none` in `{field}`."));
    }
    for (query, what) in [("topic_id", "topic"), ("exam_id", "exam")] {
        let path = format!("/api/questions?course_id=algebra&{query}=none");
        let problem = ada.get(&path).await.problem(404, "not_found");
        assert_eq!(problem["detail"], format!("There is no such {what}: `none` in `{query}`."));
    }
    assert_eq!(ada.credits().await, 5);
}

#[tokio::test]
async fn a_blank_required_text_is_refused() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (value, detail) in [
        (json!("         "), "`new_password` must not consist only of white space."),
        (json!(""), "`new_password` is required and must not be empty."),
        (json!(null), "`new_password` is required."),
    ] {
        let body = json!({"current_password": tests::PASSWORD, "new_password": value});
        let problem = ada.post("/api/auth/password", body).await.problem(400, "missing_field");
        assert_eq!((&problem["detail"], &problem["field"]), (&json!(detail), &json!("new_password")));
    }
}

#[tokio::test]
async fn missing_fields_have_the_old_services_error_texts() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (path, body, error) in [
        ("/api/auth/register", json!({}), "Missing fields"),
        ("/api/auth/register", json!({"email": "a@example.org"}), "Missing fields"),
        ("/api/auth/register", json!({"email": null, "password": "long enough to be one"}), "Missing fields"),
        ("/api/auth/login", json!({"email": "", "password": ""}), "Missing fields"),
        ("/api/questions/practice", json!({}), "Missing course_id"),
        ("/api/questions/practice", json!({"course_id": ""}), "Missing course_id"),
    ] {
        let problem = ada.post(path, body).await.problem(400, "missing_field");
        assert_eq!(problem["error"], error, "{path}");
    }
}

#[tokio::test]
async fn a_password_is_never_quoted() {
    let test = TestApp::start().await;
    for odd in [json!(8_765_432_187_654_321_u64), json!(["hunter2hunter2"]), json!({"hunter2hunter2": 1})] {
        for path in ["/api/auth/register", "/api/auth/login"] {
            let problem = test.anonymous().post(path, json!({"email": "a@example.org", "password": odd})).await;
            let problem = problem.problem(422, "invalid_field").to_string();
            assert!(!problem.contains("hunter2") && !problem.contains("8765432187654321"), "{problem}");
        }
    }
}

#[tokio::test]
async fn odd_query_parameters_are_named() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1e308", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("difficulty=0", "difficulty"),
        ("difficulty=9", "difficulty"),
        ("difficulty=easy", "difficulty"),
        ("year=soon", "year"),
        ("year=99999999999", "year"),
        ("technique=%F0%9F%92%A9&technique=x", "technique"),
        ("topic_id=%23", "topic_id"),
        ("topic_id=%00", "topic_id"),
        ("cursor=!", "cursor"),
    ] {
        let problem = ada.get(&format!("/api/questions?course_id=algebra&{query}")).await.problem(422, "invalid_field");
        assert_eq!(problem["field"], field, "{query}");
    }
    let long = format!("/api/questions?course_id={}", "x".repeat(5_000));
    assert_eq!(ada.get(&long).await.problem(422, "invalid_field")["field"], "course_id");
    for harmless in ["unknown=1", "&&&", "=x", "%FF=%FF"] {
        let _ = ada.get(&format!("/api/questions?course_id=algebra&{harmless}")).await.ok();
    }
}

#[tokio::test]
async fn malformed_ids_in_paths_are_404() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let long = "x".repeat(2_000);
    let odd =
        ["none", "%20", "%00", "%23", "%FF", "..%2F..", "%F0%9F%92%A9", "null", "-1", "1e308", "algebra%23", &long];
    for route in ROUTES.iter().filter(|route| route.path.contains('{')) {
        for id in odd {
            let mut path = route.path.replace("{id}", id).replace("{topic_id}", id).replace("{digest}", id);
            if route.operation == "preview_answer" {
                path.push_str("?answer=1");
            }
            let takes_members = route.method == Method::POST && route.operation != "start_question";
            let members = if route.operation == "report_question" {
                json!({"reason": "other"})
            } else {
                json!({"was_correct": true})
            };
            let body = takes_members.then(|| members.to_string());
            let answer = ada.send(route.method.clone(), &path, body, &[]).await;
            let _ = answer.problem(404, "not_found");
        }
        let second =
            route.path.replace("{id}", "algebra").replace("{topic_id}", "no such topic".replace(' ', "%20").as_str());
        if route.path.contains("{topic_id}") {
            let _ = ada.get(&second).await.problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn emails_that_differ_in_case_or_spaces_are_one() {
    let test = TestApp::empty().await;
    let register = async |email: &str, person: &Person| {
        person.post("/api/auth/register", json!({"email": email, "password": tests::PASSWORD})).await
    };
    let nobody = test.anonymous();
    let _ = register("Ada.Lovelace@Example.org", &nobody).await.ok();
    for same in ["ada.lovelace@example.org", "\tADA.LOVELACE@EXAMPLE.ORG\n"] {
        let _ = register(same, &nobody).await.problem(409, "email_taken");
    }
    for bad in ["ada", "ada@", "@example.org", "a@b@c.org", "a b@c.org", "ada@example", "a#b@c.org"] {
        assert_eq!(register(bad, &nobody).await.problem(422, "invalid_field")["field"], "email", "{bad}");
    }
}

/// The members are those that the contract names.
#[tokio::test]
async fn a_missing_member_of_any_body_is_named() {
    let test = TestApp::start().await;
    let ada = test.user("ada").await;
    let contract = pastpaper::openapi::document().unwrap();
    let mut tried = 0;
    for route in ROUTES.iter().filter(|route| route.operation != "receive_event") {
        let operation = &contract["paths"][route.path][route.method.as_str().to_ascii_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let schema = schema["$ref"].as_str().map_or(schema, |place| contract.pointer(&place[1..]).unwrap());
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if required.is_empty() {
            continue;
        }
        let path = route.path.replace("{id}", "01900000-0000-7000-8000-000000000000");
        let headers = [("content-type", "application/json")];
        let answer = ada.send(route.method.clone(), &path, Some("{}".to_owned()), &headers).await;
        let problem = answer.problem(400, "missing_field");
        let detail = problem["detail"].as_str().unwrap();
        assert!(required.iter().any(|member| detail.contains(&format!("`{member}`"))), "{}: {detail}", route.operation);
        tried += 1;
    }
    assert!(tried > 10, "{tried} bodies");
}
