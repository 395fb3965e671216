//! `pastpaper course` and `pastpaper question`: show or hide a course, retire or restore a question.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use shared::app::App;
use shared::domain::id::{CourseId, QuestionId};

use crate::database::{DataSource, DatabaseUse};
use crate::output::{outln, plain};

/// Subcommands of `course`.
#[derive(Debug, Subcommand)]
pub enum CourseCommand {
    /// List all courses
    List(DataSource),
    /// Show a course to students
    Activate(Course),
    /// Hide a course: its questions are listed, sold and drawn no more. What was bought stays readable
    Deactivate(Course),
}

/// Subcommands of `question`.
#[derive(Debug, Subcommand)]
pub enum QuestionCommand {
    /// Take a question out: it is listed, sold, drawn and forecast no more. Users who unlocked it still see it, and imports keep
    /// it retired
    Retire(Question),
    /// Bring a retired question back
    Restore(Question),
}

/// A course.
#[derive(Debug, Args)]
pub struct Course {
    #[arg(value_parser = course_id)]
    id: CourseId,
    #[command(flatten)]
    database: DataSource,
}

/// A question.
#[derive(Debug, Args)]
pub struct Question {
    #[arg(value_parser = question_id)]
    id: QuestionId,
    #[command(flatten)]
    database: DataSource,
}

fn course_id(text: &str) -> Result<CourseId, String> {
    CourseId::try_from(text).map_err(|error| error.to_string())
}

fn question_id(text: &str) -> Result<QuestionId, String> {
    QuestionId::try_from(text).map_err(|error| error.to_string())
}

/// Runs a subcommand of `course`.
///
/// # Errors
/// When there is no such course, or storage fails.
pub async fn run(command: CourseCommand) -> Result<ExitCode> {
    let (database, purpose) = match &command {
        CourseCommand::List(database) => (database, DatabaseUse::Read),
        CourseCommand::Activate(course) | CourseCommand::Deactivate(course) => (&course.database, DatabaseUse::Change),
    };
    let open = database.open_to(purpose).await?;
    let done = match &command {
        CourseCommand::List(_) => list(&open.app).await,
        CourseCommand::Activate(course) => activate(&open.app, &course.id, true).await,
        CourseCommand::Deactivate(course) => activate(&open.app, &course.id, false).await,
    };
    open.close();
    outln!("{}", done?)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a subcommand of `question`.
///
/// # Errors
/// When there is no such question, or storage fails.
pub async fn run_question(command: QuestionCommand) -> Result<ExitCode> {
    let (question, is_retired) = match &command {
        QuestionCommand::Retire(question) => (question, true),
        QuestionCommand::Restore(question) => (question, false),
    };
    let open = question.database.open_to(DatabaseUse::Change).await?;
    let done = retire(&open.app, &question.id, is_retired).await;
    open.close();
    outln!("{}", done?)?;
    Ok(ExitCode::SUCCESS)
}

/// The courses, a line for each.
///
/// # Errors
/// When storage fails.
pub async fn list(app: &App) -> Result<String> {
    let mut lines = Vec::new();
    for course in app.store.courses().await? {
        let retired = app.store.bank(&course).await?.retired.len();
        let state = if course.is_active { "active" } else { "hidden" };
        let counts = course.stats;
        lines.push(format!(
            "{}  {state}  {} questions, {retired} retired, {} exams, {} topics  {}",
            course.id,
            counts.questions,
            counts.exams,
            counts.topics,
            plain(&course.name)
        ));
    }
    Ok(if lines.is_empty() { "There is no course.".to_owned() } else { lines.join("\n") })
}

/// Shows or hides a course.
///
/// # Errors
/// When there is no such course, or storage fails.
pub async fn activate(app: &App, id: &CourseId, is_active: bool) -> Result<String> {
    let is_changed = app.store.set_active(id, is_active).await?;
    let state = if is_active { "active" } else { "hidden" };
    Ok(if is_changed {
        format!("{id} is {state}; students see it within a minute.")
    } else {
        format!("{id} was {state} already.")
    })
}

/// Retires or restores a question. A repetition completes what a failed command left.
///
/// # Errors
/// When there is no such question, or storage fails.
pub async fn retire(app: &App, id: &QuestionId, is_retired: bool) -> Result<String> {
    let (course, _) =
        app.store.course_of(id).await?.with_context(|| format!("there is no question {:?}", id.as_str()))?;
    let changed = app.store.set_retired(&course, std::slice::from_ref(id), is_retired, app.now()).await?;
    let state = if is_retired { "retired" } else { "for sale" };
    Ok(match changed {
        0 => format!("{id} of {course} was {state} already."),
        _ => format!("{id} of {course} is {state}; students see it within a minute."),
    })
}
