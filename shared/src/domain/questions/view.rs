//! What a student sees of a question, by what is unlocked.
//!
//! Locked: metadata and the preview. Unlocked: the question and its choices. Solved: also steps, answer and which
//! choice is right. An imported column that we do not know may hold a part of the solution, so it is shown with the
//! solution. Shown with the question are a few that are known to belong to it, and those that the catalogue names in
//! `shown_with_question`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::catalog::{ExtraColumns, Question, QuestionMeta, QuestionSummary, number};

/// How much of a question its student has paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Metadata and preview.
    Locked,
    /// The question, not its solution.
    Question,
    /// Everything.
    Solution,
}

/// A question as answered: the D1 row and what was added to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct QuestionView {
    /// The row's metadata.
    #[serde(flatten)]
    pub meta: QuestionMeta,
    /// The text, or its preview.
    pub question_text: String,
    /// Steps, one a line; null until the solution is unlocked.
    pub solution_steps: Option<String>,
    /// The answer; null until the solution is unlocked.
    pub answer: Option<String>,
    /// `source_points` by the name that clients use.
    #[serde(default, with = "number")]
    pub points: Option<f64>,
    /// Whether the question itself must still be paid for.
    pub locked: bool,
    /// Choices; empty while locked.
    pub options: Vec<OptionView>,
    /// Other imported columns.
    #[serde(flatten)]
    #[schema(value_type = HashMap<String, Value>)]
    pub extra: ExtraColumns,
}

/// A choice as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OptionView {
    /// `A`, `B`, …
    pub letter: String,
    /// The choice.
    pub text: String,
    /// Only once the solution is unlocked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub is_correct: Option<bool>,
}

impl QuestionView {
    /// What `access` shows of a whole question.
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

    /// What anybody sees.
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

/// Extra columns that are known to be part of a question, and not of its solution.
const OF_QUESTION: [&str; 11] = [
    "section",
    "question_number",
    "subparts_json",
    "difficulty_label",
    "part",
    "page",
    "image",
    "figure",
    "passage",
    "table",
    "audio",
];
/// Names that the answer has of its own: an imported column of the same name would be there twice.
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

/// Whether an extra column has a name that answers use for something else, so that it is never shown.
#[must_use]
pub fn is_reserved(column: &str) -> bool {
    RESERVED.contains(&column)
}

fn is_shown(question: &Question, column: &str, solved: bool) -> bool {
    let is_of_question =
        || OF_QUESTION.contains(&column) || question.shown_with_question.iter().any(|shown| shown == column);
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
