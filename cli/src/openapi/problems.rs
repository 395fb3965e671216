//! Errors in the contract: one schema per code, such as `InsufficientCreditsProblem`, and one response per status, which lists
//! its codes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::http::Code;

const SCHEMAS: &str = "#/components/schemas/";

/// The named responses of the contract, with their codes.
pub(super) type Refusals = BTreeMap<String, Vec<Code>>;

/// Members of every problem, and those that only some have.
fn schema() -> Value {
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
            "challenge": text("Send it with a code to `POST /api/auth/login/factor`."),
            "factors": {
                "type": "array",
                "description": "Kinds of the second factors that the user has.",
                "items": {"type": "string"},
            },
            "expires_in_seconds": {"type": "integer", "minimum": 0, "description": "Seconds for which the challenge is valid."},
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

/// The responses that these codes need, by name.
pub(super) fn refusals(codes: &[Code]) -> impl Iterator<Item = (String, Vec<Code>)> {
    by_status(codes).into_values().map(|codes| (name(&codes), codes))
}

/// The described responses.
pub(super) fn responses(refusals: &Refusals) -> Map<String, Value> {
    refusals.iter().map(|(name, codes)| (name.clone(), response(codes))).collect()
}

/// `Problem`, a schema for each code in use, and one for each set of codes that shares a status. All have names, so that
/// generated types keep their names when another error is added.
pub(super) fn schemas(refusals: &Refusals) -> Map<String, Value> {
    let mut schemas = Map::from_iter([("Problem".to_owned(), schema())]);
    for codes in refusals.values() {
        schemas.extend(codes.iter().map(|code| (schema_name(&[*code]), variant(*code))));
        if codes.len() > 1 {
            let variants: Vec<Value> = codes.iter().map(|code| reference(&[*code])).collect();
            let names: Vec<String> = codes.iter().map(|code| format!("`{}`", code.as_str())).collect();
            let description = format!("A problem with the code {}.", names.join(" or "));
            schemas.insert(schema_name(codes), json!({"description": description, "oneOf": variants}));
        }
    }
    schemas
}

/// The problem of one code.
fn variant(code: Code) -> Value {
    let all = schema();
    let mut properties = json!({
        "status": {"type": "integer", "enum": [code.status().as_u16()], "description": "HTTP status."},
        "code": {"type": "string", "enum": [code.as_str()], "description": "Identifies the error."},
    });
    let mut required = vec!["status", "code"];
    // Members that this problem always has.
    for name in match code {
        Code::InsufficientCredits => ["credits_needed", "credits_available"].as_slice(),
        Code::NotPurchased => &["credits_needed"],
        Code::RateLimited => &["retry_after_seconds", "violated_policies"],
        Code::BlueprintInfeasible => &["conflicts"],
        Code::FactorRequired => &["challenge", "factors", "expires_in_seconds"],
        _ => &[],
    } {
        properties[*name] = all["properties"][*name].clone();
        required.push(name);
    }
    json!({
        "description": format!("{}.", code.title()),
        "allOf": [
            {"$ref": format!("{SCHEMAS}Problem")},
            {"type": "object", "required": required, "properties": properties},
        ],
    })
}

/// `InsufficientCreditsProblem`; `NotFoundOrNoExamsProblem` for several codes.
fn schema_name(codes: &[Code]) -> String {
    let names: Vec<String> = codes.iter().map(|code| pascal(code.as_str())).collect();
    format!("{}Problem", names.join("Or"))
}

fn pascal(name: &str) -> String {
    let capitalised =
        |word: &str| word.get(..1).map(str::to_ascii_uppercase).unwrap_or_default() + word.get(1..).unwrap_or_default();
    name.split('_').map(capitalised).collect()
}

fn reference(codes: &[Code]) -> Value {
    json!({"$ref": format!("{SCHEMAS}{}", schema_name(codes))})
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
    let meanings: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.as_str(), meaning(*code))).collect();
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
            "schema": reference(codes),
            "examples": examples,
        }},
    })
}

/// What a client should know of a code.
fn meaning(code: Code) -> &'static str {
    match code {
        Code::RateLimited => {
            "Too many requests in a time window. The request had no effect and cost nothing. `Retry-After` says after how \
             many seconds to try again, `violated_policies` which limits were exceeded, and `RateLimit-Policy` which limits \
             the request has"
        }
        Code::InsufficientCredits => "Insufficient credits. Nothing was charged; `credits_needed` is the price",
        Code::NotPurchased => "Not purchased. This request may not buy; `credits_needed` is the price",
        code => code.title(),
    }
}

/// An example problem with the members that it always has.
fn example(code: Code) -> Value {
    let mut example = json!({
        "type": format!("urn:pastpaper:problem:{}", code.as_str()),
        "title": code.title(),
        "status": code.status().as_u16(),
        "detail": "What is wrong with this request.",
        "code": code.as_str(),
        "request_id": "fcd033a7-b05e-42f5-b94c-fbe8f0c06421",
        "error": code.title(),
    });
    match code {
        Code::InsufficientCredits => {
            example["credits_needed"] = json!(3);
            example["credits_available"] = json!(2);
        }
        Code::NotPurchased => example["credits_needed"] = json!(2),
        Code::RateLimited => {
            example["retry_after_seconds"] = json!(17);
            example["violated_policies"] = json!(["spend"]);
        }
        Code::FactorRequired => {
            example["challenge"] = json!(format!("pc_{}", "A".repeat(64)));
            example["factors"] = json!(["totp"]);
            example["expires_in_seconds"] = json!(300);
        }
        Code::BlueprintInfeasible => {
            let detail = "20 questions were asked for, and 12 fit.";
            let conflict = json!({"constraint": "question_count", "asked": 20, "available": 12, "detail": detail});
            example["conflicts"] = json!([conflict]);
        }
        _ => {}
    }
    example
}
