//! A tolerant JSON reader. It reports a backslash that begins no escape with its field, and a duplicate name in an
//! object. Other JSON readers stop at the first and silently keep the last of the second.

use std::cell::RefCell;
use std::fmt;

use anyhow::{Result, bail};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use shared::domain::catalog::slips::NO_ESCAPE;

/// First character of a text that replaces a number which cannot be represented exactly.
const LOST_NUMBER: char = '\u{1}';

/// A parsed JSON text.
pub(super) struct Document {
    /// The value. In texts, [`NO_ESCAPE`] replaces a backslash that began no escape.
    pub(super) value: Value,
    /// Paths of duplicate names, such as `questions[3].answer`.
    pub(super) twice: Vec<String>,
}

/// Parses a JSON text.
///
/// # Errors
/// When it is not valid JSON.
pub(super) fn read(text: &str) -> Result<Document> {
    let repaired = repaired(text);
    let twice = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_str(&repaired.text);
    let seed = Seed { path: String::new(), twice: &twice };
    match seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(Document { value, twice: twice.into_inner() }),
        // Columns in the repaired text differ from those in the file, so the error names the first repair instead.
        Err(error) => match repaired.first {
            Some(first) => bail!("{first}; and {error}"),
            None => Err(error.into()),
        },
    }
}

/// A text in which every backslash begins an escape, and every number can be represented. Other numbers are replaced by
/// a text that begins with [`LOST_NUMBER`].
struct Repaired {
    text: String,
    /// The first repair, with its position.
    first: Option<String>,
}

/// Replaces backslashes that begin no escape by [`NO_ESCAPE`].
fn repaired(text: &str) -> Repaired {
    let mut out = String::with_capacity(text.len());
    let mut first = None;
    let mut in_string = false;
    let mut rest = text;
    let is_number = |c: char| c == '-' || c.is_ascii_digit();
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\') || (!in_string && is_number(c))) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if !in_string && rest.starts_with(is_number) {
            let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
            let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
            if is_kept(number) {
                out.push_str(number);
            } else {
                out.extend(["\"\\u0001", number, "\""]);
            }
            rest = after;
            continue;
        }
        let length = match rest.as_bytes() {
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] if in_string => 2,
            [b'\\', b'u', digits @ ..]
                if in_string && digits.len() >= 4 && digits[..4].iter().all(u8::is_ascii_hexdigit) =>
            {
                6
            }
            [b'\\', ..] if in_string => {
                first.get_or_insert_with(|| no_escape(text, text.len() - rest.len()));
                out.push_str("\\u0000\\");
                1
            }
            [byte, ..] => {
                in_string ^= *byte == b'"';
                1
            }
            [] => break,
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Repaired { text: out, first }
}

/// Whether a number is kept exactly, or to the nearest double if it has a fraction or an exponent.
fn is_kept(number: &str) -> bool {
    let Ok(double) = number.parse::<f64>() else {
        // Not a number: the JSON reader reports it with its position.
        return true;
    };
    let is_whole = !number.contains(['.', 'e', 'E']);
    let is_same = || [double.to_string(), format!("{double:.0}")].iter().any(|text| text == number);
    double.is_finite() && (!is_whole || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() || is_same())
}

/// The errors for numbers in `value` that were not kept, each with its path.
pub(super) fn lost_numbers(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), value)];
    while let Some((path, value)) = open.pop() {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match value {
            Value::String(text) => {
                let Some(number) = text.strip_prefix(LOST_NUMBER) else { continue };
                let why =
                    if number.contains(['.', 'e', 'E']) { "is too large" } else { "has more digits than are kept" };
                found.push(format!("{}: the number {number} {why}; write it as text", path.escape_debug()));
            }
            Value::Array(values) => {
                open.extend(values.iter().enumerate().rev().map(|(index, value)| (format!("{path}[{index}]"), value)));
            }
            Value::Object(map) => open.extend(map.iter().rev().map(|(name, value)| (below(name), value))),
            _ => {}
        }
    }
    found
}

fn no_escape(text: &str, at: usize) -> String {
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let after = &text[at + 1..];
    let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
    let command = if letters == 0 { after.chars().take(1).collect() } else { after[..letters].to_owned() };
    let command = command.escape_debug();
    format!("\"\\{command}\" at line {line} column {column} is no escape in JSON; write \"\\\\{command}\"")
}

/// Deserializes a value and records duplicate names.
struct Seed<'a> {
    path: String,
    twice: &'a RefCell<Vec<String>>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) =
            elements.next_element_seed(Seed { path: format!("{}[{}]", self.path, values.len()), twice: self.twice })?
        {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            if map.contains_key(&name) {
                self.twice.borrow_mut().push(path.clone());
            }
            let value = members.next_value_seed(Seed { path, twice: self.twice })?;
            map.insert(name, value);
        }
        Ok(map.into())
    }
}

/// Whether a text has a backslash that began no escape.
pub(super) fn has_no_escape(text: &str) -> bool {
    text.contains(NO_ESCAPE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_read_as_it_is() {
        let text = r#"{"a": [1, -2, 0.1, 1e3, true, null, "\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"], "b": {}}"#;
        let document = read(text).unwrap();
        assert_eq!(document.value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(document.twice, Vec::<String>::new());
    }

    #[test]
    fn a_backslash_before_no_escape_is_marked_where_it_stands() {
        let document = read(r#"{"a": "$\log x \\log \u0041 \underline{y} \{1\}$"}"#).unwrap();
        let expected = "$\0\\log x \\log A \0\\underline{y} \0\\{1\0\\}$";
        assert_eq!(document.value, json!({"a": expected}));
        assert!(has_no_escape(expected));
    }

    #[test]
    fn invalid_json_is_reported_with_its_position() {
        let said = |text| format!("{:#}", read(text).err().unwrap());
        assert_eq!(said("{\"a\": 1,\n \"b\" 2}"), "expected `:` at line 2 column 6");
        let both = "\"\\log\" at line 1 column 8 is no escape in JSON; write \"\\\\log\"; and ";
        assert!(said("{\"a\": \"\\log\",\n \"b\" 2}").starts_with(both), "{}", said("{\"a\": \"\\log\",\n \"b\" 2}"));
        assert!(said("{} x").contains("trailing characters"));
    }

    #[test]
    fn numbers_that_would_lose_digits_are_named() {
        for (json, found) in [
            (
                r#"{"a": 123456789012345678901}"#,
                vec!["a: the number 123456789012345678901 has more digits than are kept"],
            ),
            (
                r#"{"a": [1, {"b": -123456789012345678901}, 1e400]}"#,
                vec![
                    "a[1].b: the number -123456789012345678901 has more digits than are kept",
                    "a[2]: the number 1e400 is too large",
                ],
            ),
            (r#"{"a": 18446744073709551615, "b": -9223372036854775808, "c": 1e-200, "d": -0.0}"#, vec![]),
            // 2^70 is a double; the next integer is not.
            (
                r#"{"a": 1180591620717411303424, "b": 1180591620717411303425}"#,
                vec!["b: the number 1180591620717411303425 has more digits than are kept"],
            ),
            (r#"{"a": 0.12345678901234567890123, "c": 123456789012345678901.0}"#, vec![]),
            (r#"{"a": "123456789012345678901", "b\"123456789012345678901": "\\", "c": 7}"#, vec![]),
        ] {
            let found: Vec<String> = found.iter().map(|text| format!("{text}; write it as text")).collect();
            assert_eq!(lost_numbers(&read(json).unwrap().value), found, "{json}");
        }
        assert!(read("{\"a\": 1-2}").is_err() && read("{\"a\": -}").is_err());
    }

    #[test]
    fn duplicate_names_are_recorded() {
        let document = read(r#"{"q": [{"a": 1}, {"a": 1, "b": {"c": 1, "c": 2}, "a": 3}]}"#).unwrap();
        assert_eq!(document.twice, ["q[1].b.c", "q[1].a"]);
    }
}
