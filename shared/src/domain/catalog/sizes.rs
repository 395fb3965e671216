//! What is too large to be stored or answered, named by its field, its size and the limit.

use serde_json::Value;

use super::check::{QUESTION_BYTES_MAX, ROW_BYTES_MAX};
use crate::domain::catalog::ExtraColumns;
use crate::domain::catalog::draft::QuestionDraft;

/// Topics of a course: of so many, a student's work in each is below what an item holds.
pub const TOPICS_MAX: usize = 2_000;
/// Numbers of the table of topics by exams in an analysis: of so many, an analysis is below what a function answers.
pub const TOPICS_BY_EXAMS_MAX: usize = 400_000;
/// Levels of lists and maps in one column. Readers of JSON stop at 128.
const LEVELS_MAX: usize = 100;

/// What is too large of a row with these texts.
pub(super) fn of_row(fields: &[(&str, usize)], extra: &ExtraColumns) -> Option<String> {
    too_large(fields, extra, ROW_BYTES_MAX, "a row").or_else(|| levels(extra))
}

/// What is too large of a question.
pub(super) fn of_question(question: &QuestionDraft) -> Option<String> {
    let sum = |texts: &[String]| texts.iter().map(String::len).sum();
    let small = [
        ("techniques", sum(&question.techniques)),
        ("difficulty_reason", question.difficulty_reason.as_deref().map_or(0, str::len)),
    ];
    let texts = [
        ("question_text", question.question_text.len()),
        ("solution_steps", sum(&question.solution_steps)),
        ("answer", question.answer.len()),
        ("options", question.options.iter().map(|option| option.text.len()).sum()),
    ];
    let none = ExtraColumns::default();
    too_large(&small, &none, ROW_BYTES_MAX, "techniques and reason")
        .or_else(|| too_large(&texts, &question.extra, QUESTION_BYTES_MAX, "a question"))
        .or_else(|| levels(&question.extra))
}

/// Whether a course has as many topics as it may.
pub(super) fn of_topics(topics: usize) -> Option<String> {
    (topics >= TOPICS_MAX).then(|| format!("a course has at most {TOPICS_MAX} topics"))
}

/// Whether a course with so many topics has as many exams as it may.
pub(super) fn of_exams(topics: usize, exams: usize) -> Option<String> {
    let most = TOPICS_BY_EXAMS_MAX / topics.max(1);
    (exams >= most).then(|| format!("a course with {topics} topics has at most {most} exams"))
}

fn too_large(fields: &[(&str, usize)], extra: &ExtraColumns, limit: usize, whole: &str) -> Option<String> {
    let extra = extra.iter().map(|(name, value)| (name.as_str(), name.len() + value.to_string().len()));
    let all: Vec<(&str, usize)> = fields.iter().copied().chain(extra).collect();
    let bytes: usize = all.iter().map(|(_, bytes)| bytes).sum();
    let (name, largest) = *all.iter().max_by_key(|(_, bytes)| *bytes)?;
    (bytes > limit).then(|| {
        format!("{name} has {largest} bytes; with it there are {bytes} bytes of text, and {whole} has at most {limit}")
    })
}

/// Columns that no item holds for how they are nested, or for a name.
fn levels(extra: &ExtraColumns) -> Option<String> {
    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
            Value::Object(values) => 1 + values.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    let deep = extra.iter().find(|(_, value)| depth(value) > LEVELS_MAX);
    let deep =
        deep.map(|(name, value)| format!("{name} has {} levels; a column has at most {LEVELS_MAX}", depth(value)));
    deep.or_else(|| extra.keys().any(String::is_empty).then(|| "a column has no name".to_owned()))
}
