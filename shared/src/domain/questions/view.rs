//! The fields of a question that a student sees, by access.
//!
//! Locked: metadata and preview. Question: also the full text and the options. Solution: also the steps, the answer and
//! which option is correct. An unknown imported column may contain a part of the solution, so it is shown only with the
//! solution. Exceptions are a few known columns, and those that the catalogue lists in `shown_with_question`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalog::{ExtraColumns, Question, QuestionMeta, QuestionSummary, number};

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
    /// Whether the question is still locked.
    pub locked: bool,
    /// Answer options; empty while the question is locked.
    pub options: Vec<OptionView>,
    /// Other imported columns.
    #[serde(flatten)]
    #[schema(value_type = HashMap<String, Value>)]
    pub extra: ExtraColumns,
}

/// An answer option as returned by the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OptionView {
    /// `A`, `B`, …
    pub letter: String,
    /// The option's text.
    pub text: String,
    /// Present only if the solution is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub is_correct: Option<bool>,
}

impl QuestionView {
    /// The view of a question with the given access.
    #[must_use]
    pub fn of(question: &Question, access: Access) -> Self {
        if access == Access::Locked {
            let preview = crate::domain::questions::preview::preview(&question.question_text).to_owned();
            return Self::locked(question.meta.clone(), preview);
        }
        let solved = access == Access::Solution;
        let options = question.options.iter().map(|option| OptionView {
            letter: option.letter.clone(),
            text: option.text.clone(),
            is_correct: solved.then_some(option.is_correct),
        });
        let extra = question.extra.iter().filter(|(name, _)| is_shown(question, name, solved));
        Self {
            points: question.meta.source_points,
            meta: question.meta.clone(),
            question_text: question.question_text.clone(),
            solution_steps: solved.then(|| question.solution_steps.join("\n")),
            answer: solved.then(|| question.answer.clone()),
            locked: false,
            options: options.collect(),
            extra: extra.map(|(name, value)| (name.clone(), value.clone())).collect(),
        }
    }

    /// The view of a locked question.
    #[must_use]
    pub fn of_summary(summary: &QuestionSummary) -> Self {
        Self::locked(summary.meta.clone(), summary.preview.clone())
    }

    fn locked(meta: QuestionMeta, preview: String) -> Self {
        Self {
            points: meta.source_points,
            meta,
            question_text: preview,
            solution_steps: None,
            answer: None,
            locked: true,
            options: Vec::new(),
            extra: ExtraColumns::new(),
        }
    }
}

/// Known extra columns without which a question may not be answerable.
pub const NEEDED_TO_ANSWER: [&str; 5] = ["image", "figure", "passage", "table", "audio"];
/// Other known extra columns that belong to the question, not to its solution.
const OF_QUESTION: [&str; 6] = ["section", "question_number", "subparts_json", "difficulty_label", "part", "page"];
/// Member names of the response. An imported column with one of these names would appear twice.
const RESERVED: [&str; 23] = [
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
    "locked",
    "options",
];

/// Whether an extra column is never shown, because responses use its name for something else.
#[must_use]
pub fn is_reserved(column: &str) -> bool {
    RESERVED.contains(&column)
}

fn is_shown(question: &Question, column: &str, solved: bool) -> bool {
    let is_of_question = || {
        OF_QUESTION.contains(&column)
            || NEEDED_TO_ANSWER.contains(&column)
            || question.shown_with_question.iter().any(|shown| shown == column)
    };
    !is_reserved(column) && (solved || is_of_question())
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
        question.options = vec![QuestionOption { letter: "A".to_owned(), text: "Yes".to_owned(), is_correct: true }];
        question
    }

    #[test]
    fn locked_shows_metadata_and_preview_only() {
        let view = serde_json::to_value(QuestionView::of(&question(), Access::Locked)).unwrap();
        assert_eq!(view["locked"], true);
        assert_eq!(view["points"], 10);
        assert_eq!(view["solution_steps"], json!(null));
        assert_eq!(view["answer"], json!(null));
        assert_eq!(view["options"], json!([]));
        assert_eq!(view["question_text"].as_str().unwrap().chars().count(), 100);
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
    fn solved_shows_everything_with_real_line_breaks() {
        let view = serde_json::to_value(QuestionView::of(&question(), Access::Solution)).unwrap();
        assert_eq!(view["solution_steps"], "Take the ratio.\nIt tends to 0.");
        assert_eq!(view["options"][0]["is_correct"], true);
        assert_eq!(view["rubric"], "v");
        let text = serde_json::to_string(&QuestionView::of(&question(), Access::Solution)).unwrap();
        assert_eq!((text.matches("\"locked\"").count(), text.matches("\"points\"").count()), (1, 1));
    }
}
