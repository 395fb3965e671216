//! Marks answers: multiple choice by its letters, everything else by the rules of the question and with the checker
//! (`domain::answer`). If these cannot decide, the student does. A question with parts is marked part by part.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer_rules::AnswerRules;
use crate::domain::answer::CheckResult;
use crate::domain::catalog::parts::{Part, label};
use crate::domain::catalog::{Question, QuestionOption};
use crate::domain::number::rounded;
use crate::domain::study::attempt::GradedBy;

/// The least sum of fractions that counts as all points: three times 33.333 % is meant to be all.
pub(super) const FULL_SCORE_MIN: f64 = 0.9999;

/// What a student hands in.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The answer to a question without parts.
    pub answer: Option<String>,
    /// Answers by the labels of parts.
    pub answers: BTreeMap<String, String>,
    /// Whether the answer was right, in the student's opinion. Used only if nothing else decides.
    pub was_correct: Option<bool>,
    /// The same by the labels of parts.
    pub self_report: BTreeMap<String, bool>,
}

/// The result of marking an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Whether the score is 1.
    pub correct: bool,
    /// Share of the points, 0 to 1.
    pub score: f64,
    pub graded_by: GradedBy,
    /// The marks of the parts; empty if the question has none.
    pub parts: Vec<PartMark>,
}

/// The result of marking the answer to a part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = MarkedPart)]
pub struct PartMark {
    /// `a`, `b`, …
    pub label: String,
    /// Whether the score is 1.
    pub correct: bool,
    /// Share of the part's points, 0 to 1.
    pub score: f64,
    pub graded_by: GradedBy,
}

/// Why an answer cannot be marked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmarkable {
    /// The answer names no choice of the question.
    #[error("must name choices of the question, such as {known}")]
    NoSuchOption { field: String, known: String },
    /// Neither letters nor the checker can decide; the student must.
    #[error("must say whether the answer was right: it cannot be marked without")]
    NeedsSelfReport,
    /// The same for some parts.
    #[error("must say for the parts {0} whether the answers were right: they cannot be marked without")]
    PartsNeedSelfReport(String),
    /// There is no part with this label.
    #[error("names no part of the question; its parts are {known}")]
    NoSuchPart { field: String, known: String },
    /// The question has no parts.
    #[error("must not be given: the question has no parts")]
    NoParts { field: &'static str },
    /// Both kinds of answers at once.
    #[error("must not be given together with `answers`")]
    BothAnswers,
}

impl Unmarkable {
    /// The field of the request that is at fault.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::NoSuchOption { field, .. } | Self::NoSuchPart { field, .. } => field,
            Self::NeedsSelfReport => "was_correct",
            Self::PartsNeedSelfReport(_) => "self_report",
            Self::NoParts { field } => field,
            Self::BothAnswers => "answer",
        }
    }
}

/// A score and who gave it.
type Verdict = (f64, GradedBy);

/// Marks an answer.
///
/// # Errors
/// When nothing can decide, or the answer does not belong to the question.
pub fn mark(question: &Question, given: &Given) -> Result<Mark, Unmarkable> {
    let parts = question.parts();
    if !parts.is_empty() {
        return mark_parts(&parts, given);
    }
    for (field, is_empty) in [("answers", given.answers.is_empty()), ("self_report", given.self_report.is_empty())] {
        if !is_empty {
            return Err(Unmarkable::NoParts { field });
        }
    }
    let rules = AnswerRules::stored(question.answer_rules());
    let decided = match filled(given.answer.as_deref()) {
        Some(answer) => decide(&question.options, &question.answer, &rules, answer, "answer")?,
        None => None,
    };
    let (score, graded_by) = decided.or(by_student(given.was_correct)).ok_or(Unmarkable::NeedsSelfReport)?;
    Ok(Mark { correct: is_full(score), score, graded_by, parts: Vec::new() })
}

/// Marks the answers to parts. If the student answered none of them, or sent one text for all, only the student can decide.
/// Otherwise a part without an answer is wrong, unless the student reports on it.
fn mark_parts(parts: &[Part], given: &Given) -> Result<Mark, Unmarkable> {
    check_labels("answers", given.answers.keys().map(String::as_str), parts.len())?;
    check_labels("self_report", given.self_report.keys().map(String::as_str), parts.len())?;
    let is_answered = given.answers.values().any(|answer| filled(Some(answer)).is_some());
    if is_answered && filled(given.answer.as_deref()).is_some() {
        return Err(Unmarkable::BothAnswers);
    }
    let mut verdicts: Vec<(String, Verdict)> = Vec::with_capacity(parts.len());
    let mut open = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let label = label(index);
        let answer = filled(given.answers.get(&label).map(String::as_str));
        let rules = AnswerRules::stored(part.answer_rules.as_ref());
        let decided = match answer {
            Some(answer) => decide(&part.options, &part.answer, &rules, answer, &format!("answers.{label}"))?,
            None => None,
        };
        let reported = || by_student(given.self_report.get(&label).copied());
        let decided = decided.or_else(reported).or_else(|| match answer {
            None if is_answered => Some((0.0, marker_of(part))),
            _ => by_student(given.was_correct),
        });
        match decided {
            Some(verdict) => verdicts.push((label, verdict)),
            None => open.push(label),
        }
    }
    if !open.is_empty() {
        let all = open.len() == parts.len() && !is_answered;
        return Err(if all { Unmarkable::NeedsSelfReport } else { Unmarkable::PartsNeedSelfReport(open.join(", ")) });
    }
    Ok(added(parts, verdicts))
}

/// Adds the points of parts. The score is the share of all points; without points, all parts count the same.
fn added(parts: &[Part], verdicts: Vec<(String, Verdict)>) -> Mark {
    let has_points = parts.iter().any(|part| part.points.is_some_and(|points| points > 0.0));
    let points = |part: &Part| if has_points { part.points.unwrap_or(0.0) } else { 1.0 };
    let total: f64 = parts.iter().map(points).sum();
    let sum: f64 = parts.iter().zip(&verdicts).map(|(part, (_, (score, _)))| points(part) * score).sum();
    let score = snapped(sum / total);
    // The weakest evidence decides what the whole is worth as evidence.
    let markers = || verdicts.iter().map(|(_, (_, graded_by))| *graded_by);
    let by = [GradedBy::Student, GradedBy::Answer].into_iter().find(|by| markers().any(|marker| marker == *by));
    let parts = verdicts.into_iter().map(|(label, (score, graded_by))| PartMark {
        label,
        correct: is_full(score),
        score,
        graded_by,
    });
    // A part that counts 0 points may be wrong, and the whole still has all of the points.
    Mark { correct: is_full(score), score, graded_by: by.unwrap_or(GradedBy::Options), parts: parts.collect() }
}

pub(super) fn check_labels<'a>(
    field: &str,
    mut labels: impl Iterator<Item = &'a str>,
    parts: usize,
) -> Result<(), Unmarkable> {
    let known: Vec<String> = (0..parts).map(label).collect();
    let unknown = labels.find(|label| known.iter().all(|known| known != label));
    unknown.map_or(Ok(()), |_| Err(Unmarkable::NoSuchPart { field: field.to_owned(), known: known.join(", ") }))
}

fn filled(answer: Option<&str>) -> Option<&str> {
    answer.map(str::trim).filter(|answer| !answer.is_empty())
}

fn by_student(was_correct: Option<bool>) -> Option<Verdict> {
    was_correct.map(|correct| (f64::from(u8::from(correct)), GradedBy::Student))
}

fn marker_of(part: &Part) -> GradedBy {
    if part.options.is_empty() { GradedBy::Answer } else { GradedBy::Options }
}

fn is_full(score: f64) -> bool {
    score >= FULL_SCORE_MIN
}

/// A score between 0 and 1, to four decimals; what is nearly 1 is 1.
fn snapped(score: f64) -> f64 {
    if is_full(score) { 1.0 } else { rounded(score.max(0.0), 4) }
}

/// Marks an answer by letters or by rules; `None` if neither can decide.
fn decide(
    options: &[QuestionOption],
    expected: &str,
    rules: &AnswerRules,
    answer: &str,
    field: &str,
) -> Result<Option<Verdict>, Unmarkable> {
    if !options.is_empty() {
        return by_letters(options, rules.weighted, answer, field).map(Some);
    }
    Ok(match rules.check(expected, answer) {
        (CheckResult::Right, fraction) => Some((snapped(fraction), GradedBy::Answer)),
        (CheckResult::Wrong, _) => Some((0.0, GradedBy::Answer)),
        (CheckResult::Undecided, _) => None,
    })
}

/// Marks letters in any order and case: `B`, `a,C`, `A C`. The answer must have all correct letters and no other, unless the
/// question adds the weights of the chosen options.
fn by_letters(options: &[QuestionOption], is_weighted: bool, answer: &str, field: &str) -> Result<Verdict, Unmarkable> {
    let chosen: BTreeSet<String> =
        answer.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::to_uppercase).collect();
    let letters = |right_only: bool| {
        let options = options.iter().filter(move |option| !right_only || option.is_correct);
        options.map(|option| option.letter.to_uppercase()).collect::<BTreeSet<_>>()
    };
    if chosen.is_empty() || !chosen.is_subset(&letters(false)) {
        let known: Vec<String> = letters(false).into_iter().collect();
        return Err(Unmarkable::NoSuchOption { field: field.to_owned(), known: known.join(", ") });
    }
    let score = if is_weighted {
        let is_chosen = |option: &&QuestionOption| chosen.contains(&option.letter.to_uppercase());
        snapped(options.iter().filter(is_chosen).filter_map(|option| option.weight).sum())
    } else {
        f64::from(u8::from(chosen == letters(true)))
    };
    Ok((score, GradedBy::Options))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
            is_correct: right.contains(letter),
            ..QuestionOption::default()
        };
        question.options = letters.iter().map(option).collect();
        question
    }

    fn text(answer: Option<&str>, was_correct: Option<bool>) -> Given {
        Given { answer: answer.map(str::to_owned), was_correct, ..Given::default() }
    }

    fn marked(
        question: &Question,
        answer: Option<&str>,
        was_correct: Option<bool>,
    ) -> Result<(f64, GradedBy), Unmarkable> {
        mark(question, &text(answer, was_correct)).map(|mark| {
            assert_eq!(mark.correct, mark.score >= FULL_SCORE_MIN);
            (mark.score, mark.graded_by)
        })
    }

    fn correct(question: &Question, answer: &str) -> bool {
        let (score, graded_by) = marked(question, Some(answer), Some(false)).unwrap();
        assert_eq!(graded_by, GradedBy::Options);
        score > 0.5
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
    fn weights_are_added_if_the_rules_say_so() {
        let mut two = question(&["A", "C"]);
        for (option, weight) in two.options.iter_mut().zip([Some(0.33333), Some(-0.5), Some(0.66666)]) {
            option.weight = weight;
        }
        assert!(!correct(&two, "A"), "without `weighted`, all or nothing");
        two.extra.insert("answer_rules".to_owned(), json!({"weighted": true}));
        for (answer, score) in
            [("A", 0.3333), ("C", 0.6667), ("A, C", 1.0), ("B", 0.0), ("B C", 0.1667), ("A,B,C", 0.5)]
        {
            assert_eq!(marked(&two, Some(answer), None), Ok((score, GradedBy::Options)), "{answer}");
        }
    }

    #[test]
    fn what_names_no_choice_is_not_marked() {
        let one = question(&["B"]);
        for answer in ["D", "A, D", "42", ",", "💩"] {
            let error = marked(&one, Some(answer), Some(true)).unwrap_err();
            assert!(matches!(error, Unmarkable::NoSuchOption { .. }) && error.field() == "answer", "{answer}");
        }
    }

    #[test]
    fn everything_else_is_the_students_word() {
        let mut open = question(&[]);
        open.answer = "The series converges by the ratio test.".to_owned();
        let mine = Ok((1.0, GradedBy::Student));
        assert_eq!(marked(&open, Some("by comparison"), Some(true)), mine);
        assert_eq!(marked(&question(&["B"]), None, Some(true)), mine);
        assert_eq!(marked(&open, Some("by comparison"), None), Err(Unmarkable::NeedsSelfReport));
        assert_eq!(marked(&open, None, None), Err(Unmarkable::NeedsSelfReport));
    }

    #[test]
    fn what_can_be_read_is_checked_whatever_the_student_says() {
        let mut open = question(&[]);
        open.answer = r"$\frac{x}{2} + C$".to_owned();
        for (answer, correct) in [("x/2 + C", true), ("0.5x+c", true), ("2x + C", false)] {
            let found = marked(&open, Some(answer), Some(!correct));
            assert_eq!(found, Ok((f64::from(u8::from(correct)), GradedBy::Answer)), "{answer}");
        }
    }

    #[test]
    fn a_question_may_bring_rules_of_its_own() {
        let mut open = question(&[]);
        open.answer = "9.81".to_owned();
        let score = |open: &Question| marked(open, Some("9.8"), None).unwrap().0;
        assert_eq!(score(&open).to_bits(), 0.0_f64.to_bits());
        for (rules, expected) in [
            (json!({"relative_tolerance": 0.01}), 1.0),
            (json!(r#"{"relative_tolerance": 0.01}"#), 1.0),
            (json!({"accepted": [{"answer": 9.81, "tolerance": 0.1, "fraction": 0.5}]}), 0.5),
            (json!({"accepted": [{"answer": 9.81, "tolerance": "0.001"}]}), 0.0),
            (json!(7), 0.0),
        ] {
            open.extra.insert("answer_rules".to_owned(), rules.clone());
            assert_eq!(score(&open).to_bits(), f64::to_bits(expected), "{rules}");
        }
    }

    fn with_parts(parts: Value) -> Question {
        let mut question = question(&[]);
        question.extra.insert("parts".to_owned(), parts);
        question
    }

    fn three_parts() -> Question {
        with_parts(json!([
            {"text": "2+2?", "answer": "4", "points": 1},
            {"text": "Which?", "answer": "B", "points": 2, "options": [
                {"letter": "A", "text": "", "is_correct": false}, {"letter": "B", "text": "", "is_correct": true}]},
            {"text": "Why?", "answer": "It converges by the ratio test.", "points": 5},
        ]))
    }

    fn given(given: &Value) -> Given {
        let map = |name: &str| given.get(name).cloned().unwrap_or(json!({}));
        Given {
            answer: given.get("answer").map(|answer| answer.as_str().unwrap().to_owned()),
            answers: serde_json::from_value(map("answers")).unwrap(),
            was_correct: given.get("was_correct").map(|was| was.as_bool().unwrap()),
            self_report: serde_json::from_value(map("self_report")).unwrap(),
        }
    }

    #[test]
    fn points_of_parts_are_added() {
        let question = three_parts();
        for (sent, score, scores, graded_by) in [
            (
                json!({"answers": {"a": "4", "b": "b", "c": "because"}, "self_report": {"c": true}}),
                1.0,
                [1, 1, 1],
                GradedBy::Student,
            ),
            (
                json!({"answers": {"a": "4", "b": "A", "c": "because"}, "was_correct": true}),
                0.75,
                [1, 0, 1],
                GradedBy::Student,
            ),
            (json!({"answers": {"a": "5", "b": "b"}}), 0.25, [0, 1, 0], GradedBy::Answer),
            (json!({"answers": {"a": "5", "b": "b"}, "was_correct": true}), 0.25, [0, 1, 0], GradedBy::Answer),
            (json!({"was_correct": true}), 1.0, [1, 1, 1], GradedBy::Student),
            (json!({"answer": "all of it", "was_correct": false}), 0.0, [0, 0, 0], GradedBy::Student),
            (json!({"self_report": {"a": true, "b": false, "c": false}}), 0.125, [1, 0, 0], GradedBy::Student),
        ] {
            let mark = mark(&question, &given(&sent)).unwrap();
            assert_eq!(mark.score.to_bits(), f64::to_bits(score), "{sent}");
            assert_eq!((mark.correct, mark.graded_by), (mark.score > 0.99, graded_by), "{sent}");
            let of_parts: Vec<(&str, bool)> =
                mark.parts.iter().map(|part| (part.label.as_str(), part.correct)).collect();
            assert_eq!(of_parts, [("a", scores[0] == 1), ("b", scores[1] == 1), ("c", scores[2] == 1)], "{sent}");
        }
    }

    #[test]
    fn what_does_not_fit_the_parts_is_refused_by_field() {
        let question = three_parts();
        for (sent, field, text) in [
            (json!({}), "was_correct", "must say whether"),
            (json!({"answer": "4"}), "was_correct", "must say whether"),
            (json!({"answers": {"a": " "}}), "was_correct", "must say whether"),
            (json!({"answers": {"a": "4", "c": "why"}}), "self_report", "must say for the parts c "),
            (json!({"answers": {"d": "4"}}), "answers", "names no part of the question; its parts are a, b, c"),
            (json!({"self_report": {"A": true}}), "self_report", "names no part"),
            (json!({"answers": {"b": "E"}}), "answers.b", "must name choices of the question, such as A, B"),
            (json!({"answer": "4", "answers": {"a": "4"}}), "answer", "must not be given together"),
        ] {
            let error = mark(&question, &given(&sent)).unwrap_err();
            assert_eq!(error.field(), field, "{sent}");
            assert!(error.to_string().starts_with(text), "{sent}: {error}");
        }
        let plain = self::question(&["B"]);
        for (sent, field) in
            [(json!({"answers": {"a": "B"}}), "answers"), (json!({"self_report": {"a": true}}), "self_report")]
        {
            assert_eq!(mark(&plain, &given(&sent)), Err(Unmarkable::NoParts { field }));
        }
    }

    #[test]
    fn parts_without_points_count_the_same() {
        let part = |answer: &str, points: Value| json!({"text": "?", "answer": answer, "points": points});
        let score =
            |parts: Value| mark(&with_parts(parts), &given(&json!({"answers": {"a": "1", "b": "2"}}))).unwrap().score;
        let near = |score: f64, expected: f64| assert!((score - expected).abs() < 1e-9, "{score}");
        near(score(json!([part("1", json!(null)), part("9", json!(null))])), 0.5);
        near(score(json!([part("1", json!(0)), part("9", json!(0))])), 0.5);
        near(score(json!([part("1", json!(3)), part("9", json!(null))])), 1.0);
    }
}
