//! Questions as text alone, for formats that have no field for what is asked.

use crate::{Accepted, Answer, Bound, Decimal, Form, Part, Question, Tolerance, labels, ours};

/// The number of a part as a letter: `a`, `b`, …
pub(super) fn part_letter(index: usize) -> String {
    if index < 26 { ours::letter(index).to_lowercase() } else { (index + 1).to_string() }
}

/// `(a)`, `(b)`, …
pub(super) fn label(index: usize) -> String {
    format!("({})", part_letter(index))
}

/// Whether the question has parts that are named (a), (b), ….
pub(super) fn has_labels(question: &Question) -> bool {
    question.parts.len() > 1
}

/// A part without its key, as lines.
pub(super) fn asked(part: &Part) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(Some(part.text.clone()).filter(|text| !text.is_empty()));
    match &part.answer {
        Answer::Open | Answer::Accepted(_) => {}
        Answer::Choice { options, .. } => {
            lines.extend(options.iter().enumerate().map(|(at, one)| format!("{}. {}", ours::letter(at), one.text)));
        }
        Answer::Matching { pairs, distractors } => {
            lines.extend(pairs.iter().enumerate().map(|(at, (left, _))| format!("{}. {left}", at + 1)));
            let rights = rights(pairs, distractors);
            lines.extend(rights.iter().enumerate().map(|(at, right)| format!("{}. {right}", ours::letter(at))));
        }
        Answer::Ordering(texts) => {
            let sorted = sorted(texts.iter().map(String::as_str));
            lines.extend(sorted.iter().map(|text| format!("- {text}")));
        }
    }
    lines.join("\n")
}

/// The whole question without its key.
pub(super) fn whole(question: &Question) -> String {
    let mut pieces = vec![question.stem.clone()];
    for (index, part) in question.parts.iter().enumerate() {
        let asked = asked(part);
        if has_labels(question) && !(asked.is_empty() && part.is_gap) {
            pieces.push(format!("{} {asked}", label(index)).trim_end().to_owned());
        } else {
            pieces.push(asked);
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces.join("\n")
}

/// The key as text, for a person who marks.
pub(super) fn key(question: &Question) -> String {
    let mut lines = Vec::new();
    for (index, part) in question.parts.iter().enumerate() {
        let answer = match &part.answer {
            Answer::Open => continue,
            Answer::Accepted(list) => list.iter().map(ours::shown).collect::<Vec<_>>().join(" or "),
            Answer::Choice { options, .. } => {
                let right = options.iter().enumerate().filter(|(_, one)| one.is_right);
                right.map(|(at, _)| ours::letter(at)).collect::<Vec<_>>().join(", ")
            }
            Answer::Matching { pairs, .. } => {
                pairs.iter().map(|(left, right)| format!("{left}: {right}")).collect::<Vec<_>>().join("\n")
            }
            Answer::Ordering(texts) => texts.join("\n"),
        };
        lines.push(if has_labels(question) { format!("{} {answer}", label(index)) } else { answer });
    }
    lines.join("\n")
}

/// The solution of the question and those of its parts.
pub(super) fn solution(question: &Question) -> String {
    let mut pieces: Vec<String> = question.solution.iter().cloned().collect();
    for (index, part) in question.parts.iter().enumerate() {
        if let Some(solution) = &part.solution {
            let name = if has_labels(question) { format!("{} ", label(index)) } else { String::new() };
            pieces.push(format!("{name}{solution}"));
        }
    }
    pieces.join("\n\n")
}

/// Right sides of pairs, each once, in an order that does not tell the key.
pub(super) fn rights<'a>(pairs: &'a [(String, String)], distractors: &'a [String]) -> Vec<&'a str> {
    let mut rights =
        sorted(pairs.iter().map(|(_, right)| right.as_str()).chain(distractors.iter().map(String::as_str)));
    rights.dedup();
    rights
}

pub(super) fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut sorted: Vec<&str> = texts.collect();
    sorted.sort_unstable();
    sorted
}

/// The points of a question, one for each part that says none.
pub(super) fn points(question: &Question) -> f64 {
    question.parts.iter().map(|part| part.points.unwrap_or(1.0)).sum()
}

/// An accepted number as a value and the distance from it that is accepted. `None` if it is no number, or no such interval.
pub(super) fn interval(accepted: &Accepted) -> Option<(Decimal, Decimal)> {
    match &accepted.form {
        Form::Number { value, tolerance: Tolerance::Unsaid } => Some((value.clone(), Decimal::zero())),
        Form::Number { value, tolerance: Tolerance::Absolute(by) } => Some((value.clone(), by.clone())),
        Form::Number { value, tolerance: Tolerance::Relative(by) } => {
            let by = labels::product(value, by)?;
            Some((value.clone(), Decimal::parse(by.as_str().trim_start_matches('-'))?))
        }
        Form::Range { low: Some(low), high: Some(high) } => middle(low, high),
        // `2.50` is a number. `007` may be a code.
        Form::Text { text, match_case: false, has_wildcards: false } => {
            let is_code = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
            Decimal::parse(text).filter(|_| !is_code).map(|value| (value, Decimal::zero()))
        }
        Form::Text { .. } | Form::Range { .. } => None,
    }
}

fn middle(low: &Bound, high: &Bound) -> Option<(Decimal, Decimal)> {
    if !low.is_included || !high.is_included {
        return None;
    }
    let half = Decimal::parse("0.5")?;
    let value = labels::product(&labels::sum(&low.value, &high.value)?, &half)?;
    let distance = labels::product(&labels::sum(&high.value, &labels::negated(&low.value)?)?, &half)?;
    (!distance.as_str().starts_with('-')).then_some((value, distance))
}

/// All texts that a question shows.
pub(super) fn texts(question: &Question) -> impl Iterator<Item = &str> {
    let own = [Some(&question.stem), question.solution.as_ref()].into_iter().flatten();
    let parts = question.parts.iter().flat_map(|part| {
        let mut texts: Vec<&String> =
            [Some(&part.text), part.solution.as_ref(), part.hint.as_ref()].into_iter().flatten().collect();
        match &part.answer {
            Answer::Open => {}
            Answer::Accepted(list) => texts.extend(list.iter().filter_map(|one| one.feedback.as_ref())),
            Answer::Choice { options, .. } => {
                texts.extend(options.iter().flat_map(|one| std::iter::once(&one.text).chain(one.feedback.as_ref())));
            }
            Answer::Matching { pairs, distractors } => {
                texts.extend(pairs.iter().flat_map(|(left, right)| [left, right]).chain(distractors));
            }
            Answer::Ordering(list) => texts.extend(list),
        }
        texts
    });
    own.chain(parts).map(String::as_str)
}

/// The numbers of the figures that have a file and that no text shows.
pub(super) fn unshown_figures(question: &Question) -> Vec<usize> {
    let numbers =
        question.figures.iter().enumerate().filter(|(_, figure)| figure.bytes.is_some()).map(|(at, _)| at + 1);
    numbers
        .filter(|number| {
            let mark = format!("[figure {number}]");
            !texts(question).any(|text| text.contains(&mark))
        })
        .collect()
}

/// The ending of the file of a figure.
pub(super) fn ending(bytes: &[u8]) -> &'static str {
    match ours::media_type(bytes) {
        Some("image/png") => "png",
        Some("image/jpeg") => "jpg",
        Some("image/svg+xml") => "svg",
        _ => "bin",
    }
}

/// The title of a question, or the beginning of its text.
pub(super) fn title(question: &Question, number: usize) -> String {
    let text = question.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(&question.stem);
    let line = text.trim().lines().next().unwrap_or_default();
    let title: String = if question.title.is_some() { line.to_owned() } else { line.chars().take(80).collect() };
    if title.is_empty() { format!("Question {number}") } else { title }
}

/// What only tags can say, in the words that our readers know.
pub(super) fn tags(question: &Question) -> Vec<String> {
    let mut tags: Vec<String> = question.techniques.iter().map(|name| format!("technique:{name}")).collect();
    tags.extend(question.difficulty.map(|level| format!("difficulty:{level}")));
    tags.extend(question.minutes.map(|minutes| format!("minutes:{minutes}")));
    tags.extend(question.number.map(|number| format!("number:{number}")));
    if question.is_bonus {
        tags.push("bonus:yes".to_owned());
    }
    let is_all_or_nothing = |part: &Part| matches!(&part.answer, Answer::Choice { several: true, weighted: false, .. });
    if question.parts.iter().any(is_all_or_nothing) {
        tags.push("all-or-nothing".to_owned());
    }
    tags.extend(question.tags.iter().cloned());
    tags
}
