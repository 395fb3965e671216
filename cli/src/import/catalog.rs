//! Courses in our own JSON (`samples/catalog.schema.json`), read row by row so that a bad one stops nothing.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
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
    exams: Vec<Value>,
    topics: Vec<Value>,
    #[serde(default)]
    patterns: Vec<Value>,
    questions: Vec<Value>,
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

fn rows<T: DeserializeOwned>(table: &'static str, values: Vec<Value>, refused: &mut Vec<RefusedRow>) -> Vec<T> {
    let mut rows = Vec::with_capacity(values.len());
    for (index, value) in values.into_iter().enumerate() {
        let id = value.get("id").and_then(Value::as_str).map_or_else(|| format!("#{}", index + 1), str::to_owned);
        match serde_json::from_value(value) {
            Ok(row) => rows.push(row),
            Err(error) => refused.push(RefusedRow { table, id, reason: error.to_string() }),
        }
    }
    rows
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
    fn what_is_no_course_is_an_error() {
        for text in ["", "[]", "{}", r#"{"course": {"id": "a#b", "name": "C"}, "topics": [], "questions": []}"#] {
            assert!(read_catalog(text).is_err(), "{text}");
        }
    }
}
