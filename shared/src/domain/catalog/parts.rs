//! Parts of a question: each has its own text, answer, rules, points and solution, and all share the stem, which is the
//! question's text. A part may be a gap in the stem. The parts are one column of the question, a list or its JSON text.
//!
//! Clients that know no parts get whole fields: the text of the stem and of all parts, and all answers and solutions.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ExtraColumns, Question, QuestionOption, number};
use crate::domain::catalog::draft::QuestionDraft;
use crate::domain::questions::preview::pieces;
use crate::domain::study::answer_rules::{RULES_COLUMN, shown_answer};

/// The column of the parts.
pub const PARTS_COLUMN: &str = "parts";
/// Maximum number of parts of a question.
pub const PARTS_MAX: usize = 50;

/// A part of a question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Part {
    /// Its text after the stem; may be empty for a gap.
    pub text: String,
    /// Whether it is a gap in the stem, at `[gap 1]` for the first part.
    pub is_gap: bool,
    /// The expected answer; for multiple choice, its letters.
    pub answer: String,
    /// As the column of the same name of a question.
    pub answer_rules: Option<Value>,
    /// Answer options; empty if it is not multiple choice.
    pub options: Vec<QuestionOption>,
    #[serde(with = "number")]
    pub points: Option<f64>,
    /// Steps of the solution.
    pub solution_steps: Vec<String>,
    /// Shown with the question.
    pub hint: Option<String>,
}

/// The whole of a question in the fields of a question without parts.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeQuestion {
    pub text: String,
    pub solution_steps: Vec<String>,
    pub answer: String,
    pub parts: Vec<Part>,
}

/// Reads the parts of a question from its extra columns. A column of this name that is no list is not ours.
///
/// # Errors
/// What is wrong with them, for the author of the question.
pub fn read_parts(extra: &ExtraColumns) -> Result<Vec<Part>, String> {
    let parsed;
    let list = match extra.get(PARTS_COLUMN) {
        Some(list @ Value::Array(_)) => list,
        Some(Value::String(text)) if text.trim_start().starts_with('[') => {
            parsed = serde_json::from_str(text).map_err(|error| format!("{PARTS_COLUMN}: {error}"))?;
            &parsed
        }
        _ => return Ok(Vec::new()),
    };
    let parts = list.as_array().map(Vec::as_slice).unwrap_or_default().iter().enumerate();
    parts.map(|(at, part)| part_of(part).map_err(|fault| format!("{PARTS_COLUMN}[{at}]: {fault}"))).collect()
}

fn part_of(part: &Value) -> Result<Part, String> {
    if !part.is_object() {
        return Err("must be an object".to_owned());
    }
    let message = |error: serde_json::Error| error.to_string().replace("expected f64", "expected a number");
    serde_json::from_value(part.clone()).map_err(message)
}

/// The label of a part: `a` to `z`, then `aa`, `ab` and so on.
#[must_use]
pub fn label(index: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = Some(index);
    while let Some(number) = rest {
        letters.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or(0)));
        rest = (number / 26).checked_sub(1);
    }
    letters.iter().rev().collect()
}

/// A stem in which every gap is shown as a line with its label.
#[must_use]
pub fn with_gaps(stem: &str, parts: usize) -> String {
    let mut text = String::with_capacity(stem.len());
    for (piece, is_formula) in pieces(stem) {
        let mut piece = piece.to_owned();
        for index in 0..parts {
            let label = label(index);
            let gap = if is_formula {
                format!(r"\underline{{\qquad}}\text{{ ({label})}}")
            } else {
                format!("____ ({label})")
            };
            piece = piece.replace(&gap_mark(index), &gap);
        }
        text.push_str(&piece);
    }
    text
}

/// The mark of a gap in a stem.
#[must_use]
pub fn gap_mark(index: usize) -> String {
    format!("[gap {}]", index + 1)
}

/// The points of a question: its own, or the sum of its parts' points if it has none. A part without points counts 0 if
/// another has some.
#[must_use]
pub fn points_of(question: &QuestionDraft) -> Option<f64> {
    question.source_points.or_else(|| sum_of_points(&read_parts(&question.extra).unwrap_or_default()))
}

/// The sum of the points of parts; `None` if no part has points.
#[must_use]
pub fn sum_of_points(parts: &[Part]) -> Option<f64> {
    let points: Vec<f64> = parts.iter().filter_map(|part| part.points).collect();
    (!points.is_empty()).then(|| points.iter().sum())
}

/// The parts of a draft as questions, so that the rules of questions can judge them, with the path of each.
pub(super) fn as_questions(question: &QuestionDraft) -> Vec<(String, QuestionDraft)> {
    let parts = read_parts(&question.extra).unwrap_or_default();
    let as_question = |part: &Part| QuestionDraft {
        question_text: part.text.clone(),
        answer: part.answer.clone(),
        options: part.options.clone(),
        extra: part.answer_rules.iter().map(|rules| (RULES_COLUMN.to_owned(), rules.clone())).collect(),
        ..question.clone()
    };
    parts.iter().enumerate().map(|(at, part)| (format!("{PARTS_COLUMN}[{at}]"), as_question(part))).collect()
}

impl Question {
    /// The parts; empty if there are none.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        read_parts(&self.extra).unwrap_or_default()
    }

    /// The rules for marking answers.
    #[must_use]
    pub fn answer_rules(&self) -> Option<&Value> {
        self.extra.get(RULES_COLUMN)
    }

    /// The question in the fields that every client knows.
    #[must_use]
    pub fn whole(&self) -> WholeQuestion {
        let parts = self.parts();
        if parts.is_empty() {
            return WholeQuestion {
                text: self.question_text.clone(),
                solution_steps: self.solution_steps.clone(),
                answer: shown_answer(&self.answer, self.answer_rules()),
                parts,
            };
        }
        let labelled = || parts.iter().enumerate().map(|(at, part)| (label(at), part));
        let stem = with_gaps(&self.question_text, parts.len());
        let texts = labelled().filter_map(|(label, part)| text_of(&label, part));
        let text = std::iter::once(stem).filter(|stem| !stem.trim().is_empty()).chain(texts).collect::<Vec<_>>();
        let steps = labelled().flat_map(|(label, part)| {
            part.solution_steps.iter().map(move |step| format!("({label}) {step}")).collect::<Vec<_>>()
        });
        let answers =
            labelled().map(|(label, part)| format!("({label}) {}", in_text(&part.shown_answer()))).collect::<Vec<_>>();
        let own = self.answer.trim();
        WholeQuestion {
            text: text.join("\n"),
            solution_steps: self.solution_steps.iter().cloned().chain(steps).collect(),
            answer: if own.is_empty() { answers.join("; ") } else { own.to_owned() },
            parts,
        }
    }
}

impl Part {
    /// The answer to show.
    #[must_use]
    pub fn shown_answer(&self) -> String {
        shown_answer(&self.answer, self.answer_rules.as_ref())
    }
}

/// A part as text below the stem; `None` for a gap without text or options.
fn text_of(label: &str, part: &Part) -> Option<String> {
    let mut lines = Vec::new();
    if !part.text.trim().is_empty() || !part.is_gap || !part.options.is_empty() {
        lines.push(format!("({label}) {}", part.text).trim_end().to_owned());
    }
    lines.extend(part.options.iter().map(|option| format!("{}. {}", option.letter, option.text)));
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Many answers are LaTeX without dollars. In a text they need them.
fn in_text(answer: &str) -> String {
    let is_formula = !answer.contains('$') && answer.contains(['\\', '^', '_']);
    if is_formula { format!("${answer}$") } else { answer.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn labels_go_on_after_z() {
        let labels = [0, 1, 25, 26, 51, 52, 701, 702].map(label);
        assert_eq!(labels, ["a", "b", "z", "aa", "az", "ba", "zz", "aaa"]);
    }

    fn question(stem: &str, parts: Value) -> Question {
        let mut question: Question = serde_json::from_value(json!({
            "id": "q", "exam_id": null, "topic_id": "t", "topic_name": null, "course_id": "c", "pattern_id": null,
            "techniques": [], "difficulty": null, "difficulty_reason": null, "source_exam_year": null,
            "source_exam_type": null, "source_question_number": null, "is_generated": false,
            "created_at": "2026-01-01T00:00:00Z", "question_text": stem, "solution_steps": ["Draw it."], "answer": "",
        }))
        .unwrap();
        question.extra.insert(PARTS_COLUMN.to_owned(), parts);
        question
    }

    #[test]
    fn a_client_that_knows_no_parts_gets_all_of_the_question() {
        let parts = json!([
            {"text": "Find $f'$.", "answer": "2x", "points": 2, "solution_steps": ["Power rule.", "Done."]},
            {"text": "Is $f$ even? See [figure 1].", "answer": "A", "points": 1.5,
             "options": [{"letter": "A", "text": "Yes", "is_correct": true}, {"letter": "B", "text": "No", "is_correct": false}]},
            {"answer": "\\frac{1}{3}", "answer_rules": {"accepted": [{"answer": 1}]}},
            {"text": "Its limit", "answer_rules": {"accepted": [{"answer": "3.14", "tolerance": 0.01}]}},
        ]);
        let whole = question("Let $f(x) = x^2$. [figure 2]", parts.clone()).whole();
        assert_eq!(
            whole.text,
            "Let $f(x) = x^2$. [figure 2]\n(a) Find $f'$.\n(b) Is $f$ even? See [figure 1].\nA. Yes\nB. No\n(c)\n(d) Its limit"
        );
        assert_eq!(whole.solution_steps, ["Draw it.", "(a) Power rule.", "(a) Done."]);
        assert_eq!(whole.answer, r"(a) 2x; (b) A; (c) $\frac{1}{3}$; (d) 3.14 ± 0.01");
        assert_eq!(sum_of_points(&whole.parts), Some(3.5));
        let mut own = question("", parts.to_string().into());
        own.answer = "see the key".to_owned();
        assert!(own.whole().text.starts_with("(a) Find"));
        assert_eq!(own.whole().answer, "see the key");
    }

    #[test]
    fn gaps_are_lines_in_text_and_in_formulas() {
        let parts = json!([{"is_gap": true, "answer": "4"}, {"is_gap": true, "text": "a colour", "answer": "red"}]);
        let whole = question(r"$2+2=[gap 1]$ and [gap 2], not [gap 3].", parts).whole();
        assert_eq!(whole.text, "$2+2=\\underline{\\qquad}\\text{ (a)}$ and ____ (b), not [gap 3].\n(b) a colour");
        assert_eq!(whole.answer, "(a) 4; (b) red");
    }

    #[test]
    fn a_column_of_that_name_that_is_no_list_is_not_ours() {
        for other in [json!("3 parts"), json!(3), json!(null), json!({"a": 1})] {
            assert_eq!(question("?", other).parts(), []);
        }
        let fault = |parts: Value| read_parts(&question("?", parts).extra).unwrap_err();
        assert_eq!(fault(json!([1])), "parts[0]: must be an object");
        assert!(fault(json!([{}, {"txt": ""}])).starts_with("parts[1]: unknown field `txt`"));
        assert!(fault(json!("[{")).starts_with("parts: EOF"));
        assert!(fault(json!([{"points": "2"}])).contains("expected a number"));
    }
}
