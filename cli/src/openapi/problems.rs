//! Errors in the contract: one response per status, which lists its codes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::http::Code;

/// Members of every problem, and those that only some have.
pub(super) fn schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "request_id", "error"],
        "properties": {
            "type": text("`urn:pastpaper:problem:` followed by the code."),
            "title": text("Meaning of the code."),
            "status": {"type": "integer", "description": "HTTP status.", "minimum": 400, "maximum": 599},
            "detail": text("What is wrong with this request, in a sentence."),
            "code": text("Identifies the error; each code has exactly one status."),
            "request_id": text("The value of the header `X-Request-Id`."),
            "error": text("A short text for people."),
            "field": text("Name of the invalid field."),
            "max_bytes": {"type": "integer", "description": "Largest accepted body, in bytes."},
            "credits_needed": {"type": "integer", "minimum": 0, "description": "Price in credits."},
            "credits_available": {"type": "integer", "minimum": 0, "description": "Current balance in credits."},
            "retry_after_seconds": {"type": "integer", "minimum": 0, "description": "Seconds to wait before a retry."},
            "violated_policies": {
                "type": "array",
                "description": "Names of the exceeded rate limits.",
                "items": {"type": "string"},
            },
            "conflicts": {
                "type": "array",
                "description": "Constraints that no midterm can satisfy.",
                "items": {
                    "type": "object",
                    "required": ["constraint", "asked", "available", "detail"],
                    "properties": {
                        "constraint": text("Name of the request field."),
                        "asked": {"description": "The requested value."},
                        "available": {"description": "The available value."},
                        "detail": text("The conflict in a sentence."),
                    },
                },
            },
        },
    })
}

/// References to the responses of these codes, by status.
pub(super) fn references(codes: &[Code]) -> impl Iterator<Item = (String, Value)> {
    by_status(codes)
        .into_iter()
        .map(|(status, codes)| (status, json!({"$ref": format!("#/components/responses/{}", name(&codes))})))
}

/// The responses of these codes, by name.
pub(super) fn responses(codes: &[Code]) -> impl Iterator<Item = (String, Value)> {
    by_status(codes).into_values().map(|codes| (name(&codes), response(&codes)))
}

fn by_status(codes: &[Code]) -> BTreeMap<String, Vec<Code>> {
    let mut by_status: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    for code in Code::ALL.into_iter().filter(|code| codes.contains(code)) {
        by_status.entry(code.status().as_u16().to_string()).or_default().push(code);
    }
    by_status
}

/// Operations with the same codes share a response, which is named after the codes.
fn name(codes: &[Code]) -> String {
    codes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join("-or-")
}

fn response(codes: &[Code]) -> Value {
    let status = codes.first().map_or(0, |code| code.status().as_u16());
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let meanings: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let examples: serde_json::Map<String, Value> =
        codes.iter().map(|code| (code.as_str().to_owned(), json!({"value": example(*code)}))).collect();
    let mut headers = json!({"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}});
    if codes.contains(&Code::RateLimited) {
        for name in ["RateLimit-Policy", "RateLimit"] {
            headers[name] = json!({"$ref": format!("#/components/headers/{name}")});
        }
    }
    if codes.contains(&Code::Unavailable) || codes.contains(&Code::RateLimited) {
        headers["Retry-After"] = json!({"$ref": "#/components/headers/Retry-After"});
    }
    if codes.contains(&Code::Unauthenticated) {
        headers["WWW-Authenticate"] = json!({"$ref": "#/components/headers/WWW-Authenticate"});
    }
    json!({
        "description": format!("{}.", meanings.join("; ")),
        "headers": headers,
        "content": {"application/problem+json": {
            "schema": {"allOf": [
                {"$ref": "#/components/schemas/Problem"},
                {"type": "object", "properties": {
                    "status": {"type": "integer", "const": status},
                    "code": {"type": "string", "enum": names},
                }},
            ]},
            "examples": examples,
        }},
    })
}

/// An example problem with the members that all problems have.
fn example(code: Code) -> Value {
    json!({
        "type": format!("urn:pastpaper:problem:{}", code.as_str()),
        "title": code.title(),
        "status": code.status().as_u16(),
        "detail": "What is wrong with this request.",
        "code": code.as_str(),
        "request_id": "fcd033a7-b05e-42f5-b94c-fbe8f0c06421",
        "error": code.title(),
    })
}
