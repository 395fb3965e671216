//! Completes each operation with what all operations share: security, headers, errors.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use shared::domain::limits::LimitedAction;
use shared::http::Code;
use shared::http::routes::{Route, RouteAccess};

use super::links;
use super::problems::{self, Refusals};

/// Extension in which a handler lists its own error codes, beyond those that its request implies.
const OWN_PROBLEMS: &str = "x-problems";

/// Headers shared by several responses.
pub(super) fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "Id of the request in the log.",
            "required": true,
            "schema": {"type": "string"},
        },
        "ETag": {
            "description": "Version of this response; send it as `If-None-Match` to get 304 while it is unchanged.",
            "required": true,
            "schema": {"type": "string"},
        },
        "Retry-After": {
            "description": "Seconds to wait before a retry.",
            "required": true,
            "schema": {"type": "integer", "minimum": 0},
        },
        "RateLimit-Policy": {
            "description": "The rate limits of this request (draft-ietf-httpapi-ratelimit-headers).",
            "schema": {"type": "string"},
        },
        "RateLimit": {
            "description": "Remaining requests of each rate limit, and seconds until its reset.",
            "schema": {"type": "string"},
        },
        "WWW-Authenticate": {
            "description": "Authentication scheme.",
            "schema": {"type": "string", "enum": ["Bearer"]},
        },
    })
}

/// Parameters shared by several operations.
pub(super) fn parameters() -> Value {
    json!({
        "IfNoneMatch": {
            "name": "If-None-Match",
            "in": "header",
            "required": false,
            "description": "`ETag` of the response that the client has cached.",
            "schema": {"type": "string"},
        },
    })
}

/// The tag of an operation. Generated clients group their methods by it. It is the function's name, but the routes of `marking` have
/// the tags of questions and midterms, as before they had a function of their own.
fn tag(route: &Route) -> &'static str {
    match route.function {
        "marking" if route.path.starts_with("/api/midterm/") => "midterm",
        "marking" => "questions",
        function => function,
    }
}

/// Completes an operation as its handler describes it.
pub(super) fn complete(mut operation: Value, route: &Route, refusals: &mut Refusals) -> Result<Value> {
    let members = operation.as_object_mut().context("no operation")?;
    members.insert("operationId".to_owned(), json!(route.operation));
    members.insert("tags".to_owned(), json!([tag(route)]));
    describe(members);
    let security = match route.access {
        RouteAccess::Open => json!([]),
        RouteAccess::SignedIn => json!([{"session": []}]),
    };
    members.insert("security".to_owned(), security);
    let codes = codes(members, route)?;
    let revalidates = members["responses"].get("304").is_some();
    for parameter in members.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        present(parameter);
    }
    if revalidates {
        let parameters = members.entry("parameters").or_insert_with(|| json!([]));
        parameters.as_array_mut().context("parameters")?.push(json!({"$ref": "#/components/parameters/IfNoneMatch"}));
    }
    let summary = members["summary"].clone();
    let responses = members["responses"].as_object_mut().context("responses")?;
    for (status, response) in responses.iter_mut() {
        if status == "304" {
            response["description"] = json!("Not modified: the cached response is current.");
        } else if response["description"].as_str().is_none_or(str::is_empty) {
            response["description"] = summary.clone();
        }
        response["headers"]["X-Request-Id"] = json!({"$ref": "#/components/headers/X-Request-Id"});
        // Caches store successful responses of open routes, so these contain nothing about the client.
        if !route.limits.is_empty() && route.limits != [LimitedAction::OpenRead] {
            for name in ["RateLimit-Policy", "RateLimit"] {
                response["headers"][name] = json!({"$ref": format!("#/components/headers/{name}")});
            }
        }
        if revalidates {
            response["headers"]["ETag"] = json!({"$ref": "#/components/headers/ETag"});
        }
    }
    responses.extend(problems::references(&codes));
    refusals.extend(problems::refusals(&codes));
    links::add(route.operation, responses);
    Ok(operation)
}

/// A parameter is never null; an optional one is left out.
fn present(parameter: &mut Value) {
    if let Some([schema, _]) = parameter["schema"]["oneOf"].as_array().map(Vec::as_slice) {
        parameter["schema"] = schema.clone();
    }
}

/// The first sentence of the handler's comment becomes the summary, the rest the description.
fn describe(operation: &mut Map<String, Value>) {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let whole = format!("{} {}", text("summary"), text("description").replace('\n', " "));
    let whole = whole.trim();
    let end = whole.find(". ").map_or(whole.len(), |end| end + 1);
    let (summary, rest) = whole.split_at(end);
    operation.insert("summary".to_owned(), json!(summary.trim_end_matches('.')));
    if rest.trim().is_empty() {
        operation.insert("description".to_owned(), json!(summary));
    } else {
        operation.insert("description".to_owned(), json!(rest.trim()));
    }
}

/// Error codes: those that the request implies, and those that the handler lists.
fn codes(operation: &mut Map<String, Value>, route: &Route) -> Result<Vec<Code>> {
    let parameters = operation.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let has = |place: &str| parameters.iter().any(|parameter| parameter["in"] == place);
    let must_ask = parameters.iter().any(|parameter| parameter["in"] == "query" && parameter["required"] == true);
    let has_key = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
    let mut codes = vec![Code::InvalidRequest, Code::Internal, Code::Unavailable];
    if route.access == RouteAccess::SignedIn {
        codes.push(Code::Unauthenticated);
    }
    if !route.limits.is_empty() {
        codes.push(Code::RateLimited);
    }
    if has("path") {
        codes.push(Code::NotFound);
    }
    if has("query") || has_key {
        codes.push(Code::InvalidField);
    }
    if must_ask {
        codes.push(Code::MissingField);
    }
    if has_key {
        codes.extend([Code::IdempotencyKeyReused, Code::BodyTooLarge, Code::RequestTimeout]);
    }
    if operation.contains_key("requestBody") {
        codes.extend([Code::InvalidJson, Code::MissingField, Code::InvalidField]);
        codes.extend([Code::RequestTimeout, Code::BodyTooLarge, Code::UnsupportedMediaType]);
    }
    let own = operation.remove(OWN_PROBLEMS).unwrap_or_default();
    for name in own.as_array().into_iter().flatten().filter_map(Value::as_str) {
        let code = Code::ALL.into_iter().find(|code| code.as_str() == name);
        codes.push(code.with_context(|| format!("{}: no problem has the code {name}", route.operation))?);
    }
    Ok(codes)
}
