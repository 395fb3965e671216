//! The fields of a question that a student sees, by access.
//!
//! Locked: metadata and preview. Question: also the full text, the options and the parts. Solution: also the steps, the
//! answers and which options are correct. An unknown imported column may contain a part of the solution, so it is shown only with the
//! solution. Exceptions are a few known columns, and those that the catalogue lists in `shown_with_question`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::domain::catalog::figures::{Figure, FigureDigest, MediaType};
use crate::domain::catalog::parts::{Part, label};
use crate::domain::catalog::version::{first_version, not_a_version};
use crate::domain::catalog::{ExtraColumns, Question, QuestionMeta, QuestionOption, QuestionSummary, number};
use crate::domain::study::answer_rules::RULES_COLUMN;
use crate::domain::text::DrawnFormulas;

/// How much of a question the student has unlocked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Metadata and preview.
    Locked,
    /// The question without its solution.
    Question,
    /// The question and its solution.
    Solution,
}

impl Access {
    /// To an unlocked question.
    #[must_use]
    pub const fn unlocked(has_solution: bool) -> Self {
        if has_solution { Self::Solution } else { Self::Question }
    }
}

/// A question as returned by the API: the D1 columns and some additions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuestionView {
    /// The question's metadata.
    #[serde(flatten)]
    pub meta: QuestionMeta,
    /// The full text, or the preview of a locked question.
    pub question_text: String,
    /// Steps of the solution, one per line; null until the solution is unlocked.
    pub solution_steps: Option<String>,
    /// The answer; null until the solution is unlocked.
    pub answer: Option<String>,
    /// The same value as `source_points`, under the name that clients use.
    #[serde(default, with = "number")]
    pub points: Option<f64>,
    /// Raised by each correction of the text, the answer, the options, the rules, the points, the parts or the figures; 1 before
    /// the first.
    // A stored midterm has the versions of its questions beside them.
    #[serde(default = "first_version", deserialize_with = "not_a_version")]
    pub version: u32,
    /// Whether the question is still locked.
    pub locked: bool,
    /// Answer options; empty while the question is locked.
    pub options: Vec<OptionView>,
    /// Only of a question with parts: the text that the parts share, with `[gap 1]` at the place of the first part if that
    /// is a gap. `question_text` is the stem with the texts of all parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stem: Option<String>,
    /// Present only if the question has parts and is unlocked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub parts: Vec<PartView>,
    /// Present only if the question has figures and is unlocked. `[figure 1]` in a text is the place of the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub figures: Vec<FigureView>,
    /// `question_text` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub question_html: Option<String>,
    /// `stem` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub stem_html: Option<String>,
    /// `solution_steps` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub solution_html: Option<String>,
    /// `answer` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answer_html: Option<String>,
    /// The formulas that were drawn at the import, for the members with HTML.
    #[serde(skip)]
    pub drawn: Option<Arc<DrawnFormulas>>,
    /// Other imported columns.
    #[serde(flatten)]
    #[schema(value_type = HashMap<String, Value>)]
    pub extra: ExtraColumns,
}

/// An answer option as returned by the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OptionView {
    /// `A`, `B`, …
    pub letter: String,
    /// The option's text.
    pub text: String,
    /// `text` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub html: Option<String>,
    /// Present only if the solution is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub is_correct: Option<bool>,
    /// Share of the points that it gives, from -1 to 1. Present only if the catalogue has it and the solution is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub weight: Option<f64>,
    /// For the student who chooses it. Present only if the catalogue has it and the solution is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub feedback: Option<String>,
}

/// A part of a question as returned by the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = QuestionPart)]
pub struct PartView {
    /// `a`, `b`, …
    pub label: String,
    /// Its text after the stem; may be empty for a gap.
    pub text: String,
    /// `text` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub html: Option<String>,
    /// Whether it is a gap in the stem.
    pub is_gap: bool,
    /// Points, if the catalogue has them.
    #[serde(default, with = "number")]
    pub points: Option<f64>,
    /// A hint, if the catalogue has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hint: Option<String>,
    /// Answer options.
    pub options: Vec<OptionView>,
    /// The answer; null until the solution is unlocked.
    pub answer: Option<String>,
    /// Steps of its solution, one per line; null until the solution is unlocked.
    pub solution_steps: Option<String>,
    /// `answer` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answer_html: Option<String>,
    /// `solution_steps` as HTML, with MathML. Present only with `render=html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub solution_html: Option<String>,
    /// Rules for marking it, with the accepted answers. Present only if the catalogue has some and the solution is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answer_rules: Option<Value>,
}

/// A figure as returned by the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Figure)]
pub struct FigureView {
    /// SHA-256 of its bytes.
    pub digest: FigureDigest,
    pub media_type: MediaType,
    /// Text for readers who cannot see it.
    pub alt: Option<String>,
    /// Width in pixels, if known.
    pub width: Option<u32>,
    /// Height in pixels, if known.
    pub height: Option<u32>,
    /// Its address, relative to the API. It needs no session, stays the same, and must be kept as secret as the question. Null
    /// if the service has no key for addresses.
    pub url: Option<String>,
}

impl From<Figure> for FigureView {
    fn from(figure: Figure) -> Self {
        let Figure { digest, media_type, alt, width, height, .. } = figure;
        Self { digest, media_type, alt, width, height, url: None }
    }
}

impl OptionView {
    fn of(option: &QuestionOption, solved: bool) -> Self {
        Self {
            letter: option.letter.clone(),
            text: option.text.clone(),
            html: None,
            is_correct: solved.then_some(option.is_correct),
            weight: option.weight.filter(|_| solved),
            feedback: option.feedback.clone().filter(|_| solved),
        }
    }
}

impl PartView {
    fn of(index: usize, part: &Part, solved: bool) -> Self {
        Self {
            label: label(index),
            text: part.text.clone(),
            html: None,
            is_gap: part.is_gap,
            points: part.points,
            hint: part.hint.clone(),
            options: part.options.iter().map(|option| OptionView::of(option, solved)).collect(),
            answer: solved.then(|| part.shown_answer()),
            solution_steps: solved.then(|| part.solution_steps.join("\n")),
            answer_html: None,
            solution_html: None,
            answer_rules: part.answer_rules.clone().filter(|_| solved),
        }
    }
}

impl QuestionView {
    /// The view of a question with the given access.
    #[must_use]
    pub fn of(question: &Question, access: Access) -> Self {
        if access == Access::Locked {
            let preview = crate::domain::questions::preview::preview(&question.whole().text);
            let locked = Self::locked(question.meta.clone(), preview, question.version);
            return Self { drawn: question.drawn.clone(), ..locked };
        }
        let solved = access == Access::Solution;
        let whole = question.whole();
        let options = question.options.iter().map(|option| OptionView::of(option, solved));
        let parts = whole.parts.iter().enumerate().map(|(index, part)| PartView::of(index, part, solved));
        let extra = question.extra.iter().filter(|(name, _)| is_shown(question, name, solved));
        Self {
            points: question.meta.source_points,
            meta: question.meta.clone(),
            question_text: whole.text,
            solution_steps: solved.then(|| whole.solution_steps.join("\n")),
            answer: solved.then_some(whole.answer),
            version: question.version,
            locked: false,
            options: options.collect(),
            stem: (!whole.parts.is_empty()).then(|| question.question_text.clone()),
            parts: parts.collect(),
            figures: question.figures().into_iter().map(FigureView::from).collect(),
            question_html: None,
            stem_html: None,
            solution_html: None,
            answer_html: None,
            drawn: question.drawn.clone(),
            extra: extra.map(|(name, value)| (name.clone(), value.clone())).collect(),
        }
    }

    /// The view of a locked question.
    #[must_use]
    pub fn of_summary(summary: &QuestionSummary) -> Self {
        Self::locked(summary.meta.clone(), summary.preview.clone(), summary.version)
    }

    fn locked(meta: QuestionMeta, preview: String, version: u32) -> Self {
        Self {
            points: meta.source_points,
            meta,
            question_text: preview,
            solution_steps: None,
            answer: None,
            version,
            locked: true,
            options: Vec::new(),
            stem: None,
            parts: Vec::new(),
            figures: Vec::new(),
            question_html: None,
            stem_html: None,
            solution_html: None,
            answer_html: None,
            drawn: None,
            extra: ExtraColumns::new(),
        }
    }
}

/// Known extra columns without which a question may not be answerable.
pub const NEEDED_TO_ANSWER: [&str; 5] = ["image", "figure", "passage", "table", "audio"];
/// Other known extra columns that belong to the question, not to its solution.
const OF_QUESTION: [&str; 6] = ["section", "question_number", "subparts_json", "difficulty_label", "part", "page"];
/// Where an imported question came from. It is for the next import, not for students.
const PROVENANCE: &str = "provenance";
/// Member names of the response. An imported column with one of these names would appear twice.
const RESERVED: [&str; 31] = [
    "id",
    "exam_id",
    "topic_id",
    "topic_name",
    "course_id",
    "pattern_id",
    "techniques",
    "question_text",
    "solution_steps",
    "answer",
    "difficulty",
    "difficulty_reason",
    "frequency_score",
    "estimated_time",
    "source_exam_year",
    "source_exam_type",
    "source_question_number",
    "source_points",
    "is_generated",
    "created_at",
    "points",
    "version",
    "locked",
    "options",
    "stem",
    "parts",
    "figures",
    "question_html",
    "stem_html",
    "solution_html",
    "answer_html",
];

/// Whether an extra column is never shown, because responses use its name for something else.
#[must_use]
pub fn is_reserved(column: &str) -> bool {
    RESERVED.contains(&column)
}

fn is_shown(question: &Question, column: &str, solved: bool) -> bool {
    let is_named = || {
        OF_QUESTION.contains(&column)
            || NEEDED_TO_ANSWER.contains(&column)
            || question.shown_with_question.iter().any(|shown| shown == column)
    };
    // The rules contain accepted answers.
    let is_of_question = || column != RULES_COLUMN && is_named();
    !is_reserved(column) && column != PROVENANCE && (solved || is_of_question())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::catalog::QuestionOption;

    fn question() -> Question {
        let mut question: Question = serde_json::from_value(json!({
            "id": "q1", "exam_id": "e1", "topic_id": "t1", "topic_name": "Series", "course_id": "calc2", "pattern_id": null,
            "techniques": ["ratio test"], "difficulty": 3, "difficulty_reason": null, "frequency_score": 0.5,
            "estimated_time": 8.0, "source_exam_year": 2020, "source_exam_type": "final", "source_question_number": 4,
            "source_points": 10.0, "is_generated": false, "created_at": "2026-01-01T00:00:00Z",
            "question_text": format!("{}$n!$", "Does it converge? ".repeat(6)),
            "solution_steps": ["Take the ratio.", "It tends to 0."], "answer": "A",
            "extra": {
                "section": "II", "rubric": "v", "subparts_json": "[]", "locked": 1, "points": 9, "image": "q1.png",
                "figure": "f", "passage": "p", "table": [1], "audio": "a.mp3", "map": "m", "locked_by": "x",
            },
            "shown_with_question": ["map", "locked", "answer"],
        }))
        .unwrap();
        question.options = vec![QuestionOption {
            letter: "A".to_owned(),
            text: "Yes".to_owned(),
            is_correct: true,
            ..QuestionOption::default()
        }];
        question
    }

    #[test]
    fn a_column_named_version_of_a_stored_midterm_is_no_version() {
        let mut stored = serde_json::to_value(QuestionView::of(&question(), Access::Solution)).unwrap();
        for column in [json!("B"), json!(4), json!(null)] {
            stored["version"] = column;
            let view: QuestionView = serde_json::from_value(stored.clone()).unwrap();
            assert!(view.version == 1 && !view.extra.contains_key("version"));
        }
        stored.as_object_mut().unwrap().remove("version");
        assert_eq!(serde_json::from_value::<QuestionView>(stored).unwrap().version, 1);
    }

    #[test]
    fn locked_shows_metadata_and_preview_only() {
        let view = serde_json::to_value(QuestionView::of(&question(), Access::Locked)).unwrap();
        assert_eq!(view["locked"], true);
        assert_eq!(view["points"], 10);
        assert_eq!(view["solution_steps"], json!(null));
        assert_eq!(view["answer"], json!(null));
        assert_eq!(view["options"], json!([]));
        let preview = format!("{}Does it\u{2026}", "Does it converge? ".repeat(5));
        assert_eq!(view["question_text"], preview);
        for column in ["section", "subparts_json", "image", "figure", "passage", "table", "audio", "map", "rubric"] {
            assert!(view.get(column).is_none(), "{column}");
        }
    }

    #[test]
    fn unlocked_shows_the_question_without_any_of_its_solution() {
        let view = serde_json::to_value(QuestionView::of(&question(), Access::Question)).unwrap();
        assert_eq!(view["locked"], false);
        assert_eq!(view["answer"], json!(null));
        assert_eq!(view["options"], json!([{"letter": "A", "text": "Yes"}]));
        assert_eq!(view["section"], "II");
        for column in ["image", "figure", "passage", "table", "audio", "map"] {
            assert!(view.get(column).is_some(), "{column}");
        }
        assert!(view.get("rubric").is_none() && view.get("locked_by").is_none());
    }

    #[test]
    fn no_answer_of_a_part_or_a_rule_is_shown_before_the_solution() {
        let mut question = question();
        question.options[0].weight = Some(0.5);
        question.options[0].feedback = Some("SECRET".to_owned());
        question.extra.insert("answer_rules".to_owned(), json!({"accepted": [{"answer": "SECRET"}]}));
        question.shown_with_question = vec!["answer_rules".to_owned(), "parts".to_owned()];
        let text = serde_json::to_string(&QuestionView::of(&question, Access::Question)).unwrap();
        assert!(!text.contains("SECRET") && !text.contains("weight"), "{text}");
        let solved = serde_json::to_value(QuestionView::of(&question, Access::Solution)).unwrap();
        assert_eq!(solved["answer_rules"]["accepted"][0]["answer"], "SECRET");
        assert_eq!(solved["options"][0]["weight"], 0.5);

        question.options.clear();
        question.extra.insert(
            "parts".to_owned(),
            json!([{
                "text": "Why?", "answer": "SECRET", "points": 2, "hint": "Think.", "solution_steps": ["SECRET", "!"],
                "answer_rules": {"accepted": [{"answer": "SECRET"}]},
                "options": [{"letter": "A", "text": "Yes", "is_correct": true, "weight": 0.5, "feedback": "SECRET"}],
            }]),
        );
        question.answer = String::new();
        let locked = serde_json::to_value(QuestionView::of(&question, Access::Locked)).unwrap();
        assert!(locked.get("parts").is_none() && locked.get("stem").is_none());
        let view = serde_json::to_value(QuestionView::of(&question, Access::Question)).unwrap();
        assert!(!view.to_string().contains("SECRET"), "{view}");
        assert_eq!(
            view["parts"],
            json!([{
                "label": "a", "text": "Why?", "is_gap": false, "points": 2, "hint": "Think.",
                "options": [{"letter": "A", "text": "Yes"}], "answer": null, "solution_steps": null,
            }])
        );
        assert_eq!(view["stem"], question.question_text);
        assert!(view["question_text"].as_str().unwrap().ends_with("$n!$\n(a) Why?\nA. Yes"));
        let solved = serde_json::to_value(QuestionView::of(&question, Access::Solution)).unwrap();
        assert_eq!(solved["parts"][0]["solution_steps"], "SECRET\n!");
        assert_eq!(solved["answer"], "(a) SECRET");
        assert_eq!(solved["parts"][0]["options"][0]["feedback"], "SECRET");
    }

    #[test]
    fn solved_shows_everything_with_real_line_breaks() {
        let view = serde_json::to_value(QuestionView::of(&question(), Access::Solution)).unwrap();
        assert_eq!(view["solution_steps"], "Take the ratio.\nIt tends to 0.");
        assert_eq!(view["options"][0]["is_correct"], true);
        assert_eq!(view["rubric"], "v");
        let text = serde_json::to_string(&QuestionView::of(&question(), Access::Solution)).unwrap();
        assert_eq!((text.matches("\"locked\"").count(), text.matches("\"points\"").count()), (1, 1));
    }
}
