//! `pastpaper render`: draws the formulas of stored questions again, after an upgrade of the renderer or for questions from
//! before formulas were drawn.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use rendering::VERSION;
use shared::app::App;
use shared::domain::catalog::complete::Catalog;
use shared::domain::catalog::{Course, Question, QuestionSummary};
use shared::domain::id::CourseId;
use shared::domain::questions::rendered::formulas;
use shared::store::{CatalogBase, CatalogWrite};

use crate::database::{DataSource, DatabaseUse};
use crate::import::Pen;
use crate::output::outln;
use crate::progress;

/// Options of the command.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Course to draw
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    course: Option<String>,
    /// Draw all courses
    #[arg(long)]
    all: bool,
    /// Report what would change, without changing anything
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    database: DataSource,
}

/// What was drawn of a course.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenderReport {
    /// Questions that have a formula.
    pub questions: usize,
    /// Their formulas, each counted once per question.
    pub formulas: usize,
    /// Formulas that are shown as code.
    pub refused: usize,
    /// Questions whose stored formulas changed.
    pub written: usize,
}

/// Draws the formulas of courses and prints the counts of each.
///
/// # Errors
/// When the course does not exist, its macros cannot be defined, an import changes it meanwhile, or storage fails.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let purpose = if arguments.dry_run { DatabaseUse::Read } else { DatabaseUse::Change };
    let open = arguments.database.open_to(purpose).await?;
    let courses = match &arguments.course {
        None => open.app.store.courses().await?,
        Some(id) => {
            let course_id = CourseId::try_from(id.as_str()).ok().with_context(|| format!("{id:?} is no course id"))?;
            let course = open.app.store.course(&course_id).await?;
            vec![course.with_context(|| format!("there is no course {id:?}"))?]
        }
    };
    let verb = if arguments.dry_run { "would write" } else { "written" };
    for course in &courses {
        let report = render_course(&open.app, course, arguments.dry_run).await?;
        let RenderReport { questions, formulas, refused, written } = report;
        outln!(
            "{}: {questions} questions with {formulas} formulas, {refused} of them shown as code; {written} questions {verb}",
            course.id
        )?;
    }
    open.close();
    Ok(ExitCode::SUCCESS)
}

/// Draws the formulas of a course, and stores those that differ. A second call writes nothing.
///
/// # Errors
/// When the course's macros cannot be defined, an import changes it meanwhile, or storage fails.
pub async fn render_course(app: &App, course: &Course, dry_run: bool) -> Result<RenderReport> {
    let pen = Pen::new(&course.macros).with_context(|| course.id.to_string())?;
    let bank = app.store.bank(course).await?;
    let summaries: Vec<&QuestionSummary> = bank.questions.iter().collect();
    let reading = progress::spinner("reading questions");
    let stored = app.store.whole(&summaries).await?;
    drop(reading);
    // A newer renderer may have drawn some already: this one does not undo that.
    let is_ours = |question: &Question| question.drawn.as_ref().is_none_or(|drawn| drawn.renderer <= VERSION);
    let mut questions: Vec<Question> = stored.values().filter(|question| is_ours(question)).cloned().collect();
    questions.sort_by(|a, b| a.meta.id.cmp(&b.meta.id));
    let drawing = progress::spinner("drawing formulas");
    let read =
        Catalog { course: course.clone(), exams: Vec::new(), topics: Vec::new(), patterns: Vec::new(), questions };
    let base = CatalogBase::of(&read);
    let mut questions = read.questions;
    pen.draw_all(&mut questions);
    drop(drawing);

    let mut report = RenderReport::default();
    for question in questions.iter().filter(|question| question.drawn.is_some()) {
        let all = formulas(question).len();
        report.questions += 1;
        report.formulas += all;
        report.refused += all - question.drawn.as_ref().map_or(0, |drawn| drawn.formulas.len());
    }
    questions.retain(|question| stored.get(&question.meta.id).is_none_or(|before| before.drawn != question.drawn));
    if questions.is_empty() {
        return Ok(report);
    }
    let catalog =
        Catalog { course: course.clone(), exams: Vec::new(), topics: Vec::new(), patterns: Vec::new(), questions };
    let storing = progress::spinner("storing questions");
    let write = CatalogWrite { dry_run, based_on: Some(&base), is_import: false, ..CatalogWrite::whole(app.now()) };
    let (counts, _) = app.store.write_catalog(catalog, &write).await?;
    drop(storing);
    report.written = counts.get("Question").map_or(0, |counts| counts.created + counts.changed);
    Ok(report)
}
