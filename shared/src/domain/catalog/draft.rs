//! A course as handed in by an operator, before derived columns are filled in (`domain::derive`). It has the shape of
//! the catalogue JSON (`samples/catalog.schema.json`); an import of a D1 dump builds the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use crate::domain::catalog::{ExtraColumns, QuestionOption};
use crate::domain::id::{CourseId, ExamId, PatternId, QuestionId, TopicId};

/// A whole course.
#[derive(Debug, Clone)]
pub struct CatalogDraft {
    pub course: CourseDraft,
    /// Past exams.
    pub exams: Vec<ExamDraft>,
    pub topics: Vec<TopicDraft>,
    pub patterns: Vec<PatternDraft>,
    pub questions: Vec<QuestionDraft>,
}

/// A course row.
#[derive(Debug, Clone, Deserialize)]
pub struct CourseDraft {
    pub id: CourseId,
    /// Display name.
    pub name: String,
    /// One sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Number of exams, if the source counts them.
    #[serde(default)]
    pub exam_count: Option<u32>,
    /// Whether the course is visible to students.
    #[serde(default = "yes")]
    pub is_active: bool,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Extra columns of questions that are shown with the question, not only with its solution.
    #[serde(default)]
    pub shown_with_question: Vec<String>,
    /// LaTeX macros of the course's formulas, by name, such as `\R`.
    #[serde(default)]
    pub macros: BTreeMap<String, String>,
}

/// An exam row.
#[derive(Debug, Clone, Deserialize)]
pub struct ExamDraft {
    pub id: ExamId,
    /// Calendar year.
    pub year: i32,
    /// For example `fall`.
    #[serde(default)]
    pub semester: Option<String>,
    /// For example `final`.
    pub exam_type: String,
    /// Points of the whole exam.
    #[serde(default)]
    pub total_points: Option<f64>,
    /// Epoch seconds; an ISO date in the file.
    #[serde(default, deserialize_with = "date_or_seconds")]
    pub exam_date: Option<i64>,
    /// Epoch seconds; an ISO date in the file.
    #[serde(default, deserialize_with = "date_or_seconds")]
    pub upload_date: Option<i64>,
    /// Whether the exam's questions are imported.
    #[serde(default = "yes")]
    pub processed: bool,
    /// Extra columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

/// A topic row.
#[derive(Debug, Clone, Deserialize)]
pub struct TopicDraft {
    pub id: TopicId,
    /// Display name.
    pub name: String,
    /// Used in URLs; made from the name when missing.
    #[serde(default)]
    pub slug: Option<String>,
    /// Name of a group of topics.
    pub category: String,
    /// 1 to 5.
    #[serde(default)]
    pub difficulty: Option<u8>,
    /// Derived when missing.
    #[serde(default)]
    pub frequency_score: Option<f64>,
    /// Derived when missing.
    #[serde(default)]
    pub avg_points: Option<f64>,
    /// Derived when missing.
    #[serde(default)]
    pub total_appearances: Option<u32>,
    /// Extra columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

/// A pattern row.
#[derive(Debug, Clone, Deserialize)]
pub struct PatternDraft {
    pub id: PatternId,
    pub topic_id: TopicId,
    /// Display name.
    pub name: String,
    /// Techniques that solve it.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// General form, in LaTeX.
    #[serde(default)]
    pub canonical_form: Option<String>,
    /// Derived when missing.
    #[serde(default)]
    pub appearance_count: Option<u32>,
    /// Derived when missing.
    #[serde(default)]
    pub appearance_rate: Option<f64>,
    /// Derived when missing.
    #[serde(default)]
    pub first_seen_year: Option<i32>,
    /// Derived when missing.
    #[serde(default)]
    pub last_seen_year: Option<i32>,
    /// Derived when missing.
    #[serde(default)]
    pub example_question_id: Option<QuestionId>,
    /// Extra columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

/// A question row with its choices.
#[derive(Debug, Clone, Deserialize)]
pub struct QuestionDraft {
    pub id: QuestionId,
    /// The exam that contains the question.
    #[serde(default)]
    pub exam_id: Option<ExamId>,
    pub topic_id: TopicId,
    #[serde(default)]
    pub pattern_id: Option<PatternId>,
    /// Techniques that solve it.
    #[serde(default)]
    pub techniques: Vec<String>,
    pub question_text: String,
    /// Steps of the solution; parts may have their own.
    #[serde(default)]
    pub solution_steps: Vec<String>,
    /// Blank if the parts have the answers.
    #[serde(default)]
    pub answer: String,
    /// 1 to 5.
    #[serde(default)]
    pub difficulty: Option<u8>,
    /// Reason for the difficulty.
    #[serde(default)]
    pub difficulty_reason: Option<String>,
    /// Derived when missing.
    #[serde(default)]
    pub frequency_score: Option<f64>,
    /// Minutes.
    #[serde(default)]
    pub estimated_time: Option<f64>,
    /// Taken from the exam when missing.
    #[serde(default)]
    pub source_exam_year: Option<i32>,
    /// Taken from the exam when missing.
    #[serde(default)]
    pub source_exam_type: Option<String>,
    /// The question's number on the exam.
    #[serde(default)]
    pub source_question_number: Option<i64>,
    /// The question's points on the exam.
    #[serde(default)]
    pub source_points: Option<f64>,
    /// Whether it was written for practice, not for an exam.
    #[serde(default)]
    pub is_generated: bool,
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Answer options.
    #[serde(default)]
    pub options: Vec<QuestionOption>,
    /// Kept for users who unlocked it, but not for sale: see `faults`.
    #[serde(skip)]
    pub withheld: bool,
    /// Extra columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

fn yes() -> bool {
    true
}

/// Accepts `"2019-12-12"`, meaning midnight UTC, or epoch seconds.
fn date_or_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a date such as \"2019-12-12\" or epoch seconds")]
    enum When {
        Seconds(i64),
        Date(Date),
    }
    Ok(match Option::<When>::deserialize(deserializer)? {
        None => None,
        Some(When::Seconds(seconds)) => Some(seconds),
        Some(When::Date(date)) => {
            let midnight = date.to_zoned(TimeZone::UTC).map_err(serde::de::Error::custom)?;
            Some(midnight.timestamp().as_second())
        }
    })
}

/// A row that is not stored, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Name of the D1 table.
    pub table: &'static str,
    /// The row's id in the source.
    pub id: String,
    /// The reason, for an operator.
    pub reason: String,
}

impl std::fmt::Display for RefusedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.table, self.id, self.reason)
    }
}

/// A problem, for an operator, in a row that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Name of the D1 table.
    pub table: &'static str,
    /// The row's id; empty if the warning is about the whole table.
    pub id: String,
    /// Description of the problem.
    pub text: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, id, text } = self;
        if id.is_empty() { write!(f, "{table}: {text}") } else { write!(f, "{table} {id}: {text}") }
    }
}
