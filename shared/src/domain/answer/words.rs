//! Answers in words: "converges absolutely", "does not exist", "true". A table of phrases; any other prose is not read.

use super::CheckResult;

/// Meaning of an answer in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Converges,
    ConvergesAbsolutely,
    ConvergesConditionally,
    Diverges,
    NoValue,
    Undefined,
    Yes,
    No,
    NoSolution,
    ManySolutions,
    AllReals,
    Increasing,
    Decreasing,
    Even,
    Odd,
    Neither,
}

/// The phrase which a text is.
pub(super) fn read(text: &str) -> Option<Word> {
    let phrase = phrase(text)?;
    let phrase = phrase.strip_prefix("is ").unwrap_or(&phrase);
    Some(match phrase {
        "converges" | "convergent" | "converge" | "conv" | "does converge" | "not divergent" | "does not diverge"
        | "doesnt diverge" => Word::Converges,
        "diverges" | "divergent" | "diverge" | "div" | "does diverge" | "not convergent" | "does not converge"
        | "doesnt converge" | "non convergent" | "nonconvergent" => Word::Diverges,
        "converges absolutely"
        | "absolutely convergent"
        | "converge absolutely"
        | "absolutely converges"
        | "absolute convergence"
        | "convergent absolutely"
        | "absolutely" => Word::ConvergesAbsolutely,
        "converges conditionally"
        | "conditionally convergent"
        | "converge conditionally"
        | "conditionally converges"
        | "conditional convergence"
        | "convergent conditionally"
        | "conditionally"
        | "converges conditionally but not absolutely"
        | "converges but not absolutely" => Word::ConvergesConditionally,
        "dne" | "d n e" | "does not exist" | "doesnt exist" | "do not exist" | "nonexistent" | "no limit" => {
            Word::NoValue
        }
        "undefined" | "not defined" | "und" => Word::Undefined,
        "true" | "yes" | "correct" => Word::Yes,
        "false" | "no" | "incorrect" | "not true" => Word::No,
        "no solution"
        | "no solutions"
        | "none"
        | "empty set"
        | "no real solution"
        | "no real solutions"
        | "there is no solution"
        | "there are no solutions" => Word::NoSolution,
        "infinitely many" | "infinitely many solutions" | "infinite solutions" => Word::ManySolutions,
        "all real numbers" | "all reals" | "all real x" | "every real number" | "all x" | "for all x" => Word::AllReals,
        "increasing" => Word::Increasing,
        "decreasing" => Word::Decreasing,
        "even" => Word::Even,
        "odd" => Word::Odd,
        "neither" => Word::Neither,
        _ => return None,
    })
}

/// What a single letter says where the expected answer is yes or no.
pub(super) fn letter(text: &str) -> Option<Word> {
    match phrase(text)?.as_str() {
        "t" | "y" => Some(Word::Yes),
        "f" | "n" => Some(Word::No),
        _ => None,
    }
}

/// What stands after "converges to".
pub(super) fn limit(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches('.');
    for prefix in ["converges to ", "it converges to ", "the series converges to ", "the integral converges to "] {
        if text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)) {
            return text.get(prefix.len()..);
        }
    }
    None
}

/// Compares two answers in words.
pub(super) fn compare(expected: Word, given: Word) -> CheckResult {
    use Word::{
        Converges, ConvergesAbsolutely, ConvergesConditionally, Decreasing, Diverges, Even, Increasing, ManySolutions,
        Neither, No, NoSolution, Odd, Yes,
    };
    if expected == given {
        return CheckResult::Right;
    }
    match (expected, given) {
        // One states more than the other.
        (Converges, ConvergesAbsolutely | ConvergesConditionally)
        | (ConvergesAbsolutely | ConvergesConditionally, Converges) => CheckResult::Undecided,
        (
            Converges | ConvergesAbsolutely | ConvergesConditionally | Diverges,
            Converges | ConvergesAbsolutely | ConvergesConditionally | Diverges,
        )
        | (Yes | No, Yes | No)
        | (NoSolution | ManySolutions, NoSolution | ManySolutions)
        | (Increasing | Decreasing, Increasing | Decreasing)
        | (Even | Odd | Neither, Even | Odd | Neither) => CheckResult::Wrong,
        _ => CheckResult::Undecided,
    }
}

/// Compares a word with a finite number: where nothing exists, no number is right.
pub(super) fn against_number(word: Word) -> CheckResult {
    match word {
        Word::Diverges | Word::NoValue | Word::Undefined | Word::NoSolution => CheckResult::Wrong,
        _ => CheckResult::Undecided,
    }
}

/// The words in lower case, without commands, marks and what the answer is about.
fn phrase(text: &str) -> Option<String> {
    const SUBJECTS: [&str; 12] = [
        "the series ",
        "the improper integral ",
        "the integral ",
        "the sequence ",
        "the limit ",
        "the function ",
        "this series ",
        "series ",
        "integral ",
        "sequence ",
        "limit ",
        "it ",
    ];
    let mut text = text.to_lowercase();
    for command in ["\\textbf", "\\textit", "\\textrm", "\\text", "\\mathrm", "\\mbox", "\\boxed", "\\,", "\\ "] {
        text = text.replace(command, " ");
    }
    let mut plain = String::with_capacity(text.len());
    for next in text.chars() {
        match next {
            'a'..='z' => plain.push(next),
            '\'' | '’' => {}
            ' ' | '\t' | '\n' | '\r' | '{' | '}' | '$' | '.' | '!' | '-' | '~' | '\\' => plain.push(' '),
            _ => return None,
        }
    }
    let joined = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let subject = SUBJECTS.into_iter().find_map(|subject| joined.strip_prefix(subject));
    Some(subject.unwrap_or(&joined).to_owned())
}
