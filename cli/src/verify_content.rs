//! The part of `pastpaper verify` that checks courses: the bank of each lists the questions that exist, and has those as retired
//! that are.

use shared::app::App;
use shared::domain::catalog::QuestionSummary;
use shared::domain::id::QuestionId;
use shared::store::StoreError;

/// Questions that are read at once.
const QUESTIONS_AT_ONCE: usize = 500;
/// Reads of a course that changes between two reads.
const READS_MAX: usize = 5;

/// The courses that are wrong, and how.
pub(crate) async fn wrong_courses(app: &App) -> Result<Vec<(String, String)>, StoreError> {
    let mut wrong = Vec::new();
    for course in app.store.courses().await? {
        let name = format!("course {}", course.id);
        let mut found = Vec::new();
        for _ in 0..READS_MAX {
            let Some(now) = app.store.course(&course.id).await? else { break };
            found.clear();
            let bank = match app.store.bank(&now).await {
                Ok(bank) => bank,
                Err(StoreError::Corrupt { entity, cause }) => {
                    found.push(format!("{entity} item is corrupt: {cause}"));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let listed: Vec<(&QuestionSummary, bool)> = bank
                .questions
                .iter()
                .map(|question| (question, false))
                .chain(bank.retired.iter().map(|question| (question, true)))
                .collect();
            for chunk in listed.chunks(QUESTIONS_AT_ONCE) {
                let ids: Vec<&QuestionId> = chunk.iter().map(|(question, _)| &question.meta.id).collect();
                let stored = app.store.summaries_now(&ids).await?;
                found
                    .extend(chunk.iter().filter_map(|(question, is_retired)| mismatch(question, *is_retired, &stored)));
            }
            if found.is_empty() {
                break;
            }
        }
        wrong.extend(found.into_iter().map(|what| (name.clone(), what)));
    }
    Ok(wrong)
}

/// Imports that are not complete: what they replaced is kept under a version that their course does not have yet. And imports that are
/// not completely taken back.
pub(crate) async fn incomplete_imports(app: &App) -> Result<Vec<String>, StoreError> {
    let mut notes = Vec::new();
    for course in app.store.courses().await? {
        // Read before the course, so that an import which runs at this moment is rarely named.
        let Some(record) = app.store.import_record(&course.id).await? else { continue };
        let now = app.store.course(&course.id).await?.map_or(u64::MAX, |course| course.catalog_version);
        let undo = format!("`pastpaper import undo {}@{}`", course.id, record.version);
        if record.undoing_at.is_some() {
            notes.push(format!("an import of {} is not completely taken back: {undo} completes that", course.id));
        } else if record.version > now && record.undone_at.is_none() {
            notes.push(format!("an import of {} is not complete: run it again, or take it back by {undo}", course.id));
        }
    }
    Ok(notes)
}

/// How a question of the bank differs from its item.
fn mismatch(listed: &QuestionSummary, is_retired: bool, stored: &[QuestionSummary]) -> Option<String> {
    let id = &listed.meta.id;
    match stored.iter().find(|question| question.meta.id == *id) {
        None => Some(format!("question {id} is listed and does not exist")),
        Some(question) if question.retired_at.is_some() != is_retired => {
            let command = if is_retired { "restore" } else { "retire" };
            Some(format!("question {id} is not listed as it is; `pastpaper question {command} {id}` completes it"))
        }
        Some(question) if question.version != listed.version => Some(format!(
            "question {id} is listed as version {} and is version {}; import the course again to complete it",
            listed.version, question.version
        )),
        Some(_) => None,
    }
}
