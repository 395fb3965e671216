//! Turns a question into a row of a catalogue file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::expand::expanded;
use crate::{Accepted, Answer, Bound, Choice, Decimal, Figure, Form, Part, Place, Question, Remark, Tolerance};

/// Options of a choice at most: one a letter.
const OPTIONS_MAX: usize = 26;

/// The columns of a question that follow from the question alone. Its id, topic and exam come from elsewhere.
pub struct Row {
    pub columns: Map<String, Value>,
    pub warnings: Vec<Remark>,
}

/// Turns a question into a row.
///
/// # Errors
/// Why it cannot be a question of ours.
pub fn row(question: &Question) -> Result<Row, String> {
    let mut writer = Writer { place: question.place.clone(), warnings: Vec::new(), lines: Vec::new() };
    let mut columns = Map::new();
    let mut parts = Vec::new();
    for part in &question.parts {
        parts.extend(writer.parts_of(part)?);
    }
    let stem = without_stray_gaps(&question.stem, &parts);
    let is_whole = matches!(parts.as_slice(), [only] if !only.is_gap && only.text.is_empty());
    if is_whole {
        let only = parts.remove(0);
        columns.insert("question_text".to_owned(), json!(stem));
        writer.lines.extend(only.steps);
        columns.insert("answer".to_owned(), json!(only.answer));
        insert_unless_empty(&mut columns, "options", &only.options);
        if let Some(rules) = only.rules {
            columns.insert("answer_rules".to_owned(), rules);
        }
        if let Some(points) = only.points {
            columns.insert("source_points".to_owned(), json!(points));
        }
        if let Some(hint) = &only.hint {
            columns.insert("hint".to_owned(), json!(hint));
        }
    } else {
        columns.insert("question_text".to_owned(), json!(stem));
        let rows: Vec<Value> = parts.into_iter().map(PartRow::into_json).collect();
        columns.insert("parts".to_owned(), json!(rows));
    }
    let mut steps: Vec<String> = question.solution.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
    steps.append(&mut writer.lines);
    steps.retain(|step| !step.trim().is_empty());
    columns.insert("solution_steps".to_owned(), json!(steps));
    if is_whole && columns.get("answer").and_then(Value::as_str).is_some_and(|answer| answer.trim().is_empty()) {
        columns.insert("answer".to_owned(), json!(open_answer(&steps)));
    }
    if !question.techniques.is_empty() {
        columns.insert("techniques".to_owned(), json!(question.techniques));
    }
    set(&mut columns, "difficulty", question.difficulty);
    set(&mut columns, "estimated_time", question.minutes);
    set(&mut columns, "source_question_number", question.number);
    set(&mut columns, "title", question.title.as_ref());
    if !question.tags.is_empty() {
        columns.insert("tags".to_owned(), json!(question.tags));
    }
    if question.is_bonus {
        columns.insert("is_bonus".to_owned(), json!(true));
    }
    for (name, value) in &question.extra {
        let name = if columns.contains_key(name) { format!("source_{name}") } else { name.clone() };
        columns.entry(name).or_insert_with(|| json!(value));
    }
    let figures = writer.figures(&question.figures);
    insert_unless_empty(&mut columns, "figures", &figures);
    Ok(Row { columns, warnings: writer.warnings })
}

/// What is shown as the answer of a question without a key: with a solution, and without. No checker can read them, so the
/// student decides.
pub(super) const OPEN_ANSWERS: [&str; 2] = ["See the solution.", "The source has no answer to this question."];

fn open_answer(steps: &[String]) -> String {
    OPEN_ANSWERS[usize::from(steps.is_empty())].to_owned()
}

/// The stem, in which the mark of a gap that no part is becomes a line to write on.
fn without_stray_gaps(stem: &str, parts: &[PartRow]) -> String {
    let mut out = String::with_capacity(stem.len());
    let mut rest = stem;
    while let Some(at) = rest.find("[gap ") {
        out.push_str(&rest[..at]);
        let inside = &rest[at + "[gap ".len()..];
        let digits = inside.bytes().take_while(u8::is_ascii_digit).count();
        let number = inside[..digits].parse::<usize>().ok().filter(|_| inside[digits..].starts_with(']'));
        let end = at + "[gap ".len() + digits + usize::from(number.is_some());
        let is_stray = number.is_some_and(|number| {
            !number.checked_sub(1).and_then(|index| parts.get(index)).is_some_and(|part| part.is_gap)
        });
        out.push_str(if is_stray { "____" } else { &rest[at..end] });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

struct Writer {
    place: Place,
    warnings: Vec<Remark>,
    /// Lines for the solution: feedback and the like.
    lines: Vec<String>,
}

/// A part as a catalogue file has it.
#[derive(Default)]
struct PartRow {
    text: String,
    is_gap: bool,
    answer: String,
    options: Vec<Value>,
    rules: Option<Value>,
    points: Option<f64>,
    hint: Option<String>,
    steps: Vec<String>,
}

impl PartRow {
    /// Adds the feedback on an answer to the solution. A step is one line.
    fn explain(&mut self, answer: &str, feedback: Option<&str>) {
        if let Some(feedback) = feedback.filter(|text| !text.trim().is_empty()) {
            self.steps.extend(format!("{answer}: {feedback}").lines().map(str::to_owned));
        }
    }

    fn into_json(self) -> Value {
        let mut row = Map::new();
        row.insert("text".to_owned(), json!(self.text));
        let answer = if self.answer.trim().is_empty() { open_answer(&self.steps) } else { self.answer };
        row.insert("answer".to_owned(), json!(answer));
        if self.is_gap {
            row.insert("is_gap".to_owned(), json!(true));
        }
        insert_unless_empty(&mut row, "options", &self.options);
        if let Some(rules) = self.rules {
            row.insert("answer_rules".to_owned(), rules);
        }
        set(&mut row, "points", self.points);
        set(&mut row, "hint", self.hint);
        if !self.steps.is_empty() {
            row.insert("solution_steps".to_owned(), json!(self.steps));
        }
        Value::Object(row)
    }
}

impl Writer {
    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(Remark { place: self.place.clone(), text: text.into() });
    }

    /// A part is one of ours, but for matching and ordering: there each pair and each place is one.
    fn parts_of(&mut self, part: &Part) -> Result<Vec<PartRow>, String> {
        let mut row = PartRow {
            text: part.text.clone(),
            is_gap: part.is_gap,
            points: part.points,
            hint: part.hint.clone(),
            steps: part.solution.iter().flat_map(|text| text.lines()).map(str::to_owned).collect(),
            ..PartRow::default()
        };
        match &part.answer {
            Answer::Open => {}
            Answer::Accepted(accepted) => {
                let first = accepted.iter().find(|answer| answer.fraction >= 1.0).or(accepted.first());
                row.answer = first.map(shown).ok_or("it has no accepted answer")?;
                row.rules = rules(accepted);
                for answer in accepted {
                    row.explain(&shown(answer), answer.feedback.as_deref());
                }
            }
            Answer::Choice { options, several, weighted } => choice(&mut row, options, *several, *weighted)?,
            Answer::Matching { pairs, .. } => {
                let count = pairs.len();
                let warning = format!("a matching question is taken as {count} parts with the same options");
                return self.expanded(part, "matches with", warning);
            }
            Answer::Ordering(texts) => {
                let warning = format!("an ordering question is taken as {} parts, one a place", texts.len());
                return self.expanded(part, "orders", warning);
            }
        }
        Ok(vec![row])
    }

    /// The parts of a matching or an ordering.
    fn expanded(&mut self, part: &Part, does: &str, warning: String) -> Result<Vec<PartRow>, String> {
        let parts = expanded(part);
        if let Some(Part { answer: Answer::Choice { options, .. }, .. }) = parts.first()
            && options.len() > OPTIONS_MAX
        {
            return Err(format!("it {does} {} texts; at most {OPTIONS_MAX} can be stored", options.len()));
        }
        self.warn(warning);
        let mut rows = Vec::with_capacity(parts.len());
        for part in &parts {
            rows.extend(self.parts_of(part)?);
        }
        Ok(rows)
    }

    fn figures(&mut self, figures: &[Figure]) -> Vec<Value> {
        let mut rows = Vec::with_capacity(figures.len());
        for (index, figure) in figures.iter().enumerate() {
            let Some(bytes) = &figure.bytes else {
                self.warn(format!("the picture {} was not found", figure.source));
                continue;
            };
            let Some(media_type) = media_type(bytes) else {
                self.warn(format!("the picture {} is neither PNG, JPEG nor SVG", figure.source));
                continue;
            };
            let mut row = json!({"name": figure_name(index, &figure.source), "media_type": media_type, "data": STANDARD.encode(bytes)});
            if let Some(alt) = figure.alt.as_deref().filter(|alt| !alt.trim().is_empty()) {
                row["alt"] = json!(alt);
            }
            rows.push(row);
        }
        rows
    }
}

/// The name that the texts use. A figure from a row keeps its name, also if one before it was not found.
fn figure_name(index: usize, source: &str) -> String {
    let number = source.strip_prefix("figure ").and_then(|number| number.parse::<usize>().ok());
    format!("figure {}", number.filter(|number| *number > 0).unwrap_or(index + 1))
}

pub(crate) fn media_type(bytes: &[u8]) -> Option<&'static str> {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ if start.contains("<svg") => Some("image/svg+xml"),
        _ => None,
    }
}

fn choice(row: &mut PartRow, options: &[Choice], several: bool, weighted: bool) -> Result<(), String> {
    if options.len() > OPTIONS_MAX {
        return Err(format!("it has {} options; at most {OPTIONS_MAX} can be stored", options.len()));
    }
    let right: Vec<String> =
        options.iter().enumerate().filter(|(_, option)| option.is_right).map(|(index, _)| letter(index)).collect();
    if right.is_empty() {
        return Err("none of its options is right".to_owned());
    }
    row.answer = right.join(", ");
    for (index, option) in options.iter().enumerate() {
        let mut json = json!({"letter": letter(index), "text": option.text, "is_correct": option.is_right});
        if several && let Some(weight) = option.weight {
            json["weight"] = json!(weight);
        }
        row.options.push(json);
        row.explain(&letter(index), option.feedback.as_deref());
    }
    if weighted && several && options.iter().any(|option| option.weight.is_some()) {
        row.rules = Some(json!({"weighted": true}));
    }
    Ok(())
}

/// `A`, `B`, …
pub(crate) fn letter(index: usize) -> String {
    u8::try_from(index).map_or_else(|_| "?".to_owned(), |index| char::from(b'A' + index.min(25)).to_string())
}

/// An accepted answer as it is shown.
pub(crate) fn shown(accepted: &Accepted) -> String {
    let unit = accepted.unit.as_ref().map_or_else(String::new, |unit| format!(" {unit}"));
    match &accepted.form {
        Form::Text { text, .. } => text.clone(),
        Form::Number { value, .. } => format!("{value}{unit}"),
        Form::Range { low, high } => {
            let bound = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.value.to_string());
            match (bound(low), bound(high)) {
                (Some(low), Some(high)) => format!("{low} to {high}{unit}"),
                (Some(low), None) => format!("at least {low}{unit}"),
                (None, Some(high)) => format!("at most {high}{unit}"),
                (None, None) => "any number".to_owned(),
            }
        }
    }
}

/// `answer_rules` of accepted answers. `None` if the answer says all: a single text, or a number without tolerance.
fn rules(accepted: &[Accepted]) -> Option<Value> {
    if let [only] = accepted {
        let is_plain = match &only.form {
            Form::Text { match_case, has_wildcards, .. } => !match_case && !has_wildcards,
            Form::Number { tolerance, .. } => *tolerance == Tolerance::Unsaid,
            Form::Range { .. } => false,
        };
        if is_plain && only.fraction >= 1.0 {
            return None;
        }
    }
    let rows: Vec<Value> = accepted.iter().map(accepted_row).collect();
    Some(json!({"accepted": rows}))
}

fn accepted_row(accepted: &Accepted) -> Value {
    let mut row = Map::new();
    match &accepted.form {
        Form::Text { text, match_case, has_wildcards } => {
            row.insert("answer".to_owned(), json!(text));
            if *match_case {
                row.insert("match_case".to_owned(), json!(true));
            }
            if *has_wildcards {
                row.insert("wildcards".to_owned(), json!(true));
            }
        }
        Form::Number { value, tolerance } => {
            row.insert("answer".to_owned(), json!(value.to_string()));
            match tolerance {
                Tolerance::Unsaid => {}
                Tolerance::Absolute(by) => drop(row.insert("tolerance".to_owned(), number(by))),
                Tolerance::Relative(by) => drop(row.insert("relative_tolerance".to_owned(), number(by))),
            }
        }
        Form::Range { low, high } => {
            for (name, excludes, bound) in [("from", "excludes_from", low), ("to", "excludes_to", high)] {
                if let Some(bound) = bound {
                    row.insert(name.to_owned(), number(&bound.value));
                    if !bound.is_included {
                        row.insert(excludes.to_owned(), json!(true));
                    }
                }
            }
        }
    }
    set(&mut row, "unit", accepted.unit.as_ref());
    if accepted.fraction < 1.0 {
        row.insert("fraction".to_owned(), json!(accepted.fraction));
    }
    Value::Object(row)
}

/// A decimal as text, which keeps all of its digits.
fn number(value: &Decimal) -> Value {
    json!(value.to_string())
}

fn set<T: serde::Serialize>(row: &mut Map<String, Value>, name: &str, value: Option<T>) {
    if let Some(value) = value {
        row.insert(name.to_owned(), json!(value));
    }
}

fn insert_unless_empty(row: &mut Map<String, Value>, name: &str, values: &[Value]) {
    if !values.is_empty() {
        row.insert(name.to_owned(), json!(values));
    }
}
