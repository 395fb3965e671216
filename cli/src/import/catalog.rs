//! Courses in our own JSON (`samples/catalog.schema.json`), read row by row so that a bad one stops nothing.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::domain::catalog::check::ROW_BYTES_MAX;
use shared::domain::catalog::draft::{CatalogDraft, CourseDraft, RefusedRow};

/// A course file, its rows not looked at yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "$schema", default)]
    _schema: Option<String>,
    course: CourseDraft,
    #[serde(default)]
    exams: Vec<Box<RawValue>>,
    topics: Vec<Box<RawValue>>,
    #[serde(default)]
    patterns: Vec<Box<RawValue>>,
    questions: Vec<Box<RawValue>>,
}

/// The course of a file, and the rows that are not what they should be.
///
/// # Errors
/// When the text is not JSON, or not of a course at all.
pub fn read_catalog(text: &str) -> Result<(CatalogDraft, Vec<RefusedRow>)> {
    let file: File = serde_json::from_str(text.trim_start_matches('\u{feff}'))
        .context("not a course file (samples/catalog.schema.json)")?;
    let course_bytes = file.course.name.len() + file.course.description.as_deref().map_or(0, str::len);
    anyhow::ensure!(
        course_bytes <= ROW_BYTES_MAX,
        "name and description of the course are more than {ROW_BYTES_MAX} bytes"
    );
    let mut refused = Vec::new();
    let catalog = CatalogDraft {
        course: file.course,
        exams: rows("exams", file.exams, &mut refused),
        topics: rows("topics", file.topics, &mut refused),
        patterns: rows("question_patterns", file.patterns, &mut refused),
        questions: rows("questions", file.questions, &mut refused),
    };
    Ok((catalog, refused))
}

fn rows<T: DeserializeOwned>(table: &'static str, texts: Vec<Box<RawValue>>, refused: &mut Vec<RefusedRow>) -> Vec<T> {
    let mut rows = Vec::with_capacity(texts.len());
    for (index, text) in texts.into_iter().enumerate() {
        match row(text.get()) {
            Ok(row) => rows.push(row),
            Err(reason) => {
                let id = serde_json::from_str(text.get()).map_or_else(|_| format!("#{}", index + 1), |Named { id }| id);
                refused.push(RefusedRow { table, id, reason });
            }
        }
    }
    rows
}

/// As much of a row as names it.
#[derive(Deserialize)]
struct Named {
    id: String,
}

fn row<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if let Some(number) = long_integer(text) {
        return Err(format!("the whole number {number} has more digits than are kept: write it as text"));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// A whole number of a JSON text that would be rounded: it fits neither 64 bits nor a double. With a fraction or an
/// exponent, a number means the double that is nearest.
fn long_integer(json: &str) -> Option<&str> {
    let mut rest = json;
    while let Some(start) = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit()) {
        rest = &rest[start..];
        if rest.starts_with('"') {
            rest = after_text(rest);
            continue;
        }
        let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        rest = after;
        let is_whole = !number.contains(['.', 'e', 'E']);
        let is_kept = || {
            number.parse::<i64>().is_ok()
                || number.parse::<u64>().is_ok()
                || number
                    .parse::<f64>()
                    .is_ok_and(|double| [double.to_string(), format!("{double:.0}")].contains(&number.to_owned()))
        };
        if is_whole && !is_kept() {
            return Some(number);
        }
    }
    None
}

/// What follows the text literal that `json` begins with.
fn after_text(json: &str) -> &str {
    let mut is_escaped = false;
    for (place, byte) in json.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return &json[place + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_row_is_named_and_stops_nothing() {
        let text = r#"{
            "course": {"id": "c", "name": "C"},
            "topics": [{"id": "t", "name": "T", "category": "K"}, {"id": "t2", "name": 5, "category": "K"}, {}],
            "questions": []
        }"#;
        let (catalog, refused) = read_catalog(text).unwrap();
        assert_eq!(catalog.topics.len(), 1);
        let named: Vec<_> = refused.iter().map(|row| (row.table, row.id.as_str())).collect();
        assert_eq!(named, [("topics", "t2"), ("topics", "#3")]);
        assert!(refused[1].reason.contains("missing field `id`"), "{}", refused[1].reason);
    }

    #[test]
    fn whole_numbers_that_would_be_rounded_are_found() {
        for (json, found) in [
            (r#"{"a": 123456789012345678901}"#, Some("123456789012345678901")),
            (r#"{"a": [1, -123456789012345678901, 2]}"#, Some("-123456789012345678901")),
            (r#"{"a": 18446744073709551615, "b": -9223372036854775808}"#, None),
            // 2^70 is a double.
            (r#"{"a": 1180591620717411303424, "b": 1180591620717411303425}"#, Some("1180591620717411303425")),
            (r#"{"a": 0.12345678901234567890123, "b": 1e400, "c": 123456789012345678901.0}"#, None),
            (r#"{"a": "123456789012345678901", "b\"123456789012345678901": "\\", "c": 7}"#, None),
        ] {
            assert_eq!(long_integer(json), found, "{json}");
        }
    }

    #[test]
    fn what_is_no_course_is_an_error() {
        for text in ["", "[]", "{}", r#"{"course": {"id": "a#b", "name": "C"}, "topics": [], "questions": []}"#] {
            assert!(read_catalog(text).is_err(), "{text}");
        }
    }
}
