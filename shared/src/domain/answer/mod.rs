//! Checks answers in free text: numbers, formulas, equations, intervals, lists and some words, in LaTeX or plain text.
//! Each is compared with the expected answer by its meaning.
//!
//! `docs/marking.md` has the grammar, the rules and measured figures.
//!
//! Invariants, which the tests hold:
//! - [`CheckResult::Wrong`] is returned only if both answers were parsed completely and clearly differ. Text outside of the
//!   grammar, or with two possible meanings, is [`CheckResult::Undecided`];
//! - the same arguments give the same result: the points at which functions are compared are seeded;
//! - work is bounded by [`MAX_BYTES`], [`MAX_TOKENS`], [`MAX_DEPTH`] and [`MAX_STEPS`]; nothing panics.
//!
//! Limits: equality of functions is tested at points, not proven. There are no limits, integrals or infinite sums.

mod applied;
mod calendar;
mod calls;
mod choices;
mod compare;
mod complex;
mod equal;
mod equations;
mod intervals;
#[cfg(test)]
mod labelled;
mod layout;
mod lex;
mod literal;
mod matrices;
mod mirrored;
mod names;
mod natural;
mod parse;
mod parsed;
mod prepare;
mod preview;
mod prose;
mod rational;
mod reader;
mod relations;
mod rewrite;
mod sample;
mod sets;
mod slices;
mod split;
mod symbols;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod unit_names;
mod units;
mod value;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use choices::Choices;
use equal::Context;
use parsed::Parsed;
pub use preview::{Preview, Unclear, preview, preview_text};
use tree::Work;

/// Longest accepted answer, in bytes.
pub const MAX_BYTES: usize = 1000;
/// Most tokens of an answer.
pub const MAX_TOKENS: usize = 400;
/// Deepest nesting of an expression, in levels of the parser. A pair of brackets takes two.
pub const MAX_DEPTH: u32 = 100;
/// Most evaluation steps of a check. A step is one number, variable or operation at one point.
pub const MAX_STEPS: u32 = 20_000;
/// Relative tolerance of a question that states none, where a decimal was written.
pub const RELATIVE_TOLERANCE: f64 = 1e-4;
/// Absolute tolerance of a question that states none, where a decimal was written for 0.
pub const ABSOLUTE_TOLERANCE: f64 = 1e-9;

/// Result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckResult {
    /// Both mean the same.
    Right,
    /// Both were parsed and differ.
    Wrong,
    /// The checker cannot decide; a person must.
    Undecided,
}

/// Rules of a question for checking its answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Largest difference of a number, relative to the expected one. `None`: [`RELATIVE_TOLERANCE`] where one of the
    /// two has decimals; two closed forms must be equal.
    pub relative_tolerance: Option<f64>,
    /// Largest difference of a number. `None`: [`ABSOLUTE_TOLERANCE`] where 0 is expected.
    pub absolute_tolerance: Option<f64>,
    /// Whether units after a number do not matter. Otherwise both must have the same.
    pub units_ignored: bool,
    /// Whether a value in another unit of the same quantity is converted.
    pub units: Units,
    /// Whether letters are variables or words.
    pub letters: Letters,
    /// Treatment of a constant of integration.
    pub integration: Integration,
    pub domain: Domain,
    /// Names of the variables, such as `x`, `rate` or, against its usual meaning, `e`. Empty: the letters of the
    /// expected answer.
    pub variables: Vec<String>,
    /// Seed of the points at which functions are compared.
    pub seed: u64,
}

impl Rules {
    /// The rules in a value of the column `answer_rules`: an object or its JSON text. Keys that are no rules of the
    /// checker are ignored; unreadable rules are replaced by the default.
    #[must_use]
    pub fn of_column(column: Option<&Value>) -> Self {
        let read = |column: &Value| {
            let mut object: Map<String, Value> = match column {
                Value::String(text) => serde_json::from_str(text).ok()?,
                value => value.as_object()?.clone(),
            };
            let known = serde_json::to_value(Self::default()).ok()?;
            object.retain(|key, _| known.get(key).is_some());
            serde_json::from_value(Value::Object(object)).ok()
        };
        column.and_then(read).unwrap_or_default()
    }
}

/// How units are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// Both must have the same unit, under any of its names.
    #[default]
    Same,
    /// 500 cm is 5 m.
    Convertible,
}

/// What letters without a sign between them are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letters {
    /// A word, if they are the whole answer and none of them is declared: `SQL`. Otherwise variables: `2ab`.
    #[default]
    Automatic,
    /// Variables, so that `BA` is `AB`.
    Variables,
    /// A word.
    Word,
}

/// How constants of integration are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integration {
    /// Answers are equal up to a constant where the expected one has `+ C`; an answer may leave it out.
    #[default]
    AsExpected,
    /// Answers are equal up to a constant.
    Allowed,
    /// Answers are equal up to a constant, and must have one.
    Required,
}

/// Domain of the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Real numbers.
    #[default]
    Real,
    /// Positive real numbers.
    Positive,
    /// Whole numbers from 1.
    Integer,
}

/// Why a text cannot be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Unreadable {
    #[error("too long")]
    TooLong,
    #[error("nested too deeply")]
    TooDeep,
    #[error("a symbol that the grammar does not have")]
    Symbol,
    #[error("a number out of range")]
    Number,
    #[error("brackets that do not match")]
    Brackets,
    #[error("words")]
    Prose,
    #[error("factors which may be meant in several ways")]
    Juxtaposition,
    #[error("not in the grammar")]
    Grammar,
}

/// Compares an answer with the expected one.
#[must_use]
pub fn check(expected: &str, given: &str, rules: &Rules) -> CheckResult {
    check_within(expected, given, rules, &Work::new(MAX_STEPS))
}

fn check_within(expected: &str, given: &str, rules: &Rules, work: &Work) -> CheckResult {
    if expected.len() > MAX_BYTES || given.len() > MAX_BYTES {
        return CheckResult::Undecided;
    }
    if is_same_text(expected, given) {
        return CheckResult::Right;
    }
    let (expected, given) = (&prepare::prepared(expected), &prepare::prepared(given));
    if is_same_text(expected, given) || prose::is_same_words(expected, given) || prose::is_same_species(expected, given)
    {
        return CheckResult::Right;
    }
    if let Some(verdict) = calendar::compare(expected, given) {
        return verdict;
    }
    if mirrored::is_same(expected, given) {
        return CheckResult::Right;
    }
    if let Some(verdict) = approximated(expected, given, rules, work) {
        return verdict;
    }
    if let Some(verdict) = based(expected, given) {
        return verdict;
    }
    let with_unit_vectors = unit_vectors(expected, given, rules);
    let rules = with_unit_vectors.as_ref().unwrap_or(rules);
    let context = Context { rules, work };
    let read = |text: &str, reading| reader::read(text, reading, rules);
    let (Ok(wanted), Ok(found)) = (read(expected, Choices::NONE), read(given, Choices::NONE)) else {
        return CheckResult::Undecided;
    };
    let verdict = compare(&wanted, &found, given, &context);
    if work.is_exhausted() {
        return CheckResult::Undecided;
    }
    if verdict == CheckResult::Right || (wanted.open.is_empty() && found.open.is_empty()) {
        return verdict;
    }
    // A text may have another meaning. That makes a wrong answer undecided. It makes it right only if the other meaning is a
    // notation of numbers, which does not match by accident.
    let others = |text: &str, usual: &Parsed| {
        let other =
            usual.open.alternatives().into_iter().filter_map(|choices| Some((choices, read(text, choices).ok()?)));
        std::iter::once((Choices::NONE, usual.clone())).chain(other).collect::<Vec<_>>()
    };
    let mut result = verdict;
    let found_readings = others(given, &found);
    for (wanted_choices, wanted) in &others(expected, &wanted) {
        for (found_choices, found) in &found_readings {
            if work.is_exhausted() {
                return CheckResult::Undecided;
            }
            let usual = wanted_choices.is_empty() && found_choices.is_empty();
            match compare(wanted, found, given, &context) {
                _ if usual => {}
                CheckResult::Right
                    if wanted_choices.is_notation_of_expected()
                        && found_choices.is_notation_only()
                        && is_meant(*wanted_choices, expected, wanted, *found_choices, found) =>
                {
                    return CheckResult::Right;
                }
                CheckResult::Right | CheckResult::Undecided => result = CheckResult::Undecided,
                CheckResult::Wrong => {}
            }
        }
    }
    if work.is_exhausted() { CheckResult::Undecided } else { result }
}

/// Whether an unusual notation is probably meant: `I` beside complex numbers, a decimal comma that parts no two items.
fn is_meant(wanted: Choices, expected: &str, wanted_read: &Parsed, found: Choices, found_read: &Parsed) -> bool {
    if wanted.union(found).has(Choices::NATURAL_LOGARITHM) {
        // All logarithms are natural, and one stands beside the number e.
        let all = |choices: Choices, read: &Parsed| {
            choices.has(Choices::NATURAL_LOGARITHM) || !read.open.has(Choices::NATURAL_LOGARITHM)
        };
        let natural = natural::is_evident(&wanted_read.answer) || natural::is_evident(&found_read.answer);
        if !natural || !all(wanted, wanted_read) || !all(found, found_read) {
            return false;
        }
    }
    let capital_i = wanted.union(found).has(Choices::CAPITAL_I);
    let comma = wanted.has(Choices::DECIMAL_COMMA);
    (!capital_i || complex::is_evident(&wanted_read.answer) || complex::is_evident(&found_read.answer) || {
        // One writes i, the other I.
        let one = wanted.has(Choices::CAPITAL_I) != found.has(Choices::CAPITAL_I);
        one && complex::has_unit(if wanted.has(Choices::CAPITAL_I) { &found_read.answer } else { &wanted_read.answer })
    }) && (!comma || is_decimal_comma(expected))
}

/// Whether a comma cannot well part two items: `0,5` and `2,75`, but not `1,2`.
fn is_decimal_comma(text: &str) -> bool {
    text.split_once(',').is_some_and(|(before, after)| {
        let whole: String = before.chars().rev().take_while(char::is_ascii_digit).collect();
        let decimals = after.chars().take_while(char::is_ascii_digit).count();
        !after.contains(',') && (whole == "0" || decimals >= 2)
    })
}

/// `√3/3 ≈ 0.577` says a number in two ways: it is right if one of them is.
///
/// `None` where neither text does, or its two numbers differ by more than the rounding of the decimal.
fn approximated(expected: &str, given: &str, rules: &Rules, work: &Work) -> Option<CheckResult> {
    let sides = |text: &str| -> Option<Vec<String>> {
        let text = text.replace("\\approx", "≈");
        let (exact, rounded) = text.split_once('≈').filter(|(_, rounded)| !rounded.contains('≈'))?;
        let value = |side: &str| match reader::read(side, Choices::NONE, rules).ok()?.answer {
            parsed::Answer::Value(formula) if formula.node.variables().is_empty() => {
                Some((formula.node.value(&[], work), formula.last_digit))
            }
            _ => None,
        };
        let ((a, _), (b, last_digit)) = (value(exact)?, value(rounded)?);
        let near = a.subtract(b).size() <= 0.500_000_1 * last_digit.unwrap_or_default();
        near.then(|| vec![exact.trim().to_owned(), rounded.trim().to_owned()])
    };
    let (wanted, found) = (sides(expected), sides(given));
    if wanted.is_none() && found.is_none() {
        return None;
    }
    let wanted = wanted.unwrap_or_else(|| vec![expected.to_owned()]);
    let found = found.unwrap_or_else(|| vec![given.to_owned()]);
    let mut verdicts = Vec::new();
    for wanted in &wanted {
        verdicts.extend(found.iter().map(|found| check_within(wanted, found, rules, work)));
    }
    let all_wrong = verdicts.iter().all(|verdict| *verdict == CheckResult::Wrong);
    let right = verdicts.contains(&CheckResult::Right);
    Some(if right {
        CheckResult::Right
    } else if all_wrong {
        CheckResult::Wrong
    } else {
        CheckResult::Undecided
    })
}

/// Compares numbers in another base, such as `101_2`.
fn based(expected: &str, given: &str) -> Option<CheckResult> {
    let number = |text: &str| {
        let read = reader::read(text, Choices::NONE, &Rules::default()).ok()?;
        match read.answer {
            parsed::Answer::Value(formula) if read.unit.is_none() => formula.node.exact()?.as_whole(),
            _ => None,
        }
    };
    let (wanted, found) = (prose::based(expected), prose::based(given));
    let (a, b) = match (&wanted, &found) {
        (Some((a, _)), Some((b, _))) => (*a, *b),
        (Some((a, _)), None) => (*a, number(given)?),
        (None, Some((b, _))) => (number(expected)?, *b),
        (None, None) => return None,
    };
    // The base may be left out.
    let digits = |based: &Option<(i128, String)>, other: &str| {
        based.as_ref().is_some_and(|(_, digits)| digits.eq_ignore_ascii_case(other.trim_matches(['$', ' '])))
    };
    if digits(&wanted, given) || digits(&found, expected) {
        return Some(CheckResult::Undecided);
    }
    Some(if a == b { CheckResult::Right } else { CheckResult::Wrong })
}

/// The rules with `i` as a variable where a text has the unit vectors i, j and k.
fn unit_vectors(expected: &str, given: &str, rules: &Rules) -> Option<Rules> {
    const SPELLINGS: [&str; 7] =
        ["\\vec{i}", "\\vec i", "\\hat{i}", "\\hat i", "\\mathbf{i}", "\\mathbf i", "\\hat{\\imath}"];
    let found = SPELLINGS.iter().any(|spelling| expected.contains(spelling) || given.contains(spelling));
    found.then(|| {
        let variables = rules.variables.iter().cloned().chain(["i".to_owned()]).collect();
        Rules { variables, ..rules.clone() }
    })
}

/// Texts that differ only in `$` and insignificant white space are the same answer, even if they cannot be parsed.
fn is_same_text(expected: &str, given: &str) -> bool {
    let expected = squeezed(expected);
    !expected.is_empty() && expected == squeezed(given)
}

/// A text without `$`, and with white space only between words or numbers.
fn squeezed(text: &str) -> String {
    let parted = |next: char| next.is_alphanumeric() || matches!(next, '.' | ',');
    let mut result = String::with_capacity(text.len());
    let mut spaced = false;
    for next in text.chars().filter(|next| *next != '$') {
        if next.is_whitespace() {
            spaced = true;
            continue;
        }
        if spaced && parted(next) && result.chars().next_back().is_some_and(parted) {
            result.push(' ');
        }
        result.push(next);
        spaced = false;
    }
    result
}

/// Compares two parsed answers, with their units.
fn compare(expected: &Parsed, given: &Parsed, text: &str, context: &Context) -> CheckResult {
    if let (Some(wanted), Some(found)) = (&expected.only_unit, &given.only_unit)
        && wanted.is_same(found)
    {
        return CheckResult::Right;
    }
    let converted = match (&expected.unit, &given.unit) {
        _ if context.rules.units_ignored => None,
        (None, None) => None,
        (Some(wanted), Some(found)) if wanted.is_same(found) => None,
        (Some(wanted), Some(found)) if context.rules.units == Units::Convertible => {
            match found.ratio(wanted).and_then(|ratio| compare::scaled(&given.answer, ratio)) {
                Some(answer) => Some(answer),
                None => return CheckResult::Undecided,
            }
        }
        // The sign of dollars may be left out.
        (None, Some(_)) if given.dollars => None,
        (Some(_), None) if expected.dollars => None,
        _ => return CheckResult::Undecided,
    };
    if let (parsed::Answer::Word(word @ (words::Word::Yes | words::Word::No)), Some(letter)) =
        (&expected.answer, words::letter(text))
    {
        return words::compare(*word, letter);
    }
    compare::answers(&expected.answer, converted.as_ref().unwrap_or(&given.answer), context)
}
