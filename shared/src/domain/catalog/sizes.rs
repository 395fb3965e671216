//! Size limits for storage and responses. An error names the field, its size and the limit.

use serde_json::Value;

use super::check::{QUESTION_BYTES_MAX, ROW_BYTES_MAX};
use crate::domain::catalog::ExtraColumns;
use crate::domain::catalog::draft::QuestionDraft;

/// Maximum number of topics per course. It keeps a student's state of all topics below the size limit of an item.
pub const TOPICS_MAX: usize = 2_000;
/// Maximum number of cells in an analysis's table of topics by exams. It keeps the analysis below the size limit of a
/// Lambda response.
pub const TOPICS_BY_EXAMS_MAX: usize = 400_000;
/// Maximum nesting of lists and maps in one column. JSON readers stop at 128.
const LEVELS_MAX: usize = 100;

/// The size limit that a row with these texts exceeds, if any.
pub(super) fn of_row(fields: &[(&str, usize)], extra: &ExtraColumns) -> Option<String> {
    too_large(fields, extra, ROW_BYTES_MAX, "a row").or_else(|| levels(extra))
}

/// The size limit that a question exceeds, if any.
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
        (
            "options",
            question
                .options
                .iter()
                .map(|option| option.text.len() + option.feedback.as_ref().map_or(0, String::len))
                .sum(),
        ),
    ];
    let none = ExtraColumns::default();
    too_large(&small, &none, ROW_BYTES_MAX, "techniques and reason")
        .or_else(|| too_large(&texts, &question.extra, QUESTION_BYTES_MAX, "a question"))
        .or_else(|| levels(&question.extra))
}

/// The error for too many topics in a course, if any.
pub(super) fn of_topics(topics: usize) -> Option<String> {
    (topics >= TOPICS_MAX).then(|| format!("a course has at most {TOPICS_MAX} topics"))
}

/// The error for too many exams in a course with this number of topics, if any.
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

/// The error for extra columns that an item cannot hold because of their nesting or name, if any.
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
