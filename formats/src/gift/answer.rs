//! The answer block of a question.

use super::escapes;
use super::scan::{COMMENT, Skipper};
use crate::accepted_forms::{numeric_form, share, short_answer_form};
use crate::reading::OPTIONS_MAX;
use crate::{Accepted, Answer, Choice};

/// An answer as it was read.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) answer: Answer,
    pub(super) general_feedback: Option<String>,
    pub(super) warnings: Vec<String>,
}

/// One of the answers in a block.
struct Piece<'a> {
    is_right: bool,
    /// From -1 to 1, if given.
    weight: Option<f64>,
    source: &'a str,
    feedback: Option<&'a str>,
    pairs: bool,
}

/// Reads the text between the braces. `convert` turns source into text. The error is the reason why the question is refused.
pub(super) fn read(inside: &str, convert: &mut impl FnMut(&str) -> String) -> Result<Block, String> {
    let (inside, general) = split_once_outside(inside, "####");
    let mut block = Block {
        general_feedback: general.map(|text| convert(text.trim())).filter(|text| !text.is_empty()),
        ..Block::default()
    };
    let inside = inside.trim_matches(|c: char| c.is_whitespace() || c == COMMENT);
    if inside.is_empty() {
        return Ok(block);
    }
    if let Some(numbers) = inside.strip_prefix('#') {
        numerical(numbers, &mut block, convert)?;
        return Ok(block);
    }
    let (word, feedback) = split_once_outside(inside, "#");
    if let Some(truth) = truth(word) {
        block.answer = true_or_false(truth, feedback, convert);
        return Ok(block);
    }
    let pieces = pieces(inside, &mut block.warnings);
    let is_choice = pieces.iter().any(|piece| !piece.is_right);
    if is_choice {
        choice(&pieces, &mut block, convert)?;
    } else if !pieces.is_empty() && pieces.iter().all(|piece| piece.pairs) {
        matching(&pieces, &mut block, convert)?;
    } else {
        short_answer(&pieces, &mut block, convert)?;
    }
    Ok(block)
}

fn truth(word: &str) -> Option<bool> {
    match word.trim().to_ascii_uppercase().as_str() {
        "T" | "TRUE" => Some(true),
        "F" | "FALSE" => Some(false),
        _ => None,
    }
}

/// The first feedback is for who is wrong, the second for who is right.
fn true_or_false(truth: bool, feedback: Option<&str>, convert: &mut impl FnMut(&str) -> String) -> Answer {
    let (wrong, right) = feedback.map_or((None, None), |feedback| {
        let (wrong, right) = split_once_outside(feedback, "#");
        (Some(wrong), right)
    });
    let mut text = |source: Option<&str>| source.map(|text| convert(text.trim())).filter(|text| !text.is_empty());
    let (wrong, right) = (text(wrong), text(right));
    let option = |is_true: bool| {
        let is_right = is_true == truth;
        Choice {
            text: if is_true { "True" } else { "False" }.to_owned(),
            is_right,
            weight: None,
            feedback: if is_right { right.clone() } else { wrong.clone() },
        }
    };
    Answer::Choice { options: vec![option(true), option(false)], several: false, weighted: false }
}

/// Splits at the first separator that is outside escapes, formulas and tags.
pub(super) fn split_once_outside<'a>(text: &'a str, separator: &str) -> (&'a str, Option<&'a str>) {
    let mut skipper = Skipper::new(text);
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'\\' | b'$' | b'<' | b'&')
            && let Some(end) = skipper.skip(at)
        {
            at = end;
            continue;
        }
        if bytes[at..].starts_with(separator.as_bytes()) {
            return (&text[..at], Some(&text[at + separator.len()..]));
        }
        at += 1;
    }
    (text, None)
}

fn pieces<'a>(inside: &'a str, warnings: &mut Vec<String>) -> Vec<Piece<'a>> {
    // If each answer has a line of its own, an `=` inside a line is part of an equation.
    let mut lines = inside.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == COMMENT));
    let is_by_lines = inside.contains('\n') && lines.all(|line| line.is_empty() || line.starts_with(['=', '~', '#']));
    let mut starts = Vec::new();
    let mut has_equation = false;
    let mut skipper = Skipper::new(inside);
    let bytes = inside.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'\\' | b'$' | b'<' | b'&')
            && let Some(end) = skipper.skip(at)
        {
            at = end;
            continue;
        }
        match bytes[at] {
            b'~' => starts.push(at),
            b'=' => {
                let before = inside[..at].trim_end_matches([' ', '\t', COMMENT]);
                let begins_line = before.is_empty() || before.ends_with('\n');
                // `~=` marks a right answer twice.
                if starts.last().is_some_and(|last| inside[last + 1..at].trim().is_empty()) {
                    starts.pop();
                    starts.push(at);
                } else if begins_line || !is_by_lines {
                    starts.push(at);
                } else {
                    has_equation = true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if has_equation {
        warnings.push("An `=` inside a line was read as part of the answer, not as the start of another.".to_owned());
    }
    let ends = starts.iter().skip(1).copied().chain([inside.len()]);
    let mut pieces = Vec::new();
    for (start, end) in starts.iter().zip(ends) {
        let is_right = bytes[*start] == b'=';
        let (weight, rest) = weight(inside[start + 1..end].trim());
        let (source, feedback) = split_once_outside(rest, "#");
        let source = source.trim_matches(|c: char| c.is_whitespace() || c == COMMENT);
        if source.is_empty() && feedback.is_none_or(|text| text.trim().is_empty()) {
            continue;
        }
        let pairs = is_right && split_once_outside(source, "->").1.is_some();
        pieces.push(Piece { is_right, weight, source, feedback, pairs });
    }
    pieces
}

/// The weight before an answer, such as `%50%`, and the rest.
fn weight(text: &str) -> (Option<f64>, &str) {
    if let Some(rest) = text.strip_prefix('%')
        && let Some((percent, rest)) = rest.split_once('%')
        && let Some(share) = share(percent)
    {
        return (Some(share), rest.trim_start());
    }
    (None, text)
}

fn feedback(piece: &Piece<'_>, convert: &mut impl FnMut(&str) -> String) -> Option<String> {
    piece.feedback.map(|text| convert(text.trim())).filter(|text| !text.is_empty())
}

fn choice(pieces: &[Piece<'_>], block: &mut Block, convert: &mut impl FnMut(&str) -> String) -> Result<(), String> {
    let pieces: Vec<&Piece<'_>> = pieces.iter().filter(|piece| !piece.source.is_empty()).collect();
    if pieces.len() > OPTIONS_MAX {
        return Err(format!("The question has {} options; at most {OPTIONS_MAX} are taken.", pieces.len()));
    }
    let marked = pieces.iter().filter(|piece| piece.is_right).count();
    let several = marked == 0 && pieces.iter().any(|piece| piece.weight.is_some());
    let weighted = pieces.iter().any(|piece| piece.weight.is_some());
    if marked > 1 {
        block.warnings.push(format!(
            "{marked} options are marked with `=`; one may be chosen, and each of them is right. An `=` in a text is written `\\=`."
        ));
    }
    let mut options = Vec::new();
    for piece in &pieces {
        let own = if piece.is_right { Some(piece.weight.unwrap_or(1.0)) } else { piece.weight };
        let is_right = piece.is_right || several && own.is_some_and(|weight| weight > 0.0);
        let text = convert(piece.source);
        let feedback = feedback(piece, convert);
        options.push(Choice { text, is_right, weight: weighted.then(|| own.unwrap_or(0.0)), feedback });
    }
    if !options.iter().any(|option| option.is_right) {
        return Err("No option is right: none begins with `=` or has a weight above 0.".to_owned());
    }
    block.answer = Answer::Choice { options, several, weighted };
    Ok(())
}

fn matching(pieces: &[Piece<'_>], block: &mut Block, convert: &mut impl FnMut(&str) -> String) -> Result<(), String> {
    let mut pairs = Vec::new();
    let mut distractors = Vec::new();
    for piece in pieces {
        let (left, right) = split_once_outside(piece.source, "->");
        let (left, right) = (convert(left.trim()), convert(right.unwrap_or_default().trim()));
        match (left.is_empty(), right.is_empty()) {
            (false, false) => pairs.push((left, right)),
            (true, false) => distractors.push(right),
            (_, true) => return Err(format!("The pair `{left} ->` has no right side.")),
        }
    }
    if pairs.is_empty() {
        return Err("No pair has a left side.".to_owned());
    }
    block.warnings.push(format!("It was taken as one matching question with {} pairs.", pairs.len()));
    block.answer = Answer::Matching { pairs, distractors };
    Ok(())
}

fn short_answer(
    pieces: &[Piece<'_>],
    block: &mut Block,
    convert: &mut impl FnMut(&str) -> String,
) -> Result<(), String> {
    let mut accepted = Vec::new();
    for piece in pieces {
        let fraction = piece.weight.unwrap_or(1.0);
        // Wildcards are known by their backslash, so `\*` must outlive the conversion.
        let text = convert(piece.source);
        if fraction <= 0.0 || text.is_empty() {
            block.warnings.push(format!("The wrong answer `{text}` with its feedback is not kept."));
            continue;
        }
        let form = short_answer_form(&text, false);
        if text.contains('*') && !matches!(form, crate::Form::Text { has_wildcards: true, .. }) {
            block.warnings.push(format!("The `*` in `{text}` was read as a character, not as any text."));
        }
        accepted.push(Accepted { form, fraction, unit: None, feedback: feedback(piece, convert) });
    }
    finish_accepted(accepted, block)
}

fn finish_accepted(mut accepted: Vec<Accepted>, block: &mut Block) -> Result<(), String> {
    if accepted.is_empty() {
        return Err("The answer block has no right answer.".to_owned());
    }
    // The first is shown, so it is one of full credit. The sort keeps the order of equals.
    accepted.sort_by(|a, b| b.fraction.total_cmp(&a.fraction));
    block.answer = Answer::Accepted(accepted);
    Ok(())
}

fn numerical(numbers: &str, block: &mut Block, convert: &mut impl FnMut(&str) -> String) -> Result<(), String> {
    let trimmed = numbers.trim_start();
    let listed = if trimmed.starts_with(['=', '~']) { pieces(trimmed, &mut block.warnings) } else { Vec::new() };
    let single;
    let pieces = if listed.is_empty() {
        let (source, feedback) = split_once_outside(numbers, "#");
        let (weight, source) = weight(source.trim());
        single = [Piece { is_right: true, weight, source, feedback, pairs: false }];
        &single[..]
    } else {
        &listed[..]
    };
    let mut accepted = Vec::new();
    for piece in pieces {
        let fraction = piece.weight.unwrap_or(if piece.is_right { 1.0 } else { 0.0 });
        if fraction <= 0.0 || piece.source.trim() == "*" {
            block.warnings.push(format!("The wrong answer `{}` with its feedback is not kept.", piece.source));
            continue;
        }
        let source = escapes::unescape(piece.source).text;
        let source = source.trim().trim_start_matches("\\(").trim_end_matches("\\)").to_owned();
        let (Some(form), unit) = numeric_form(&source) else {
            return Err(format!("`{source}` is no number with a tolerance, and no range."));
        };
        accepted.push(Accepted { form, fraction, unit, feedback: feedback(piece, convert) });
    }
    finish_accepted(accepted, block)
}
