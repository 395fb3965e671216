//! Prices, credits and quotas that operators set.

use std::time::Duration;

use serde_json::{Value, json};
use shared::domain::credits::Plan;
use shared::domain::limits::LimitedAction;
use shared::domain::settings::{CreditTerms, Deliveries, Settings, TERMS};
use tests::{PASSWORD, Person, TestApp};

const START: &str = "/api/questions/alg-q4/start";

/// A person of a process with these settings.
fn there(test: &TestApp, person: &Person, settings: &[(&str, &str)]) -> Person {
    let change =
        |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| Some((*value).to_owned()));
    person.through(test.twin_where(change))
}

#[tokio::test]
async fn the_prices_shown_are_the_prices_taken() {
    let test = TestApp::start().await;
    let dear = [
        ("PRICE_PRACTICE", "4"),
        ("PRICE_BUNDLE", "5"),
        ("PRICE_START", "6"),
        ("PRICE_ANALYSIS", "7"),
        ("PRICE_MIDTERM", "8"),
        ("MONTHLY_CREDITS_FREE", "9"),
        ("MONTHLY_CREDITS_STARTER", "20"),
        ("SIGNUP_BONUS", "11"),
    ];
    let visitor = there(&test, &test.anonymous(), &dear);
    let list = visitor.get("/api/prices").await.ok();
    let prices = json!({"practice_question": 4, "bundle": 5, "bundle_questions": 3, "start_question": 6, "analysis": 7, "midterm": 8});
    assert_eq!((&list["prices"], &list["signup_credits"]), (&prices, &json!(11)));
    let monthly: Vec<&Value> = list["plans"].as_array().unwrap().iter().map(|plan| &plan["monthly_credits"]).collect();
    assert_eq!(monthly, [9, 20, 5]);
    let presets = visitor.get("/api/midterm/presets").await.ok();
    assert_eq!(presets["presets"][0]["creditCost"], 8);

    let ada = there(&test, &test.member("ada", Plan::Free, 28).await, &dear);
    let started = ada.post(START, json!({})).await.ok();
    assert_eq!((&started["credits_deducted"], &started["credits"]), (&json!(6), &json!(22)));
    let practice = json!({"course_id": "algebra", "topic_ids": ["alg-quadratic"], "count": 2});
    let practice = ada.post("/api/questions/practice", practice).await.ok();
    assert_eq!(practice["credits_deducted"], 8);
    let analysis = ada.get("/api/courses/algebra/analysis").await.ok();
    assert_eq!(analysis["credits_deducted"], 7, "{analysis}");
    let refused = ada.post("/api/midterm/generate", json!({"course_id": "algebra", "difficulty": "easy"})).await;
    assert_eq!(refused.problem(402, "insufficient_credits")["credits_needed"], 8);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_request_with_a_key_is_charged_what_its_first_answer_says_whatever_the_price_is_then() {
    let test = TestApp::start().await;
    let ada = test.member("ada", Plan::Free, 9).await;
    let dear = there(&test, &ada, &[("PRICE_START", "3")]);
    let key = [("idempotency-key", "one")];
    let send = async |person: &Person, path: &str, key: &[(&str, &str)]| {
        let body = Some("{}".to_owned());
        let headers: Vec<_> = key.iter().copied().chain([("content-type", "application/json")]).collect();
        person.send(axum::http::Method::POST, path, body, &headers).await.ok()
    };
    let first = send(&ada, START, &key).await;
    assert_eq!((&first["credits_deducted"], &first["credits"]), (&json!(1), &json!(8)));
    // The price is raised, and the answer was lost: the same request gets the first answer, and is not charged again.
    let again = send(&dear, START, &key).await;
    assert_eq!((&again["credits_deducted"], &again["credits"]), (&json!(1), &json!(8)));
    // What is owned costs nothing, and a new request pays the new price.
    assert_eq!(send(&dear, START, &[]).await["credits_deducted"], 0);
    let other = send(&dear, "/api/questions/alg-q1/start", &[("idempotency-key", "two")]).await;
    assert_eq!((&other["credits_deducted"], &other["credits"]), (&json!(3), &json!(5)));
    // And the other way: the answer of the dear process stays, too.
    let other = send(&ada, "/api/questions/alg-q1/start", &[("idempotency-key", "two")]).await;
    assert_eq!((&other["credits_deducted"], &other["credits"]), (&json!(3), &json!(5)));
    let amounts: Vec<i64> = test.entries(&ada.id).await.iter().map(|entry| entry.amount).collect();
    assert_eq!(amounts, [9, -1, -3]);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn new_accounts_and_the_next_refresh_get_what_is_set_and_nobody_gets_less() {
    let test = TestApp::start().await;
    let more = [("SIGNUP_BONUS", "0"), ("MONTHLY_CREDITS_FREE", "12"), ("MONTHLY_CREDITS_STARTER", "40")];
    let visitor = there(&test, &test.anonymous(), &more);
    let body = json!({"email": "new@example.org", "password": PASSWORD});
    let new = visitor.post("/api/auth/register", body).await.ok();
    assert_eq!(new["user"]["credits"], 0, "{new}");
    let (free, starter) = (test.member("free", Plan::Free, 2).await, test.member("starter", Plan::Starter, 2).await);
    let balance = async |person: &Person| person.get("/api/credits/balance").await.ok()["credits"].clone();
    // Nothing changes before the refresh.
    assert_eq!(balance(&there(&test, &free, &more)).await, 2);
    test.pass(Duration::from_hours(24 * 30));
    for (person, credits) in [(&free, 12), (&starter, 40)] {
        let person = there(&test, &test.renewed(person).await, &more);
        assert_eq!(balance(&person).await, credits);
    }
    // An account that was opened with more keeps its month when less is set.
    let less = [("MONTHLY_CREDITS_FREE", "1")];
    let old = test.member("old", Plan::Free, 0).await;
    test.pass(Duration::from_hours(24 * 30));
    assert_eq!(balance(&there(&test, &test.renewed(&old).await, &less)).await, 5);
    test.assert_ledgers_are_true().await;
}

#[tokio::test]
async fn a_quota_that_is_set_is_the_quota_that_counts() {
    let mut test = TestApp::start().await;
    let limits = Settings::read(|name| (name == "RATE_LIMITS").then(|| "spend=2".to_owned())).unwrap().limits;
    test.app = test.app.with_limits(limits);
    let ada = test.member("ada", Plan::Unlimited, 5).await;
    let ada = ada.through(test.twin());
    for path in [START, "/api/questions/alg-q1/start"] {
        let _ = ada.post(path, json!({})).await.ok();
    }
    let _ = ada.post("/api/questions/alg-q5/start", json!({})).await.problem(429, "rate_limited");
}

/// The part of a text between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("no {from:?}")) + from.len();
    &text[start..start + text[start..].find(to).unwrap()]
}

#[test]
fn the_template_has_a_parameter_for_each_setting_with_its_default_and_bounds() {
    let template = include_str!("../../template.yaml");
    for term in &TERMS {
        let parameter: String =
            term.variable.split('_').map(|word| word[..1].to_owned() + &word[1..].to_lowercase()).collect();
        let default = (term.get)(&CreditTerms::DEFAULT);
        let declared = between(template, &format!("\n  {parameter}:\n"), "\n  ").to_owned();
        assert!(declared.contains("Type: Number"), "{parameter}: {declared}");
        let (min, max, what) = (term.min, term.max, term.what);
        let expected = format!(
            "\n  {parameter}:\n    Type: Number\n    Default: {default}\n    MinValue: {min}\n    MaxValue: {max}\n    Description: {what}\n"
        );
        assert!(template.contains(&expected), "{expected}");
        assert!(template.contains(&format!("\n        {}: !Ref {parameter}\n", term.variable)), "{}", term.variable);
    }
    assert!(template.contains("\n        RATE_LIMITS: !Ref RateLimits\n        DELIVERIES: !Ref Deliveries\n"));
    let forms = Deliveries::ALL.map(Deliveries::as_str).join(", ");
    let (default, forms) = (Deliveries::default().as_str(), format!("AllowedValues: [{forms}]"));
    assert!(template.contains(&format!("\n  Deliveries:\n    Type: String\n    Default: {default}\n    {forms}\n")));
}

#[test]
fn the_page_of_the_configuration_has_every_setting_limit_and_variable() {
    let page = include_str!("../../docs/configuration.md");
    for term in &TERMS {
        let default = (term.get)(&CreditTerms::DEFAULT);
        let row = format!("| `{}` | {default} | {} to {} | {} |", term.variable, term.min, term.max, term.what);
        assert!(page.contains(&row), "missing in docs/configuration.md: {row}");
    }
    assert!(page.contains("`DELIVERIES`"));
    for action in LimitedAction::ALL {
        let policy = action.policy();
        let row = format!("| `{}` | {} | {} |", action.name(), policy.quota, policy.window_seconds);
        assert!(page.contains(&row), "missing in docs/configuration.md: {row}");
    }
    for variable in shared::config::variables::VARIABLES {
        assert!(page.contains(&format!("`{}`", variable.name)), "missing in docs/configuration.md: {}", variable.name);
    }
}
