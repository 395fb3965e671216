//! Is an answer right? Multiple choice is marked by its letters; everything else needs the student's own verdict.

use std::collections::BTreeSet;

use super::attempt::GradedBy;
use super::catalog::Question;

/// A verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Whether it is right.
    pub correct: bool,
    /// Who says so.
    pub graded_by: GradedBy,
}

/// Why an answer cannot be marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmarkable {
    /// The answer names no choice of the question.
    #[error("must name choices of the question, such as {0}")]
    NoSuchOption(String),
    /// Only the student can tell.
    #[error("must say whether the answer was right: this question cannot be marked without it")]
    NeedsSelfReport,
}

/// Marks an answer; `was_correct` counts only where letters do not decide.
///
/// # Errors
/// When there is nothing to decide by.
pub fn mark(question: &Question, answer: Option<&str>, was_correct: Option<bool>) -> Result<Mark, Unmarkable> {
    match answer.map(str::trim).filter(|answer| !answer.is_empty()) {
        Some(answer) if !question.options.is_empty() => by_letters(question, answer),
        _ => {
            let correct = was_correct.ok_or(Unmarkable::NeedsSelfReport)?;
            Ok(Mark { correct, graded_by: GradedBy::Student })
        }
    }
}

/// All right letters and no other, in any order and letter case: `B`, `a,C`, `A C`.
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

    use super::super::catalog::QuestionOption;
    use super::*;

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
        let open = question(&[]);
        let mine = Mark { correct: true, graded_by: GradedBy::Student };
        assert_eq!(mark(&open, Some("x^2"), Some(true)), Ok(mine));
        assert_eq!(mark(&question(&["B"]), None, Some(true)), Ok(mine));
        assert_eq!(mark(&open, Some("x^2"), None), Err(Unmarkable::NeedsSelfReport));
        assert_eq!(mark(&open, None, None), Err(Unmarkable::NeedsSelfReport));
    }
}
