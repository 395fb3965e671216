//! Compares the answer of a multiple-choice question with its options.
//!
//! Authors write the key in many ways: `B`, `(b)`, `Option B`, `B) Two`, `Two (B)`, `\text{B}`, `A and C`, `A/C`, or as the
//! text of the option. All of them are read here. An answer that agrees with the flags of the options in one reading is
//! accepted. An answer that has a reading and agrees in none is a fault. An answer without a reading is left alone.

use std::collections::BTreeSet;

use crate::domain::answer::{CheckResult, Rules, check};
use crate::domain::catalog::QuestionOption;
use crate::domain::catalog::draft::QuestionDraft;
use crate::domain::catalog::key_text::{at_words, bare, plain, split_at_spaces, without_styles};

/// How the answer contradicts the options, if it does.
#[must_use]
pub fn key_fault(question: &QuestionDraft) -> Option<String> {
    if question.options.is_empty() {
        return None;
    }
    let key = Key::of(&question.options);
    if key.correct.is_empty() {
        return Some("no option is correct: one at least must have is_correct true".to_owned());
    }
    let answer = &question.answer;
    let readings: Vec<Named> =
        [key.read(answer), key.with_text(answer).map(Named::one)].into_iter().flatten().collect();
    if readings.iter().any(|named| *named == Named::Letters(key.correct.clone())) || key.is_value_of_correct(answer) {
        return None;
    }
    for named in &readings {
        match named {
            Named::Mixed { letter, text_of } => {
                return Some(format!(
                    "answer {answer:?} has the letter of option {letter} and the text of option {text_of}"
                ));
            }
            Named::Letters(letters) if letters.is_subset(&key.all) => {
                let correct = listed(&key.correct);
                return Some(format!(
                    "answer {answer:?} and options contradict each other: is_correct is true for {correct}"
                ));
            }
            Named::Letters(_) => {}
        }
    }
    (!readings.is_empty()).then(|| format!("answer {answer:?} is no option: the options are {}", listed(&key.all)))
}

/// A warning for an answer that names no option.
#[must_use]
pub fn answer_beside_options(question: &QuestionDraft) -> Option<String> {
    let QuestionDraft { options, answer, .. } = question;
    let key = Key::of(options);
    let is_named = || key.read(answer).is_some() || key.with_text(answer).is_some() || key.is_value_of_correct(answer);
    (!options.is_empty() && !is_named())
        .then(|| format!("answer {answer:?} names no option: the options are {}", listed(&key.all)))
}

/// The letters, in upper case, of the options that an answer names. Empty if it names none, or one that does not exist.
#[must_use]
pub fn named_options(answer: &str, options: &[QuestionOption]) -> BTreeSet<String> {
    let key = Key::of(options);
    match key.read(answer).or_else(|| key.with_text(answer).map(Named::one)) {
        Some(Named::Letters(letters)) if letters.is_subset(&key.all) => letters,
        _ => BTreeSet::new(),
    }
}

/// What an answer names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// Letters, in upper case. Some may be no option.
    Letters(BTreeSet<String>),
    /// The letter of one option with the text of another.
    Mixed { letter: String, text_of: String },
}

impl Named {
    fn one(letter: &str) -> Self {
        Self::Letters(BTreeSet::from([letter.to_uppercase()]))
    }
}

/// The options of a question.
struct Key<'a> {
    options: &'a [QuestionOption],
    /// All letters, in upper case.
    all: BTreeSet<String>,
    /// Letters of the correct options, in upper case.
    correct: BTreeSet<String>,
    /// Length of the longest letter.
    longest: usize,
    is_alphabetic: bool,
}

impl<'a> Key<'a> {
    fn of(options: &'a [QuestionOption]) -> Self {
        let letter = |option: &QuestionOption| option.letter.trim().to_uppercase();
        let all: BTreeSet<String> = options.iter().map(letter).collect();
        let correct = options.iter().filter(|option| option.is_correct).map(letter).collect();
        let longest = all.iter().map(String::len).max().unwrap_or(1);
        let is_alphabetic = all.iter().all(|letter| letter.bytes().all(|byte| byte.is_ascii_alphabetic()));
        Self { options, all, correct, longest, is_alphabetic }
    }

    /// Reads an answer.
    fn read(&self, answer: &str) -> Option<Named> {
        let answer = without_styles(answer).replace(['$', '~'], " ").replace("\\(", " ").replace("\\)", " ");
        let text = bare(&answer);
        let lines = |text| str::split(text, [';', '\n']).collect();
        self.one(text)
            .or_else(|| self.list(text, lines, Self::one))
            .or_else(|| self.list(text, |text| text.split([',', ';', '\n']).flat_map(at_words).collect(), Self::one))
            .or_else(|| self.list(text, split_at_spaces, Self::letter))
            .or_else(|| self.list(text, |text| text.split(['/', '+', '|']).collect(), Self::exact_letter))
            .or_else(|| self.joined(text))
            .or_else(|| self.list(text, lines, Self::marked))
            .or_else(|| self.marked(text))
    }

    /// Reads one option: its letter, its text, or both.
    fn one(&self, text: &str) -> Option<Named> {
        let text = bare(text);
        self.letter(text)
            .or_else(|| self.labelled(text, Self::letter_with_its_text))
            .or_else(|| self.with_text(text).map(Named::one))
    }

    /// Reads a letter with any text, if the mark beside the letter is unmistakable.
    fn marked(&self, text: &str) -> Option<Named> {
        self.labelled(bare(text), Self::marked_letter)
    }

    /// Reads a letter before or after a text. `read` gets the letter, the text, and whether the mark is unmistakable.
    fn labelled(&self, text: &str, read: impl Fn(&Self, &str, &str, bool) -> Option<Named>) -> Option<Named> {
        let (letter, text, is_marked) = self.letter_before_text(text).or_else(|| self.letter_after_text(text))?;
        read(self, letter, text, is_marked)
    }

    /// Reads a letter, even if no option has it.
    fn letter(&self, text: &str) -> Option<Named> {
        let text = bare(text);
        let is_known = self.all.contains(&text.to_uppercase());
        let has_form = |byte: u8| if self.is_alphabetic { byte.is_ascii_alphabetic() } else { byte.is_ascii_digit() };
        let is_letter = !text.is_empty() && text.len() <= self.longest && text.bytes().all(has_form);
        (is_known || is_letter).then(|| Named::one(text))
    }

    /// Reads a letter in the case of the options' letters.
    fn exact_letter(&self, text: &str) -> Option<Named> {
        let text = bare(text);
        self.options.iter().any(|option| option.letter.trim() == text).then(|| Named::one(text))
    }

    /// Splits `B) Two`, `(B) Two`, `[B] Two`, `B: Two`, `B. Two`, `B - Two` and `B Two`.
    fn letter_before_text<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str, bool)> {
        let opened = text.strip_prefix(['(', '[']);
        let from = opened.unwrap_or(text);
        let length = from.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let (letter, rest) = from.split_at(length);
        self.letter(letter)?;
        let closed = rest.strip_prefix([')', ']']).or_else(|| rest.strip_prefix(':').filter(|_| opened.is_none()));
        if let Some(rest) = closed {
            return Some((letter, rest, true));
        }
        let rest = [".", " - ", " – ", " — ", "–", "—", " "].iter().find_map(|mark| rest.strip_prefix(mark))?;
        (opened.is_none() && !bare(rest).is_empty()).then_some((letter, rest, false))
    }

    /// Splits `Two (B)` and `Two [B]`.
    fn letter_after_text<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str, bool)> {
        let (before, letter) = text.strip_suffix([')', ']'])?.rsplit_once(['(', '['])?;
        self.letter(letter)?;
        before.ends_with(char::is_whitespace).then_some((letter, before, true))
    }

    /// A letter alone, with the text of its option, or with that of another.
    fn letter_with_its_text(&self, letter: &str, text: &str, _: bool) -> Option<Named> {
        let named = letter.to_uppercase();
        if bare(text).is_empty() || self.all_with_text(text).any(|option| option.letter.trim().to_uppercase() == named)
        {
            return Some(Named::one(letter));
        }
        let text_of = self.with_text(text)?.to_uppercase();
        self.all.contains(&named).then_some(Named::Mixed { letter: named, text_of })
    }

    /// A letter with a text that is no option's. The case must be that of the options: `e) 5` may be a text.
    fn marked_letter(&self, letter: &str, _: &str, is_marked: bool) -> Option<Named> {
        let is_upper = self.options.iter().all(|option| option.letter.chars().all(char::is_uppercase));
        let is_of_their_case =
            self.exact_letter(letter).is_some() || (is_upper && letter.chars().all(char::is_uppercase));
        (is_marked && is_of_their_case).then(|| Named::one(letter))
    }

    /// Reads a list, each part of it with `read`.
    fn list<'t>(
        &self,
        text: &'t str,
        split: impl Fn(&'t str) -> Vec<&'t str>,
        read: impl Fn(&Self, &str) -> Option<Named>,
    ) -> Option<Named> {
        let parts: Vec<&str> = split(text).into_iter().map(bare).filter(|part| !part.is_empty()).collect();
        if parts.len() < 2 {
            return None;
        }
        let mut letters = BTreeSet::new();
        for part in parts {
            match read(self, part)? {
                Named::Letters(named) => letters.extend(named),
                mixed @ Named::Mixed { .. } => return Some(mixed),
            }
        }
        Some(Named::Letters(letters))
    }

    /// Reads `AC`: letters of options in their case, each once.
    fn joined(&self, text: &str) -> Option<Named> {
        if !self.is_alphabetic || self.longest > 1 {
            return None;
        }
        let is_option = |letter: char| self.options.iter().any(|option| option.letter.trim().chars().eq([letter]));
        let letters: BTreeSet<String> =
            text.chars().filter(|c| is_option(*c)).map(|c| c.to_uppercase().collect()).collect();
        (letters.len() > 1 && letters.len() == text.chars().count()).then_some(Named::Letters(letters))
    }

    fn all_with_text(&self, text: &str) -> impl Iterator<Item = &'a QuestionOption> {
        let text = plain(text);
        let lower = text.to_lowercase();
        let has_exact = self.options.iter().any(|option| plain(&option.text) == text);
        self.options.iter().filter(move |option| {
            let of_option = plain(&option.text);
            !text.is_empty() && if has_exact { of_option == text } else { of_option.to_lowercase() == lower }
        })
    }

    /// Letter of the option with this text; of a correct one if several have it.
    fn with_text(&self, text: &str) -> Option<&'a str> {
        let found = self.all_with_text(text).max_by_key(|option| option.is_correct)?;
        Some(found.letter.trim())
    }

    /// Whether the answer has the value of the only correct option, as `1/2` has that of `\frac{1}{2}`.
    fn is_value_of_correct(&self, answer: &str) -> bool {
        let mut correct = self.options.iter().filter(|option| option.is_correct);
        match (correct.next(), correct.next()) {
            (Some(only), None) => check(&only.text, answer, &Rules::default()) == CheckResult::Right,
            _ => false,
        }
    }
}

fn listed(letters: &BTreeSet<String>) -> String {
    letters.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question(answer: &str, options: &[(&str, &str)], correct: &[&str]) -> QuestionDraft {
        let option = |(letter, text): &(&str, &str)| json!({"letter": letter, "text": text, "is_correct": correct.contains(letter)});
        let options: Vec<_> = options.iter().map(option).collect();
        let row = json!({"id": "q", "topic_id": "t", "question_text": "?", "solution_steps": [], "answer": answer, "options": options});
        serde_json::from_value(row).unwrap()
    }

    fn choice(answer: &str, correct: &[&str]) -> QuestionDraft {
        question(answer, &[("A", "One"), ("B", "Two"), ("C", "$\\text{Three}$, or 3")], correct)
    }

    #[test]
    fn an_answer_and_options_that_agree_are_no_fault() {
        for (answer, correct) in [
            ("B", &["B"][..]),
            (" b ", &["B"]),
            ("(B)", &["B"]),
            ("[B]", &["B"]),
            ("B.", &["B"]),
            ("B)", &["B"]),
            ("$B$", &["B"]),
            ("**B**", &["B"]),
            (r"\text{B}", &["B"]),
            (r"$\mathbf{(B)}$", &["B"]),
            (r"\(B\)", &["B"]),
            ("Option B", &["B"]),
            ("option (b)", &["B"]),
            ("Answer: B", &["B"]),
            ("The correct answer is B.", &["B"]),
            ("B only", &["B"]),
            ("B is correct", &["B"]),
            ("B) Two", &["B"]),
            ("(B) two", &["B"]),
            ("[B] Two.", &["B"]),
            ("B. Two", &["B"]),
            ("B: Two", &["B"]),
            ("B - Two", &["B"]),
            ("B – Two", &["B"]),
            ("B Two", &["B"]),
            ("b) by the ratio test", &["B"]),
            ("B) by the ratio test", &["B"]),
            ("Two (B)", &["B"]),
            ("Two [b]", &["B"]),
            ("Option B: Two", &["B"]),
            ("A, C", &["A", "C"]),
            ("c a", &["A", "C"]),
            ("A and C", &["A", "C"]),
            ("Both A and C", &["A", "C"]),
            (r"A \text{ and } C", &["A", "C"]),
            ("A, B, and C", &["A", "B", "C"]),
            ("A & C", &["A", "C"]),
            ("A/C", &["A", "C"]),
            ("A+C", &["A", "C"]),
            ("AC", &["A", "C"]),
            ("(A) and (C)", &["A", "C"]),
            ("A) One; C) Three, or 3", &["A", "C"]),
            ("A. One, B. Two", &["A", "B"]),
            ("One and Two", &["A", "B"]),
            ("Two", &["B"]),
            ("$two$", &["B"]),
            ("Three, or 3", &["C"]),
            ("", &["B"]),
            ("none of these words", &["B"]),
            ("42", &["B"]),
            ("E. coli", &["B"]),
            ("not A", &["B"]),
            ("x+y", &["B"]),
            ("a/b", &["B"]),
            ("ACA", &["B"]),
        ] {
            assert_eq!(key_fault(&choice(answer, correct)), None, "{answer:?}");
        }
        assert_eq!(key_fault(&question("E", &[], &[])), None);
    }

    #[test]
    fn an_answer_that_contradicts_its_options_is_named() {
        for (answer, correct) in [
            ("A", &["B"][..]),
            ("A, C", &["A"]),
            ("A", &["A", "C"]),
            ("One", &["B"]),
            ("$C$", &["B"]),
            ("Option A", &["B"]),
            ("The answer is a", &["B"]),
            (r"\text{A}", &["B"]),
            (r"$\boxed{\text{A}}$", &["B"]),
            ("[A]", &["B"]),
            ("A)", &["B"]),
            ("A/B", &["B"]),
            ("A+C", &["B"]),
            ("A|C", &["B"]),
            ("AC", &["B"]),
            ("AC", &["A"]),
            ("A or B", &["B"]),
            ("A) One", &["B"]),
            ("A. One", &["B"]),
            ("A: One", &["B"]),
            ("One (A)", &["B"]),
            ("A) by the ratio test", &["B"]),
            ("by the ratio test (A)", &["B"]),
            ("A. One; C. Three, or 3", &["A"]),
        ] {
            let flagged = correct.join(", ");
            let expected =
                format!("answer {answer:?} and options contradict each other: is_correct is true for {flagged}");
            assert_eq!(key_fault(&choice(answer, correct)), Some(expected));
        }
        for answer in ["E", "B, E", "(E)", "Option E", r"\text{E}", "E) Five", "B and E"] {
            let expected = format!("answer {answer:?} is no option: the options are A, B, C");
            assert_eq!(key_fault(&choice(answer, &["B"])), Some(expected));
        }
        for answer in ["B) One", "B. One", "One (B)", "(b) One"] {
            let expected = format!("answer {answer:?} has the letter of option B and the text of option A");
            assert_eq!(key_fault(&choice(answer, &["B"])), Some(expected));
        }
        assert_eq!(
            key_fault(&choice("A", &[])).as_deref(),
            Some("no option is correct: one at least must have is_correct true")
        );
    }

    #[test]
    fn a_text_that_looks_like_letters_agrees_as_a_text() {
        let types = [("A", "A"), ("B", "B"), ("C", "AB"), ("D", "$\\frac{a}{b}$"), ("E", "P(A)")];
        for (answer, correct) in [("AB", "C"), ("A", "A"), ("a/b", "D"), ("P(A)", "E"), ("P (A)", "E")] {
            assert_eq!(key_fault(&question(answer, &types, &[correct])), None, "{answer}");
            assert_eq!(answer_beside_options(&question(answer, &types, &[correct])), None, "{answer}");
        }
        let numbered = [("1", "7"), ("2", "8")];
        assert_eq!(key_fault(&question("8", &numbered, &["2"])), None);
        assert_eq!(key_fault(&question("2", &numbered, &["2"])), None);
        assert!(key_fault(&question("1", &numbered, &["2"])).is_some());
    }

    #[test]
    fn an_answer_that_names_no_option_is_doubtful() {
        for answer in ["none of these words", "42", "", "E. coli", "AE"] {
            assert_eq!(key_fault(&choice(answer, &["B"])), None, "{answer}");
            let expected = format!("answer {answer:?} names no option: the options are A, B, C");
            assert_eq!(answer_beside_options(&choice(answer, &["B"])), Some(expected));
        }
        for answer in ["B", "B) Two", "Two (B)", "Option B", "Two"] {
            assert_eq!(answer_beside_options(&choice(answer, &["B"])), None, "{answer}");
        }
    }

    #[test]
    fn flags_are_taken_from_every_spelling() {
        let options = choice("", &["B"]).options;
        for (answer, letters) in
            [("A, C", &["A", "C"][..]), ("Two (B)", &["B"]), ("C)", &["C"]), ("One", &["A"]), ("E", &[]), ("?", &[])]
        {
            assert_eq!(named_options(answer, &options), letters.iter().map(|letter| (*letter).to_owned()).collect());
        }
    }

    #[test]
    fn no_text_makes_the_reader_fail() {
        for answer in ["\\", "\\text{", "((", ")(", "{}", "\\text{}", "é)", "(é", "$", "A\u{301}", "）B（", "\\é{B}"]
        {
            let _ = key_fault(&choice(answer, &["B"]));
        }
    }
}
