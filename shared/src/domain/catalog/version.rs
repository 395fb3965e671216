//! Versions of a question. A question has version 1 until an import corrects it: changes what is asked or how it is marked.
//!
//! Answers are counted by the version that marked them, so that the statistics of a corrected question are not those of
//! the question before. `docs/decisions/0043` has the reasons.

use serde::Deserialize;
use serde_json::Value;

use super::figures::FIGURES_COLUMN;
use super::parts::{PARTS_COLUMN, Part};
use super::{ExtraColumns, Question, QuestionOption};
use crate::domain::questions::view::NEEDED_TO_ANSWER;
use crate::domain::study::answer_rules::RULES_COLUMN;

/// The version of a question that was never corrected, and of everything that was stored before there were versions.
pub const FIRST_VERSION: u32 = 1;

/// What an item without a version has.
pub(crate) const fn first_version() -> u32 {
    FIRST_VERSION
}

/// Whether an item leaves the version out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) const fn is_first_version(version: &u32) -> bool {
    *version == FIRST_VERSION
}

/// Reads a member of any type as no version: a row that was stored before there were versions may have a column of this name.
pub(crate) fn not_a_version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| FIRST_VERSION)
}

impl Question {
    /// Whether `new` is another version of this question: its text, answer, options, rules, points, parts or figures differ,
    /// or a column that is shown with the question.
    ///
    /// The solution, the feedback to options, the topic, the difficulty and other columns may change within a version: they
    /// change neither what a student answers nor how it is marked. An option that only `new` has does not count here; the
    /// letters of the options say whether one was added.
    #[must_use]
    pub fn is_corrected_by(&self, new: &Self) -> bool {
        let is_same = self.question_text == new.question_text
            && self.answer == new.answer
            && is_same_number(self.meta.source_points, new.meta.source_points)
            && self.options.iter().all(|old| new.options.iter().any(|new| is_same_option(old, new)))
            && is_same_list(&self.parts(), &new.parts(), is_same_part)
            && self.figures() == new.figures()
            && is_same_column(&self.extra, &new.extra, RULES_COLUMN)
            && self.columns_of_question(new).all(|name| is_same_column(&self.extra, &new.extra, name));
        !is_same
    }

    /// The columns that either of both shows with the question.
    fn columns_of_question<'a>(&'a self, new: &'a Self) -> impl Iterator<Item = &'a str> {
        // Read by what they mean, above.
        let is_other = |name: &&str| ![PARTS_COLUMN, FIGURES_COLUMN, RULES_COLUMN].contains(name);
        let named = self.shown_with_question.iter().chain(&new.shown_with_question).map(String::as_str);
        NEEDED_TO_ANSWER.into_iter().chain(named).filter(is_other)
    }
}

fn is_same_option(old: &QuestionOption, new: &QuestionOption) -> bool {
    old.letter == new.letter
        && old.text == new.text
        && old.is_correct == new.is_correct
        && is_same_number(old.weight, new.weight)
}

fn is_same_part(old: &Part, new: &Part) -> bool {
    old.text == new.text
        && old.is_gap == new.is_gap
        && old.answer == new.answer
        && old.hint == new.hint
        && is_same_number(old.points, new.points)
        && is_same_list(&old.options, &new.options, is_same_option)
        && is_same_rules(old.answer_rules.as_ref(), new.answer_rules.as_ref())
}

fn is_same_list<T>(old: &[T], new: &[T], is_same: impl Fn(&T, &T) -> bool) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| is_same(old, new))
}

fn is_same_column(old: &ExtraColumns, new: &ExtraColumns, name: &str) -> bool {
    is_same_rules(old.get(name), new.get(name))
}

/// A column may be its JSON text, and an absent one is null.
fn is_same_rules(old: Option<&Value>, new: Option<&Value>) -> bool {
    let read = |value: Option<&Value>| match value {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.clone())),
        other => other.cloned().unwrap_or_default(),
    };
    is_same_value(&read(old), &read(new))
}

/// Numbers are compared by value: the store may spell them otherwise.
fn is_same_value(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old == new || is_same_number(old.as_f64(), new.as_f64()),
        (Value::Array(old), Value::Array(new)) => is_same_list(old, new, is_same_value),
        (Value::Object(old), Value::Object(new)) => {
            old.len() == new.len()
                && old.iter().all(|(name, old)| new.get(name).is_some_and(|new| is_same_value(old, new)))
        }
        _ => old == new,
    }
}

fn is_same_number(old: Option<f64>, new: Option<f64>) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old.total_cmp(&new).is_eq() || (old - new).abs() < f64::MIN_POSITIVE,
        (old, new) => old.is_none() && new.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question() -> Value {
        json!({
            "id": "q", "exam_id": null, "topic_id": "t", "topic_name": "T", "course_id": "c", "pattern_id": null,
            "techniques": [], "difficulty": 3, "difficulty_reason": null, "frequency_score": 0.5, "estimated_time": 8.0,
            "source_exam_year": null, "source_exam_type": null, "source_question_number": null, "source_points": 10.0,
            "is_generated": false, "created_at": "2026-01-01T00:00:00Z", "question_text": "How much is $1 + 1$?",
            "solution_steps": ["Add."], "answer": "2", "extra": {
                "answer_rules": {"accepted": [{"answer": "2", "tolerance": 0.5}]}, "image": "a.png", "map": "m", "rubric": "r",
                "figures": [{"digest": "0".repeat(64), "media_type": "image/png", "alt": "A"}],
                "parts": [{"text": "x", "answer": "2", "points": 2, "solution_steps": ["s"], "hint": "h", "options": [
                    {"letter": "A", "text": "1", "is_correct": true, "feedback": "f"},
                ]}],
            },
            "shown_with_question": ["map"],
        })
    }

    fn read(row: &Value) -> Question {
        let mut question: Question = serde_json::from_value(row.clone()).unwrap();
        question.options = ["A", "B"]
            .map(|letter| QuestionOption {
                letter: letter.to_owned(),
                is_correct: letter == "A",
                ..QuestionOption::default()
            })
            .to_vec();
        question
    }

    /// Whether setting the member at `pointer` makes a new version.
    fn corrects(pointer: &str, value: Value) -> bool {
        let mut changed = question();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match changed.pointer_mut(parent).unwrap() {
            Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
            members => members[name] = value,
        }
        assert_ne!(changed, question(), "{pointer}");
        read(&question()).is_corrected_by(&read(&changed))
    }

    #[test]
    fn what_is_asked_and_how_it_is_marked_makes_a_version() {
        for (pointer, value) in [
            ("/question_text", json!("How much is $1 + 2$?")),
            ("/answer", json!("3")),
            ("/source_points", json!(12)),
            ("/source_points", json!(null)),
            ("/extra/answer_rules", json!(null)),
            ("/extra/answer_rules/accepted/0/tolerance", json!(0.25)),
            ("/extra/image", json!("b.png")),
            ("/extra/passage", json!("new")),
            ("/extra/map", json!("n")),
            ("/extra/figures/0/digest", json!("1".repeat(64))),
            ("/extra/figures/0/alt", json!("B")),
            ("/extra/figures", json!([])),
            ("/extra/parts/0/text", json!("y")),
            ("/extra/parts/0/answer", json!("3")),
            ("/extra/parts/0/points", json!(3)),
            ("/extra/parts/0/hint", json!("i")),
            ("/extra/parts/0/answer_rules", json!({"weighted": true})),
            ("/extra/parts/0/options/0/is_correct", json!(false)),
            ("/extra/parts/0/options/0/text", json!("2")),
            ("/extra/parts", json!([])),
        ] {
            assert!(corrects(pointer, value), "{pointer}");
        }
    }

    #[test]
    fn everything_else_stays_within_the_version() {
        for (pointer, value) in [
            ("/solution_steps", json!(["Add them."])),
            ("/topic_id", json!("u")),
            ("/difficulty", json!(5)),
            ("/frequency_score", json!(0.25)),
            ("/techniques", json!(["adding"])),
            ("/exam_id", json!("e")),
            ("/estimated_time", json!(9)),
            ("/withheld", json!(true)),
            ("/extra/rubric", json!("s")),
            ("/extra/parts/0/solution_steps", json!(["t"])),
            ("/extra/parts/0/options/0/feedback", json!("g")),
        ] {
            assert!(!corrects(pointer, value), "{pointer}");
        }
    }

    #[test]
    fn another_spelling_of_a_column_is_no_correction() {
        let spelled = |pointer: &str| json!(question().pointer(pointer).unwrap().to_string());
        for (pointer, value) in [
            ("/extra/parts", spelled("/extra/parts")),
            ("/extra/answer_rules", spelled("/extra/answer_rules")),
            ("/extra/answer_rules/accepted/0/tolerance", json!(5e-1)),
            ("/extra/parts/0/points", json!(2.0)),
            ("/source_points", json!(10)),
        ] {
            let mut changed = question();
            *changed.pointer_mut(pointer).unwrap() = value;
            assert!(!read(&question()).is_corrected_by(&read(&changed)), "{pointer}");
        }
    }

    #[test]
    fn options_count_by_their_letters() {
        let old = read(&question());
        let changed = |change: &dyn Fn(&mut QuestionOption)| {
            let mut new = old.clone();
            change(&mut new.options[1]);
            old.is_corrected_by(&new)
        };
        assert!(changed(&|option| option.text = "both".to_owned()));
        assert!(changed(&|option| option.is_correct = true));
        assert!(changed(&|option| option.weight = Some(0.5)));
        assert!(!changed(&|option| option.feedback = Some("No.".to_owned())));
        // An import that was interrupted had not stored the second one.
        let mut partly = old.clone();
        partly.options.truncate(1);
        assert!(!partly.is_corrected_by(&old));
    }

    #[test]
    fn a_row_from_before_has_the_first_version() {
        let question = read(&question());
        assert_eq!((question.version, question.corrected_at), (FIRST_VERSION, None));
        let stored = serde_json::to_value(&question).unwrap();
        assert!(stored.get("version").is_none() && stored.get("corrected_at").is_none(), "{stored}");
    }
}
