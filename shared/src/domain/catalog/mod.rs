//! The catalogue that operators import: courses, their exams, topics, patterns and questions. Field names are those of
//! the D1 columns.

pub mod answer_key;
pub mod check;
mod commands;
pub mod complete;
pub mod draft;
pub mod faults;
pub mod featured;
pub mod figures;
mod key_text;
pub mod line_breaks;
pub mod parts;
mod rules_wording;
pub mod sizes;
pub mod slips;
pub mod topic_insight;
mod topic_order;
mod traps;
pub mod version;
pub mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use self::version::{first_version, is_first_version};
use crate::domain::id::{CourseId, ExamId, PatternId, QuestionId, TopicId};
use crate::domain::text::DrawnFormulas;
use crate::domain::time::in_answer;

/// Imported columns that are not known to this service, by name.
pub type ExtraColumns = Map<String, Value>;

/// A course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Id from the import, such as `calc2`.
    pub id: CourseId,
    /// Display name.
    pub name: String,
    /// One sentence, if any.
    pub description: Option<String>,
    /// Number of past exams, or the number given in the import.
    pub exam_count: u32,
    /// Numbers of exams, questions and topics.
    pub stats: CourseStats,
    /// Whether the course is visible to students.
    pub is_active: bool,
    /// When the course was first imported.
    pub created_at: Timestamp,
    /// Incremented by every import that changes the course. It is the cache key of the course.
    pub catalog_version: u64,
    /// Digest of the course's content, which identifies its bank.
    #[serde(default)]
    pub bank: String,
    /// LaTeX macros of the course's formulas, by name, such as `\R`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub macros: BTreeMap<String, String>,
}

/// Numbers of a course's exams, questions and topics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CourseStats {
    /// Past exams.
    pub exams: u32,
    /// Questions, including generated ones.
    pub questions: u32,
    /// Topics.
    pub topics: u32,
}

/// A past exam.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Exam {
    /// Id, as given in the import.
    pub id: ExamId,
    /// Id of the course.
    pub course_id: CourseId,
    /// Calendar year in which the exam took place.
    pub year: i32,
    /// For example `fall`.
    pub semester: Option<String>,
    /// For example `midterm` or `final`.
    pub exam_type: String,
    /// Points of the whole exam.
    #[serde(default, with = "number")]
    pub total_points: Option<f64>,
    /// Epoch seconds.
    pub exam_date: Option<i64>,
    /// Epoch seconds.
    pub upload_date: Option<i64>,
    /// Whether the exam's questions were imported.
    pub processed: bool,
    /// Number of the exam's questions.
    pub question_count: u32,
    /// Other imported columns.
    #[serde(default)]
    #[schema(ignore)]
    pub extra: ExtraColumns,
}

/// A topic of a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    /// Id, as given in the import.
    pub id: TopicId,
    /// Id of the course.
    pub course_id: CourseId,
    /// Display name.
    pub name: String,
    /// Used in URLs.
    pub slug: String,
    /// Name of a group of topics.
    pub category: String,
    /// 1 (easy) to 5.
    pub difficulty: Option<u8>,
    /// Share of the course's exams that contain the topic, 0 to 1.
    #[serde(default, with = "number")]
    pub frequency_score: Option<f64>,
    /// Mean points of the topic's exam questions.
    #[serde(default, with = "number")]
    pub avg_points: Option<f64>,
    /// Number of the topic's questions on past exams.
    pub total_appearances: u32,
    /// Number of the topic's questions, including generated ones.
    pub question_count: u32,
    /// Other imported columns.
    #[serde(default)]
    #[schema(ignore)]
    pub extra: ExtraColumns,
}

/// A recurring type of question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// Id, as given in the import.
    pub id: PatternId,
    pub course_id: CourseId,
    pub topic_id: TopicId,
    /// Display name.
    pub name: String,
    /// Techniques that solve it.
    pub techniques: Vec<String>,
    /// General form, in LaTeX.
    pub canonical_form: Option<String>,
    /// Number of exam questions of this pattern.
    pub appearance_count: u32,
    /// Share of the course's exams that contain the pattern, 0 to 1.
    #[serde(default, with = "number")]
    pub appearance_rate: Option<f64>,
    /// First exam year with this pattern.
    pub first_seen_year: Option<i32>,
    /// Last exam year with this pattern.
    pub last_seen_year: Option<i32>,
    /// Id of a question of this pattern.
    pub example_question_id: Option<QuestionId>,
    /// Other imported columns.
    #[serde(default)]
    pub extra: ExtraColumns,
}

/// The public part of a question, shown whether or not it is unlocked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuestionMeta {
    /// Id, as given in the import.
    pub id: QuestionId,
    /// The exam that contains the question; null for a generated question.
    pub exam_id: Option<ExamId>,
    /// Id of the topic.
    pub topic_id: TopicId,
    /// The topic's name at the time of the import.
    pub topic_name: Option<String>,
    /// Id of the course.
    pub course_id: CourseId,
    /// The question's pattern, if known.
    pub pattern_id: Option<PatternId>,
    /// Techniques that solve it.
    pub techniques: Vec<String>,
    /// 1 (easy) to 5.
    pub difficulty: Option<u8>,
    /// Reason for the difficulty.
    pub difficulty_reason: Option<String>,
    /// Share of exams with a question of this pattern or topic, 0 to 1.
    #[serde(default, with = "number")]
    pub frequency_score: Option<f64>,
    /// Minutes.
    #[serde(default, with = "number")]
    pub estimated_time: Option<f64>,
    /// Year of the exam.
    pub source_exam_year: Option<i32>,
    /// Type of the exam.
    pub source_exam_type: Option<String>,
    /// The question's number on the exam.
    pub source_question_number: Option<i64>,
    /// The question's points on the exam.
    #[serde(default, with = "number")]
    pub source_points: Option<f64>,
    /// Whether it was written for practice, not for an exam.
    pub is_generated: bool,
    /// When the question was first imported.
    #[serde(serialize_with = "in_answer")]
    pub created_at: Timestamp,
}

/// A question with its solution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// The public part.
    #[serde(flatten)]
    pub meta: QuestionMeta,
    /// The question's text, with LaTeX between dollars. If it has parts, the stem that they share ([`Question::whole`]).
    pub question_text: String,
    /// Steps of the solution.
    pub solution_steps: Vec<String>,
    /// The answer; for multiple choice, its letter.
    pub answer: String,
    /// Answer options in the order of their letters; empty if it is not multiple choice.
    #[serde(skip)]
    pub options: Vec<QuestionOption>,
    /// Other imported columns.
    #[serde(default)]
    pub extra: ExtraColumns,
    /// Extra columns that, according to the catalogue, belong to the question and not to its solution.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown_with_question: Vec<String>,
    /// Not for sale until an import corrects it. Users who unlocked it still see it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// When an operator retired it. Imports keep this. Users who unlocked it still see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// Raised by each import that corrects it ([`Question::is_corrected_by`]).
    #[serde(default = "first_version", skip_serializing_if = "is_first_version")]
    pub version: u32,
    /// When this version replaced the one before; `None` for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_at: Option<Timestamp>,
    /// Its formulas as MathML, stored as one compressed attribute. `None` if it has no formula, or they were never drawn.
    #[serde(skip)]
    pub drawn: Option<Arc<DrawnFormulas>>,
}

/// An answer option of a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionOption {
    /// `A`, `B`, …
    pub letter: String,
    /// The option's text, with LaTeX between dollars.
    pub text: String,
    /// Whether the option is correct.
    pub is_correct: bool,
    /// Share of the points that it gives, from -1 to 1; used if the rules of the question say `weighted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// For the student who chooses it; shown with the solution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// The part of a question that browsing and selection need.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionSummary {
    /// The public part.
    #[serde(flatten)]
    pub meta: QuestionMeta,
    /// The beginning of the question's text (`domain::preview`).
    pub preview: String,
    /// The section of a textbook that an imported column names, such as `7.2`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "section")]
    pub section: Option<String>,
    /// Letters of the options; they are part of the options' keys.
    #[serde(default)]
    pub option_letters: Vec<String>,
    /// Not for sale until an import corrects it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// When an operator retired it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
    /// Raised by each import that corrects it.
    #[serde(default = "first_version", skip_serializing_if = "is_first_version")]
    pub version: u32,
}

/// The frequently read data of a course. A process caches it per `catalog_version`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bank {
    /// Past exams, by id.
    pub exams: Vec<Exam>,
    /// Topics, by id.
    pub topics: Vec<Topic>,
    /// Patterns, by id.
    pub patterns: Vec<Pattern>,
    /// All questions as summaries, by topic, difficulty and id, without those that an operator retired.
    pub questions: Vec<QuestionSummary>,
    /// The retired questions, in the same order. Only users who unlocked one see it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<QuestionSummary>,
}

/// Ids of rows that a bank lists no more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlisted {
    pub exams: BTreeSet<String>,
    pub topics: BTreeSet<String>,
    pub patterns: BTreeSet<String>,
}

impl Unlisted {
    /// Number of rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.exams.len() + self.topics.len() + self.patterns.len()
    }
}

impl Bank {
    /// Finds a topic.
    #[must_use]
    pub fn topic(&self, id: &TopicId) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == *id)
    }

    /// The questions that are for sale.
    pub fn for_sale(&self) -> impl Iterator<Item = &QuestionSummary> {
        self.questions.iter().filter(|question| !question.withheld)
    }

    /// Finds a past exam.
    #[must_use]
    pub fn exam(&self, id: &ExamId) -> Option<&Exam> {
        self.exams.iter().find(|exam| exam.id == *id)
    }

    /// The exam of a question.
    #[must_use]
    pub fn exam_of(&self, question: &QuestionMeta) -> Option<&Exam> {
        question.exam_id.as_ref().and_then(|id| self.exam(id))
    }

    /// The type of a question's exam, such as `Midterm 1`; what the question says if its exam is not in the bank.
    #[must_use]
    pub fn exam_type_of(&self, question: &QuestionMeta) -> Option<String> {
        let of_exam = self.exam_of(question).map(|exam| exam.exam_type.clone());
        of_exam.or_else(|| question.source_exam_type.clone())
    }

    /// Numbers of rows in the bank.
    #[must_use]
    pub fn stats(&self) -> CourseStats {
        let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        CourseStats {
            exams: count(self.exams.len()),
            questions: count(self.questions.len()),
            topics: count(self.topics.len()),
        }
    }

    /// Replaces the rows that have the same ids as `rows`, adds the others, and sorts.
    #[must_use]
    pub fn with(self, rows: Self) -> Self {
        let old = self.questions.into_iter().chain(self.retired).collect();
        let new = rows.questions.into_iter().chain(rows.retired).collect();
        let mut questions = replaced(old, new, |question: &QuestionSummary| question.meta.id.as_str());
        // Already sorted by id, and the sort is stable.
        questions.sort_by(|a, b| list_order(a).cmp(&list_order(b)));
        let retired = questions.extract_if(.., |question| question.retired_at.is_some()).collect();
        Self {
            exams: replaced(self.exams, rows.exams, |exam| exam.id.as_str()),
            topics: replaced(self.topics, rows.topics, |topic| topic.id.as_str()),
            patterns: replaced(self.patterns, rows.patterns, |pattern| pattern.id.as_str()),
            questions,
            retired,
        }
    }

    /// The bank without these exams, topics and patterns.
    #[must_use]
    pub fn without(mut self, rows: &Unlisted) -> Self {
        self.exams.retain(|exam| !rows.exams.contains(exam.id.as_str()));
        self.topics.retain(|topic| !rows.topics.contains(topic.id.as_str()));
        self.patterns.retain(|pattern| !rows.patterns.contains(pattern.id.as_str()));
        self
    }

    /// The questions that `is_listed` selects, retired ones too, by topic, difficulty and id.
    pub fn listed(&self, is_listed: impl Fn(&QuestionSummary) -> bool) -> Vec<&QuestionSummary> {
        let all = self.questions.iter().chain(&self.retired);
        let mut listed: Vec<&QuestionSummary> = all.filter(|question| is_listed(question)).collect();
        if !self.retired.is_empty() {
            listed.sort_by(|a, b| (list_order(a), &a.meta.id).cmp(&(list_order(b), &b.meta.id)));
        }
        listed
    }

    /// Splits every list into a first and a second half.
    #[must_use]
    pub fn halves(mut self) -> (Self, Self) {
        let second = Self {
            exams: second_half(&mut self.exams),
            topics: second_half(&mut self.topics),
            patterns: second_half(&mut self.patterns),
            questions: second_half(&mut self.questions),
            retired: second_half(&mut self.retired),
        };
        (self, second)
    }

    /// Joins two halves from [`Bank::halves`].
    #[must_use]
    pub fn and(mut self, second: Self) -> Self {
        self.exams.extend(second.exams);
        self.topics.extend(second.topics);
        self.patterns.extend(second.patterns);
        self.questions.extend(second.questions);
        self.retired.extend(second.retired);
        self
    }
}

/// The order of questions in lists, before their ids.
fn list_order(question: &QuestionSummary) -> (&TopicId, Option<u8>) {
    (&question.meta.topic_id, question.meta.difficulty)
}

/// Replaces rows by those in `new` with the same id; sorted by id.
fn replaced<T>(old: Vec<T>, new: Vec<T>, id: fn(&T) -> &str) -> Vec<T> {
    let rows = old.into_iter().chain(new).map(|row| (id(&row).to_owned(), row));
    rows.collect::<BTreeMap<_, _>>().into_values().collect()
}

fn second_half<T>(rows: &mut Vec<T>) -> Vec<T> {
    rows.split_off(rows.len().div_ceil(2))
}

/// Longest name of a section in characters.
const SECTION_CHARS_MAX: usize = 50;

/// Reads the column `section`, which may be a text or a number. Everything else is no section.
fn section<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(deserializer)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    Ok(Some(text).filter(|text| (1..=SECTION_CHARS_MAX).contains(&text.chars().count())))
}

/// A row as returned by the API: its columns and its extra columns, as one object.
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

/// Numbers of SQL's DECIMAL columns. Integers are written without a fraction, as in the old service.
pub mod number {
    use serde::{Deserialize, Deserializer, Serializer};

    /// Largest integer up to which every integer is exact in a double.
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
