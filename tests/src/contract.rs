//! Checks every response in a test against `openapi.json`, more strictly than clients should: a member that is not in
//! the schema is an error.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use axum::http::{Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::Answer;

/// The committed `openapi.json`.
static CONTRACT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(include_str!("../../openapi.json")).unwrap());

/// Compiled validators, by the path of their schema. Compiling one takes longer than a request.
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> = LazyLock::new(Mutex::default);

/// Panics unless `answer` is a documented response to a request with this method and path.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let path = path.split('?').next().unwrap_or(path);
    // The CORS layer answers preflight requests on every path. The document itself and its pages are not described in
    // it.
    if *method == Method::OPTIONS || path == "/api/openapi.json" || path.starts_with("/docs/") {
        return;
    }
    let told = |what: &str| format!("{method} {path}: {what}\n{} {}", answer.status, answer.body);
    let Some((template, response)) = response(method, path, answer.status) else {
        let is_foreign = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status);
        assert!(is_foreign && operation(method, path).is_none(), "{}", told("the contract has no such answer"));
        return;
    };
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let is_there = !answer.header(&name.to_ascii_lowercase()).is_empty();
        assert!(is_there || followed(header)["required"] != true, "{}", told(&format!("no header {name}")));
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.body, Value::Null, "{}", told("a body that the contract does not have"));
        return;
    };
    // HEAD has the headers of GET without the body.
    if *method == Method::HEAD {
        return;
    }
    let media_type = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
    let schema = content.get(&media_type).unwrap_or_else(|| panic!("{}", told("a media type out of contract")));
    let place = format!("{template} {} {media_type}", answer.status);
    let errors: Vec<String> = validator(place, &schema["schema"])
        .iter_errors(&answer.body)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", told(&errors.join("\n")));
}

/// The operation of a path, and its name.
fn operation(method: &Method, path: &str) -> Option<(String, &'static Value)> {
    let method = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_ascii_lowercase() };
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == parts.len()
            && template
                .iter()
                .zip(&parts)
                .all(|(wanted, part)| wanted.starts_with('{') && !part.is_empty() || wanted == part)
    };
    // The path with the fewest parameters wins, as in the router.
    let paths = CONTRACT["paths"].as_object()?.iter().filter(|(template, _)| fits(template));
    let (template, item) = paths.min_by_key(|(template, _)| template.matches('{').count())?;
    Some((format!("{method} {template}"), item.get(&method)?))
}

fn response(method: &Method, path: &str, status: StatusCode) -> Option<(String, &'static Value)> {
    let (name, operation) = operation(method, path)?;
    Some((name, followed(operation["responses"].get(status.as_str())?)))
}

/// Resolves a `$ref`.
fn followed(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(path) => CONTRACT.pointer(path.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// Missing and invalid examples in `openapi.json`.
#[must_use]
pub fn wrong_examples() -> Vec<String> {
    let mut wrong = Vec::new();
    let operations =
        CONTRACT["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    for operation in operations {
        let name = operation["operationId"].as_str().unwrap();
        // Signatures expire quickly, so there is no example of one.
        let shown = |parameter: &&Value| parameter["required"] == true && parameter["in"] != "header";
        let parameters = operation["parameters"].as_array().into_iter().flatten().filter(shown);
        let parameters = parameters.map(|parameter| (format!("{name}?{}", parameter["name"]), parameter));
        let bodies = ["/requestBody", "/responses/200"].into_iter().filter_map(|body| {
            let media = operation.pointer(&format!("{body}/content/application~1json"))?;
            Some((format!("{name}{body}"), media))
        });
        for (place, described) in parameters.chain(bodies) {
            match described.get("example") {
                None => wrong.push(format!("{place} has no example")),
                Some(example) => {
                    let errors = validator(place.clone(), &described["schema"]).iter_errors(example);
                    wrong.extend(errors.map(|error| format!("{place}: {error} at {}", error.instance_path())));
                }
            }
        }
    }
    wrong
}

fn validator(place: String, schema: &Value) -> &'static Validator {
    let mut validators = VALIDATORS.lock().unwrap();
    validators.entry(place).or_insert_with(|| {
        let mut whole = json!({"components": {"schemas": CONTRACT["components"]["schemas"]}, "allOf": [schema]});
        close(&mut whole["components"]["schemas"], false);
        close(&mut whole["allOf"], false);
        let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&whole).unwrap();
        Box::leak(Box::new(validator))
    })
}

/// Forbids additional members in every object. The parts of an `allOf` are not closed individually, but as a whole.
fn close(schema: &mut Value, is_part: bool) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "allOf" => close_parts(member),
                    "properties" | "$defs" | "schemas" => members_of(member),
                    "examples" | "enum" | "required" => {}
                    _ => close(member, false),
                }
            }
            let is_object = members.contains_key("allOf") || members.contains_key("$ref");
            if is_object && !is_part {
                members.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| close(entry, is_part)),
        _ => {}
    }
}

fn close_parts(parts: &mut Value) {
    parts.as_array_mut().into_iter().flatten().for_each(|part| close(part, true));
}

/// Closes the schemas in a map. A named `allOf` is closed where it is referenced.
fn members_of(map: &mut Value) {
    let close_named = |schema: &mut Value| {
        let is_named_whole = schema.get("allOf").is_some();
        close(schema, is_named_whole);
    };
    let members: Option<&mut Map<String, Value>> = map.as_object_mut();
    members.into_iter().flat_map(Map::values_mut).for_each(close_named);
}
