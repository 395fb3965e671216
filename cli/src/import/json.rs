//! JSON as people write it: a backslash before what is no escape is told by the field it stands in, and a name that an
//! object has twice is told too, where a JSON reader gives up or takes the last one in silence.

use std::cell::RefCell;
use std::fmt;

use anyhow::{Result, bail};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use shared::domain::catalog::slips::NO_ESCAPE;

/// A JSON text as it was read.
pub(super) struct Document {
    /// Its value. Where a backslash was before no escape, a text has [`NO_ESCAPE`].
    pub(super) value: Value,
    /// Paths of names that their object has more than once, such as `questions[3].answer`.
    pub(super) twice: Vec<String>,
}

/// Reads a JSON text.
///
/// # Errors
/// When it is no JSON.
pub(super) fn read(text: &str) -> Result<Document> {
    let repaired = repaired(text);
    let twice = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_str(&repaired.text);
    let seed = Seed { path: String::new(), twice: &twice };
    match seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(Document { value, twice: twice.into_inner() }),
        // Columns of a repaired text are not those of the file: what was repaired is told instead.
        Err(error) => match repaired.first {
            Some(first) => bail!("{first}; and {error}"),
            None => Err(error.into()),
        },
    }
}

/// A text in which every backslash begins an escape.
struct Repaired {
    text: String,
    /// What the first repair was, with its place.
    first: Option<String>,
}

/// The text with [`NO_ESCAPE`] in place of backslashes that begin no escape.
fn repaired(text: &str) -> Repaired {
    let mut out = String::with_capacity(text.len());
    let mut first = None;
    let mut in_string = false;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
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

fn no_escape(text: &str, at: usize) -> String {
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let after = &text[at + 1..];
    let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
    let command = if letters == 0 { after.chars().take(1).collect() } else { after[..letters].to_owned() };
    let command = command.escape_debug();
    format!("\"\\{command}\" at line {line} column {column} is no escape in JSON; write \"\\\\{command}\"")
}

/// Reads a value and notes names that are there twice.
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
    fn what_is_no_json_is_told_with_its_place() {
        let said = |text| format!("{:#}", read(text).err().unwrap());
        assert_eq!(said("{\"a\": 1,\n \"b\" 2}"), "expected `:` at line 2 column 6");
        let both = "\"\\log\" at line 1 column 8 is no escape in JSON; write \"\\\\log\"; and ";
        assert!(said("{\"a\": \"\\log\",\n \"b\" 2}").starts_with(both), "{}", said("{\"a\": \"\\log\",\n \"b\" 2}"));
        assert!(said("{} x").contains("trailing characters"));
    }

    #[test]
    fn names_that_are_there_twice_are_noted() {
        let document = read(r#"{"q": [{"a": 1}, {"a": 1, "b": {"c": 1, "c": 2}, "a": 3}]}"#).unwrap();
        assert_eq!(document.twice, ["q[1].b.c", "q[1].a"]);
    }
}
