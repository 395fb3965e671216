//! `pastpaper items`: how each question of a course does its work, as a table in the terminal or as a page.

mod json;
mod page;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use shared::app::App;
use shared::domain::catalog::Question;
use shared::domain::catalog::complete::Catalog;
use shared::domain::id::{CourseId, QuestionId, UserId};
use shared::domain::items::{Flag, Item, ItemStatistics, Response, flags, statistics};
use shared::domain::mastery::Evidence;
use shared::domain::questions::preview::preview;
use shared::domain::study::attempt::Attempt;

use crate::calibrate::attempts_by_course;
use crate::database::{DataSource, DatabaseUse};
use crate::output;
use crate::stored_course;

pub use json::json;
pub use page::page;
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
    #[command(flatten)]
    database: DataSource,
}

/// The statistics of a course's questions.
#[derive(Debug)]
pub struct Report {
    /// Name of the course.
    pub course: String,
    /// Students with at least one answer that counts.
    pub students: u32,
    /// Cronbach's alpha, and of how many questions.
    pub alpha: Option<(f64, usize)>,
    /// Those with flags first, then in the order of the course.
    pub rows: Vec<Row>,
}

/// A question.
#[derive(Debug)]
pub struct Row {
    /// Its id.
    pub id: QuestionId,
    /// The beginning of its text.
    pub preview: String,
    /// Its statistics.
    pub statistics: ItemStatistics,
    /// The version of the question that the statistics are of.
    pub version: u32,
    /// First answers to another version, or by students who may have seen another one; they are in no other figure.
    pub earlier: u32,
    /// What to look at.
    pub flags: Vec<Flag>,
    /// Students with an answer in the course who unlocked it and have not answered it.
    pub omitted: u32,
    /// First answers that the student marked; they are in no other figure.
    pub own_marks: u32,
    /// Median of the seconds that students took.
    pub median_seconds: Option<u32>,
}

/// Prints the statistics of a course's questions, or writes them as a page.
///
/// # Errors
/// When the course does not exist, storage fails, or the file cannot be written.
pub async fn run(arguments: Arguments) -> Result<ExitCode> {
    let open = arguments.database.open_to(DatabaseUse::Read).await?;
    let report = report(&open.app, &arguments.course).await;
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

/// Computes the statistics of a course's questions from the stored attempts.
///
/// # Errors
/// As [`run`].
pub async fn report(app: &App, id: &str) -> Result<Report> {
    let catalog = match CourseId::try_from(id.to_owned()) {
        Ok(id) => stored_course::read(app, &id).await?,
        Err(_) => None,
    };
    let Some(catalog) = catalog else { bail!("there is no course {id:?}") };
    let course = &catalog.course.id;
    let attempts = attempts_by_course(app, Some(course)).await?.remove(course).unwrap_or_default();
    let mut report = of_attempts(&catalog, &attempts);
    let mut students: Vec<UserId> = attempts.iter().map(|(user, _)| *user).collect();
    students.dedup();
    let mut omitted: HashMap<QuestionId, u32> = HashMap::new();
    for student in students {
        for (question, progress) in app.store.progress(student, course).await? {
            if progress.attempts == 0 {
                *omitted.entry(question).or_default() += 1;
            }
        }
    }
    for row in &mut report.rows {
        row.omitted = omitted.get(&row.id).copied().unwrap_or(0);
    }
    Ok(report)
}

/// The statistics without omissions. `attempts` are sorted by student and position.
fn of_attempts(catalog: &Catalog, attempts: &[(UserId, Attempt)]) -> Report {
    let index: HashMap<&QuestionId, usize> =
        catalog.questions.iter().enumerate().map(|(index, question)| (&question.meta.id, index)).collect();
    let mut persons: BTreeMap<UserId, BTreeMap<usize, Response>> = BTreeMap::new();
    let mut seen = std::collections::HashSet::new();
    let mut own_marks = vec![0_u32; catalog.questions.len()];
    let mut earlier = vec![0_u32; catalog.questions.len()];
    let mut seconds: Vec<Vec<u32>> = vec![Vec::new(); catalog.questions.len()];
    for (user, attempt) in attempts {
        let Some(at) = index.get(&attempt.question_id).copied() else { continue };
        // Only a student's first attempt on a question counts, and only if the solution was not at hand. After an attempt on an
        // earlier version, it was.
        if !seen.insert((*user, at)) {
            continue;
        }
        let is_current = attempt.is_on(catalog.questions[at].version);
        match attempt.evidence {
            Evidence::None => {}
            Evidence::Half | Evidence::Claimed | Evidence::Full if !is_current => earlier[at] += 1,
            Evidence::Half | Evidence::Claimed => own_marks[at] += 1,
            Evidence::Full => {
                let response = response(&catalog.questions[at], attempt);
                persons.entry(*user).or_default().insert(at, response);
                seconds[at].extend(attempt.time_spent_seconds);
            }
        }
    }
    let items: Vec<Item> = catalog.questions.iter().map(item).collect();
    let persons: Vec<_> = persons.into_values().collect();
    let found = statistics(&items, &persons);
    let counted = own_marks.into_iter().zip(earlier).zip(seconds);
    let rows = catalog.questions.iter().zip(found.items).zip(counted);
    let mut rows: Vec<Row> = rows
        .map(|((question, statistics), ((own_marks, earlier), seconds))| Row {
            id: question.meta.id.clone(),
            preview: preview(&question.question_text),
            version: question.version,
            earlier,
            flags: flags(&statistics),
            statistics,
            omitted: 0,
            own_marks,
            median_seconds: median(seconds),
        })
        .collect();
    // Stable: the order of the course stays.
    rows.sort_by_key(|row| !row.flags.iter().any(|flag| !matches!(flag, Flag::TooFewAnswers { .. })));
    let alpha = found.alpha.map(|alpha| (alpha, found.alpha_items.len()));
    Report { course: catalog.course.name.clone(), students: found.persons, alpha, rows }
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

/// The lower of the two middle ones, if their number is even.
fn median(mut values: Vec<u32>) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_letters() {
        assert_eq!((median(vec![]), median(vec![9]), median(vec![9, 1, 5, 7])), (None, Some(9), Some(5)));
        assert_eq!(joined(vec!["C".to_owned(), "A".to_owned(), "C".to_owned()]), "A, C");
    }
}
