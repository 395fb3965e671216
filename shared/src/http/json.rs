//! Parses JSON text into an object. Unlike `serde_json`, which keeps the last of two members with the same name, it
//! refuses duplicates: we cannot know which one the client meant. Errors give the problem and its position, but quote
//! no value.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::problem::{Code, Problem};
use crate::domain::account::invisible::is_invisible;

/// Characters of a member's name that an error repeats.
const NAME_CHARS_MAX: usize = 60;

/// Parses a body as a JSON object.
pub(super) fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidJson, detail);
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("The body is not UTF-8; send JSON as UTF-8.".into()))?;
    if text.trim().is_empty() {
        return Err(invalid("The body is empty; send a JSON object.".into()));
    }
    let repeated = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Unique { repeated: &repeated }.deserialize(&mut deserializer);
    match value.and_then(|value| deserializer.end().map(|()| value)) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(invalid("The body must be a JSON object.".into())),
        Err(error) => Err(match repeated.into_inner() {
            Some(name) => {
                let name = shown_name(&name);
                let detail = format!("The body has `{name}` more than once in one object; send it once.");
                Problem::new(Code::InvalidJson, detail).with_member("field", name)
            }
            None => invalid(explain(&error)),
        }),
    }
}

/// Rewords the parser's message, which could quote the body.
fn explain(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    let message = error.to_string();
    if message.starts_with("number out of range") {
        format!("The body has a number that is too large for a 64-bit float, at {place}.")
    } else if message.starts_with("recursion limit exceeded") {
        format!("The body is nested deeper than 127 levels, at {place}.")
    } else if error.is_eof() {
        format!("The body ends in the middle of its JSON, at {place}.")
    } else {
        format!("The body is not valid JSON, at {place}.")
    }
}

/// The name of a member for an error message: invisible characters are escaped, because they could reorder the text
/// around it.
pub(super) fn shown_name(name: &str) -> String {
    name.chars().filter(|c| !c.is_control() && !is_invisible(*c)).take(NAME_CHARS_MAX).collect()
}

/// Builds a value. Stops at a duplicate member and keeps its name for the error.
#[derive(Clone, Copy)]
struct Unique<'a> {
    repeated: &'a RefCell<Option<String>>,
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(self)? {
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                self.repeated.replace(Some(name));
                return Err(A::Error::custom("a member is there twice"));
            }
            let value = entries.next_value_seed(self)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refused(text: &str) -> String {
        let problem = parse_object(text.as_bytes()).unwrap_err();
        format!("{problem:?}")
    }

    #[test]
    fn each_refusal_names_its_cause() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        for (text, told) in [
            ("", "is empty"),
            ("  \n", "is empty"),
            ("[1]", "must be a JSON object"),
            ("{\"a\": 1e400}", "too large for a 64-bit float, at line 1"),
            ("{\"a\": [-1e999]}", "too large for a 64-bit float"),
            (&deep, "nested deeper than 127 levels"),
            ("{\"a\":", "ends in the middle"),
            ("{\n'a': 1}", "not valid JSON, at line 2, column 1"),
            ("{} {}", "not valid JSON"),
            ("{\"a\": 1, \"a\": 1}", "has `a` more than once"),
            ("{\"b\": [{\"c\": {\"a\": 1, \"x\": 2, \"a\": 3}}]}", "has `a` more than once"),
            // The same name, written with an escape.
            ("{\"a\": 1, \"\\u0061\": 2}", "has `a` more than once"),
        ] {
            assert!(refused(text).contains(told), "{text:.40}: {}", refused(text));
        }
        assert!(format!("{:?}", parse_object(&[0x7b, 0xff]).unwrap_err()).contains("not UTF-8"));
    }

    #[test]
    fn a_long_name_is_cut() {
        let name = "n".repeat(10_000);
        assert!(refused(&format!("{{\"{name}\": 1, \"{name}\": 2}}")).len() < 1_000);
    }

    #[test]
    fn invisible_characters_of_a_name_are_escaped() {
        let name = "a\u{202e}b\u{2066}\u{200f}\u{feff}\u{e0041}\u{7}\u{85}\u{2028}\u{fe0f}c";
        assert_eq!(shown_name(name), "abc");
        assert!(refused(&format!("{{\"{}\": 1, \"{0}\": 2}}", "a\u{202e}b")).contains("has `ab` more than once"));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(".{0,4}", inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_object_without_duplicates_is_read_as_by_serde_json(value in values()) {
            let body = json!({"value": value});
            prop_assert_eq!(Value::Object(parse_object(body.to_string().as_bytes()).unwrap()), body);
        }
    }
}
