//! The contract does not break clients of the last release, whose contract is `tests/fixtures/contract.json`. After a release,
//! `cargo run -p pastpaper -- openapi > tests/fixtures/contract.json` replaces it.

use serde_json::{Value, json};
use tests::compatibility::breaks;

use crate::architecture::read;

fn parsed(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap()
}

#[test]
fn the_contract_breaks_no_client_of_the_last_release() {
    let broken = breaks(&parsed("tests/fixtures/contract.json"), &parsed("openapi.json"));
    assert!(broken.is_empty(), "clients of the last release break:\n{}", broken.join("\n"));
}

/// A contract with one operation.
fn contract() -> Value {
    json!({
        "paths": {"/things/{id}": {"post": {
            "operationId": "make_thing",
            "security": [],
            "parameters": [
                {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 10}},
                {"name": "render", "in": "query", "schema": {"type": "string", "enum": ["html", ""]}},
            ],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object", "required": ["name"], "additionalProperties": false,
                "properties": {
                    "name": {"type": "string", "minLength": 1},
                    "count": {"type": ["integer", "null"], "minimum": 1, "maximum": 20},
                    "level": {"$ref": "#/components/schemas/Level"},
                },
            }}}},
            "responses": {
                "200": {
                    "headers": {"ETag": {"required": true}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                },
                "404": {"content": {"application/problem+json": {"schema": {"oneOf": [
                    {"$ref": "#/components/schemas/NotFoundProblem"}, {"$ref": "#/components/schemas/NoExamsProblem"},
                ]}}}},
            },
        }}},
        "components": {"schemas": {
            "Level": {"type": "string", "enum": ["easy", "hard"]},
            "NotFoundProblem": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}},
            "NoExamsProblem": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}},
            "GoneProblem": {"type": "object", "required": ["code"], "properties": {"code": {"type": "string"}}},
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "Thing": {"allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "required": ["size", "level"], "properties": {
                    "size": {"type": "number"},
                    "level": {"$ref": "#/components/schemas/Level"},
                    "note": {"type": "string"},
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                }},
            ]},
        }},
    })
}

const OPERATION: &str = "/paths/~1things~1{id}/post";
const BODY: &str = "/paths/~1things~1{id}/post/requestBody/content/application~1json/schema";
const THING: &str = "/components/schemas/Thing/allOf/1";

/// The rules: what changes, the new value (null removes the member), and whether a client breaks.
#[test]
fn each_rule_of_the_table_holds() {
    let at = |base: &str, rest: &str| format!("{base}{rest}");
    let table: Vec<(&str, String, Value, bool)> = vec![
        ("an operation is removed", at(OPERATION, ""), Value::Null, true),
        ("an operationId changes", at(OPERATION, "/operationId"), json!("other"), true),
        ("a session is needed", at(OPERATION, "/security"), json!([{"session": []}]), true),
        ("a response is removed", at(OPERATION, "/responses/200"), Value::Null, true),
        ("an error is removed", at(OPERATION, "/responses/404"), Value::Null, false),
        ("an error is added", at(OPERATION, "/responses/409"), json!({"content": {}}), false),
        ("a media type is removed", at(OPERATION, "/responses/200/content/application~1json"), Value::Null, true),
        ("a promised header is removed", at(OPERATION, "/responses/200/headers/ETag"), Value::Null, true),
        ("a header is added", at(OPERATION, "/responses/200/headers/Age"), json!({"required": true}), false),
        ("a schema's name is gone", "/components/schemas/GoneProblem".to_owned(), Value::Null, true),
        ("a schema is added", "/components/schemas/New".to_owned(), json!({"type": "string"}), false),
        // Parameters
        ("a parameter becomes required", at(OPERATION, "/parameters/1/required"), json!(true), true),
        ("a bound of a parameter is tighter", at(OPERATION, "/parameters/0/schema/maxLength"), json!(9), true),
        ("a bound of a parameter is looser", at(OPERATION, "/parameters/0/schema/maxLength"), json!(11), false),
        ("a value of a parameter is removed", at(OPERATION, "/parameters/1/schema/enum"), json!(["html"]), true),
        (
            "a value of a parameter is added",
            at(OPERATION, "/parameters/1/schema/enum"),
            json!(["html", "", "tex"]),
            false,
        ),
        (
            "an optional parameter is added",
            at(OPERATION, "/parameters/2"),
            json!({"name": "page", "in": "query", "schema": {"type": "integer"}}),
            false,
        ),
        (
            "a required parameter is added",
            at(OPERATION, "/parameters/2"),
            json!({"name": "page", "in": "query", "required": true, "schema": {"type": "integer"}}),
            true,
        ),
        ("a parameter is removed", at(OPERATION, "/parameters/1/name"), json!("shape"), true),
        // Requests
        ("a member becomes required", at(BODY, "/required"), json!(["name", "count"]), true),
        ("a member becomes optional", at(BODY, "/required"), json!([]), false),
        ("a member of a closed request is removed", at(BODY, "/properties/count"), Value::Null, true),
        ("an optional member is added", at(BODY, "/properties/new"), json!({"type": "string"}), false),
        ("a request refuses null", at(BODY, "/properties/count/type"), json!("integer"), true),
        ("a request accepts another type", at(BODY, "/properties/name/type"), json!(["string", "integer"]), false),
        ("a request has another type", at(BODY, "/properties/name/type"), json!("integer"), true),
        ("a maximum is lower", at(BODY, "/properties/count/maximum"), json!(19), true),
        ("a maximum is higher", at(BODY, "/properties/count/maximum"), json!(21), false),
        ("a minimum is higher", at(BODY, "/properties/count/minimum"), json!(2), true),
        ("a bound is new", at(BODY, "/properties/name/maxLength"), json!(100), true),
        ("a bound is gone", at(BODY, "/properties/name/minLength"), Value::Null, false),
        ("a pattern is new", at(BODY, "/properties/name/pattern"), json!("^a"), true),
        // Responses
        ("a member is removed", at(THING, "/properties/note"), Value::Null, true),
        ("a member is added", at(THING, "/properties/new"), json!({"type": "string"}), false),
        ("a member may be absent", at(THING, "/required"), json!(["level"]), true),
        ("a member is always present", at(THING, "/required"), json!(["size", "level", "note"]), false),
        ("a member may be null", at(THING, "/properties/size/type"), json!(["number", "null"]), true),
        ("a member has another type", at(THING, "/properties/size/type"), json!("string"), true),
        ("a member has a bound", at(THING, "/properties/size/minimum"), json!(0), false),
        ("an inherited member is removed", "/components/schemas/Base/properties/id".to_owned(), Value::Null, true),
        ("items have another type", at(THING, "/properties/parts/items"), json!({"type": "string"}), true),
        // In the request too, where more values are fine.
        (
            "a response has another value",
            "/components/schemas/Level/enum".to_owned(),
            json!(["easy", "hard", "x"]),
            true,
        ),
        ("a request refuses a value", "/components/schemas/Level/enum".to_owned(), json!(["easy"]), true),
        (
            "a status has another problem",
            at(OPERATION, "/responses/404/content/application~1problem+json/schema/oneOf/2"),
            json!({"$ref": "#/components/schemas/GoneProblem"}),
            false,
        ),
        (
            "a problem has another type of code",
            "/components/schemas/NotFoundProblem/properties/code/type".to_owned(),
            json!("integer"),
            true,
        ),
        ("a description changes", at(OPERATION, "/description"), json!("Other words."), false),
    ];
    let old = contract();
    assert_eq!(breaks(&old, &old), [""; 0]);
    for (rule, place, value, is_breaking) in table {
        let mut new = contract();
        change(&mut new, &place, value);
        assert_ne!(new, old, "{rule}: nothing changed at {place}");
        let broken = breaks(&old, &new);
        assert_eq!(!broken.is_empty(), is_breaking, "{rule}: {broken:?}");
    }
}

/// Sets the value at a JSON pointer, or removes the member.
fn change(document: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => {
            members.remove(&name);
        }
        Value::Object(members) => {
            members.insert(name, value);
        }
        Value::Array(entries) => entries.insert(name.parse().unwrap(), value),
        other => panic!("{other}"),
    }
}

#[test]
fn a_status_with_one_problem_may_get_more_of_them() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let with = |schema: Value| {
        let mut contract = contract();
        contract["paths"]["/things/{id}"]["post"]["responses"]["409"] =
            json!({"content": {"application/problem+json": {"schema": schema}}});
        contract
    };
    let one = with(reference("NotFoundProblem"));
    let several = |names: [&str; 2]| with(json!({"oneOf": names.map(reference)}));
    assert_eq!(breaks(&one, &several(["NotFoundProblem", "GoneProblem"])), [""; 0]);
    assert!(!breaks(&one, &several(["NoExamsProblem", "GoneProblem"])).is_empty());
    // The problem that was there must stay as it was.
    let mut wrong = several(["NotFoundProblem", "GoneProblem"]);
    wrong["components"]["schemas"]["NotFoundProblem"]["properties"]["code"]["type"] = json!("integer");
    assert!(!breaks(&one, &wrong).is_empty());
}
