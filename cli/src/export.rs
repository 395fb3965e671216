//! `pastpaper export`: writes a course in the formats that other programs read.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use formats::ours::bank;
use formats::write::{self, Written};
use formats::{Place, Remark};
use serde_json::{Map, Value, json};
use shared::app::App;
use shared::domain::catalog::figures::FigureDigest;
use shared::domain::id::CourseId;

use crate::database::{DataSource, DatabaseUse};
use crate::output::{message, plain};
use crate::{progress, stored_course};

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
    let mut written = match format {
        ExportFormat::Json => Written { bytes: format!("{document:#}\n").into_bytes(), lost: Vec::new() },
        ExportFormat::Gift => write::gift(&bank(&document), with_answers),
        ExportFormat::Moodle => write::moodle_xml(&bank(&document), with_answers),
        ExportFormat::Qti3 => write::qti3(&bank(&document), with_answers),
        ExportFormat::Csv => write::csv(&bank(&document), with_answers),
        ExportFormat::Tex => write::exam_tex(&bank(&document), with_answers),
    };
    if format != ExportFormat::Json {
        written.lost.extend(lost_of_course(&document, format));
    }
    Ok(written)
}

/// What a file of questions does not have of a course.
fn lost_of_course(document: &Value, format: ExportFormat) -> Option<Remark> {
    let mut of_exams = vec!["id", "year", "semester", "exam_type", "processed"];
    if matches!(format, ExportFormat::Moodle | ExportFormat::Qti3) {
        of_exams.extend(["total_points", "bonus_points"]);
    }
    let mut names = BTreeSet::new();
    for (list, kept) in [("exams", of_exams), ("topics", vec!["id", "name", "category"])] {
        let rows = document[list].as_array().into_iter().flatten().filter_map(Value::as_object);
        let others = rows.flat_map(Map::keys).filter(|name| !kept.contains(&name.as_str()));
        names.extend(others.map(|name| format!("{name} of {list}")));
    }
    if document["patterns"].as_array().is_some_and(|patterns| !patterns.is_empty()) {
        names.insert("patterns".to_owned());
    }
    if document["course"]["description"].is_string() {
        names.insert("description of the course".to_owned());
    }
    let names: Vec<String> = names.into_iter().collect();
    let text = format!("Only a catalogue file (json) has these: {}.", names.join(", "));
    (!names.is_empty()).then(|| Remark { place: Place::default(), text })
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
    let bar = progress::bar("reading figures", stored.questions.len());
    for question in document["questions"].as_array_mut().into_iter().flatten() {
        bar.inc(1);
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
