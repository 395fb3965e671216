//! The responses of an item: their declarations, and the points that they give.

use std::fmt::Write as _;

use super::{
    Item,
    body::{left_id, option_id, right_id},
    response_id,
};
use crate::{
    Accepted, Answer, Decimal, Form, Part, Tolerance, labels,
    write::{html::escaped, listing},
};

impl Item<'_> {
    /// The declaration of a response, with the key if answers are written.
    pub(super) fn declaration(&self, out: &mut String, index: usize, part: &Part) {
        let (cardinality, base_type) = match &part.answer {
            _ if !self.has_interaction(part) => ("single", "string"),
            Answer::Open => ("single", "string"),
            Answer::Accepted(list) => ("single", if are_numbers(list) { "float" } else { "string" }),
            Answer::Choice { several: false, .. } => ("single", "identifier"),
            Answer::Choice { several: true, .. } => ("multiple", "identifier"),
            Answer::Matching { .. } => ("multiple", "directedPair"),
            Answer::Ordering(_) => ("ordered", "identifier"),
        };
        let _ = write!(
            out,
            "<qti-response-declaration identifier=\"{}\" cardinality=\"{cardinality}\" base-type=\"{base_type}\">",
            response_id(index)
        );
        if self.with_answers && self.has_interaction(part) {
            let values = correct(part);
            if !values.is_empty() {
                out.push_str("<qti-correct-response>");
                for value in &values {
                    let _ = write!(out, "<qti-value>{}</qti-value>", escaped(value));
                }
                out.push_str("</qti-correct-response>");
            }
            mapping(out, part);
        }
        out.push_str("</qti-response-declaration>\n");
    }

    pub(super) fn processing(&self, out: &mut String) {
        out.push_str("<qti-response-processing>\n");
        for (index, part) in self.question.parts.iter().enumerate().filter(|(_, part)| self.has_interaction(part)) {
            let id = response_id(index);
            let points = part.points.unwrap_or(1.0);
            match &part.answer {
                Answer::Choice { several: true, weighted: true, .. } | Answer::Matching { .. } => {
                    add(out, &format!("<qti-map-response identifier=\"{id}\"/>"));
                }
                Answer::Choice { several: true, .. } | Answer::Ordering(_) => {
                    branches(
                        out,
                        [(
                            format!(
                                "<qti-match><qti-variable identifier=\"{id}\"/><qti-correct identifier=\"{id}\"/></qti-match>"
                            ),
                            points,
                        )],
                    );
                }
                Answer::Choice { options, weighted, .. } => {
                    let share = |at: usize| {
                        let right = f64::from(u8::from(options[at].is_right));
                        options[at].weight.filter(|_| *weighted).unwrap_or(right)
                    };
                    let conditions = (0..options.len())
                        .filter(|at| share(*at).abs() > 0.0)
                        .map(|at| (is_value(&id, "qti-match", "", "identifier", &option_id(at)), points * share(at)));
                    branches(out, conditions);
                }
                Answer::Accepted(list) => {
                    let is_number = are_numbers(list);
                    let mut best: Vec<&Accepted> = list.iter().collect();
                    best.sort_by(|a, b| b.fraction.total_cmp(&a.fraction));
                    let conditions = best
                        .into_iter()
                        .filter_map(|one| Some((condition(&id, one, is_number)?, points * one.fraction)));
                    branches(out, conditions);
                }
                Answer::Open => {}
            }
        }
        out.push_str("</qti-response-processing>\n");
    }
}

fn are_numbers(list: &[Accepted]) -> bool {
    list.iter().all(|one| !matches!(one.form, Form::Text { .. }))
}

/// The values of the right response.
fn correct(part: &Part) -> Vec<String> {
    match &part.answer {
        Answer::Open => Vec::new(),
        Answer::Accepted(list) => {
            let best = list.iter().max_by(|a, b| a.fraction.total_cmp(&b.fraction));
            best.and_then(shown).into_iter().collect()
        }
        Answer::Choice { options, several, .. } => {
            let right = options.iter().enumerate().filter(|(_, one)| one.is_right).map(|(at, _)| option_id(at));
            if *several { right.collect() } else { right.take(1).collect() }
        }
        Answer::Matching { .. } => pairs(part),
        Answer::Ordering(texts) => {
            // Equal texts have places of their own.
            let sorted = listing::sorted(texts.iter().map(String::as_str));
            let mut used = vec![false; sorted.len()];
            let mut order = Vec::with_capacity(texts.len());
            for text in texts {
                if let Some(at) = (0..sorted.len()).find(|at| !used[*at] && sorted[*at] == text) {
                    used[at] = true;
                    order.push(option_id(at));
                }
            }
            order
        }
    }
}

fn shown(accepted: &Accepted) -> Option<String> {
    match &accepted.form {
        Form::Text { text, .. } => Some(text.clone()),
        Form::Number { value, .. } => Some(value.to_string()),
        Form::Range { low, high } => low.as_ref().or(high.as_ref()).map(|bound| bound.value.to_string()),
    }
}

/// The right pairs, by the ids of their sides.
fn pairs(part: &Part) -> Vec<String> {
    let Answer::Matching { pairs, distractors } = &part.answer else { return Vec::new() };
    let rights = listing::rights(pairs, distractors);
    let id = |right: &str| rights.binary_search(&right).unwrap_or_default();
    pairs.iter().enumerate().map(|(at, (_, right))| format!("{} {}", left_id(at), right_id(id(right)))).collect()
}

/// The points of each option or pair, where they are added.
fn mapping(out: &mut String, part: &Part) {
    let points = part.points.unwrap_or(1.0);
    let entries: Vec<(String, f64)> = match &part.answer {
        Answer::Choice { options, several: true, weighted: true } => {
            let entries =
                options.iter().enumerate().filter_map(|(at, one)| Some((option_id(at), one.weight? * points)));
            entries.collect()
        }
        Answer::Matching { .. } => {
            let pairs = pairs(part);
            let share = points / f64::from(u32::try_from(pairs.len()).unwrap_or(1).max(1));
            pairs.into_iter().map(|pair| (pair, share)).collect()
        }
        _ => return,
    };
    // QTI wants an entry.
    if entries.is_empty() {
        return;
    }
    let _ = write!(out, "<qti-mapping lower-bound=\"0\" upper-bound=\"{points}\" default-value=\"0\">");
    for (key, value) in entries {
        let _ = write!(out, "<qti-map-entry map-key=\"{key}\" mapped-value=\"{value}\"/>");
    }
    out.push_str("</qti-mapping>");
}

/// Adds an expression to the score.
fn add(out: &mut String, expression: &str) {
    let _ = writeln!(
        out,
        "<qti-set-outcome-value identifier=\"SCORE\"><qti-sum><qti-variable identifier=\"SCORE\"/>{expression}</qti-sum></qti-set-outcome-value>"
    );
}

/// Adds the points of the first condition that holds.
fn branches(out: &mut String, conditions: impl IntoIterator<Item = (String, f64)>) {
    let mut name = "qti-response-if";
    for (condition, points) in conditions {
        if name == "qti-response-if" {
            out.push_str("<qti-response-condition>");
        }
        let _ = write!(out, "<{name}>{condition}");
        add(out, &format!("<qti-base-value base-type=\"float\">{points}</qti-base-value>"));
        let _ = write!(out, "</{name}>");
        name = "qti-response-else-if";
    }
    if name == "qti-response-else-if" {
        out.push_str("</qti-response-condition>\n");
    }
}

/// Compares a response with a value.
fn is_value(id: &str, comparison: &str, attributes: &str, base_type: &str, value: &str) -> String {
    format!(
        "<{comparison}{attributes}><qti-variable identifier=\"{id}\"/><qti-base-value base-type=\"{base_type}\">{}</qti-base-value></{comparison}>",
        escaped(value)
    )
}

/// When an answer is accepted.
fn condition(id: &str, accepted: &Accepted, is_number: bool) -> Option<String> {
    Some(match &accepted.form {
        Form::Text { text, match_case, has_wildcards: false } => {
            is_value(id, "qti-string-match", &format!(" case-sensitive=\"{match_case}\""), "string", text)
        }
        Form::Text { text, match_case, .. } => {
            format!(
                "<qti-pattern-match pattern=\"{}\"><qti-variable identifier=\"{id}\"/></qti-pattern-match>",
                escaped(&pattern(text, *match_case))
            )
        }
        Form::Number { value, .. } if !is_number => {
            is_value(id, "qti-string-match", " case-sensitive=\"true\"", "string", value.as_str())
        }
        Form::Number { value, tolerance } => {
            let attributes = match tolerance {
                Tolerance::Unsaid => " tolerance-mode=\"exact\"".to_owned(),
                Tolerance::Absolute(by) => format!(" tolerance-mode=\"absolute\" tolerance=\"{by} {by}\""),
                // QTI counts in percent.
                Tolerance::Relative(by) => {
                    let percent = labels::product(by, &Decimal::parse("100")?)?;
                    format!(" tolerance-mode=\"relative\" tolerance=\"{percent} {percent}\"")
                }
            };
            is_value(id, "qti-equal", &attributes, "float", value.as_str())
        }
        Form::Range { .. } if !is_number => return None,
        Form::Range { low, high } => {
            let comparisons = [(low, "qti-gte", "qti-gt"), (high, "qti-lte", "qti-lt")];
            let comparisons = comparisons.into_iter().filter_map(|(bound, with, without)| {
                let bound = bound.as_ref()?;
                Some(is_value(id, if bound.is_included { with } else { without }, "", "float", bound.value.as_str()))
            });
            format!("<qti-and>{}</qti-and>", comparisons.collect::<String>())
        }
    })
}

/// A text with wildcards as a regular expression of XML Schema, which matches the whole response.
fn pattern(text: &str, match_case: bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for letter in text.chars() {
        match letter {
            '*' => out.push_str(".*"),
            '\\' | '|' | '.' | '?' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^' | '$' => {
                out.extend(['\\', letter]);
            }
            letter if !match_case && letter.is_ascii_alphabetic() => {
                out.extend(['[', letter.to_ascii_lowercase(), letter.to_ascii_uppercase(), ']']);
            }
            letter => out.push(letter),
        }
    }
    out
}
