//! An example of every request and every answer in JSON: what a student of a small course asked and was told, recorded by
//! `cargo run -p tests --example record_examples`.

use anyhow::{Context, Result};
use serde_json::{Map, Value};

const RECORDED: &str = include_str!("examples.json");

/// `request` and `response` by operation.
pub(super) fn recorded() -> Result<Map<String, Value>> {
    serde_json::from_str(RECORDED).context("examples.json")
}

/// Adds an operation's examples to its bodies.
pub(super) fn add(example: &Value, operation: &mut Value) {
    for (name, body) in [("request", "/requestBody"), ("response", "/responses/200")] {
        let media = operation.pointer_mut(&format!("{body}/content/application~1json"));
        if let (Some(media), Some(example)) = (media, example.get(name)) {
            media["example"] = example.clone();
        }
    }
}
