//! Failures in the contract: one response for each status, which names its codes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::http::Code;

/// What every problem has, and what some have beside.
pub(super) fn schema() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "description": "A failure (RFC 9457).",
        "required": ["type", "title", "status", "detail", "code", "request_id", "error"],
        "properties": {
            "type": text("`urn:pastpaper:problem:` and the code."),
            "title": text("What the code means."),
            "status": {"type": "integer", "description": "The status of the answer.", "minimum": 400, "maximum": 599},
            "detail": text("What is wrong with this request."),
            "code": text("Which failure it is; a code has exactly one status."),
            "request_id": text("As in the header `X-Request-Id`."),
            "error": text("A short text for people."),
            "field": text("The field that is wrong."),
            "max_bytes": {"type": "integer", "description": "The largest body in bytes."},
            "credits_needed": {"type": "integer", "minimum": 0, "description": "The price."},
            "credits_available": {"type": "integer", "minimum": 0, "description": "The balance."},
            "conflicts": {
                "type": "array",
                "description": "Each wish that no form fills.",
                "items": {
                    "type": "object",
                    "required": ["constraint", "asked", "available", "detail"],
                    "properties": {
                        "constraint": text("The field of the order."),
                        "asked": {"description": "What was asked for."},
                        "available": {"description": "What the bank has."},
                        "detail": text("The same in words."),
                    },
                },
            },
        },
    })
}

/// The responses of these codes, by status, as references.
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

/// Operations that may answer the same codes share a response, named after them.
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
    if codes.contains(&Code::Unavailable) {
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

/// A problem of this code, without what only some have.
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
