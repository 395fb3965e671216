//! What operators import: courses, their exams, topics, patterns and questions. Field names are the D1 columns.

pub mod check;
mod commands;
pub mod complete;
pub mod draft;
pub mod faults;
pub mod featured;
pub mod line_breaks;
pub mod slips;
pub mod topic_insight;
pub mod warnings;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::id::{CourseId, ExamId, PatternId, QuestionId, TopicId};

/// Columns that an import brought beyond those we know, by name.
pub type ExtraColumns = Map<String, Value>;

/// A course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// As imported, such as `calc2`.
    pub id: CourseId,
    /// Display name.
    pub name: String,
    /// One sentence or none.
    pub description: Option<String>,
    /// Number of past exams, as imported when the import said so.
    pub exam_count: u32,
    /// What is stored of it.
    pub stats: CourseStats,
    /// Whether students see it.
    pub is_active: bool,
    /// When it was first imported.
    pub created_at: Timestamp,
    /// Counts up with every import that changed anything of the course: what caches are keyed by.
    pub catalog_version: u64,
    /// Which bank is its: a digest of the content.
    #[serde(default)]
    pub bank: String,
}

/// How much of a course is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CourseStats {
    /// Past exams.
    pub exams: u32,
    /// Questions, generated ones included.
    pub questions: u32,
    /// Topics.
    pub topics: u32,
}

/// A past exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Exam {
    /// As imported.
    pub id: ExamId,
    /// The course.
    pub course_id: CourseId,
    /// Calendar year in which it was sat.
    pub year: i32,
    /// Such as `fall`.
    pub semester: Option<String>,
    /// Such as `midterm` or `final`.
    pub exam_type: String,
    /// Points of the whole exam.
    #[serde(default, with = "number")]
    pub total_points: Option<f64>,
    /// Epoch seconds.
    pub exam_date: Option<i64>,
    /// Epoch seconds.
    pub upload_date: Option<i64>,
    /// Whether its questions were imported.
    pub processed: bool,
    /// Number of its questions.
    pub question_count: u32,
    /// Other imported columns.
    #[serde(default)]
    #[schema(ignore)]
    pub extra: ExtraColumns,
}

/// A topic of a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    /// As imported.
    pub id: TopicId,
    /// The course.
    pub course_id: CourseId,
    /// Display name.
    pub name: String,
    /// For addresses.
    pub slug: String,
    /// A group of topics.
    pub category: String,
    /// 1 (easy) to 5.
    pub difficulty: Option<u8>,
    /// Share of the course's exams on which it appears, 0 to 1.
    #[serde(default, with = "number")]
    pub frequency_score: Option<f64>,
    /// Mean points of its exam questions.
    #[serde(default, with = "number")]
    pub avg_points: Option<f64>,
    /// Number of its questions on past exams.
    pub total_appearances: u32,
    /// Number of its questions in all.
    pub question_count: u32,
    /// Other imported columns.
    #[serde(default)]
    #[schema(ignore)]
    pub extra: ExtraColumns,
}

/// A recurring form of question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// As imported.
    pub id: PatternId,
    /// The course.
    pub course_id: CourseId,
    /// The topic.
    pub topic_id: TopicId,
    /// Display name.
    pub name: String,
    /// Techniques that solve it.
    pub techniques: Vec<String>,
    /// Its general form, in LaTeX.
    pub canonical_form: Option<String>,
    /// Number of exam questions of this form.
    pub appearance_count: u32,
    /// Share of the course's exams on which it appears, 0 to 1.
    #[serde(default, with = "number")]
    pub appearance_rate: Option<f64>,
    /// First exam year.
    pub first_seen_year: Option<i32>,
    /// Last exam year.
    pub last_seen_year: Option<i32>,
    /// A question of this form.
    pub example_question_id: Option<QuestionId>,
    /// Other imported columns.
    #[serde(default)]
    pub extra: ExtraColumns,
}

/// What anybody may know of a question, paid for or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuestionMeta {
    /// As imported.
    pub id: QuestionId,
    /// The exam it was set on; none for a generated one.
    pub exam_id: Option<ExamId>,
    /// The topic.
    pub topic_id: TopicId,
    /// The topic's name when it was imported.
    pub topic_name: Option<String>,
    /// The course.
    pub course_id: CourseId,
    /// Its form, when one is known.
    pub pattern_id: Option<PatternId>,
    /// Techniques that solve it.
    pub techniques: Vec<String>,
    /// 1 (easy) to 5.
    pub difficulty: Option<u8>,
    /// Why it is that difficult.
    pub difficulty_reason: Option<String>,
    /// Share of exams with a question of this pattern, or topic, 0 to 1.
    #[serde(default, with = "number")]
    pub frequency_score: Option<f64>,
    /// Minutes.
    #[serde(default, with = "number")]
    pub estimated_time: Option<f64>,
    /// Year of its exam.
    pub source_exam_year: Option<i32>,
    /// Type of its exam.
    pub source_exam_type: Option<String>,
    /// Its number on the exam.
    pub source_question_number: Option<i64>,
    /// Its points on the exam.
    #[serde(default, with = "number")]
    pub source_points: Option<f64>,
    /// Written for practice, not for an exam.
    pub is_generated: bool,
    /// When it was first imported.
    pub created_at: Timestamp,
}

/// A question with its solution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What anybody may know.
    #[serde(flatten)]
    pub meta: QuestionMeta,
    /// The question, with LaTeX between dollars.
    pub question_text: String,
    /// The solution, step by step.
    pub solution_steps: Vec<String>,
    /// The answer; for multiple choice its letter.
    pub answer: String,
    /// Choices, in the order of their letters; none when it is not multiple choice.
    #[serde(skip)]
    pub options: Vec<QuestionOption>,
    /// Other imported columns.
    #[serde(default)]
    pub extra: ExtraColumns,
    /// Which of the other columns belong to the question, by word of its catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown_with_question: Vec<String>,
    /// Not sold until an import corrects it; whoever has unlocked it keeps it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

/// A choice of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionOption {
    /// `A`, `B`, …
    pub letter: String,
    /// The choice, with LaTeX between dollars.
    pub text: String,
    /// Whether it is (one of) the right ones.
    pub is_correct: bool,
}

/// What browsing and selection need of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionSummary {
    /// What anybody may know.
    #[serde(flatten)]
    pub meta: QuestionMeta,
    /// The beginning of the question (`domain::preview`).
    pub preview: String,
    /// Letters of its choices, which name their items.
    #[serde(default)]
    pub option_letters: Vec<String>,
    /// Not sold until an import corrects it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}

/// All of a course that is read often: what a process keeps in memory for each `catalog_version`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bank {
    /// Past exams, by id.
    pub exams: Vec<Exam>,
    /// Topics, by id.
    pub topics: Vec<Topic>,
    /// Patterns, by id.
    pub patterns: Vec<Pattern>,
    /// All questions as summaries, by topic, difficulty and id.
    pub questions: Vec<QuestionSummary>,
}

impl Bank {
    /// A topic of the course.
    #[must_use]
    pub fn topic(&self, id: &TopicId) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == *id)
    }

    /// The questions that may be sold.
    pub fn for_sale(&self) -> impl Iterator<Item = &QuestionSummary> {
        self.questions.iter().filter(|question| !question.withheld)
    }

    /// A past exam of the course.
    #[must_use]
    pub fn exam(&self, id: &ExamId) -> Option<&Exam> {
        self.exams.iter().find(|exam| exam.id == *id)
    }

    /// How much it holds.
    #[must_use]
    pub fn stats(&self) -> CourseStats {
        let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        CourseStats {
            exams: count(self.exams.len()),
            questions: count(self.questions.len()),
            topics: count(self.topics.len()),
        }
    }

    /// These rows in place of those with their ids, and all in order.
    #[must_use]
    pub fn with(self, rows: Self) -> Self {
        let mut bank = Self {
            exams: replaced(self.exams, rows.exams, |exam| exam.id.as_str()),
            topics: replaced(self.topics, rows.topics, |topic| topic.id.as_str()),
            patterns: replaced(self.patterns, rows.patterns, |pattern| pattern.id.as_str()),
            questions: replaced(self.questions, rows.questions, |question| question.meta.id.as_str()),
        };
        // By id already, and the sort is stable.
        bank.questions
            .sort_by(|a, b| (&a.meta.topic_id, a.meta.difficulty).cmp(&(&b.meta.topic_id, b.meta.difficulty)));
        bank
    }

    /// The first half of each list, and the second.
    #[must_use]
    pub fn halves(mut self) -> (Self, Self) {
        let second = Self {
            exams: second_half(&mut self.exams),
            topics: second_half(&mut self.topics),
            patterns: second_half(&mut self.patterns),
            questions: second_half(&mut self.questions),
        };
        (self, second)
    }

    /// What [`Bank::halves`] divided, as one again.
    #[must_use]
    pub fn and(mut self, second: Self) -> Self {
        self.exams.extend(second.exams);
        self.topics.extend(second.topics);
        self.patterns.extend(second.patterns);
        self.questions.extend(second.questions);
        self
    }
}

/// `new` in place of what has the same id, by id.
fn replaced<T>(old: Vec<T>, new: Vec<T>, id: fn(&T) -> &str) -> Vec<T> {
    let rows = old.into_iter().chain(new).map(|row| (id(&row).to_owned(), row));
    rows.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn second_half<T>(rows: &mut Vec<T>) -> Vec<T> {
    rows.split_off(rows.len().div_ceil(2))
}

/// A row as answered: its columns, and beside them the extra ones that its import brought.
#[must_use]
pub fn row_with_extra_columns<T: Serialize>(row: &T) -> Value {
    let mut value = serde_json::to_value(row).unwrap_or_default();
    if let Value::Object(columns) = &mut value
        && let Some(Value::Object(extra)) = columns.remove("extra")
    {
        for (name, value) in extra {
            columns.entry(name).or_insert(value);
        }
    }
    value
}

/// Numbers of SQL's DECIMAL columns: whole ones are written without a fraction, as the worker did.
pub mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Doubles hold every integer up to here.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

    /// Writes `10` for 10.0 and `7.5` for 7.5.
    pub fn serialize<S: Serializer>(number: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        match *number {
            None => serializer.serialize_none(),
            #[expect(clippy::cast_possible_truncation, reason = "whole and within the exact range")]
            Some(number) if number.fract() == 0.0 && number.abs() < EXACT_MAX => {
                serializer.serialize_some(&(number as i64))
            }
            Some(number) => serializer.serialize_some(&number),
        }
    }

    /// Reads what [`serialize`] wrote.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
        Option::deserialize(deserializer)
    }
}
