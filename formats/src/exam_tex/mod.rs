//! LaTeX of the class `exam`.

mod body;
mod lex;
mod macros;
mod symbols;
mod write;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::reading::{OPTIONS_MAX, place, remark};
use crate::{Accepted, Answer, Bank, Choice, Exam, Form, FormatError, Part, Question, decode};
use body::{Body, Node};
use write::Writer;

/// The largest file, in bytes. Honest exams have some 100 KiB.
const BYTES_MAX: usize = 4 << 20;

/// Reads a file.
pub fn read(file: &str, bytes: &[u8]) -> Result<Bank, FormatError> {
    if bytes.len() > BYTES_MAX {
        return Err(FormatError(format!("the file is larger than {} MiB", BYTES_MAX >> 20)));
    }
    let decoded = decode(bytes)?;
    let mut bank = Bank::default();
    bank.warnings.extend(decoded.warning.map(|warning| remark(file, 1, warning)));
    let expanded = macros::expand(lex::tokens(&decoded.text));
    let body = body::walk(&expanded.tokens);
    let warnings = expanded.warnings.iter().chain(&body.warnings);
    bank.warnings.extend(warnings.map(|(line, text)| remark(file, *line, text.as_str())));
    bank.skipped.extend(body.skipped.iter().map(|(line, text)| remark(file, *line, text.as_str())));
    if body.nodes.is_empty() {
        return Err(FormatError("the file has no `\\question`".to_owned()));
    }
    bank.exams.push(exam(file, &body));
    let mut unknown = BTreeSet::new();
    let mut from = 0;
    let mut number = 0;
    let mut wasted = body.wasted;
    while from < body.nodes.len() {
        let length = body.nodes[from + 1..].iter().take_while(|node| node.level > 0).count() + 1;
        let nodes = &body.nodes[from..from + length];
        from += length;
        number += 1;
        let line = nodes[0].line;
        let mut writer = Writer { wasted, ..Writer::default() };
        let mut warnings = Vec::new();
        match question(nodes, &mut writer, &mut warnings) {
            Ok(mut question) => {
                question.place = place(file, line);
                question.exam = Some(0);
                question.number = Some(number);
                for figure in &question.figures {
                    warnings.push(format!("The picture {} is not in the file.", figure.source));
                }
                bank.questions.push(question);
            }
            Err(reason) => bank.refused.push(remark(file, line, reason)),
        }
        wasted = writer.wasted;
        warnings.append(&mut writer.warnings);
        bank.warnings.extend(warnings.into_iter().map(|text| remark(file, line, text)));
        unknown.append(&mut writer.unknown);
    }
    if !unknown.is_empty() {
        let names: Vec<String> = unknown.iter().take(30).map(|name| format!("`\\{name}`")).collect();
        let text =
            format!("These commands are not known and were left out, but not their arguments: {}.", names.join(", "));
        bank.warnings.push(remark(file, 1, text));
    }
    Ok(bank)
}

fn exam(file: &str, body: &Body) -> Exam {
    let mut writer = Writer::default();
    let title = writer.text(&body.title).replace('\n', " ");
    let date = writer.text(&body.date);
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let sources = [title.as_str(), date.as_str(), stem];
    let year = sources.iter().find_map(|text| year(text));
    let semester = sources.iter().find_map(|text| word(text, &["fall", "autumn", "spring", "summer", "winter"]));
    let kind = sources.iter().find_map(|text| word(text, &["midterm", "final", "quiz", "exam", "test"]));
    let named = match (year, &semester, &kind) {
        (Some(year), Some(semester), Some(kind)) => Some(format!("{year} {semester} {kind}")),
        (Some(year), None, Some(kind)) => Some(format!("{year} {kind}")),
        _ => None,
    };
    let title = if title.is_empty() { named.unwrap_or_else(|| stem.to_owned()) } else { title };
    Exam { title, year, semester, kind, points: Some(body.points), bonus_points: Some(body.bonus_points) }
}

fn year(text: &str) -> Option<i32> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| number.len() == 4);
    numbers.filter_map(|number| number.parse().ok()).find(|year| (1950..=2100).contains(year))
}

fn word(text: &str, words: &[&str]) -> Option<String> {
    let text = text.to_lowercase();
    words
        .iter()
        .find(|word| text.split(|c: char| !c.is_alphabetic()).any(|other| other == **word))
        .map(|word| (*word).to_owned())
}

fn question(nodes: &[Node], writer: &mut Writer, warnings: &mut Vec<String>) -> Result<Question, String> {
    let Some((head, rest)) = nodes.split_first() else { return Err("The question is empty.".to_owned()) };
    let title = writer.text(&head.title).replace('\n', " ");
    let topic = writer.text(&head.section).replace('\n', " ");
    let mut question = Question {
        title: Some(title).filter(|title| !title.is_empty()),
        topic: Some(topic).filter(|topic| !topic.is_empty()),
        ..Question::default()
    };
    writer.has_gaps = rest.is_empty() && head.choices.is_empty() && head.answer_lines.is_empty();
    question.stem = writer.text(&head.text);
    if rest.is_empty() {
        question.solution = solution(head, writer);
        question.parts = single(head, writer, &mut question.stem, warnings)?;
    } else {
        question.solution = solution(head, writer);
        if !head.choices.is_empty() {
            warnings.push("The question has both choices and parts; its choices are text.".to_owned());
            let options = options(head, writer)?;
            push_listed(&mut question.stem, &options);
        }
        question.parts = parts(head, rest, writer, warnings)?;
    }
    set_bonus(nodes, &mut question, warnings);
    question.figures = std::mem::take(&mut writer.figures.list);
    let is_empty = question.stem.is_empty() && question.parts.iter().any(|part| part.text.is_empty());
    if is_empty { Err("The question has no text.".to_owned()) } else { Ok(question) }
}

fn solution(node: &Node, writer: &mut Writer) -> Option<String> {
    let has_gaps = std::mem::replace(&mut writer.has_gaps, false);
    let texts: Vec<String> = node.solutions.iter().map(|tokens| writer.text(tokens)).collect();
    writer.has_gaps = has_gaps;
    let texts: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

fn accepted(text: String) -> Answer {
    let form = Form::Text { text, match_case: false, has_wildcards: false };
    Answer::Accepted(vec![Accepted { form, fraction: 1.0, unit: None, feedback: None }])
}

/// The parts of a question without parts: one, or one for each gap.
fn single(
    head: &Node,
    writer: &mut Writer,
    stem: &mut String,
    warnings: &mut Vec<String>,
) -> Result<Vec<Part>, String> {
    let blanks = std::mem::take(&mut writer.blanks);
    if !writer.has_gaps || blanks.is_empty() {
        let answer = answer(head, &blanks, stem, writer, warnings)?;
        return Ok(vec![Part { answer, points: head.points, ..Part::default() }]);
    }
    let count = blanks.len();
    if count > 1 && head.points.is_some() {
        warnings.push(format!("The points of the question are divided equally among its {count} gaps."));
    }
    let share = head.points.map(|points| share(points, count));
    let part = |blank: Option<String>| Part {
        is_gap: true,
        answer: blank.map_or(Answer::Open, accepted),
        points: share,
        ..Part::default()
    };
    Ok(blanks.into_iter().map(part).collect())
}

#[expect(clippy::cast_precision_loss, reason = "a question has few parts")]
fn share(points: f64, count: usize) -> f64 {
    points / count.max(1) as f64
}

fn options(node: &Node, writer: &mut Writer) -> Result<Vec<Choice>, String> {
    if node.choices.len() > OPTIONS_MAX {
        return Err(format!("The question has {} options; at most {OPTIONS_MAX} are taken.", node.choices.len()));
    }
    let choice =
        |one: &body::Alternative| Choice { text: writer.text(&one.text), is_right: one.is_right, ..Choice::default() };
    let options: Vec<Choice> = node.choices.iter().map(choice).collect();
    match options.iter().position(|option| option.text.is_empty()) {
        Some(empty) => Err(format!("Option {} is empty.", empty + 1)),
        None => Ok(options),
    }
}

fn push_listed(text: &mut String, options: &[Choice]) {
    for (option, letter) in options.iter().zip('A'..='Z') {
        let _ = write!(text, "\n{letter}. {}", option.text);
    }
}

/// The key of a question or part. Options without a key become part of the text.
fn answer(
    node: &Node,
    blanks: &[Option<String>],
    text: &mut String,
    writer: &mut Writer,
    warnings: &mut Vec<String>,
) -> Result<Answer, String> {
    if !node.choices.is_empty() {
        let options = options(node, writer)?;
        let right = options.iter().filter(|option| option.is_right).count();
        if right == 0 || options.len() < 2 {
            warnings
                .push("No option is a `\\CorrectChoice`; the options are text, and the student marks it.".to_owned());
            push_listed(text, &options);
            return Ok(Answer::Open);
        }
        return Ok(Answer::Choice { options, several: right > 1, weighted: false });
    }
    let lines: Vec<String> =
        node.answer_lines.iter().map(|tokens| writer.text(tokens)).filter(|text| !text.is_empty()).collect();
    let given: Vec<String> = if lines.is_empty() { blanks.iter().flatten().cloned().collect() } else { lines };
    if given.is_empty() {
        return Ok(Answer::Open);
    }
    if given.len() > 1 {
        warnings.push("Several answers of one part are joined by semicolons.".to_owned());
    }
    Ok(accepted(given.join("; ")))
}

fn parts(head: &Node, nodes: &[Node], writer: &mut Writer, warnings: &mut Vec<String>) -> Result<Vec<Part>, String> {
    writer.blanks.clear();
    let mut parts: Vec<Part> = Vec::new();
    // Text of a part with subparts, for the first of them.
    let mut carried = String::new();
    for (index, node) in nodes.iter().enumerate() {
        let is_leaf = nodes.get(index + 1).is_none_or(|next| next.level <= node.level);
        let mut text = writer.text(&node.text);
        if let Some(title) = Some(writer.text(&node.title)).filter(|title| !title.is_empty()) {
            text = format!("{title}\n{text}");
        }
        if !carried.is_empty() {
            text = format!("{carried}\n{text}");
            carried.clear();
        }
        let blanks = std::mem::take(&mut writer.blanks);
        if !is_leaf {
            if !node.choices.is_empty() || !node.answer_lines.is_empty() {
                warnings.push("A part with subparts has an answer of its own; it is left out.".to_owned());
            }
            carried = text;
            continue;
        }
        let answer = answer(node, &blanks, &mut text, writer, warnings)?;
        let solution = solution(node, writer);
        writer.blanks.clear();
        parts.push(Part { text, answer, points: node.points, solution, ..Part::default() });
    }
    spread_points(head, nodes, &mut parts, warnings);
    Ok(parts)
}

/// Gives points of questions and parts to the parts inside, so that the sum stays as the class counts it.
fn spread_points(head: &Node, nodes: &[Node], parts: &mut [Part], warnings: &mut Vec<String>) {
    let mut spread = |points: Option<f64>, parts: &mut [Part]| {
        let Some(points) = points.filter(|points| *points > 0.0) else { return };
        let without = parts.iter().filter(|part| part.points.is_none()).count();
        if without == 0 {
            if let Some(first) = parts.first_mut() {
                first.points = Some(first.points.unwrap_or(0.0) + points);
                warnings.push(
                    "Both the whole and all of its parts have points; those of the whole went to the first part."
                        .to_owned(),
                );
            }
            return;
        }
        warnings.push(format!("The points of the whole are divided equally among {without} parts without points."));
        for part in parts.iter_mut().filter(|part| part.points.is_none()) {
            part.points = Some(share(points, without));
        }
    };
    // Inner groups first.
    for level in (1..3).rev() {
        let mut leaf = 0;
        for (index, node) in nodes.iter().enumerate() {
            let inside = nodes[index + 1..].iter().take_while(|next| next.level > node.level);
            let is_leaf = nodes.get(index + 1).is_none_or(|next| next.level <= node.level);
            if is_leaf {
                leaf += 1;
            } else if node.level == level {
                let inner: Vec<&Node> = inside.collect();
                let leaves = inner
                    .iter()
                    .enumerate()
                    .filter(|(at, one)| inner.get(at + 1).is_none_or(|next| next.level <= one.level))
                    .count();
                let end = (leaf + leaves).min(parts.len());
                spread(node.points, &mut parts[leaf.min(end)..end]);
            }
        }
    }
    spread(head.points, parts);
}

fn set_bonus(nodes: &[Node], question: &mut Question, warnings: &mut Vec<String>) {
    let pointed: Vec<&Node> = nodes.iter().filter(|node| node.points.is_some()).collect();
    let bonus = pointed.iter().filter(|node| node.is_bonus).count();
    question.is_bonus = bonus > 0 && bonus == pointed.len() || pointed.is_empty() && nodes[0].is_bonus;
    if bonus > 0 && bonus < pointed.len() {
        let points: f64 = pointed.iter().filter(|node| node.is_bonus).filter_map(|node| node.points).sum();
        question.extra.push(("bonus_points".to_owned(), points.to_string()));
        warnings.push(format!("{points} points of this question are a bonus; the question as a whole is none."));
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
