//! A tolerant JSON reader. It reports a backslash that begins no escape with its field, and a duplicate name in an
//! object. Other JSON readers stop at the first and silently keep the last of the second.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

use anyhow::{Result, bail};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use shared::domain::catalog::slips::NO_ESCAPE;

/// First character of a text that replaces a number which cannot be represented exactly.
const LOST_NUMBER: char = '\u{1}';

/// A parsed JSON text.
pub(super) struct Document<'a> {
    /// The value without the elements of its lists. In texts, [`NO_ESCAPE`] replaces a backslash that began no escape.
    pub(super) value: Value,
    /// Paths of duplicate names, such as `questions[3].answer`.
    pub(super) twice: Vec<String>,
    text: Cow<'a, str>,
}

/// Parses a JSON text. The elements of these lists of the outermost object are left out: [`Document::each`] reads them one by one,
/// because a list of values takes many times as much memory as its text.
///
/// # Errors
/// When it is not valid JSON.
pub(super) fn read<'a>(text: &'a str, lists: &[&str]) -> Result<Document<'a>> {
    let repaired = repaired(text);
    let twice = RefCell::new(Vec::new());
    let mut deserializer = serde_json::Deserializer::from_str(&repaired.text);
    let seed = Seed { path: String::new(), twice: &twice, lists, is_kept: true };
    match seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value)) {
        Ok(value) => Ok(Document { value, twice: twice.into_inner(), text: repaired.text }),
        // Columns in the repaired text differ from those in the file, so the error names the first repair instead.
        Err(error) => match repaired.first {
            Some(first) => bail!("{first}; and {error}"),
            None => Err(error.into()),
        },
    }
}

impl Document<'_> {
    /// Reads the elements of a list of the outermost object.
    ///
    /// # Errors
    /// When it is not valid JSON, which [`read`] refused already.
    pub(super) fn each(&self, list: &str, read: impl FnMut(Value)) -> Result<()> {
        Ok(serde_json::Deserializer::from_str(&self.text).deserialize_any(Elements { list, read })?)
    }
}

/// Finds a list in an object, and reads its elements.
struct Elements<'a, F> {
    list: &'a str,
    read: F,
}

impl<'de, F: FnMut(Value)> Visitor<'de> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        while let Some(name) = members.next_key::<String>()? {
            if name == self.list {
                members.next_value_seed(EachElement(&mut self.read))?;
            } else {
                let IgnoredAny = members.next_value()?;
            }
        }
        Ok(())
    }
}

struct EachElement<'a, F>(&'a mut F);

impl<'de, F: FnMut(Value)> DeserializeSeed<'de> for EachElement<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Value)> Visitor<'de> for EachElement<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(value) = elements.next_element()? {
            (self.0)(value);
        }
        Ok(())
    }
}

/// A text in which every backslash begins an escape, and every number can be represented. Other numbers are replaced by
/// a text that begins with [`LOST_NUMBER`].
struct Repaired<'a> {
    text: Cow<'a, str>,
    /// The first repair, with its position.
    first: Option<String>,
}

/// Replaces backslashes that begin no escape by [`NO_ESCAPE`].
fn repaired(text: &str) -> Repaired<'_> {
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
    // Nothing was replaced in most texts: only one is kept then.
    let text = if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) };
    Repaired { text, first }
}

/// Whether a number is kept with all its digits.
fn is_kept(number: &str) -> bool {
    let Ok(double) = number.parse::<f64>() else {
        // Not a number: the JSON reader reports it with its position.
        return true;
    };
    let is_whole = !number.contains(['.', 'e', 'E']);
    let is_integer = || is_whole && (number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok());
    // A double prints as the shortest decimal that is read as itself, or with all its digits.
    let is_same = || {
        let digits = significant(number);
        [format!("{double:e}"), format!("{double:.0}")].iter().any(|text| significant(text) == digits)
    };
    double.is_finite() && (is_integer() || is_same())
}

/// The sign, significant digits and exponent of a decimal number. Two texts of one number have the same.
fn significant(number: &str) -> (bool, String, i64) {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |mantissa| (true, mantissa));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = [whole, fraction].concat();
    let digits = all.trim_start_matches('0');
    if digits.is_empty() {
        return (sign, String::new(), 0);
    }
    let zeros = i64::try_from(all.len() - digits.len()).unwrap_or(i64::MAX);
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX);
    let exponent = exponent.trim_start_matches('+').parse().unwrap_or(i64::MAX);
    (sign, digits.trim_end_matches('0').to_owned(), point.saturating_sub(zeros).saturating_add(exponent))
}

/// The errors for numbers in `row` that were not kept, each with its path. A field must be a number, so a text is no
/// remedy there; `is_field` tells fields from extra columns.
pub(super) fn lost_numbers(row: &Map<String, Value>, is_field: impl Fn(&str) -> bool) -> Vec<String> {
    row.iter().flat_map(|(name, value)| lost_in(name, value, is_field(name))).collect()
}

fn lost_in(name: &str, value: &Value, is_field: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(name.to_owned(), value)];
    while let Some((path, value)) = open.pop() {
        match value {
            Value::String(text) => {
                let Some(number) = text.strip_prefix(LOST_NUMBER) else { continue };
                let path = path.escape_debug();
                found.push(match (why_lost(number), is_field) {
                    (Lost::Large, true) => format!("{path}: the number {number} is too large"),
                    (Lost::Small, true) => format!("{path}: the number {number} is too close to 0; write 0"),
                    (Lost::Digits, true) => {
                        format!("{path}: the number {number} has more digits than are kept; write at most 15")
                    }
                    (Lost::Large, false) => format!("{path}: the number {number} is too large; write it as text"),
                    (Lost::Small, false) => {
                        format!("{path}: the number {number} is too close to 0; write it as text, or write 0")
                    }
                    (Lost::Digits, false) => {
                        format!("{path}: the number {number} has more digits than are kept; write it as text")
                    }
                });
            }
            Value::Array(values) => {
                open.extend(values.iter().enumerate().rev().map(|(index, value)| (format!("{path}[{index}]"), value)));
            }
            Value::Object(map) => {
                open.extend(map.iter().rev().map(|(name, value)| (format!("{path}.{name}"), value)));
            }
            _ => {}
        }
    }
    found
}

/// Why a number is not kept.
enum Lost {
    Large,
    Small,
    Digits,
}

fn why_lost(number: &str) -> Lost {
    match number.parse::<f64>() {
        Ok(double) if double.is_infinite() => Lost::Large,
        Ok(0.0) => Lost::Small,
        _ => Lost::Digits,
    }
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
    /// Lists of the outermost object whose elements are left out.
    lists: &'a [&'a str],
    /// Whether elements and members are kept.
    is_kept: bool,
}

impl Seed<'_> {
    fn below(&self, path: String) -> Self {
        let is_kept = self.is_kept && !(self.path.is_empty() && self.lists.contains(&path.as_str()));
        Self { path, twice: self.twice, lists: self.lists, is_kept }
    }
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
        let (mut values, mut count) = (Vec::new(), 0);
        while let Some(value) = elements.next_element_seed(self.below(format!("{}[{count}]", self.path)))? {
            count += 1;
            if self.is_kept {
                values.push(value);
            }
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let (mut map, mut names) = (Map::new(), HashSet::new());
        while let Some(name) = members.next_key::<String>()? {
            let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            if names.contains(&name) {
                self.twice.borrow_mut().push(path.clone());
            }
            let value = members.next_value_seed(self.below(path))?;
            names.insert(name.clone());
            if self.is_kept {
                map.insert(name, value);
            }
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
    fn elements_of_named_lists_are_read_one_by_one() {
        let text = r#"{"q": [{"a": 1, "a": 2}, 3], "t": ["$\log x$", 1e400], "r": {"q": [4]}, "n": 5}"#;
        let document = read(text, &["q", "t", "n"]).unwrap();
        assert_eq!(document.value, json!({"q": [], "t": [], "r": {"q": [4]}, "n": 5}));
        assert_eq!(document.twice, ["q[0].a"]);
        let each = |list| {
            let mut values = Vec::new();
            document.each(list, |value| values.push(value)).unwrap();
            values
        };
        assert_eq!(each("q"), [json!({"a": 2}), json!(3)]);
        assert_eq!(each("t"), [json!("$\u{0}\\log x$"), json!("\u{1}1e400")]);
        assert!(each("none").is_empty());
    }

    #[test]
    fn json_is_read_as_it_is() {
        let text = r#"{"a": [1, -2, 0.1, 1e3, true, null, "\"\\\/\b\f\n\r\té\u00e9\ud83d\ude00"], "b": {}}"#;
        let document = read(text, &[]).unwrap();
        assert_eq!(document.value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(document.twice, Vec::<String>::new());
    }

    #[test]
    fn a_backslash_before_no_escape_is_marked_where_it_stands() {
        let document = read(r#"{"a": "$\log x \\log \u0041 \underline{y} \{1\}$"}"#, &[]).unwrap();
        let expected = "$\0\\log x \\log A \0\\underline{y} \0\\{1\0\\}$";
        assert_eq!(document.value, json!({"a": expected}));
        assert!(has_no_escape(expected));
    }

    #[test]
    fn invalid_json_is_reported_with_its_position() {
        let said = |text| format!("{:#}", read(text, &[]).err().unwrap());
        assert_eq!(said("{\"a\": 1,\n \"b\" 2}"), "expected `:` at line 2 column 6");
        let both = "\"\\log\" at line 1 column 8 is no escape in JSON; write \"\\\\log\"; and ";
        assert!(said("{\"a\": \"\\log\",\n \"b\" 2}").starts_with(both), "{}", said("{\"a\": \"\\log\",\n \"b\" 2}"));
        assert!(said("{} x").contains("trailing characters"));
    }

    fn lost(json: &str) -> Vec<String> {
        let value = read(json, &[]).unwrap().value;
        lost_numbers(value.as_object().unwrap(), |name| name.starts_with("our_"))
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
            (
                r#"{"a": 0.1, "b": 2.50, "c": 1.5E+3, "d": 0.30000000000000004, "e": 5e-324, "f": 0e-400, "g": 1e21}"#,
                vec![],
            ),
            (r#"{"a": 9.007199254740992e15, "b": 1.7976931348623157e308, "c": 100000000000000000000000.0}"#, vec![]),
            // 2^70 is a double; the next integer is not.
            (
                r#"{"a": 1180591620717411303424, "b": 1180591620717411303425}"#,
                vec!["b: the number 1180591620717411303425 has more digits than are kept"],
            ),
            (
                r#"{"a": 0.12345678901234567890123, "c": 123456789012345678901.0}"#,
                vec![
                    "a: the number 0.12345678901234567890123 has more digits than are kept",
                    "c: the number 123456789012345678901.0 has more digits than are kept",
                ],
            ),
            (r#"{"a": "123456789012345678901", "b\"123456789012345678901": "\\", "c": 7}"#, vec![]),
        ] {
            let found: Vec<String> = found.iter().map(|text| format!("{text}; write it as text")).collect();
            assert_eq!(lost(json), found, "{json}");
        }
        assert!(read("{\"a\": 1-2}", &[]).is_err() && read("{\"a\": -}", &[]).is_err());
    }

    #[test]
    fn a_number_of_a_field_must_stay_a_number() {
        for (number, said) in [
            ("1e-400", "is too close to 0; write 0"),
            ("-1e-400", "is too close to 0; write 0"),
            ("1e400", "is too large"),
            ("3.14159265358979323846", "has more digits than are kept; write at most 15"),
        ] {
            let expected = [format!("our_points: the number {number} {said}")];
            assert_eq!(lost(&format!("{{\"our_points\": {number}}}")), expected);
        }
        let small = "theirs: the number 1e-400 is too close to 0; write it as text, or write 0";
        assert_eq!(lost("{\"theirs\": 1e-400}"), [small]);
    }

    #[test]
    fn duplicate_names_are_recorded() {
        let document = read(r#"{"q": [{"a": 1}, {"a": 1, "b": {"c": 1, "c": 2}, "a": 3}]}"#, &[]).unwrap();
        assert_eq!(document.twice, ["q[1].b.c", "q[1].a"]);
    }
}
