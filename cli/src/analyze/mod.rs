//! `pastpaper analyze`: the analysis that students buy, as tables in the terminal or as a page with charts.

mod charts;
mod page;
mod tables;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use shared::app::App;
use shared::domain::analysis::Analysis;
use shared::domain::catalog::Course;
use shared::domain::id::CourseId;

use crate::database::{DataSource, DatabaseUse};
use crate::output;

pub use page::page;
pub use tables::tables;

/// Options of `analyze`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id of the course, such as calc2
    course: String,
    /// Write one HTML page with charts to this file; it needs no other file and no network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    database: DataSource,
}

/// Prints the analysis of a course, or writes it as a page.
///
/// # Errors
/// When the course does not exist or has no past exams, storage fails, or the file cannot be written.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let open = arguments.database.open_to(DatabaseUse::Read).await?;
    let analysed = analyse(&open.app, &arguments.course).await;
    open.close();
    let (course, analysis) = analysed?;
    let Some(path) = arguments.html else { return print(&tables(&course, &analysis)) };
    fs::write(&path, page(&course, &analysis)?).with_context(|| format!("cannot write {}", path.display()))?;
    print(&format!("{} written\n", path.display()))
}

async fn analyse(app: &App, id: &str) -> Result<(Course, Analysis)> {
    let course = match CourseId::try_from(id.to_owned()) {
        Ok(id) => app.store.course(&id).await?,
        Err(_) => None,
    };
    let Some(course) = course else {
        let known: Vec<String> = app.store.courses().await?.into_iter().map(|course| course.id.to_string()).collect();
        bail!("there is no course {id:?}; there are: {}", known.join(", "));
    };
    let analysis = app.store.analysis(&course, app.now()).await?;
    let analysis = analysis.ok_or_else(|| anyhow!("course {id} has no past exams to analyse"))?;
    Ok((course, Analysis::clone(&analysis)))
}

fn print(text: &str) -> Result<ExitCode> {
    output::text(text)?;
    Ok(ExitCode::SUCCESS)
}
