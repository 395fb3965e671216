//! Turns a row of a catalogue file into a question.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::exam_title::with_count;
use crate::{Accepted, Answer, Bank, Bound, Choice, Decimal, Exam, Figure, Form, Part, Place, Question, Tolerance};

/// Columns that have a field of their own, or that another import makes anew.
const KNOWN: [&str; 30] = [
    "id",
    "question_text",
    "answer",
    "options",
    "parts",
    "answer_rules",
    "solution_steps",
    "figures",
    "source_points",
    "points",
    "title",
    "tags",
    "hint",
    "is_bonus",
    "techniques",
    "difficulty",
    "estimated_time",
    "source_question_number",
    "exam_id",
    "topic_id",
    "topic_name",
    "course_id",
    "pattern_id",
    "created_at",
    "provenance",
    "locked",
    "is_generated",
    "frequency_score",
    "source_exam_year",
    "source_exam_type",
];

/// Reads the questions and exams of a catalogue file, in its order. Entries that are no objects are left out.
#[must_use]
pub fn bank(document: &Value) -> Bank {
    let objects = |name: &str| document[name].as_array().into_iter().flatten().filter_map(Value::as_object);
    let text = |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let topics: HashMap<String, (Option<String>, Option<String>)> = objects("topics")
        .map(|topic| (text(topic, "id").unwrap_or_default(), (text(topic, "name"), text(topic, "category"))))
        .collect();
    let ids: HashMap<String, usize> =
        objects("exams").enumerate().map(|(index, exam)| (text(exam, "id").unwrap_or_default(), index)).collect();
    let mut names: HashMap<String, usize> = HashMap::new();
    let exams = objects("exams").map(|exam| {
        let year = exam.get("year").and_then(Value::as_i64).and_then(|year| i32::try_from(year).ok());
        let (semester, kind) = (text(exam, "semester"), text(exam, "exam_type"));
        let words = [year.map(|year| year.to_string()), semester.clone(), kind.clone()];
        let name = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let count = names.entry(name.clone()).or_default();
        let title = with_count(&name, *count);
        *count += 1;
        Exam {
            title,
            year,
            semester,
            kind,
            points: number(exam, "total_points"),
            bonus_points: number(exam, "bonus_points"),
        }
    });
    let questions = objects("questions").map(|row| {
        let topic = text(row, "topic_id").and_then(|id| topics.get(&id).cloned());
        let (name, category) = topic.unwrap_or_default();
        let exam = text(row, "exam_id").and_then(|id| ids.get(&id).copied());
        Question { exam, ..question(row, name.as_deref(), category.as_deref()) }
    });
    let macros = document["course"]["macros"].as_object().into_iter().flatten();
    let macros = macros.filter_map(|(name, body)| Some((name.clone(), body.as_str()?.to_owned())));
    Bank { exams: exams.collect(), questions: questions.collect(), macros: macros.collect(), ..Bank::default() }
}

/// Reads a row. `topic` and `category` are the names of its topic.
#[must_use]
pub fn question(row: &Map<String, Value>, topic: Option<&str>, category: Option<&str>) -> Question {
    let text = |name: &str| row.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let parts = match row.get("parts") {
        Some(Value::Array(parts)) if !parts.is_empty() => parts.iter().filter_map(Value::as_object).map(part).collect(),
        _ => vec![Part { points: number(row, "source_points").or(number(row, "points")), ..part_without_text(row) }],
    };
    let extra = row.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str())).map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.clone(), value)
    });
    Question {
        place: Place { id: text("id"), ..Place::default() },
        title: text("title"),
        category: category.map(str::to_owned),
        topic: topic.map(str::to_owned),
        techniques: texts(row.get("techniques")),
        tags: texts(row.get("tags")),
        difficulty: row.get("difficulty").and_then(Value::as_u64).and_then(|level| u8::try_from(level).ok()),
        minutes: number(row, "estimated_time"),
        exam: None,
        number: row.get("source_question_number").and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok()),
        stem: text("question_text").unwrap_or_default(),
        parts,
        solution: steps(row),
        figures: row
            .get("figures")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(figure)
            .collect(),
        is_bonus: row.get("is_bonus") == Some(&Value::Bool(true)),
        extra: extra.collect(),
    }
}

fn part(row: &Map<String, Value>) -> Part {
    let text = row.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    Part {
        text,
        is_gap: row.get("is_gap") == Some(&Value::Bool(true)),
        points: number(row, "points"),
        solution: steps(row),
        ..part_without_text(row)
    }
}

/// The answer and the hint, which a question and a part have in common.
fn part_without_text(row: &Map<String, Value>) -> Part {
    let hint = row.get("hint").and_then(Value::as_str).map(str::to_owned);
    Part { answer: answer(row), hint, ..Part::default() }
}

fn answer(row: &Map<String, Value>) -> Answer {
    let rules = rules(row.get("answer_rules"));
    if let Some(Value::Array(options)) =
        row.get("options").filter(|options| options.as_array().is_some_and(|list| !list.is_empty()))
    {
        let options: Vec<Choice> = options.iter().filter_map(Value::as_object).map(choice).collect();
        let several = options.iter().filter(|option| option.is_right).count() > 1;
        let weighted = rules.get("weighted") == Some(&Value::Bool(true));
        return Answer::Choice { several: several || weighted, weighted, options };
    }
    let accepted: Vec<Accepted> = rules
        .get("accepted")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .filter_map(accepted)
        .collect();
    if !accepted.is_empty() {
        return Answer::Accepted(accepted);
    }
    let Some(text) = row.get("answer").and_then(Value::as_str).filter(|text| !text.trim().is_empty()) else {
        return Answer::Open;
    };
    if super::write::OPEN_ANSWERS.contains(&text) {
        return Answer::Open;
    }
    let tolerance = |name: &str| rules.get(name).and_then(decimal);
    let form = match number_of(
        text,
        tolerance("tolerance").or_else(|| tolerance("absolute_tolerance")),
        tolerance("relative_tolerance"),
    ) {
        Some(number) => number,
        None => Form::Text { text: text.to_owned(), match_case: false, has_wildcards: false },
    };
    Answer::Accepted(vec![Accepted { form, fraction: 1.0, unit: None, feedback: None }])
}

/// A number. A text such as `007` or `2.50`, which a number would change, is one only if it has a tolerance.
fn number_of(text: &str, absolute: Option<Decimal>, relative: Option<Decimal>) -> Option<Form> {
    let value = Decimal::parse(text)?;
    let tolerance = match (absolute, relative) {
        (Some(by), _) => Tolerance::Absolute(by),
        (None, Some(by)) => Tolerance::Relative(by),
        (None, None) if value.as_str() != text => return None,
        (None, None) => Tolerance::Unsaid,
    };
    Some(Form::Number { value, tolerance })
}

fn rules(column: Option<&Value>) -> Map<String, Value> {
    match column {
        Some(Value::Object(rules)) => rules.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Map::new(),
    }
}

fn choice(row: &Map<String, Value>) -> Choice {
    Choice {
        text: row.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
        is_right: row.get("is_correct") == Some(&Value::Bool(true)),
        weight: row.get("weight").and_then(Value::as_f64),
        feedback: feedback(row),
    }
}

fn accepted(row: &Map<String, Value>) -> Option<Accepted> {
    let is_set = |name: &str| row.get(name) == Some(&Value::Bool(true));
    let bound = |name: &str, excludes: &str| {
        row.get(name).and_then(decimal).map(|value| Bound { value, is_included: !is_set(excludes) })
    };
    let (low, high) = (bound("from", "excludes_from"), bound("to", "excludes_to"));
    let form = if low.is_some() || high.is_some() {
        Form::Range { low, high }
    } else {
        let value = row.get("answer")?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let is_text = is_set("match_case") || is_set("wildcards");
        let number =
            number_of(&text, row.get("tolerance").and_then(decimal), row.get("relative_tolerance").and_then(decimal));
        match number.filter(|_| !is_text) {
            Some(number) => number,
            None => Form::Text { text, match_case: is_set("match_case"), has_wildcards: is_set("wildcards") },
        }
    };
    let unit = row.get("unit").and_then(Value::as_str).map(str::to_owned);
    let fraction = row.get("fraction").and_then(Value::as_f64).unwrap_or(1.0);
    Some(Accepted { form, fraction, unit, feedback: feedback(row) })
}

fn feedback(row: &Map<String, Value>) -> Option<String> {
    row.get("feedback").and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// A JSON number or the text of one.
fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => Decimal::parse(&number.to_string()),
        Value::String(text) => Decimal::parse(text),
        _ => None,
    }
}

fn number(row: &Map<String, Value>, name: &str) -> Option<f64> {
    row.get(name).and_then(Value::as_f64)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Steps of a solution as one text: a list, or a text as the API has it.
fn steps(row: &Map<String, Value>) -> Option<String> {
    let text = match row.get("solution_steps") {
        Some(Value::String(text)) => text.clone(),
        list => texts(list).join("\n"),
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

fn figure(row: &Map<String, Value>) -> Figure {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    Figure {
        source: text("name").or_else(|| text("digest")).unwrap_or_default().to_owned(),
        bytes: text("data").and_then(|data| STANDARD.decode(data).ok()),
        alt: text("alt").map(str::to_owned),
    }
}
