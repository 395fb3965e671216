//! A course as an operator hands it in, before derived columns are filled (`domain::derive`): the shape of the
//! catalogue JSON (`samples/catalog.schema.json`), which an import of a D1 dump builds too.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer};

use crate::domain::catalog::{ExtraColumns, QuestionOption};
use crate::domain::id::{CourseId, ExamId, PatternId, QuestionId, TopicId};

/// A whole course.
#[derive(Debug, Clone)]
pub struct CatalogDraft {
    /// The course itself.
    pub course: CourseDraft,
    /// Its past exams.
    pub exams: Vec<ExamDraft>,
    /// Its topics.
    pub topics: Vec<TopicDraft>,
    /// Its patterns.
    pub patterns: Vec<PatternDraft>,
    /// Its questions.
    pub questions: Vec<QuestionDraft>,
}

/// A course row.
#[derive(Debug, Clone, Deserialize)]
pub struct CourseDraft {
    /// Its id.
    pub id: CourseId,
    /// Display name.
    pub name: String,
    /// One sentence.
    #[serde(default)]
    pub description: Option<String>,
    /// Number of exams, when the source counts them itself.
    #[serde(default)]
    pub exam_count: Option<u32>,
    /// Whether students see it.
    #[serde(default = "yes")]
    pub is_active: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Other columns of questions that are shown with the question, not only with its solution.
    #[serde(default)]
    pub shown_with_question: Vec<String>,
}

/// An exam row.
#[derive(Debug, Clone, Deserialize)]
pub struct ExamDraft {
    /// Its id.
    pub id: ExamId,
    /// Calendar year.
    pub year: i32,
    /// Such as `fall`.
    #[serde(default)]
    pub semester: Option<String>,
    /// Such as `final`.
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
    /// Whether its questions are imported.
    #[serde(default = "yes")]
    pub processed: bool,
    /// Other columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

/// A topic row.
#[derive(Debug, Clone, Deserialize)]
pub struct TopicDraft {
    /// Its id.
    pub id: TopicId,
    /// Display name.
    pub name: String,
    /// For addresses; made of the name when missing.
    #[serde(default)]
    pub slug: Option<String>,
    /// A group of topics.
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
    /// Other columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

/// A pattern row.
#[derive(Debug, Clone, Deserialize)]
pub struct PatternDraft {
    /// Its id.
    pub id: PatternId,
    /// Its topic.
    pub topic_id: TopicId,
    /// Display name.
    pub name: String,
    /// Techniques that solve it.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// General form in LaTeX.
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
    /// Other columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

/// A question row with its choices.
#[derive(Debug, Clone, Deserialize)]
pub struct QuestionDraft {
    /// Its id.
    pub id: QuestionId,
    /// The exam it was set on.
    #[serde(default)]
    pub exam_id: Option<ExamId>,
    /// Its topic.
    pub topic_id: TopicId,
    /// Its form.
    #[serde(default)]
    pub pattern_id: Option<PatternId>,
    /// Techniques that solve it.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// The question.
    pub question_text: String,
    /// The solution.
    pub solution_steps: Vec<String>,
    /// The answer.
    pub answer: String,
    /// 1 to 5.
    #[serde(default)]
    pub difficulty: Option<u8>,
    /// Why.
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
    /// Its number on the exam.
    #[serde(default)]
    pub source_question_number: Option<i64>,
    /// Its points on the exam.
    #[serde(default)]
    pub source_points: Option<f64>,
    /// Written for practice.
    #[serde(default)]
    pub is_generated: bool,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Choices.
    #[serde(default)]
    pub options: Vec<QuestionOption>,
    /// Stored for those who bought it, and not sold: `faults`.
    #[serde(skip)]
    pub withheld: bool,
    /// Other columns.
    #[serde(flatten)]
    pub extra: ExtraColumns,
}

fn yes() -> bool {
    true
}

/// `"2019-12-12"` as its midnight in UTC, or epoch seconds.
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

/// A row that is not stored, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// The D1 table.
    pub table: &'static str,
    /// The row's id as the source has it.
    pub id: String,
    /// What is wrong, for an operator.
    pub reason: String,
}

impl std::fmt::Display for RefusedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.table, self.id, self.reason)
    }
}

/// What an operator should look at in a row that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The D1 table.
    pub table: &'static str,
    /// The row's id; empty when it is about the table.
    pub id: String,
    /// What looks wrong.
    pub text: String,
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, id, text } = self;
        if id.is_empty() { write!(f, "{table}: {text}") } else { write!(f, "{table} {id}: {text}") }
    }
}
