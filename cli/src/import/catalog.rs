//! Reads courses from the catalogue JSON (`samples/catalog.schema.json`), row by row, so that a bad row does not stop
//! the others.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared::domain::catalog::check::ROW_BYTES_MAX;
use shared::domain::catalog::draft::{CatalogDraft, CourseDraft, RefusedRow, Warning};
use shared::domain::catalog::faults::course_fault;

use super::drawing::Pen;
use super::fields::{self, CatalogRecord, shown};
use super::json;

/// A parsed course file.
#[derive(Debug)]
pub struct ReadCatalog {
    /// The course, with all rows that could be read.
    pub draft: CatalogDraft,
    /// Rows that are invalid.
    pub refused: Vec<RefusedRow>,
    /// Fields whose names are probably mistyped.
    pub warnings: Vec<Warning>,
    /// Which extra columns are stored, and which are not.
    pub notes: Vec<String>,
}

/// The lists of a course file, whose rows are read one by one.
const LISTS: [&str; 4] = ["exams", "topics", "patterns", "questions"];

/// Reads a course file.
///
/// # Errors
/// When the text is not JSON, or not a course.
pub fn read_catalog(text: &str) -> Result<ReadCatalog> {
    let mut document = json::read(text.trim_start_matches('\u{feff}'), &LISTS)
        .context("not a course file (samples/catalog.schema.json)")?;
    let mut file = match document.value.take() {
        Value::Object(file) => file,
        other => bail!("not a course file (samples/catalog.schema.json): it is {}", shown(&other)),
    };
    let mut names = UnknownMembers::default();
    check_file(&file, &document.twice)?;
    let course = course(file.remove("course"), file.remove("shown_with_question"), &document.twice, &mut names)?;
    names.declared.clone_from(&course.shown_with_question);
    let mut reader = CatalogReader { document: &document, refused: Vec::new(), names };
    let draft = CatalogDraft {
        course,
        exams: reader.rows("exams", "exams", &fields::EXAM, file.get("exams"))?,
        topics: reader.rows("topics", "topics", &fields::TOPIC, file.get("topics"))?,
        patterns: reader.rows("patterns", "question_patterns", &fields::PATTERN, file.get("patterns"))?,
        questions: reader.rows("questions", "questions", &fields::QUESTION, file.get("questions"))?,
    };
    let (warnings, notes) = reader.names.told();
    Ok(ReadCatalog { draft, refused: reader.refused, warnings, notes })
}

/// Refuses unknown lists: a list under a misspelt name would be ignored silently.
fn check_file(file: &Map<String, Value>, twice: &[String]) -> Result<()> {
    if let Some(name) = fields::FILE.others(file).next() {
        match fields::FILE.meant_by(name, &[]) {
            Some(meant) => bail!("unknown field {name:?}: did you mean {meant:?}?"),
            None => bail!("unknown field {name:?}: a course file has course, exams, topics, patterns and questions"),
        }
    }
    if let Some(problem) = fields::FILE.problems(file).into_iter().next() {
        bail!("{problem}");
    }
    if let Some(name) = twice.iter().find(|path| file.contains_key(path.as_str())) {
        bail!("{name} is there twice");
    }
    Ok(())
}

fn course(
    value: Option<Value>,
    shown_with_question: Option<Value>,
    twice: &[String],
    names: &mut UnknownMembers,
) -> Result<CourseDraft> {
    let mut value = value.unwrap_or_default();
    let Value::Object(row) = &mut value else { bail!("course is {}, an object is wanted", shown(&value)) };
    let lost = json::lost_numbers(row, |name| fields::COURSE.has(name));
    fields::COURSE.tidy(row);
    let mut problems = if lost.is_empty() { fields::COURSE.problems(row) } else { lost };
    problems.extend(named_twice("course.", twice));
    ensure!(problems.is_empty(), "course: {}", problems.join("; "));
    let id = row.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    names.look_at("courses", &id, &fields::COURSE, row);
    let mut course: CourseDraft = serde_json::from_value(value).context("course")?;
    // The list may be in the course or next to it.
    let beside: Vec<String> = shown_with_question.map(serde_json::from_value).transpose()?.unwrap_or_default();
    course.shown_with_question.extend(beside);
    if let Some(fault) = course_fault(&course) {
        bail!("course: {fault}");
    }
    Pen::new(&course.macros).context("course")?;
    let bytes = course.name.len() + course.description.as_deref().map_or(0, str::len);
    ensure!(bytes <= ROW_BYTES_MAX, "name and description of the course are more than {ROW_BYTES_MAX} bytes");
    Ok(course)
}

/// The duplicate names below a path.
fn named_twice<'a>(path: &'a str, twice: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let below = twice.iter().filter_map(move |name| name.strip_prefix(path));
    below.map(|name| format!("{} is there twice", name.escape_debug()))
}

/// Reads the lists of a file.
struct CatalogReader<'a> {
    document: &'a json::Document<'a>,
    refused: Vec<RefusedRow>,
    names: UnknownMembers,
}

impl CatalogReader<'_> {
    /// The rows of the list `list`, which belong to the table `table`.
    fn rows<T: DeserializeOwned>(
        &mut self,
        list: &str,
        table: &'static str,
        record: &CatalogRecord,
        value: Option<&Value>,
    ) -> Result<Vec<T>> {
        match value {
            None => return Ok(Vec::new()),
            Some(Value::Array(_)) => {}
            Some(value) => bail!("{list} is {}, a list is wanted", shown(value)),
        }
        let (mut rows, mut index) = (Vec::new(), 0);
        let document = self.document;
        document.each(list, |value| {
            let id = label(&value, index);
            match self.row(&format!("{list}[{index}]."), table, &id, record, value) {
                Ok(row) => rows.push(row),
                Err(reason) => self.refused.push(RefusedRow { table, id, reason }),
            }
            index += 1;
        })?;
        Ok(rows)
    }

    fn row<T: DeserializeOwned>(
        &mut self,
        path: &str,
        table: &'static str,
        id: &str,
        record: &CatalogRecord,
        mut value: Value,
    ) -> Result<T, String> {
        let Value::Object(row) = &mut value else {
            return Err(format!("it is {}, an object is wanted", shown(&value)));
        };
        self.names.look_at(table, id, record, row);
        let lost = json::lost_numbers(row, |name| record.has(name));
        record.tidy(row);
        let mut problems = if lost.is_empty() { record.problems(row) } else { lost };
        problems.extend(named_twice(path, &self.document.twice));
        if problems.is_empty() {
            return serde_json::from_value(value).map_err(|error| error.to_string());
        }
        Err(problems.join("; "))
    }
}

/// A row's name in messages: its id, or its index.
fn label(value: &Value, index: usize) -> String {
    let id = value.get("id").and_then(Value::as_str).filter(|id| !id.trim().is_empty());
    id.map_or_else(|| format!("#{}", index + 1), |id| id.escape_debug().to_string())
}

/// Names of members that are not fields, by table.
#[derive(Default)]
struct UnknownMembers {
    /// Columns of questions that the catalogue names.
    declared: Vec<String>,
    /// Names that are probably mistyped: the intended field, the first row with the name, and the number of other rows.
    meant: BTreeMap<(&'static str, String), (String, String, usize)>,
    extra: BTreeMap<&'static str, Vec<String>>,
}

impl UnknownMembers {
    fn look_at(&mut self, table: &'static str, id: &str, record: &CatalogRecord, row: &Map<String, Value>) {
        for name in record.others(row) {
            self.found(table, id, name, record);
        }
        let Some(Value::Array(options)) = row.get("options") else { return };
        for option in options.iter().filter_map(Value::as_object) {
            for name in fields::OPTION.others(option) {
                self.found("question_options", id, name, &fields::OPTION);
            }
        }
    }

    fn found(&mut self, table: &'static str, id: &str, name: &str, record: &CatalogRecord) {
        let shown = name.escape_debug().to_string();
        let declared = if table == "questions" { self.declared.as_slice() } else { &[] };
        if let Some(meant) = record.meant_by(name, declared) {
            let more = |(_, _, more): &mut (String, String, usize)| *more += 1;
            let first = (meant.to_owned(), id.to_owned(), 0);
            self.meant.entry((table, shown)).and_modify(more).or_insert(first);
        } else {
            let extra = self.extra.entry(table).or_default();
            if !extra.contains(&shown) {
                extra.push(shown);
            }
        }
    }

    /// A warning for each mistyped name, and one note per table for the other names.
    fn told(self) -> (Vec<Warning>, Vec<String>) {
        let warning = |((table, name), (meant, id, more)): ((&'static str, String), (String, String, usize))| {
            let and_more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
            Warning { table, id, text: format!("unknown field {name:?}: did you mean {meant:?}?{and_more}") }
        };
        let note = |(table, names): (&str, Vec<String>)| {
            let fate = if matches!(table, "courses" | "question_options") { "left out" } else { "kept" };
            format!("{table}: extra columns {fate}: {}", names.join(", "))
        };
        (self.meant.into_iter().map(warning).collect(), self.extra.into_iter().map(note).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_row_is_named_and_stops_nothing() {
        let text = r#"{
            "course": {"id": "c", "name": "C"},
            "topics": [{"id": "t", "name": "T", "category": "K"}, {"id": "t2", "name": 5, "category": "K"}, {}, 7],
            "questions": []
        }"#;
        let read = read_catalog(text).unwrap();
        assert_eq!(read.draft.topics.len(), 1);
        let refused: Vec<_> = read.refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            refused,
            [
                "topics t2: name is 5, a text is wanted",
                "topics #3: id is missing; name is missing; category is missing",
                "topics #4: it is 7, an object is wanted",
            ]
        );
    }

    #[test]
    fn a_file_without_a_course_is_an_error() {
        for (text, message) in [
            ("", "not a course file (samples/catalog.schema.json): EOF while parsing a value at line 1 column 0"),
            ("[]", "not a course file (samples/catalog.schema.json): it is a list"),
            ("{}", "course is missing"),
            (r#"{"course": 5, "topics": [], "questions": []}"#, "course is 5, an object is wanted"),
            (r#"{"course": {"id": "c"}, "topics": [], "questions": []}"#, "course: name is missing"),
            (
                r#"{"course": {"id": "a#b", "name": "C"}, "topics": [], "questions": []}"#,
                "course: id \"a#b\" must be 1 to 128 bytes without control characters or '#'",
            ),
            (
                r#"{"course": {"id": "c", "name": "C"}, "topics": {}, "questions": []}"#,
                "topics is an object, a list is wanted",
            ),
            (
                r#"{"course": {"id": "c", "name": "C"}, "topics": [], "question": []}"#,
                "unknown field \"question\": did you mean \"questions\"?",
            ),
            (
                r#"{"course": {"id": "c", "name": "C"}, "topics": [], "questions": [], "users": []}"#,
                "unknown field \"users\": a course file has course, exams, topics, patterns and questions",
            ),
            (
                r#"{"course": {"id": "c", "name": "C", "name": "D"}, "topics": [], "questions": []}"#,
                "course: name is there twice",
            ),
            (
                r#"{"course": {"id": "c", "name": "C"}, "topics": [], "topics": [], "questions": []}"#,
                "topics is there twice",
            ),
            (
                r#"{"course": {"id": "c", "name": "$\log x$"}, "topics": [], "questions": []}"#,
                r#"course: name has "\log", which is no escape in JSON; write "\\log""#,
            ),
        ] {
            assert_eq!(format!("{:#}", read_catalog(text).unwrap_err()), message, "{text}");
        }
    }
}
