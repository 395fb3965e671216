//! What a catalogue file has beside its questions: the columns of its rows, its topics, patterns and macros.

use std::collections::HashMap;

use anyhow::Result;
use formats::{Format, Place, Remark};
use serde_json::{Map, Value, json};

use super::merge::{Merger, PROVENANCE, slug, text, unique};
use super::report::FileReport;
use crate::import::catalog::read_catalog;

/// Columns of a question that name something else, whose id may be another one in this course.
const REFERENCES: [&str; 7] = ["id", "exam_id", "topic_id", "topic_name", "course_id", "pattern_id", PROVENANCE];

/// The rows of a catalogue file; `None` if the file is in another format.
///
/// # Errors
/// When the file is no course, or a list in it has a wrong name.
pub(super) fn document(format: Format, bytes: &[u8]) -> Result<Option<Value>> {
    if format != Format::Catalogue {
        return Ok(None);
    }
    let decoded = formats::decode(bytes)?;
    let source = decoded.text.trim_start_matches('\u{feff}');
    // Rows that are refused are named when the course is stored.
    read_catalog(source)?;
    Ok(Some(serde_json::from_str(source)?))
}

fn rows<'a>(document: &'a Value, list: &str) -> impl Iterator<Item = &'a Map<String, Value>> {
    document[list].as_array().into_iter().flatten().filter_map(Value::as_object)
}

impl Merger {
    /// Adds the topics, patterns and macros of a catalogue file. Returns the columns of its questions.
    pub(super) fn rows_of(&mut self, document: &Value, report: &mut FileReport) -> Vec<Map<String, Value>> {
        self.take_course(document, report);
        let topics: HashMap<&str, String> = rows(document, "topics")
            .map(|row| {
                let known = self.topic_id(text(row, "name"), text(row, "category"));
                (text(row, "id"), known.unwrap_or_else(|| self.add_topic(row.clone())))
            })
            .collect();
        let patterns: HashMap<&str, String> = rows(document, "patterns")
            .filter_map(|row| Some((text(row, "id"), self.pattern(row, topics.get(text(row, "topic_id"))?))))
            .collect();
        let question = |row: &Map<String, Value>| {
            let mut columns = row.clone();
            columns.retain(|name, value| {
                let is_default = name == "is_generated" && *value == Value::Bool(false);
                !is_default && !REFERENCES.contains(&name.as_str())
            });
            // As they are stored: `2` is `2.0`.
            for name in ["source_points", "estimated_time"] {
                if let Some(value) = columns.get_mut(name)
                    && let Some(number) = value.as_f64()
                {
                    *value = json!(number);
                }
            }
            if let Some(pattern) = patterns.get(text(row, "pattern_id")) {
                columns.insert("pattern_id".to_owned(), json!(pattern));
            }
            columns
        };
        rows(document, "questions").map(question).collect()
    }

    /// A new course is described as the file describes its own. An old one gets the macros that it does not have.
    fn take_course(&mut self, document: &Value, report: &mut FileReport) {
        let Some(course) = document["course"].as_object() else { return };
        if self.is_new {
            for (name, value) in course.iter().filter(|(name, _)| *name != "id") {
                let is_named = name == "name" && self.course["name"] != self.course["id"];
                if !is_named {
                    self.course[name] = value.clone();
                }
            }
            self.is_new = false;
            return;
        }
        for (name, body) in course.get("macros").and_then(Value::as_object).into_iter().flatten() {
            let known = &mut self.course["macros"][name];
            if known.is_null() {
                *known = body.clone();
            } else if known != body {
                let text = format!("the course has another macro {name}, which its formulas use. The file has {body}");
                let place = Place { file: report.file.clone(), ..Place::default() };
                report.warnings.push(Remark { place, text });
            }
        }
    }

    /// The id of a pattern of this name and topic, which is added if it is new.
    fn pattern(&mut self, row: &Map<String, Value>, topic: &str) -> String {
        let is_same = |known: &Map<String, Value>| {
            text(known, "topic_id") == topic && text(known, "name").trim() == text(row, "name").trim()
        };
        if let Some(known) = self.patterns.iter().find(|known| is_same(known)) {
            return text(known, "id").to_owned();
        }
        let named = [text(row, "id").to_owned(), slug(text(row, "name")), "pattern".to_owned()];
        let base = named.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
        let id = unique(&base, |id| self.patterns.iter().any(|pattern| text(pattern, "id") == id));
        let mut row = row.clone();
        row.insert("id".to_owned(), json!(id));
        row.insert("topic_id".to_owned(), json!(topic));
        // Its question has another id in this course.
        row.remove("example_question_id");
        self.patterns.push(row);
        id
    }
}
