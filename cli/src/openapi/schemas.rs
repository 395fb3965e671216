//! Makes schemas as strict as the responses are.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Rows that may have additional columns from an import.
const OPEN_ROWS: [&str; 2] = ["Exam", "Topic"];
const SCHEMA: &str = "#/components/schemas/";

/// Replaces references to number types (`u32`, or a `Whole` with bounds) by the schema itself.
pub(super) fn inline_aliases(paths: &mut Map<String, Value>, components: &mut Map<String, Value>) {
    let is_alias = |name: &str| {
        matches!(name, "u8" | "u32" | "u64" | "usize" | "i32" | "i64" | "f64") || name.starts_with("WholeFrom")
    };
    let names: Vec<String> = components.keys().filter(|name| is_alias(name)).cloned().collect();
    for name in names {
        let Some(schema) = components.remove(&name) else { continue };
        let reference = format!("{SCHEMA}{name}");
        let inline = |value: &mut Value| {
            if value["$ref"] == reference.as_str() {
                let mut inlined = schema.clone();
                if let Some(description) = value.get("description") {
                    inlined["description"] = description.clone();
                }
                *value = inlined;
            }
        };
        paths.values_mut().chain(components.values_mut()).for_each(|value| each(value, &inline));
    }
    // In JSON the name of a member is always a text. Some generators do not know the keyword.
    let without_names = |value: &mut Value| {
        if value["propertyNames"] == json!({"type": "string"})
            && let Some(members) = value.as_object_mut()
        {
            members.remove("propertyNames");
        }
    };
    paths.values_mut().chain(components.values_mut()).for_each(|value| each(value, &without_names));
}

/// Calls `change` on `value` and on every object inside of it.
fn each(value: &mut Value, change: &impl Fn(&mut Value)) {
    if value.is_object() {
        change(value);
    }
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| each(member, change)),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| each(entry, change)),
        _ => {}
    }
}

/// In a response, a nullable member is always present: serde leaves out only members with `skip_serializing_if`.
pub(super) fn complete(components: &mut Map<String, Value>, paths: &Map<String, Value>) {
    let mut answered = BTreeSet::new();
    for operation in paths.values().filter_map(Value::as_object).flat_map(Map::values) {
        collect(&operation["responses"], components, &mut answered);
    }
    for name in &answered {
        if let Some(schema) = components.get_mut(name) {
            each(schema, &require_nullable);
        }
    }
    for name in OPEN_ROWS {
        if let Some(row) = components.get_mut(name) {
            row["additionalProperties"] = json!(true);
        }
    }
}

/// Collects the names of all schemas that `value` references, directly or not.
fn collect(value: &Value, components: &Map<String, Value>, names: &mut BTreeSet<String>) {
    if let Some(name) = value.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix(SCHEMA))
        && names.insert(name.to_owned())
        && let Some(schema) = components.get(name)
    {
        collect(schema, components, names);
    }
    match value {
        Value::Object(members) => members.values().for_each(|member| collect(member, components, names)),
        Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, components, names)),
        _ => {}
    }
}

fn require_nullable(schema: &mut Value) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let nullable: Vec<String> =
        properties.iter().filter(|(_, property)| may_be_null(property)).map(|(name, _)| name.clone()).collect();
    if nullable.is_empty() {
        return;
    }
    let listed = schema["required"].as_array().cloned().unwrap_or_default();
    let mut required: BTreeSet<String> = listed.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    required.extend(nullable);
    schema["required"] = json!(required);
}

fn may_be_null(schema: &Value) -> bool {
    let says_null = |value: &Value| *value == "null";
    says_null(&schema["type"])
        || schema["type"].as_array().is_some_and(|types| types.iter().any(says_null))
        || schema["oneOf"].as_array().is_some_and(|schemas| schemas.iter().any(may_be_null))
}
