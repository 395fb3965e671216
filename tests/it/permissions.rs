//! Compares the permissions in `template.yaml` with the calls that each function makes in every situation of the budget:
//! a function has exactly the permissions that it uses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::http::routes::{FUNCTIONS, MAILER, ROUTES, Route, RouteAccess};
use tests::TestApp;
use tests::proxy::Permission;

use crate::budget::committed;
use crate::round_trips::{request, send};
use crate::routes::{template, template_functions};

/// Permissions for calls that no request of the budget makes.
const SELDOM: &[(&str, &str, &str, &str)] = &[
    ("assessment", "UpdateItem", "LIMIT#*", "one request in ten counts itself and nine others"),
    ("marking", "UpdateItem", "LIMIT#*", "one request in ten counts itself and nine others"),
    ("courses", "UpdateItem", "LIMIT#*", "one request in ten counts itself and nine others"),
    ("auth", "BatchGetItem", "EMAIL#*", "signing in with an email that is written in more than one way"),
    ("auth", "ConditionCheckItem", "EMAIL#*", "registering such an email"),
    ("auth", "BatchWriteItem", "USER#*", "deleting an account with more than its profile and session"),
    ("auth", "BatchWriteItem", "MAIL#*", "deleting an account with mail in the outbox"),
    ("auth", "DeleteItem", "CUSTOMER#*", "deleting an account that once went to buy a plan"),
    ("credits", "BatchGetItem", "CUSTOMER#*", "a customer who is found deleted at Stripe"),
    ("credits", "BatchGetItem", "STRIPE#*", "a customer who is found deleted at Stripe"),
    ("credits", "PutItem", "STRIPE#*", "a customer who is found deleted at Stripe"),
    ("midterm", "GetItem", "FIGURE#*", "printing a midterm with figures"),
    ("webhooks", "GetItem", "USER#*", "an invoice with many lines that cannot be read: is it ours?"),
    ("mailer", "BatchGetItem", "EMAIL#*", "a mail to an address that is written in more than one way"),
    ("analysis", "GetItem", "USER#*", "a refresh of a plan whose row says less than a month: did payments set it?"),
];

/// Permissions that the requests of each function need.
async fn needed() -> BTreeMap<&'static str, BTreeSet<Permission>> {
    let test = TestApp::start().await;
    let mut needed: BTreeMap<&str, BTreeSet<Permission>> = BTreeMap::new();
    for row in committed() {
        let route = ROUTES.iter().find(|route| route.operation == row.operation).unwrap();
        let (process, proxy) = test.twin_behind_proxy().await;
        for take in ["cold", "warm"] {
            let (person, path, body) = request(&test, &row, &format!("iam-{take}")).await;
            let person = person.through(process.clone());
            let _ = send(test.app.now(), &person, route.method.as_str(), &path, body).await;
            needed.entry(route.function).or_default().extend(proxy.take_permissions());
        }
    }
    let (app, proxy) = test.app_behind_proxy().await;
    crate::mailer::do_all_its_work(&test, &app).await;
    needed.insert(MAILER, proxy.take_permissions());
    needed
}

/// Permissions that the template grants.
fn granted() -> BTreeMap<String, BTreeSet<Permission>> {
    let list = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    let mut granted: BTreeMap<String, BTreeSet<Permission>> = BTreeMap::new();
    for (function, properties) in template_functions(&template()) {
        let of_function = granted.entry(function).or_default();
        let statements =
            properties["Policies"].as_array().unwrap().iter().flat_map(|policy| list(&policy["Statement"]));
        for statement in statements {
            let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
            let partitions = list(keys);
            for action in list(&statement["Action"]) {
                let Some(action) = action.as_str().unwrap().strip_prefix("dynamodb:").map(str::to_owned) else {
                    continue;
                };
                of_function.extend(partitions.iter().map(|key| (action.clone(), key.as_str().unwrap().to_owned())));
            }
        }
    }
    granted
}

/// A call with keys of two partitions is allowed only if one statement names both.
#[test]
fn one_statement_allows_to_read_the_session_with_its_counter() {
    for (function, properties) in template_functions(&template()) {
        let is_signed_in = |route: &&Route| route.function == function && route.access == RouteAccess::SignedIn;
        if !ROUTES.iter().any(|route| is_signed_in(&route)) {
            continue;
        }
        let statements = properties["Policies"].as_array().unwrap().iter();
        let statements = statements.flat_map(|policy| policy["Statement"].as_array().into_iter().flatten());
        let allows = |statement: &Value| {
            let partitions = statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"].to_string();
            statement["Action"].to_string().contains("dynamodb:BatchGetItem")
                && ["\"USER#*\"", "\"LIMIT#*\""].iter().all(|partition| partitions.contains(partition))
        };
        assert!(statements.into_iter().any(allows), "{function}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_have_exactly_the_permissions_that_they_use() {
    let (needed, granted) = (needed().await, granted());
    let mut wrong = Vec::new();
    for function in FUNCTIONS {
        let seldom = SELDOM.iter().filter(|(of, ..)| *of == function);
        let seldom = seldom.map(|(_, action, partition, _)| ((*action).to_owned(), (*partition).to_owned()));
        let expected: BTreeSet<Permission> = needed[function].iter().cloned().chain(seldom).collect();
        let missing: Vec<_> = expected.difference(&granted[function]).collect();
        let superfluous: Vec<_> = granted[function].difference(&expected).collect();
        if !missing.is_empty() || !superfluous.is_empty() {
            wrong.push(format!("{function}: missing {missing:?}, superfluous {superfluous:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
