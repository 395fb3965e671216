//! The editions 3.1 and 3.0 of the contract describe the same. Both are walked at the same time: each schema is reduced to what
//! it means, by the rules of its edition.

use std::collections::BTreeSet;

use pastpaper::openapi::{Edition, document_of};
use serde_json::{Map, Value, json};

/// Members of a schema that only 3.1 has.
const ONLY_3_1: [&str; 12] = [
    "const",
    "examples",
    "propertyNames",
    "patternProperties",
    "prefixItems",
    "contains",
    "if",
    "then",
    "else",
    "unevaluatedProperties",
    "contentEncoding",
    "contentMediaType",
];

/// What a schema of 3.1 accepts: `null` apart from the rest.
fn meaning_3_1(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return json!({"accepts": schema}) };
    let mut meaning = Map::new();
    let mut is_nullable = false;
    for (name, value) in members {
        match name.as_str() {
            "$ref" => merge(&mut meaning, json!({"is": [value]})),
            "type" => {
                let types: Vec<Value> = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                is_nullable |= types.contains(&json!("null"));
                let others: Vec<Value> = types.into_iter().filter(|name| *name != "null").collect();
                meaning.insert("types".to_owned(), json!(others));
            }
            "oneOf" => {
                let choices = value.as_array().unwrap();
                let (null, others): (Vec<_>, Vec<_>) = choices.iter().partition(|choice| choice["type"] == "null");
                is_nullable |= !null.is_empty();
                match others[..] {
                    [only] => merge(&mut meaning, meaning_3_1(only)),
                    _ => {
                        meaning.insert("one_of".to_owned(), others.into_iter().map(meaning_3_1).collect());
                    }
                }
            }
            "allOf" => {
                let parts: Vec<Value> = value.as_array().unwrap().iter().map(meaning_3_1).collect();
                merge(&mut meaning, joined(&parts));
            }
            "examples" => {
                meaning.insert("example".to_owned(), value[0].clone());
            }
            _ => {
                meaning.insert(name.clone(), inner(name, value, meaning_3_1));
            }
        }
    }
    finished(meaning, is_nullable)
}

/// The same of a schema of 3.0.
fn meaning_3_0(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return json!({"accepts": schema}) };
    let mut meaning = Map::new();
    let is_nullable = schema["nullable"] == true;
    let only_reference = members.len() == 1;
    for (name, value) in members {
        assert!(!ONLY_3_1.contains(&name.as_str()), "{name} is no keyword of 3.0");
        match name.as_str() {
            "$ref" => {
                assert!(only_reference, "3.0 ignores what stands beside a reference: {schema}");
                merge(&mut meaning, json!({"is": [value]}));
            }
            "type" => {
                assert!(value.is_string() && *value != "null", "3.0 has one type: {value}");
                meaning.insert("types".to_owned(), json!([value]));
            }
            "oneOf" => {
                meaning.insert("one_of".to_owned(), value.as_array().unwrap().iter().map(meaning_3_0).collect());
            }
            "allOf" => {
                let parts: Vec<Value> = value.as_array().unwrap().iter().map(meaning_3_0).collect();
                merge(&mut meaning, joined(&parts));
            }
            "nullable" => {}
            "exclusiveMinimum" | "exclusiveMaximum" => assert!(value.is_boolean(), "{schema}"),
            _ => {
                meaning.insert(name.clone(), inner(name, value, meaning_3_0));
            }
        }
    }
    finished(meaning, is_nullable)
}

fn inner(name: &str, value: &Value, meaning: fn(&Value) -> Value) -> Value {
    match name {
        "properties" => {
            let members = value.as_object().unwrap().iter();
            Value::Object(members.map(|(name, schema)| (name.clone(), meaning(schema))).collect())
        }
        "items" | "additionalProperties" if value.is_object() => meaning(value),
        _ => value.clone(),
    }
}

/// A reference alone is a list of one part; several parts stay a list.
fn joined(parts: &[Value]) -> Value {
    let is_reference = |part: &Value| part.as_object().is_some_and(|part| part.len() == 1 && part.contains_key("is"));
    match parts {
        [only] if is_reference(only) => only.clone(),
        _ => json!({"all_of": parts}),
    }
}

fn merge(meaning: &mut Map<String, Value>, more: Value) {
    let Value::Object(more) = more else { panic!("{more}") };
    for (name, value) in more {
        meaning.entry(name).or_insert(value);
    }
}

fn finished(mut meaning: Map<String, Value>, is_nullable: bool) -> Value {
    if is_nullable {
        meaning.insert("or_null".to_owned(), json!(true));
    }
    Value::Object(meaning)
}

/// Compares two documents: schemas by meaning, everything else member by member.
fn compare(new: &Value, old: &Value, place: &str, schemas: &mut usize) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            let names = |members: &Map<String, Value>| members.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(names(new), names(old), "{place}");
            for (name, value) in new {
                let place = format!("{place}/{name}");
                if name == "schema" {
                    *schemas += 1;
                    assert_eq!(meaning_3_1(value), meaning_3_0(&old[name]), "{place}");
                } else {
                    compare(value, &old[name], &place, schemas);
                }
            }
        }
        (Value::Array(new), Value::Array(old)) => {
            assert_eq!(new.len(), old.len(), "{place}");
            for (index, (new, old)) in new.iter().zip(old).enumerate() {
                compare(new, old, &format!("{place}/{index}"), schemas);
            }
        }
        _ => assert_eq!(new, old, "{place}"),
    }
}

#[test]
fn both_editions_describe_the_same() {
    let new = document_of(Edition::V3_1).unwrap();
    let old = document_of(Edition::V3_0).unwrap();
    assert_eq!((&new["openapi"], &old["openapi"]), (&json!("3.1.0"), &json!("3.0.3")));
    assert_eq!(old["info"]["license"]["name"], new["info"]["license"]["name"]);
    assert!(old["info"]["description"].as_str().unwrap().starts_with(new["info"]["summary"].as_str().unwrap()));

    let mut schemas = 0;
    for part in ["paths", "tags", "servers"] {
        compare(&new[part], &old[part], part, &mut schemas);
    }
    for part in ["responses", "headers", "parameters", "securitySchemes"] {
        compare(&new["components"][part], &old["components"][part], part, &mut schemas);
    }
    let (of_new, of_old) = (new["components"]["schemas"].as_object(), old["components"]["schemas"].as_object());
    let (of_new, of_old) = (of_new.unwrap(), of_old.unwrap());
    assert_eq!(of_new.keys().collect::<Vec<_>>(), of_old.keys().collect::<Vec<_>>());
    for (name, schema) in of_new {
        schemas += 1;
        assert_eq!(meaning_3_1(schema), meaning_3_0(&of_old[name]), "{name}");
    }
    assert!(schemas > 200, "only {schemas} schemas were compared");
}

/// The rules find what a careless rewriting would lose.
#[test]
fn a_difference_between_editions_is_found() {
    for (new, old) in [
        (json!({"type": ["string", "null"]}), json!({"type": "string"})),
        (json!({"oneOf": [{"$ref": "#/a"}, {"type": "null"}]}), json!({"allOf": [{"$ref": "#/a"}]})),
        (json!({"$ref": "#/a", "description": "A."}), json!({"$ref": "#/a"})),
        (json!({"type": "integer", "minimum": 0}), json!({"type": "integer"})),
        (
            json!({"properties": {"a": {"type": ["integer", "null"]}}}),
            json!({"properties": {"a": {"type": "integer"}}}),
        ),
    ] {
        assert_ne!(meaning_3_1(&new), meaning_3_0(&old), "{new}");
    }
    let reference = json!({"oneOf": [{"$ref": "#/a", "description": "A."}, {"type": "null"}]});
    let rewritten = json!({"allOf": [{"$ref": "#/a"}], "description": "A.", "nullable": true});
    assert_eq!(meaning_3_1(&reference), meaning_3_0(&rewritten));
}
