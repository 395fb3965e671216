//! Examples of every request and response in JSON, recorded for a student of the sample course by
//! `cargo run -p tests --example record_examples`.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

const RECORDED: &str = include_str!("examples.json");

/// `parameters`, `request` and `response` by operation.
pub(super) fn recorded() -> Result<Map<String, Value>> {
    serde_json::from_str(RECORDED).context("examples.json")
}

/// Adds an operation's examples to its parameters and bodies.
pub(super) fn add(example: &Value, operation: &mut Value) {
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        let recorded = parameter["name"].as_str().and_then(|name| example["parameters"].get(name));
        if let Some(recorded) = recorded {
            parameter["example"] = recorded.clone();
        }
    }
    for (name, body) in [("request", "/requestBody"), ("response", "/responses/200")] {
        let media = operation.pointer_mut(&format!("{body}/content/application~1json"));
        if let (Some(media), Some(example)) = (media, example.get(name)) {
            media["example"] = example.clone();
        }
    }
}
