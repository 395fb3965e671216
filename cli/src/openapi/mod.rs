//! The contract as OpenAPI 3.1: what the handlers' types and `#[utoipa::path]` say, completed by what all operations
//! have in common. Each operation is held to the list of routes.

mod examples;
mod links;
mod operation;
mod problems;
mod schemas;

use anyhow::{Context, Result, ensure};
use clap::Args;
use serde_json::{Map, Value, json};
use shared::http::routes::ROUTES;
use std::process::ExitCode;
use utoipa::OpenApi;

use crate::output;

/// What the API is, for who opens the document first.
const DESCRIPTION: &str = include_str!("description.md");

/// The groups, as their tags describe them.
const TAGS: [(&str, &str); 9] = [
    ("auth", "Accounts and sessions."),
    ("credits", "What a user may spend."),
    ("courses", "Courses, their exams and numbers, and the service's own status."),
    ("topics", "What a course is about."),
    ("analysis", "What past exams say of a course."),
    ("questions", "Browsing and practising."),
    ("midterm", "Practice exams of a student's own."),
    ("assessment", "What a student masters, and what to do next."),
    ("webhooks", "What payment providers tell us."),
];

/// Options of `openapi`: none yet.
#[derive(Debug, Args)]
pub struct Arguments {}

/// Prints the document.
///
/// # Errors
/// When the handlers' descriptions and the list of routes do not agree.
pub fn run(_: &Arguments) -> Result<ExitCode> {
    output::json(&(text()? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The document as committed.
///
/// # Errors
/// When the handlers' descriptions and the list of routes do not agree.
pub fn text() -> Result<String> {
    serde_json::to_string_pretty(&document()?).context("JSON")
}

/// The document.
///
/// # Errors
/// When the handlers' descriptions and the list of routes do not agree.
pub fn document() -> Result<Value> {
    let mut paths = Map::new();
    let mut components = Map::new();
    let mut refusals = Map::new();
    let examples = examples::recorded()?;
    for (group, contract) in groups() {
        let contract = serde_json::to_value(contract).context("a group's part")?;
        merge_schemas(&mut components, &contract).with_context(|| format!("schemas of {group}"))?;
        for (path, item) in contract["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                let route = ROUTES.iter().find(|route| {
                    route.function == group && route.path == path && route.method.as_str().eq_ignore_ascii_case(method)
                });
                let route = route.with_context(|| format!("{method} {path} is not a route of {group}"))?;
                let mut operation = operation::complete(operation.clone(), route, &mut refusals)?;
                if let Some(example) = examples.get(route.operation) {
                    examples::add(example, &mut operation);
                }
                let item = paths.entry(path.clone()).or_insert_with(|| json!({}));
                item[method.as_str()] = operation;
            }
        }
    }
    for route in &ROUTES {
        let method = route.method.as_str().to_ascii_lowercase();
        let described = paths.get(route.path).and_then(|item| item.get(&method));
        ensure!(
            described.is_some(),
            "{} {} is not described: add its handler to the group's Contract",
            method,
            route.path
        );
    }
    schemas::inline_aliases(&mut paths, &mut components);
    schemas::complete(&mut components, &paths);
    components.insert("Problem".to_owned(), problems::schema());
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pastpaper",
            "summary": "Past exam papers: browse, practise, know what comes next.",
            "description": DESCRIPTION.trim(),
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": refusals,
            "headers": operation::headers(),
            "parameters": operation::parameters(),
            "securitySchemes": {"session": {
                "type": "http",
                "scheme": "bearer",
                "description": "The `token` that register and login answer.",
            }},
        },
    }))
}

/// The groups that have routes.
fn tags() -> Vec<Value> {
    let used = TAGS.iter().filter(|(name, _)| ROUTES.iter().any(|route| route.function == *name));
    used.map(|(name, description)| json!({"name": name, "description": description})).collect()
}

fn groups() -> [(&'static str, utoipa::openapi::OpenApi); 9] {
    [
        ("analysis", analysis::Contract::openapi()),
        ("assessment", assessment::Contract::openapi()),
        ("auth", auth::Contract::openapi()),
        ("courses", courses::Contract::openapi()),
        ("credits", credits::Contract::openapi()),
        ("midterm", midterm::Contract::openapi()),
        ("questions", questions::Contract::openapi()),
        ("topics", topics::Contract::openapi()),
        ("webhooks", webhooks::Contract::openapi()),
    ]
}

/// Adds a group's schemas. A name stands for one thing in the whole API.
fn merge_schemas(components: &mut Map<String, Value>, contract: &Value) -> Result<()> {
    for (name, schema) in contract["components"]["schemas"].as_object().into_iter().flatten() {
        let known = components.entry(name.clone()).or_insert_with(|| schema.clone());
        ensure!(known == schema, "`{name}` means something else in another group: give one `#[schema(as = …)]`");
    }
    Ok(())
}
