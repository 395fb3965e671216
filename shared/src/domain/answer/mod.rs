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
//! Limits: equality of functions is tested at points, not proven. There are no matrices, sums, limits, integrals or
//! derivatives, and units are not converted.

mod compare;
mod equal;
mod lex;
mod names;
mod parse;
mod rational;
mod read;
mod reading;
mod sample;
mod split;
mod symbols;
#[cfg(test)]
mod tests;
mod token;
mod tree;
mod units;
mod value;
mod words;

use serde::{Deserialize, Serialize};

use equal::Context;
use read::Read;
use reading::Choices;
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
    /// Treatment of a constant of integration.
    pub integration: Integration,
    pub domain: Domain,
    /// Names of the variables, such as `x`, `rate` or, against its usual meaning, `e`. Empty: the letters of the
    /// expected answer.
    pub variables: Vec<String>,
    /// Seed of the points at which functions are compared.
    pub seed: u64,
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
    let context = Context { rules, work };
    let read = |text: &str, reading| read::read(text, reading, rules);
    let (Ok(wanted), Ok(found)) = (read(expected, Choices::NONE), read(given, Choices::NONE)) else {
        return CheckResult::Undecided;
    };
    let verdict = compare(&wanted, &found, given, &context);
    if verdict == CheckResult::Right || (wanted.open.is_empty() && found.open.is_empty()) {
        return verdict;
    }
    // A text may have another meaning. That makes a wrong answer undecided. It makes it right only if the other meaning is a
    // notation of numbers, which does not match by accident.
    let others = |text: &str, usual: &Read| {
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
                CheckResult::Right if wanted_choices.is_empty() && found_choices.is_notation_only() => {
                    return CheckResult::Right;
                }
                CheckResult::Right | CheckResult::Undecided => result = CheckResult::Undecided,
                CheckResult::Wrong => {}
            }
        }
    }
    if work.is_exhausted() { CheckResult::Undecided } else { result }
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
fn compare(expected: &Read, given: &Read, text: &str, context: &Context) -> CheckResult {
    let same_unit = context.rules.units_ignored || expected.unit == given.unit;
    if !same_unit {
        return CheckResult::Undecided;
    }
    if let (read::Answer::Word(word @ (words::Word::Yes | words::Word::No)), Some(letter)) =
        (&expected.answer, words::letter(text))
    {
        return words::compare(*word, letter);
    }
    compare::answers(&expected.answer, &given.answer, context)
}
