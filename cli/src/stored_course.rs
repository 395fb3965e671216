//! A stored course as a catalogue file: what `import catalog` reads, and what an import of papers adds to.

use anyhow::Result;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use shared::app::App;
use shared::domain::catalog::complete::{Catalog, complete};
use shared::domain::catalog::draft::CatalogDraft;
use shared::domain::catalog::parts::PARTS_COLUMN;
use shared::domain::catalog::{Course, Exam, Pattern, Question, QuestionMeta, Topic};
use shared::domain::id::CourseId;

use crate::progress;

/// Columns of a question from which others are derived.
const TO_DERIVE: [&str; 8] =
    ["id", "topic_id", "exam_id", "pattern_id", "source_points", PARTS_COLUMN, "is_generated", "created_at"];
/// Questions that are read at once.
const QUESTIONS_AT_ONCE: usize = 500;

/// Reads a course with all its questions. Withheld questions are left out: they are not for sale until an import corrects
/// them.
///
/// # Errors
/// When storage fails.
pub async fn read(app: &App, id: &CourseId) -> Result<Option<Catalog>> {
    read_questions(app, id, |_| {}).await
}

/// Like [`read`], but without drawn formulas, which are many times as large as their texts.
///
/// # Errors
/// When storage fails.
pub(crate) async fn read_texts(app: &App, id: &CourseId) -> Result<Option<Catalog>> {
    read_questions(app, id, |question| question.drawn = None).await
}

async fn read_questions(app: &App, id: &CourseId, take: fn(&mut Question)) -> Result<Option<Catalog>> {
    let Some(course) = app.store.course(id).await? else { return Ok(None) };
    let bank = app.store.bank(&course).await?;
    let summaries: Vec<_> = bank.for_sale().collect();
    let mut questions = Vec::with_capacity(summaries.len());
    let bar = progress::bar("reading questions", summaries.len());
    for chunk in summaries.chunks(QUESTIONS_AT_ONCE) {
        let mut whole = app.store.whole(chunk).await?;
        questions.extend(chunk.iter().filter_map(|summary| {
            let mut question = whole.remove(&summary.meta.id)?;
            take(&mut question);
            Some(question)
        }));
        bar.inc(chunk.len() as u64);
    }
    Ok(Some(Catalog {
        course,
        exams: bank.exams.clone(),
        topics: bank.topics.clone(),
        patterns: bank.patterns.clone(),
        questions,
    }))
}

/// The course as a catalogue file. Columns that follow from others are left out, so that they follow from what is added, too.
#[must_use]
pub fn document(catalog: &Catalog) -> Value {
    let (mut head, derived) = head(catalog);
    let rows = catalog.questions.iter().enumerate();
    head["questions"] = rows.map(|(at, question)| derived.row(at, question)).collect();
    head
}

/// Like [`document`], but with the questions one by one: rows take several times as much memory as questions.
pub(crate) fn document_rows(catalog: Catalog) -> (Value, impl Iterator<Item = Value>) {
    let (head, derived) = head(&catalog);
    let rows = catalog.questions.into_iter().enumerate();
    (head, rows.map(move |(at, question)| derived.row(at, &question)))
}

/// The columns of questions that would be derived.
struct DerivedQuestions(Option<Vec<QuestionMeta>>);

impl DerivedQuestions {
    fn row(&self, at: usize, question: &Question) -> Value {
        let mut row = question_row(question);
        if let Some(other) = self.0.as_ref().and_then(|all| all.get(at)) {
            let stored = &question.meta;
            keep(&mut row, "frequency_score", &stored.frequency_score, &other.frequency_score);
            keep(&mut row, "source_exam_year", &stored.source_exam_year, &other.source_exam_year);
            keep(&mut row, "source_exam_type", &stored.source_exam_type, &other.source_exam_type);
        }
        row
    }
}

/// The catalogue file without its questions.
fn head(catalog: &Catalog) -> (Value, DerivedQuestions) {
    let derived = derived(catalog);
    let shown: Vec<&String> = {
        let mut names: Vec<&String> = catalog.questions.iter().flat_map(|q| &q.shown_with_question).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let mut course = course_row(&catalog.course);
    if derived.as_ref().is_none_or(|derived| derived.course.exam_count != catalog.course.exam_count) {
        course["exam_count"] = json!(catalog.course.exam_count);
    }
    if !shown.is_empty() {
        course["shown_with_question"] = json!(shown);
    }
    let mut topics: Vec<Value> = catalog.topics.iter().map(topic_row).collect();
    let mut patterns: Vec<Value> = catalog.patterns.iter().map(pattern_row).collect();
    if let Some(derived) = &derived {
        for (row, (stored, other)) in topics.iter_mut().zip(catalog.topics.iter().zip(&derived.topics)) {
            keep(row, "slug", &stored.slug, &other.slug);
            keep(row, "frequency_score", &stored.frequency_score, &other.frequency_score);
            keep(row, "avg_points", &stored.avg_points, &other.avg_points);
            keep(row, "total_appearances", &stored.total_appearances, &other.total_appearances);
        }
        for (row, (stored, other)) in patterns.iter_mut().zip(catalog.patterns.iter().zip(&derived.patterns)) {
            keep(row, "appearance_count", &stored.appearance_count, &other.appearance_count);
            keep(row, "appearance_rate", &stored.appearance_rate, &other.appearance_rate);
            keep(row, "first_seen_year", &stored.first_seen_year, &other.first_seen_year);
            keep(row, "last_seen_year", &stored.last_seen_year, &other.last_seen_year);
            keep(row, "example_question_id", &stored.example_question_id, &other.example_question_id);
        }
    }
    let exams: Vec<Value> = catalog.exams.iter().map(exam_row).collect();
    let metas = derived.map(|derived| derived.questions.into_iter().map(|question| question.meta).collect());
    (json!({"course": course, "exams": exams, "topics": topics, "patterns": patterns}), DerivedQuestions(metas))
}

/// What the columns would be if they were all derived. `None` if a stored row is no valid row of a file.
fn derived(catalog: &Catalog) -> Option<Catalog> {
    let draft = CatalogDraft {
        course: serde_json::from_value(course_row(&catalog.course)).ok()?,
        exams: rows(catalog.exams.iter().map(exam_row))?,
        topics: rows(catalog.topics.iter().map(topic_row))?,
        patterns: rows(catalog.patterns.iter().map(pattern_row))?,
        questions: rows(catalog.questions.iter().map(slim_row))?,
    };
    Some(complete(draft, Timestamp::UNIX_EPOCH))
}

fn rows<T: serde::de::DeserializeOwned>(rows: impl Iterator<Item = Value>) -> Option<Vec<T>> {
    rows.map(|row| serde_json::from_value(row).ok()).collect()
}

/// Writes a column that is not what would be derived.
fn keep<T: PartialEq + serde::Serialize>(row: &mut Value, name: &str, stored: &T, derived: &T) {
    if stored != derived {
        row[name] = json!(stored);
    }
}

fn course_row(course: &Course) -> Value {
    let mut row = json!({
        "id": course.id, "name": course.name, "is_active": course.is_active, "created_at": course.created_at.to_string(),
    });
    set(&mut row, "description", course.description.as_ref());
    if !course.macros.is_empty() {
        row["macros"] = json!(course.macros);
    }
    row
}

fn exam_row(exam: &Exam) -> Value {
    let mut row = json!({"id": exam.id, "year": exam.year, "exam_type": exam.exam_type, "processed": exam.processed});
    set(&mut row, "semester", exam.semester.as_ref());
    set(&mut row, "total_points", exam.total_points);
    set(&mut row, "exam_date", exam.exam_date);
    set(&mut row, "upload_date", exam.upload_date);
    with_extra(row, &exam.extra)
}

fn topic_row(topic: &Topic) -> Value {
    let mut row = json!({"id": topic.id, "name": topic.name, "category": topic.category});
    set(&mut row, "difficulty", topic.difficulty);
    with_extra(row, &topic.extra)
}

fn pattern_row(pattern: &Pattern) -> Value {
    let mut row = json!({"id": pattern.id, "topic_id": pattern.topic_id, "name": pattern.name});
    if !pattern.techniques.is_empty() {
        row["techniques"] = json!(pattern.techniques);
    }
    set(&mut row, "canonical_form", pattern.canonical_form.as_ref());
    with_extra(row, &pattern.extra)
}

/// A row with the columns from which others are derived.
fn slim_row(question: &Question) -> Value {
    let mut row = question_row(question);
    if let Value::Object(columns) = &mut row {
        columns.retain(|name, _| TO_DERIVE.contains(&name.as_str()));
        columns.insert("question_text".to_owned(), json!(""));
    }
    row
}

fn question_row(question: &Question) -> Value {
    let meta = &question.meta;
    let mut row = json!({
        "id": meta.id, "topic_id": meta.topic_id, "question_text": question.question_text,
        "solution_steps": question.solution_steps, "answer": question.answer, "created_at": meta.created_at.to_string(),
    });
    set(&mut row, "exam_id", meta.exam_id.as_ref());
    set(&mut row, "pattern_id", meta.pattern_id.as_ref());
    if !meta.techniques.is_empty() {
        row["techniques"] = json!(meta.techniques);
    }
    set(&mut row, "difficulty", meta.difficulty);
    set(&mut row, "difficulty_reason", meta.difficulty_reason.as_ref());
    set(&mut row, "estimated_time", meta.estimated_time);
    set(&mut row, "source_question_number", meta.source_question_number);
    set(&mut row, "source_points", meta.source_points);
    if meta.is_generated {
        row["is_generated"] = json!(true);
    }
    if !question.options.is_empty() {
        row["options"] = json!(question.options);
    }
    with_extra(row, &question.extra)
}

fn set<T: serde::Serialize>(row: &mut Value, name: &str, value: Option<T>) {
    if let Some(value) = value {
        row[name] = json!(value);
    }
}

/// Adds extra columns, which never replace a column of ours.
fn with_extra(mut row: Value, extra: &Map<String, Value>) -> Value {
    if let Value::Object(row) = &mut row {
        for (name, value) in extra {
            row.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    row
}
