//! The contract as OpenAPI 3.1: the handlers' types and `#[utoipa::path]`, completed with what all operations share.
//! Each operation is checked against the list of routes.

mod edition;
mod examples;
mod links;
mod operation;
mod problems;
mod schemas;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use shared::http::routes::ROUTES;
use std::process::ExitCode;
use utoipa::OpenApi;

use crate::output;

/// Introduction of the API.
const DESCRIPTION: &str = include_str!("description.md");

/// Descriptions of the tags, one for each group.
const TAGS: [(&str, &str); 9] = [
    ("auth", "Accounts and sessions."),
    ("credits", "Balance, transactions and plans."),
    ("courses", "Courses, their exams and statistics, and the status of the service."),
    ("topics", "Topics of a course."),
    ("analysis", "Analysis of past exams and forecast of the next one."),
    ("questions", "Browsing and practising questions."),
    ("midterm", "Generated practice exams."),
    ("assessment", "Mastery by topic, and what to study next."),
    ("webhooks", "Events from payment providers."),
];

/// Options of `openapi`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Edition of OpenAPI: 3.0 for tools that do not read 3.1
    #[arg(long, value_enum, default_value_t)]
    edition: Edition,
}

/// An edition of OpenAPI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Edition {
    /// OpenAPI 3.0.3
    #[value(name = "3.0")]
    V3_0,
    /// OpenAPI 3.1.0
    #[default]
    #[value(name = "3.1")]
    V3_1,
}

/// Prints the document.
///
/// # Errors
/// When the handlers' descriptions and the list of routes differ.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let document = document_of(arguments.edition)?;
    output::json(&(serde_json::to_string_pretty(&document).context("JSON")? + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

/// The document as committed.
///
/// # Errors
/// When the handlers' descriptions and the list of routes differ.
pub fn text() -> Result<String> {
    serde_json::to_string_pretty(&document()?).context("JSON")
}

/// The document in an edition.
///
/// # Errors
/// When the handlers' descriptions and the list of routes differ.
pub fn document_of(edition: Edition) -> Result<Value> {
    let document = document()?;
    Ok(match edition {
        Edition::V3_0 => edition::as_3_0(document),
        Edition::V3_1 => document,
    })
}

/// The document in OpenAPI 3.1.
///
/// # Errors
/// When the handlers' descriptions and the list of routes differ.
pub fn document() -> Result<Value> {
    let mut paths = Map::new();
    let mut components = Map::new();
    let mut refusals = problems::Refusals::new();
    let examples = examples::recorded()?;
    for (group, contract) in groups() {
        let contract = serde_json::to_value(contract).context("contract of a group")?;
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
    components.extend(problems::schemas(&refusals));
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "pastpaper",
            "summary": "Past exam papers: browse, practise, and forecast the next exam.",
            "description": DESCRIPTION.trim(),
            "version": env!("CARGO_PKG_VERSION"),
            "contact": {"name": "The maintainers of pastpaper"},
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The host that serves this document."}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": problems::responses(&refusals),
            "headers": operation::headers(),
            "parameters": operation::parameters(),
            "securitySchemes": {"session": {
                "type": "http",
                "scheme": "bearer",
                "description": "The `token` returned by register and login.",
            }},
        },
    }))
}

/// The groups that have routes.
fn tags() -> Vec<Value> {
    let used = TAGS.iter().filter(|(name, _)| ROUTES.iter().any(|route| route.function == *name));
    used.map(|(name, description)| json!({"name": name, "description": description})).collect()
}

fn groups() -> [(&'static str, utoipa::openapi::OpenApi); 10] {
    [
        ("analysis", analysis::Contract::openapi()),
        ("assessment", assessment::Contract::openapi()),
        ("auth", auth::Contract::openapi()),
        ("courses", courses::Contract::openapi()),
        ("credits", credits::Contract::openapi()),
        ("marking", marking::Contract::openapi()),
        ("midterm", midterm::Contract::openapi()),
        ("questions", questions::Contract::openapi()),
        ("topics", topics::Contract::openapi()),
        ("webhooks", webhooks::Contract::openapi()),
    ]
}

/// Adds a group's schemas. A name must mean the same in every group.
fn merge_schemas(components: &mut Map<String, Value>, contract: &Value) -> Result<()> {
    for (name, schema) in contract["components"]["schemas"].as_object().into_iter().flatten() {
        let known = components.entry(name.clone()).or_insert_with(|| schema.clone());
        ensure!(
            known == schema,
            "`{name}` is a different schema in another group: rename one with `#[schema(as = …)]`"
        );
    }
    Ok(())
}
