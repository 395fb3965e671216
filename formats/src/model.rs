//! What a file of questions holds, whatever its format.

use serde::{Deserialize, Serialize};

use crate::Decimal;

/// Why a file is refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormatError(pub String);

/// Where something stands in the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// Name of the file; inside a package, the path of the member.
    pub file: String,
    /// Name of the sheet of a spreadsheet.
    pub sheet: Option<String>,
    /// Line in the file, or row as the spreadsheet numbers it; from 1.
    pub line: Option<u32>,
    /// The id that the source gives.
    pub id: Option<String>,
}

/// A message about a place in the source, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub place: Place,
    /// One or two plain sentences.
    pub text: String,
}

/// All that was read from a file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bank {
    /// The exams that the source names. Most formats name none.
    pub exams: Vec<Exam>,
    /// In the order of the source.
    pub questions: Vec<Question>,
    /// LaTeX macros that the texts use, by name, such as `\R`. Readers expand those of a file.
    pub macros: Vec<(String, String)>,
    /// Questions that cannot be taken, with the reason.
    pub refused: Vec<Remark>,
    /// Parts of the source that are no questions, or are left out on purpose.
    pub skipped: Vec<Remark>,
    /// Readings that may not be what the author meant, and information that was lost.
    pub warnings: Vec<Remark>,
}

/// A past exam.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exam {
    /// Its title in the source, such as `2024 spring midterm`.
    pub title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<i32>,
    /// For example `fall`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub semester: Option<String>,
    /// For example `midterm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Points without the bonus, as the source counts them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
    /// Points that count beyond the sum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bonus_points: Option<f64>,
}

/// A question that can be listed, bought, answered, marked and printed.
///
/// Texts are plain text with formulas in LaTeX between `$ $`, or `$$ $$` on lines of their own. `[figure 1]` stands at the
/// place of the first figure, and `[gap 1]` at the place of the first part if that is a gap in the stem.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Question {
    #[serde(skip)]
    pub place: Place,
    /// The question's name in the source. Several questions may have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Category of its topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub techniques: Vec<String>,
    /// Words of the source that are neither category nor technique.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// From 1 (easy) to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difficulty: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
    /// Index in [`Bank::exams`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exam: Option<usize>,
    /// The question's number on the exam, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// What all parts share: a passage, a text, a figure. Empty if the only part has all of the text.
    pub stem: String,
    /// At least one. A question without parts has exactly one, whose `text` is empty.
    pub parts: Vec<Part>,
    /// Solution of the whole question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solution: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<Figure>,
    /// Whether the points count beyond the sum of the exam.
    pub is_bonus: bool,
    /// What the source says and no other field holds, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<(String, String)>,
}

/// A part of a question, marked by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Part {
    /// Its own text, after the stem. Empty if the stem is the text, or if the part is a gap.
    pub text: String,
    /// Whether the part is a gap in the stem.
    pub is_gap: bool,
    pub answer: Answer,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub solution: Option<String>,
}

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// There is no key. The student marks it.
    #[default]
    Open,
    /// A text or a number; any of the list. The first is the one to show.
    Accepted(Vec<Accepted>),
    /// Options to choose from.
    Choice {
        options: Vec<Choice>,
        /// Whether several options may be chosen.
        several: bool,
        /// Whether the points are the sum of the weights of the chosen options.
        weighted: bool,
    },
    /// Finds the right side of each left side. `distractors` are right sides of no left side.
    Matching { pairs: Vec<(String, String)>, distractors: Vec<String> },
    /// Puts the texts into this order.
    Ordering(Vec<String>),
}

/// An option of a choice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choice {
    pub text: String,
    pub is_right: bool,
    /// Share of the points that it gives, from -1 to 1, where the source says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// An accepted answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    pub form: Form,
    /// Share of the points that it gives, above 0 and at most 1.
    pub fraction: f64,
    /// Unit of a number, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feedback: Option<String>,
}

/// The form of an accepted answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Form {
    /// A text or a formula.
    Text {
        text: String,
        match_case: bool,
        /// Whether `*` stands for any text.
        has_wildcards: bool,
    },
    /// A number with its tolerance.
    Number { value: Decimal, tolerance: Tolerance },
    /// Anything between two bounds.
    Range { low: Option<Bound>, high: Option<Bound> },
}

/// How far a number may be from the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tolerance {
    /// The source says nothing. The rules of the product decide.
    Unsaid,
    /// In the unit of the value; 0 means exactly the value.
    Absolute(Decimal),
    /// A share of the value: 0.05 means 5 %.
    Relative(Decimal),
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    pub value: Decimal,
    /// Whether the value itself is accepted.
    pub is_included: bool,
}

/// An image that belongs to a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figure {
    /// Its path or address in the source.
    pub source: String,
    /// The file, if the source contains it.
    #[serde(skip)]
    pub bytes: Option<Vec<u8>>,
    /// Text for readers who cannot see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
}
