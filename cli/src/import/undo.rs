//! `pastpaper import undo`: takes the last import of a course back, while nobody has bought in the course since.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use shared::app::App;
use shared::domain::account::profile::Profile;
use shared::domain::id::CourseId;
use shared::domain::time::shown;
use shared::store::{StoreError, UndoError, Undone};

use crate::database::{DataSource, DatabaseUse};
use crate::output::{outln, plain};

/// Accounts that are looked at concurrently.
const CONCURRENCY: usize = 16;
/// Buyers that are named.
const NAMED_MAX: usize = 10;
/// Midterms that are read at once.
const MIDTERMS_AT_ONCE: usize = 100;

/// Options of `import undo`.
#[derive(Debug, Args)]
pub struct Undo {
    /// The import, such as calc2@17. A course alone, such as calc2, names its last import and changes nothing
    #[arg(value_parser = import_id)]
    id: ImportId,
    #[command(flatten)]
    database: DataSource,
}

/// An import of a course, by the version of the course that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportId {
    course: CourseId,
    /// `None` if only the course is named.
    version: Option<u64>,
}

fn import_id(text: &str) -> Result<ImportId, String> {
    let (course, version) = match text.rsplit_once('@') {
        Some((course, version)) if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) => {
            (course, Some(version.parse().map_err(|_| "there is no such version".to_owned())?))
        }
        _ => (text, None),
    };
    Ok(ImportId { course: CourseId::try_from(course).map_err(|error| error.to_string())?, version })
}

/// Takes an import back, or names the last one.
///
/// # Errors
/// When it is not the last one of its course, somebody bought in the course since, or storage fails.
pub async fn run(options: Undo) -> Result<ExitCode> {
    let ImportId { course, version } = &options.id;
    let purpose = if version.is_some() { DatabaseUse::Change } else { DatabaseUse::Read };
    let open = options.database.open_to(purpose).await?;
    let said = match version {
        Some(version) => undo(&open.app, course, *version).await.map(|undone| told(course, undone)),
        None => last(&open.app, course).await,
    };
    open.close();
    outln!("{}", said?)?;
    Ok(ExitCode::SUCCESS)
}

/// Names the last import of a course.
///
/// # Errors
/// When none can be taken back, or storage fails.
pub async fn last(app: &App, course: &CourseId) -> Result<String> {
    let record = app.store.last_import(course).await?;
    let now = app.store.course(course).await?.map_or(0, |course| course.catalog_version);
    let state = if record.undoing_at.is_some() {
        ". Taking it back was interrupted, and is completed by the same command"
    } else if record.version > now {
        ". It is not complete: it runs, or was interrupted"
    } else {
        ""
    };
    Ok(format!(
        "The last import of {course} is {course}@{version}. It began at {began}{state}.\nTake it back: pastpaper import undo {course}@{version}",
        version = record.version,
        began = shown(record.began_at),
    ))
}

/// Takes the import back that made this version of a course.
///
/// # Errors
/// When it is not the last one, somebody bought in the course since, or storage fails. A repetition completes what a failure left.
pub async fn undo(app: &App, course: &CourseId, version: u64) -> Result<Undone> {
    let record = app.store.last_import(course).await?;
    if record.version != version {
        return Err(UndoError::NotTheLast { course: course.clone(), version, last: record.version }.into());
    }
    // What is bought after the undoing began is no reason to leave it half done.
    if record.undoing_at.is_none() {
        let buyers = buyers(app, course, record.began_at).await?;
        if !buyers.is_empty() {
            let named: Vec<String> = buyers
                .iter()
                .take(NAMED_MAX)
                .map(|(email, at)| format!("{} at {}", plain(email), shown(*at)))
                .collect();
            let more = buyers.len().saturating_sub(NAMED_MAX);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            bail!(
                "{} bought in {course} since {course}@{version} began at {}: {}{more}. Nothing was changed. Import a corrected file instead",
                if buyers.len() == 1 { "1 account has".to_owned() } else { format!("{} accounts have", buyers.len()) },
                shown(record.began_at),
                named.join(", ")
            );
        }
    }
    Ok(app.store.undo_import(course, version, app.now()).await?)
}

/// What was taken back, as lines.
fn told(course: &CourseId, undone: Undone) -> String {
    let Undone { restored, taken_back, returned, unlisted, is_hidden } = undone;
    let mut lines = vec![
        format!("{restored} questions are as before the import"),
        format!("{taken_back} questions that it added are retired"),
        format!("{returned} questions that it retired are for sale again"),
        format!("{unlisted} exams, topics and patterns that it added are not listed any more"),
    ];
    if is_hidden {
        lines.push(format!("{course} was new and is hidden"));
    }
    lines.join("\n")
}

/// Who was delivered something of a course since, by email, and when last. Reads the whole table.
async fn buyers(app: &App, course: &CourseId, since: Timestamp) -> Result<Vec<(String, Timestamp)>, StoreError> {
    let (mut buyers, mut from) = (Vec::new(), None);
    loop {
        let page = app.store.scan_profiles(from).await?;
        // Every purchase changes the profile.
        let active = page.profiles.into_iter().filter(|profile| profile.updated_at >= since);
        let looks = active.map(async |profile| {
            let at = bought_since(app, &profile, course, since).await?;
            Ok::<_, StoreError>(at.map(|at| (profile.email.as_str().to_owned(), at)))
        });
        let found: Vec<_> = stream::iter(looks).buffer_unordered(CONCURRENCY).try_collect().await?;
        buyers.extend(found.into_iter().flatten());
        from = page.next;
        if from.is_none() {
            buyers.sort();
            return Ok(buyers);
        }
    }
}

async fn bought_since(
    app: &App,
    profile: &Profile,
    course: &CourseId,
    since: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let user = profile.id;
    let progress = app.store.progress(user, course).await?;
    let mut times: Vec<Timestamp> = progress.values().map(|row| row.seen_at).collect();
    times.extend(app.store.last_edition_bought(user, course).await?);
    let mut before = None;
    loop {
        let page = app.store.midterms_before(user, before, MIDTERMS_AT_ONCE).await?;
        let is_older = page.items.last().is_none_or(|midterm| midterm.created_at < since);
        before = page.items.last().map(|midterm| midterm.id);
        times.extend(page.items.iter().filter(|row| row.course_id == *course).map(|row| row.created_at));
        if is_older || page.items.len() < MIDTERMS_AT_ONCE {
            break;
        }
    }
    Ok(times.into_iter().filter(|at| *at >= since).max())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_is_named_by_its_course_and_version() {
        let read = |text| import_id(text).map(|id| (id.course.as_str().to_owned(), id.version));
        assert_eq!(read("calc2@17"), Ok(("calc2".to_owned(), Some(17))));
        assert_eq!(read("calc2"), Ok(("calc2".to_owned(), None)));
        assert_eq!(read("a@b"), Ok(("a@b".to_owned(), None)));
        assert_eq!(read("a@b@2"), Ok(("a@b".to_owned(), Some(2))));
        assert!(read("a#@2").is_err() && read("a@99999999999999999999999").is_err());
    }
}
