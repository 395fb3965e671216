//! `pastpaper items`: how each question of a course does its work, as a table in the terminal or as a page.

mod json;
mod page;
mod table;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use jiff::Timestamp;
use shared::app::App;
use shared::domain::catalog::Question;
use shared::domain::catalog::complete::Catalog;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::items::{FirstAnswer, Flag, Item, ItemCounts, ItemFold, Response, flags};
use shared::domain::mastery::Evidence;
use shared::domain::questions::preview::preview;
use shared::domain::study::attempt::Attempt;

use crate::course_work::{CourseWork, Work, each_work};
use crate::database::{DataSource, DatabaseUse};
use crate::output;
use crate::stored_course;

pub use json::json;
pub use page::page;
pub use shared::domain::items::{ItemReport, ItemRow};
pub use table::table;

/// Options of `items`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Id of the course, such as calc2
    course: String,
    /// Write one HTML page with the options of each question to this file; it needs no other file and no network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// Compute from all attempts as they are now, which scans the table; otherwise the statistics are those of the last
    /// calibration that changed them, if there are any
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    database: DataSource,
}

/// Prints the statistics of a course's questions, or writes them as a page.
///
/// # Errors
/// When the course does not exist, storage fails, or the file cannot be written.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let open = arguments.database.open_to(DatabaseUse::Read).await?;
    let report = wanted(&open.app, &arguments).await;
    open.close();
    let report = report?;
    if arguments.json {
        output::json(&json(&report))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(path) = arguments.html else {
        output::text(&table(&report))?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::write(&path, page(&report)).with_context(|| format!("cannot write {}", path.display()))?;
    output::text(&format!("{} written\n", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

async fn wanted(app: &App, arguments: &Arguments) -> Result<ItemReport> {
    let published = if arguments.now { None } else { published(app, &arguments.course).await? };
    match published {
        Some(published) => Ok(published),
        None => report(app, &arguments.course).await,
    }
}

/// The statistics of a course's questions that the last calibration published, if there are any.
///
/// # Errors
/// When storage fails.
pub async fn published(app: &App, id: &str) -> Result<Option<ItemReport>> {
    match CourseId::try_from(id.to_owned()) {
        Ok(id) => Ok(app.store.item_report(&id).await?),
        Err(_) => Ok(None),
    }
}

/// Computes the statistics of a course's questions from all stored attempts.
///
/// # Errors
/// As [`run`].
pub async fn report(app: &App, id: &str) -> Result<ItemReport> {
    let catalog = match CourseId::try_from(id.to_owned()) {
        Ok(id) => stored_course::read(app, &id).await?,
        Err(_) => None,
    };
    let Some(catalog) = catalog else { bail!("there is no course {id:?}") };
    let course = &catalog.course.id.clone();
    let made_at = app.now();
    let mut answers = CourseAnswers::of(catalog);
    each_work(app, |user, work| match work {
        Work::Attempt(attempt) if attempt.course_id == *course => answers.add(user, &attempt),
        Work::Unanswered(of, question) if of == *course => answers.unlock(user, &question),
        Work::Attempt(_) | Work::Unanswered(..) => {}
    })
    .await?;
    answers.report(made_at).await
}

/// Publishes the statistics of a course's questions, if they changed.
pub(crate) async fn publish(app: &App, course: &CourseId, work: &CourseWork) -> Result<()> {
    let Some(catalog) = stored_course::read(app, course).await? else { return Ok(()) };
    let mut answers = CourseAnswers::of(catalog);
    for (user, attempt) in &work.attempts {
        answers.add(*user, attempt);
    }
    for (user, question) in &work.unanswered {
        answers.unlock(*user, question);
    }
    let report = answers.report(work.read_at).await?;
    // Compared as it is read: text may move the last bit of a number.
    let as_read: ItemReport = serde_json::from_str(&serde_json::to_string(&report)?)?;
    let published = app.store.item_report(course).await?;
    if !published.is_some_and(|published| published.says_the_same(&as_read.flagged())) {
        app.store.publish_item_report(course, &report).await?;
    }
    Ok(())
}

/// The answers of a course's students, folded one by one in any order.
struct CourseAnswers {
    catalog: Catalog,
    index: HashMap<QuestionId, usize>,
    fold: ItemFold<UserId>,
}

impl CourseAnswers {
    fn of(catalog: Catalog) -> Self {
        let questions = catalog.questions.iter().enumerate();
        let index = questions.map(|(index, question)| (question.meta.id.clone(), index)).collect();
        Self { catalog, index, fold: ItemFold::default() }
    }

    fn add(&mut self, user: UserId, attempt: &Attempt) {
        match self.index.get(&attempt.question_id) {
            None => self.fold.add_unlisted(user),
            Some(at) => {
                let first = first_answer(&self.catalog.questions[*at], attempt);
                self.fold.add(user, *at, attempt.position, first, attempt.time_spent_seconds);
            }
        }
    }

    fn unlock(&mut self, user: UserId, question: &QuestionId) {
        if let Some(at) = self.index.get(question) {
            self.fold.unlock(user, *at);
        }
    }

    /// Computes the figures. A large course takes seconds, and requests are served meanwhile.
    async fn report(self, made_at: Timestamp) -> Result<ItemReport> {
        Ok(tokio::task::spawn_blocking(move || self.report_now(made_at)).await?)
    }

    fn report_now(&self, made_at: Timestamp) -> ItemReport {
        let items: Vec<Item> = self.catalog.questions.iter().map(item).collect();
        let figures = self.fold.figures(&items);
        let is_sound = |item: usize| {
            let flags = flags(&figures.statistics.items[item]);
            !flags.iter().any(|flag| matches!(flag, Flag::KeyMayBeWrong { .. } | Flag::NegativeDiscrimination))
        };
        let models = self.fold.two_parameter(items.len(), is_sound);
        let of_questions = self.catalog.questions.iter().zip(figures.statistics.items).zip(models).zip(figures.counts);
        let row = |(((question, statistics), two_parameter), counts): (((&Question, _), _), ItemCounts)| ItemRow {
            id: question.meta.id.clone(),
            preview: preview(&question.question_text),
            version: question.version,
            statistics,
            two_parameter,
            earlier: counts.earlier,
            flags: Vec::new(),
            omitted: counts.omitted,
            own_marks: counts.own_marks,
            median_seconds: counts.median_seconds,
        };
        let alpha = figures.statistics.alpha.map(|alpha| (alpha, figures.statistics.alpha_items.len()));
        let (course, students) = (self.catalog.course.name.clone(), figures.statistics.persons);
        ItemReport { course, made_at, students, alpha, rows: of_questions.map(row).collect() }.flagged()
    }
}

/// What an attempt says, if it is the first one. After an attempt on an earlier version, the solution was at hand.
fn first_answer(question: &Question, attempt: &Attempt) -> FirstAnswer {
    match attempt.evidence {
        Evidence::None => FirstAnswer::NoEvidence,
        Evidence::Half | Evidence::Claimed | Evidence::Full if !attempt.is_on(question.version) => FirstAnswer::Earlier,
        Evidence::Half | Evidence::Claimed => FirstAnswer::OwnMark,
        Evidence::Full => FirstAnswer::Counts(response(question, attempt)),
    }
}

fn item(question: &Question) -> Item {
    let letters = |is_wanted: &dyn Fn(bool) -> bool| {
        let options = question.options.iter().filter(|option| is_wanted(option.is_correct));
        options.map(|option| option.letter.to_uppercase()).collect::<Vec<_>>()
    };
    let key = joined(letters(&|is_correct| is_correct));
    Item { options: letters(&|_| true), key: (!key.is_empty()).then_some(key) }
}

fn response(question: &Question, attempt: &Attempt) -> Response {
    let given = attempt.answer.as_deref().unwrap_or_default();
    let is_blank = given.trim().is_empty() && attempt.answers.values().all(|answer| answer.trim().is_empty());
    if is_blank && !attempt.correct {
        return Response::Blank;
    }
    let letters = given.split([',', ';', ' ']).filter(|part| !part.is_empty()).map(str::to_uppercase).collect();
    let chosen = (!question.options.is_empty()).then(|| joined(letters));
    Response::Answered { right: attempt.correct, chosen: chosen.filter(|chosen| !chosen.is_empty()) }
}

fn joined(mut letters: Vec<String>) -> String {
    letters.sort_unstable();
    letters.dedup();
    letters.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_in_order_and_once() {
        assert_eq!(joined(vec!["C".to_owned(), "A".to_owned(), "C".to_owned()]), "A, C");
    }
}
