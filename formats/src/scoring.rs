//! From rules that give points to the answer of a question. QTI states its keys as such rules in all its versions.

mod order;
mod pairs;

use crate::{
    Accepted, Answer, Bound, Choice, Decimal, Form, Tolerance,
    labels::{accepted, accepted_number, show_best_first},
    reading::OPTIONS_MAX,
};

/// The largest number of responses of a question.
pub(crate) const RESPONSES_MAX: usize = 200;
/// The largest number of accepted answers of a response.
const ACCEPTED_MAX: usize = 500;

/// What an interaction asks for.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    Choice {
        options: Vec<Label>,
        several: bool,
    },
    Text {
        is_number: bool,
    },
    Pairs {
        left: Vec<Label>,
        right: Vec<Label>,
    },
    Order(Vec<Label>),
    /// An order of which only the points of single places are taken.
    Places(Vec<Label>),
    /// Pairs within one set.
    Association(Vec<Label>),
    /// A longer text that a person marks.
    Essay,
}

/// An option with the name that the rules use.
#[derive(Debug, Clone, Default)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) feedback: Option<String>,
}

/// What a response must be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// A text, an option, or for pairs two options with a blank between them.
    Equal {
        value: String,
        match_case: bool,
    },
    Near {
        value: Decimal,
        tolerance: Tolerance,
    },
    Between {
        low: Option<Bound>,
        high: Option<Bound>,
    },
    /// A text that contains this one.
    Contains {
        text: String,
        match_case: bool,
    },
    /// Exactly these options, or these in this order.
    All(Vec<String>),
    /// This option at this place of an order, from 1.
    At {
        place: usize,
        value: String,
    },
}

/// A rule: who passes the test gets the points.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    pub(crate) test: Test,
    pub(crate) points: f64,
    pub(crate) feedback: Option<String>,
}

/// The answer of an interaction.
#[derive(Debug, Default)]
pub(crate) struct Key {
    pub(crate) answer: Answer,
    /// The points of the best response.
    pub(crate) full: f64,
    pub(crate) warnings: Vec<String>,
}

/// Reads the rules of one interaction. `unnamed` are the points of an option that no rule names. `Err` tells why the question
/// cannot be taken.
pub(crate) fn key(asked: &Asked, rules: &[Rule], unnamed: f64) -> Result<Key, String> {
    match asked {
        Asked::Choice { options, several } => {
            if options.is_empty() {
                return Err("it has no options.".to_owned());
            }
            if options.len() > OPTIONS_MAX {
                return Err(format!("it has more than {OPTIONS_MAX} options."));
            }
            if let Some(blank) = options.iter().find(|option| option.text.is_empty()) {
                return Err(format!("its option `{}` has no text.", blank.id));
            }
            Ok(if *several { several_key(options, rules, unnamed) } else { single_key(options, rules, unnamed) })
        }
        Asked::Text { is_number } => Ok(text_key(rules, *is_number)),
        Asked::Pairs { left, right } => pairs::key(left, right, rules),
        Asked::Order(options) => order::key(options, rules),
        Asked::Places(options) => order::places_key(options, rules),
        Asked::Association(options) => pairs::association_key(options, rules),
        Asked::Essay => Ok(Key { full: best(rules), ..Key::default() }),
    }
}

fn best(rules: &[Rule]) -> f64 {
    rules.iter().map(|rule| rule.points).fold(0.0, f64::max)
}

fn names(test: &Test, id: &str) -> bool {
    match test {
        Test::Equal { value, .. } => value == id,
        Test::All(values) => matches!(values.as_slice(), [value] if value == id),
        _ => false,
    }
}

fn choices(options: &[Label], right: impl Fn(usize) -> bool, weight: impl Fn(usize) -> Option<f64>) -> Vec<Choice> {
    options
        .iter()
        .enumerate()
        .map(|(index, option)| Choice {
            text: option.text.clone(),
            is_right: right(index),
            weight: weight(index),
            feedback: option.feedback.clone(),
        })
        .collect()
}

fn is_zero(number: f64) -> bool {
    number.abs() < 1e-9
}

fn single_key(options: &[Label], rules: &[Rule], unnamed: f64) -> Key {
    let points: Vec<f64> = options
        .iter()
        .map(|option| {
            let named = rules.iter().filter(|rule| names(&rule.test, &option.id)).map(|rule| rule.points);
            named.reduce(f64::max).unwrap_or(unnamed)
        })
        .collect();
    let full = points.iter().copied().fold(0.0, f64::max);
    let is_right = |index: usize| full > 0.0 && is_zero(points[index] - full);
    let weighted = full > 0.0 && points.iter().any(|one| !is_zero(*one) && !is_zero(one - full));
    let options = choices(options, is_right, |index| weighted.then(|| (points[index] / full).clamp(-1.0, 1.0)));
    Key { answer: Answer::Choice { options, several: false, weighted }, full, warnings: unkeyed(full) }
}

/// The combinations of options that give points, the best first.
fn combinations(rules: &[Rule]) -> Vec<(&[String], f64)> {
    let mut found: Vec<(&[String], f64)> = rules
        .iter()
        .filter(|rule| rule.points > 0.0)
        .filter_map(|rule| match &rule.test {
            Test::All(values) => Some((values.as_slice(), rule.points)),
            _ => None,
        })
        .collect();
    // Stable: of equal points, the first rule counts.
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    found
}

fn several_key(options: &[Label], rules: &[Rule], unnamed: f64) -> Key {
    let sets = combinations(rules);
    if let Some((set, full)) = sets.first().copied() {
        let right = |index: usize| set.contains(&options[index].id);
        let mut warnings = Vec::new();
        if sets.len() > 1 {
            warnings.push(format!("Points for {} other sets of options are left out.", sets.len() - 1));
        }
        let options = choices(options, right, |_| None);
        return Key { answer: Answer::Choice { options, several: true, weighted: false }, full, warnings };
    }
    let points: Vec<f64> = options
        .iter()
        .map(|option| {
            let mut named =
                rules.iter().filter(|rule| names(&rule.test, &option.id)).map(|rule| rule.points).peekable();
            if named.peek().is_some() { named.sum() } else { unnamed }
        })
        .collect();
    let full: f64 = points.iter().filter(|one| **one > 0.0).sum();
    let weight = |index: usize| (full > 0.0).then(|| (points[index] / full).clamp(-1.0, 1.0));
    let options = choices(options, |index| points[index] > 0.0, weight);
    Key { answer: Answer::Choice { options, several: true, weighted: full > 0.0 }, full, warnings: unkeyed(full) }
}

fn unkeyed(full: f64) -> Vec<String> {
    if full > 0.0 { Vec::new() } else { vec!["No option is marked as right.".to_owned()] }
}

fn text_key(rules: &[Rule], is_number: bool) -> Key {
    let full = best(rules);
    let mut warnings = Vec::new();
    let mut list: Vec<Accepted> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.points > 0.0) {
        let fraction = (rule.points / full).min(1.0);
        let mut one = match &rule.test {
            Test::Equal { value, match_case } => match Decimal::parse(value).filter(|_| is_number) {
                Some(number) => accepted_number(number, Tolerance::Unsaid, fraction),
                None if value.trim().is_empty() => continue,
                None => accepted(
                    Form::Text { text: value.trim().to_owned(), match_case: *match_case, has_wildcards: false },
                    fraction,
                ),
            },
            Test::Near { value, tolerance } => accepted_number(value.clone(), tolerance.clone(), fraction),
            Test::Between { low, high } => accepted(Form::Range { low: low.clone(), high: high.clone() }, fraction),
            Test::Contains { text, match_case } => accepted(
                Form::Text { text: format!("*{text}*"), match_case: *match_case, has_wildcards: true },
                fraction,
            ),
            Test::All(values) => match values.as_slice() {
                [value] => {
                    accepted(Form::Text { text: value.clone(), match_case: true, has_wildcards: false }, fraction)
                }
                _ => continue,
            },
            Test::At { .. } => continue,
        };
        one.feedback.clone_from(&rule.feedback);
        if list.len() >= ACCEPTED_MAX {
            warnings.push(format!("Accepted answers after the first {ACCEPTED_MAX} are left out."));
            break;
        }
        if !list.iter().any(|other| other.form == one.form && other.fraction >= one.fraction) {
            list.push(one);
        }
    }
    show_best_first(&mut list);
    let answer = if list.is_empty() { Answer::Open } else { Answer::Accepted(list) };
    Key { answer, full, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ids: &[&str]) -> Vec<Label> {
        ids.iter().map(|id| Label { id: (*id).to_owned(), text: id.to_uppercase(), feedback: None }).collect()
    }

    fn rule(test: Test, points: f64) -> Rule {
        Rule { test, points, feedback: None }
    }

    fn equal(value: &str, points: f64) -> Rule {
        rule(Test::Equal { value: value.to_owned(), match_case: true }, points)
    }

    fn all(values: &[&str], points: f64) -> Rule {
        rule(Test::All(values.iter().map(|value| (*value).to_owned()).collect()), points)
    }

    fn weights(answer: &Answer) -> (Vec<bool>, Vec<Option<f64>>) {
        let Answer::Choice { options, .. } = answer else { panic!("{answer:?}") };
        options.iter().map(|option| (option.is_right, option.weight)).unzip()
    }

    #[test]
    fn a_single_choice_has_weights_only_if_an_option_is_worth_a_share() {
        let asked = Asked::Choice { options: labels(&["a", "b", "c"]), several: false };
        let whole = key(&asked, &[equal("b", 100.0)], 0.0).unwrap();
        assert_eq!(weights(&whole.answer), (vec![false, true, false], vec![None; 3]));
        let shared = key(&asked, &[equal("b", 2.0), equal("c", 1.0), equal("a", -1.0)], 0.0).unwrap();
        assert_eq!(weights(&shared.answer), (vec![false, true, false], vec![Some(-0.5), Some(1.0), Some(0.5)]));
        assert!(key(&asked, &[], 0.0).unwrap().warnings[0].starts_with("No option"));
    }

    #[test]
    fn a_set_of_options_is_a_key_without_weights_and_options_of_their_own_are_weights() {
        let asked = Asked::Choice { options: labels(&["a", "b", "c"]), several: true };
        let set = key(&asked, &[all(&["a"], 1.0), all(&["a", "c"], 2.0)], 0.0).unwrap();
        assert_eq!(weights(&set.answer), (vec![true, false, true], vec![None; 3]));
        assert_eq!((set.full, set.warnings.len()), (2.0, 1));
        let own = key(&asked, &[equal("a", 1.0), equal("c", 1.0)], -1.0).unwrap();
        assert_eq!(weights(&own.answer), (vec![true, false, true], vec![Some(0.5), Some(-0.5), Some(0.5)]));
        assert!((own.full - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_left_side_with_no_or_several_right_sides_is_refused() {
        let asked = Asked::Pairs { left: labels(&["a", "b"]), right: labels(&["x", "y", "z"]) };
        let taken = key(&asked, &[equal("a x", 1.0), equal("y b", 1.0)], 0.0).unwrap();
        let pairs = vec![("A".to_owned(), "X".to_owned()), ("B".to_owned(), "Y".to_owned())];
        assert_eq!(taken.answer, Answer::Matching { pairs, distractors: vec!["Z".to_owned()] });
        assert_eq!(key(&asked, &[equal("a x", 1.0)], 0.0).unwrap_err(), "“B” has no right side.");
        let both = [equal("a x", 1.0), equal("a y", 1.0), equal("b z", 1.0)];
        assert_eq!(key(&asked, &both, 0.0).unwrap_err(), "“A” has several right sides.");
    }

    #[test]
    fn an_order_is_the_best_of_those_that_give_points() {
        let asked = Asked::Order(labels(&["a", "b"]));
        assert_eq!(
            key(&asked, &[all(&["b", "a"], 1.0)], 0.0).unwrap().answer,
            Answer::Ordering(vec!["B".to_owned(), "A".to_owned()])
        );
        assert!(key(&asked, &[], 0.0).is_err());
        assert!(key(&asked, &[all(&["b", "q"], 1.0)], 0.0).is_err());
    }

    #[test]
    fn options_are_bounded() {
        let ids: Vec<String> = (0..27).map(|number| number.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let asked = Asked::Choice { options: labels(&ids), several: false };
        assert_eq!(key(&asked, &[], 0.0).unwrap_err(), "it has more than 26 options.");
    }
}
