//! Is an answer in free text right? Numbers, formulas, equations, intervals, lists and some words, in LaTeX or plain
//! text, each compared with the expected answer by what it means.
//!
//! `docs/marking.md` has the grammar, the rules and measured figures.
//!
//! Invariants, which the tests hold:
//! - [`Verdict::Wrong`] is said only where both answers were read to their end and clearly differ. What is not in the
//!   grammar, or may be meant in two ways, is [`Verdict::Undecided`];
//! - the same arguments give the same verdict: the points at which functions are compared are seeded;
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

/// Longest answer that is read, in bytes.
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

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Both mean the same.
    Right,
    /// Both were read and differ.
    Wrong,
    /// Only a person can tell.
    Undecided,
}

/// What a question says about its answer.
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
    /// What becomes of a constant of integration.
    pub integration: Integration,
    /// The numbers that variables stand for.
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

/// The numbers that variables stand for.
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

/// Why a text is not read.
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
pub fn check(expected: &str, given: &str, rules: &Rules) -> Verdict {
    check_within(expected, given, rules, &Work::new(MAX_STEPS))
}

fn check_within(expected: &str, given: &str, rules: &Rules, work: &Work) -> Verdict {
    if expected.len() > MAX_BYTES || given.len() > MAX_BYTES {
        return Verdict::Undecided;
    }
    if is_same_text(expected, given) {
        return Verdict::Right;
    }
    let context = Context { rules, work };
    let read = |text: &str, reading| read::read(text, reading, rules);
    let (Ok(wanted), Ok(found)) = (read(expected, Choices::NONE), read(given, Choices::NONE)) else {
        return Verdict::Undecided;
    };
    let verdict = compare(&wanted, &found, given, &context);
    if verdict == Verdict::Right || (wanted.open.is_empty() && found.open.is_empty()) {
        return verdict;
    }
    // A text may be meant in another way. That makes a wrong answer undecided; it makes it right only where the other
    // way is a notation of numbers, which nobody hits by accident.
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
                return Verdict::Undecided;
            }
            let usual = wanted_choices.is_empty() && found_choices.is_empty();
            match compare(wanted, found, given, &context) {
                _ if usual => {}
                Verdict::Right if wanted_choices.is_empty() && found_choices.is_notation_only() => {
                    return Verdict::Right;
                }
                Verdict::Right | Verdict::Undecided => result = Verdict::Undecided,
                Verdict::Wrong => {}
            }
        }
    }
    if work.is_exhausted() { Verdict::Undecided } else { result }
}

/// The same text but for `$` and white space that parts nothing is the same answer, readable or not.
fn is_same_text(expected: &str, given: &str) -> bool {
    let expected = squeezed(expected);
    !expected.is_empty() && expected == squeezed(given)
}

/// A text without `$`, and with white space only where it keeps words or numbers apart.
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

/// Compares two answers that were read, with their units.
fn compare(expected: &Read, given: &Read, text: &str, context: &Context) -> Verdict {
    let same_unit = context.rules.units_ignored || expected.unit == given.unit;
    if !same_unit {
        return Verdict::Undecided;
    }
    if let (read::Answer::Word(word @ (words::Word::Yes | words::Word::No)), Some(letter)) =
        (&expected.answer, words::letter(text))
    {
        return words::compare(*word, letter);
    }
    compare::answers(&expected.answer, &given.answer, context)
}
