//! `pastpaper export`: writes a course in the formats that other programs read.

use std::collections::HashMap;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use formats::write::{self, Written};
use formats::{Bank, Exam};
use serde_json::{Map, Value, json};
use shared::app::App;
use shared::domain::catalog::figures::FigureDigest;
use shared::domain::id::CourseId;

use crate::database::{DataSource, DatabaseUse};
use crate::output::{message, plain};
use crate::stored_course;

/// A format that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A catalogue file, as `import catalog` reads it, with everything
    Json,
    /// GIFT of Moodle
    Gift,
    /// Moodle XML
    Moodle,
    /// A package of QTI 3, a zip
    Qti3,
    /// A table
    Csv,
    /// LaTeX of the exam class
    Tex,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id of the course, such as calc2
    course: String,
    /// Format of the file
    #[arg(long, value_enum, value_name = "NAME")]
    format: ExportFormat,
    /// Write keys, solutions and feedback, too; a catalogue file always has them
    #[arg(long)]
    answers: bool,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    database: DataSource,
}

/// Writes a course. What the format cannot say is listed on standard error before anything is written.
///
/// # Errors
/// When the course does not exist, storage fails, or the file cannot be written.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let is_binary = arguments.format == ExportFormat::Qti3;
    ensure!(
        !is_binary || arguments.output.is_some() || !std::io::stdout().is_terminal(),
        "a package is a zip: --output names its file"
    );
    let open = arguments.database.open_to(DatabaseUse::Read).await?;
    let written = write_course(&open.app, &arguments.course, arguments.format, arguments.answers).await;
    open.close();
    let written = written?;
    for remark in &written.lost {
        let id = remark.place.id.as_deref().map_or_else(String::new, |id| format!("{}: ", plain(id)));
        message(&format!("lost: {id}{}", plain(&remark.text)));
    }
    if let Some(path) = &arguments.output {
        std::fs::write(path, &written.bytes).with_context(|| format!("cannot write {}", path.display()))?;
    } else {
        std::io::stdout().lock().write_all(&written.bytes).context("cannot write the course")?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a stored course in a format, with or without keys.
///
/// # Errors
/// When the course does not exist, or storage fails.
pub async fn write_course(app: &App, id: &str, format: ExportFormat, with_answers: bool) -> Result<Written> {
    let document = document(app, id).await?;
    Ok(match format {
        ExportFormat::Json => Written { bytes: format!("{document:#}\n").into_bytes(), lost: Vec::new() },
        ExportFormat::Gift => write::gift(&bank(&document), with_answers),
        ExportFormat::Moodle => write::moodle_xml(&bank(&document), with_answers),
        ExportFormat::Qti3 => write::qti3(&bank(&document), with_answers),
        ExportFormat::Csv => write::csv(&bank(&document), with_answers),
        ExportFormat::Tex => write::exam_tex(&bank(&document), with_answers),
    })
}

/// A stored course as a catalogue file, with the bytes of its figures.
async fn document(app: &App, id: &str) -> Result<Value> {
    let stored = match CourseId::try_from(id.to_owned()) {
        Ok(id) => stored_course::read(app, &id).await?,
        Err(_) => None,
    };
    let Some(stored) = stored else {
        let known: Vec<String> = app.store.courses().await?.into_iter().map(|course| course.id.to_string()).collect();
        bail!("there is no course {id:?}; there are: {}", known.join(", "));
    };
    let mut document = stored_course::document(&stored);
    for question in document["questions"].as_array_mut().into_iter().flatten() {
        let Some(figures) = question.get_mut("figures").and_then(Value::as_array_mut) else { continue };
        for figure in figures {
            let digest = figure["digest"].as_str().and_then(|digest| FigureDigest::try_from(digest.to_owned()).ok());
            let Some(digest) = digest else { continue };
            if let Some(file) = app.store.figure(&digest).await? {
                *figure = with_bytes(figure, &file.bytes);
            }
        }
    }
    Ok(document)
}

/// A reference to a figure as the figure of a catalogue file.
fn with_bytes(reference: &Value, bytes: &[u8]) -> Value {
    let digest = reference["digest"].as_str().unwrap_or_default();
    let mut figure = json!({
        "name": digest.chars().take(16).collect::<String>(), "media_type": reference["media_type"], "data": STANDARD.encode(bytes),
    });
    if let Some(alt) = reference["alt"].as_str() {
        figure["alt"] = json!(alt);
    }
    figure
}

/// The questions of a catalogue file.
fn bank(document: &Value) -> Bank {
    let objects = |name: &str| document[name].as_array().into_iter().flatten().filter_map(Value::as_object);
    let text = |row: &Map<String, Value>, name: &str| row.get(name).and_then(Value::as_str).map(str::to_owned);
    let topics: HashMap<String, (Option<String>, Option<String>)> = objects("topics")
        .map(|topic| (text(topic, "id").unwrap_or_default(), (text(topic, "name"), text(topic, "category"))))
        .collect();
    let ids: Vec<String> = objects("exams").map(|exam| text(exam, "id").unwrap_or_default()).collect();
    let exams = objects("exams").map(|exam| {
        let year = exam.get("year").and_then(Value::as_i64).and_then(|year| i32::try_from(year).ok());
        let (semester, kind) = (text(exam, "semester"), text(exam, "exam_type"));
        let words = [year.map(|year| year.to_string()), semester.clone(), kind.clone()];
        Exam {
            title: words.into_iter().flatten().collect::<Vec<_>>().join(" "),
            year,
            semester,
            kind,
            points: exam.get("total_points").and_then(Value::as_f64),
            bonus_points: exam.get("bonus_points").and_then(Value::as_f64),
        }
    });
    let questions = objects("questions").map(|row| {
        let topic = text(row, "topic_id").and_then(|id| topics.get(&id).cloned());
        let (name, category) = topic.unwrap_or_default();
        let mut question = formats::ours::question(row, name.as_deref(), category.as_deref());
        question.exam = text(row, "exam_id").and_then(|id| ids.iter().position(|known| *known == id));
        question
    });
    Bank { exams: exams.collect(), questions: questions.collect(), ..Bank::default() }
}
