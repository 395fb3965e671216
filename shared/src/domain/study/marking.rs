//! Marks answers: multiple choice by its letters, everything else with the checker (`domain::answer`). If the checker
//! cannot decide, the student does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::answer::{CheckResult, Rules, check};
use crate::domain::catalog::{ExtraColumns, Question};
use crate::domain::study::attempt::GradedBy;

/// The result of marking an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Whether the answer is correct.
    pub correct: bool,
    pub graded_by: GradedBy,
}

/// Why an answer cannot be marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmarkable {
    /// The answer names no choice of the question.
    #[error("must name choices of the question, such as {0}")]
    NoSuchOption(String),
    /// Neither letters nor the checker can decide; the student must.
    #[error("must say whether the answer was right: it cannot be marked without")]
    NeedsSelfReport,
}

/// The extra column with the rules for checking a question's answers (`docs/marking.md`).
const RULES_COLUMN: &str = "answer_rules";

/// Marks an answer. `was_correct` is used only if neither letters nor the checker decide.
///
/// # Errors
/// When nothing can decide.
pub fn mark(question: &Question, answer: Option<&str>, was_correct: Option<bool>) -> Result<Mark, Unmarkable> {
    match answer.map(str::trim).filter(|answer| !answer.is_empty()) {
        Some(answer) if !question.options.is_empty() => by_letters(question, answer),
        Some(answer) => match check(&question.answer, answer, &rules(question)) {
            CheckResult::Right => Ok(Mark { correct: true, graded_by: GradedBy::Answer }),
            CheckResult::Wrong => Ok(Mark { correct: false, graded_by: GradedBy::Answer }),
            CheckResult::Undecided => by_student(was_correct),
        },
        None => by_student(was_correct),
    }
}

fn by_student(was_correct: Option<bool>) -> Result<Mark, Unmarkable> {
    let correct = was_correct.ok_or(Unmarkable::NeedsSelfReport)?;
    Ok(Mark { correct, graded_by: GradedBy::Student })
}

/// Why the rules of a question are invalid, if they are.
#[must_use]
pub fn rules_problem(extra: &ExtraColumns) -> Option<String> {
    let given = extra.get(RULES_COLUMN)?;
    let error = match given {
        Value::String(text) => serde_json::from_str::<Rules>(text).err(),
        value => serde_json::from_value::<Rules>(value.clone()).err(),
    };
    let message = error?.to_string();
    // An author of questions knows no types of ours.
    let message =
        message.replace("expected f64", "expected a number").replace("expected u64", "expected a whole number");
    Some(format!("{RULES_COLUMN}: {message}"))
}

/// Rules of a question: an object, or its JSON as text. Unreadable rules are replaced by the default.
fn rules(question: &Question) -> Rules {
    let read = |value: &Value| match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        value => serde_json::from_value(value.clone()).ok(),
    };
    question.extra.get(RULES_COLUMN).and_then(read).unwrap_or_default()
}

/// Whether the answer has all correct letters and no other, in any order and case: `B`, `a,C`, `A C`.
fn by_letters(question: &Question, answer: &str) -> Result<Mark, Unmarkable> {
    let chosen: BTreeSet<String> =
        answer.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::to_uppercase).collect();
    let letters = |right_only: bool| {
        let options = question.options.iter().filter(move |option| !right_only || option.is_correct);
        options.map(|option| option.letter.to_uppercase()).collect::<BTreeSet<_>>()
    };
    if chosen.is_empty() || !chosen.is_subset(&letters(false)) {
        let known: Vec<String> = letters(false).into_iter().collect();
        return Err(Unmarkable::NoSuchOption(known.join(", ")));
    }
    Ok(Mark { correct: chosen == letters(true), graded_by: GradedBy::Options })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::catalog::QuestionOption;

    fn question(right: &[&str]) -> Question {
        let mut question: Question = serde_json::from_value(json!({
            "id": "q", "exam_id": null, "topic_id": "t", "topic_name": null, "course_id": "c", "pattern_id": null,
            "techniques": [], "difficulty": null, "difficulty_reason": null, "source_exam_year": null,
            "source_exam_type": null, "source_question_number": null, "is_generated": false,
            "created_at": "2026-01-01T00:00:00Z", "question_text": "?", "solution_steps": [], "answer": "",
        }))
        .unwrap();
        let letters = if right.is_empty() { [].as_slice() } else { &["A", "B", "C"] };
        let option = |letter: &&str| QuestionOption {
            letter: (*letter).to_owned(),
            text: String::new(),
            is_correct: right.contains(letter),
        };
        question.options = letters.iter().map(option).collect();
        question
    }

    fn correct(question: &Question, answer: &str) -> bool {
        let mark = mark(question, Some(answer), Some(false)).unwrap();
        assert_eq!(mark.graded_by, GradedBy::Options);
        mark.correct
    }

    #[test]
    fn letters_decide() {
        let one = question(&["B"]);
        assert!(correct(&one, "B") && correct(&one, " b "));
        assert!(!correct(&one, "A") && !correct(&one, "A, B"));
    }

    #[test]
    fn of_several_right_ones_all_are_needed() {
        let two = question(&["A", "C"]);
        assert!(correct(&two, "A,C") && correct(&two, "c a") && correct(&two, "C; A"));
        assert!(!correct(&two, "A") && !correct(&two, "A,B,C"));
    }

    #[test]
    fn what_names_no_choice_is_not_marked() {
        let one = question(&["B"]);
        for answer in ["D", "A, D", "42", ",", "💩"] {
            assert!(matches!(mark(&one, Some(answer), Some(true)), Err(Unmarkable::NoSuchOption(_))), "{answer}");
        }
    }

    #[test]
    fn everything_else_is_the_students_word() {
        let mut open = question(&[]);
        open.answer = "The series converges by the ratio test.".to_owned();
        let mine = Mark { correct: true, graded_by: GradedBy::Student };
        assert_eq!(mark(&open, Some("by comparison"), Some(true)), Ok(mine));
        assert_eq!(mark(&question(&["B"]), None, Some(true)), Ok(mine));
        assert_eq!(mark(&open, Some("by comparison"), None), Err(Unmarkable::NeedsSelfReport));
        assert_eq!(mark(&open, None, None), Err(Unmarkable::NeedsSelfReport));
    }

    #[test]
    fn what_can_be_read_is_checked_whatever_the_student_says() {
        let mut open = question(&[]);
        open.answer = r"$\frac{x}{2} + C$".to_owned();
        for (answer, correct) in [("x/2 + C", true), ("0.5x+c", true), ("2x + C", false)] {
            let found = mark(&open, Some(answer), Some(!correct));
            assert_eq!(found, Ok(Mark { correct, graded_by: GradedBy::Answer }), "{answer}");
        }
    }

    #[test]
    fn a_question_may_bring_rules_of_its_own() {
        let mut open = question(&[]);
        open.answer = "9.81".to_owned();
        assert!(!mark(&open, Some("9.8"), None).unwrap().correct);
        for rules in [json!({"relative_tolerance": 0.01}), json!(r#"{"relative_tolerance": 0.01}"#)] {
            open.extra.insert(RULES_COLUMN.to_owned(), rules);
            assert!(mark(&open, Some("9.8"), None).unwrap().correct);
        }
        open.extra.insert(RULES_COLUMN.to_owned(), json!(7));
        assert!(!mark(&open, Some("9.8"), None).unwrap().correct);
    }
}
