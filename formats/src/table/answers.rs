//! The key of a row: which option is right, or what is accepted.

use super::{
    Cell, Value,
    numbers::{self, Sign},
};
use crate::{Accepted, Answer, Choice, Decimal, Form, Tolerance, labels};

/// What a row says about its answer.
pub(crate) struct Key<'a> {
    /// Options with their letter (0 is A) and their text; no empty ones.
    pub(crate) options: Vec<(u8, String)>,
    /// Options that are wrong, where the right ones stand in the answer's cell.
    pub(crate) wrong: Vec<String>,
    pub(crate) answer: &'a Cell,
    /// The answer's text, with formulas normalised.
    pub(crate) text: String,
    /// Further accepted texts, one a line; `%50%` before a text is its share of the points.
    pub(crate) also: Vec<String>,
    /// The kind of question in lower case, if the row says it.
    pub(crate) kind: String,
    pub(crate) tolerance: Option<Tolerance>,
    pub(crate) unit: Option<String>,
    pub(crate) match_case: bool,
    pub(crate) sign: Sign,
    /// Shares of the options in percent, in their order.
    pub(crate) weights: String,
}

const TRUE: [&str; 5] = ["true", "wahr", "richtig", "right", "correct"];
const FALSE: [&str; 5] = ["false", "falsch", "unwahr", "wrong", "incorrect"];
/// Of these, the ones that are read as true or false without the row saying so.
const CERTAIN: [&str; 4] = ["true", "false", "wahr", "falsch"];

impl Key<'_> {
    /// The answer of the row.
    ///
    /// # Errors
    /// Says why the row has no usable key.
    pub(crate) fn read(mut self, warnings: &mut Vec<String>) -> Result<Answer, String> {
        if let Some(text) = self.options.first().map(|(_, text)| text.clone())
            && self.options.len() == 1
            && self.wrong.is_empty()
        {
            self.options = listed(&text);
        }
        if !self.wrong.is_empty() {
            return self.right_and_wrong();
        }
        if !self.options.is_empty() {
            return self.choice(warnings);
        }
        if let Value::Bool(is_true) = self.answer.value {
            return Ok(true_or_false(is_true));
        }
        let lower = self.text.to_lowercase();
        let says_so = ["true/false", "true false", "true or false", "boolean", "tf", "wahr/falsch", "richtig/falsch"];
        if says_so.contains(&self.kind.as_str()) || CERTAIN.contains(&lower.as_str()) && !self.is_text() {
            if TRUE.contains(&lower.as_str()) || ["t", "w", "1", "yes", "ja"].contains(&lower.as_str()) {
                return Ok(true_or_false(true));
            }
            if FALSE.contains(&lower.as_str()) || ["f", "0", "no", "nein"].contains(&lower.as_str()) {
                return Ok(true_or_false(false));
            }
            return Err(format!("the question is true or false, and its answer is \"{}\"", short(&self.text)));
        }
        if self.kind.contains("choice") {
            return Err("the question is multiple choice and has no options".to_owned());
        }
        if ["match", "order", "sort", "zuordn", "reihenfolge"].iter().any(|word| self.kind.contains(word)) {
            return Err(format!("the kind \"{}\" is not supported in tables", short(&self.kind)));
        }
        if is_open(&self.kind) {
            return Ok(Answer::Open);
        }
        if self.text.is_empty() && self.also.is_empty() {
            warnings.push("There is no answer; the student marks it.".to_owned());
            return Ok(Answer::Open);
        }
        Ok(Answer::Accepted(self.accepted(warnings)))
    }

    fn accepted(&self, warnings: &mut Vec<String>) -> Vec<Accepted> {
        let entry = |form, fraction| Accepted { form, fraction, unit: None, feedback: None };
        let mut list = Vec::new();
        if let Value::Number { value, unit, is_percent } = &self.answer.value {
            let tolerance = self.tolerance.clone().unwrap_or(Tolerance::Unsaid);
            let unit = self.unit.clone().or_else(|| unit.clone());
            list.push(Accepted { unit, ..entry(Form::Number { value: value.clone(), tolerance }, 1.0) });
            if *is_percent {
                let form = Form::Text { text: self.text.clone(), match_case: false, has_wildcards: false };
                list.push(entry(form, 1.0));
            }
        } else if !self.text.is_empty() {
            list.push(entry(self.form(&self.text), 1.0));
        }
        for line in self.also.iter().flat_map(|cell| cell.lines()).map(str::trim).filter(|line| !line.is_empty()) {
            let (fraction, text) = share(line);
            list.push(entry(self.form(text), fraction));
        }
        for accepted in &mut list {
            if let Form::Number { .. } | Form::Range { .. } = accepted.form {
                accepted.unit = accepted.unit.take().or_else(|| self.unit.clone());
            } else if self.tolerance.is_some() && list_has_only_text(&accepted.form) {
                warnings.push("The tolerance does not apply: the answer is no number.".to_owned());
            }
        }
        list
    }

    fn form(&self, text: &str) -> Form {
        if self.is_text() {
            return Form::Text { text: text.to_owned(), match_case: self.match_case, has_wildcards: false };
        }
        numbers::form(text, self.sign, self.tolerance.as_ref(), self.match_case)
    }

    /// Options of which the answer's cell has the right ones, one a line.
    fn right_and_wrong(&self) -> Result<Answer, String> {
        if self.text.is_empty() {
            return Err("there are wrong options and no right one".to_owned());
        }
        let right = self.text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut options: Vec<Choice> =
            right.map(|text| Choice { text: text.to_owned(), is_right: true, ..Choice::default() }).collect();
        let several = options.len() > 1;
        for text in &self.wrong {
            if options.iter().any(|option| option.text == *text) {
                return Err(format!("the option \"{}\" is right and wrong", short(text)));
            }
            options.push(Choice { text: text.clone(), ..Choice::default() });
        }
        Ok(Answer::Choice { options, several, weighted: false })
    }

    fn choice(&self, warnings: &mut Vec<String>) -> Result<Answer, String> {
        if self.options.len() < 2 {
            return Err("there is only one option".to_owned());
        }
        if self.text.is_empty() {
            return Err("there are options, and no answer says which is right".to_owned());
        }
        let right = self.right_letters(warnings)?;
        let says_several = [
            "multiple",
            "several",
            "multiple response",
            "multiple select",
            "checkbox",
            "checkboxes",
            "mehrfachauswahl",
        ];
        let several = right.len() > 1 || says_several.contains(&self.kind.as_str());
        let weights = self.weights(warnings);
        let options = self.options.iter().enumerate().map(|(at, (letter, text))| Choice {
            text: text.clone(),
            is_right: right.contains(letter),
            weight: weights.as_ref().and_then(|weights| weights.get(at).copied().flatten()),
            ..Choice::default()
        });
        Ok(Answer::Choice { options: options.collect(), several, weighted: weights.is_some() })
    }

    /// Whether the row says that the answer is a text, whatever it looks like.
    fn is_text(&self) -> bool {
        ["text", "string", "short text"].contains(&self.kind.as_str())
    }

    /// Whether the answer is one letter, as the key of options is.
    pub(super) fn is_letter(&self) -> bool {
        self.options.is_empty()
            && self.wrong.is_empty()
            && !self.is_text()
            && matches!(self.text.as_bytes(), [letter] if letter.is_ascii_alphabetic())
    }

    /// The share of each option, from -1 to 1; `None` for one that has none.
    fn weights(&self, warnings: &mut Vec<String>) -> Option<Vec<Option<f64>>> {
        if self.weights.is_empty() {
            return None;
        }
        let weight = |text: &str| match text.trim().trim_end_matches('%') {
            "" => Some(None),
            text => numbers::number(text, self.sign)
                .map(|percent| labels::share(percent.to_f64()))
                .filter(|share| share.abs() <= 1.0)
                .map(Some),
        };
        let weights: Option<Vec<Option<f64>>> = self.weights.split(';').map(weight).collect();
        let weights = weights.filter(|weights| weights.len() == self.options.len());
        if weights.is_none() {
            warnings.push(format!(
                "The weights \"{}\" are left out: they are no percentage for each option.",
                short(&self.weights)
            ));
        }
        weights
    }

    /// The letters of the right options.
    fn right_letters(&self, warnings: &mut Vec<String>) -> Result<Vec<u8>, String> {
        let by_letter = self.letters();
        let by_text = self.of_text(&self.text);
        let by_index = self.indices();
        if let (Some(letters), Some(letter)) = (&by_letter, by_text)
            && letters.as_slice() != [letter]
        {
            warnings.push(format!(
                "The answer \"{}\" is the letter of an option and the text of another; the letter was taken.",
                short(&self.text)
            ));
        }
        if let Some(letters) = by_letter {
            return Ok(letters);
        }
        if let Some(letter) = by_text {
            if by_index.is_some_and(|indices| indices != [letter]) {
                warnings.push(format!(
                    "The answer \"{}\" is the text of an option and could be the number of another; the text was taken.",
                    short(&self.text)
                ));
            }
            return Ok(vec![letter]);
        }
        if let Some(indices) = by_index {
            warnings.push(format!("The answer \"{}\" was read as the number of an option, from 1.", short(&self.text)));
            return Ok(indices);
        }
        for separator in ['\n', ';', '|', ','] {
            let parts = self.text.split(separator).map(str::trim).filter(|part| !part.is_empty());
            let letters: Option<Vec<u8>> = parts.map(|part| self.of_text(part)).collect();
            if let Some(letters) = letters.filter(|letters| !letters.is_empty()) {
                return Ok(letters);
            }
        }
        let known: Vec<String> = self.options.iter().map(|(letter, _)| char::from(b'A' + letter).to_string()).collect();
        Err(format!("the answer \"{}\" names no option; there are {}", short(&self.text), known.join(", ")))
    }

    /// The option of this text. Case counts only between options that differ in nothing else.
    fn of_text(&self, text: &str) -> Option<u8> {
        let exact = self.options.iter().find(|(_, option)| option == text);
        let lower = text.to_lowercase();
        let mut similar = self.options.iter().filter(|(_, option)| option.to_lowercase() == lower);
        let found = exact.or_else(|| similar.next().filter(|_| similar.next().is_none()));
        found.map(|(letter, _)| *letter)
    }

    /// Reads `B`, `a, c`, `A and C`, `(B)` or `AC`.
    fn letters(&self) -> Option<Vec<u8>> {
        let upper = self.text.trim();
        let is_run = upper.len() > 1 && upper.len() <= 26 && upper.bytes().all(|byte| byte.is_ascii_uppercase());
        let tokens: Vec<String> = if is_run && upper.as_bytes().is_sorted_by(|a, b| a < b) {
            upper.chars().map(String::from).collect()
        } else {
            upper
                .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '/' | '&' | '+' | '|'))
                .map(|token| token.trim_matches(|c| matches!(c, '(' | ')' | '.' | ':')).to_owned())
                .filter(|token| !token.is_empty() && token != "and" && token != "und")
                .collect()
        };
        let mut letters: Vec<u8> = Vec::new();
        for token in tokens {
            let &[letter] = token.as_bytes() else { return None };
            let index = letter.to_ascii_uppercase().checked_sub(b'A').filter(|index| *index < 26)?;
            if !self.options.iter().any(|(known, _)| *known == index) {
                return None;
            }
            if !letters.contains(&index) {
                letters.push(index);
            }
        }
        letters.sort_unstable();
        (!letters.is_empty()).then_some(letters)
    }

    /// Reads `2` or `1, 3` as numbers of options.
    fn indices(&self) -> Option<Vec<u8>> {
        let mut letters: Vec<u8> = Vec::new();
        for token in self.text.split([',', ';', '\n']).map(str::trim) {
            let index = token.parse::<u8>().ok()?.checked_sub(1)?;
            if token.starts_with(['0', '+']) || !self.options.iter().any(|(known, _)| *known == index) {
                return None;
            }
            letters.push(index);
        }
        letters.sort_unstable();
        letters.dedup();
        Some(letters)
    }
}

/// Whether a kind of question has no key.
pub(super) fn is_open(kind: &str) -> bool {
    ["essay", "open", "open ended", "long answer", "free text", "freitext", "aufsatz", "offen"].contains(&kind)
}

/// Options that stand at the end of a question's text, one a line, with their letters: `A) red`. Returns the text before them.
pub(super) fn labelled(text: &str) -> Option<(&str, Vec<(u8, String)>)> {
    let option = |line: &str, at: usize| -> Option<String> {
        let line = line.trim();
        let line = line.strip_prefix('(').unwrap_or(line);
        let letter = *line.as_bytes().first()?;
        let rest = line.get(1..)?.strip_prefix([')', '.', ':'])?.trim();
        let is_next = usize::from(letter.to_ascii_uppercase().wrapping_sub(b'A')) == at;
        (is_next && !rest.is_empty()).then(|| rest.to_owned())
    };
    let lines: Vec<&str> = text.lines().collect();
    // The last line that begins with A, and from there one letter after the other to the end.
    let start = lines.iter().rposition(|line| option(line, 0).is_some())?;
    let options: Option<Vec<String>> = lines[start..].iter().enumerate().map(|(at, line)| option(line, at)).collect();
    let options = options.filter(|options| (2..=26).contains(&options.len()))?;
    let before: usize = lines[..start].iter().map(|line| line.len() + 1).sum();
    let stem = text.get(..before)?.trim();
    (!stem.is_empty()).then(|| (stem, (0_u8..).zip(options).collect()))
}

fn list_has_only_text(form: &Form) -> bool {
    matches!(form, Form::Text { .. })
}

fn true_or_false(is_true: bool) -> Answer {
    let option = |text: &str, is_right| Choice { text: text.to_owned(), is_right, ..Choice::default() };
    Answer::Choice {
        options: vec![option("True", is_true), option("False", !is_true)],
        several: false,
        weighted: false,
    }
}

/// Options that stand in one cell: one a line, or between `|` or `;`. Labels such as `A)` are left out.
fn listed(text: &str) -> Vec<(u8, String)> {
    let separator = ['\n', '|', ';'].into_iter().find(|separator| text.contains(*separator));
    let Some(separator) = separator else { return vec![(0, text.to_owned())] };
    let parts: Vec<&str> = text.split(separator).map(str::trim).filter(|part| !part.is_empty()).take(26).collect();
    let without_label = |at: usize, part: &str| -> Option<String> {
        let rest = part.strip_prefix('(').unwrap_or(part);
        let label = *rest.as_bytes().first()?;
        let is_label = usize::from(label.to_ascii_uppercase().wrapping_sub(b'A')) == at;
        let rest = rest.get(1..)?.strip_prefix([')', '.', ':'])?;
        is_label.then(|| rest.trim().to_owned())
    };
    let unlabelled: Option<Vec<String>> = parts.iter().enumerate().map(|(at, part)| without_label(at, part)).collect();
    let texts = unlabelled.unwrap_or_else(|| parts.into_iter().map(str::to_owned).collect());
    (0_u8..).zip(texts).collect()
}

/// The share of the points before a text, as in `%50%Fermat`.
fn share(line: &str) -> (f64, &str) {
    let plain = (1.0, line);
    let Some((percent, text)) = line.strip_prefix('%').and_then(|rest| rest.split_once('%')) else { return plain };
    match Decimal::parse(percent).map(|percent| labels::share(percent.to_f64())) {
        Some(fraction) if fraction > 0.0 && fraction <= 1.0 && !text.trim().is_empty() => (fraction, text.trim()),
        _ => plain,
    }
}

pub(crate) fn short(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('\u{2026}');
    }
    shown.replace('\n', " ")
}

/// Whether a text looks like a date that a spreadsheet made from a fraction or a number, such as `04-Mar` or `Mar-04`.
pub(crate) fn looks_like_date(text: &str) -> bool {
    const MONTHS: [&str; 17] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mrz", "m\u{e4}r", "mai",
        "okt", "dez",
    ];
    let parts: Vec<&str> = text.split(['-', '.', ' ']).filter(|part| !part.is_empty()).collect();
    let is_month = |part: &str| MONTHS.contains(&part.to_lowercase().as_str());
    let is_day = |part: &str| part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.as_slice(), [a, b] if (is_day(a) && is_month(b)) || (is_month(a) && is_day(b)))
}
