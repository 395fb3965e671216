//! Gaps in a text, as Moodle writes embedded answers: `{2:SHORTANSWER:=Newton~%50%Isaac}`.

use super::answers::{is_case_sensitive, is_gap_answer, is_numerical, percent, shares, typed};
use crate::{
    Answer, Part, Question,
    write::{
        html::{escaped, html},
        listing,
    },
};

/// The largest weight of a gap.
const WEIGHT_MAX: f64 = 9999.0;

/// The gaps of a question, if its parts can all be gaps.
pub(super) fn gaps(question: &Question) -> Option<Vec<String>> {
    if !question.parts.iter().all(is_gap_answer) {
        return None;
    }
    let has_place = |(index, part): (usize, &Part)| {
        !part.is_gap || question.stem.matches(&format!("[gap {}]", index + 1)).count() == 1
    };
    if !question.parts.iter().enumerate().all(has_place) || begins_gap(question) {
        return None;
    }
    let weights = weights(question)?;
    question.parts.iter().zip(weights).map(|(part, weight)| gap(part, weight)).collect()
}

/// Whether a text of the question would be read as a gap of its own.
fn begins_gap(question: &Question) -> bool {
    let texts = std::iter::once(&question.stem).chain(question.parts.iter().map(|part| &part.text));
    texts.into_iter().any(|text| {
        text.match_indices('{').any(|(at, _)| {
            let after = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace());
            after.starts_with(':')
        })
    })
}

/// The text with a gap for each part: in its place, or after the text of the part.
pub(super) fn text(question: &Question) -> String {
    let mut text = question.stem.clone();
    for (index, part) in question.parts.iter().enumerate().filter(|(_, part)| !part.is_gap) {
        let label = if listing::has_labels(question) { format!("{} ", listing::label(index)) } else { String::new() };
        text.extend(["\n", &label, &part.text, " [gap ", &(index + 1).to_string(), "]"]);
    }
    text.trim_start().to_owned()
}

/// The points of the parts as whole numbers, in the same relation.
fn weights(question: &Question) -> Option<Vec<u32>> {
    let points: Vec<f64> = question.parts.iter().map(|part| part.points.unwrap_or(1.0)).collect();
    let is_whole = |value: f64| (value - value.round()).abs() < 1e-6 && (0.0..=WEIGHT_MAX).contains(&value);
    let factor = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 20.0, 30.0, 100.0]
        .into_iter()
        .find(|factor| points.iter().all(|points| is_whole(points * factor)))?;
    // `is_whole` keeps the values within the range of the type.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Some(points.iter().map(|points| (points * factor).round() as u32).collect())
}

fn gap(part: &Part, weight: u32) -> Option<String> {
    let (kind, alternatives) = match &part.answer {
        Answer::Choice { options, several, weighted } => {
            if !options.iter().any(|one| one.is_right) || options.len() < 2 {
                return None;
            }
            // A menu shows no formulas and pictures.
            let is_plain = options.iter().all(|one| !one.text.contains(['$', '[', '\n']));
            let kind = match (several, is_plain) {
                (true, _) => "MULTIRESPONSE",
                (false, true) => "MULTICHOICE",
                (false, false) => "MULTICHOICE_V",
            };
            let shares = shares(options, *several, *weighted);
            let texts = options
                .iter()
                .zip(shares)
                .map(|(one, share)| alternative(&share, &rich(&one.text)?, one.feedback.as_ref()));
            (kind, texts.collect::<Option<Vec<_>>>()?)
        }
        Answer::Accepted(list) if is_numerical(list) && list.iter().all(|one| one.unit.is_none()) => {
            let texts = list.iter().map(|one| {
                let (value, tolerance) = listing::interval(one)?;
                alternative(&percent(one.fraction), &format!("{value}:{tolerance}"), one.feedback.as_ref())
            });
            ("NUMERICAL", texts.collect::<Option<Vec<_>>>()?)
        }
        Answer::Accepted(list) => {
            let kind = if is_case_sensitive(list) { "SHORTANSWER_C" } else { "SHORTANSWER" };
            let texts = list.iter().map(|one| {
                alternative(&percent(one.fraction), &delimited(&escaped(&typed(one)?))?, one.feedback.as_ref())
            });
            (kind, texts.collect::<Option<Vec<_>>>()?)
        }
        _ => return None,
    };
    alternatives
        .iter()
        .any(|one| one.starts_with('=') || kind.starts_with("MULTIR"))
        .then(|| format!("{{{weight}:{kind}:{}}}", alternatives.join("~")))
}

fn alternative(share: &str, text: &str, feedback: Option<&String>) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let mut out = if share == "100" { format!("={text}") } else { format!("%{share}%{text}") };
    if let Some(feedback) = feedback {
        out.extend(["#", &rich(feedback)?]);
    }
    Some(out)
}

/// A text as HTML in a gap. Figures in gaps have no place in Moodle XML.
fn rich(text: &str) -> Option<String> {
    delimited(&html(text, &mut |_| None))
}

/// Escapes what delimits alternatives. `None` if a backslash of the text would escape something.
fn delimited(html: &str) -> Option<String> {
    let mut out = String::with_capacity(html.len());
    let mut is_escaped = false;
    for letter in html.chars() {
        let delimits = matches!(letter, '}' | '~' | '#' | '"' | '/');
        if is_escaped && (delimits || letter == '\\') {
            return None;
        }
        is_escaped = letter == '\\';
        if matches!(letter, '}' | '~' | '#') {
            out.push('\\');
        }
        out.push(letter);
    }
    (!is_escaped).then_some(out)
}
