//! Adds the questions of files to a stored course, as a catalogue file.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use formats::ours::row;
use formats::{Bank, Question, Remark};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use shared::domain::catalog::draft::QuestionDraft;
use shared::domain::catalog::figures::FIGURES_COLUMN;
use shared::domain::catalog::parts::points_of;
use shared::store::CatalogBase;

use super::matching::{ANSWERS_BYTES, Candidate, Match, Provenance, matched, normalised};
use super::paper::{Content, Paper};
use super::report::FileReport;
use crate::import::figures;

/// The column in which a question keeps where it came from.
pub(super) const PROVENANCE: &str = "provenance";
/// Columns that a file decides. The others of a stored question stay.
const OF_FILE: [&str; 12] = [
    "question_text",
    "answer",
    "options",
    "parts",
    "answer_rules",
    "solution_steps",
    "figures",
    "source_points",
    "title",
    "tags",
    "hint",
    "is_bonus",
];
/// Topic of questions whose file names none.
const NO_TOPIC: &str = "Unsorted";

/// The course with the questions of files.
pub struct Merged {
    /// A catalogue file.
    pub text: String,
    /// The stored course to which the questions were added.
    pub based_on: CatalogBase,
    /// Ids of the questions that come from the files.
    pub ids: HashSet<String>,
    /// Ids of the exams that the files name.
    pub exams: HashSet<String>,
    pub reports: Vec<FileReport>,
}

/// Adds the questions of `papers` to a course: a catalogue file without its questions, and these. With `accept`, an ambiguous question
/// is the likeliest.
///
/// # Errors
/// When a paper cannot be read.
pub(super) fn merge(
    course: Value,
    questions: impl Iterator<Item = Value>,
    papers: &mut [Paper],
    accept: bool,
) -> Result<Merged> {
    let mut merger = Merger::new(course, questions);
    let mut reports = Vec::with_capacity(papers.len());
    for paper in papers {
        let content = paper.take()?;
        reports.push(merger.paper(paper, content, accept));
    }
    Ok(Merged {
        text: merger.text(),
        based_on: CatalogBase::default(),
        ids: merger.ids,
        exams: merger.named_exams,
        reports,
    })
}

pub(super) struct Merger {
    pub(super) course: Value,
    pub(super) course_id: String,
    /// Whether the course was not stored, and no catalogue file described it.
    pub(super) is_new: bool,
    pub(super) exams: Vec<Map<String, Value>>,
    topics: Vec<Map<String, Value>>,
    pub(super) patterns: Vec<Map<String, Value>>,
    questions: Vec<PackedRow>,
    /// Ids of all questions.
    known: HashSet<String>,
    /// Ids of the questions of files.
    ids: HashSet<String>,
    /// Ids of the exams that files name.
    pub(super) named_exams: HashSet<String>,
}

/// A row of a question as JSON text. As a map it would take five times as much memory.
struct PackedRow(Box<str>);

impl PackedRow {
    fn of(row: &Map<String, Value>) -> Self {
        // A map of JSON values always has a text.
        Self(serde_json::to_string(row).unwrap_or_default().into())
    }

    fn row(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

fn objects(document: &mut Value, name: &str) -> Vec<Map<String, Value>> {
    let rows = document.get_mut(name).map(Value::take).and_then(|rows| match rows {
        Value::Array(rows) => Some(rows),
        _ => None,
    });
    rows.unwrap_or_default()
        .into_iter()
        .filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None })
        .collect()
}

pub(super) fn text<'a>(row: &'a Map<String, Value>, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

impl Merger {
    fn new(mut document: Value, questions: impl Iterator<Item = Value>) -> Self {
        let course = document["course"].take();
        let mut known = HashSet::new();
        let pack = |row: Value| {
            let Value::Object(row) = row else { return None };
            known.insert(text(&row, "id").to_owned());
            Some(PackedRow::of(&row))
        };
        let questions = questions.filter_map(pack).collect();
        Self {
            course_id: course["id"].as_str().unwrap_or_default().to_owned(),
            is_new: course.get("created_at").is_none(),
            course,
            exams: objects(&mut document, "exams"),
            topics: objects(&mut document, "topics"),
            patterns: objects(&mut document, "patterns"),
            known,
            questions,
            ids: HashSet::new(),
            named_exams: HashSet::new(),
        }
    }

    /// The catalogue file. Each question is dropped as it is written.
    fn text(&mut self) -> String {
        let head = json!({
            "course": self.course.take(), "exams": std::mem::take(&mut self.exams), "topics": std::mem::take(&mut self.topics),
            "patterns": std::mem::take(&mut self.patterns),
        });
        let mut text = head.to_string();
        // The closing brace comes last.
        text.pop();
        text.push_str(",\"questions\":[");
        for (at, PackedRow(row)) in std::mem::take(&mut self.questions).into_iter().enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            text.push_str(&row);
        }
        text.push_str("]}");
        text
    }

    fn paper(&mut self, paper: &Paper, mut content: Content, accept: bool) -> FileReport {
        let Bank { questions, refused, skipped, warnings, .. } = &mut content.bank;
        let mut report = FileReport {
            file: paper.name.clone(),
            format: content.format,
            read: questions.len() + refused.len(),
            refused: std::mem::take(refused),
            skipped: std::mem::take(skipped),
            warnings: std::mem::take(warnings),
            ..FileReport::default()
        };
        report.skipped.extend_from_slice(&paper.notes);
        let stored: Vec<Candidate> = self.questions.iter().map(|row| stored_candidate(&row.row())).collect();
        let mut incoming = candidates(&paper.name, questions);
        let mut rows = Vec::new();
        if let Some(document) = &content.catalogue {
            rows = self.rows_of(document, &mut report);
            if document["course"]["id"] == self.course_id.as_str() {
                for candidate in &mut incoming {
                    candidate.own_id.clone_from(&candidate.provenance.id);
                }
            }
        }
        let mut rows = rows.into_iter();
        let matches = matched(&incoming, &stored);
        let exams = self.exams_of(paper, &content, &mut report);
        let mut lacks_topic = false;
        let mut seen = HashSet::new();
        for (question, (candidate, found)) in content.bank.questions.into_iter().zip(incoming.into_iter().zip(matches))
        {
            let of_catalogue = rows.next();
            let made = match row(&question) {
                Ok(made) => made,
                Err(reason) => {
                    report.refused.push(Remark { place: question.place.clone(), text: reason });
                    continue;
                }
            };
            let stored_at = match found {
                Match::New => None,
                Match::Stored(index) => Some(index),
                Match::Ambiguous(found) => {
                    let ids: Vec<&str> = found.iter().filter_map(|index| stored[*index].own_id.as_deref()).collect();
                    if !accept {
                        let text = format!(
                            "it may be a new version of {}. Nothing was changed; --accept takes the first",
                            ids.join(" or ")
                        );
                        report.ambiguous.push(Remark { place: question.place.clone(), text });
                        seen.extend(found);
                        continue;
                    }
                    found.first().copied()
                }
            };
            report.warnings.extend(made.warnings);
            let exam = question.exam.and_then(|index| exams.get(index)).or(exams.last()).cloned().flatten();
            let mut columns = of_catalogue.unwrap_or(made.columns);
            // In a file that we exported, a question of this course has its own id, and keeps where it came from.
            let is_own = stored_at.is_some_and(|index| {
                is_some_and_same(stored[index].own_id.as_deref(), candidate.provenance.id.as_deref())
            });
            if !is_own {
                columns.insert(PROVENANCE.to_owned(), json!(candidate.provenance));
            }
            columns.insert("exam_id".to_owned(), json!(exam));
            if exam.is_none() {
                columns.entry("is_generated").or_insert(json!(true));
            }
            if let Some(topic) = self.topic(&question) {
                columns.insert("topic_id".to_owned(), json!(topic));
            }
            if let Some(index) = stored_at {
                seen.insert(index);
                self.update(index, columns, &mut report);
            } else {
                if !columns.contains_key("topic_id") {
                    lacks_topic = true;
                    columns.insert("topic_id".to_owned(), json!(self.topic_named(NO_TOPIC, NO_TOPIC)));
                }
                self.add(columns, &candidate.provenance);
                report.new += 1;
            }
        }
        report.missing = stored
            .iter()
            .enumerate()
            .filter(|(index, candidate)| candidate.provenance.file == paper.name && !seen.contains(index))
            .count();
        if lacks_topic {
            let text = format!("the file names no topics for some questions. They are in the topic {NO_TOPIC:?}");
            report
                .warnings
                .push(Remark { place: formats::Place { file: paper.name.clone(), ..Default::default() }, text });
        }
        report
    }

    /// Replaces what the file decides, and keeps the other columns.
    fn update(&mut self, index: usize, mut columns: Map<String, Value>, report: &mut FileReport) {
        columns.remove("created_at");
        let before = self.questions[index].row();
        let mut stored = before.clone();
        // Some formats have no points, and those of parts replace the sum.
        let keeps_points = !columns.contains_key("parts");
        stored.retain(|name, _| !OF_FILE.contains(&name.as_str()) || keeps_points && name == "source_points");
        // A question that an exam holds stays there when the same text comes in a bank.
        let keeps_exam =
            columns.get("exam_id").is_none_or(Value::is_null) && before.get("exam_id").is_some_and(Value::is_string);
        for (name, value) in columns {
            if keeps_exam && matches!(name.as_str(), "exam_id" | "is_generated") {
                continue;
            }
            stored.insert(name, value);
        }
        if stored.get("exam_id").is_some_and(Value::is_null) {
            stored.remove("exam_id");
        }
        self.ids.insert(text(&stored, "id").to_owned());
        if stored != before {
            self.questions[index] = PackedRow::of(&stored);
        }
        if as_stored(&stored) == as_stored(&before) {
            report.unchanged += 1;
        } else {
            report.changed += 1;
        }
    }

    fn add(&mut self, mut columns: Map<String, Value>, provenance: &Provenance) {
        let name = provenance.id.as_deref().map(slug).filter(|slug| !slug.is_empty());
        let name = name.unwrap_or_else(|| provenance.digest.chars().take(10).collect());
        let base = format!("{}-{name}", self.course_id);
        let id = unique(&base, |id| self.known.contains(id));
        self.known.insert(id.clone());
        columns.insert("id".to_owned(), json!(id));
        if columns.get("exam_id").is_some_and(Value::is_null) {
            columns.remove("exam_id");
        }
        self.ids.insert(id);
        self.questions.push(PackedRow::of(&columns));
    }

    /// The topic of a question, if the file names one.
    fn topic(&mut self, question: &Question) -> Option<String> {
        let given = |name: &Option<String>| name.clone().filter(|name| !name.trim().is_empty());
        let (name, category) = match (given(&question.topic), given(&question.category)) {
            (Some(topic), Some(category)) => (topic, category),
            (Some(topic), None) => (topic.clone(), topic),
            (None, Some(category)) => (category.clone(), category),
            (None, None) => return None,
        };
        Some(self.topic_named(&name, &category))
    }

    fn topic_named(&mut self, name: &str, category: &str) -> String {
        if let Some(id) = self.topic_id(name, category) {
            return id;
        }
        let mut row = Map::new();
        row.insert("name".to_owned(), json!(name.trim()));
        row.insert("category".to_owned(), json!(category.trim()));
        self.add_topic(row)
    }

    /// The id of a topic of the course.
    pub(super) fn topic_id(&self, name: &str, category: &str) -> Option<String> {
        let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
        let of_name: Vec<_> = self.topics.iter().filter(|topic| same(text(topic, "name"), name)).collect();
        let found = of_name.iter().find(|topic| same(text(topic, "category"), category));
        // A file without categories means the only topic of the name.
        let found = found.or(if same(name, category) && of_name.len() == 1 { of_name.first() } else { None });
        found.map(|topic| text(topic, "id").to_owned())
    }

    /// Adds a topic, with its own id if it has one and this is free.
    pub(super) fn add_topic(&mut self, mut row: Map<String, Value>) -> String {
        let named = [text(&row, "id").to_owned(), slug(text(&row, "name")), "topic".to_owned()];
        let base = named.into_iter().find(|id| !id.is_empty()).unwrap_or_default();
        let id = unique(&base, |id| self.topics.iter().any(|topic| text(topic, "id") == id));
        row.insert("id".to_owned(), json!(id));
        // Two topics of one name have two addresses.
        let address = text(&row, "slug");
        if id != base || !address.is_empty() && self.topics.iter().any(|topic| text(topic, "slug") == address) {
            row.insert("slug".to_owned(), json!(id));
        }
        self.topics.push(row);
        id
    }
}

/// A row as it is stored: without empty columns, with references to figures, and with the points that its parts add up to.
fn as_stored(row: &Map<String, Value>) -> Map<String, Value> {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        _ => false,
    };
    let columns = row.iter().filter(|(_, value)| !is_empty(value)).map(|(name, value)| {
        let value = if name == FIGURES_COLUMN { figures::references(value) } else { value.clone() };
        (name.clone(), value)
    });
    let mut columns: Map<_, _> = columns.collect();
    let question = serde_json::from_value::<QuestionDraft>(Value::Object(row.clone())).ok();
    if let Some(points) = question.and_then(|question| points_of(&question)) {
        columns.insert("source_points".to_owned(), json!(points));
    }
    columns
}

fn stored_candidate(question: &Map<String, Value>) -> Candidate {
    let provenance: Option<Provenance> =
        question.get(PROVENANCE).and_then(|value| serde_json::from_value(value.clone()).ok());
    let text = normalised(text(question, "question_text"));
    // A question of a catalogue file has an id, and its text may come again in a paper.
    let provenance = provenance.unwrap_or_else(|| Provenance { digest: digest(&text, ""), ..Provenance::default() });
    let own_id = question.get("id").and_then(Value::as_str).map(str::to_owned);
    Candidate { provenance, own_id, text, answers: answers(question) }
}

fn is_some_and_same(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_some() && one == other
}

/// A digest of what a row asks for: the answer and the options of the question and its parts, in the order of the row.
fn answers(row: &Map<String, Value>) -> [u8; ANSWERS_BYTES] {
    let parts = row.get("parts").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let mut said = Vec::new();
    for part in std::iter::once(row).chain(parts) {
        said.push(text(part, "answer").trim());
        let options = part.get("options").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
        said.extend(options.map(|option| text(option, "text").trim()));
    }
    let mut digest = [0; ANSWERS_BYTES];
    digest.copy_from_slice(&Sha256::digest(said.join("\n").as_bytes())[..ANSWERS_BYTES]);
    digest
}

fn candidates(file: &str, questions: &[Question]) -> Vec<Candidate> {
    let mut titles: HashMap<&str, u32> = HashMap::new();
    let mut candidates = Vec::with_capacity(questions.len());
    for question in questions {
        let occurrence = question.title.as_deref().map(|title| {
            let count = titles.entry(title).or_default();
            *count += 1;
            *count
        });
        let text = normalised(&question.stem);
        let parts: Vec<String> = question.parts.iter().map(|part| normalised(&part.text)).collect();
        let provenance = Provenance {
            file: file.to_owned(),
            sheet: question.place.sheet.clone(),
            line: question.place.line,
            id: question.place.id.clone(),
            title: question.title.clone(),
            occurrence,
            digest: digest(&text, &parts.join("\n")),
        };
        let text = format!("{text} {}", parts.join(" ")).trim().to_owned();
        // A question that cannot be stored is refused later, with the reason.
        let answers = row(question).map(|row| answers(&row.columns)).unwrap_or_default();
        candidates.push(Candidate { provenance, own_id: None, text, answers });
    }
    candidates
}

fn digest(text: &str, parts: &str) -> String {
    hex::encode(&Sha256::digest(format!("{text}\n{parts}").as_bytes())[..16])
}

/// Lower-case letters, digits and hyphens, at most 60.
pub(super) fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase);
    words.collect::<Vec<_>>().join("-").chars().take(60).collect()
}

pub(super) fn unique(base: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.to_owned()).chain(numbered).find(|id| !is_taken(id)).unwrap_or_default()
}
