//! The contract as OpenAPI 3.0.3, for tools that do not read 3.1. The committed contract is the source; this rewrites what 3.0
//! says in another way. What 3.0 cannot say exactly is a reference that may be null: tools read `allOf` with `nullable` so.

use serde_json::{Map, Value, json};

/// Keywords of a schema whose members are schemas by name.
const MAPS: [&str; 1] = ["properties"];
/// Keywords of a schema that hold one schema.
const SINGLE: [&str; 3] = ["items", "additionalProperties", "not"];
/// Keywords of a schema that hold a list of schemas.
const LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// The same contract in OpenAPI 3.0.3.
pub(super) fn as_3_0(mut document: Value) -> Value {
    document["openapi"] = json!("3.0.3");
    if let Some(info) = document["info"].as_object_mut() {
        let summary = info.remove("summary");
        let texts = [summary.as_ref(), info.get("description")].into_iter().flatten().filter_map(Value::as_str);
        let description = texts.collect::<Vec<_>>().join("\n\n");
        info.insert("description".to_owned(), json!(description));
        if let Some(license) = info.get_mut("license").and_then(Value::as_object_mut) {
            license.remove("identifier");
            license.insert("url".to_owned(), json!("https://spdx.org/licenses/MIT.html"));
        }
    }
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        *schema = schema_3_0(schema.take());
    }
    rewrite(&mut document["paths"]);
    for name in ["responses", "headers", "parameters"] {
        rewrite(&mut document["components"][name]);
    }
    document
}

/// Rewrites the schemas of operations, parameters, headers and bodies. Examples are data and stay.
fn rewrite(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match name.as_str() {
                    "schema" => *member = schema_3_0(member.take()),
                    "example" | "examples" => {}
                    _ => rewrite(member),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(rewrite),
        _ => {}
    }
}

fn schema_3_0(schema: Value) -> Value {
    // `true` accepts every value, as `{}` does.
    let Value::Object(mut schema) = schema else { return json!({}) };
    for (name, member) in &mut schema {
        let name = name.as_str();
        if MAPS.contains(&name) {
            member
                .as_object_mut()
                .into_iter()
                .flat_map(Map::values_mut)
                .for_each(|inner| *inner = schema_3_0(inner.take()));
        } else if LISTS.contains(&name) {
            member.as_array_mut().into_iter().flatten().for_each(|inner| *inner = schema_3_0(inner.take()));
        } else if SINGLE.contains(&name) && member.is_object() {
            *member = schema_3_0(member.take());
        }
    }
    nullable_type(&mut schema);
    nullable_choice(&mut schema);
    if let Some(constant) = schema.remove("const") {
        schema.insert("enum".to_owned(), json!([constant]));
    }
    if let Some(Value::Array(examples)) = schema.remove("examples")
        && let Some(first) = examples.into_iter().next()
    {
        schema.insert("example".to_owned(), first);
    }
    for (bound, limit) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        if let Some(number) = schema.remove(bound) {
            schema.insert(limit.to_owned(), number);
            schema.insert(bound.to_owned(), json!(true));
        }
    }
    // 3.0 ignores what stands beside a reference.
    if schema.len() > 1
        && let Some(reference) = schema.remove("$ref")
    {
        schema.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
    Value::Object(schema)
}

/// `type: [T, "null"]` becomes `type: T` with `nullable`.
fn nullable_type(schema: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = schema.get("type") else { return };
    let mut others = types.iter().filter(|name| **name != "null").cloned();
    let (first, is_nullable) = (others.next(), types.iter().any(|name| *name == "null"));
    match (first, others.next()) {
        (Some(one), None) => {
            schema.insert("type".to_owned(), one);
        }
        // 3.0 has no list of types: any type.
        _ => {
            schema.remove("type");
        }
    }
    if is_nullable {
        schema.insert("nullable".to_owned(), json!(true));
    }
}

/// `oneOf: [S, {type: null}]` becomes S with `nullable`. The second schema is `{nullable: true}` without a type by now, or
/// still has the type `null`.
fn nullable_choice(schema: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let is_null = |choice: &Value| choice["type"] == "null";
    if !choices.iter().any(is_null) {
        return;
    }
    let mut rest: Vec<Value> = choices.iter().filter(|choice| !is_null(choice)).cloned().collect();
    schema.remove("oneOf");
    schema.insert("nullable".to_owned(), json!(true));
    match (rest.pop(), rest.is_empty()) {
        (Some(Value::Object(mut only)), true) => match only.remove("$ref") {
            // An own `nullable` needs a `type` beside it, which a reference has in its target.
            Some(reference) => {
                schema.insert("allOf".to_owned(), json!([{"$ref": reference}]));
                only.into_iter().for_each(|(name, value)| {
                    schema.entry(name).or_insert(value);
                });
            }
            None => only.into_iter().for_each(|(name, value)| {
                schema.entry(name).or_insert(value);
            }),
        },
        (last, _) => {
            rest.extend(last);
            schema.insert("oneOf".to_owned(), json!(rest));
        }
    }
}
