//! The rules for marking answers to a question or to a part of one: the column `answer_rules`, an object or its JSON text
//! (`docs/marking.md`).

use serde_json::{Map, Value};

use super::accepted::{self, Accepted, in_plain_words};
use crate::domain::answer::{CheckResult, Rules, check};
use crate::domain::catalog::QuestionOption;

/// The column of a question, and the member of a part.
pub const RULES_COLUMN: &str = "answer_rules";

/// Parsed rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct AnswerRules {
    /// Accepted answers. If there are any, they replace the expected answer.
    accepted: Vec<Accepted>,
    /// Whether the score is the sum of the weights of the chosen options.
    pub(super) weighted: bool,
    /// Rules of the checker.
    checker: Rules,
}

impl AnswerRules {
    /// Reads a column.
    ///
    /// # Errors
    /// What is wrong with it, for the author of the question.
    pub(super) fn read(column: &Value) -> Result<Self, String> {
        let mut members: Map<String, Value> = match column {
            Value::String(text) => serde_json::from_str(text).map_err(|error| in_plain_words(&error.to_string()))?,
            Value::Object(members) => members.clone(),
            _ => return Err("must be an object".to_owned()),
        };
        let accepted = members.remove("accepted").map(|list| accepted::read(&list)).transpose()?.unwrap_or_default();
        let weighted = match members.remove("weighted") {
            None => false,
            Some(Value::Bool(weighted)) => weighted,
            Some(_) => return Err("weighted must be true or false".to_owned()),
        };
        let checker =
            serde_json::from_value(Value::Object(members)).map_err(|error| in_plain_words(&error.to_string()))?;
        Ok(Self { accepted, weighted, checker })
    }

    /// The stored rules. They were checked when they were imported; the default replaces unreadable ones.
    pub(super) fn stored(column: Option<&Value>) -> Self {
        column.and_then(|column| Self::read(column).ok()).unwrap_or_default()
    }

    /// Marks a text: the verdict, and the share of the points if it is right.
    pub(super) fn check(&self, answer: &str, given: &str) -> (CheckResult, f64) {
        if self.accepted.is_empty() {
            return (check(answer, given, &self.checker), 1.0);
        }
        accepted::best(&self.accepted, given, &self.checker)
    }
}

/// What is wrong with the rules of a question or a part with these options, if anything is.
#[must_use]
pub fn rules_problem(column: Option<&Value>, options: &[QuestionOption]) -> Option<String> {
    let rules = match AnswerRules::read(column?) {
        Ok(rules) => rules,
        Err(fault) => return Some(format!("{RULES_COLUMN}: {fault}")),
    };
    let fault = if rules.weighted && options.iter().all(|option| option.weight.is_none()) {
        "weighted needs options with a weight"
    } else if !rules.accepted.is_empty() && !options.is_empty() {
        "accepted has no effect beside options"
    } else {
        return None;
    };
    Some(format!("{RULES_COLUMN}: {fault}"))
}

/// A doubt about rules that are valid, if there is one.
#[must_use]
pub fn rules_doubt(column: Option<&Value>, answer: &str, options: &[QuestionOption]) -> Option<String> {
    let rules = AnswerRules::read(column?).ok()?;
    if rules.weighted {
        let best: f64 = options.iter().filter_map(|option| option.weight).filter(|weight| *weight > 0.0).sum();
        return (best < super::marking::FULL_SCORE_MIN)
            .then(|| format!("the positive weights of its options add up to {best}: nobody can score 1"));
    }
    let is_wrong = !rules.accepted.is_empty()
        && !answer.trim().is_empty()
        && matches!(rules.check(answer, answer), (CheckResult::Wrong, _));
    is_wrong.then(|| format!("answer {answer:?} is none of its accepted answers"))
}

/// The answer to show: the one of the question, or the first accepted one if that is blank.
#[must_use]
pub fn shown_answer(answer: &str, column: Option<&Value>) -> String {
    if !answer.trim().is_empty() {
        return answer.to_owned();
    }
    AnswerRules::stored(column).accepted.first().map_or_else(|| answer.to_owned(), Accepted::shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn option(weight: Option<f64>) -> QuestionOption {
        QuestionOption { letter: "A".to_owned(), weight, ..QuestionOption::default() }
    }

    #[test]
    fn faults_of_rules_are_named() {
        let fault = |column: Value, options: &[QuestionOption]| rules_problem(Some(&column), options).unwrap();
        assert_eq!(fault(json!(7), &[]), "answer_rules: must be an object");
        assert_eq!(fault(json!({"weighted": 1}), &[]), "answer_rules: weighted must be true or false");
        assert_eq!(fault(json!({"accepted": []}), &[]), "answer_rules: accepted has 0 answers; there must be 1 to 100");
        assert_eq!(
            fault(json!({"weighted": true}), &[option(None)]),
            "answer_rules: weighted needs options with a weight"
        );
        assert_eq!(
            fault(json!({"accepted": [{"answer": 1}]}), &[option(None)]),
            "answer_rules: accepted has no effect beside options"
        );
        let text = fault(json!(r#"{"relative_tolerance": "a"}"#), &[]);
        assert!(text.ends_with("expected a number"), "{text}");
        assert_eq!(rules_problem(Some(&json!({"weighted": true})), &[option(Some(1.0)), option(None)]), None);
        assert_eq!(rules_problem(None, &[]), None);
    }

    #[test]
    fn doubts_are_told() {
        let accepted = json!({"accepted": [{"answer": "3.14", "tolerance": 0.01}]});
        assert_eq!(rules_doubt(Some(&accepted), "3.141", &[]), None);
        assert_eq!(
            rules_doubt(Some(&accepted), "3.2", &[]).as_deref(),
            Some("answer \"3.2\" is none of its accepted answers")
        );
        let weights = [option(Some(0.5)), option(Some(0.25)), option(Some(-1.0))];
        assert_eq!(
            rules_doubt(Some(&json!({"weighted": true})), "A", &weights).as_deref(),
            Some("the positive weights of its options add up to 0.75: nobody can score 1")
        );
    }

    #[test]
    fn a_blank_answer_is_shown_as_the_first_accepted_one() {
        let column = json!({"accepted": [{"answer": "3.14", "tolerance": 0.01}, {"answer": 7}]});
        assert_eq!(shown_answer(" ", Some(&column)), "3.14 ± 0.01");
        assert_eq!(shown_answer("3.14", Some(&column)), "3.14");
        assert_eq!(shown_answer("", None), "");
    }
}
