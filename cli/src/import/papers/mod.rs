//! `pastpaper import FILE… --course ID`: imports papers and question banks in the formats in which people have them.
//!
//! The questions of the files are added to the stored course as a catalogue file, which then goes the way of
//! `import catalog`: it is checked, completed and compared in the same place.

mod catalogue;
mod exams;
mod matching;
mod merge;
mod paper;
mod report;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use formats::{Exam, Format};
use serde_json::{Value, json};
use shared::app::App;
use shared::domain::id::CourseId;
use shared::store::{CatalogBase, ImportError};

pub use self::merge::Merged;
use self::merge::merge;
pub use self::paper::Paper;
pub use self::report::FileReport;
use super::catalog::read_catalog;
use super::summary::Summary;
use crate::database::DataSource;
use crate::output::{message, out, outln};
use crate::{progress, stored_course};

/// How often papers are added to a course that others change meanwhile.
const MERGES_MAX: u32 = 8;

/// Options of an import of papers.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files, or folders of unpacked QTI packages
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Course that gets the questions; it is created if it does not exist
    #[arg(long, value_name = "ID", required = true)]
    course: Option<String>,
    /// Name of a new course [default: its id]
    #[arg(long, value_name = "NAME")]
    course_name: Option<String>,
    /// Exam of the questions, such as "2021 fall midterm" [default: what the file or its name says]
    #[arg(long, value_name = "NAME")]
    exam: Option<String>,
    /// Format of all files [default: by the content of each]
    #[arg(long, value_name = "NAME", value_parser = format_named)]
    format: Option<Format>,
    /// Take an ambiguous question as a new version of the likeliest stored one
    #[arg(long)]
    accept: bool,
    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Report what would change, without changing anything
    #[arg(long)]
    dry_run: bool,
    /// Write nothing and exit with status 1 if anything is refused, ambiguous or doubtful
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    database: DataSource,
}

fn format_named(name: &str) -> Result<Format, String> {
    Format::named(name).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("the formats are {}", names.join(", "))
    })
}

/// Imports papers, and prints the result of each file. The exit status is 1 if a question was refused or is ambiguous.
///
/// # Errors
/// When a file cannot be read at all, or storage fails.
pub async fn import(arguments: Arguments) -> Result<ExitCode> {
    ensure!(!arguments.files.is_empty(), "no file is named: pastpaper import FILE… --course ID");
    let Some(course) = arguments.course.clone() else { bail!("--course is missing") };
    let course = CourseId::try_from(course).map_err(|error| anyhow::anyhow!("--course: {error}"))?;
    let exam = exam_option(arguments.exam.as_deref())?;
    let mut papers = Vec::with_capacity(arguments.files.len());
    let bar = progress::bar("reading files", arguments.files.len());
    for file in &arguments.files {
        papers.push(Paper::open(file, arguments.format, &exam).with_context(|| file.display().to_string())?);
        bar.inc(1);
    }
    drop(bar);
    papers.iter_mut().try_for_each(ask_for_exam)?;

    let database = &arguments.database;
    let mut store = async |is_tried: bool| {
        // A folder must not be made for what is refused; a table elsewhere may have to be made first.
        let creates = !(arguments.dry_run || is_tried && database.is_folder());
        let open = if creates { database.open().await? } else { database.open_to_try().await? };
        let name = arguments.course_name.as_deref();
        let stored = store_papers(&open.app, &course, name, &mut papers, arguments.accept, is_tried).await;
        open.close();
        stored
    };
    let (mut summary, mut merged) = store(arguments.dry_run || arguments.strict).await?;
    let is_clean = merged.reports.iter().all(FileReport::is_clean) && summary.is_clean();
    let is_stopped = arguments.strict && !is_clean;
    let is_written = !arguments.dry_run && !is_stopped;
    if is_written && arguments.strict {
        (summary, merged) = store(false).await?;
    }
    let why_not = match (arguments.dry_run, is_stopped) {
        (true, _) => "Dry run: nothing was written.\n",
        (false, true) => "--strict: nothing was written.\n",
        (false, false) => "",
    };
    for report in &merged.reports {
        out!("{report}")?;
    }
    for warning in &summary.warnings {
        outln!("  warning: {warning}")?;
    }
    for row in &summary.refused {
        outln!("  refused: {row}")?;
    }
    for note in &summary.notes {
        outln!("  note: {note}")?;
    }
    out!("{why_not}")?;
    let refused = summary.refused.len() + merged.reports.iter().map(|report| report.refused.len()).sum::<usize>();
    let ambiguous = merged.reports.iter().map(|report| report.ambiguous.len()).sum::<usize>();
    let written = summary.written();
    outln!(
        "{refused} refused, {ambiguous} ambiguous, {written} rows {}",
        if is_written { "written" } else { "would write" }
    )?;
    if let Some(path) = &arguments.report {
        let report = report_json(&merged, &summary, is_written);
        std::fs::write(path, report).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(if refused + ambiguous > 0 || is_stopped { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Adds papers to a course and stores it. Begins again if another import or command was faster.
///
/// # Errors
/// When others are always faster, or storage fails.
pub async fn store_papers(
    app: &App,
    id: &CourseId,
    name: Option<&str>,
    papers: &mut [Paper],
    accept: bool,
    dry_run: bool,
) -> Result<(Summary, Merged)> {
    let mut attempt = 1;
    loop {
        let mut merged = merge_papers(app, id, name, papers, accept).await?;
        // The text is not needed beside what was read of it.
        let read = read_catalog(&std::mem::take(&mut merged.text))?;
        let done = super::import_read(app, read, Some(&merged.based_on), dry_run).await;
        match done {
            Ok(summary) => return Ok((of_files(summary, &merged), merged)),
            Err(error) if attempt < MERGES_MAX && is_overtaken(&error) => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

fn is_overtaken(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(ImportError::Overtaken(_)))
}

fn exam_option(name: Option<&str>) -> Result<Exam> {
    let Some(name) = name else { return Ok(Exam::default()) };
    let exam = formats::exam_of_title(name);
    ensure!(
        exam.year.is_some() && exam.kind.is_some(),
        "--exam {name:?} must have a year and a type, such as \"2021 fall midterm\""
    );
    Ok(exam)
}

/// Asks on a terminal which exam a file is, if neither an option nor the file nor its name says it.
fn ask_for_exam(paper: &mut Paper) -> Result<()> {
    let is_said = paper.exam.year.is_some() && paper.exam.kind.is_some();
    if is_said || paper.names_exams() {
        return Ok(());
    }
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        message(&format!(
            "Which exam is {}? For example \"2021 fall midterm\"; empty for a bank of practice questions:",
            paper.name
        ));
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).context("cannot read the answer")?;
        if !line.trim().is_empty() {
            paper.exam = exam_option(Some(line.trim()))?;
            return Ok(());
        }
    }
    let text =
        "no exam is named, so the questions are for practice. --exam \"2021 fall midterm\" says which exam it is";
    let place = formats::Place { file: paper.name.clone(), ..formats::Place::default() };
    paper.notes.push(formats::Remark { place, text: text.to_owned() });
    paper.exam = Exam::default();
    Ok(())
}

/// Adds papers to a stored or new course. The result is a catalogue file, which `import_catalog` stores.
///
/// # Errors
/// When storage fails.
pub async fn merge_papers(
    app: &App,
    id: &CourseId,
    name: Option<&str>,
    papers: &mut [Paper],
    accept: bool,
) -> Result<Merged> {
    let stored = stored_course::read_texts(app, id).await?;
    let based_on = stored.as_ref().map(CatalogBase::of).unwrap_or_default();
    let merged = if let Some(stored) = stored {
        let (course, questions) = stored_course::document_rows(stored);
        merge(course, questions, papers, accept)?
    } else {
        let course = json!({"course": {"id": id, "name": name.unwrap_or(id.as_str())}});
        merge(course, std::iter::empty(), papers, accept)?
    };
    Ok(Merged { based_on, ..merged })
}

/// The summary without the rows that were stored before and are not of the files.
fn of_files(mut summary: Summary, merged: &Merged) -> Summary {
    let is_ours = |table: &str, id: &str| match table {
        "questions" => merged.ids.contains(id),
        "exams" => merged.exams.contains(id),
        _ => true,
    };
    summary.refused.retain(|row| is_ours(row.table, &row.id));
    summary.warnings.retain(|warning| is_ours(warning.table, &warning.id));
    summary
}

fn report_json(merged: &Merged, summary: &Summary, is_written: bool) -> String {
    let files: Vec<Value> = merged.reports.iter().map(FileReport::to_json).collect();
    let refused: Vec<String> = summary.refused.iter().map(ToString::to_string).collect();
    let warnings: Vec<String> = summary.warnings.iter().map(ToString::to_string).collect();
    let report = json!({
        "files": files, "refused_rows": refused, "warnings_of_rows": warnings, "rows_written": summary.written(),
        "is_written": is_written,
    });
    format!("{report:#}\n")
}
