//! An item of QTI 2 and 3 as a question.

use roxmltree::Node;

use super::{
    declarations,
    interactions::{self, Body, CLOSE, END, PLACE, START},
    processing::{self, Keyed},
};
use crate::{
    Answer, Part, Question,
    rich::{FindFile, Rich},
    scoring::{Asked, Key, RESPONSES_MAX, key},
    xml::{attribute, child, children},
};

const ALL_OR_NOTHING: &str = "The source gives points only if all parts are right. Here each part has its share.";

/// Reads an item. `stimulus` are the texts before it. `Err` is the reason for which it is refused.
pub(super) fn read(item: Node, weight: Option<f64>, rich: &mut Rich, find: &FindFile) -> Result<Question, String> {
    if children(item, "templateDeclaration").next().is_some() || child(item, "templateProcessing").is_some() {
        return Err("its values are drawn at random.".to_owned());
    }
    if attribute(item, "adaptive") == Some("true") {
        rich.warnings.push("The item is adaptive. It is taken as one that is answered once.".to_owned());
    }
    let is_ours = attribute(item, "toolName") == Some("pastpaper");
    let body = child(item, "itemBody").ok_or("it has no body.")?;
    let declarations = declarations::read(item);
    let mut body = interactions::read(body, &declarations, is_ours, rich, find)?;
    if body.interactions.is_empty() {
        return Err("it asks nothing.".to_owned());
    }
    if body.interactions.len() > RESPONSES_MAX {
        return Err(format!("it has more than {RESPONSES_MAX} interactions."));
    }
    let mut question = Question::default();
    let mut processed = processing::read(item, &declarations);
    let mut keys: Vec<Key> = Vec::new();
    let mut solutions = Vec::new();
    for interaction in &body.interactions {
        let declared = declarations.responses.get(&interaction.id).cloned().unwrap_or_default();
        let is_essay = matches!(interaction.asked, Asked::Essay);
        let mut keyed = processed.keyed(&interaction.id, &declared, is_essay);
        if let Some(gap) = &interaction.gap {
            if keyed.is_all_or_nothing() && !rich.warnings.iter().any(|known| known == ALL_OR_NOTHING) {
                rich.warnings.push(ALL_OR_NOTHING.to_owned());
            }
            keyed = keyed.of_gap(gap);
        }
        if is_essay {
            // The correct response of a longer text is a model answer.
            solutions.extend(declared.correct.iter().map(|text| rich.plain(text)));
        }
        let mut key = key(&interaction.asked, &keyed.rules, keyed.unnamed)?;
        rich.warnings.append(&mut key.warnings);
        bound(&mut key, &keyed, &mut question.extra);
        keys.push(key);
        question.extra.extend(interaction.extra.clone());
    }
    // Gaps of one interaction have one response, and so the same warnings.
    for warning in std::mem::take(&mut processed.warnings) {
        if !rich.warnings.contains(&warning) {
            rich.warnings.push(warning);
        }
    }
    if processed.is_joined && keys.len() > 1 {
        rich.warnings.push(ALL_OR_NOTHING.to_owned());
    }
    let sum: f64 = if processed.is_joined {
        keys.iter().map(|key| key.full).fold(0.0, f64::max)
    } else {
        keys.iter().map(|key| key.full).sum()
    };
    let total = declarations
        .maximum
        .or(Some(sum).filter(|sum| *sum > 0.0))
        .map(|total| total * weight.unwrap_or(1.0))
        .or(weight);
    let points = shares(&keys, total);
    arrange(&mut question, &mut body, keys, &points, rich, find);
    let (feedback, extra) = interactions::modal_feedback(item, rich, find);
    solutions.append(&mut body.rubrics);
    solutions.extend(feedback);
    question.extra.extend(extra);
    question.solution = (!solutions.is_empty()).then(|| solutions.join("\n\n"));
    if question.stem.is_empty() && question.parts.iter().all(|part| part.text.is_empty()) {
        return Err("it has no text.".to_owned());
    }
    Ok(question)
}

/// Applies the bounds of a mapping. An upper bound below the sum of the weights makes each of them worth more.
fn bound(key: &mut Key, keyed: &Keyed, extra: &mut Vec<(String, String)>) {
    if let Some(least) = keyed.least {
        extra.push(("least points".to_owned(), least.to_string()));
    }
    let Some(most) = keyed.most.filter(|most| *most > 0.0 && *most < key.full) else { return };
    match &mut key.answer {
        Answer::Choice { options, .. } => {
            for option in options {
                option.weight = option.weight.map(|weight| (weight * key.full / most).clamp(-1.0, 1.0));
            }
        }
        Answer::Accepted(list) => {
            for one in list {
                one.fraction = (one.fraction * key.full / most).min(1.0);
            }
        }
        _ => {}
    }
    key.full = most;
}

fn shares(keys: &[Key], total: Option<f64>) -> Vec<Option<f64>> {
    let sum: f64 = keys.iter().map(|key| key.full).sum();
    let count = f64::from(u32::try_from(keys.len()).unwrap_or(u32::MAX));
    let has_all = keys.iter().all(|key| key.full > 0.0);
    keys.iter().map(|key| total.map(|total| if has_all { total * key.full / sum } else { total / count })).collect()
}

/// Puts texts, gaps and parts together.
fn arrange(
    question: &mut Question,
    body: &mut Body,
    keys: Vec<Key>,
    points: &[Option<f64>],
    rich: &mut Rich,
    find: &FindFile,
) {
    let text = rich.html(&body.html, find);
    let is_alone = body.interactions.len() == 1;
    let has_gaps = body.interactions.iter().any(|interaction| interaction.is_inline);
    for ((interaction, key), points) in body.interactions.iter().zip(keys).zip(points) {
        // A field that the student marks needs no place in the text.
        let is_gap = interaction.is_inline && !(is_alone && key.answer == Answer::Open);
        question.parts.push(Part { is_gap, answer: key.answer, points: *points, ..Part::default() });
    }
    let mut stem = String::new();
    // Text between two blocks belongs to the second one.
    let mut between = String::new();
    let mut is_after_block = false;
    for (mark, mut text) in pieces(&text) {
        match mark {
            Mark::Place(index) => {
                if question.parts.get(index).is_some_and(|part| part.is_gap) {
                    stem.extend(["[gap ", &(index + 1).to_string(), "]"]);
                }
            }
            Mark::Start(index) if !is_alone => {
                if let Some(part) = question.parts.get_mut(index) {
                    part.text = joined(&std::mem::take(&mut between), text);
                }
                is_after_block = !has_gaps;
                continue;
            }
            Mark::Start(_) | Mark::End => {
                stem.truncate(stem.trim_end().len());
                stem.push('\n');
                text = text.trim_start();
            }
            Mark::None => {}
        }
        if is_after_block { &mut between } else { &mut stem }.push_str(text);
    }
    if let Some(part) = question.parts.last_mut() {
        part.text = joined(&part.text, &between);
    }
    let lines: Vec<&str> = stem.lines().map(str::trim_end).collect();
    lines.join("\n").trim().clone_into(&mut question.stem);
}

fn joined(before: &str, after: &str) -> String {
    [before.trim(), after.trim()].join("\n").trim().to_owned()
}

/// What stands before a piece of text.
enum Mark {
    None,
    Place(usize),
    /// The piece is the prompt of a block.
    Start(usize),
    End,
}

fn pieces(text: &str) -> impl Iterator<Item = (Mark, &str)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest?;
        let (mark, current) = mark(current);
        let end = current.find([PLACE, START, END]);
        rest = end.map(|end| &current[end..]);
        Some((mark, &current[..end.unwrap_or(current.len())]))
    })
}

fn mark(text: &str) -> (Mark, &str) {
    let Some(kind) = text.chars().next().filter(|letter| [PLACE, START, END].contains(letter)) else {
        return (Mark::None, text);
    };
    let after = &text[kind.len_utf8()..];
    let Some((index, rest)) = after.split_once(CLOSE) else { return (Mark::None, after) };
    match (kind, index.parse()) {
        (PLACE, Ok(index)) => (Mark::Place(index), rest),
        (START, Ok(index)) => (Mark::Start(index), rest),
        (_, Ok(_)) => (Mark::End, rest),
        _ => (Mark::None, after),
    }
}
