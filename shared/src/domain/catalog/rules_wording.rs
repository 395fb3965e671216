//! Messages about `answer_rules` for authors of questions, who know neither Rust's types nor the words of its JSON reader.

use serde_json::{Value, json};

use crate::domain::catalog::QuestionOption;
use crate::domain::study::answer_rules::{RULES_COLUMN, rules_problem};

/// Maximum depth to which a wrong value is searched for.
const DEPTH_MAX: usize = 8;
/// How the JSON reader's messages about a value of a wrong type begin.
const TYPE_MESSAGES: [&str; 3] = ["invalid type: ", "invalid value: ", "invalid length "];
/// How its messages about a wrong name begin.
const NAME_MESSAGES: [&str; 3] = ["unknown variant `", "unknown field `", "duplicate field `"];

/// Why the rules of a question or a part with these options are invalid, if they are, with the names of the wrong fields.
#[must_use]
pub(super) fn rules_fault(column: Option<&Value>, options: &[QuestionOption]) -> Option<String> {
    let problem = rules_problem(column, options)?;
    let rules = match column? {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(rules) => rules,
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                return Some(format!("{RULES_COLUMN} is a text that is no JSON: see line {line}, column {column}"));
            }
        },
        rules => rules.clone(),
    };
    let mut members = match rules {
        Value::Object(members) => members,
        Value::Array(_) => return Some(format!("{RULES_COLUMN} is a list, an object is wanted")),
        other => return Some(format!("{RULES_COLUMN} is {other}, an object is wanted")),
    };
    let read = |rules: Value| rules_problem(Some(&rules), &[]).filter(|problem| !problem.contains("missing field"));
    // These two are read by rules of their own, whose messages are plain; only types are left to the JSON reader.
    let accepted = members.remove("accepted").unwrap_or_default();
    members.remove("weighted");
    let of_reader = |entries: Value| read(json!({"accepted": entries})).filter(|problem| is_of_reader(problem));
    let mut wrong = wrong_members(&Value::Object(members), &read, DEPTH_MAX);
    let of_accepted = wrong_members(&accepted, &of_reader, DEPTH_MAX).into_iter();
    wrong.extend(of_accepted.map(|(path, problem)| (format!(".accepted{path}"), problem)));
    if wrong.is_empty() {
        return Some(in_words(RULES_COLUMN, &problem));
    }
    let told = wrong.iter().map(|(path, problem)| in_words(&format!("{RULES_COLUMN}{path}"), problem));
    Some(told.collect::<Vec<_>>().join("; "))
}

/// The members that are wrong by themselves, each with its path and the reader's message. The reader does not say where
/// it found a wrong value, so each member is read alone, with `read`.
fn wrong_members(value: &Value, read: &dyn Fn(Value) -> Option<String>, depth: usize) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    // A list or an object where none is wanted is wrong itself, whatever is in it.
    let empty = if value.is_array() { json!([]) } else { json!({}) };
    if read(empty).is_some() {
        return wrong;
    }
    let mut look = |name: &str, value: &Value, wrap: &dyn Fn(Value) -> Value| {
        let Some(problem) = read(wrap(value.clone())) else { return };
        let deeper = match depth {
            0 => Vec::new(),
            _ => wrong_members(value, &|inner| read(wrap(inner)), depth - 1),
        };
        if deeper.is_empty() {
            wrong.push((name.to_owned(), problem));
        } else {
            wrong.extend(deeper.into_iter().map(|(path, problem)| (format!("{name}{path}"), problem)));
        }
    };
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                look(&format!(".{name}"), value, &|value| json!({name.as_str(): value}));
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                look(&format!("[{index}]"), value, &|value| json!([value]));
            }
        }
        _ => {}
    }
    wrong
}

/// A problem without the name of the column and the entry before it.
fn message_of(problem: &str) -> &str {
    let problem = problem.strip_prefix(RULES_COLUMN).unwrap_or(problem).trim_start_matches([':', ' ']);
    match problem.split_once(": ") {
        Some((entry, message)) if entry.starts_with("accepted[") => message,
        _ => problem,
    }
}

/// Whether a problem is a message of the JSON reader about a type or a name.
fn is_of_reader(problem: &str) -> bool {
    TYPE_MESSAGES.iter().chain(&NAME_MESSAGES).any(|start| message_of(problem).starts_with(start))
}

/// The reader's message in plain words, after the path of the member that it is about.
fn in_words(path: &str, problem: &str) -> String {
    let whole = problem.strip_prefix(RULES_COLUMN).unwrap_or(problem).trim_start_matches([':', ' ']);
    let problem = message_of(problem);
    let problem = problem.find(" at line ").map_or(problem, |at| &problem[..at]);
    let between = |start: &str, end: &str| -> Option<(&str, &str)> { problem.strip_prefix(start)?.split_once(end) };
    if let Some((name, rest)) = between("unknown variant `", "`") {
        return format!("{path} is {name:?}, {} is wanted", one_of(rest));
    }
    if let Some((name, rest)) = between("unknown field `", "`") {
        let parent = path.strip_suffix(name).and_then(|path| path.strip_suffix('.')).unwrap_or(path);
        return format!("{parent} has no field {name:?}: its fields are {}", names(rest).join(", "));
    }
    if let Some((name, _)) = between("missing field `", "`") {
        return format!("{path}.{name} is missing");
    }
    if let Some((name, _)) = between("duplicate field `", "`") {
        return format!("{path}.{name} is there twice");
    }
    match TYPE_MESSAGES.iter().find_map(|start| between(start, ", expected ")) {
        Some((got, wanted)) => format!("{path} is {}, {} is wanted", value(got), wanted_in_words(wanted)),
        None => format!("{path}: {whole}"),
    }
}

/// The names in backticks.
fn names(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn one_of(expected: &str) -> String {
    match names(expected).as_slice() {
        [] => "another value".to_owned(),
        [only] => format!("{only:?}"),
        several => format!("one of {}", several.join(", ")),
    }
}

/// A value as the reader names it, such as `map` or a type with its value.
fn value(got: &str) -> String {
    match got {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        "null" | "unit value" => "null".to_owned(),
        _ => match (got.strip_prefix("string "), names(got).first()) {
            (Some(text), _) => text.to_owned(),
            (None, Some(number)) => (*number).to_owned(),
            (None, None) => got.to_owned(),
        },
    }
}

/// The name of a type.
fn wanted_in_words(wanted: &str) -> &str {
    match wanted {
        "f64" | "f32" | "a number" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" | "a whole number" => {
            "a whole number"
        }
        "a boolean" => "true or false",
        "a string" | "a borrowed string" => "a text",
        "a sequence" => "a list",
        "a map" | "map" => "an object",
        "string or map" | "map with a single key" => "a name",
        _ if wanted.starts_with("struct ") => "an object",
        _ if wanted.starts_with("enum ") || wanted.contains("variant") => "a name",
        _ if wanted.starts_with("tuple ") || wanted.starts_with("a tuple ") || wanted.starts_with("an array ") => {
            "a list"
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rules: &Value) -> String {
        rules_fault(Some(rules), &[]).unwrap()
    }

    #[test]
    fn a_wrong_rule_is_named_with_what_is_wanted() {
        for (rules, message) in [
            (
                json!({"domain": "complex"}),
                r#"answer_rules.domain is "complex", one of real, positive, integer is wanted"#,
            ),
            (json!({"domain": 5}), "answer_rules.domain is 5, a name is wanted"),
            (json!({"relative_tolerance": "1 %"}), r#"answer_rules.relative_tolerance is "1 %", a number is wanted"#),
            (json!({"relative_tolerance": [0.1]}), "answer_rules.relative_tolerance is a list, a number is wanted"),
            (json!({"units_ignored": 1}), "answer_rules.units_ignored is 1, true or false is wanted"),
            (json!({"seed": -1}), "answer_rules.seed is -1, a whole number is wanted"),
            (json!({"seed": 1.5}), "answer_rules.seed is 1.5, a whole number is wanted"),
            (json!({"variables": "x"}), r#"answer_rules.variables is "x", a list is wanted"#),
            (json!({"variables": ["x", 2]}), "answer_rules.variables[1] is 2, a text is wanted"),
            (json!({"variables": ["x", null]}), "answer_rules.variables[1] is null, a text is wanted"),
            (
                json!({"domain": true, "seed": {}}),
                "answer_rules.domain is true, a name is wanted; answer_rules.seed is an object, a whole number is wanted",
            ),
            (json!(7), "answer_rules is 7, an object is wanted"),
            (json!(null), "answer_rules is null, an object is wanted"),
            (json!("{\"seed\": \"x\"}"), r#"answer_rules.seed is "x", a whole number is wanted"#),
            (json!("{\"seed\": "), "answer_rules is a text that is no JSON: see line 1, column 9"),
        ] {
            assert_eq!(said(&rules), message, "{rules}");
        }
        let unknown = said(&json!({"tolerance": 1}));
        assert!(unknown.starts_with("answer_rules has no field \"tolerance\": its fields are "), "{unknown}");
        assert!(unknown.contains("relative_tolerance") && !unknown.contains('`'), "{unknown}");
        assert_eq!(rules_fault(None, &[]), None);
        assert_eq!(rules_fault(Some(&json!({"seed": 1})), &[]), None);
    }

    #[test]
    fn a_wrong_accepted_answer_is_named() {
        for (rules, message) in [
            (json!({"accepted": 5}), "answer_rules: accepted must be a list"),
            (json!({"accepted": [{"answer": 1}, 7]}), "answer_rules: accepted[1]: must be an object"),
            (
                json!({"accepted": [{"answer": 1}, {"answer": 2, "fraction": "half"}]}),
                r#"answer_rules.accepted[1].fraction is "half", a number is wanted"#,
            ),
            (
                json!({"accepted": [{"answer": "x", "match_case": "yes"}]}),
                r#"answer_rules.accepted[0].match_case is "yes", true or false is wanted"#,
            ),
            (
                json!({"accepted": [{"answer": 1, "unit": 5}], "seed": "x"}),
                "answer_rules.seed is \"x\", a whole number is wanted; answer_rules.accepted[0].unit is 5, a text is wanted",
            ),
            (
                json!({"accepted": [{"answer": 1, "fraction": 2}]}),
                "answer_rules: accepted[0]: fraction 2 is not above 0 and at most 1",
            ),
            (json!({"weighted": 1}), "answer_rules: weighted must be true or false"),
            (json!({"weighted": true}), "answer_rules: weighted needs options with a weight"),
        ] {
            assert_eq!(said(&rules), message, "{rules}");
        }
        let unknown = said(&json!({"accepted": [{"answer": 1, "tolerence": 1}]}));
        assert!(
            unknown.starts_with("answer_rules.accepted[0] has no field \"tolerence\": its fields are "),
            "{unknown}"
        );
    }

    #[test]
    fn no_word_of_the_json_reader_is_left() {
        let wrong = [json!(null), json!(true), json!(1), json!(1.5), json!("x"), json!([]), json!({}), json!([[1]])];
        for name in
            ["relative_tolerance", "absolute_tolerance", "units_ignored", "integration", "domain", "variables", "seed"]
        {
            for value in &wrong {
                let Some(told) = rules_fault(Some(&json!({name: value})), &[]) else { continue };
                for word in ["invalid", " expected ", "f64", "u64", "struct", "enum", "variant", "sequence", "map", "`"]
                {
                    assert!(!told.contains(word), "{told}");
                }
            }
        }
    }
}
